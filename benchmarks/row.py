"""One line of the benchmarks' table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Row", "table"]


@dataclass(frozen=True)
class Row:
    """What was measured.

    Attributes:
        what: In words.
        ours: Seconds, unless ``what`` names a unit.
        theirs: The same, for what a user would do otherwise.
        target: Least ratio of theirs to ours.
    """

    what: str
    ours: float
    theirs: float
    target: float

    @property
    def ratio(self) -> float:
        """Theirs to ours: above 1 is better."""
        return self.theirs / self.ours


def table(rows: Iterable[Row]) -> Iterator[str]:
    """Lines of a Markdown table, one by one as rows come."""
    yield "| what | ours | theirs | ratio | target | |"
    yield "| --- | ---: | ---: | ---: | ---: | --- |"
    for row in rows:
        met = "met" if row.ratio >= row.target else "missed"
        numbers = f"{row.ours:.3g} | {row.theirs:.3g} | {row.ratio:.2f} | {row.target:.3g}"
        yield f"| {row.what} | {numbers} | {met} |"
