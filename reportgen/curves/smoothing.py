"""Rolling statistics of a ragged batch: all runs end to end in one flat tensor.

The semantics are those of ``pandas.Series.rolling(window, center=True)``: the window of step ``i``
covers steps ``i - window // 2`` to ``i + (window - 1) // 2`` of its own run, and NaN and infinities
are missing.

A window of any length is put together from windows of 1, 2, 4, ... steps, each the combination of
two of half its length. So a sum never subtracts: early losses of 1e3 leave no trace in the mean of
later losses of 1e-9, as they would with a cumulative sum. How a window is put together depends on
its length alone, so a run has the same bits in every batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from reportgen.curves.summary import FloatArray

__all__ = ["Batch", "Reach", "RollingStatistics", "Windows", "pack", "reach_of", "roll", "rolling"]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a centred window goes to either side of its step, in steps."""

    left: int
    right: int

    @property
    def width(self) -> int:
        """Steps in the window."""
        return self.left + 1 + self.right


@dataclass(frozen=True, slots=True)
class Batch:
    """Runs end to end, with NaN before, between and behind them.

    The NaN reach as far as a window does, so a window that reaches past an end of its run meets
    missing values there, never another run.

    Attributes:
        values: (total,) floating, losses; run r is ``values[start[r] : start[r] + steps[r]]``.
        start: (runs,) int64.
        steps: (runs,) int64, 1 or more each.
        reach: Of the windows that this batch has room for.
    """

    values: Tensor
    start: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int64]
    reach: Reach

    def to(self, device: str, dtype: torch.dtype) -> Batch:
        """The same batch elsewhere."""
        return Batch(self.values.to(device=device, dtype=dtype), self.start, self.steps, self.reach)


@dataclass(frozen=True, slots=True)
class Windows:
    """Statistics of every window of a batch, by the window's first element.

    The window of step i of run r is element ``origin[r] + i``.

    Attributes:
        origin: (runs,) int64.
        count: (windows,) int32, finite losses in the window.
        mean: (windows,) floating, of the finite losses; NaN where there is none.
        min: (windows,) floating, the least finite loss; inf where there is none.
        max: (windows,) floating, the greatest finite loss; -inf where there is none.
    """

    origin: npt.NDArray[np.int64]
    count: Tensor
    mean: Tensor
    min: Tensor
    max: Tensor

    def to(self, device: str, dtype: torch.dtype) -> Windows:
        """The same statistics elsewhere."""
        return Windows(
            self.origin,
            self.count.to(device),
            *(part.to(device=device, dtype=dtype) for part in (self.mean, self.min, self.max)),
        )


@dataclass(frozen=True, slots=True)
class RollingStatistics:
    """Rolling mean, minimum and maximum of one run, each (steps,) float64; missing is NaN."""

    mean: FloatArray
    min: FloatArray
    max: FloatArray


