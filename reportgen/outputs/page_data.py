"""The one block of data from which the page's script draws every figure: numbers, words, colours, marks."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reportgen import notation
from reportgen.curves.summary import Event
from reportgen.figures.families import MANY_LINES
from reportgen.figures.panels import SHADES
from reportgen.figures.plot import Axis, Effects, Line, Marks, Panel, Plot, Spot
from reportgen.figures.style import MARKS
from reportgen.figures.traces import Drawn
from reportgen.figures.vocabulary import EVENTS, STEP_SCALES, WORDS, step_title
from reportgen.kinds import FloatArray, IntArray
from reportgen.outputs import words
from reportgen.outputs.latex import SPECIAL
from reportgen.outputs.packed import coded
from reportgen.outputs.templating import visible
from reportgen.outputs.views import FigureView, RunView

__all__ = ["Arrays", "PackedArrays", "even_steps", "figure_data", "page_data"]

_FLOAT32 = np.finfo(np.float32)


def page_data(
    figures: Sequence[FigureView], runs: Sequence[RunView], many: Mapping[str, int] | None = None
) -> str:
    """JSON that may stand between script tags.

    Arrays are in one list, base64 with a letter for their type before it (``f`` float32, ``d`` float64,
    ``i`` int32, little-endian), and are named by their place in it, so that equal ones are there once.
    Steps are not there where they follow the even rule: a curve of P points over n steps has
    ``step[k] = (k*(n-1) + (P-1)//2) // (P-1)``.

    Args:
        figures: Of the page, those of single runs among them.
        runs: All, for the curves in the rows of tables.
        many: Where the chunks are that hold all this in a report of many runs; None where there are none.
    """
    arrays = Arrays()
    names: dict[str, list[str]] = {}
    plots = {view.name: figure_data(view, arrays, names) for view in figures if view.plot is not None}
    curves = {view.run.slug: _spark(view, arrays) for view in runs}
    data = {
        "figures": plots,
        "names": names,
        "curves": curves,
        "manyLines": MANY_LINES,
        "marks": dict(MARKS)
        | {f"{name}-open": sign for (name, _), sign in zip(MARKS, "○□◇△✚▽☆", strict=True)},
        "words": dict(WORDS),
        "stepScales": _step_scales(figures),
        "shades": SHADES,
        "events": dict(EVENTS),
        "latex": dict(SPECIAL),
        "notation": {"missing": notation.MISSING, "minus": notation.MINUS, "raised": notation.SUPERSCRIPTS},
        "shared": arrays.shared,
        "arrays": arrays.encoded,
    }
    if many is not None:
        data["many"] = dict(many)
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _step_scales(figures: Sequence[FigureView]) -> dict[str, str]:
    """What scales are called: where every figure counts epochs its steps are called so."""
    titles = {view.plot.titles.get("step", "") for view in figures if isinstance(view.plot, Plot)}
    if titles != {step_title("epoch")}:
        return dict(STEP_SCALES)
    return dict(STEP_SCALES) | {"step": STEP_SCALES["epoch"], "log": "Log epochs"}


class Arrays:
    """Arrays, each kept once, in full.

    Attributes:
        encoded: In order of their places.
        shared: Parts that many figures have alike.
    """

    def __init__(self) -> None:
        self.encoded: list[Any] = []
        self.shared: list[Any] = []
        self._places: dict[Any, int] = {}

    def share(self, part: Any) -> int:
        """The place of a part that many figures have alike."""
        text = json.dumps(part, sort_keys=True)
        if text not in self._places:
            self._places[text] = len(self.shared)
            self.shared.append(part)
        return self._places[text]

    def place(self, values: npt.NDArray[Any]) -> int:
        """The place of an array."""
        text = _encoded(values)
        if text not in self._places:
            self._places[text] = len(self.encoded)
            self.encoded.append(text)
        return self._places[text]

    def fitted(self, curve: Drawn) -> Drawn:
        """A curve with as many points as there is room for."""
        return curve


class PackedArrays(Arrays):
    """The same as ``packed`` takes them, with no more points than there is room for.

    Args:
        base: Place of the first: places are those of the whole page.
        points: Most points of a curve.
    """

    def __init__(self, base: int, points: int) -> None:
        super().__init__()
        self.base = base
        self._points = points

    def place(self, values: npt.NDArray[Any]) -> int:
        """The place of an array."""
        made = coded(values)
        if made not in self._places:
            self._places[made] = self.base + len(self.encoded)
            self.encoded.append(made)
        return self._places[made]

    def fitted(self, curve: Drawn) -> Drawn:
        """Points by the even rule, each with the extremes of those that it stands for."""
        if len(curve.step) <= self._points:
            return curve
        kept = even_steps(len(curve.step), self._points)
        starts = np.concatenate(([0], (kept[:-1] + kept[1:]) // 2 + 1))
        mean = curve.mean[kept]
        for k in np.flatnonzero(~np.isfinite(mean)):  # one that is missing must not hide its neighbours
            part = curve.mean[starts[k] : starts[k + 1] if k + 1 < len(starts) else None]
            mean[k] = next(iter(part[np.isfinite(part)]), np.nan)
        low, high = _finite(curve.low), _finite(curve.high)
        return Drawn(
            curve.step[kept],
            mean,
            np.fmin.reduceat(low, starts),
            np.fmax.reduceat(high, starts),
            curve.whole,
        )


def _encoded(values: npt.NDArray[Any]) -> str:
    if values.dtype.kind == "i" and np.abs(values).max(initial=0) < 2**31:
        kind, data = "i", values.astype("<i4")
    elif values.dtype.kind == "f" and _fits_float32(values):
        kind, data = "f", values.astype("<f4")
    else:
        kind, data = "d", values.astype("<f8")
    return kind + base64.b64encode(data.tobytes()).decode("ascii")


def _fits_float32(values: npt.NDArray[Any]) -> bool:
    """Whether no finite value would become infinite, zero or coarse, and none like its neighbours."""
    size = np.abs(values[np.isfinite(values)])
    if not np.all((size == 0) | ((size >= _FLOAT32.tiny) & (size <= _FLOAT32.max))):
        return False
    spread = np.ptp(size) if len(size) else 0.0
    return bool(spread == 0 or spread > 1e-4 * size.max())


def figure_data(view: FigureView, arrays: Arrays, names: dict[str, list[str]]) -> dict[str, Any]:
    """A figure as the page's script reads it.

    Args:
        view: A figure with a plot.
        arrays: Takes its arrays.
        names: Takes what its lines and marks are called, by their ids.
    """
    shown = view.plot
    assert shown is not None
    common: dict[str, Any] = {
        "family": visible(words.shortened(view.family_name, 60)),
        "nothing": shown.nothing,
    }
    if view.says.slots:
        common["says"] = arrays.share({slot: dict(texts) for slot, texts in view.says.slots.items()})
    if isinstance(shown, Effects):
        return common | _effects(shown, arrays)
    return common | (
        _marks(shown, arrays, names) if isinstance(shown, Marks) else _lines(shown, arrays, names)
    )


def _lines(plot: Plot, arrays: Arrays, names: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "lines": [_line(line, arrays, names) for line in plot.lines],
        "x": arrays.share(_axis(plot.x, plot.titles)),
        "y": arrays.share(_axis(plot.y)),
        "bands": plot.bands,
        "readings": arrays.share(list(plot.words)),
        "marked": plot.marks,
        "raw": plot.raw,
        **({"crowd": True} if plot.crowd else {}),
        **({"evaluation": plot.evaluation} if plot.evaluation else {}),
    }


def _marks(shown: Marks, arrays: Arrays, names: dict[str, list[str]]) -> dict[str, Any]:
    for mark in shown.marks:
        names.setdefault(mark.id, [visible(mark.short), visible(mark.short), ""])  # type: ignore[list-item]
    return {
        "points": [
            {"id": mark.id, "group": mark.group, "value": mark.value, "places": dict(mark.places)}
            for mark in shown.marks
        ],
        "groups": [
            {
                "name": visible(words.shortened(name, 60)),
                "light": style.light,
                "dark": style.dark,
                "mark": style.mark,
            }
            for name, style in shown.groups
        ],
        "by": {key: _axis(axis) for key, axis in shown.by.items()},
        "y": arrays.share(_axis(shown.y)),
        "rows": shown.rows,
        "word": shown.word,
    }


def _effects(shown: Effects, arrays: Arrays) -> dict[str, Any]:
    """Panels of points and heat maps; ``x`` and ``bands`` are what the script asks of any figure."""
    several = any(len(spot.values) > 1 for panel in shown.panels for spot in panel.spots)
    return {
        "panels": [_panel(panel) for panel in shown.panels],
        "x": arrays.share({"scale": "step", "ranges": {"step": [0, 1]}, "titles": {}}),
        "y": arrays.share(_axis(shown.y)),
        "bands": "none",
        "light": shown.style.light,
        "dark": shown.style.dark,
        "higher": shown.higher,
        "word": shown.word,
        "mean": "Mean" if several else shown.word,
    }


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "kind": panel.kind,
        "name": visible(panel.name),
        "title": visible(panel.title),
        "log": panel.log,
        "range": list(panel.range),
        "ticks": [[place, visible(name)] for place, name in panel.ticks],
        "rows": [visible(name) for name in panel.rows],
        "rowsTitle": visible(panel.rows_title),
        "means": panel.means,
        "joined": panel.joined,
        "spots": [_spot(spot) for spot in panel.spots],
    }


def _spot(spot: Spot) -> dict[str, Any]:
    return {
        "label": visible(spot.label),
        "place": spot.place,
        "row": spot.row,
        "runs": list(spot.runs),
        "values": list(spot.values),
        "of": spot.of,
        "mean": spot.mean,
        "interval": spot.interval and list(spot.interval),
        "texts": [visible(text) for text in spot.texts],
        "shade": spot.shade,
    }


def _axis(axis: Axis, titles: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {
        "title": axis.title,
        "titles": dict(titles or {}),
        "scale": axis.scale,
        "ranges": {name: list(ends) for name, ends in axis.ranges.items()},
        "ticks": None if axis.ticks is None else [visible(text) for text in axis.ticks],
        "whole": axis.whole,
    }


def _line(line: Line, arrays: Arrays, names: dict[str, list[str]]) -> dict[str, Any]:
    style, curve = line.style, arrays.fitted(line.curve)
    texts = (words.shortened(line.label, 60), line.short, words.shortened(line.note, 80))
    # Figures come before those of single runs: a name told apart in its family stays.
    names.setdefault(line.id, [str(visible(text)) for text in texts])
    made = {
        "id": line.id,
        "light": style.light,
        "dark": style.dark,
        "dash": style.dash,
        "mark": style.mark,
        "last": line.last,
        **_curve(curve, arrays),
    }
    if line.behind:
        made["behind"] = True
    if line.words is not None:
        made["words"] = list(line.words)
    if line.fine is not None and _is_finer(fine := arrays.fitted(line.fine), curve):
        made["fine"] = _curve(fine, arrays)
    if line.evaluation is not None:
        made["evaluation"] = _curve(arrays.fitted(line.evaluation), arrays)
    if line.runs:
        made["runs"] = list(line.runs)
    if line.clocks:
        made["clocks"] = arrays.share({name: list(clock) for name, clock in line.clocks.items()})
    if events := [_event(one) for one in line.events if one.kind in EVENTS]:
        made["events"] = arrays.share(events)
    if line.spikes:
        spikes = np.array(line.spikes, dtype=np.float64)
        made["spikes"] = [arrays.place(spikes[:, 0]), arrays.place(spikes[:, 1])]
    return made


def _is_finer(fine: Drawn, curve: Drawn) -> bool:
    return _gap(fine) < 0.99 * _gap(curve)


def _gap(curve: Drawn) -> float:
    """Steps from one point to the next."""
    return float(curve.step[-1] - curve.step[0]) / max(1, len(curve.step) - 1)


def _event(event: Event) -> list[Any]:
    """Kind, step, until, level before and after."""
    return [event.kind, event.step, event.until, event.before, event.after]


def _curve(curve: Drawn, arrays: Arrays) -> dict[str, Any]:
    made: dict[str, Any] = _steps(curve.step, arrays)
    if np.isfinite(curve.mean).any():
        made["mean"] = arrays.place(curve.mean)
    return made | {"min": arrays.place(curve.low), "max": arrays.place(curve.high)}


def _steps(step: IntArray, arrays: Arrays) -> dict[str, Any]:
    """The steps, by rule where they follow it."""
    steps = int(step[-1]) + 1 if len(step) else 0
    if np.array_equal(step, even_steps(steps, len(step))):
        return {"n": steps}
    return {"n": steps, "step": arrays.place(step)}


def even_steps(steps: int, points: int) -> IntArray:
    """(points,) int64: the steps of an even curve."""
    gaps = max(points - 1, 1)
    return (np.arange(points, dtype=np.int64) * (steps - 1) + gaps // 2) // gaps


def _spark(view: RunView, arrays: Arrays) -> dict[str, Any]:
    """The smoothed curve of a run's row."""
    curve = view.line.curve
    return _steps(curve.step, arrays) | {
        "mean": arrays.place(_finite(curve.mean)),
        "counts": view.line.counts,
    }


def _finite(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, np.nan)
