"""What all runs come to: what they are ranked by against an attribute, each run, or the runs' rank."""

from __future__ import annotations

import html
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from reportgen.figures.axes import categories_axis, plotly_axis, titled
from reportgen.figures.frame import Frame, note, pixels, sheet, wrapped
from reportgen.figures.plot import Axis, Mark, Marks, Range
from reportgen.figures.scales import log_range
from reportgen.figures.style import MOST_NAMED, TEXT_PX, Figure, category, plain, plain_array, text_width
from reportgen.figures.vocabulary import AVG_FINAL_LOSS
from reportgen.kinds import Scalar
from reportgen.metrics import METRICS
from reportgen.naming import QUANTA_MATHS
from reportgen.report import FamilyReport, Report, RunReport
from reportgen.series import in_sentence
from reportgen.text import told_apart

__all__ = ["avg_final_loss", "comparison_words", "draw_marks", "shifts", "value_axis", "value_word"]

_AVG = "avg_final_loss"
ROWS, RANK = "run", "rank"
_GREATEST = 1e300
_NAMED = {one.key: one for one in QUANTA_MATHS.attributes}
_ORDERED = tuple(one.key for one in QUANTA_MATHS.attributes if one.ordered)
_TITLES = {ROWS: "Run", RANK: "Runs, from the lowest"}
_NOT_COMPARED = frozenset({"seed"})
_MOST_PLACES = 40
_ROW_PX = 17.0
_LABEL_LIMIT = 36
_SHORT = 24
_SPAN = 1.5
_NUMBER = re.compile("[0-9 .,×−+e⁻⁰¹²³⁴⁵⁶⁷⁸⁹-]+")
_MOST_LEVELS = 3


def comparison_words(key: str) -> str:
    """What a comparison is called in a sentence: ``digits``; empty for runs and ranks."""
    return "" if key in (ROWS, RANK) else (_NAMED[key].title.lower() if key in _NAMED else key)


def avg_final_loss(report: Report) -> Marks | None:
    """What runs are ranked by, of every run that has it; colour and mark by family.

    Against digits where any run has them; else the first ordered attribute in which runs differ; else the
    runs themselves, one a row, or their rank where they are too many to be named.

    Returns:
        None where no run has one.
    """
    metric, key = _metric(report)
    found = [
        (family, run, float(value))
        for family in report.families
        for run in family.runs
        if (value := run.metric(key)) is not None and math.isfinite(value)
    ]
    if not found:
        return None
    runs = [run for _, run, _ in found]
    lying = ROWS if len(found) <= MOST_NAMED else RANK
    by: dict[str, tuple[Axis, dict[str, float]]] = {}
    for key in _compared(runs):
        axis, places = _places(key, runs)
        by[key] = axis, _moved(places, found)
    if lying == RANK or len(by) > 0:
        order = sorted(found, key=lambda one: one[2])
        ranks = {run.slug: float(place) for place, (_, run, _) in enumerate(order, 1)}
        by[RANK] = Axis(_TITLES[RANK], "step", {"step": (0.5, len(order) + 0.5)}, whole=True), ranks
    if lying == ROWS:
        rows = {run.slug: float(row) for row, (_, run, _) in enumerate(found)}
        shorts = told_apart([_row_name(family, run, report) for family, run, _ in found], _LABEL_LIMIT)
        axis = Axis(_TITLES[ROWS], "step", {"step": (-0.5, len(found) - 0.5)}, ticks=tuple(shorts))
        by[ROWS] = axis, rows
        if not any(key in by for key in _compared(runs)):
            by = {ROWS: by[ROWS]} | by
    families = list(report.families)
    shorts = told_apart([run.label for run in runs], _SHORT)
    marks = [
        Mark(
            run.slug,
            families.index(family),
            loss,
            short,
            {key: own[run.slug] for key, (_, own) in by.items() if run.slug in own},
        )
        for (family, run, loss), short in zip(found, shorts, strict=True)
    ]
    return Marks(
        tuple(marks),
        # Colours and marks would come again: of so many families the page names the one that is pointed at.
        tuple(
            (family.name, category(i if len(families) <= MOST_NAMED else 0))
            for i, family in enumerate(families)
        ),
        {key: axis for key, (axis, _) in by.items()},
        value_axis([loss for _, _, loss in found], value_word(metric)),
        ROWS,
        value_word(metric),
        f"No {value_word(metric)} above zero"
        if all(loss <= 0 for _, _, loss in found)
        else "Nothing to show",
    )


