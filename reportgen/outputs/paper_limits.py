"""What of many runs is printed: all of 10,000 would fill 5,000 pages. Each place says what it leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reportgen.notation import count
from reportgen.report import FamilyReport, Report
from reportgen.tables import Table

__all__ = ["MOST_PRINTED", "MOST_ROWS", "cut_table", "printed_family", "printed_runs", "undrawn_families"]

MOST_PRINTED = 200
"""Runs that a PDF prints one by one, in all families together."""

MOST_ROWS = 200
"""Rows of one table, and of every other list, that a PDF prints."""

_MOST_DRAWN = 100
"""Families whose figures are drawn for papers: some five each, a fifth of a second each in Chrome."""

_ALL_ROWS = 2_000
"""Rows of all families' tables together; of many families each has some."""
_FEWEST = 4


def undrawn_families(report: Report) -> Mapping[str, str]:
    """Slug of each family -> why its figures are not drawn for papers; empty where they are."""
    total = len(report.families)
    why = (
        f"The figures of this family are in report.html only: this PDF and figures/ have those of the first "
        f"{_MOST_DRAWN} of {total:,} families."
    )
    return {family.slug: "" if at < _MOST_DRAWN else why for at, family in enumerate(report.families)}


def printed_runs(report: Report) -> Mapping[str, tuple[int, ...]]:
    """Slug of each family -> places of its runs that are printed one by one, in order.

    All where they are no more than ``MOST_PRINTED`` in the report; else each family has its share, those that
    end lowest and highest.
    """
    total = sum(len(family.runs) for family in report.families)
    if total <= MOST_PRINTED:
        return {family.slug: tuple(range(len(family.runs))) for family in report.families}
    room = MOST_PRINTED
    shares: dict[str, int] = {}
    # Small families first: what they leave is for the large. Of more families than room the first have one.
    order = sorted((len(family.runs), -at, family) for at, family in enumerate(report.families))
    for left, family in zip(
        range(len(report.families), 0, -1),
        [family for _, _, family in order],
        strict=True,
    ):
        shares[family.slug] = min(len(family.runs), room // left)
        room -= shares[family.slug]
    return {family.slug: ends_of(family, shares[family.slug]) for family in report.families}


def ends_of(family: FamilyReport, most: int) -> tuple[int, ...]:
    """Places of ``most`` runs, those that end lowest and highest; the first of a family without a ranking."""
    if len(family.runs) <= most:
        return tuple(range(len(family.runs)))
    order = list(range(len(family.runs)))
    if family.ranking is not None:
        ranked = list(family.ranking.order)
        order = ranked + [at for at in order if at not in set(ranked)]
    low = -(-most // 2)
    high = most - low
    return tuple(sorted({*order[:low], *order[len(order) - high :]}))


def printed_family(family: FamilyReport, places: Sequence[int]) -> FamilyReport:
    """A family of the runs that are printed, for what draws them."""
    if len(places) == len(family.runs):
        return family
    return replace(family, runs=tuple(family.runs[at] for at in places))


def cut_table(table: Table, families: int, *, family: FamilyReport | None, file: str) -> tuple[Table, str]:
    """A table with as many rows as are printed, and what a caption says of the others.

    Args:
        table: Its rows are runs of ``family`` in order, or of no family.
        families: How many families the report has.
        family: Whose runs the rows are, None for other tables.
        file: Where all rows are.
    """
    rows = len(table.rows)
    most = max(_FEWEST, min(MOST_ROWS, _ALL_ROWS // max(1, families)))
    if rows <= most:
        return table, ""
    if family is not None and rows == len(family.runs):
        places, which = ends_of(family, most), f"The {most:,} that end lowest and highest"
    else:
        places, which = tuple(range(most)), f"The first {most:,}"
    kept = Table(table.columns, tuple(table.rows[at] for at in places))
    return kept, f" {which} of {count(rows, 'row')} are printed; {file} has all."
