"""Many series -> their summaries, as many at once as memory allows."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from reportgen.curves.arrays import library, moved_to, on_host
from reportgen.curves.events import events_of
from reportgen.curves.metrics import series_metrics
from reportgen.curves.smoothers import line_at
from reportgen.curves.smoothing import Reach, fitting, pack, reach_of, roll, rolling_mean, room_on
from reportgen.curves.summary import Curve, CurveSettings, Envelope, Summary, rolling_window
from reportgen.curves.thinning import Ranges, extremes, ranges_of
from reportgen.kinds import FloatArray, IntArray, Series

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reportgen.curves.arrays import Array
    from reportgen.curves.smoothing import Batch, Windows
    from reportgen.curves.summary import LossMetrics

__all__ = ["summaries"]

END_SHARE = 5
SHORTEST_END = 5


@dataclass(frozen=True, slots=True)
class _Way:
    """What series of one batch share.

    Attributes:
        how: The settings.
        window: Entries in the rolling window.
        reach: Of the window; shorter than it where a series is.
    """

    how: CurveSettings
    window: int
    reach: Reach


def summaries(
    series: Sequence[Series],
    settings: Sequence[CurveSettings],
    device: str,
    on_note: Callable[[str], None],
) -> list[Summary]:
    """See :func:`reportgen.curves.summarise`."""
    groups: dict[_Way, list[int]] = {}
    for index, (one, how) in enumerate(zip(series, settings, strict=True)):
        entries = len(one.values)
        if not entries:
            raise ValueError(f"series {index} has no entries")
        window = rolling_window(how.window, entries)
        groups.setdefault(_Way(how, window, reach_of(window, entries)), []).append(index)
    results: dict[int, Summary] = {}
    room = room_on(device)
    for way, indices in groups.items():
        done = 0
        while done < len(indices):
            entries_of = [len(series[index].values) for index in indices[done:]]
            taken = fitting(entries_of, way.reach, room)
            part = indices[done : done + taken]
            made = _unless_out_of_memory([series[index] for index in part], way, device)
            if made is not None:
                results.update(zip(part, made, strict=True))
                done += taken
            elif taken > 1:
                room = sum(entries_of[:taken]) // 2
                on_note(f"{device} ran out of memory: the runs were worked on in smaller batches")
            else:
                on_note(f"{device} ran out of memory on a single run: the CPU did the rest")
                device, room = "cpu", room_on("cpu")
    found = events_of(_logged(one, results[index].metrics) for index, one in enumerate(series))
    return [replace(results[index], events=events) for index, events in enumerate(found)]


def _unless_out_of_memory(series: Sequence[Series], way: _Way, device: str) -> list[Summary] | None:
    """One batch's summaries, or None where it is too large for the device."""
    if device == "cpu":
        return _summarise_batch(series, way, device)
    import torch

    try:
        return _summarise_batch(series, way, device)
    except torch.OutOfMemoryError:
        return None


