"""What runs come to: AvgFinalLoss against an attribute, seeds of one configuration, steps to a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from reportgen.curves.summary import THRESHOLDS
from reportgen.figures.axes import categories_axis, loss_axis, power, step_axis, titled, whole
from reportgen.figures.families import Line, comparison
from reportgen.figures.frame import MOST_NAMED, Frame, note, pixels, sheet
from reportgen.figures.style import Figure, category, line_styles, plain, plain_array, text_width
from reportgen.figures.traces import Drawn
from reportgen.groups import Group
from reportgen.kinds import FloatArray
from reportgen.naming import QUANTA_MATHS
from reportgen.report import FamilyReport, Report, RunReport
from reportgen.text import told_apart

__all__ = [
    "Comparison",
    "avg_final_loss",
    "avg_final_loss_by",
    "beside_each_other",
    "between_seeds",
    "compared_by",
    "drawn_groups",
    "family_seeds",
    "family_thresholds",
]

Comparison = str
"""What AvgFinalLoss is shown against: the key of an attribute, ``run``, or ``rank``."""

_TITLES = {one.key: one.axis or one.title for one in QUANTA_MATHS.attributes} | {
    "rank": "Runs, from the best"
}
_ORDERED = tuple(one.key for one in QUANTA_MATHS.attributes if one.ordered)
_ROW_PX = 17.0
_MARGIN = 0.11
"""Powers of ten around the marks."""
_TICK_PX = (54, 18)
"""Least distance between the ticks of a loss axis: one that lies, one that stands."""
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "star")
_LABEL_LIMIT = 36


def compared_by(report: Report) -> Comparison | None:
    """What AvgFinalLoss is shown against.

    Digits where any run has them; else the first attribute with an order in which runs differ; else the
    runs themselves, one a row, or by their rank where they are too many to be named.

    Returns:
        None where no run has an AvgFinalLoss.
    """
    runs = [run for run in report.runs if run.summary.metrics.avg_final_loss is not None]
    for attribute in _ORDERED:
        values = {run.attributes.get(attribute) for run in runs} - {None}
        if values and (attribute == "digits" or len(values) > 1):
            return attribute
    if not runs:
        return None
    return "run" if len(runs) <= MOST_NAMED else "rank"


def avg_final_loss(report: Report, width_mm: float = 178.0) -> Figure | None:
    """AvgFinalLoss of every run, against what :func:`compared_by` says.

    Args:
        report: All families.
        width_mm: Width on paper, at which text is 8 pt.

    Returns:
        The figure, None where no run has an AvgFinalLoss.
    """
    against = compared_by(report)
    return None if against is None else avg_final_loss_by(report, against, width_mm)


def avg_final_loss_by(report: Report, against: Comparison, width_mm: float = 178.0) -> Figure | None:
    """AvgFinalLoss of every run against one thing; colour and mark by family.

    Runs without the attribute or without an AvgFinalLoss are left out, as is one of zero or below, which
    a log axis cannot show. Families stand beside each other where they share a place.

    Args:
        report: All families.
        against: An attribute; ``run``: one row each, in the report's order; ``rank``: from the best.
        width_mm: Width on paper, at which text is 8 pt.

    Returns:
        The figure, None where no run has both.
    """
    points = _points(report, against)
    if not points:
        return None
    families = [family for family in report.families if any(one.family == family.slug for one in points)]
    names = [plain(family.name, _LABEL_LIMIT) for family in families]
    legend = names if 1 < len(families) <= MOST_NAMED else []
    places = sorted({one.place for one in points})
    losses = [one.loss for one in points if one.loss > 0]
    low, high = (min(losses), max(losses)) if losses else (0.1, 1.0)
    if against == "run":
        labels = [plain(name) for name in told_apart([one.run.label for one in points], _LABEL_LIMIT)]
        frame = _rows(width_mm, labels, legend)
        x_axis = loss_axis(low, high, frame.plot_width * _TICK_PX[1] / _TICK_PX[0], least_margin=_MARGIN)
        y_axis = categories_axis(labels, rows=True)
    else:
        frame = sheet(width_mm, legend)
        y_axis = loss_axis(low, high, frame.plot_height, least_margin=_MARGIN)
        if against in _ORDERED or against == "rank":
            x_axis = step_axis(places[0] - 0.5, places[-1] + 0.5, frame.plot_width, tick_px=26)
        else:
            x_axis = categories_axis(_categories(report, against))
    shifts = beside_each_other([(one.family, one.place) for one in points])
    data = []
    for family, name in zip(families, names, strict=True):
        own = [one for one in points if one.family == family.slug and one.loss > 0]
        at = plain_array([one.place + shifts[family.slug] for one in own])
        loss = plain_array([one.loss for one in own])
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": loss if against == "run" else at,
                "y": at if against == "run" else loss,
                "marker": _marker(report.families.index(family)),
                "cliponaxis": False,
                "hoverinfo": "skip",
            }
        )
    title = "AvgFinalLoss (nats per token)"
    return {
        "data": data,
        "layout": frame.layout(
            xaxis=titled(x_axis, title if against == "run" else _TITLES[against]),
            yaxis=y_axis if against == "run" else titled(y_axis, title),
            annotations=[] if losses else [note("No AvgFinalLoss above zero")],
        ),
    }


def family_seeds(family: FamilyReport, width_mm: float = 178.0) -> Figure | None:
    """Seeds of one configuration as one line, the geometric mean of their smoothed losses, log axis.

    The band is the range between the seeds. Both end with the shortest run of a group, and are missing
    where a seed's loss is.

    Returns:
        The figure, None where no runs form a group.
    """
    groups = drawn_groups(family)
    if not groups:
        return None
    lines = [
        Line(
            f"{group.label}, {len(runs)} {'seeds' if family.spec.group_by is None else 'runs'}",
            between_seeds(runs),
            style,
        )
        for (group, runs), style in zip(groups, line_styles([runs[0] for _, runs in groups]), strict=True)
    ]
    steps = max(int(one.curve.step[-1]) + 1 for one in lines)
    return comparison(
        lines, whole(steps), width_mm, y_range=family.spec.y_range, log=True, nothing="Nothing to show"
    )


def family_thresholds(family: FamilyReport, width_mm: float = 178.0) -> Figure | None:
    """The first step at which each run's centred rolling mean is below each threshold.

    Returns:
        The figure, None where no run reaches any threshold, or where there are more runs than a legend
        can name.
    """
    reached = [[run.summary.metrics.steps_to[key] for key in THRESHOLDS] for run in family.runs]
    steps = [step for run in reached for step in run if step is not None]
    if not steps or len(family.runs) > MOST_NAMED:
        return None
    names = [plain(name) for name in told_apart([run.label for run in family.runs], _LABEL_LIMIT)]
    frame = sheet(width_mm, names)
    ticks = [power(round(float(np.log10(float(key))))) for key in THRESHOLDS]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": plain_array(range(len(ticks))),
            "y": plain_array([np.nan if step is None else step for step in run]),
            "line": {"color": style.light, "width": 1.0, "dash": style.dash},
            "marker": {"color": style.light, "size": 5, "symbol": _SYMBOLS[i % len(_SYMBOLS)]},
            "cliponaxis": False,
            "hoverinfo": "skip",
        }
        for i, (name, run, style) in enumerate(zip(names, reached, line_styles(family.runs), strict=True))
    ]
    y_axis = step_axis(0, 1.04 * max(steps) + 1, frame.plot_height, tick_px=30) | {"showgrid": True}
    return {
        "data": data,
        "layout": frame.layout(
            xaxis=titled(categories_axis(ticks), "Threshold of the loss (nats per token)"),
            yaxis=titled(y_axis, "First step below"),
        ),
    }


@dataclass(frozen=True, slots=True)
class _Point:
    """A run's mark: where it stands on the axis that is not the loss."""

    run: RunReport
    family: str
    place: float
    loss: float


