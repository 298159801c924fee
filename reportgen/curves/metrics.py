"""The contract's metrics of a batch of runs, in float64."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

import numpy as np

from reportgen.curves.arrays import beside, library, on_host, quietly, reduced
from reportgen.curves.smoothing import tiles
from reportgen.curves.summary import THRESHOLDS, LossMetrics
from reportgen.curves.thinning import extremes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportgen.curves.arrays import Array
    from reportgen.curves.smoothing import Batch, Windows
    from reportgen.curves.thinning import Ranges
    from reportgen.kinds import FloatArray, IntArray

__all__ = ["average_final_loss", "count_steps", "first_at_most", "first_steps", "loss_metrics", "spike_steps"]

FINAL_LOSSES = 5
SPIKE_RATIO = 10.0


def average_final_loss(losses: FloatArray) -> float | None:
    """Mean of the last 5 losses, of all when fewer; None if one of them is not finite."""
    last = losses[-FINAL_LOSSES:]
    return statistics.mean(last.tolist()) if np.isfinite(last).all() else None


def count_steps(mask: Array, origin: IntArray, steps: IntArray) -> Array:
    """(runs,) int32, at how many steps of each run ``mask`` holds.

    Args:
        mask: (total,) bool, or int32 of 0 and 1; step i of run r is ``mask[origin[r] + i]``.
        origin: (runs,) int64.
        steps: (runs,) int64.
    """
    seen = mask.cumsum(0, dtype=library(mask).int32)
    first, last = (beside(at, mask) for at in (origin, origin + steps - 1))
    return seen[last] - seen[first] + mask[first]


def first_steps(mask: Array, origin: IntArray, steps: IntArray) -> Array:
    """The first step of each run at which ``mask`` holds.

    Args:
        mask: (total,) bool; step i of run r is ``mask[origin[r] + i]``.
        origin: (runs,) int64.
        steps: (runs,) int64.

    Returns:
        (runs,) int64, a run's ``steps`` where the mask never holds.
    """
    xp = library(mask)
    seen = mask.cumsum(0, dtype=xp.int32)
    first = beside(origin, mask)
    before = xp.where(mask[first], seen[first] - 1, seen[first])
    found = xp.searchsorted(seen, before, side="right") - first
    return xp.minimum(found, beside(steps, mask))


def first_at_most(values: Array, origin: IntArray, ranges: Ranges, lowest: Array, limit: Array) -> Array:
    """The first step of each run whose value is at most the run's limit.

    Looks for the first range that holds such a value, then within that range.

    Args:
        values: (total,) floating, no NaN; step i of run r is ``values[origin[r] + i]``.
        origin: (runs,) int64.
        ranges: That tile the runs.
        lowest: (points,) floating, the least value of each range.
        limit: (runs,) floating.

    Returns:
        (runs,) int64, a run's number of steps where no value is.
    """
    xp, points = library(values), ranges.points
    first_point = np.cumsum(points) - points
    run = beside(np.repeat(np.arange(len(points)), points), values)
    hit = first_steps(lowest <= limit[run], first_point, points)
    none = hit == beside(points, values)
    # A run has one edge more than points: where no range is hit, the last edge is the answer.
    edges = beside(ranges.edges, values)
    begin = edges[hit + beside(first_point + np.arange(len(points)), values)]
    longest = int(np.diff(ranges.edges).max(initial=1))
    element = (begin + beside(origin, values))[:, None] + beside(np.arange(longest), values)
    inside = values[xp.clip(element, None, len(values) - 1)] <= limit[:, None]
    return begin + xp.where(none, 0, xp.where(inside, 1, 0).argmax(1))


@quietly
def spike_steps(batch: Batch, highest: Array, mean: Array, window: int) -> list[tuple[int, ...]]:
    """Steps of each run that stand out of the ``window`` steps before them.

    A spike is a finite loss, from step ``window`` on, over 10 times the mean of the finite losses
    among the ``window`` before it; where none of those is finite there is no spike.

    Args:
        batch: The runs.
        highest: (total,) float64, the losses of ``batch``, -inf where missing.
        mean: (windows,) float64, of the windows of ``batch``, inf where there is none.
        window: Steps in the window.
    """
    runs = len(batch.steps)
    if not (batch.steps > window).any():
        return [()] * runs
    # The window that starts at an element is the one before the element ``window`` further on.
    loss = highest[window:]
    found = [
        library(loss).argwhere(loss[tile] > SPIKE_RATIO * mean[tile])[:, 0] + (tile.start + window)
        for tile in tiles(loss)
    ]
    element = np.concatenate([on_host(part) for part in found])
    run = np.searchsorted(batch.start, element, side="right") - 1
    step = element - batch.start[run]
    kept = (step >= window) & (step < batch.steps[run])
    run, step = run[kept], step[kept]
    bounds = np.searchsorted(run, np.arange(runs + 1))
    return [tuple(step[bounds[r] : bounds[r + 1]].tolist()) for r in range(runs)]


def loss_metrics(
    batch: Batch,
    losses: Sequence[FloatArray],
    raw: Windows,
    lowest: Array,
    mean: Array,
    ranges: Ranges,
    window: int,
) -> list[LossMetrics]:
    """All metrics of every run of a batch.

    Args:
        batch: The losses, float64.
        losses: The same, one (steps,) array a run.
        raw: Windows of one step.
        lowest: (points,) float64, the least finite loss of each range, inf where there is none.
        mean: (windows,) float64, of the windows of ``batch``, inf where there is none.
        ranges: That tile the runs.
        window: Steps in the rolling window.
    """
    start, steps = batch.start, batch.steps
    xp = library(raw.count)
    nonfinite = beside(steps, raw.count) - count_steps(raw.count, start, steps)
    first_nonfinite = beside(steps, raw.count)
    if nonfinite.any():
        first_nonfinite = first_steps(raw.count == 0, start, steps)
    nonpositive = xp.zeros_like(nonfinite)
    if (lowest <= 0).any():
        nonpositive = count_steps(raw.min <= 0, start, steps)
    least = reduced(lowest, np.concatenate(([0], np.cumsum(ranges.points))), "min")
    # No loss at all is found at no step, rather than at the first of many missing ones.
    least = xp.where(least == math.inf, -math.inf, least)
    lowest_mean = extremes(mean, batch.origin, ranges, "min")
    found = [nonfinite, nonpositive, first_nonfinite, first_at_most(raw.min, start, ranges, lowest, least)]
    for key in THRESHOLDS:
        below = xp.full_like(least, math.nextafter(float(key), -math.inf))
        found.append(first_at_most(mean, batch.origin, ranges, lowest_mean, below))
    rows = xp.stack(found, 1).tolist()
    spikes = spike_steps(batch, raw.max, mean, window)
    return [_metrics_of(run, row, own) for run, row, own in zip(losses, rows, spikes, strict=True)]


def _metrics_of(run: FloatArray, found: list[int], spikes: tuple[int, ...]) -> LossMetrics:
    """One run's metrics from what the device found; a step past the end means never."""
    steps = len(run)
    first_nonfinite, least, *below = (step if step < steps else None for step in found[2:])
    return LossMetrics(
        steps=steps,
        final_loss=float(run[-1]) if math.isfinite(run[-1]) else None,
        avg_final_loss=average_final_loss(run),
        min_loss=None if least is None else float(run[least]),
        min_loss_step=least,
        nonfinite=found[0],
        first_nonfinite_step=first_nonfinite,
        nonpositive=found[1],
        spikes=spikes,
        steps_to=dict(zip(THRESHOLDS, below, strict=True)),
    )
