"""A Report -> what the templates receive, the same for screen and paper."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from itertools import count as counter
from typing import Any

from markupsafe import Markup

from reportgen import notation, tables
from reportgen.figure_kinds import figure_kinds
from reportgen.figures import captions
from reportgen.figures.families import MANY_LINES
from reportgen.figures.overview import avg_final_loss
from reportgen.figures.plot import Plot
from reportgen.figures.series import family_series
from reportgen.news import sections
from reportgen.outputs import old_and_new, paper_limits, standing, words
from reportgen.outputs.page_tables import MOST_ROWS
from reportgen.outputs.paper_limits import printed_runs
from reportgen.outputs.run_views import gap_form, gap_of, rank_of, run_at
from reportgen.outputs.sources import digest_title, source_lines
from reportgen.outputs.table_views import (
    compared,
    cut,
    family_tables,
    long_tables,
    of_outcome,
    runs_table,
    same,
    shared_config,
)
from reportgen.outputs.templating import markdown
from reportgen.outputs.theme import theme_of
from reportgen.outputs.views import FamilyView, FigureView, FindingView, Medium, RunViews, TableView
from reportgen.report import FamilyReport, Report

__all__ = ["MANY_RUNS", "MOST_LISTED", "context"]

MANY_RUNS = 100
"""In a report of more, a page makes sections of runs, and what is far from the view, when they are wanted."""
MOST_LISTED = 100
"""Families that the table of contents names."""
_ALONE = "Figures and tables"
"""What the section of a family is called whose name is the title of the report, as of a folder."""


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
    groups_first = _groups_first(report)
    all_runs = runs_table(report, medium, len(views[0].tables) + 1 if groups_first else 1)
    lists = tuple(long_tables(report, checks)) if medium == "screen" else ()
    sources = source_lines(report.runs)
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
        "failed": of_outcome(checks, "failed"),
        "unchecked": of_outcome(checks, "not_checked"),
        "waived": of_outcome(checks, "waived"),
        "checked": len(checks),
        "news": () if report.changes is None else sections(report.changes, title=tables.metric_title),
        "since": "" if report.changes is None else _date_in_words(report.changes["baseline"]["created"]),
        "pictures": old_and_new.pictures(report),
        "picture_size": (old_and_new.WIDTH, old_and_new.HEIGHT),
        "best": ends[0][2] if ends else None,
        "worst": ends[1][2] if len(ends) > 1 else None,
        "ends": ends,
        "findings": tuple(_findings(report, views, all_runs)),
        "lead": lead,
        "overview": overview,
        "runs_table": all_runs,
        "groups_first": groups_first,
        "families": views,
        "many_lines": MANY_LINES,
        "many": medium == "screen" and len(report.runs) > MANY_RUNS,
        "most_rows": MOST_ROWS,
        "most_listed": MOST_LISTED,
        "most_printed": paper_limits.MOST_ROWS,
        "sources": sources,
        "digest_title": digest_title(sources),
        "left_out": paper_limits.left_out(report),
        "lists": lists,
        "long": {view.name: view for view in lists},
        "here": views,
        "parts": (),
        "defined": _defined(report, views, (all_runs, *(one for view in views for one in view.tables))),
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


def _defined(report: Report, views: Sequence[FamilyView], shown: Iterable[TableView]) -> frozenset[str]:
    """What the report uses of what it can define: keys of metrics, and of what figures show."""
    keys = {column.key for one in shown for column in one.table.columns if column.key not in one.hidden}
    keys |= {family.ranking.metric for family in report.families if family.ranking is not None}
    used = {key.rpartition(".")[2] for key in keys if not key.startswith("steps_to.")}
    losses = [run.loss.summary.metrics for run in report.runs if run.loss is not None]
    if any(rank_of(family, 0) is None for family in report.families if family.runs):
        used |= {"final_loss", "avg_final_loss"}  # of each run's own section
    metrics = [run.summary.metrics for run in report.runs]
    plots = [one.plot for view in views for one in view.figures if isinstance(one.plot, Plot)]
    uses = {
        "thresholds": any(step is not None for one in losses for step in one.steps_to.values()),
        "nonfinite": any(one.nonfinite for one in metrics),
        "spikes": "spikes" in used or any(one.spikes for one in metrics),
        "gap": any(gap_of(run) is not None for run in report.runs),
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
        shown = report.families if medium == "screen" else paper_limits.printed_families(report)
        views = tuple(_family(one, report, medium, printed, figure_number, table_number) for one in shown)
        return views, overview, overview
    if _groups_first(report):
        (view,) = (_family(one, report, medium, printed, counter(1), counter(1)) for one in report.families)
        overview = _overview(report, counter(len(view.figures) + 1))
        return (view,), overview, view.figures[0] if view.figures else overview
    # In the order in which they are read: the family's first, that of all runs, the family's others.
    overview = None if _shown_by(report.families[0]) else _overview(report, counter(2))
    figure_number = counter(1) if overview is None else chain([1], counter(3))
    (view,) = (_family(one, report, medium, printed, figure_number, table_number) for one in report.families)
    if overview is not None and not view.figures:
        overview = replace(overview, number=1)
    lead = view.figures[0] if view.figures else overview
    return (view,), overview, lead


def _shown_by(family: FamilyReport) -> bool:
    """Whether a figure of its own shows what a family's runs come to, against what varies among them."""
    return bool(family.runs) and "by" in family.spec.figures and bool(family.effects)


