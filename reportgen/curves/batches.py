"""Many runs -> their summaries, as many at once as memory allows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from reportgen.curves.arrays import library, on_host
from reportgen.curves.metrics import loss_metrics
from reportgen.curves.smoothers import line_at
from reportgen.curves.smoothing import Reach, fitting, pack, reach_of, roll, rolling_mean, room_on
from reportgen.curves.summary import Curve, CurveSettings, Envelope, Summary
from reportgen.curves.thinning import Ranges, extremes, ranges_of
from reportgen.kinds import FloatArray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reportgen.curves.arrays import Array
    from reportgen.curves.smoothing import Batch, Windows

__all__ = ["summaries"]


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
    room = room_on(device)
    for (how, reach), indices in groups.items():
        done = 0
        while done < len(indices):
            steps = [len(losses[index]) for index in indices[done:]]
            taken = fitting(steps, reach, room)
            part = indices[done : done + taken]
            made = _unless_out_of_memory([losses[index] for index in part], how, reach, device)
            if made is not None:
                results.update(zip(part, made, strict=True))
                done += taken
            elif taken > 1:
                room = sum(steps[:taken]) // 2
                on_note(f"{device} ran out of memory: the runs were worked on in smaller batches")
            else:
                on_note(f"{device} ran out of memory on a single run: the CPU did the rest")
                device, room = "cpu", room_on("cpu")
    return [results[index] for index in range(len(losses))]


def _unless_out_of_memory(
    losses: Sequence[FloatArray], how: CurveSettings, reach: Reach, device: str
) -> list[Summary] | None:
    """One batch's summaries, or None where it is too large for the device."""
    if device == "cpu":
        return _summarise_batch(losses, how, reach, device)
    import torch

    try:
        return _summarise_batch(losses, how, reach, device)
    except torch.OutOfMemoryError:
        return None


def _summarise_batch(
    losses: Sequence[FloatArray], how: CurveSettings, reach: Reach, device: str
) -> list[Summary]:
    """Summaries of runs that share their settings and fit the device together."""
    batch = pack(losses, reach)
    if device == "mps":
        # It has no float64: it smooths in float32 what is drawn, and the metrics stay exact.
        windows = roll(batch.on(device, single=True)).on_host()
        mean, _ = rolling_mean(batch)
    else:
        batch = batch.on(device)
        windows = roll(batch)
        mean = windows.mean
    raw = roll(replace(batch, reach=Reach(0, 0)))
    points = ranges_of(batch.steps, how.points)
    early_points = ranges_of(np.minimum(batch.steps, how.early_steps), how.points)
    lowest = extremes(raw.min, batch.start, points, "min")
    highest = extremes(raw.max, batch.start, points, "max")
    curves = _curves(batch, losses, windows, points, how)
    early = _curves(batch, losses, windows, early_points, how)
    envelopes = _by_run(points, lowest, highest)
    metrics = loss_metrics(batch, losses, raw, lowest, mean, points, how.window)
    return [
        Summary(
            metrics=metrics[run],
            curve=curves[run],
            early=early[run],
            raw=Envelope(len(losses[run]), points.step[run], *envelopes[run]),
            raw_early=losses[run][: how.raw_steps].copy(),
        )
        for run in range(len(losses))
    ]


def _curves(
    batch: Batch, losses: Sequence[FloatArray], windows: Windows, ranges: Ranges, how: CurveSettings
) -> list[Curve]:
    """The smoothed curve of every run, thinned to ``ranges``."""
    low, high = windows.min, windows.max
    if how.edges == "trim":
        few = windows.count < how.window
        where = library(few).where
        low, high = where(few, math.inf, low), where(few, -math.inf, high)
    lowest = extremes(low, batch.origin, ranges, "min")
    highest = extremes(high, batch.origin, ranges, "max")
    lines = [line_at(batch, losses, windows, ranges, replace(how, smoother="mean"))]
    if how.smoother != "mean":
        lines.append(line_at(batch, losses, windows, ranges, how))
    parts = _by_run(ranges, lines[0], lowest, highest, *lines[1:])
    return [
        Curve(steps, step, *own)
        for steps, step, own in zip(ranges.steps.tolist(), ranges.step, parts, strict=True)
    ]


def _by_run(ranges: Ranges, *parts: Array) -> list[list[FloatArray]]:
    """(points,) arrays of all runs -> one array a run and part; an infinity means missing."""
    host = np.stack([on_host(part) for part in parts])
    host[np.isinf(host)] = np.nan
    return [list(own) for own in np.split(host, np.cumsum(ranges.points)[:-1], axis=1)]
