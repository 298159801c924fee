"""What runs come to: AvgFinalLoss against an attribute, seeds of one configuration, steps to a threshold."""

from __future__ import annotations

from typing import Any

import numpy as np

from reportgen.curves.summary import THRESHOLDS, FloatArray
from reportgen.figures.axes import categories_axis, loss_axis, power, step_axis, titled, whole
from reportgen.figures.families import Line, comparison
from reportgen.figures.frame import MOST_NAMED, note, sheet
from reportgen.figures.style import Figure, category, line_styles, plain, plain_array
from reportgen.figures.traces import Drawn
from reportgen.names import ATTRIBUTES
from reportgen.report import FamilyReport, Report, RunReport
from reportgen.seeds import seed_groups

__all__ = [
    "avg_final_loss_by",
    "avg_final_loss_by_digits",
    "between_seeds",
    "family_seeds",
    "family_thresholds",
]

_TITLES = {
    "op": "Operation",
    "digits": "Digits of each number",
    "layers": "Layers",
    "heads": "Attention heads a layer",
    "seed": "Seed",
    "steps_k": "Training steps (thousands)",
    "grokfast": "GrokFast",
    "insert_mode": "Insert mode",
}
_ORDERED = ("digits", "layers", "heads", "steps_k", "insert_mode")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "star")
_LABEL_LIMIT = 36


def avg_final_loss_by_digits(report: Report, width_mm: float = 178.0) -> Figure | None:
    """AvgFinalLoss of every run against its digits.

    Where no run has digits: against the first attribute in which runs differ, else against their labels.

    Args:
        report: All families.
        width_mm: Width on paper, at which text is 8 pt.

    Returns:
        The figure, None where no run has an AvgFinalLoss.
    """
    attributes = ("digits", *(name for name in ATTRIBUTES if name != "digits"))
    for attribute in attributes:
        values = {getattr(run.attributes, attribute) for run in report.runs} - {None}
        if values and (attribute == "digits" or len(values) > 1):
            return avg_final_loss_by(report, attribute, width_mm)
    return avg_final_loss_by(report, None, width_mm)


def avg_final_loss_by(report: Report, attribute: str | None, width_mm: float = 178.0) -> Figure | None:
    """AvgFinalLoss of every run against one of its attributes; colour and mark by family.

    Runs without the attribute or without an AvgFinalLoss are left out, as is one of zero or below, which
    a log axis cannot show.

    Args:
        report: All families.
        attribute: Field of ``Attributes``; None for the run's label.
        width_mm: Width on paper, at which text is 8 pt.

    Returns:
        The figure, None where no run has both.
    """
    points = {
        family.slug: [
            (x, loss)
            for run in family.runs
            if (x := _place(run, attribute)) is not None
            and (loss := run.summary.metrics.avg_final_loss) is not None
        ]
        for family in report.families
    }
    places = {x for found in points.values() for x, _ in found}
    if not places:
        return None
    families = [family for family in report.families if points[family.slug]]
    names = {family.slug: plain(family.name, _LABEL_LIMIT) for family in families}
    frame = sheet(width_mm, list(names.values()) if 1 < len(families) <= MOST_NAMED else [])
    numbers = attribute in _ORDERED
    if numbers:
        x_axis = step_axis(min(places) - 0.5, max(places) + 0.5, frame.plot_width, tick_px=26)
    else:
        order = sorted(places) if attribute is not None else _labels(report, places)
        x_axis = categories_axis(order)
    losses = [loss for found in points.values() for _, loss in found if loss > 0]
    low, high = (min(losses), max(losses)) if losses else (0.1, 1.0)
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": names[family.slug],
            "x": plain_array([x for x, loss in points[family.slug] if loss > 0])
            if numbers
            else [plain(x) for x, loss in points[family.slug] if loss > 0],
            "y": plain_array([loss for _, loss in points[family.slug] if loss > 0]),
            "marker": _marker(report.families.index(family)),
            "cliponaxis": False,
            "hoverinfo": "skip",
        }
        for family in families
    ]
    return {
        "data": data,
        "layout": frame.layout(
            xaxis=titled(x_axis, _TITLES.get(attribute or "", "Run")),
            yaxis=titled(
                loss_axis(low / 1.3, high * 1.3, frame.plot_height), "AvgFinalLoss (nats per token)"
            ),
            annotations=[] if losses else [note("No AvgFinalLoss above zero")],
        ),
    }


def family_seeds(family: FamilyReport, width_mm: float = 178.0) -> Figure | None:
    """Seeds of one configuration as one line, the geometric mean of their smoothed losses, log axis.

    The band is the range between the seeds. Both end with the shortest run of a group, and are missing
    where a seed's loss is.

    Returns:
        The figure, None where no two runs differ by their seed only.
    """
    groups = seed_groups(family)
    if not groups:
        return None
    lines = [
        Line(f"{group.label}, {len(group.runs)} seeds", between_seeds(group.runs), style)
        for group, style in zip(groups, line_styles([group.runs[0] for group in groups]), strict=True)
    ]
    steps = max(int(one.curve.step[-1]) + 1 for one in lines)
    return comparison(lines, whole(steps), width_mm, y_range=family.spec.y_range, log=True)


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
    names = [plain(run.label, _LABEL_LIMIT) for run in family.runs]
    frame = sheet(width_mm, names)
    ticks = [power(round(float(np.log10(float(key))))) for key in THRESHOLDS]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": ticks,
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


def _place(run: RunReport, attribute: str | None) -> Any:
    if attribute is None:
        return run.label
    value = getattr(run.attributes, attribute)
    return value if attribute in _ORDERED or value is None else str(value)


def _labels(report: Report, places: set[Any]) -> list[str]:
    """Labels in the report's order, each once."""
    return [label for label in dict.fromkeys(run.label for run in report.runs) if label in places]


def _marker(index: int) -> dict[str, Any]:
    """A family's mark; past the last colour the marks are hollow."""
    colour = category(index, few=True).light
    symbol = _SYMBOLS[index % len(_SYMBOLS)]
    if (index // len(_SYMBOLS)) % 2:
        return {"color": colour, "symbol": f"{symbol}-open", "size": 6.5, "line": {"width": 1.25}}
    return {"color": colour, "symbol": symbol, "size": 7, "line": {"width": 0.75, "color": "#ffffff"}}


def between_seeds(runs: tuple[RunReport, ...]) -> Drawn:
    """Geometric mean and range of the runs' smoothed losses, on the steps of the shortest run."""
    shortest = min(runs, key=lambda run: run.summary.curve.steps).summary.curve.step
    logs = np.array([_log_mean_at(run, shortest) for run in runs])
    return Drawn(shortest, np.exp(logs.mean(axis=0)), np.exp(logs.min(axis=0)), np.exp(logs.max(axis=0)))


def _log_mean_at(run: RunReport, step: Any) -> FloatArray:
    """(points,) float64, logarithm of the smoothed loss at ``step``; NaN beside a missing one."""
    curve = run.summary.curve
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(curve.mean)
    at = np.interp(step, curve.step, logs)
    return np.where(np.isfinite(at), at, np.nan)