def _groups_first(report: Report) -> bool:
    """Whether what the groups of many runs came to is read before the table of all these runs."""
    return len(report.families) == 1 and any(
        len(family.runs) >= MANY_LINES and family.grouping.groups for family in report.families
    )


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
    here = {view.family.slug: (view.anchor, "") for view in views}
    for one in report.findings:
        of_family = here.get(one.family, (runs.anchor, f"Table {runs.number}"))  # without a section on paper
        yield FindingView(one.text, one.family, *places.get(one.shown_in, of_family))


def _classes(*names: str) -> Markup:
    """The ``class`` attribute of an element, nothing where it has none."""
    return Markup(' class="{}"').format(" ".join(filter(None, names))) if any(names) else Markup("")


def _anchor(name: str) -> Markup:
    """A link from a heading or caption to itself."""
    return Markup('<a class="anchor" href="#{}" aria-label="Link to this section">#</a>').format(name)


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
    shared = shared_config(family.runs) if len(family.runs) >= MANY_LINES else {}
    places = range(len(family.runs)) if printed is None else printed[family.slug]
    view = partial(
        run_at,
        family=family,
        shared=shared.keys(),
        gaps=gap_form(family),
        medium=medium,
        many=many,
    )
    return FamilyView(
        family=family,
        heading=_ALONE if len(report.families) == 1 and family.name == report.title else family.name,
        description=markdown(family.spec.description, whole=medium == "screen"),
        finding=standing.sentence(family),
        figures=figures,
        missing=_missing(family, {drawn.kind for drawn in figures}, medium),
        compared=compared(family) if medium == "screen" else "",
        same=tuple(same(family)),
        tables=tuple(
            one if medium == "screen" or one.name == f"family {family.slug}" else cut(one, report, "tables/")
            for one in family_tables(family, report, medium, table_number)
        ),
        shared=frozenset(shared),
        runs=RunViews(places, view),
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
            says = _as_seen(says, medium)
            yield FigureView(name, next(number), key, says, finding, plot, family.slug, family.name)
    for end, shown, caption in family_series(family):
        name, says = f"{family.slug}-{end}", _as_seen(caption, medium)
        yield FigureView(name, next(number), "series", says, says.text, shown, family.slug, family.name)


def _as_seen(says: captions.Caption, medium: Medium) -> captions.Caption:
    """A caption without what is said of a pointer, where nobody points."""
    if medium == "paper" and says.state.get("band") == "pointed":
        return replace(says, state={**says.state, "band": "none"})
    return says


def _missing(family: FamilyReport, drawn: Container[str], medium: Medium) -> tuple[str, ...]:
    """Why there is no figure of a kind that the list asks for; none where no run is left.

    The page also says what would group runs that form no group: whoever reads paper cannot change that.
    """
    wanted = family.spec.figures if family.runs else ()
    kinds = figure_kinds()
    reasons = [kinds[key].why_not(family) for key in kinds if key in wanted and key not in drawn]
    if medium == "screen" and "seeds" not in wanted:  # else its reason says what would group the runs
        reasons.append(family.grouping.needed)
    return tuple(filter(None, reasons))


def _date_in_words(created: str) -> str:
    moment = datetime.datetime.fromisoformat(created).astimezone(datetime.UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
