"""The contract's metrics of a batch of runs, in float64."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from reportgen.curves.smoothing import Batch, Windows
from reportgen.curves.summary import THRESHOLDS, FloatArray, LossMetrics
from reportgen.curves.thinning import IntArray

__all__ = ["average_final_loss", "count_steps", "first_steps", "loss_metrics", "spike_steps"]

FINAL_LOSSES = 5
SPIKE_RATIO = 10.0


def average_final_loss(losses: FloatArray) -> float | None:
    """Mean of the last 5 losses, of all when fewer; None if one of them is not finite."""
    last = losses[-FINAL_LOSSES:]
    return statistics.mean(last.tolist()) if np.isfinite(last).all() else None


def first_steps(mask: Tensor, origin: IntArray, steps: IntArray) -> Tensor:
    """The first step of each run at which ``mask`` holds.

    Args:
        mask: (total,) bool; step i of run r is ``mask[origin[r] + i]``.
        origin: (runs,) int64.
        steps: (runs,) int64.

    Returns:
        (runs,) int64, the run's ``steps`` where the mask never holds.
    """
    seen = torch.nn.functional.pad(mask.cumsum(0, dtype=torch.int32), (1, 0))
    first = torch.from_numpy(origin).to(mask.device)
    found = torch.searchsorted(seen, seen[first], right=True) - 1 - first
    return torch.minimum(found, torch.from_numpy(steps).to(mask.device))


def spike_steps(batch: Batch, windows: Windows, window: int) -> list[tuple[int, ...]]:
    """Steps of each run that stand out of the ``window`` steps before them.

    A spike is a finite loss, from step ``window`` on, over 10 times the mean of the finite losses
    among the ``window`` before it; where none of those is finite there is no spike.
    """
    runs = len(batch.steps)
    if not (batch.steps > window).any():
        return [()] * runs
    # The window that starts at an element is the one before the element ``window`` further on.
    loss = batch.values[window : window + windows.mean.numel()]
    spikes = torch.nonzero((loss > SPIKE_RATIO * windows.mean[: loss.numel()]) & torch.isfinite(loss))
    element = spikes.squeeze(1).cpu().numpy() + window
    run = np.searchsorted(batch.start, element, side="right") - 1
    step = element - batch.start[run]
    kept = (step >= window) & (step < batch.steps[run])
    run, step = run[kept], step[kept]
    bounds = np.searchsorted(run, np.arange(runs + 1))
    return [tuple(step[bounds[r] : bounds[r + 1]].tolist()) for r in range(runs)]


def loss_metrics(
    batch: Batch, losses: Sequence[FloatArray], windows: Windows, window: int
) -> list[LossMetrics]:
    """All metrics of every run of a batch.

    Args:
        batch: The losses, float64.
        losses: The same, one (steps,) array a run.
        windows: Of the batch, float64.
        window: Steps in the rolling window.
    """
    values, start, steps = batch.values, batch.start, batch.steps
    finite = torch.isfinite(values)
    least = torch.segment_reduce(
        torch.where(finite, values, torch.inf), "min", lengths=_lengths(batch), unsafe=True
    )
    found = [
        count_steps(finite, start, steps),
        first_steps(~finite, start, steps),
        first_steps(
            values == torch.repeat_interleave(least, _lengths(batch), output_size=values.numel()),
            start,
            steps,
        ),
        *(first_steps(windows.mean < float(key), windows.origin, steps) for key in THRESHOLDS),
    ]
    rows = torch.stack(found, 1).cpu().tolist()
    spikes = spike_steps(batch, windows, window)
    return [_metrics_of(run, row, own) for run, row, own in zip(losses, rows, spikes, strict=True)]


def _metrics_of(run: FloatArray, found: list[int], spikes: tuple[int, ...]) -> LossMetrics:
    """One run's metrics from what the device found; a step past the end means never."""
    steps = len(run)
    finite, first_nonfinite, least, *below = (
        found[0],
        *(step if step < steps else None for step in found[1:]),
    )
    return LossMetrics(
        steps=steps,
        final_loss=float(run[-1]) if math.isfinite(run[-1]) else None,
        avg_final_loss=average_final_loss(run),
        min_loss=None if least is None else float(run[least]),
        min_loss_step=least,
        nonfinite=steps - finite,
        first_nonfinite_step=first_nonfinite,
        spikes=spikes,
        steps_to=dict(zip(THRESHOLDS, below, strict=True)),
    )


def count_steps(mask: Tensor, origin: IntArray, steps: IntArray) -> Tensor:
    """(runs,) int64, at how many steps of each run ``mask`` holds."""
    seen = torch.nn.functional.pad(mask.cumsum(0), (1, 0))
    first, end = (torch.from_numpy(at).to(mask.device) for at in (origin, origin + steps))
    return seen[end] - seen[first]


def _lengths(batch: Batch) -> Tensor:
    """(runs,) int64, elements of each run with the NaN around it: they tile the batch."""
    ends = np.append(batch.start[1:], batch.values.numel())
    return torch.from_numpy(np.diff(ends, prepend=0)).to(batch.values.device)
