"""What the templates receive on paper alone: runs page by page, and tables that fit."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.figures import captions
from reportgen.figures.captions import Caption
from reportgen.figures.evaluations import evaluation_title
from reportgen.figures.runs import PRINTED_EVENTS, panels_scale
from reportgen.outputs import standing, words
from reportgen.outputs.columns import Part, Ruler, parts
from reportgen.outputs.map_on_paper import map_on_paper
from reportgen.outputs.paper_flow import Block, Flow
from reportgen.outputs.paper_limits import printed_families, printed_family, printed_runs
from reportgen.outputs.views import Fact, FamilyView, FigureView, RunView, TableView
from reportgen.report import FamilyReport, Report, RunReport, step_unit
from reportgen.tables import Cell, Column, Row, Table

__all__ = ["LONGEST_TEXT", "TEXT_WIDTH_MM", "FamilyRuns", "Panels", "RunsRow", "panels", "paper_names"]

TEXT_WIDTH_MM = 178.0
"""Between the margins, on A4 and Letter alike: a figure for a double column stands at its own size."""

LONGEST_TEXT = 1000
"""Characters after which a stranger's text is cut: it would fill pages, and report.json is attached."""

_RUNS_A_ROW = 2
# Characters of one run's printed configuration: two pages, where a usual one takes a few lines.
_LONGEST_CONFIG = 5000
# Facts that stand in a column where a table has it.
_COLUMNS = {
    "Weight decay": "weight_decay",
    "Learning rate": "lr",
    "Batch size": "batch_size",
    "Insert mode": "insert_mode",
    "Initialised from": "initialised_from",
}


@dataclass(frozen=True, slots=True)
class Panels:
    """A row of small multiples.

    Attributes:
        name: Of the figure.
        family: The runs' own, of the runs that are printed.
        first: Place of the first of them among these, from 0.
        runs: In order, two; one in a last row.
    """

    name: str
    family: FamilyReport
    first: int
    runs: tuple[RunReport, ...]


@dataclass(frozen=True, slots=True)
class RunsRow:
    """The same, as templates receive it: a picture, and the runs in it."""

    figure: FigureView
    runs: Sequence[RunView]


@dataclass(frozen=True, slots=True)
class FamilyRuns:
    """The runs of a family, one by one.

    Attributes:
        figure: What all rows are together: number and caption.
        rows: Of small multiples.
        alike: What the configurations of all runs say alike.
        lines: What else they say and no table shows, a row a run, in parts that fit the page.
        remarks: Label -> the list's note and what a reader should know; of the runs that have any.
    """

    figure: FigureView
    rows: tuple[RunsRow, ...]
    alike: tuple[Fact, ...]
    lines: tuple[Part, ...]
    remarks: tuple[Fact, ...]


def panels(report: Report) -> tuple[Panels, ...]:
    """The small multiples that ``report.pdf`` shows, in reading order; ``[pdf] runs`` may want none."""
    printed = printed_runs(report)
    return tuple(
        Panels(f"{shown.slug}-runs-{number}", shown, first, shown.runs[first : first + _RUNS_A_ROW])
        for family in printed_families(report)
        if _printed(report, family) != "none"
        for shown in [printed_family(family, printed[family.slug])]
        for number, first in enumerate(range(0, len(shown.runs), _RUNS_A_ROW), start=1)
    )


def _printed(report: Report, family: FamilyReport) -> str:
    """How much of each run the family's list wants printed."""
    return next(
        (listed.pdf.runs for listed in report.lists for spec in listed.families if spec.slug == family.slug),
        "figures",
    )


