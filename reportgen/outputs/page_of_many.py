"""A page of many runs: what is far from the view or folded is in packed chunks, and comes when it is wanted.

The first chunk is an index: the names of all runs, the rows of long tables, and where everything is. Then
come the families, in parts, and then the runs' own sections, many in a chunk. Their HTML is made by the same
templates as that of a page of few runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from reportgen.kinds import FloatArray, IntArray
from reportgen.outputs.packed import Coded, coded, packed
from reportgen.outputs.page_data import PackedArrays, figure_data
from reportgen.outputs.page_tables import MOST_ROWS, Pool, held_table
from reportgen.outputs.templating import visible
from reportgen.outputs.views import FamilyView, FigureView, RunView, TableView
from reportgen.report import Report

__all__ = ["Many", "Part", "page_of_many"]

_RUNS_A_CHUNK = 50
_ALL_POINTS, _FEWEST, _MOST = 1_600_000, 120, 800
"""Points of a curve: so many in all runs together, within these bounds."""
_SPARK_POINTS = 64
_MOST_HERE = 250
"""Rows of families' tables that a page has from the beginning."""
_PART_ROWS, _PART_FAMILIES = 60, 8
_FAMILY_PX = 2_000
_ID = re.compile(r' id="([^"]*)"')

Render = Callable[[str, Mapping[str, Any]], str]
"""A template's name and further names -> text."""


@dataclass(frozen=True, slots=True)
class Part:
    """Families whose sections a page makes when they come near the view.

    Attributes:
        number: From 0.
        families: In order.
        height: Roughly, in pixels, until the page knows.
    """

    number: int
    families: tuple[FamilyView, ...]

    @property
    def height(self) -> int:
        return _FAMILY_PX * len(self.families)


@dataclass(frozen=True, slots=True)
class Many:
    """What a page of many runs has in place of the whole.

    Attributes:
        here: Families that stand in the page.
        parts: The others.
        chunks: Base64 text of each.
        places: Where the chunks of parts and runs begin, and how many runs one has.
    """

    here: tuple[FamilyView, ...]
    parts: tuple[Part, ...]
    chunks: tuple[str, ...]
    places: Mapping[str, int]


class _Chunks:
    """Chunks in the making; arrays are numbered throughout."""

    def __init__(self, points: int) -> None:
        self.texts: list[str] = []
        self._points = points
        self._base = 0

    def add(self, figures: Sequence[FigureView], **content: Any) -> None:
        arrays, names = PackedArrays(self._base, self._points), dict[str, list[str]]()
        made = {view.name: figure_data(view, arrays, names) for view in figures if view.plot is not None}
        self.keep(made, arrays, names, **content)

    def keep(
        self, figures: Mapping[str, Any], arrays: PackedArrays, names: Mapping[str, Any], **content: Any
    ) -> None:
        said = {"base": arrays.base, "figures": figures, "names": names, "shared": arrays.shared} | content
        self.texts.append(packed(said, arrays.encoded))
        self._base = arrays.base + len(arrays.encoded)

    @property
    def next(self) -> PackedArrays:
        return PackedArrays(self._base, self._points)