def _metric(report: Report) -> tuple[str, str]:
    """What most runs are ranked by, and how a run of any family is asked for it.

    AvgFinalLoss where any family is ranked by it: all runs that have a loss have that.
    """
    ranked = Counter(
        (family.ranking.metric, run.ranked)
        for family in report.families
        if family.ranking is not None
        for run in family.runs
    )
    metrics = {metric for metric, _ in ranked}
    if not ranked or (_AVG in metrics and len(metrics) > 1):
        return _AVG, _AVG
    (metric, series), _ = ranked.most_common(1)[0]
    if len(ranked) == 1 or metric == _AVG or "." in metric:
        return metric, metric
    # Alone it would be of what each family ranks by.
    named = f"{series}.{metric}"
    return (metric if series == "loss" else named), named


def value_word(metric: str) -> str:
    """``AvgFinalLoss``; ``Mean at the end``; ``Best value of evaluation loss``."""
    if metric == _AVG:
        return AVG_FINAL_LOSS
    series, _, name = metric.rpartition(".")
    word = METRICS[name].title if name in METRICS else name
    return f"{word} of {in_sentence(series)}" if series else word


def _row_name(family: FamilyReport, run: RunReport, report: Report) -> str:
    """A run's label; with its family's name where another family has a run of that label."""
    same = sum(one.label == run.label for other in report.families for one in other.runs)
    return f"{run.label} ({family.name})" if same > 1 else run.label


def _compared(runs: Sequence[RunReport]) -> list[str]:
    """Attributes that runs can be shown against, the usual one first."""
    keys = dict.fromkeys(key for run in runs for key in run.attributes if key not in _NOT_COMPARED)
    varied = []
    for key in (*_ORDERED, *(key for key in keys if key not in _NAMED)):
        values = {run.attributes.get(key) for run in runs} - {None}
        if (values and key == "digits") or 1 < len(values) <= _MOST_PLACES:
            varied.append(key)
    return varied


def _places(key: str, runs: Sequence[RunReport]) -> tuple[Axis, dict[str, float]]:
    """An attribute's axis, and each run's place on it."""
    title = (_NAMED[key].axis or _NAMED[key].title) if key in _NAMED else key
    values = {run.slug: value for run in runs if (value := run.attributes.get(key)) is not None}
    numbers = sorted({value for value in values.values() if type(value) is int})
    if len(numbers) == len(set(values.values())) and numbers[-1] - numbers[0] <= _MOST_PLACES:
        axis = Axis(title, "step", {"step": (numbers[0] - 0.5, numbers[-1] + 0.5)}, whole=True)
        return axis, {slug: float(value) for slug, value in values.items()}
    known = sorted(set(values.values()), key=_natural)
    axis = Axis(title, "step", {"step": (-0.5, len(known) - 0.5)}, ticks=tuple(str(value) for value in known))
    return axis, {slug: float(known.index(value)) for slug, value in values.items()}


def _natural(value: Scalar) -> tuple[bool, float, str]:
    number = float(value) if isinstance(value, (int, float)) else math.inf
    return (not isinstance(value, (int, float)), number, str(value))


def _moved(
    places: Mapping[str, float], found: Sequence[tuple[FamilyReport, RunReport, float]]
) -> dict[str, float]:
    """Places with families next to each other where they share one."""
    at = [(family.slug, places[run.slug]) for family, run, _ in found if run.slug in places]
    moved = shifts(at)
    return {run.slug: places[run.slug] + moved[family.slug] for family, run, _ in found if run.slug in places}


def shifts(marks: Sequence[tuple[str, float]]) -> dict[str, float]:
    """How far each family's marks are moved so that no mark hides another family's.

    Args:
        marks: A mark's family and place.

    Returns:
        Family to shift, all 0 where no two families share a place. The families together take at most
        half of the minimum distance between two places.
    """
    families = list(dict.fromkeys(family for family, _ in marks))
    places = sorted({place for _, place in marks})
    if len({(family, place) for family, place in marks}) == len(places):
        return dict.fromkeys(families, 0.0)
    gap = min((b - a for a, b in pairwise(places)), default=1.0)
    shift = min(0.1, 0.5 / (len(families) - 1)) * gap
    return {family: (i - (len(families) - 1) / 2) * shift for i, family in enumerate(families)}


def value_axis(losses: Sequence[float], title: str) -> Axis:
    """An axis for these values, log where they need it."""
    positive = [loss for loss in losses if loss > 0]
    # A range beyond the greatest numbers would end in infinity, which a page cannot hold.
    low, high = (min(max(end, -_GREATEST), _GREATEST) for end in (min(losses), max(losses)))
    pad = 0.08 * (high - low) or 0.1 * abs(high) or 0.5
    linear = (0.0 if 0 <= low <= 0.2 * high else low - pad, high + pad)
    ranges: dict[str, Range] = {"linear": linear}
    if positive:
        log = log_range(min(positive), max(positive), 0.06)
        wide = math.log10(max(positive)) - math.log10(min(positive)) > _SPAN
        ranges = {"log": log} | ranges if wide else ranges | {"log": log}
    return Axis(title, next(iter(ranges)), ranges)


