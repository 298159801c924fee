"""What the templates receive on paper alone: runs page by page, and tables that fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reportgen import tables
from reportgen.outputs import words
from reportgen.outputs.context import FamilyView, FigureView, RunView
from reportgen.report import FamilyReport, Report, RunReport
from reportgen.tables import Table

__all__ = ["TEXT_WIDTH_MM", "Panels", "RunsPage", "panels", "paper_names", "parts"]

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
    """The same, as templates receive it."""

    figure: FigureView
    runs: tuple[RunView, ...]


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


def parts(table: Table, width_mm: float = TEXT_WIDTH_MM) -> tuple[Table, ...]:
    """A table as tables of the same rows that fit ``width_mm``: what is too wide goes on in the next.

    Each part begins with the column that names the run. A column without a text is left out.
    """
    shown = [i for i, column in enumerate(table.columns) if column.kind != "sparkline"]
    shown = [i for i in shown if any(row.cells[i].text for row in table.rows)] or shown
    widths = {i: _width_mm(table, i) for i in shown}
    head = next((i for i in shown if table.columns[i].key in ("label", "name")), None)
    split: list[list[int]] = []
    room = 0.0
    for i in shown:
        if not split or widths[i] > room:
            split.append([] if not split or head is None else [head])
            room = width_mm - sum(widths[k] for k in split[-1])
        split[-1].append(i)
        room -= widths[i]
    return tuple(
        Table(
            tuple(table.columns[i] for i in part),
            tuple(replace(row, cells=tuple(row.cells[i] for i in part)) for row in table.rows),
        )
        for part in split
    )


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
        view = by_slug[shown.family.slug]
        pages[shown.family.slug].append(
            RunsPage(
                FigureView(
                    shown.name,
                    number,
                    "runs",
                    _caption(shown),
                    words.finding(shown.runs),
                    family=shown.family.slug,
                ),
                view.runs[shown.first : shown.first + len(shown.runs)],
            )
        )
    return {
        "paper_pages": pages,
        "paper_printed": {view.family.slug: _printed(report, view.family) for view in views},
        "paper_tables": {
            "": parts(tables.runs_table(report, _overview_columns(report))),
            **{view.family.slug: parts(tables.family_table(view.family)) for view in views},
        },
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


def _overview_columns(report: Report) -> tuple[str, ...]:
    """Columns of the table of all runs: what fits one page's width; families' own tables hold the rest."""
    known = tables.usual_columns(report.runs)
    return (
        "family",
        *(key for key in ("label", "name", "steps", "avg_final_loss", "checks", "marks") if key in known),
    )
