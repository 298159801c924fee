"""A Report -> what the templates receive, the same for screen and paper."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from itertools import count as counter
from typing import Any, Literal, overload

from markupsafe import Markup

from reportgen import analysis, notation, paper_tables, reference_tables, tables, varied_tables
from reportgen.figure_kinds import figure_kinds
from reportgen.figures import captions
from reportgen.figures.captions import Caption
from reportgen.figures.families import MANY_LINES, run_line
from reportgen.figures.overview import avg_final_loss
from reportgen.figures.plot import Effects, Line, Marks, Plot
from reportgen.figures.runs import run_early, run_whole
from reportgen.figures.style import category
from reportgen.kinds import Problem
from reportgen.model_list import FamilySpec
from reportgen.naming import question_shares
from reportgen.news import sections
from reportgen.outputs import long_lists, old_and_new, paper_limits, standing, words
from reportgen.outputs.analysis_map import AnalysisMap, analysis_map
from reportgen.outputs.happened import event_sentences
from reportgen.outputs.page_tables import MOST_ROWS
from reportgen.outputs.paper_limits import cut_table, printed_runs
from reportgen.outputs.templating import markdown, visible
from reportgen.outputs.theme import theme_of
from reportgen.report import Check, FamilyReport, Report, RunReport, step_unit
from reportgen.tables import Row, Table

__all__ = [
    "MANY_RUNS",
    "Fact",
    "FamilyView",
    "FigureView",
    "FindingView",
    "Medium",
    "RunView",
    "RunViews",
    "TableView",
    "context",
]

Medium = Literal["screen", "paper"]

MANY_RUNS = 100
"""In a report of more, a page makes sections of runs, and what is far from the view, when they are wanted."""

# Up to this many runs a page's table of all runs also holds the columns that are hidden at first.
_MANY_COLUMNS = 200
# Of the usual columns, those that a page shows only when asked, so that marks stay in view.
_HIDDEN = frozenset({"final_loss", "min_loss_step"})
# Families that the table of contents names.
MOST_LISTED = 100
# In a report of many runs a page holds each run's first raw losses as so many ranges.
_RAW_POINTS = 300


def _beginning(caption: str, name: str = "") -> str:
    """A caption up to its first comma or full stop after ``name``, with which it may begin."""
    start = len(name) if caption.startswith(name) else 0
    end = re.search(r"[.,](\s|$)", caption[start:])
    return caption[: start + end.start()] if end and start + end.start() else caption


# Characters of a family's configurations that a page holds to be compared.
_MOST_COMPARED = 400_000


@dataclass(frozen=True, slots=True)
class Fact:
    """A term and its value, in words."""

    term: str
    value: str


@dataclass(frozen=True, slots=True)
class FigureView:
    """A figure, before anyone draws it.

    Attributes:
        name: As in ``figures/``: ``addition-log``, ``all-avg-final-loss``, ``runs/<run>-log``; unique in the
            report.
        number: From 1, in reading order; 0 for a figure of one run on the screen.
        kind: A key of ``FIGURES``, ``attribute``, ``run-log``, ``run-linear`` or ``runs``.
        says: The caption: says what the reader sees, whatever scale is chosen.
        finding: Its text alternative.
        plot: What it shows; None for small multiples, which only paper has.
        family: Slug, None for the whole report.
        family_name: The family's name.
        run: Slug, None for a comparison.
    """

    name: str
    number: int
    kind: str
    says: Caption
    finding: str
    plot: Plot | Marks | Effects | None = None
    family: str | None = None
    family_name: str = ""
    run: str | None = None

    @property
    def caption(self) -> str:
        """The caption of the figure as it opens."""
        return self.says.text

    @property
    def title(self) -> str:
        """What a bookmark calls it: the caption's beginning."""
        return _beginning(self.caption, self.family_name)

    @property
    def anchor(self) -> str:
        return f"figure-{self.name.replace('/', '--')}"  # no family's slug begins with "runs--"


