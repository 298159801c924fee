"""A chart of W&B, exported as CSV: one column for each run and metric, and its range; a store of runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reportgen.formats.assembly import Column, series_of, shown
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


class WandbExport:
    """See the module."""

    name = "wandb_export"
    version = 1

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        if len(files) != 1:
            return ()
        first = head(files[0]).decode("utf-8-sig", "replace")
        return tuple(files) if _header(next(_rows(first), [])) else ()

    def runs(self, files: Sequence[InputFile], options: Mapping[str, Any]) -> Sequence[str]:
        return list(_ids(_read(files[0])[0]))

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        return the_one(self.read_all(files, [name], options))

    def read_all(
        self, files: Sequence[InputFile], names: Sequence[str], options: Mapping[str, Any]
    ) -> Mapping[str, RunFile | Unreadable]:
        (file,) = files
        head, rows = _read(file)
        runs, found = runs_of(_ids(head), names, file.name)
        places = {
            run: {metric: place for (owner, metric), place in head.columns.items() if owner == run}
            for run in runs
        }
        axis: list[float] = []
        cells: dict[int, list[tuple[int, float]]] = {
            place: [] for own in places.values() for place in own.values()
        }
        bad_rows, bad = 0, dict.fromkeys(cells, 0)
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
                    bad[place] += 1
                else:
                    taken.append((len(axis), value))
            axis.append(at)
        steps = np.array(axis)
        for run, called in runs.items():
            own = places[run]
            wrong = bad_rows + sum(bad[place] for place in own.values())
            columns, notes = _columns(head, steps, {metric: cells[place] for metric, place in own.items()})
            if not columns:
                reason = f"holds no values of {shown(run)}; export the chart again"
                found |= dict.fromkeys(called, Unreadable(file.name, reason, no_series=not wrong))
                continue
            if wrong:
                notes.append(f"Rows and cells that are no numbers were left out: {wrong:,}.")
            made = RunFile(series=series_of(columns), notes=tuple(notes), format=self.name)
            found |= dict.fromkeys(called, made)
        return found


FORMAT: Final = WandbExport()


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
            "is no chart that W&B exported: after the first column each is `<run> - <metric>`, with its "
            "__MIN and __MAX; export a chart, not the table of runs",
        )
    return head, rows


def _ids(head: _Head) -> dict[str, str]:
    return ids_by_name([(run, run) for run in dict.fromkeys(run for run, _ in head.columns)])


def _columns(
    head: _Head, axis: FloatArray, cells: Mapping[str, Sequence[tuple[int, float]]]
) -> tuple[dict[str, Column], list[str]]:
    """The metrics of a run; steps are those of the first column, which is said where they are none."""
    whole = bool((axis == np.floor(axis)).all())
    time = "time" in parts(head.axis)
    notes = [f"Its steps are those of {shown(head.axis)}, the first column."]
    if not whole:
        notes = [f"{shown(head.axis)}, the first column, holds no whole numbers: its rows are counted."]
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
