"""The contract's metrics of a batch of runs, in float64."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

import numpy as np

from reportgen.curves.arrays import library, moved_to, on_host, quietly, reduced
from reportgen.curves.smoothing import tiles
from reportgen.curves.summary import THRESHOLDS, CurveSettings, LossMetrics, end_window
from reportgen.curves.thinning import extremes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportgen.curves.arrays import Array
    from reportgen.curves.smoothing import Batch, Windows
    from reportgen.curves.thinning import Ranges
    from reportgen.kinds import FloatArray, IntArray, Series

__all__ = [
    "average_final_loss",
    "count_entries",
    "first_at_most",
    "first_entries",
    "series_metrics",
    "spike_entries",
]

FINAL_LOSSES = 5
SPIKE_RATIO = 10.0
ROUNDING = 1e-6  # of a threshold: losses are mostly float32, and their means are no closer to it
BLOCKS = 10


def average_final_loss(losses: FloatArray) -> float | None:
    """Mean of the last 5 losses, of all when fewer; None if one of them is not finite."""
    last = losses[-FINAL_LOSSES:]
    return statistics.mean(last.tolist()) if np.isfinite(last).all() else None


def count_entries(mask: Array, origin: IntArray, entries: IntArray) -> Array:
    """(runs,) int32, at how many entries of each run ``mask`` holds.

    Args:
        mask: (total,) bool, or int32 of 0 and 1; entry i of run r is ``mask[origin[r] + i]``.
        origin: (runs,) int64.
        entries: (runs,) int64.
    """
    seen = mask.cumsum(0, dtype=library(mask).int32)
    first, last = (moved_to(at, mask) for at in (origin, origin + entries - 1))
    return seen[last] - seen[first] + mask[first]


def first_entries(mask: Array, origin: IntArray, entries: IntArray) -> Array:
    """The first entry of each run at which ``mask`` holds.

    Args:
        mask: (total,) bool; entry i of run r is ``mask[origin[r] + i]``.
        origin: (runs,) int64.
        entries: (runs,) int64.

    Returns:
        (runs,) int64, a run's ``entries`` where the mask never holds.
    """
    xp = library(mask)
    seen = mask.cumsum(0, dtype=xp.int32)
    first = moved_to(origin, mask)
    before = xp.where(mask[first], seen[first] - 1, seen[first])
    found = xp.searchsorted(seen, before, side="right") - first
    return xp.minimum(found, moved_to(entries, mask))


def first_at_most(values: Array, origin: IntArray, ranges: Ranges, lowest: Array, limit: Array) -> Array:
    """The first entry of each run whose value is at most the run's limit.

    Looks for the first range that holds such a value, then within that range.

    Args:
        values: (total,) floating, no NaN; entry i of run r is ``values[origin[r] + i]``.
        origin: (runs,) int64.
        ranges: That tile the runs.
        lowest: (points,) floating, the least value of each range.
        limit: (runs,) floating.

    Returns:
        (runs,) int64, a run's number of entries where no value is.
    """
    xp, points = library(values), ranges.points
    first_point = np.cumsum(points) - points
    run = moved_to(np.repeat(np.arange(len(points)), points), values)
    hit = first_entries(lowest <= limit[run], first_point, points)
    none = hit == moved_to(points, values)
    # A run has one edge more than points: where no range is hit, the last edge is the answer.
    edges = moved_to(ranges.edges, values)
    begin = edges[hit + moved_to(first_point + np.arange(len(points)), values)]
    longest = int(np.diff(ranges.edges).max(initial=1))
    element = (begin + moved_to(origin, values))[:, None] + moved_to(np.arange(longest), values)
    inside = values[xp.clip(element, None, len(values) - 1)] <= limit[:, None]
    return begin + xp.where(none, 0, xp.where(inside, 1, 0).argmax(1))


@quietly
def spike_entries(batch: Batch, raw: Windows, mean: Array, window: int, *, positive: bool) -> list[IntArray]:
    """Entries of each run that stand out of the ``window`` entries before them.

    A spike is a finite value, from entry ``window`` on, over 10 times the mean of the finite values
    among the ``window`` before it, all of which are above 0. Where none of those is finite, or one is
    zero or below, no spike is defined.

    Args:
        batch: The runs.
        raw: Windows of one entry.
        mean: (windows,) float64, of the windows of ``batch``, inf where there is none.
        window: Entries in the window.
        positive: No finite value of the batch is zero or below.
    """
    runs = len(batch.steps)
    if not (batch.steps > window).any():
        return [np.zeros(0, dtype=np.int64)] * runs
    # The window that starts at an element is the one before the element ``window`` further on.
    value = raw.max[window:]
    found = [
        library(value).argwhere(value[tile] > SPIKE_RATIO * mean[tile])[:, 0] + (tile.start + window)
        for tile in tiles(value)
    ]
    element = np.concatenate([on_host(part) for part in found])
    run = np.searchsorted(batch.start, element, side="right") - 1
    entry = element - batch.start[run]
    kept = (entry >= window) & (entry < batch.steps[run])
    if not positive:
        seen = np.concatenate(([0], np.cumsum(on_host(raw.min) <= 0)))
        kept &= seen[element] == seen[np.maximum(element - window, 0)]
    run, entry = run[kept], entry[kept]
    bounds = np.searchsorted(run, np.arange(runs + 1))
    return [entry[bounds[r] : bounds[r + 1]] for r in range(runs)]


def series_metrics(
    batch: Batch,
    series: Sequence[Series],
    raw: Windows,
    lowest: Array,
    mean: Array,
    ranges: Ranges,
    how: CurveSettings,
    window: int,
) -> list[LossMetrics]:
    """All metrics of every series of a batch.

    Args:
        batch: The values, float64.
        series: The same.
        raw: Windows of one entry.
        lowest: (points,) float64, the least finite value of each range, inf where there is none.
        mean: (windows,) float64, of the windows of ``batch``, inf where there is none.
        ranges: That tile the runs.
        how: The settings.
        window: Entries in the rolling window.
    """
    start, entries = batch.start, batch.steps
    xp = library(raw.count)
    nonfinite = moved_to(entries, raw.count) - count_entries(raw.count, start, entries)
    first_nonfinite = moved_to(entries, raw.count)
    if nonfinite.any():
        first_nonfinite = first_entries(raw.count == 0, start, entries)
    nonpositive = xp.zeros_like(nonfinite)
    positive = not (lowest <= 0).any()
    if not positive:
        nonpositive = count_entries(raw.min <= 0, start, entries)
    least = reduced(lowest, np.concatenate(([0], np.cumsum(ranges.points))), "min")
    # No value at all is found at no entry, rather than at the first of many missing ones.
    least = xp.where(least == math.inf, -math.inf, least)
    lowest_mean = extremes(mean, batch.origin, ranges, "min")
    found = [nonfinite, nonpositive, first_nonfinite, first_at_most(raw.min, start, ranges, lowest, least)]
    if how.target is None:
        found.append(moved_to(entries, raw.count))
    else:
        values, origin = (raw.min, start) if how.pointwise else (mean, batch.origin)
        found.append(_reached(values, origin, ranges, how.target, higher=how.better == "higher"))
    for key in THRESHOLDS:
        below = math.nextafter(float(key) * (1 - ROUNDING), -math.inf)
        found.append(first_at_most(mean, batch.origin, ranges, lowest_mean, xp.full_like(least, below)))
    rows = xp.stack(found, 1).tolist()
    spikes = spike_entries(batch, raw, mean, window, positive=positive)
    return [_metrics_of(one, row, own, how) for one, row, own in zip(series, rows, spikes, strict=True)]


@quietly
def _reached(values: Array, origin: IntArray, ranges: Ranges, target: float, *, higher: bool) -> Array:
    """(runs,) int64, the first entry at or beyond the target, within rounding; as ``first_at_most``."""
    xp = library(values)
    limit = (-target if higher else target) + abs(target) * ROUNDING
    if higher:
        values = xp.where(values == math.inf, math.inf, -values)
    lowest = extremes(values, origin, ranges, "min")
    return first_at_most(values, origin, ranges, lowest, xp.full_like(lowest[: len(origin)], limit))


def _metrics_of(one: Series, found: list[int], spikes: IntArray, how: CurveSettings) -> LossMetrics:
    """One series' metrics from what the device found; an entry past the end means never."""
    values, entries = one.values, len(one.values)
    first_nonfinite, least, reached, *below = (
        _step(one, entry) if entry < entries else None for entry in found[2:]
    )
    lowest = None if least is None else float(values[found[3]])
    missing = 0 if one.missing is None else len(one.missing)
    left_out = missing > 0 and missing == found[0] and _ends_no_gap(one.missing, entries)
    best, best_step = _best(one, lowest, least, how)
    kept = values[np.isfinite(values)] if left_out else values
    tail = kept[len(kept) - end_window(how.window, len(kept)) :]
    end, spread, blocks = _end(tail)
    return LossMetrics(
        steps=entries,
        final_loss=float(values[-1]) if math.isfinite(values[-1]) else None,
        avg_final_loss=average_final_loss(kept),
        min_loss=lowest,
        min_loss_step=least,
        nonfinite=found[0],
        first_nonfinite_step=first_nonfinite,
        nonpositive=found[1],
        spikes=tuple((spikes if one.steps is None else one.steps[spikes]).tolist()),
        steps_to=dict(zip(THRESHOLDS, below, strict=True)),
        trained_steps=entries if one.steps is None else int(one.steps[-1]),
        superseded=one.superseded,
        missing=missing,
        missing_losses=left_out,
        best=best,
        best_step=best_step,
        end=end,
        end_spread=spread,
        end_entries=len(tail),
        end_blocks=blocks,
        target_step=reached,
        at={step: _at(one, step) for step in how.at},
    )