@dataclass(frozen=True, slots=True)
class TableView:
    """A table and its caption.

    Attributes:
        name: ``runs``, ``family <slug>``, ``groups <slug>`` or ``thresholds <slug>``.
        number: From 1, in reading order.
        caption: Says what the reader sees.
        table: Its columns and rows.
        hidden: Keys of columns that a page shows only when the reader asks.
    """

    name: str
    number: int
    caption: str
    table: Table
    hidden: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        """What a bookmark calls it: the caption's beginning."""
        return _beginning(self.caption)

    @property
    def anchor(self) -> str:
        return f"table-{self.name.replace(' ', '-')}"


_NO_TABLE = TableView("runs", 0, "", Table((), ()))


@dataclass(frozen=True, slots=True)
class FindingView:
    """A sentence of what can be said, and where it is seen.

    Attributes:
        text: The sentence.
        family: Slug of its family.
        anchor: Of the figure or table that shows it, or of its family.
        place: What that is called: ``Figure 4``; empty for the family.
    """

    text: str
    family: str
    anchor: str
    place: str


@dataclass(frozen=True, slots=True)
class RunView:
    """A run's own section.

    Attributes:
        value: What its family ranks it by, as text.
        finding: What its figures show: their text alternative.
        facts: What Part 2 of the notebook prints.
        config: ``Config`` as recorded, each value as JSON; less what its family's ``shared`` says.
        marks: What a reader should know, sentences.
        events: What happened in its curve, sentences.
        map: Useful nodes of its model, None where nobody has analysed it.
        figures: Raw losses of the first steps and of all steps, on the screen.
        line: Its smoothed curve.
    """

    run: RunReport
    family: FamilySpec
    line: Line
    value: str
    finding: str
    facts: tuple[Fact, ...]
    config: tuple[Fact, ...]
    marks: tuple[str, ...]
    events: tuple[str, ...]
    map: AnalysisMap | None
    figures: tuple[FigureView, ...]

    @property
    def anchor(self) -> str:
        return f"run-{self.run.slug}"


class RunViews(Sequence[RunView]):
    """The views of a family's runs, each made when it is asked for and kept by nobody: 10,000 fill a memory.

    Args:
        places: Of the runs in their family.
        make: Place -> view.
    """

    def __init__(self, places: Sequence[int], make: Callable[[int], RunView]) -> None:
        self._places = places
        self._make = make

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> RunView: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[RunView, ...]: ...
    def __getitem__(self, at: int | slice) -> RunView | tuple[RunView, ...]:
        if isinstance(at, slice):
            return tuple(map(self._make, self._places[at]))
        return self._make(self._places[at])


@dataclass(frozen=True, slots=True)
class FamilyView:
    """A family's section.

    Attributes:
        description: HTML of its Markdown, cut on paper where it is long.
        finding: Lowest and highest run, in words.
        figures: Those the list asks for; none where the family has no usable run.
        missing: Why some of them are not there, sentences.
        compared: JSON of what a reader may compare two of; empty where there is nothing, or too much.
        same: What the configurations of all its runs have in common.
        tables: What varies in it and what differs between two, its runs, groups of seeds, steps to
            thresholds; empty tables are left out.
        shared: Keys of ``same`` that the sections of many runs leave out; none for few runs.
        runs: In order; on paper those that are printed one by one.
        problems: Its runs that could not be used.
    """

    family: FamilyReport
    description: Markup
    finding: str
    figures: tuple[FigureView, ...]
    missing: tuple[str, ...]
    compared: str
    same: tuple[Fact, ...]
    tables: tuple[TableView, ...]
    shared: frozenset[str]
    runs: Sequence[RunView]
    problems: tuple[Problem, ...]

    @property
    def anchor(self) -> str:
        return f"family-{self.family.slug}"


