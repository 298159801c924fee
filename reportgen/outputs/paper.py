"""What the templates receive on paper alone: runs page by page, and tables that fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.outputs import words
from reportgen.outputs.context import FamilyView, FigureView, RunView
from reportgen.report import FamilyReport, Report, RunReport
from reportgen.tables import Cell, Column, Table

__all__ = ["TEXT_WIDTH_MM", "Panels", "Part", "RunsPage", "panels", "paper_names", "parts"]

TEXT_WIDTH_MM = 178.0
"""Between the margins, on A4 and Letter alike: a figure for a double column stands at its own size."""

RUNS_A_FIGURE = 12

# Of 7.5 pt Source Sans 3: an average character, and the space that a column keeps to its right.
_CHARACTER_MM, _GUTTER_MM = 1.36, 3.2
# Longer text wraps; the longest run names of the field stand on one line.
_WIDEST = 34
_TEXT_WIDEST = 24


@dataclass(frozen=True, slots=True)
class Panels:
    """Runs of one family that share a figure, as small multiples.

    Attributes:
        name: Of the figure.
        family: Theirs.
        first: Place of the first of them in the family, from 0.
        runs: In order, at most ``RUNS_A_FIGURE``.
    """

    name: str
    family: FamilyReport
    first: int
    runs: tuple[RunReport, ...]


@dataclass(frozen=True, slots=True)
class RunsPage:
    """The same, as templates receive it.

    Attributes:
        figure: The small multiples.
        runs: Those it shows.
        terms: Terms of the runs' facts, in order: columns of the lines of configuration.
        lines: For each run, its fact of each term; empty where it has none.
    """

    figure: FigureView
    runs: tuple[RunView, ...]
    terms: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Some columns of a table.

    Attributes:
        columns: Those that fit the page.
        rows: A cell for each column.
        head: Place of the column that names the rows.
        breaks: For each column, whether it holds words that are too long for a line of it.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    head: int
    breaks: tuple[bool, ...]


def panels(report: Report) -> tuple[Panels, ...]:
    """The small multiples that ``report.pdf`` shows, in reading order; ``[pdf] runs`` may want none."""
    return tuple(
        Panels(
            f"{family.slug}-runs-{first // RUNS_A_FIGURE + 1}",
            family,
            first,
            family.runs[first : first + RUNS_A_FIGURE],
        )
        for family in report.families
        if _printed(report, family) != "none"
        for first in range(0, len(family.runs), RUNS_A_FIGURE)
    )


def _printed(report: Report, family: FamilyReport) -> str:
    """How much of each run the family's list wants printed."""
    return next(
        (listed.pdf.runs for listed in report.lists for spec in listed.families if spec.slug == family.slug),
        "figures",
    )


def parts(table: Table, width_mm: float = TEXT_WIDTH_MM) -> tuple[Part, ...]:
    """A table as parts that fit ``width_mm``: columns that are too many go on in the next.

    Each part begins with the column that names its rows. Columns without any text are left out.
    """
    shown = [
        i
        for i, column in enumerate(table.columns)
        if column.kind != "sparkline" and any(row.cells[i].text for row in table.rows)
    ] or [0]
    head = next((i for i in shown if table.columns[i].key in ("label", "name")), shown[0])
    widths = {i: _width_mm(table, i) for i in shown}
    split: list[list[int]] = [[]]
    room = width_mm
    for i in shown:
        if widths[i] > room and split[-1] not in ([], [head]):
            split.append([head])
            room = width_mm - widths[head]
        split[-1].append(i)
        room -= widths[i]
    return tuple(
        Part(
            tuple(table.columns[i] for i in part),
            tuple(tuple(row.cells[i] for i in part) for row in table.rows),
            part.index(head),
            tuple(_longest_word(table, i) > _WIDEST for i in part),
        )
        for part in split
    )


def _longest_word(table: Table, i: int) -> int:
    return max((len(word) for row in table.rows for word in row.cells[i].text.split()), default=0)


def _width_mm(table: Table, i: int) -> float:
    column = table.columns[i]
    widest = max((len(row.cells[i].text) for row in table.rows), default=0)
    if not column.numeric:
        widest = min(widest, _WIDEST if column.key == "name" else _TEXT_WIDEST)
    heading = max(map(len, column.title.split()))
    return max(widest, heading) * _CHARACTER_MM + _GUTTER_MM


def paper_names(report: Report, shared: Mapping[str, Any]) -> dict[str, Any]:
    """What paper adds to the names that screen and paper share; ``docs/templates.md`` lists it.

    Args:
        report: The report.
        shared: Of ``context``.
    """
    views: Sequence[FamilyView] = shared["families"]
    drawn = sum(len(view.figures) for view in views) + (shared["overview"] is not None)
    pages: dict[str, list[RunsPage]] = {view.family.slug: [] for view in views}
    by_slug = {view.family.slug: view for view in views}
    for number, shown in enumerate(panels(report), start=drawn + 1):
        runs = by_slug[shown.family.slug].runs[shown.first : shown.first + len(shown.runs)]
        figure = FigureView(
            shown.name, number, "runs", _caption(shown), words.finding(shown.runs), family=shown.family.slug
        )
        facts = [{fact.term: fact.value for fact in view.facts} for view in runs]
        terms = tuple(dict.fromkeys(term for each in facts for term in each))
        lines = tuple(tuple(each.get(term, "") for term in terms) for each in facts)
        pages[shown.family.slug].append(RunsPage(figure, runs, terms, lines))
    return {
        "paper_pages": pages,
        "paper_printed": {view.family.slug: _printed(report, view.family) for view in views},
        "paper_parts": parts,
    }


def _caption(shown: Panels) -> str:
    """What small multiples show."""
    total, last = len(shown.family.runs), shown.first + len(shown.runs)
    which = "every run" if total == len(shown.runs) else f"runs {shown.first + 1} to {last} of {total:,}"
    early = words.count(max(len(run.summary.raw_early) for run in shown.runs), "step")
    smoothing = words.smoothing_sentence(shown.family.spec.smoothing)
    return (
        f"{shown.family.name}, {which}. Left: raw loss of the first {early}, linear axis. "
        f"Right: raw loss of all steps, log axis; line: {smoothing}."
    )
