"""The comparisons of a family's runs, as plots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from reportgen.curves.summary import THRESHOLDS, Curve
from reportgen.figures.clocks import clocks_of, same_clocks, with_clocks
from reportgen.figures.crowds import CROWD, Part, crowd_of, curve_of
from reportgen.figures.evaluations import evaluated_lines, evaluation_title, with_evaluations
from reportgen.figures.plot import Axis, Line, Plot, Range
from reportgen.figures.scales import counting, last_shown, step_ranges, value_ranges
from reportgen.figures.spikes import Spikes, spikes_of, without_spikes
from reportgen.figures.style import MOST_NAMED, LineStyle, line_styles, named_styles
from reportgen.figures.traces import Drawn
from reportgen.figures.vocabulary import INTERVAL_FROM, SMOOTHERS, THRESHOLD, step_title, with_unit
from reportgen.inference import quantile
from reportgen.kinds import FloatArray, IntArray
from reportgen.notation import count, power_of_ten
from reportgen.report import FamilyReport, RunReport, step_unit
from reportgen.text import told_apart

__all__ = [
    "MANY_LINES",
    "all_steps",
    "between",
    "diverged",
    "end",
    "first_steps",
    "is_geometric",
    "line_name",
    "log_steps",
    "run_line",
    "seeds",
    "thresholds",
    "value_title",
]

MANY_LINES = MOST_NAMED + 1
"""From this many lines on a figure mutes all of them and names those for which there is room."""

SHORT = 28
"""Characters of a run's name where its line ends."""

_GROUP = "{} group "
_BANDED = 3
"""Up to this many lines all have bands; of more, the one that is pointed at."""
_LAST_PART = 0.2
_FEWEST = 5
"""Entries that the end of a run shows at least."""
_UNLIKE = 0.1
"""Runs whose lengths differ by a larger part end at shares of the run, not at steps."""


def value_title(family: FamilyReport) -> str:
    """What the axis of the ranked series is called, with the list's unit."""
    ranked = family.runs[0].series[family.runs[0].ranked] if family.runs else None
    return "" if ranked is None else with_unit(ranked.title or "Training loss", ranked.unit)


def diverged(run: RunReport) -> bool:
    """Whether a run ends in values that are not finite, so that axes do not follow it."""
    return run.summary.metrics.end_diverged


def all_steps(family: FamilyReport) -> Plot | None:
    """All steps on the scales that the lines need; groups first, their runs behind, where runs are many."""
    lines, crowd = _lines(family)
    return _over_steps(family, lines, x_range=family.spec.x_range, crowd=crowd)


def log_steps(family: FamilyReport) -> Plot | None:
    """All steps of the longest run, losses on a log axis."""
    lines, crowd = _lines(family, grouped=False)
    return _over_steps(family, lines, x_range=family.spec.x_range, y_scale="log", x_scale="step", crowd=crowd)


def first_steps(family: FamilyReport) -> Plot | None:
    """The first ``linear_steps``, losses on a linear axis."""
    lines, crowd = _lines(family, part="early", grouped=False)
    last = min(max((last_shown(line) for line in lines), default=1.0), float(family.spec.linear_steps))
    return _over_steps(
        family,
        lines,
        whole=(0.0, last or 1.0),
        y_scale="linear",
        x_scale="step",
        settled=False,
        crowd=crowd,
    )


def end(family: FamilyReport) -> Plot | None:
    """The last fifth of each run on its own scale, against the share of the run where lengths differ."""
    ends, crowd = _lines(family, part="end")
    lasts = [line.last for line in ends]
    alike = not lasts or min(lasts) >= (1 - _UNLIKE) * max(lasts)
    return _over_steps(
        family, ends, x_scale="step" if alike else "share", settled=False, tight=True, crowd=crowd
    )


def seeds(family: FamilyReport) -> Plot | None:
    """Seeds of one configuration as one line; None where no two runs differ by their seed only."""
    lines = _group_lines(family)
    if not lines:
        return None
    return _over_steps(family, lines, y_scale="log", x_scale="step", bands="all")