def context(
    report: Report, *, medium: Medium, figure: Callable[[FigureView], Markup], **extra: Any
) -> dict[str, Any]:
    """What every template receives; ``docs/templates.md`` lists it.

    Args:
        report: The report.
        medium: ``screen`` or ``paper``; templates differ by it only where they must.
        figure: Draws a figure, or makes what stands for it until it is drawn.
        extra: Further names of the medium's own.
    """
    checks = [check for run in report.runs for check in run.checks] + list(report.checks)
    ends = standing.ends(report)
    printed = printed_runs(report) if medium == "paper" else None
    views, overview, lead = _figures_in_order(report, medium, printed)
    runs_table = _runs_table(report, medium, 1)
    lists = tuple(_long_lists(report, checks)) if medium == "screen" else ()
    diverged = any(family.ranking is not None and family.ranking.diverged for family in report.families)
    return {
        "medium": medium,
        "report": report,
        "created": _date_in_words(report.created),
        "description": markdown(report.description, whole=medium == "screen"),
        "synthetic": any(listed.synthetic for listed in report.lists),
        "status": words.status(report),
        "all_right": not report.problems
        and not diverged
        and all(check.outcome in ("passed", "waived") for check in checks),
        "unasked": words.unasked(report),
        "failed": _of(checks, "failed"),
        "unchecked": _of(checks, "not_checked"),
        "waived": _of(checks, "waived"),
        "checked": len(checks),
        "news": () if report.changes is None else sections(report.changes, title=tables.metric_title),
        "since": "" if report.changes is None else _date_in_words(report.changes["baseline"]["created"]),
        "pictures": old_and_new.pictures(report),
        "picture_size": (old_and_new.WIDTH, old_and_new.HEIGHT),
        "best": ends[0][2] if ends else None,
        "worst": ends[1][2] if len(ends) > 1 else None,
        "ends": ends,
        "findings": tuple(_findings(report, views, runs_table)),
        "lead": lead,
        "overview": overview,
        "runs_table": runs_table,
        "families": views,
        "many_lines": MANY_LINES,
        "many": medium == "screen" and len(report.runs) > MANY_RUNS,
        "most_rows": MOST_ROWS,
        "most_listed": MOST_LISTED,
        "most_printed": paper_limits.MOST_ROWS,
        "lists": lists,
        "long": {view.name: view for view in lists},
        "here": views,
        "parts": (),
        "defined": _defined(report, views, (runs_table, *(one for view in views for one in view.tables))),
        "smoothings": tuple(
            dict.fromkeys(captions.smoothing_sentence(family.spec.smoothing) for family in report.families)
        ),
        "theme": theme_of(report.lists),
        "loss": notation.loss,
        "count": words.count,
        "measured": lambda check: notation.measured(check.actual),
        "metric": tables.metric_title,
        "condition": notation.condition,
        "classes": _classes,
        "anchor": lambda name: _anchor(name) if medium == "screen" else Markup(""),
        "figure": figure,
        **extra,
    }


def _long_lists(report: Report, checks: Sequence[Check]) -> Iterator[TableView]:
    """Lists of which a page draws the rows that are seen."""
    wrong = [*_of(checks, "failed"), *_of(checks, "waived"), *_of(checks, "not_checked")]
    for name, caption, table in (
        ("expectations", "Expectations", long_lists.checks_table(wrong)),
        ("problems", "Problems", long_lists.problems_table(report.problems)),
        ("provenance", "Where every run came from", long_lists.sources_table(report.runs)),
    ):
        if len(table.rows) > MOST_ROWS:
            yield TableView(name, 0, caption, table)


def _defined(report: Report, views: Sequence[FamilyView], shown: Iterable[TableView]) -> frozenset[str]:
    """What the report uses of what it can define: keys of metrics, and of what figures show."""
    keys = {column.key for one in shown for column in one.table.columns if column.key not in one.hidden}
    keys |= {family.ranking.metric for family in report.families if family.ranking is not None}
    used = {key.rpartition(".")[2] for key in keys if not key.startswith("steps_to.")}
    losses = [run.loss.summary.metrics for run in report.runs if run.loss is not None]
    if any(_rank_of(family, 0) is None for family in report.families if family.runs):
        used |= {"final_loss", "avg_final_loss"}  # of each run's own section
    metrics = [run.summary.metrics for run in report.runs]
    plots = [one.plot for view in views for one in view.figures if isinstance(one.plot, Plot)]
    uses = {
        "thresholds": any(step is not None for one in losses for step in one.steps_to.values()),
        "nonfinite": any(one.nonfinite for one in metrics),
        "spikes": "spikes" in used or any(one.spikes for one in metrics),
        "lines": bool(plots),
        "bands": any(plot.bands != "none" for plot in plots),
        "nonpositive": any(one.nonpositive for one in metrics),
    }
    return frozenset((used - uses.keys()) | {key for key, is_used in uses.items() if is_used})


