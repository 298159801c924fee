"""The evaluation of a run, drawn with the training that it evaluates: points on a dotted line, as logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reportgen.figures.plot import Line
from reportgen.figures.scales import counting
from reportgen.figures.style import plain_array
from reportgen.figures.traces import Drawn
from reportgen.kinds import FloatArray
from reportgen.report import FamilyReport, RunReport, SeriesReport
from reportgen.series import evaluates

__all__ = [
    "evaluated",
    "evaluated_lines",
    "evaluation_of",
    "evaluation_title",
    "evaluation_trace",
    "with_evaluations",
]

_DASH = "2px,4px"


def evaluation_of(run: RunReport) -> SeriesReport | None:
    """The series that evaluates the ranked one, None where there is none that counts the same steps."""
    ranked = run.series[run.ranked]
    if ranked.evaluation:
        return None
    for name, one in run.series.items():
        same = one.draw and one.evaluation and one.step_unit == ranked.step_unit
        if name != run.ranked and same and evaluates(name, run.ranked):
            return one
    return None


def evaluation_title(runs: Sequence[RunReport]) -> str:
    """What the evaluations of runs are called: ``Evaluation loss``; empty where there are none."""
    found = [one for run in runs if (one := evaluation_of(run)) is not None]
    return (found[0].title or found[0].name) if found else ""


def evaluated(line: Line, run: RunReport, *, since: int | None = None) -> Line:
    """A run's line with the points of its evaluation, of all or from a step on."""
    one = evaluation_of(run)
    if one is None:
        return line
    raw = one.summary.raw
    curve = Drawn(raw.step, (raw.min + raw.max) / 2, raw.min, raw.max)
    if len(raw.step) < one.summary.metrics.steps:  # thinned: a point is no single value
        smooth = one.summary.curve
        curve = Drawn(smooth.step, smooth.line, smooth.min, smooth.max)
    if since is not None:
        first = int(np.searchsorted(curve.step, since))
        curve = Drawn(curve.step[first:], curve.mean[first:], curve.low[first:], curve.high[first:])
    return replace(line, evaluation=curve) if np.isfinite(curve.mean).any() else line


def with_evaluations(lines: Sequence[Line]) -> list[Line]:
    """Lines, and those of their evaluations: what axes follow."""
    found = [replace(one, curve=one.evaluation) for one in lines if one.evaluation is not None]
    return [*lines, *(counting(found) if found else [])]


def evaluation_trace(curve: Drawn, place: FloatArray, colour: str, **fields: Any) -> dict[str, Any]:
    """Points on a dotted line, which the legend leaves out: the caption says what they are."""
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": plain_array(place),
        "y": plain_array(curve.mean),
        "line": {"color": colour, "width": 1.0, "dash": _DASH},
        "marker": {"color": colour, "size": 3.5},
        "hoverinfo": "skip",
        "showlegend": False,
        **fields,
    }


def evaluated_lines(family: FamilyReport, lines: Sequence[Line], *, ends: bool = False) -> list[Line]:
    """Each run's line with its evaluation, in the family's order."""
    return [
        evaluated(line, run, since=int(line.curve.step[0]) if ends else None)
        for run, line in zip(family.runs, lines, strict=True)
    ]
