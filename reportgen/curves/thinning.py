"""Thinning: no more points than a screen can show, and no spike lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reportgen.curves.arrays import Array, beside, reduced
from reportgen.kinds import IntArray

__all__ = ["Ranges", "extremes", "point_steps", "range_edges", "ranges_of"]


@dataclass(frozen=True, slots=True)
class Ranges:
    """The points of every run of a batch, and the steps each stands for.

    Attributes:
        steps: (runs,) int64, steps that a run's points stand for.
        step: One (points,) int64 array a run, the steps of its points.
        edges: (points + runs,) int64, first steps of the points' ranges, all runs end to end, each
            run's closed by its number of steps.
        run: (points + runs,) int64, the run that an edge belongs to.
    """

    steps: IntArray
    step: tuple[IntArray, ...]
    edges: IntArray
    run: IntArray

    @property
    def points(self) -> IntArray:
        """(runs,) int64, points of each run."""
        return np.array([len(step) for step in self.step], dtype=np.int64)


def point_steps(steps: int, points: int) -> IntArray:
    """Steps at which a curve is drawn: spread evenly, the first and the last always among them.

    With ``P = min(points, steps)``, point k is at ``(k * (steps - 1) + (P - 1) // 2) // (P - 1)``,
    in whole numbers; a single step is its own point.

    Args:
        steps: Steps in the run, 1 or more.
        points: Most points, 2 or more.

    Returns:
        (P,) int64, strictly rising.
    """
    kept = min(points, steps)
    if kept == 1:
        return np.zeros(1, dtype=np.int64)
    return (np.arange(kept, dtype=np.int64) * (steps - 1) + (kept - 1) // 2) // (kept - 1)


def range_edges(step: IntArray, steps: int) -> IntArray:
    """Where the range of each point begins: the ranges tile ``0 .. steps - 1``.

    A point's range reaches half way to its neighbours: from
    ``(step[k - 1] + step[k]) // 2 + 1`` to ``(step[k] + step[k + 1]) // 2``, both included; the
    first begins at 0, the last ends at ``steps - 1``.

    Returns:
        (points + 1,) int64: point k stands for ``edges[k] .. edges[k + 1] - 1``.
    """
    between = (step[:-1] + step[1:]) // 2 + 1
    return np.concatenate(([0], between, [steps]))


def ranges_of(steps: IntArray, points: int) -> Ranges:
    """The points of a batch of runs, of ``steps`` each: (runs,) int64."""
    step = tuple(point_steps(count, points) for count in steps.tolist())
    edges = [range_edges(own, count) for own, count in zip(step, steps.tolist(), strict=True)]
    return Ranges(
        steps=steps,
        step=step,
        edges=np.concatenate(edges),
        run=np.repeat(np.arange(len(steps)), [len(own) for own in edges]),
    )


def extremes(values: Array, origin: IntArray, ranges: Ranges, which: Literal["min", "max"]) -> Array:
    """The least or greatest value of each point's range.

    Args:
        values: (total,) floating, no NaN; step i of run r is ``values[origin[r] + i]``.
        origin: (runs,) int64, rising.
        ranges: Of the same runs.
        which: ``min`` or ``max``.

    Returns:
        (points,) floating, all runs' points end to end.
    """
    edges = ranges.edges + origin[ranges.run]
    # Between two runs lies one more segment, which nobody asks for.
    own = np.flatnonzero(ranges.run[:-1] == ranges.run[1:])
    return reduced(values, edges, which)[beside(own, values)]
