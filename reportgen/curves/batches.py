"""Many runs -> their summaries, as many at once as memory allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from reportgen.curves.metrics import count_steps, loss_metrics
from reportgen.curves.smoothing import Reach, Windows, pack, reach_of, roll
from reportgen.curves.summary import Curve, CurveSettings, Envelope, FloatArray, Summary
from reportgen.curves.thinning import Ranges, extremes, ranges_of

__all__ = ["summaries"]

CPU_ELEMENTS = 1 << 20
"""Losses at once on a CPU: more would not fit its caches, and gains nothing."""

BYTES_PER_ELEMENT = 160
"""Device memory that one loss needs while its batch is worked on."""

LONGEST_BATCH = 1 << 30
"""Losses at once on any device: elements are counted in int32."""


def summaries(
    losses: Sequence[FloatArray],
    settings: Sequence[CurveSettings],
    device: str,
    on_note: Callable[[str], None],
) -> list[Summary]:
    """See :func:`reportgen.curves.summarise`."""
    groups: dict[tuple[CurveSettings, Reach], list[int]] = {}
    for index, (run, how) in enumerate(zip(losses, settings, strict=True)):
        if not len(run):
            raise ValueError(f"run {index} has no losses")
        groups.setdefault((how, reach_of(how.window, len(run))), []).append(index)
    results: dict[int, Summary] = {}
    room = _room(device)
    for (how, reach), waiting in groups.items():
        while waiting:
            sizes = np.cumsum([len(losses[index]) + reach.left for index in waiting])
            taken = max(int(np.searchsorted(sizes, room, side="right")), 1)
            part = waiting[:taken]
            try:
                made = _summarise_batch([losses[index] for index in part], how, reach, device)
            except torch.OutOfMemoryError:
                if device == "cpu":
                    raise
                made = None
            if made is not None:
                results.update(zip(part, made, strict=True))
                waiting = waiting[taken:]
            elif taken > 1:
                room = int(sizes[taken - 1]) // 2
                on_note(f"{device} ran out of memory: the runs were worked on in smaller batches")
            else:
                on_note(f"{device} ran out of memory on a single run: the CPU did the rest")
                device, room = "cpu", _room("cpu")
    return [results[index] for index in range(len(losses))]


def _room(device: str) -> int:
    """How many losses to work on at once."""
    if not device.startswith("cuda"):
        return CPU_ELEMENTS
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(device)
    return min(free // BYTES_PER_ELEMENT, LONGEST_BATCH)


def _summarise_batch(
    losses: Sequence[FloatArray], how: CurveSettings, reach: Reach, device: str
) -> list[Summary]:
    """Summaries of runs that share their settings and fit the device together."""
    batch = pack(losses, reach)
    if device == "mps":
        # No float64 there: it smooths in float32 what is drawn, the metrics stay exact.
        drawn = roll(batch.to(device, torch.float32)).to("cpu", torch.float64)
        windows = roll(batch)
    else:
        batch = batch.to(device, torch.float64)
        drawn = windows = roll(batch)
    points = ranges_of(batch.steps, how.points)
    early_points = ranges_of(np.minimum(batch.steps, how.early_steps), how.points)
    finite = torch.isfinite(batch.values)
    lowest = extremes(torch.where(finite, batch.values, torch.inf), batch.start, points, "min")
    highest = extremes(torch.where(finite, batch.values, -torch.inf), batch.start, points, "max")
    metrics = loss_metrics(batch, losses, windows, how.window)
    nonpositive = count_steps((batch.values <= 0) & finite, batch.start, batch.steps).tolist()
    curves = _curves(drawn, points, how)
    early = _curves(drawn, early_points, how)
    raw = _envelopes(lowest, highest, points)
    return [
        Summary(
            metrics=metrics[run],
            curve=curves[run],
            early=early[run],
            raw=raw[run],
            raw_early=losses[run][: how.raw_steps].copy(),
            nonpositive=nonpositive[run],
        )
        for run in range(len(losses))
    ]


def _curves(windows: Windows, ranges: Ranges, how: CurveSettings) -> list[Curve]:
    """The smoothed curve of every run, thinned to ``ranges``."""
    enough = windows.count >= (1 if how.edges == "partial" else how.window)
    at = np.concatenate([first + step for first, step in zip(windows.origin, ranges.step, strict=True)])
    point = torch.from_numpy(at).to(enough.device)
    line = torch.where(enough[point], windows.mean[point], torch.nan)
    lowest = extremes(torch.where(enough, windows.min, torch.inf), windows.origin, ranges, "min")
    highest = extremes(torch.where(enough, windows.max, -torch.inf), windows.origin, ranges, "max")
    return [
        Curve(steps, step, *parts)
        for steps, step, parts in zip(
            ranges.steps.tolist(), ranges.step, _by_run(ranges, line, lowest, highest), strict=True
        )
    ]


def _envelopes(lowest: Tensor, highest: Tensor, ranges: Ranges) -> list[Envelope]:
    """The raw envelope of every run."""
    return [
        Envelope(steps, step, *parts)
        for steps, step, parts in zip(
            ranges.steps.tolist(), ranges.step, _by_run(ranges, lowest, highest), strict=True
        )
    ]


def _by_run(ranges: Ranges, *parts: Tensor) -> list[list[FloatArray]]:
    """(points,) tensors of all runs -> one array a run and tensor; an infinity means missing."""
    host = torch.stack(parts).cpu().numpy()
    host[np.isinf(host)] = np.nan
    return [list(own) for own in np.split(host, np.cumsum(ranges.counts)[:-1], axis=1)]