def paper_names(
    report: Report, shared: Mapping[str, Any], sizes: Mapping[str, tuple[float, float]], paper_size: str
) -> dict[str, Any]:
    """What paper adds to the names that screen and paper share; ``docs/templates.md`` lists it.

    Args:
        report: The report.
        shared: Of ``context``.
        sizes: Figure name -> width and height, mm.
        paper_size: ``a4`` or ``letter``.
    """
    ruler = Ruler()
    made: dict[str, tuple[Part, ...]] = {}

    def fitted(shown: TableView) -> tuple[Part, ...]:
        if shown.anchor not in made:
            made[shown.anchor] = parts(shown.table, ruler, TEXT_WIDTH_MM)
        return made[shown.anchor]

    views: Sequence[FamilyView] = shared["families"]
    number = sum(len(view.figures) for view in views) + (shared["overview"] is not None)
    rows: dict[str, list[Panels]] = {}
    for one in panels(report):
        rows.setdefault(one.family.slug, []).append(one)
    runs: dict[str, FamilyRuns | None] = {}
    for view in views:
        own = rows.get(view.family.slug, ())
        number += bool(own)
        runs[view.family.slug] = _family_runs(view, own, number, shared, ruler) if own else None
    flow = Flow(paper_size, sizes, fitted)
    _front(flow, report, shared, sum(one is not None for one in runs.values()))
    return {
        "paper_blocks": _in_order(flow, shared),
        "paper_runs": runs,
        "paper_printed": {view.family.slug: _printed(report, view.family) for view in views},
        "paper_parts": fitted,
        "paper_linked": [run.slug for own in rows.values() for one in own for run in one.runs],
        "paper_config": _config,
        "paper_map": map_on_paper,
    }


