"""Thinning: no more points than a screen can show, and no spike lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reportgen.curves.arrays import Array, moved_to, reduced
from reportgen.kinds import IntArray

__all__ = ["Ranges", "extremes", "point_entries", "range_edges", "ranges_of"]


@dataclass(frozen=True, slots=True)
class Ranges:
    """The points of every run of a batch, and the entries each stands for.

    Attributes:
        entry: One (points,) int64 array a run, the entries of its points.
        edges: (points + runs,) int64, first entries of the points' ranges, all runs end to end, each
            run's closed by the entry after its last.
        run: (points + runs,) int64, the run that an edge belongs to.
    """

    entry: tuple[IntArray, ...]
    edges: IntArray
    run: IntArray

    @property
    def points(self) -> IntArray:
        """(runs,) int64, points of each run."""
        return np.array([len(entry) for entry in self.entry], dtype=np.int64)


def point_entries(entries: int, points: int) -> IntArray:
    """Entries at which a curve is drawn: spread evenly, the first and the last always among them.

    With ``P = min(points, entries)``, point k is at ``(k * (entries - 1) + (P - 1) // 2) // (P - 1)``,
    in whole numbers; a single entry is its own point.

    Args:
        entries: Entries of the curve, 1 or more.
        points: Most points, 2 or more.

    Returns:
        (P,) int64, strictly rising.
    """
    kept = min(points, entries)
    if kept == 1:
        return np.zeros(1, dtype=np.int64)
    return (np.arange(kept, dtype=np.int64) * (entries - 1) + (kept - 1) // 2) // (kept - 1)


def range_edges(entry: IntArray, entries: int) -> IntArray:
    """Where the range of each point begins: the ranges tile ``0 .. entries - 1``.

    A point's range reaches half way to its neighbours: from
    ``(entry[k - 1] + entry[k]) // 2 + 1`` to ``(entry[k] + entry[k + 1]) // 2``, both included; the
    first begins at 0, the last ends at ``entries - 1``.

    Returns:
        (points + 1,) int64: point k stands for ``edges[k] .. edges[k + 1] - 1``.
    """
    between = (entry[:-1] + entry[1:]) // 2 + 1
    return np.concatenate(([0], between, [entries]))


def ranges_of(entries: IntArray, points: int, first: IntArray | None = None) -> Ranges:
    """The points of a batch of runs.

    Args:
        entries: (runs,) int64, entries that are drawn of each run, 1 or more.
        points: Most points of a run.
        first: (runs,) int64, the first of these entries; None for each run's own first.
    """
    begins = [0] * len(entries) if first is None else first.tolist()
    own = [point_entries(count, points) for count in entries.tolist()]
    edges = [
        range_edges(entry, count) + begin
        for entry, count, begin in zip(own, entries.tolist(), begins, strict=True)
    ]
    return Ranges(
        entry=tuple(entry + begin for entry, begin in zip(own, begins, strict=True)),
        edges=np.concatenate(edges),
        run=np.repeat(np.arange(len(entries)), [len(each) for each in edges]),
    )


def extremes(values: Array, origin: IntArray, ranges: Ranges, which: Literal["min", "max"]) -> Array:
    """The least or greatest value of each point's range.

    Args:
        values: (total,) floating, no NaN; entry i of run r is ``values[origin[r] + i]``.
        origin: (runs,) int64, rising.
        ranges: Of the same runs.
        which: ``min`` or ``max``.

    Returns:
        (points,) floating, all runs' points end to end.
    """
    edges = ranges.edges + origin[ranges.run]
    # Between two runs lies one more segment, which nobody asks for.
    own = np.flatnonzero(ranges.run[:-1] == ranges.run[1:])
    return reduced(values, edges, which)[moved_to(own, values)]