def _figures_in_order(
    report: Report, medium: Medium, printed: Mapping[str, Sequence[int]] | None
) -> tuple[tuple[FamilyView, ...], FigureView | None, FigureView | None]:
    """The families, the figure of all runs, and the one of them that a reader sees first.

    That is the first of a family that is alone, else the one of all runs; it stands nowhere else.
    """
    figure_number: Iterator[int] = counter(1)
    table_number = counter(2)  # The first table is of all runs.
    if len(report.families) != 1:
        overview = _overview(report, figure_number)
        views = tuple(
            _family(one, report, medium, printed, figure_number, table_number) for one in report.families
        )
        return views, overview, overview
    # In the order in which they are read: the family's first, that of all runs, the family's others.
    overview = _overview(report, counter(2))
    figure_number = counter(1) if overview is None else chain([1], counter(3))
    (view,) = (_family(one, report, medium, printed, figure_number, table_number) for one in report.families)
    if overview is not None and not view.figures:
        overview = replace(overview, number=1)
    lead = view.figures[0] if view.figures else overview
    return (view,), overview, lead


def _findings(report: Report, views: Sequence[FamilyView], runs: TableView) -> Iterator[FindingView]:
    """The sentences, each with the figure or table that shows it as the reader's medium has it."""
    places: dict[str, tuple[str, str]] = {}
    for view in views:
        slug = view.family.slug
        for drawn in view.figures:
            places[f"figures/{drawn.name}"] = drawn.anchor, f"Figure {drawn.number}"
        files = {f"family {slug}": f"tables/{slug}"} | {
            f"{kind} {slug}": f"tables/{slug}-{kind}" for kind in ("groups", "reference", "target")
        }
        for shown in view.tables:
            if shown.name in files:
                places[files[shown.name]] = shown.anchor, f"Table {shown.number}"
    if len(views) == 1:  # whose runs stand in the table of all
        places[f"tables/{views[0].family.slug}"] = runs.anchor, f"Table {runs.number}"
    for one in report.findings:
        anchor, place = places.get(one.shown_in, (f"family-{one.family}", ""))
        yield FindingView(one.text, one.family, anchor, place)


def _classes(*names: str) -> Markup:
    """The ``class`` attribute of an element, nothing where it has none."""
    return Markup(' class="{}"').format(" ".join(filter(None, names))) if any(names) else Markup("")


def _anchor(name: str) -> Markup:
    """A link from a heading or caption to itself."""
    return Markup('<a class="anchor" href="#{}" aria-label="Link to this place">#</a>').format(name)


def _of(checks: Sequence[Check], outcome: str) -> tuple[Check, ...]:
    return tuple(check for check in checks if check.outcome == outcome)


def _overview(report: Report, number: Iterator[int]) -> FigureView | None:
    """What runs are ranked by, of all of them, where any has a value."""
    plot = avg_final_loss(report)
    if plot is None:
        return None
    return FigureView(
        "all-avg-final-loss",
        next(number),
        "attribute",
        captions.overview(report.runs, plot),
        standing.sentences(report.families),
        plot,
    )


def _runs_table(report: Report, medium: Medium, number: int) -> TableView:
    """All runs; on paper, where each run is printed once, of several families a row each."""
    caption = f"All {words.count(len(report.runs), 'run')}." if len(report.runs) != 1 else "The one run."
    if len(report.families) == 1:
        (family,) = report.families
        return _runs_of(family, report, medium, replace(_NO_TABLE, number=number, caption=caption))
    if medium == "paper":
        caption = (
            f"The {words.count(len(report.families), 'family', 'families')}; each has a table of its runs."
        )
        shown = TableView("runs", number, caption, standing.families_table(report))
        return _cut(shown, report, "the attached report.json")
    metrics = dict.fromkeys(one.ranking.metric for one in report.families if one.ranking is not None)
    usual = _led(tables.usual_columns(report.runs), metrics)
    usual = (*usual[: 1 + len(metrics)], "family", *usual[1 + len(metrics) :])
    rest = _further_columns(report, report.runs, usual)
    table = _without_empty(tables.runs_table(report, (*usual, *rest)), rest)
    return TableView("runs", number, caption, table, _HIDDEN.union(rest))