def reach_of(window: int, steps: int) -> Reach:
    """How far the window of a run needs to reach.

    A window much longer than its run is cut to the power of two above the run's length: the part
    cut off holds no loss. The result depends on one run alone, never on those beside it, because
    it decides the order in which a window is summed.

    Args:
        window: Steps in the window, 1 or more.
        steps: Steps in the run, 1 or more.
    """
    enough = 1 << (steps - 1).bit_length()
    return Reach(left=min(window // 2, enough), right=min((window - 1) // 2, enough))


def pack(losses: Sequence[FloatArray], reach: Reach) -> Batch:
    """One batch of runs in the host's memory.

    Args:
        losses: One (steps,) float64 array a run, at least one step each.
        reach: Of the windows to be taken.
    """
    steps = np.array([len(run) for run in losses], dtype=np.int64)
    gap = max(reach.left, 1)
    start = np.cumsum(steps + gap) - steps
    values = torch.full((int(start[-1] + steps[-1]) + gap,), torch.nan, dtype=torch.float64)
    host = values.numpy()
    for first, run in zip(start.tolist(), losses, strict=True):
        host[first : first + len(run)] = run
    return Batch(values, start, steps, reach)


def roll(batch: Batch) -> Windows:
    """Mean, minimum and maximum of every window of a batch."""
    values, width = batch.values, batch.reach.width
    finite = torch.isfinite(values)
    before = torch.nn.functional.pad(finite.cumsum(0, dtype=torch.int32), (1, 0))
    count = before[width:] - before[:-width]
    return Windows(
        origin=batch.start - batch.reach.left,
        count=count,
        mean=_mean(torch.where(finite, values, 0.0), count, width),
        min=_extreme(torch.where(finite, values, torch.inf), width, torch.minimum),
        max=_extreme(torch.where(finite, values, -torch.inf), width, torch.maximum),
    )


def rolling(
    losses: Sequence[FloatArray],
    window: int,
    edges: Literal["partial", "trim"] = "partial",
    device: str = "cpu",
) -> list[RollingStatistics]:
    """Rolling mean, minimum and maximum of each run, at every step.

    Equal to ``pandas.Series(run).rolling(window, center=True, min_periods=m)`` with m = 1 for
    ``partial`` and m = ``window`` for ``trim``; the mean within 1e-12 relative.

    Args:
        losses: One (steps,) float64 array a run.
        window: Steps in the window, 1 or more.
        edges: Whether windows that miss a loss, or reach past an end, count.
        device: Torch device with float64.

    Returns:
        One result a run, in order.
    """
    results: dict[int, RollingStatistics] = {}
    by_reach: dict[Reach, list[int]] = {}
    for index, run in enumerate(losses):
        by_reach.setdefault(reach_of(window, max(len(run), 1)), []).append(index)
    for reach, indices in by_reach.items():
        batch = pack([losses[index] for index in indices], reach)
        windows = roll(batch.to(device, torch.float64))
        enough = windows.count >= (1 if edges == "partial" else window)
        mean, least, greatest = (
            torch.where(enough, part, torch.nan).cpu().numpy()
            for part in (windows.mean, windows.min, windows.max)
        )
        for index, first, steps in zip(indices, windows.origin, batch.steps, strict=True):
            own = slice(first, first + steps)
            results[index] = RollingStatistics(mean[own], least[own], greatest[own])
    return [results[index] for index in range(len(losses))]


def _mean(values: Tensor, count: Tensor, width: int) -> Tensor:
    """Mean over each window of ``values``, whose missing losses are 0 and not counted."""
    sums = _sum(values, width)
    mean = sums / count
    overflown = ~torch.isfinite(sums)
    if overflown.any():
        # Losses near the largest float64: their sum does not fit, their mean does.
        scale = 2.0**-64
        mean = torch.where(overflown, _sum(values * scale, width) / count / scale, mean)
    return mean


def _sum(values: Tensor, width: int) -> Tensor:
    """(total - width + 1,) sum of each window: the powers of two in ``width``, the longest first."""
    levels = _levels(values, width, torch.add)
    longest = len(levels) - 1
    windows = values.numel() - width + 1
    total = levels[longest][:windows]
    covered = 1 << longest
    for level in reversed(range(longest)):
        if width >> level & 1:
            total = total + levels[level][covered : covered + windows]
            covered += 1 << level
    return total


def _extreme(values: Tensor, width: int, combine: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """(total - width + 1,) extreme of each window: two windows of a power of two, which may overlap."""
    longest = _levels(values, width, combine)[-1]
    shift = values.numel() - longest.numel() + 1
    return combine(longest[: values.numel() - width + 1], longest[width - shift :])


def _levels(values: Tensor, width: int, combine: Callable[[Tensor, Tensor], Tensor]) -> list[Tensor]:
    """Statistic of all windows of 1, 2, 4, ... steps, up to ``width``."""
    levels = [values]
    while 2 << (len(levels) - 1) <= width:
        half = 1 << (len(levels) - 1)
        levels.append(combine(levels[-1][:-half], levels[-1][half:]))
    return levels