def page_of_many(report: Report, shared: Mapping[str, Any], render: Render) -> Many:
    """Chunks of a report, and what of it stays in the page.

    Args:
        report: The report.
        shared: Of ``context``, for the screen.
        render: Fills a template with ``shared`` and further names.
    """
    families: Sequence[FamilyView] = shared["families"]
    points = min(_MOST, max(_FEWEST, _ALL_POINTS // max(1, len(report.runs))))
    here, parts = _divided(families)
    chunks = _Chunks(points)
    ids = []
    for part in parts:
        html = "".join(render("_family.html.j2", {"view": view}) for view in part.families)
        ids.append(sorted(set(_ID.findall(html))))
        chunks.add([figure for view in part.families for figure in view.figures], html=html)
    of_here = range(1 + len(chunks.texts), 1 + len(chunks.texts) + len(here))
    for view in here:
        chunks.add(view.figures)
    first_of_runs = 1 + len(chunks.texts)
    sparks = _Sparks(report)
    views = ((family, view) for family in families for view in family.runs)
    for some in _in_chunks(views, _RUNS_A_CHUNK):
        for _, run in some:
            sparks.add(run)
        chunks.add(
            [figure for _, run in some for figure in run.figures],
            html=[render("_run.html.j2", {"view": family, "item": run}) for family, run in some],
        )
    index = _index(report, shared, sparks)
    index |= {"ids": ids, "here": list(of_here)}
    arrays = chunks.next
    places = {"firstOfParts": 1, "firstOfRuns": first_of_runs, "perChunk": _RUNS_A_CHUNK}
    index["sparks"] = {"points": _SPARK_POINTS, "array": arrays.base}
    arrays.encoded.append(sparks.coded())
    figures = {}
    if shared["overview"] is not None:
        figures[shared["overview"].name] = _overview(shared["overview"], arrays, report)
    chunks.keep(figures, arrays, {}, **index)
    return Many(here, parts, (chunks.texts[-1], *chunks.texts[:-1]), places)


def _divided(families: Sequence[FamilyView]) -> tuple[tuple[FamilyView, ...], tuple[Part, ...]]:
    """Families that stand in the page, and the parts of the others: all or none, so that they look alike."""
    rows = [sum(min(len(table.table.rows), MOST_ROWS) for table in view.tables) for view in families]
    if sum(rows) <= _MOST_HERE or len(families) == 1:
        return tuple(families), ()
    parts: list[list[FamilyView]] = []
    room = 0
    for view, own in zip(families, rows, strict=True):
        if not parts or room < own or len(parts[-1]) == _PART_FAMILIES:
            parts.append([])
            room = _PART_ROWS
        parts[-1].append(view)
        room -= own
    return (), tuple(Part(number, tuple(some)) for number, some in enumerate(parts))


def _in_chunks(
    items: Iterator[tuple[FamilyView, RunView]], size: int
) -> Iterator[list[tuple[FamilyView, RunView]]]:
    some: list[tuple[FamilyView, RunView]] = []
    for item in items:
        some.append(item)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some


def _index(report: Report, shared: Mapping[str, Any], sparks: _Sparks) -> dict[str, Any]:
    """Names and places of all runs, and the rows of long tables."""
    pool = Pool()
    places = {run.slug: at for at, run in enumerate(report.runs)}
    shown: list[TableView] = [shared["runs_table"]]
    shown += [table for view in shared["families"] for table in view.tables]
    tables = {
        view.anchor: held_table(view.table, pool, places)
        for view in (*shown, *shared["lists"])
        if len(view.table.rows) > MOST_ROWS
    }
    ranges = {
        view.anchor: sparks.range_of([places[row.run.slug] for row in view.table.rows if row.run is not None])
        for view in shown
        if any(column.kind == "sparkline" for column in view.table.columns)
    }
    first = 0
    families = []
    for family in report.families:
        families.append(
            {
                "slug": family.slug,
                "name": visible(family.name),
                "first": first,
                "count": len(family.runs),
            }
        )
        first += len(family.runs)
    return {
        "slugs": pool.place([run.slug for run in report.runs])[0],
        "labels": pool.place([visible(run.label) for run in report.runs], "text label", 0)[0],
        "runNames": pool.place([visible(run.spec.name) for run in report.runs], "text name", 0)[0],
        "families": families,
        "tables": tables,
        "ranges": ranges,
        "pool": pool.columns,
    }


def _overview(view: FigureView, arrays: PackedArrays, report: Report) -> dict[str, Any]:
    """The figure of all runs, its marks as columns."""
    made = figure_data(view, arrays, {})
    places = {run.slug: at for at, run in enumerate(report.runs)}
    points = made.pop("points")
    made["columns"] = {
        "runs": [places[point["id"]] for point in points],
        "group": [point["group"] for point in points],
        "value": [point["value"] for point in points],
        "places": {key: [point["places"].get(key) for point in points] for key in made["by"]},
    }
    return made


class _Sparks:
    """The small curves of rows: of each run the smoothed line, at places spread evenly over the run."""

    def __init__(self, report: Report) -> None:
        self._values = np.full((len(report.runs), _SPARK_POINTS), np.nan, dtype=np.float32)
        self._counts = np.zeros(len(report.runs), dtype=bool)
        self._done = 0

    def add(self, view: RunView) -> None:
        """Adds the next run."""
        curve = view.line.curve
        starts = np.linspace(curve.step[0], curve.step[-1] + 1, _SPARK_POINTS + 1)
        self._values[self._done] = _first_of_each(starts, curve.step, curve.mean)
        self._counts[self._done] = view.line.counts
        self._done += 1

    @cached_property
    def _is_log(self) -> bool:
        low, high = self._ends(np.arange(len(self._values)))
        return low > 0 and float(np.log10(high / low)) > 1.5

    def _ends(self, runs: Any) -> tuple[float, float]:
        counting = runs[self._counts[runs]]
        own = self._values[counting if len(counting) else runs]
        found = own[np.isfinite(own)]
        return (float(found.min()), float(found.max())) if len(found) else (0.0, 1.0)

    def range_of(self, runs: Sequence[int]) -> dict[str, float]:
        """Ends of the axis that the rows of a table share, on the scale of the codes."""
        low, high = self._ends(np.array(runs, dtype=np.int64))
        return dict(zip(("low", "high"), map(float, self._scaled(np.array([low, high]))), strict=True))

    def _scaled(self, values: FloatArray) -> FloatArray:
        if not self._is_log:
            return values
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(np.where(values > 0, values, np.nan))

    def coded(self) -> Coded:
        """All of them, one run after the other."""
        low, high = self._scaled(np.array(self._ends(np.arange(len(self._values)))))
        return coded(np.clip(self._scaled(self._values.astype(np.float64)), low, high).ravel(), evenly=True)


def _first_of_each(starts: FloatArray, step: IntArray, mean: FloatArray) -> FloatArray:
    """(stretches,) the first value of each stretch; of a run with fewer entries the one before."""
    if len(step) < len(starts):
        before: FloatArray = mean[np.clip(np.searchsorted(step, starts[:-1], side="right") - 1, 0, None)]
        return before
    there = np.flatnonzero(np.isfinite(mean))
    if not len(there):
        return np.full(len(starts) - 1, np.nan)
    found = there[np.minimum(np.searchsorted(step[there], starts[:-1]), len(there) - 1)]
    inside = (step[found] >= starts[:-1]) & (step[found] < starts[1:])
    values: FloatArray = np.where(inside, mean[found], np.nan)
    return values
