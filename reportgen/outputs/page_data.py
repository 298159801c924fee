"""The one block of data from which the page's script draws every figure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reportgen import notation
from reportgen.curves.summary import THRESHOLDS, Curve, Envelope
from reportgen.figures.overview import between_seeds, compared_by, drawn_groups
from reportgen.figures.style import category, line_styles
from reportgen.kinds import FloatArray, Scalar
from reportgen.outputs import words
from reportgen.outputs.context import MANY_LINES
from reportgen.outputs.templating import visible
from reportgen.report import FamilyReport, Report, RunReport
from reportgen.text import told_apart

__all__ = ["page_data"]

# Up to this many runs a page holds each run's first raw losses one by one, above it as ranges.
_MANY_RUNS = 100

_SHORT = 22
"""Characters of a run's name where its line ends."""

_FLOAT32 = np.finfo(np.float32)


def page_data(report: Report) -> str:
    """JSON that may stand between script tags.

    Arrays are in one list, base64 with a letter for their type before it (``f`` float32, ``d`` float64,
    ``i`` int32, little-endian), and are named by their place in it, so that equal ones are there once.
    Steps of even curves are not there: a curve of P points over n steps has
    ``step[k] = (k*(n-1) + (P-1)//2) // (P-1)``.

    """
    arrays = _Arrays()
    many = len(report.runs) > _MANY_RUNS
    categories = [category(i, few=False) for i in range(len(report.families))]
    data = {
        "runs": [
            _run(run, family, arrays, many) | {"short": visible(short)}
            for family in report.families
            for run, short in zip(
                family.runs, told_apart([run.label for run in family.runs], _SHORT), strict=True
            )
        ],
        "families": {
            family.slug: {
                "name": visible(words.shortened(family.name, 60)),
                "runs": [run.slug for run in family.runs],
                "linearSteps": family.spec.linear_steps,
                "xRange": family.spec.x_range,
                "yRange": family.spec.y_range,
                "line": words.line_name(family.spec.smoothing),
                **_styles(family.runs),
                "groups": list(_groups(family, arrays)) if "seeds" in family.spec.figures else [],
                "stepsTo": [
                    [run.summary.metrics.steps_to.get(key) for key in THRESHOLDS] for run in family.runs
                ]
                if "thresholds" in family.spec.figures
                else [],
            }
            for family in report.families
        },
        "comparedBy": compared_by(report),
        "familyColours": {
            "light": [style.light for style in categories],
            "dark": [style.dark for style in categories],
        },
        "manyLines": MANY_LINES,
        "thresholds": [notation.power_of_ten(key) for key in THRESHOLDS],
        "arrays": arrays.encoded,
    }
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class _Arrays:
    """Arrays, each kept once."""

    def __init__(self) -> None:
        self.encoded: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, values: npt.NDArray[Any]) -> int:
        text = _encoded(values)
        if text not in self._places:
            self._places[text] = len(self.encoded)
            self.encoded.append(text)
        return self._places[text]


def _encoded(values: npt.NDArray[Any]) -> str:
    if values.dtype.kind == "i":
        kind, data = "i", values.astype("<i4")
    elif _fits_float32(values):
        kind, data = "f", values.astype("<f4")
    else:
        kind, data = "d", values.astype("<f8")
    return kind + base64.b64encode(data.tobytes()).decode("ascii")


def _fits_float32(values: npt.NDArray[Any]) -> bool:
    """Whether no finite value would become infinite, zero or coarse."""
    size = np.abs(values[np.isfinite(values)])
    return bool(np.all((size == 0) | ((size >= _FLOAT32.tiny) & (size <= _FLOAT32.max))))