def draw_marks(
    shown: Marks, width_mm: float = 178.0, *, by: str | None = None, font_pt: float = 8.0
) -> Figure:
    """The figure for paper.

    Args:
        shown: What it shows.
        width_mm: Width on paper, at which text is ``font_pt`` high.
        by: Key of a comparison, the first by default.
        font_pt: Size of the text.
    """
    text_px = font_pt * 96 / 72
    by = by or next(iter(shown.by))
    axis, rows = shown.by[by], by == shown.rows
    used = sorted({mark.group for mark in shown.marks})
    names = [plain(shown.groups[group][0], _LABEL_LIMIT) for group in used] if len(used) > 1 else []
    labels = [plain(text) for text in axis.ticks or ()]
    height = _ROW_PX * text_px / TEXT_PX * len(labels) + 60 if rows else None
    width, room = 0.75 * pixels(width_mm), height or 0.4 * pixels(width_mm)
    for _ in range(2):
        x = plotly_axis(shown.y if rows else axis, width, gap_px=46, grid=rows)
        y = categories_axis(labels, rows=True) if rows else plotly_axis(shown.y, room, gap_px=22)
        x_title, y_title = (shown.y.title, "") if rows else (axis.title, shown.y.title)
        frame = sheet(
            width_mm,
            names if len(names) <= MOST_NAMED else [],
            height=height,
            text_px=text_px,
            ticks=y["ticktext"],
            x_ticks=x["ticktext"],
            x_lines=1 if rows or not labels else _levels(labels, width, text_px),
            x_title=x_title,
            y_title=y_title,
        )
        width, room = frame.plot_width, frame.plot_height
    if axis.ticks and not rows:
        x = _placed(x, labels, frame, text_px)
    data = [_trace(shown, group, by, rows=rows) for group in used]
    seen = any(mark.value > 0 or shown.y.scale != "log" for mark in shown.marks)
    return {
        "data": data,
        "layout": frame.layout(
            text_px=text_px,
            xaxis=titled(x, wrapped(x_title, width, text_px), text_px),
            yaxis=titled(y, wrapped(y_title, room, text_px), text_px) if y_title else y,
            annotations=[] if seen else [note(shown.nothing)],
        ),
    }


def _levels(labels: Sequence[str], width: float, text_px: float) -> int:
    """In how many lines names stand below an axis: words one lower than the other where there is no room.

    Of numbers a few say what is between them: they stay in one line.
    """
    if all(_NUMBER.fullmatch(label) for label in labels):
        return 1
    return min(_MOST_LEVELS, max(1, math.ceil(_widest(labels, text_px) * len(labels) / width)))


def _widest(labels: Sequence[str], text_px: float) -> float:
    return max((text_width(label, text_px) for label in labels), default=1.0) + 6


def _placed(axis: dict[str, Any], labels: Sequence[str], frame: Frame, text_px: float) -> dict[str, Any]:
    """Names below an axis: words in so many lines as they need, of numbers every second, third, ..."""
    width = frame.plot_width
    levels = _levels(labels, width, text_px)
    if levels == 1 or width / len(labels) * _MOST_LEVELS < 2.5 * text_px:
        every = max(1, math.ceil(_widest(labels, text_px) * len(labels) / width))
        return axis | {"tickvals": axis["tickvals"][::every], "ticktext": labels[::every]}
    low, high = axis["range"]
    texts = []
    for place, label in enumerate(labels):
        at = frame.margin["l"] + (place - low) / (high - low) * width
        room = min(levels * width / len(labels) - 6, 2 * (min(at, frame.width - at) - 3))
        texts.append("<br>" * (place % levels) + _cut(label, room, text_px))
    return axis | {"ticktext": texts, "tickangle": 0, "ticklabeloverflow": "allow"}


def _cut(label: str, room: float, text_px: float) -> str:
    """``plain`` text as far as there is room for it."""
    shown, limit = label, len(html.unescape(label))
    while limit > 2 and text_width(shown, text_px) > room:
        limit -= 1
        shown = plain(html.unescape(label), limit)
    return shown


def _trace(shown: Marks, group: int, by: str, *, rows: bool) -> dict[str, Any]:
    name, style = shown.groups[group]
    own = [
        mark
        for mark in shown.marks
        if mark.group == group and by in mark.places and (mark.value > 0 or shown.y.scale != "log")
    ]
    at = plain_array([mark.places[by] for mark in own])
    value = plain_array([mark.value for mark in own])
    hollow = style.mark.endswith("-open")
    line = {"width": 1.25} if hollow else {"width": 0.75, "color": "#ffffff"}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plain(name, _LABEL_LIMIT),
        "x": value if rows else at,
        "y": at if rows else value,
        "marker": {"color": style.light, "symbol": style.mark, "size": 6.5 if hollow else 7, "line": line},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }
