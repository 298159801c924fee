"""The section of each run: what is known of it, and its figures."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator

from reportgen import analysis, notation, tables
from reportgen.figures import captions
from reportgen.figures.evaluations import evaluation_of
from reportgen.figures.families import run_line
from reportgen.figures.plot import Line
from reportgen.figures.runs import run_early, run_whole
from reportgen.figures.series import drawn_series, run_series
from reportgen.figures.style import category
from reportgen.naming import question_shares
from reportgen.notation import count
from reportgen.outputs import standing, words
from reportgen.outputs.analysis_map import analysis_map
from reportgen.outputs.happened import event_sentences
from reportgen.outputs.views import Fact, FigureView, Medium, RunView
from reportgen.report import FamilyReport, RunReport, step_unit

__all__ = ["as_json", "gap_form", "gap_of", "rank_of", "run_at"]

_MOST_LISTED = 24
# In a report of many runs a page holds each run's first raw losses as so many ranges.
_RAW_POINTS = 300


def rank_of(family: FamilyReport, at: int) -> Fact | None:
    """What the run at ``at`` is ranked by; None where that is AvgFinalLoss, or nothing."""
    ranking = family.ranking
    if ranking is None or ranking.metric == "avg_final_loss":
        return None
    return Fact(tables.metric_title(ranking.metric), standing.value_of(family, at))


def run_at(
    at: int,
    *,
    family: FamilyReport,
    shared: Container[str],
    gaps: notation.Form,
    medium: Medium,
    many: bool,
) -> RunView:
    """The view of the run at ``at``.

    Args:
        at: Its place in the family.
        family: Its family.
        shared: Keys of the configuration that the family tells.
        gaps: Of ``gap_form``: asked for once, not once a run.
        medium: Where it is shown.
        many: Whether the page has many runs.
    """
    return _run(family.runs[at], family, rank_of(family, at), shared, gaps, medium, many=many)


def _run(
    run: RunReport,
    family: FamilyReport,
    rank: Fact | None,
    shared: Container[str],
    gaps: notation.Form,
    medium: Medium,
    *,
    many: bool,
) -> RunView:
    value = notation.loss(run.summary.metrics.avg_final_loss) if rank is None else rank.value
    finding = words.run_finding(run, "AvgFinalLoss" if rank is None else rank.term, value)
    line = run_line(run, category(0), run.label)
    return RunView(
        run=run,
        family=family.spec,
        line=line,
        value=value,
        finding=finding,
        facts=tuple(_facts(run, rank, gaps)),
        config=tuple(
            Fact(str(key), as_json(value)) for key, value in run.config.items() if str(key) not in shared
        ),
        marks=words.mark_sentences(run),
        events=event_sentences(run),
        map=None if run.analysis is None else analysis_map(run.analysis),
        figures=_run_figures(run, family, line, finding, many=many) if medium == "screen" else (),
        others=tuple(_other_figures(run, family)) if medium == "screen" and not many else (),
        series=tables.series_table(run, _MOST_LISTED) if medium == "screen" else None,
        unlisted=tuple(one.title or one.name for one in list(run.series.values())[_MOST_LISTED:]),
    )


def _other_figures(run: RunReport, family: FamilyReport) -> Iterator[FigureView]:
    """Small figures of a run's other series."""
    for number, name in enumerate(drawn_series(run)):
        one = run.series[name]
        own, plot = run_series(family, run, name)
        says = captions.of_series(own, family.spec.smoothing, plot)
        yield FigureView(
            f"runs/{run.slug}-series-{number}",
            0,
            "run-series",
            says,
            f"{one.title or name}: {count(one.summary.metrics.steps, 'entry', 'entries')}.",
            plot,
            family.slug,
            family.name,
            run.slug,
        )


def _run_figures(
    run: RunReport, family: FamilyReport, line: Line, finding: str, *, many: bool
) -> tuple[FigureView, ...]:
    smoothing = family.spec.smoothing
    early = run_early(family, run, points=_RAW_POINTS if many else None)
    whole = run_whole(family, run, smooth=line)
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


def as_json(value: object) -> str:
    """A value of ``Config``: JSON, a plain text without its quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _facts(run: RunReport, rank: Fact | None, gaps: notation.Form) -> Iterator[Fact]:
    """What Part 2 of the notebook prints, or what the run is ranked by; and how many steps there were."""
    config, metrics = run.config, run.summary.metrics
    if rank is None:
        yield Fact("AvgFinalLoss", notation.loss(metrics.avg_final_loss))
        yield Fact("Final loss", notation.loss(metrics.final_loss))
    else:
        yield rank
    yield Fact(f"{step_unit([run]).capitalize()}s", notation.grouped(run.trained_steps))
    gap = gap_of(run)
    if gap is not None:
        yield Fact("Evaluation less training", _signed(gap, gaps))
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


def gap_of(run: RunReport) -> float | None:
    """By how much the last evaluation lies above the end of training; None where there is no evaluation."""
    one, end = evaluation_of(run), run.summary.metrics.end
    last = None if one is None else one.summary.metrics.final_loss
    return None if last is None or end is None else last - end


def gap_form(family: FamilyReport) -> notation.Form:
    """How the gaps of a family's runs are written."""
    return notation.form_of([abs(gap) for run in family.runs if (gap := gap_of(run))])


def _signed(gap: float, form: notation.Form) -> str:
    """A gap with its sign: +0.0351."""
    text = form(abs(gap))
    return text if not gap else f"{notation.MINUS if gap < 0 else '+'}{text}"


def _number_of_config(value: object) -> str:
    return notation.number(value) if type(value) in (int, float) else as_json(value)  # type: ignore[arg-type]