def _run(run: RunReport, family: FamilyReport, arrays: _Arrays, many: bool) -> dict[str, Any]:
    summary = run.summary
    return {
        "id": run.slug,
        "name": visible(words.shortened(run.spec.name, 80)),
        "label": visible(words.shortened(run.label, 60)),
        "family": family.slug,
        "steps": summary.metrics.steps,
        "avg": summary.metrics.avg_final_loss,
        "attributes": {key: value for key, value in run.attributes.items() if type(value) is int},
        "curve": _curve(summary.curve, arrays),
        "early": _curve(summary.early, arrays),
        "raw": _envelope(summary.raw, arrays),
        "start": _start(summary.raw_early, arrays, len(summary.curve.step) if many else None),
    }


def _styles(runs: Sequence[RunReport]) -> dict[str, Any]:
    """Colours and dashes of a family's lines, one a run; of many lines, one for each number of digits."""
    if len(runs) < MANY_LINES:
        styles = line_styles(runs)
    else:
        first: dict[Scalar | None, RunReport] = {}
        for run in runs:
            first.setdefault(run.attributes.get("digits"), run)
        by_size = dict(zip(first, line_styles(list(first.values())), strict=True))
        styles = tuple(by_size[run.attributes.get("digits")] for run in runs)
    return {
        "colours": {"light": [style.light for style in styles], "dark": [style.dark for style in styles]},
        "dashes": [style.dash for style in styles],
    }


def _groups(family: FamilyReport, arrays: _Arrays) -> Iterator[dict[str, Any]]:
    """Seeds of one configuration as one line: what ``_run`` gives of a run, as far as a figure needs it."""
    groups = drawn_groups(family)
    for i, ((group, runs), style) in enumerate(
        zip(groups, line_styles([runs[0] for _, runs in groups]), strict=True)
    ):
        line = between_seeds(runs)
        steps = int(line.step[-1]) + 1
        yield {
            "id": f"{family.slug} seeds {i}",
            "name": words.count(len(runs), "seed" if family.spec.group_by is None else "run"),
            "label": visible(group.label),
            "short": visible(words.shortened(group.label, _SHORT)),
            "family": family.slug,
            "steps": steps,
            "avg": None if group.estimate is None else group.estimate.mean,
            "colours": {"light": style.light, "dark": style.dark},
            "dash": style.dash,
            "curve": _curve(Curve(steps, line.step, line.mean, line.low, line.high), arrays),
        }


def _curve(curve: Curve, arrays: _Arrays) -> dict[str, Any]:
    return {
        **_steps(curve, arrays),
        "mean": arrays.place(curve.line),
        "min": arrays.place(curve.min),
        "max": arrays.place(curve.max),
    }


def _envelope(raw: Envelope, arrays: _Arrays) -> dict[str, Any]:
    return {**_steps(raw, arrays), "min": arrays.place(raw.min), "max": arrays.place(raw.max)}


def _steps(curve: Curve | Envelope, arrays: _Arrays) -> dict[str, Any]:
    """The steps, by rule where they follow it."""
    even = np.array_equal(curve.step, even_steps(curve.steps, len(curve.step)))
    return {"n": curve.steps} if even else {"n": curve.steps, "step": arrays.place(curve.step)}


def even_steps(steps: int, points: int) -> npt.NDArray[np.int64]:
    """(points,) int64: the steps of an even curve."""
    gaps = max(points - 1, 1)
    return (np.arange(points, dtype=np.int64) * (steps - 1) + gaps // 2) // gaps


def _start(losses: FloatArray, arrays: _Arrays, points: int | None) -> dict[str, Any]:
    """The first raw losses; as ranges of ``points`` points where that is told and fewer."""
    finite = np.where(np.isfinite(losses), losses, np.nan)
    if points is None or len(losses) <= points:
        place = arrays.place(finite)
        return {"n": len(losses), "min": place, "max": place}
    step = even_steps(len(losses), points)
    first = np.concatenate(([0], (step[:-1] + step[1:]) // 2 + 1))
    return {
        "n": len(losses),
        "min": arrays.place(np.fmin.reduceat(finite, first)),
        "max": arrays.place(np.fmax.reduceat(finite, first)),
    }
