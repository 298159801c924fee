"""A chart of W&B, exported as CSV: one column for each run and metric, and its range; a store of runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reportgen.formats.assembly import Column, listed, series_of, shown
from reportgen.formats.reading import number, text_of
from reportgen.formats.series_names import parts
from reportgen.formats.stores import ids_by_name, runs_of, the_one
from reportgen.kinds import RunFile, Unreadable

if TYPE_CHECKING:
    from reportgen.kinds import FloatArray, Head, InputFile

__all__ = ["FORMAT", "WandbExport"]

_BETWEEN = " - "
_RANGE = ("__MIN", "__MAX")
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class _Head:
    """The header of an export.

    Attributes:
        axis: What the first column counts.
        columns: Run and metric to the place of their column.
    """

    axis: str
    columns: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class _Chart:
    """One exported file, as far as it is wanted.

    Attributes:
        axis: (rows,) float64, the first column.
        cells: Run and metric to the rows in which it has a value, and the values.
        bad: Run to the rows and cells that are no numbers.
    """

    file: str
    head: _Head
    axis: FloatArray
    cells: Mapping[tuple[str, str], Sequence[tuple[int, float]]]
    bad: Mapping[str, int]


class WandbExport:
    """See the module. Charts that lie side by side tell of the same runs: one for each metric."""

    name = "wandb_export"
    version = 2

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        named = files if len(files) == 1 else [file for file in files if file.lower().endswith(".csv")]
        return tuple(file for file in named if _is_export(head(file)))

    def runs(self, files: Sequence[InputFile], options: Mapping[str, Any]) -> Sequence[str]:
        return list(_ids(_read(file)[0] for file in files))

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        return the_one(self.read_all(files, [name], options))

    def read_all(
        self, files: Sequence[InputFile], names: Sequence[str], options: Mapping[str, Any]
    ) -> Mapping[str, RunFile | Unreadable]:
        read = [(file.name, *_read(file)) for file in sorted(files, key=lambda file: file.name)]
        place = files[0].name if len(files) == 1 else ""
        runs, found = runs_of(_ids(head for _, head, _ in read), names, place)
        charts = [_chart(file, head, rows, runs) for file, head, rows in read]
        for run, called in runs.items():
            found |= dict.fromkeys(called, _run(run, charts, place))
        return found


FORMAT: Final = WandbExport()


def _is_export(head: bytes) -> bool:
    return _header(next(_rows(head.decode("utf-8-sig", "replace")), [])) is not None


def _chart(file: str, head: _Head, rows: Iterator[list[str]], runs: Collection[str]) -> _Chart:
    """Reads the columns of these runs, all in one pass."""
    places = {place: pair for pair, place in head.columns.items() if pair[0] in runs}
    axis: list[float] = []
    cells: dict[int, list[tuple[int, float]]] = {place: [] for place in places}
    bad_rows, bad = 0, dict.fromkeys(runs, 0)
    for row in rows:
        at = number(row[0]) if row else None
        if at is None or not abs(at) < _LARGEST:  # NaN is no step either
            bad_rows += 1
            continue
        for place, taken in cells.items():
            cell = row[place].strip() if place < len(row) else ""
            if not cell:
                continue
            value = number(cell)
            if value is None:
                bad[places[place][0]] += 1
            else:
                taken.append((len(axis), value))
        axis.append(at)
    by_pair = {pair: cells[place] for place, pair in places.items()}
    return _Chart(file, head, np.array(axis), by_pair, {run: bad_rows + count for run, count in bad.items()})


def _run(run: str, charts: Sequence[_Chart], place: str) -> RunFile | Unreadable:
    """What all charts tell of a run; of a metric that two have, the first counts."""
    columns: dict[str, Column] = {}
    notes: dict[str, None] = {}
    wrong = 0
    for chart in charts:
        own = {metric: cells for (owner, metric), cells in chart.cells.items() if owner == run}
        if not own:
            continue
        wrong += chart.bad[run]
        made, said = _columns(chart.head, chart.axis, own)
        again = [metric for metric in made if metric in columns]
        if again:
            notes[f"What {shown(chart.file)} repeats was left out: {listed(again)}."] = None
        columns |= {
            metric: column if place else replace(column, table=chart.file)
            for metric, column in made.items()
            if metric not in columns
        }
        notes |= dict.fromkeys(said if made else [])
    if not columns:
        reason = f"holds no values of {shown(run)}; export the chart again"
        return Unreadable(place, reason, no_series=not wrong)
    if wrong:
        notes[f"Rows and cells that are not numbers were left out: {wrong:,}."] = None
    return RunFile(series=series_of(columns), notes=tuple(notes), format=WandbExport.name)


def _rows(text: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:  # a field of over 131,072 letters
            yield []


def _header(row: Sequence[str]) -> _Head | None:
    """The header of an export; None where a table is none.

    Every column after the first is that of a run's metric, and has its minimum and maximum with it.
    """
    names = set(row[1:])
    columns: dict[tuple[str, str], int] = {}
    for place, cell in enumerate(row[1:], 1):
        if any(cell.endswith(ending) and cell.removesuffix(ending) in names for ending in _RANGE):
            continue
        run, between, metric = cell.rpartition(_BETWEEN)
        if not between or not run or not metric or not names.issuperset(cell + ending for ending in _RANGE):
            return None
        columns[run, metric] = place
    return _Head(row[0], columns) if columns else None


def _read(file: InputFile) -> tuple[_Head, Iterator[list[str]]]:
    rows = _rows(text_of(file.read(), file.name, strict=False))
    head = _header(next(rows, []))
    if head is None:
        raise Unreadable(
            file.name,
            "is not a chart exported from W&B, in which each column after the first is <run> - <metric>, "
            "with its __MIN and __MAX; export a chart, not the table of runs",
        )
    return head, rows


def _ids(heads: Iterable[_Head]) -> dict[str, str]:
    runs = dict.fromkeys(run for head in heads for run, _ in head.columns)
    return ids_by_name([(run, run) for run in runs])


def _columns(
    head: _Head, axis: FloatArray, cells: Mapping[str, Sequence[tuple[int, float]]]
) -> tuple[dict[str, Column], list[str]]:
    """The metrics of a run; steps are those of the first column, which is said where they are none."""
    whole = bool((axis == np.floor(axis)).all())
    time = "time" in parts(head.axis)
    notes = [f"Steps are taken from the first column, {shown(head.axis)}."]
    if not whole:
        notes = [f"The first column, {shown(head.axis)}, is not of whole numbers, so rows are counted."]
    unit = "epoch" if parts(head.axis)[-1:] == ("epoch",) else "step"
    columns = {}
    for metric, found in cells.items():
        rows = np.array([row for row, _ in found], dtype=np.int64)
        columns[metric] = Column(
            values=np.array([value for _, value in found], dtype=np.float64),
            steps=axis[rows].astype(np.int64) if whole else rows,
            times=axis[rows] if time else None,
            rows=rows,
            unit=unit if whole else "row",
        )
    return {metric: column for metric, column in columns.items() if len(column.values)}, notes