def _led(keys: Sequence[str], metrics: Iterable[str]) -> tuple[str, ...]:
    """Columns with the label first, then what runs are ranked by: what a narrow screen has room for."""
    return tuple(dict.fromkeys(("label", *metrics, *keys)))


def _runs_of(family: FamilyReport, report: Report, medium: Medium, bare: TableView) -> TableView:
    """A table of a family's runs: the columns that its list names, else the usual ones.

    Paper names each run once more where its file is; so its tables have labels alone.
    """
    metrics = () if family.ranking is None else (family.ranking.metric,)
    columns = family.spec.columns or _led(tables.usual_columns(family.runs), metrics)
    if medium == "paper":
        if family.spec.columns is None:
            columns = tuple(key for key in columns if key != "name")
        whole = replace(bare, table=tables.family_table(family, columns))
        return _cut(whole, report, f"tables/{family.slug}.csv", family)
    rest = _further_columns(report, family.runs, columns)
    hidden = frozenset(rest) if family.spec.columns else _HIDDEN.union(rest)
    table = _without_empty(tables.family_table(family, (*columns, *rest)), rest)
    return replace(bare, table=table, hidden=hidden)


def _cut(view: TableView, report: Report, file: str, family: FamilyReport | None = None) -> TableView:
    """A table as paper prints it: of very many rows some, and its caption says so."""
    table, says = cut_table(view.table, len(report.families), family=family, file=file)
    return replace(view, table=table, caption=view.caption + says)


def _further_columns(report: Report, runs: Sequence[RunReport], shown: Sequence[str]) -> tuple[str, ...]:
    """Columns that a reader may ask for, on a page that is not too long already."""
    if len(report.runs) > _MANY_COLUMNS:
        return ()
    return tuple(key for key in tables.all_columns(runs) if key not in shown)


def _without_empty(table: Table, keys: Sequence[str]) -> Table:
    """``table`` less those columns of ``keys`` that no row fills."""
    kept = [
        i
        for i, column in enumerate(table.columns)
        if column.key not in keys or any(row.cells[i].value not in (None, "") for row in table.rows)
    ]
    return Table(
        tuple(table.columns[i] for i in kept),
        tuple(Row(tuple(row.cells[i] for i in kept), row.run, row.family) for row in table.rows),
    )


def _family(
    family: FamilyReport,
    report: Report,
    medium: Medium,
    printed: Mapping[str, Sequence[int]] | None,
    figure_number: Iterator[int],
    table_number: Iterator[int],
) -> FamilyView:
    figures = tuple(_family_figures(family, medium, figure_number))
    many = len(report.runs) > MANY_RUNS
    shared = _shared_config(family.runs) if len(family.runs) >= MANY_LINES else {}
    places = range(len(family.runs)) if printed is None else printed[family.slug]
    return FamilyView(
        family=family,
        description=markdown(family.spec.description, whole=medium == "screen"),
        finding=standing.sentence(family),
        figures=figures,
        missing=_missing_figures(family, {drawn.kind for drawn in figures}),
        compared=_compared(family) if medium == "screen" else "",
        same=tuple(_same(family)),
        tables=tuple(
            one if medium == "screen" or one.name == f"family {family.slug}" else _cut(one, report, "tables/")
            for one in _family_tables(family, report, medium, table_number)
        ),
        shared=frozenset(shared),
        runs=RunViews(
            places, partial(_run_at, family=family, shared=shared.keys(), medium=medium, many=many)
        ),
        problems=tuple(problem for problem in report.problems if problem.family == family.name),
    )


def _family_figures(family: FamilyReport, medium: Medium, number: Iterator[int]) -> Iterator[FigureView]:
    """The figures that the list asks for, as far as there is anything to draw."""
    if not family.runs:
        return
    finding = standing.sentence(family)
    kinds = figure_kinds()
    if len(family.runs) >= MANY_LINES:  # what a sweep came to is seen before its many lines
        kinds = {"by": kinds["by"], **kinds}
    for key, kind in kinds.items():
        if key in family.spec.figures and (plot := kind.plot(family)) is not None:
            name, says = f"{family.slug}-{key}", kind.says(family, plot)
            if medium == "paper" and says.state.get("band") == "pointed":  # nobody points there
                says = replace(says, state={**says.state, "band": "none"})
            yield FigureView(name, next(number), key, says, finding, plot, family.slug, family.name)