def thresholds(family: FamilyReport) -> Plot | None:
    """The first step at which each run's rolling mean is below each threshold.

    None where no run reaches any, or where there are more runs than a legend can name.
    """
    reached = [[run.summary.metrics.steps_to[key] for key in THRESHOLDS] for run in family.runs]
    steps = [step for run in reached for step in run if step is not None]
    if not steps or len(family.runs) > MOST_NAMED:
        return None
    places = np.arange(len(THRESHOLDS))
    lines = []
    for (run, style, short), own in zip(_styled(family), reached, strict=True):
        values = np.array([np.nan if step is None else step for step in own], dtype=np.float64)
        curve = Drawn(places, values, values, values)
        lines.append(Line(run.slug, run.label, short, curve, style, _note(run)))
    x_range = (-0.25, len(THRESHOLDS) - 0.75)
    return Plot(
        tuple(lines),
        Axis(THRESHOLD, "step", {"step": x_range}, ticks=tuple(map(power_of_ten, THRESHOLDS))),
        Axis("First step below", "linear", {"linear": (0.0, 1.04 * max(steps) + 1)}, whole=True),
        "none",
        ("First step below", "", ""),
        marks=True,
    )


def _over_steps(
    family: FamilyReport,
    lines: Sequence[Line],
    *,
    x_range: Range | None = None,
    whole: Range | None = None,
    y_scale: str | None = None,
    x_scale: str | None = None,
    settled: bool = True,
    tight: bool = False,
    bands: str | None = None,
    crowd: str = "",
) -> Plot | None:
    """Lines over steps.

    Args:
        family: Theirs.
        lines: In the legend's order.
        x_range: The list's own, kept exactly; its steps are shown as steps.
        whole: The range of steps where it is not that of the lines.
        y_scale: Of values; what the lines need by default.
        x_scale: Of steps; the same.
        settled: See ``value_ranges``.
        tight: Whether the axis of steps begins where the lines do.
        bands: Which lines have one; by their number where the list does not say.
        crowd: What is seen of a family that is too large to show every line.
    """
    if not lines:
        return None
    if len(lines) >= MANY_LINES:
        lines = [replace(line, evaluation=None) for line in lines]
    lines, clock_ranges, clock_titles = with_clocks(lines, step_unit(family.runs))
    counted = counting([line for line in lines if not line.behind] or lines)
    x = _tight(lines) if tight else dict(step_ranges(lines))
    x |= clock_ranges
    if whole or x_range:
        x = {"step": whole or x_range or (0.0, 1.0)} | x | {"step": whole or x_range or (0.0, 1.0)}
    scale = "step" if x_range else x_scale or next(iter(x))
    shown = x["step"] if scale == "step" else None
    points = any(line.evaluation is not None for line in lines)
    y = value_ranges(with_evaluations(counted), shown, settled=settled)
    chosen = y_scale or next(iter(y))
    y.setdefault(chosen, (0.1, 1.0) if chosen == "log" else (0.0, 1.0))
    exact = family.spec.y_range
    if exact:
        y = {name: exact for name in y if name != "log" or exact[0] > 0}
        chosen = chosen if chosen in y else "linear"
        y.setdefault(chosen, exact)
    nothing = _nothing(family, log=chosen == "log")
    few = len(lines) <= _BANDED if family.spec.bands is None else family.spec.bands
    if crowd and lines[0].words:  # the median's band is of the runs
        bands = "all"
    return Plot(
        tuple(lines),
        Axis(step_title(step_unit(family.runs)), scale, x, exact=x_range is not None, whole=True),
        Axis(value_title(family), chosen, y, exact=exact is not None),
        bands or ("all" if few and len(lines) < MANY_LINES else "pointed"),  # type: ignore[arg-type]
        _group_words(family, lines) or (line_name(family), "Rolling minimum", "Rolling maximum"),
        nothing,
        titles={
            "step": step_title(step_unit(family.runs)),
            "log": step_title(step_unit(family.runs)),
            "share": "Share of the run",
            **clock_titles,
        },
        evaluation=evaluation_title(family.runs) if points else "",
        crowd=crowd,
    )


def _group_words(family: FamilyReport, lines: Sequence[Line]) -> tuple[str, str, str] | None:
    """What the values of groups are called; None where lines are of runs."""
    if not any(line.id.startswith(_GROUP.format(family.slug)) for line in lines):
        return None
    if any(line.behind for line in lines):  # single runs can be pointed at too; the caption says what is what
        return "Line", "Band from", "Band to"
    sizes = [len(runs) for _, runs in _groups(family)]
    mean = "Geometric mean" if is_geometric(family) else "Mean"
    if min(sizes) >= INTERVAL_FROM:
        return mean, "95 % interval from", "95 % interval to"
    if max(sizes) < INTERVAL_FROM:
        return mean, "Minimum of the runs", "Maximum of the runs"
    return mean, "Band from", "Band to"


