"""What of many runs is printed: all of 10,000 would fill 5,000 pages. Each place says what it leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reportgen.notation import count
from reportgen.report import FamilyReport, Report
from reportgen.tables import Table

__all__ = [
    "MOST_FAMILIES",
    "MOST_FAMILY_ROWS",
    "MOST_PRINTED",
    "MOST_ROWS",
    "cut_table",
    "family_rows",
    "left_out",
    "printed_families",
    "printed_family",
    "printed_runs",
]

MOST_PRINTED = 200
"""Runs that a PDF prints one by one, in all families together."""

MOST_ROWS = 200
"""Rows of one table, and of every other list, that a PDF prints."""

MOST_FAMILIES = 100
"""Families with a section on paper and figures in files: some five, a fifth of a second each in Chrome."""

MOST_FAMILY_ROWS = 1_000
"""Rows of the table of all families, which is all that paper says of most of so many."""

_ALL_ROWS = 1_000
"""Rows of all families' tables of a kind together; of many families each has some."""
_FEWEST = 4


def printed_families(report: Report) -> Sequence[FamilyReport]:
    """The families that have a section on paper and figures in files."""
    return report.families[:MOST_FAMILIES]


def left_out(report: Report) -> str:
    """What paper and ``figures/`` leave out, for the page, which has all; empty where that is nothing."""
    runs, families = len(report.runs), len(report.families)
    said = []
    if runs > MOST_PRINTED:
        said.append(f"report.pdf prints at most {MOST_PRINTED} of {count(runs, 'run')} one by one.")
    if families > MOST_FAMILIES:
        of = f"the first {MOST_FAMILIES} of {count(families, 'family', 'families')}"
        said.append(
            f"report.pdf and figures/ hold figures of {of}; Export, at a figure here, makes a file of any."
        )
    return " ".join(said)


def printed_runs(report: Report) -> Mapping[str, tuple[int, ...]]:
    """Slug of each family that is printed -> places of its runs that are printed one by one, in order.

    All where they are no more than ``MOST_PRINTED``; else each family has its share, those that end lowest
    and highest.
    """
    families = printed_families(report)
    total = sum(len(family.runs) for family in families)
    if total <= MOST_PRINTED:
        return {family.slug: tuple(range(len(family.runs))) for family in families}
    room = MOST_PRINTED
    shares: dict[str, int] = {}
    # Small families first: what they leave is for the large.
    order = sorted(families, key=lambda family: len(family.runs))
    for left, family in zip(range(len(families), 0, -1), order, strict=True):
        shares[family.slug] = min(len(family.runs), room // left)
        room -= shares[family.slug]
    return {family.slug: ends_of(family, shares[family.slug]) for family in families}


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


def family_rows(families: int) -> int:
    """Rows of one table of a family, of so many families that are printed."""
    return max(_FEWEST, min(MOST_ROWS, _ALL_ROWS // max(1, min(families, MOST_FAMILIES))))


def cut_table(table: Table, most: int, *, family: FamilyReport | None, file: str) -> tuple[Table, str]:
    """A table with as many rows as are printed, and what a caption says of the others.

    Args:
        table: Its rows are runs of ``family`` in order, or of no family.
        most: Rows that are printed.
        family: Whose runs the rows are, None for other tables.
        file: Where all rows are.
    """
    rows = len(table.rows)
    if rows <= most:
        return table, ""
    if family is not None and rows == len(family.runs):
        places, which = ends_of(family, most), f"The {most:,} that end lowest and highest"
    else:
        places, which = tuple(range(most)), f"The first {most:,}"
    kept = Table(table.columns, tuple(table.rows[at] for at in places))
    return kept, f" {which} of {count(rows, 'row')} are printed; {file} has all."