def _missing_figures(family: FamilyReport, drawn: Container[str]) -> tuple[str, ...]:
    """Why there is no figure of a kind that the list asks for, a sentence each; none where no run is left."""
    wanted = family.spec.figures if family.runs else ()
    kinds = figure_kinds()
    reasons = [kinds[key].why_not(family) for key in kinds if key in wanted and key not in drawn]
    return tuple(filter(None, reasons))


def _family_tables(
    family: FamilyReport, report: Report, medium: Medium, number: Iterator[int]
) -> Iterator[TableView]:
    """The tables of a family, as far as there is anything in them."""
    name, slug = words.shortened(family.name, 80), family.slug
    if not family.runs:
        return
    yield from _differences(family, number)
    if len(report.families) > 1:  # of a family that is alone the table of all runs says the same
        bare = replace(_NO_TABLE, name=f"family {slug}", number=next(number), caption=f"{name}: its runs.")
        yield _runs_of(family, report, medium, bare)
    groups = tables.groups_table(family)
    if groups.rows:
        yield TableView(f"groups {slug}", next(number), words.groups_caption(family), groups)
    for kind, said, against in reference_tables.tables_of(family):
        yield TableView(f"{kind} {slug}", next(number), said, against)
    for table, spec, made in paper_tables.named(family):
        crossed = paper_tables.shown(family, spec, made)
        yield TableView(f"table {table}", next(number), paper_tables.caption(spec, made), crossed)
    reached = tables.thresholds_table(family, names=medium == "screen")
    if any(column.key.startswith("steps_to.") for column in reached.columns):
        yield TableView(
            f"thresholds {slug}",
            next(number),
            f"{name}: the first step at which the centred rolling mean of the loss is below each threshold.",
            reached,
        )


def _differences(family: FamilyReport, number: Iterator[int]) -> Iterator[TableView]:
    """What varies in a family, and what differs between two of it or from its reference."""
    name, slug = words.shortened(family.name, 80), family.slug
    sides = varied_tables.sides(family)
    made = varied_tables.varied_table(family)
    if made.rows and len(sides) != 2:  # of two the other table says it
        said = f"{name}: what varies among its {words.count(len(family.runs), 'run')}."
        yield TableView(f"varied {slug}", next(number), said, made)
    if sides and (made := varied_tables.differences_table(sides)).rows:
        groups = "groups" if family.grouping.groups else "runs"
        which = f"the two {groups}" if len(sides) == 2 else f"{sides[0][0]}, the reference, and the others"
        said = f"{name}: where the configurations of {which} differ."
        yield TableView(f"differs {slug}", next(number), said, made)


def _compared(family: FamilyReport) -> str:
    """Configurations of which a reader chooses two."""
    found = varied_tables.choice(family)
    groups = [[visible(words.shortened(group.label, 80)), *group.runs] for group in family.grouping.groups]
    if len(family.runs) + len(groups) < 3 or not found.paths:
        return ""  # the two stand in a table
    made = {
        "paths": [visible(path) for path in found.paths],
        "words": [[visible(word) for word in some] for some in found.words],
        "places": found.places,
        "runs": [visible(words.shortened(run.label, 80)) for run in family.runs],
        "groups": groups if len(groups) > 1 else [],
    }
    text = json.dumps(made, separators=(",", ":"))
    return text if len(text) <= _MOST_COMPARED else ""


def _same(family: FamilyReport) -> Iterator[Fact]:
    """What all configurations of a family have in common, by path; none of a run alone."""
    configs = [run.config for run in family.runs if run.config]
    if len(configs) < 2:
        return
    found = varied_tables.common(configs)
    for path, value in found.items():
        yield Fact(path, _as_json(value))
    for key, text in _shared_config([run for run in family.runs if run.config]).items():
        if key not in found and not any(path.startswith(f"{key}.") for path in found):
            yield Fact(key, text)  # null, or empty