def line_name(family: FamilyReport) -> str:
    """What a family's smoothed line is called where there is little room."""
    name = SMOOTHERS[family.spec.smoothing.smoother]
    return name[0].upper() + name[1:]


def _tight(lines: Sequence[Line]) -> dict[str, Range]:
    """Ranges of axes that begin where the first line does."""
    first = min(float(line.curve.step[0]) for line in lines)
    last = max(last_shown(line) for line in lines)
    share = min(float(line.curve.step[0]) / line.last for line in lines)
    return {"step": (first, max(last, first + 1)), "share": (min(math.floor(20 * share) / 20, 0.95), 1.0)}


def _nothing(family: FamilyReport, *, log: bool) -> str:
    """What stands in a figure without a line: the caption says why where it is not the losses."""
    greatest = [run.summary.raw.max[np.isfinite(run.summary.raw.max)] for run in family.runs]
    if any((losses > 0).any() if log else len(losses) for losses in greatest):
        return "Nothing to show"
    return "No loss above zero" if log else "No finite loss"


def _styled(family: FamilyReport) -> list[tuple[RunReport, LineStyle, str]]:
    """Each run with its style and its short name."""
    shorts = told_apart([run.label for run in family.runs], SHORT)
    return list(zip(family.runs, line_styles(family), shorts, strict=True))


def _note(run: RunReport) -> str:
    return "" if run.spec.name == run.label else run.spec.name


def _lines(family: FamilyReport, *, part: Part = "all", grouped: bool = True) -> tuple[list[Line], str]:
    """The lines of a figure of runs; and what is seen of a family that is too large to show every line.

    Args:
        family: Theirs.
        part: Which part of each run.
        grouped: Whether groups stand in front of runs that are too many to be told apart.
    """
    if len(family.runs) > CROWD:
        groups = _groups_in_front(family, part) if grouped else []
        crowd = crowd_of(family, part, partial(run_line, part=part), partial(_clean, part=part), groups)
        return list(crowd.lines), crowd.says
    lines = [run_line(run, style, short, part=part) for run, style, short in _styled(family)]
    lines = evaluated_lines(family, lines, ends=part == "end")
    if not grouped or len(lines) < MANY_LINES:
        return lines, ""
    groups = _groups_in_front(family, part)
    behind = [replace(one, behind=True, spikes=()) for one in lines] if groups else lines
    return [*groups, *behind], ""


def _groups_in_front(family: FamilyReport, part: Part) -> list[Line]:
    """The lines of a family's groups; none where they are too many to be told apart, or one alone."""
    counted = sum(bool(group.counted) for group in family.grouping.groups)
    if not 2 <= counted <= MOST_NAMED:
        return []
    groups = _group_lines(family)
    return [_ending(one) for one in groups] if part == "end" else groups


def run_line(run: RunReport, style: LineStyle, short: str, *, part: Part = "all") -> Line:
    """A run's smoothed line, its spikes apart.

    Args:
        run: The run.
        style: How it is drawn.
        short: Its name where there is little room.
        part: All of it, its first steps in finer points, or its last fifth.
    """
    summary = run.summary
    spikes = spikes_of(summary.raw, summary.metrics.spikes)
    whole = bool(summary.curve.step[-1] + 1 == summary.metrics.steps)

    def shown(curve: Curve) -> Drawn:
        line, top = without_spikes(curve, summary.raw, spikes, summary.window)
        if summary.window == 1:
            line = _through(line, curve.min)
        return Drawn(curve.step, line, curve.min, top, whole=whole)

    curve = curve_of(run, part)
    return Line(
        run.slug,
        run.label,
        short,
        shown(curve),
        style,
        _note(run),
        fine=shown(summary.early) if part == "all" and len(summary.early.step) else None,
        counts=not diverged(run),
        clocks=clocks_of(summary.curve),
        events=summary.events,
        spikes=tuple(spike for spike in _tops(spikes) if part != "end" or spike[0] >= curve.step[0]),
    )