def _points(report: Report, against: str) -> list[_Point]:
    found = [
        (family, run, loss)
        for family in report.families
        for run in family.runs
        if (loss := run.summary.metrics.avg_final_loss) is not None
    ]
    if against == "run":
        return [_Point(run, family.slug, row, loss) for row, (family, run, loss) in enumerate(found)]
    if against == "rank":
        found.sort(key=lambda one: one[2])
        return [_Point(run, family.slug, rank, loss) for rank, (family, run, loss) in enumerate(found, 1)]
    categories = [] if against in _ORDERED else _categories(report, against)
    return [
        _Point(run, family.slug, categories.index(str(value)) if categories else float(value), loss)
        for family, run, loss in found
        if (value := run.attributes.get(against)) is not None
    ]


def _categories(report: Report, attribute: str) -> list[str]:
    """The values of an attribute that has no order, of runs with an AvgFinalLoss."""
    runs = [run for run in report.runs if run.summary.metrics.avg_final_loss is not None]
    return sorted({str(value) for run in runs if (value := run.attributes.get(attribute)) is not None})


def beside_each_other(marks: Sequence[tuple[str, float]]) -> dict[str, float]:
    """How far each family's marks are moved so that no mark hides another family's.

    Args:
        marks: A mark's family and place.

    Returns:
        Family to shift, all 0 where no two families share a place. The families together take at most
        half of the least distance between two places.
    """
    families = list(dict.fromkeys(family for family, _ in marks))
    places = sorted({place for _, place in marks})
    if len({(family, place) for family, place in marks}) == len(places):
        return dict.fromkeys(families, 0.0)
    gap = min((b - a for a, b in pairwise(places)), default=1.0)
    shift = min(0.1, 0.5 / (len(families) - 1)) * gap
    return {family: (i - (len(families) - 1) / 2) * shift for i, family in enumerate(families)}