def _front(flow: Flow, report: Report, shared: Mapping[str, Any], with_runs: int) -> None:
    """What stands before the first section, and takes room."""
    flow.text([report.title], 23.7, space=7, width=TEXT_WIDTH_MM)
    flow.text([shared["status"]], 12, space=5)
    flow.text([one.text for one in report.findings], space=0.6)
    if shared["synthetic"]:
        flow.text(["Synthetic"])
    if shared["lead"] is not None:
        flow.figure(shared["lead"])
    if report.description:
        flow.text([report.description], 10.5, space=6)
    flow.space(5.3 * (3 + len(shared["ends"])))
    entries = 5 + len(shared["families"]) + (1 + with_runs if with_runs else 0)
    flow.space(20 + 5.2 * -(-entries // 2))
    if shared["news"]:
        flow.section()
        flow.text([piece.text for section in shared["news"] for piece in section.items], space=4)
    for found in (shared["failed"] + shared["waived"] + shared["unchecked"], report.problems):
        if found:
            flow.section()
            flow.text(["x" * 150 for _ in found], 7.5, width=TEXT_WIDTH_MM, space=1)


def _in_order(flow: Flow, shared: Mapping[str, Any]) -> dict[str, tuple[Block, ...]]:
    """Name of a section, ``overview`` or a family's slug -> its figures and tables."""
    overview, lead = shared["overview"], shared["lead"]
    blocks: dict[str, tuple[Block, ...]] = {}

    def all_runs() -> None:
        flow.section()
        first = [shared["runs_table"]] if shared["runs_table"].table.rows else []
        blocks["overview"] = flow.ordered([*first, *([overview] if overview not in (None, lead) else [])])

    if not shared["groups_first"]:
        all_runs()
    for view in shared["families"]:
        flow.section([one for one in (view.family.spec.description, "runs", *view.missing) if one])
        blocks[view.family.slug] = flow.ordered([*(one for one in view.figures if one != lead), *view.tables])
        if view.same:
            same = ", ".join(f"{fact.term} {fact.value}" for fact in view.same)
            flow.text([f"The same for all runs. {same}"], 7.5, space=1.2, width=TEXT_WIDTH_MM)
    if shared["groups_first"]:
        all_runs()
    return blocks


def _config(facts: Sequence[Fact]) -> Iterator[Fact]:
    """A run's configuration, as far as paper has room for it; the last says how much is left out."""
    room = _LONGEST_CONFIG
    for number, fact in enumerate(facts):
        room -= len(fact.term) + min(len(fact.value), LONGEST_TEXT)
        if room < 0 and number:
            yield Fact("…", f"{len(facts) - number:,} more in the attached report.json")
            return
        yield fact


def _family_runs(
    view: FamilyView, rows: Sequence[Panels], number: int, shared: Mapping[str, Any], ruler: Ruler
) -> FamilyRuns:
    family = view.family
    runs = view.runs[:]
    in_table = {
        column.key
        for one in (shared["runs_table"], *view.tables)
        if one.name in ("runs", f"family {family.slug}")
        for column in one.table.columns
    } | {fact.term for fact in view.same}
    facts = [_facts(run, in_table) for run in runs]
    alike = {
        term: text for term, text in facts[0].items() if all(each.get(term) == text for each in facts[1:])
    }
    rest = [{term: text for term, text in each.items() if term not in alike} for each in facts]
    finding = standing.sentence(family)
    return FamilyRuns(
        FigureView(
            f"{family.slug}-runs",
            number,
            "runs",
            Caption((("", _caption(rows[0].family, len(family.runs))),)),
            finding,
            family=family.slug,
            family_name=family.name,
        ),
        tuple(_row(one, runs[one.first : one.first + len(one.runs)]) for one in rows),
        tuple(Fact(term, text) for term, text in alike.items()),
        parts(_lines(runs, rest), ruler, TEXT_WIDTH_MM) if any(rest) else (),
        tuple(_remarks(runs)),
    )


def _row(shown: Panels, runs: Sequence[RunView]) -> RunsRow:
    finding = " ".join(f"{view.run.label}: {view.finding}" for view in runs)
    return RunsRow(FigureView(shown.name, 0, "runs", Caption(()), finding, family=shown.family.slug), runs)


def _facts(view: RunView, in_table: Container[str]) -> dict[str, str]:
    """What is known of a run and stands in no table."""
    told = ("AvgFinalLoss", "Final loss", f"{step_unit([view.run]).capitalize()}s")
    return {
        fact.term: fact.value
        for fact in view.facts
        if fact.term not in told and fact.value != view.value and _COLUMNS.get(fact.term) not in in_table
    }


def _lines(runs: Sequence[RunView], facts: Sequence[Mapping[str, str]]) -> Table:
    """A row a run."""
    terms = tuple(dict.fromkeys(term for each in facts for term in each))
    return Table(
        (Column("label", "Run", "text"), *(Column(term, term, "text") for term in terms)),
        tuple(
            Row(
                (
                    Cell(view.run.label, view.run.label),
                    *(Cell(text, text) for text in (each.get(term, "") for term in terms)),
                ),
                view.run,
            )
            for view, each in zip(runs, facts, strict=True)
            if each
        ),
    )


def _remarks(runs: Sequence[RunView]) -> Iterator[Fact]:
    for view in runs:
        note = (view.run.spec.note or "").strip()
        if note and not note.endswith((".", "!", "?")):
            note += "."
        if note or view.marks:
            yield Fact(view.run.label, " ".join((note, *view.marks)).strip())


def _caption(family: FamilyReport, total: int) -> str:
    """What small multiples show: runs that are printed of so many."""
    raw, unit = captions.raw_word(family.runs), step_unit(family.runs)
    early = words.count(
        max(len(run.summary.raw_early) for run in family.runs),
        f"raw {raw}",
        f"raw {raw}{'es' if raw == 'loss' else 's'}",
    )
    scale = panels_scale(family)
    points = evaluation_title(family.runs)
    smoothing = captions.smoothing_sentence(family.spec.smoothing, family.runs)
    name = words.shortened(family.name, 80)
    kinds = {event.kind for run in family.runs for event in run.summary.events}
    marked = [f"{sign}: {kind}" for kind, (_, sign) in PRINTED_EVENTS.items() if kind in kinds]
    some = ""
    if len(family.runs) < total:
        some = (
            f" The {len(family.runs)} of {total:,} runs that end lowest and highest; "
            "report.html draws any other, and curves/ holds the points of all."
        )
    return (
        f"{name}: run by run.{some} Left: the first {early}, linear axis. "
        f"Right: all {unit}s, {scale} axis, the same for all runs; "
        f"band: range of the raw {raw}, line: {smoothing}."
        + (" Points: evaluation, as logged." if points else "")
        + (f" {', '.join(marked)}." if marked else "")
        + (captions.missing_on_log(family.runs) if scale == "log" else "")
    )