def _shared_config(runs: Sequence[RunReport]) -> dict[str, str]:
    """Key and text of what every run's ``Config`` holds alike."""
    first = {str(key): _as_json(value) for key, value in runs[0].config.items()}
    for run in runs[1:]:
        other = {str(key): _as_json(value) for key, value in run.config.items()}
        first = {key: text for key, text in first.items() if other.get(key) == text}
    return first


def _rank_of(family: FamilyReport, at: int) -> Fact | None:
    """What the run at ``at`` is ranked by; None where that is AvgFinalLoss, or nothing."""
    ranking = family.ranking
    if ranking is None or ranking.metric == "avg_final_loss":
        return None
    return Fact(tables.metric_title(ranking.metric), standing.value_of(family, at))


def _run_at(at: int, *, family: FamilyReport, shared: Container[str], medium: Medium, many: bool) -> RunView:
    return _run(family.runs[at], family, _rank_of(family, at), shared, medium, many=many)


def _run(
    run: RunReport,
    family: FamilyReport,
    rank: Fact | None,
    shared: Container[str],
    medium: Medium,
    *,
    many: bool,
) -> RunView:
    value = notation.loss(run.summary.metrics.avg_final_loss) if rank is None else rank.value
    finding = words.run_finding(run, "AvgFinalLoss" if rank is None else rank.term, value)
    return RunView(
        run=run,
        family=family.spec,
        line=run_line(run, category(0), run.label),
        value=value,
        finding=finding,
        facts=tuple(_facts(run, rank)),
        config=tuple(
            Fact(str(key), _as_json(value)) for key, value in run.config.items() if str(key) not in shared
        ),
        marks=words.mark_sentences(run),
        events=event_sentences(run),
        map=None if run.analysis is None else analysis_map(run.analysis),
        figures=_run_figures(run, family, finding, many=many) if medium == "screen" else (),
    )


def _run_figures(run: RunReport, family: FamilyReport, finding: str, *, many: bool) -> tuple[FigureView, ...]:
    smoothing = family.spec.smoothing
    early, whole = run_early(family, run, points=_RAW_POINTS if many else None), run_whole(family, run)
    return tuple(
        FigureView(
            f"runs/{run.slug}-{kind}",
            0,
            f"run-{kind}",
            captions.run(run, smoothing, plot, early=kind == "linear"),
            finding,
            plot,
            family.slug,
            family.name,
            run.slug,
        )
        for kind, plot in (("linear", early), ("log", whole))
    )


def _as_json(value: object) -> str:
    """A value of ``Config``: JSON, a plain text without its quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _facts(run: RunReport, rank: Fact | None) -> Iterator[Fact]:
    """What Part 2 of the notebook prints, or what the run is ranked by; and how many steps there were."""
    config, metrics = run.config, run.summary.metrics
    if rank is None:
        yield Fact("AvgFinalLoss", notation.loss(metrics.avg_final_loss))
        yield Fact("Final loss", notation.loss(metrics.final_loss))
    else:
        yield rank
    yield Fact(f"{step_unit([run]).capitalize()}s", notation.grouped(run.trained_steps))
    shares = question_shares(run.attributes, config)
    if shares is not None:
        yield Fact("Add, Sub, Mult", ", ".join(f"{share:g}\N{NO-BREAK SPACE}%" for share in shares))
    mode = run.attributes.get("insert_mode")
    if mode is not None:
        yield Fact("Insert mode", f"{mode} (none)" if mode == 0 else str(mode))
    if run.spec.initialised_from is not None:
        yield Fact("Initialised from", run.spec.initialised_from)
    for term, key in (
        ("Weight decay", "weight_decay"),
        ("Learning rate", "lr"),
        ("Batch size", "batch_size"),
    ):
        if config.get(key) is not None:
            yield Fact(term, _number_of_config(config[key]))
    for term, text in () if run.analysis is None else analysis.in_words(run.analysis):
        yield Fact(term, text)


def _number_of_config(value: object) -> str:
    return notation.number(value) if type(value) in (int, float) else _as_json(value)  # type: ignore[arg-type]


def _date_in_words(created: str) -> str:
    moment = datetime.datetime.fromisoformat(created).astimezone(datetime.UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