def _rows(width_mm: float, labels: Sequence[str], legend: Sequence[str]) -> Frame:
    """A frame with a row for each label, as high as the rows need."""
    left = min(max(map(text_width, labels)) + 14, 0.45 * pixels(width_mm))
    return sheet(width_mm, legend, height=_ROW_PX * len(labels) + 60, left=left)


def _marker(index: int) -> dict[str, Any]:
    """A family's mark; past the last colour the marks are hollow."""
    colour = category(index, few=True).light
    symbol = _SYMBOLS[index % len(_SYMBOLS)]
    if (index // len(_SYMBOLS)) % 2:
        return {"color": colour, "symbol": f"{symbol}-open", "size": 6.5, "line": {"width": 1.25}}
    return {"color": colour, "symbol": symbol, "size": 7, "line": {"width": 0.75, "color": "#ffffff"}}


def drawn_groups(family: FamilyReport) -> list[tuple[Group, tuple[RunReport, ...]]]:
    """The groups of a family that have a line, each with the runs that count in it."""
    return [
        (group, tuple(family.runs[run] for run in group.counted))
        for group in family.grouping.groups
        if group.counted
    ]


def between_seeds(runs: tuple[RunReport, ...]) -> Drawn:
    """Geometric mean and range of the runs' smoothed losses, on the steps of the shortest run."""
    shortest = min(runs, key=lambda run: run.summary.curve.steps).summary.curve.step
    logs = np.array([_log_mean_at(run, shortest) for run in runs])
    return Drawn(shortest, np.exp(logs.mean(axis=0)), np.exp(logs.min(axis=0)), np.exp(logs.max(axis=0)))


def _log_mean_at(run: RunReport, step: Any) -> FloatArray:
    """(points,) float64, logarithm of the smoothed loss at ``step``; NaN beside a missing one."""
    curve = run.summary.curve
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(curve.line)
    at = np.interp(step, curve.step, logs)
    return np.where(np.isfinite(at), at, np.nan)
