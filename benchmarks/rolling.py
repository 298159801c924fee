"""Rolling statistics at every step, by batches: what tests and benchmarks compare with pandas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reportgen.curves.arrays import on_host
from reportgen.curves.smoothing import Reach, fitting, pack, reach_of, roll, room_on
from reportgen.kinds import FloatArray

__all__ = ["RollingStatistics", "rolling"]


@dataclass(frozen=True, slots=True)
class RollingStatistics:
    """Rolling mean, minimum and maximum of one run, each (steps,) float64; missing is NaN."""

    mean: FloatArray
    min: FloatArray
    max: FloatArray


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
        losses: One (steps,) float64 array a run, at least one step each.
        window: Steps in the window, 1 or more.
        edges: Whether windows that miss a loss, or reach past an end, count.
        device: ``cpu``, or a torch device with float64.

    Returns:
        One result a run, in order.
    """
    results: dict[int, RollingStatistics] = {}
    by_reach: dict[Reach, list[int]] = {}
    for index, run in enumerate(losses):
        by_reach.setdefault(reach_of(window, len(run)), []).append(index)
    least = 1 if edges == "partial" else window
    for reach, indices in by_reach.items():
        done = 0
        while done < len(indices):
            steps = [len(losses[index]) for index in indices[done:]]
            part = indices[done : done + fitting(steps, reach, room_on(device))]
            done += len(part)
            batch = pack([losses[index] for index in part], reach)
            windows = roll(batch.on(device))
            statistics = [on_host(field) for field in (windows.mean, windows.min, windows.max)]
            few = on_host(windows.count) < least
            if few.any():
                for field in statistics:
                    field[few] = np.nan
            for index, first, length in zip(part, batch.origin, batch.steps, strict=True):
                own = slice(first, first + length)
                results[index] = RollingStatistics(*(field[own] for field in statistics))
    return [results[index] for index in range(len(losses))]
