"""The contract's metrics of a batch of runs, in float64."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

import numpy as np
import torch

from reportgen.curves.smoothing import tiles
from reportgen.curves.summary import THRESHOLDS, LossMetrics
from reportgen.curves.thinning import extremes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from reportgen.curves.smoothing import Batch, Windows
    from reportgen.curves.summary import FloatArray
    from reportgen.curves.thinning import IntArray, Ranges

__all__ = ["average_final_loss", "count_steps", "first_at_most", "first_steps", "loss_metrics", "spike_steps"]

FINAL_LOSSES = 5
SPIKE_RATIO = 10.0


def average_final_loss(losses: FloatArray) -> float | None:
    """Mean of the last 5 losses, of all when fewer; None if one of them is not finite."""
    last = losses[-FINAL_LOSSES:]
    return statistics.mean(last.tolist()) if np.isfinite(last).all() else None


def count_steps(mask: Tensor, origin: IntArray, steps: IntArray) -> Tensor:
    """(runs,) int32, at how many steps of each run ``mask`` holds.

    Args:
        mask: (total,) bool, or int32 of 0 and 1; step i of run r is ``mask[origin[r] + i]``.
        origin: (runs,) int64.
        steps: (runs,) int64.
    """
    seen = mask.cumsum(0, dtype=torch.int32)
    first, last = (torch.from_numpy(at).to(mask.device) for at in (origin, origin + steps - 1))
    return seen[last] - seen[first] + mask[first]


def first_steps(mask: Tensor, origin: IntArray, steps: IntArray) -> Tensor:
    """The first step of each run at which ``mask`` holds.

    Args:
        mask: (total,) bool; step i of run r is ``mask[origin[r] + i]``.
        origin: (runs,) int64.
        steps: (runs,) int64.

    Returns:
        (runs,) int64, a run's ``steps`` where the mask never holds.
    """
    seen = mask.cumsum(0, dtype=torch.int32)
    first = torch.from_numpy(origin).to(mask.device)
    found = torch.searchsorted(seen, seen[first] - mask[first].to(torch.int32), right=True) - first
    return torch.minimum(found, torch.from_numpy(steps).to(mask.device))


def first_at_most(values: Tensor, origin: IntArray, ranges: Ranges, lowest: Tensor, limit: Tensor) -> Tensor:
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
    device, points = values.device, ranges.points
    first_point = np.cumsum(points) - points
    run = torch.from_numpy(np.repeat(np.arange(len(points)), points)).to(device)
    hit = first_steps(lowest <= limit.index_select(0, run), first_point, points)
    none = hit == torch.from_numpy(points).to(device)
    # A run has one edge more than points: where no range is hit, the last edge is the answer.
    edges = torch.from_numpy(ranges.edges).to(device)
    begin = edges[hit + torch.from_numpy(first_point + np.arange(len(points))).to(device)]
    within = begin.unsqueeze(1) + torch.arange(int(np.diff(ranges.edges).max(initial=1)), device=device)
    element = within + torch.from_numpy(origin).to(device).unsqueeze(1)
    inside = values.index_select(0, element.clamp_max(values.numel() - 1).flatten()).view_as(
        element
    ) <= limit.unsqueeze(1)
    return begin + torch.where(none, 0, inside.to(torch.int8).argmax(1))


def spike_steps(batch: Batch, highest: Tensor, mean: Tensor, window: int) -> list[tuple[int, ...]]:
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
        torch.nonzero(loss[tile] > SPIKE_RATIO * mean[tile]).squeeze(1) + (tile.start + window)
        for tile in tiles(loss.numel(), loss.device)
    ]
    element = torch.cat(found).cpu().numpy()
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
    lowest: Tensor,
    mean: Tensor,
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
    nonfinite = torch.from_numpy(steps).to(raw.count.device) - count_steps(raw.count, start, steps)
    first_nonfinite = torch.from_numpy(steps).to(raw.count.device)
    if nonfinite.any():
        first_nonfinite = first_steps(raw.count == 0, start, steps)
    points = torch.from_numpy(ranges.points).to(lowest.device)
    least = torch.segment_reduce(lowest, "min", lengths=points, unsafe=True)
    # No loss at all is found at no step, rather than at the first of many missing ones.
    least = torch.where(least == torch.inf, -torch.inf, least)
    lowest_mean = extremes(mean, batch.origin, ranges, "min")
    found = [nonfinite, first_nonfinite, first_at_most(raw.min, start, ranges, lowest, least)]
    for key in THRESHOLDS:
        below = torch.full_like(least, math.nextafter(float(key), -math.inf))
        found.append(first_at_most(mean, batch.origin, ranges, lowest_mean, below))
    rows = torch.stack(found, 1).cpu().tolist()
    spikes = spike_steps(batch, raw.max, mean, window)
    return [_metrics_of(run, row, own) for run, row, own in zip(losses, rows, spikes, strict=True)]


def _metrics_of(run: FloatArray, found: list[int], spikes: tuple[int, ...]) -> LossMetrics:
    """One run's metrics from what the device found; a step past the end means never."""
    steps = len(run)
    first_nonfinite, least, *below = (step if step < steps else None for step in found[1:])
    return LossMetrics(
        steps=steps,
        final_loss=float(run[-1]) if math.isfinite(run[-1]) else None,
        avg_final_loss=average_final_loss(run),
        min_loss=None if least is None else float(run[least]),
        min_loss_step=least,
        nonfinite=found[0],
        first_nonfinite_step=first_nonfinite,
        spikes=spikes,
        steps_to=dict(zip(THRESHOLDS, below, strict=True)),
    )
