"""Trackio's store: an SQLite database a project, of many runs, whose metrics are JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reportgen.formats.assembly import Column, series_of, shown
from reportgen.formats.reading import integer, number, sound
from reportgen.formats.stores import (
    WAL_NOTE,
    database,
    has_columns,
    ids_by_name,
    rows_by_run,
    runs_of,
    step_of,
    the_one,
)
from reportgen.kinds import RunFile, Unreadable

if TYPE_CHECKING:
    from reportgen.kinds import Head, InputFile

__all__ = ["FORMAT", "Trackio", "is_store"]

_COLUMNS = ("timestamp", "step", "metrics")
_TABLES = {"metrics": ("run_name", *_COLUMNS)}
# What Transformers logs with every call; trackio's own step counts the calls.
_STEPS = ("train/global_step", "trainer/global_step", "global_step")
_WORDS = ("NaN", "Infinity", "-Infinity")


class Trackio:
    """See the module; :mod:`reportgen.formats.databases` tells whose a database is."""

    name = "trackio"
    version = 1

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        return ()

    def runs(self, files: Sequence[InputFile], options: Mapping[str, Any]) -> Sequence[str]:
        with database(files, files[0].name) as (store, _):
            return list(_ids(store, files[0].name))

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        return the_one(self.read_all(files, [name], options))

    def read_all(
        self, files: Sequence[InputFile], names: Sequence[str], options: Mapping[str, Any]
    ) -> Mapping[str, RunFile | Unreadable]:
        place = files[0].name
        with database(files, place) as (store, has_wal):
            ids = _ids(store, place)
            runs, found = runs_of(ids, names, place)
            for run, rows in rows_by_run(store, "metrics", _key(store), _COLUMNS, "id", runs):
                called = runs.pop(run)
                made = _run(rows, _config(store, run), called[0], place, has_wal)
                found |= dict.fromkeys(called, made)
        return found | {name: _empty(place, name) for called in runs.values() for name in called}


FORMAT: Final = Trackio()


def _run(
    rows: Sequence[tuple[Any, ...]], config: Mapping[str, Any], name: str, place: str, has_wal: bool
) -> RunFile | Unreadable:
    notes: list[str] = []
    columns, left_out = _columns(rows, notes)
    if not columns:
        return _empty(place, name)
    if left_out:
        notes.append(f"Values that are not numbers were left out: {left_out:,}.")
    if has_wal:
        notes.append(WAL_NOTE)
    return RunFile(series=series_of(columns), config=sound(config), notes=tuple(notes), format=Trackio.name)


def _empty(place: str, name: str) -> Unreadable:
    return Unreadable(
        place, f"holds no metrics of {shown(name)}; remove the run from the list", no_series=True
    )


def _key(store: sqlite3.Connection) -> str:
    """The column that tells runs apart: of older versions their name."""
    return "run_id" if has_columns(store, {"metrics": ("run_id",)}) else "run_name"


def is_store(store: sqlite3.Connection) -> bool:
    """Whether a database is one of Trackio."""
    return has_columns(store, _TABLES)


def _ids(store: sqlite3.Connection, name: str) -> dict[str, str]:
    if not is_store(store):
        raise Unreadable(name, "is an SQLite database without metrics of Trackio")
    key = _key(store)
    rows = store.execute(
        f"SELECT {key}, run_name FROM metrics GROUP BY {key} ORDER BY MIN(id)"  # noqa: S608 - one of two words
    )
    return ids_by_name([(str(run), str(name)) for run, name in rows])


def _config(store: sqlite3.Connection, run: str) -> dict[str, Any]:
    """Without what Trackio adds: ``_Created``, ``_Username``, ``_Group``."""
    key = next(
        (key for key in ("run_id", "run_name") if has_columns(store, {"configs": (key, "config")})), None
    )
    if key is None:
        return {}
    if key == "run_id" and _key(store) == "run_name":
        key = "run_name"
    row = store.execute(f"SELECT config FROM configs WHERE {key} = ?", (run,)).fetchone()  # noqa: S608
    found = _object(row[0]) if row else {}
    return {name: value for name, value in found.items() if not name.startswith("_")}


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_int=integer)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _columns(rows: Sequence[tuple[Any, ...]], notes: list[str]) -> tuple[dict[str, Column], int]:
    """A column for each key, and how many values are no numbers."""
    logged = [_object(metrics) for _, _, metrics in rows]
    step_key = next(
        (key for key in _STEPS if logged and all(step_of(row.get(key)) is not None for row in logged)), None
    )
    if step_key:
        notes.append(f"Steps are taken from {step_key}.")
    found: dict[str, list[tuple[int, float, float, int]]] = {}
    left_out = 0
    for place, ((time, step, _), row) in enumerate(zip(rows, logged, strict=True)):
        at = step_of(row[step_key] if step_key else step)
        if at is None:
            left_out += len(row)
            continue
        for key, value in row.items():
            if key == step_key:
                continue
            taken = number(value) if not isinstance(value, str) or value in _WORDS else None
            if taken is None:
                left_out += value is not None
                continue
            found.setdefault(key, []).append((at, taken, _seconds(time), place))
    columns = {}
    for key, entries in found.items():
        steps, values, times, places = zip(*entries, strict=True)
        columns[key] = Column(
            values=np.array(values, dtype=np.float64),
            steps=np.array(steps, dtype=np.int64),
            times=np.array(times) if np.isfinite(times).all() else None,
            rows=np.array(places, dtype=np.int64),
        )
    return columns, left_out


def _seconds(time: object) -> float:
    """Since 1970; NaN where the text is no time."""
    try:
        return datetime.fromisoformat(str(time)).timestamp()
    except (ValueError, OverflowError):
        return np.nan