def _summarise_batch(series: Sequence[Series], way: _Way, device: str) -> list[Summary]:
    """Summaries of series that share their settings and fit the device together."""
    how = way.how
    losses = [one.values for one in series]
    batch = pack(losses, way.reach)
    if device == "mps":
        # It has no float64: it smooths in float32 what is drawn, and the metrics stay exact.
        windows = roll(batch.on(device, single=True)).on_host()
        mean, _ = rolling_mean(batch)
    else:
        batch = batch.on(device)
        windows = roll(batch)
        mean = windows.mean
    raw = roll(replace(batch, reach=Reach(0, 0)))
    entries = batch.steps
    early = np.array([_before(one, how.early_steps) for one in series])
    last = np.minimum(entries, np.maximum(SHORTEST_END, -(-entries // END_SHARE)))
    points = ranges_of(entries, how.points)
    lowest = extremes(raw.min, batch.start, points, "min")
    highest = extremes(raw.max, batch.start, points, "max")
    envelopes = _by_run(points, lowest, highest)
    metrics = series_metrics(batch, series, raw, lowest, mean, points, how, way.window)
    windows, held = _shown(batch, losses, windows, way)
    curves, earlies, ends = (
        _curves(batch, series, windows, ranges, held, way)
        for ranges in (
            points,
            ranges_of(early, how.points),
            ranges_of(last, how.points, entries - last),
        )
    )
    return [
        Summary(
            metrics=metrics[run],
            curve=curves[run],
            early=earlies[run],
            raw=Envelope(curves[run].steps, curves[run].step, *envelopes[run]),
            raw_early=one.values[: how.raw_entries].copy(),
            raw_early_step=_steps_at(one, np.arange(min(how.raw_entries, len(one.values)))),
            end=ends[run],
            window=way.window,
        )
        for run, one in enumerate(series)
    ]


def _logged(one: Series, found: LossMetrics) -> tuple[FloatArray, IntArray]:
    """Values and steps of a series; entries that were not logged are none."""
    values, steps = one.values, _steps_at(one, np.arange(len(one.values)))
    if found.missing_losses:
        logged = np.isfinite(values)
        values, steps = values[logged], steps[logged]
    return values, steps


def _before(one: Series, step: int) -> int:
    """Entries before a step; the first one at any rate."""
    if one.steps is None:
        return min(len(one.values), step)
    return max(1, int(np.searchsorted(one.steps, step)))


def _steps_at(one: Series, entry: IntArray) -> IntArray:
    return entry if one.steps is None else one.steps[entry]


def _shown(
    batch: Batch, losses: Sequence[FloatArray], windows: Windows, way: _Way
) -> tuple[Windows, list[tuple[int, int]]]:
    """Windows without those that are not drawn, and each run's entries whose windows are.

    A line ends where its values end: a window after the last finite one holds nothing new. Under
    ``trim`` no window is drawn that reaches past an end.
    """
    left, right = (way.window // 2, (way.window - 1) // 2) if way.how.edges == "trim" else (0, 0)
    held = [(left, min(len(run) - right, _ends(run))) for run in losses]
    if all(one == (0, len(run)) for one, run in zip(held, losses, strict=True)):
        return windows, held
    shown = np.zeros(len(windows.count), dtype=np.bool_)
    for origin, (first, stop) in zip(batch.origin.tolist(), held, strict=True):
        shown[origin + first : origin + max(first, stop)] = True
    mask = moved_to(shown, windows.count)
    where = library(mask).where
    return (
        replace(
            windows,
            min=where(mask, windows.min, math.inf),
            max=where(mask, windows.max, -math.inf),
        ),
        held,
    )


def _ends(run: FloatArray) -> int:
    """The entry after the last finite one."""
    if np.isfinite(run[-1]):
        return len(run)
    finite = np.flatnonzero(np.isfinite(run))
    return int(finite[-1]) + 1 if len(finite) else 0


def _curves(
    batch: Batch,
    series: Sequence[Series],
    windows: Windows,
    ranges: Ranges,
    held: Sequence[tuple[int, int]],
    way: _Way,
) -> list[Curve]:
    """The smoothed curve of every series, thinned to ``ranges``."""
    lowest = extremes(windows.min, batch.origin, ranges, "min")
    highest = extremes(windows.max, batch.origin, ranges, "max")
    losses = [one.values for one in series]
    smoothers = dict.fromkeys(("mean", way.how.smoother))
    lines = [line_at(batch, losses, windows, ranges, smoother, way.window) for smoother in smoothers]
    parts = _by_run(ranges, *lines, lowest, highest)
    made = []
    for one, entry, (first, stop), (*drawn, low, high) in zip(series, ranges.entry, held, parts, strict=True):
        beyond = (entry < first) | (entry >= stop)
        for line in drawn:
            line[beyond] = math.nan
        step = _steps_at(one, entry)
        axes = {name: axis[entry] for name, axis in one.axes.items()}
        other = drawn[1] if len(drawn) > 1 else None
        made.append(Curve(int(step[-1]) + 1, step, drawn[0], low, high, other, axes))
    return made


def _by_run(ranges: Ranges, *parts: Array) -> list[list[FloatArray]]:
    """(points,) arrays of all runs -> one array a run and part; an infinity means missing."""
    host = np.stack([on_host(part) for part in parts])
    host[np.isinf(host)] = np.nan
    return [list(own) for own in np.split(host, np.cumsum(ranges.points)[:-1], axis=1)]