def _step(one: Series, entry: int) -> int:
    return entry if one.steps is None else int(one.steps[entry])


def _at(one: Series, step: int) -> float | None:
    """The value at a step, the first where there are several; None where none was logged."""
    entry = step if one.steps is None else int(np.searchsorted(one.steps, step))
    if not 0 <= entry < len(one.values) or _step(one, entry) != step:
        return None
    value = float(one.values[entry])
    return value if math.isfinite(value) else None


def _ends_no_gap(missing: IntArray | None, entries: int) -> bool:
    """Whether no more entries are missing at the end than in the longest gap before it."""
    assert missing is not None
    gaps = np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1)
    if missing[-1] != entries - 1:
        return True
    return len(gaps[-1]) <= max((len(gap) for gap in gaps[:-1]), default=0)


def _best(
    one: Series, lowest: float | None, step: int | None, how: CurveSettings
) -> tuple[float | None, int | None]:
    """The better end of the values, and the first step that has it."""
    if how.better != "higher" or lowest is None:
        return (lowest, step) if how.better == "lower" else (None, None)
    entry = int(np.argmax(np.where(np.isfinite(one.values), one.values, -math.inf)))
    return float(one.values[entry]), _step(one, entry)


def _end(tail: FloatArray) -> tuple[float | None, float | None, tuple[float, ...]]:
    """Mean, standard deviation and block means of the end window; nothing where a value is not finite."""
    if not len(tail) or not np.isfinite(tail).all():
        return None, None, ()
    held = tail.tolist()
    mean = _mean(held)
    blocks = tuple(_mean(block.tolist()) for block in np.array_split(tail, min(BLOCKS, len(held))))
    if len(held) == 1:
        return mean, None, blocks
    try:
        spread = math.sqrt(math.fsum((value - mean) ** 2 for value in held) / (len(held) - 1))
    except OverflowError:
        spread = math.inf
    return mean, spread if math.isfinite(spread) else None, blocks


def _mean(values: list[float]) -> float:
    """Rounded once, and within the values, so that equal ones have no spread.

    Exact fractions where the sum is beyond a float64 and the mean is not.
    """
    try:
        return min(max(math.fsum(values) / len(values), min(values)), max(values))
    except OverflowError:
        return statistics.mean(values)
