"""What the templates receive on paper alone: runs page by page, and tables that fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.figures import captions
from reportgen.figures.captions import Caption
from reportgen.figures.evaluations import evaluation_title
from reportgen.figures.runs import panels_scale
from reportgen.outputs import standing, words
from reportgen.outputs.columns import Part, Ruler, parts
from reportgen.outputs.context import Fact, FamilyView, FigureView, RunView
from reportgen.report import FamilyReport, Report, RunReport
from reportgen.tables import Cell, Column, Row, Table

__all__ = ["LONGEST_TEXT", "TEXT_WIDTH_MM", "Panels", "RunsPage", "panels", "paper_names"]

TEXT_WIDTH_MM = 178.0
"""Between the margins, on A4 and Letter alike: a figure for a double column stands at its own size."""

LONGEST_TEXT = 1000
"""Characters after which a stranger's text is cut: it would fill pages, and report.json is attached."""

# As many as stand on one page of either paper, with a line of configuration each.
_RUNS_A_PAGE = 10
# Characters of one run's printed configuration: two pages, where a usual one takes a few lines.
_LONGEST_CONFIG = 5000


@dataclass(frozen=True, slots=True)
class Panels:
    """Runs of one family that share a figure, as small multiples.

    Attributes:
        name: Of the figure.
        family: Theirs.
        first: Place of the first of them in the family, from 0.
        runs: In order, as many as stand on one page.
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
        lines: A line of configuration a run, in parts that fit the page.
        remarks: Label -> the list's note and what a reader should know; of the runs that have any.
    """

    figure: FigureView
    runs: tuple[RunView, ...]
    lines: tuple[Part, ...]
    remarks: tuple[Fact, ...]


def panels(report: Report) -> tuple[Panels, ...]:
    """The small multiples that ``report.pdf`` shows, in reading order; ``[pdf] runs`` may want none."""
    return tuple(
        Panels(f"{family.slug}-runs-{number}", family, first, family.runs[first : first + size])
        for family in report.families
        if family.runs and _printed(report, family) != "none"
        for size in [_panels_size(len(family.runs))]
        for number, first in enumerate(range(0, len(family.runs), size), start=1)
    )


def _panels_size(runs: int) -> int:
    """Runs a page: an even number, since two stand side by side, and no last page with one left over."""
    pages = -(-runs // _RUNS_A_PAGE)
    return 2 * -(-runs // (2 * pages))


def _printed(report: Report, family: FamilyReport) -> str:
    """How much of each run the family's list wants printed."""
    return next(
        (listed.pdf.runs for listed in report.lists for spec in listed.families if spec.slug == family.slug),
        "figures",
    )


def paper_names(report: Report, shared: Mapping[str, Any]) -> dict[str, Any]:
    """What paper adds to the names that screen and paper share; ``docs/templates.md`` lists it.

    Args:
        report: The report.
        shared: Of ``context``.
    """
    ruler = Ruler()

    def fitted(table: Table) -> tuple[Part, ...]:
        return parts(table, ruler, TEXT_WIDTH_MM)

    views: Sequence[FamilyView] = shared["families"]
    drawn = sum(len(view.figures) for view in views) + (shared["overview"] is not None)
    pages: dict[str, list[RunsPage]] = {view.family.slug: [] for view in views}
    by_slug = {view.family.slug: view for view in views}
    for number, shown in enumerate(panels(report), start=drawn + 1):
        runs = by_slug[shown.family.slug].runs[shown.first : shown.first + len(shown.runs)]
        says = Caption((("", _caption(shown)),))
        figure = FigureView(
            shown.name, number, "runs", says, standing.sentence(shown.family), family=shown.family.slug
        )
        pages[shown.family.slug].append(RunsPage(figure, runs, fitted(_lines(runs)), tuple(_remarks(runs))))
    return {
        "paper_pages": pages,
        "paper_printed": {view.family.slug: _printed(report, view.family) for view in views},
        "paper_parts": fitted,
        "paper_linked": [run.run.slug for shown in pages.values() for page in shown for run in page.runs],
        "paper_config": _config,
    }


def _config(facts: Sequence[Fact]) -> Iterator[Fact]:
    """A run's configuration, as far as paper has room for it; the last says how much is left out."""
    room = _LONGEST_CONFIG
    for number, fact in enumerate(facts):
        room -= len(fact.term) + min(len(fact.value), LONGEST_TEXT)
        if room < 0 and number:
            yield Fact("…", f"{len(facts) - number:,} more in the attached report.json")
            return
        yield fact


def _lines(runs: Sequence[RunView]) -> Table:
    """What is printed of each run, a row each."""
    facts = [{fact.term: fact.value for fact in view.facts} for view in runs]
    terms = tuple(dict.fromkeys(term for each in facts for term in each))
    rows = [
        (view.run.label, *(each.get(term, "") for term in terms))
        for view, each in zip(runs, facts, strict=True)
    ]
    return Table(
        (Column("label", "Run", "text"), *(Column(term, term, "text") for term in terms)),
        tuple(Row(tuple(Cell(text, text) for text in row)) for row in rows),
    )


def _remarks(runs: Sequence[RunView]) -> Iterator[Fact]:
    for view in runs:
        note = (view.run.spec.note or "").strip()
        if note and not note.endswith((".", "!", "?")):
            note += "."
        if note or view.marks:
            yield Fact(view.run.label, " ".join((note, *view.marks)).strip())


def _caption(shown: Panels) -> str:
    """What small multiples show."""
    total, last = len(shown.family.runs), shown.first + len(shown.runs)
    which = "run by run" if total == len(shown.runs) else f"runs {shown.first + 1} to {last} of {total:,}"
    early = words.count(max(len(run.summary.raw_early) for run in shown.runs), "raw loss", "raw losses")
    scale = panels_scale(shown.family, shown.runs)
    points = evaluation_title(shown.runs)
    smoothing = captions.smoothing_sentence(shown.family.spec.smoothing)
    name = words.shortened(shown.family.name, 80)
    return (
        f"{name}, {which}. Left: the first {early}, linear axis. "
        f"Right: all steps, {scale} axis, one scale for all; band: range of the raw loss, line: {smoothing}."
        + (" Points: evaluation, as logged." if points else "")
        + (captions.missing_on_log(shown.runs) if scale == "log" else "")
    )