def _through(line: FloatArray, low: FloatArray) -> FloatArray:
    """An unsmoothed line drawn on through points whose own entry is missing where others near it are not."""
    lacking = ~np.isfinite(line) & np.isfinite(low)
    there = np.flatnonzero(np.isfinite(line))
    if not lacking.any() or not len(there):
        return line
    return np.where(lacking, np.interp(np.arange(len(line)), there, line[there]), line)


def _tops(spikes: Spikes) -> tuple[tuple[float, float], ...]:
    return tuple(
        (float(step), float(top))
        for step, top in zip(spikes.step, spikes.top, strict=True)
        if math.isfinite(top)
    )


def _ending(line: Line) -> Line:
    """The last fifth of a group's line, 5 points at least."""
    curve = line.curve
    step = curve.step
    first = min(
        int(np.searchsorted(step, step[-1] - _LAST_PART * (step[-1] - step[0]))), max(0, len(step) - _FEWEST)
    )
    kept = Drawn(step[first:], curve.mean[first:], curve.low[first:], curve.high[first:], curve.whole)
    return replace(line, curve=kept)


def _group_lines(family: FamilyReport) -> list[Line]:
    """One line a group: its mean; as a band its 95 % interval, of few runs their range."""
    groups = _groups(family)
    log = is_geometric(family)
    shorts = told_apart([label for label, _ in groups], SHORT)
    styles = named_styles([label for label, _ in groups], family.spec.palette)
    return [
        Line(
            f"{_GROUP.format(family.slug)}{i}",
            f"{label} ({count(len(runs), 'run')})",
            short,
            between(runs, log=log),
            style,
            counts=not all(map(diverged, runs)),
            runs=tuple(run.slug for run in runs),
            clocks=same_clocks([run.summary.curve for run in runs]),
        )
        for i, ((label, runs), short, style) in enumerate(zip(groups, shorts, styles, strict=True))
    ]


def _groups(family: FamilyReport) -> list[tuple[str, list[RunReport]]]:
    """Label and runs of each group, those without a value left out."""
    return [
        (group.label, [family.runs[run] for run in group.counted])
        for group in family.grouping.groups
        if group.counted
    ]


def is_geometric(family: FamilyReport) -> bool:
    """Whether the lines of a family's groups are geometric means: all smoothed values are above zero."""
    return all(
        (line[np.isfinite(line)] > 0).all() for _, runs in _groups(family) for line in map(_clean, runs)
    )


def _clean(run: RunReport, *, part: Part = "all") -> FloatArray:
    """A run's smoothed line without its spikes."""
    summary = run.summary
    spikes = spikes_of(summary.raw, summary.metrics.spikes)
    return without_spikes(curve_of(run, part), summary.raw, spikes, summary.window)[0]


def between(runs: Sequence[RunReport], *, log: bool) -> Drawn:
    """Mean of the runs' smoothed lines with a band, on the steps of the run that ends first.

    Between the last of their first steps and the first of their last, interpolated between points. The
    band is Student's 95 % interval of the mean, of fewer than 5 runs their range. Runs that diverged have
    no value in it.

    Args:
        runs: Of one group.
        log: Whether mean and interval are those of logarithms.
    """
    runs = [run for run in runs if not diverged(run)] or runs
    curves = [run.summary.curve for run in runs]
    lines = [_clean(run) for run in runs]
    start, stop = max(curve.step[0] for curve in curves), min(curve.step[-1] for curve in curves)
    shortest = min(curves, key=lambda curve: int(curve.step[-1]))
    step = shortest.step[(shortest.step >= start) & (shortest.step <= stop)]
    with np.errstate(divide="ignore", invalid="ignore"):
        known = [np.log(line) if log else line for line in lines]
    values = np.array([_at(step, curve.step, one) for curve, one in zip(curves, known, strict=True)])
    mean, low, high = values.mean(axis=0), values.min(axis=0), values.max(axis=0)
    if len(runs) >= INTERVAL_FROM:
        half = quantile(len(runs) - 1, 0.975) * values.std(axis=0, ddof=1) / math.sqrt(len(runs))
        low, high = mean - half, mean + half
    if log:
        mean, low, high = np.exp(mean), np.exp(low), np.exp(high)
    return Drawn(step, mean, low, high, whole=bool(len(step)) and step[-1] + 1 == shortest.steps)


def _at(step: IntArray, known: IntArray, values: FloatArray) -> FloatArray:
    """``values`` at ``step``; missing next to a missing one."""
    found = np.interp(step, known, values)
    return np.where(np.isfinite(found), found, np.nan)
