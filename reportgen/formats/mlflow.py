"""MLflow's stores of many runs: folders of files (``mlruns``), or one SQLite database."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reportgen.formats.assembly import Column, counted, series_of, shown
from reportgen.formats.reading import sound
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

__all__ = ["FORMAT", "MLflow", "is_store"]

_META = "meta.yaml"
_PARTS = ("metrics", "params", "tags")
_RUN_NAME = "mlflow.runName"
_OWN_TAGS = "mlflow."
_MACHINE = "system/"
_DELETED = re.compile(rb"^lifecycle_stage: *'?deleted", re.MULTILINE)
# As numbers in meta.yaml, as words in a database.
_STATES = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
_GOING_ON = ("RUNNING", "SCHEDULED")
_TABLES = {
    "runs": ("run_uuid", "lifecycle_stage", "status"),
    "metrics": ("key", "value", "timestamp", "run_uuid"),
    "params": ("key", "value", "run_uuid"),
}


@dataclass(slots=True)
class _Run:
    """What a store says of one run.

    Attributes:
        metrics: Name to its entries: milliseconds since 1970, value, step (None in stores of old).
        bad: Lines that are no entries.
    """

    state: str = ""
    metrics: dict[str, list[tuple[float, float, int | None]]] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    bad: int = 0


class MLflow:
    """See the module. Of databases :mod:`reportgen.formats.databases` tells whose they are."""

    name = "mlflow"
    version = 1

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        folders = _folders(files)
        folders -= {one for one in folders if _DELETED.search(head(str(one / _META)))}
        return tuple(
            file
            for file in files
            if (PurePosixPath(file).parent in folders and PurePosixPath(file).name == _META)
            or _owner(file) in folders
        )

    def runs(
        self, files: Sequence[InputFile], options: Mapping[str, Any]
    ) -> Sequence[str] | Mapping[str, Sequence[str]]:
        if _is_database(files):
            with database(files, files[0].name) as (store, _):
                return list(_database_ids(store, files[0].name))
        own = _by_folder(files)
        return {name: [file.name for file in own[folder]] for name, folder in _folder_ids(files).items()}

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        return the_one(self.read_all(files, [name], options))

    def read_all(
        self, files: Sequence[InputFile], names: Sequence[str], options: Mapping[str, Any]
    ) -> Mapping[str, RunFile | Unreadable]:
        if _is_database(files):
            place = files[0].name
            with database(files, place) as (store, has_wal):
                runs, found = runs_of(_database_ids(store, place), names, place)
                for run_id, run in _from_database(store, runs):
                    found |= dict.fromkeys(runs[run_id], _run(run, runs[run_id][0], place, has_wal))
            return found
        folders, found = runs_of(_folder_ids(files), names, "")
        own = _by_folder(files)
        for folder, called in folders.items():
            found |= dict.fromkeys(
                called, _run(_from_folder(own[folder], folder), called[0], "", has_wal=False)
            )
        return found


FORMAT: Final = MLflow()


def _run(run: _Run, name: str, place: str, has_wal: bool) -> RunFile | Unreadable:
    notes = [WAL_NOTE] if has_wal else []
    columns = _columns(run, notes)
    if not columns:
        reason = f"holds no metrics of {shown(name)}; remove the run from the list"
        return Unreadable(place, reason, no_series=not run.bad)
    if run.bad:
        notes.append(
            f"{counted(run.bad, 'line without an entry was', 'lines without an entry were')} left out."
        )
    if run.state in ("FAILED", "KILLED"):
        notes.append(f"MLflow marks the run as {run.state.lower()}.")
    own = {key: value for key, value in run.tags.items() if not key.startswith(_OWN_TAGS)}
    return RunFile(
        series=series_of(columns),
        config=sound(run.params | ({"tags": own} if own else {})),
        unfinished=run.state in _GOING_ON,
        notes=tuple(notes),
        format=MLflow.name,
    )


def _columns(run: _Run, notes: list[str]) -> dict[str, Column]:
    columns = {}
    left_out = 0
    for name, entries in run.metrics.items():
        if name.startswith(_MACHINE):
            left_out += 1
            continue
        times, values, steps = zip(*entries, strict=True) if entries else ((), (), ())
        columns[name] = Column(
            values=np.array(values, dtype=np.float64),
            steps=None if None in steps else np.array(steps, dtype=np.int64),
            times=np.array(times, dtype=np.float64) / 1000,
        )
    if left_out:
        notes.append(
            f"{counted(left_out, 'system metric was', 'system metrics were')} left out ({_MACHINE}...)."
        )
    return {name: column for name, column in columns.items() if len(column.values)}


# Folders


def _owner(file: str) -> PurePosixPath | None:
    """The folder of the run to which a file of metrics, parameters or tags belongs."""
    path = PurePosixPath(file)
    for parent in path.parents:
        if parent.name in _PARTS:  # Names may hold slashes, which become folders.
            return parent.parent
    return None


def _by_folder(files: Sequence[InputFile]) -> dict[str, list[InputFile]]:
    """The files of each run, by its folder."""
    found: dict[str, list[InputFile]] = {}
    for file in files:
        found.setdefault(str(_owner(file.name) or PurePosixPath(file.name).parent), []).append(file)
    return found


def _folders(files: Sequence[str]) -> set[PurePosixPath]:
    """Folders of runs: those with a description and metrics, that are not thrown away."""
    described = {PurePosixPath(file).parent for file in files if PurePosixPath(file).name == _META}
    logged = {_owner(file) for file in files if "metrics" in PurePosixPath(file).parts}
    return {
        folder for folder in described if folder in logged and not {".trash", "models"} & set(folder.parts)
    }


def _is_database(files: Sequence[InputFile]) -> bool:
    return not any(PurePosixPath(file.name).name == _META for file in files)


def _meta(file: InputFile) -> Mapping[str, Any]:
    """``meta.yaml``; empty where it is none."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(file.read().decode("utf-8", "replace"), loader)  # noqa: S506 - both are safe
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _folder_ids(files: Sequence[InputFile]) -> dict[str, str]:
    """Names of the runs of a store to their folders; those deleted are left out."""
    texts = {file.name: file for file in files}
    found = []
    for file in sorted(files, key=lambda file: file.name):
        path = PurePosixPath(file.name)
        if path.name != _META or _owner(file.name) is not None:
            continue
        meta = _meta(file)
        if meta.get("lifecycle_stage", "active") != "active":
            continue
        tag = texts.get(str(path.parent / "tags" / _RUN_NAME))
        name = meta.get("run_name") or (tag.read().decode("utf-8", "replace").strip() if tag else "")
        run_id = str(meta.get("run_id") or meta.get("run_uuid") or path.parent.name)
        began = meta.get("start_time")
        found.append((began if isinstance(began, int) else 0, str(path.parent), str(name), run_id))
    found.sort(key=lambda one: one[:2])
    # Told apart by the id, kept by the folder.
    by_id = {run_id: folder for _, folder, _, run_id in found}
    return {name: by_id[run] for name, run in ids_by_name([(run, name) for _, _, name, run in found]).items()}


def _from_folder(files: Sequence[InputFile], folder: str) -> _Run:
    """What its own files say of a run."""
    run = _Run()
    base = PurePosixPath(folder)
    for file in files:
        path = PurePosixPath(file.name)
        if path == base / _META:
            status = str(_meta(file).get("status", ""))
            run.state = _STATES.get(status, status)
        elif _owner(file.name) == base:
            kind, *rest = path.relative_to(base).parts
            name = "/".join(rest)
            text = file.read().decode("utf-8", "replace")
            if kind == "metrics":
                run.metrics[name] = _entries(text, run)
            elif kind == "params":
                run.params[name] = text.strip()
            else:
                run.tags[name] = text.strip()
    return run


def _entries(text: str, run: _Run) -> list[tuple[float, float, int | None]]:
    """Lines of milliseconds, value and, in all but the oldest stores, step."""
    entries: list[tuple[float, float, int | None]] = []
    for line in text.splitlines():
        words = line.split()
        step = step_of(words[2]) if words[2:] else None
        try:
            entry = float(words[0]), float(words[1]), step
        except (ValueError, IndexError):
            run.bad += bool(words)
            continue
        if step is None and words[2:]:
            run.bad += 1
        else:
            entries.append(entry)
    return entries


# Databases


def is_store(store: sqlite3.Connection) -> bool:
    """Whether a database is one of MLflow."""
    return has_columns(store, _TABLES)


def _database_ids(store: sqlite3.Connection, name: str) -> dict[str, str]:
    """Names of the runs of a database to their ids; those deleted are left out."""
    if not is_store(store):
        raise Unreadable(name, "is an SQLite database without runs and metrics of MLflow")
    named = "name" if has_columns(store, {"runs": ("name",)}) else "''"
    rows = store.execute(
        f"SELECT run_uuid, {named} FROM runs WHERE lifecycle_stage = 'active' "  # noqa: S608 - one of two words
        "ORDER BY start_time, rowid"
    ).fetchall()
    tagged: dict[str, str] = {}
    if has_columns(store, {"tags": ("key", "value", "run_uuid")}):
        tagged = dict(store.execute("SELECT run_uuid, value FROM tags WHERE key = ?", (_RUN_NAME,)))
    return ids_by_name([(str(run), str(name or tagged.get(run) or "")) for run, name in rows])


def _from_database(store: sqlite3.Connection, run_ids: Collection[str]) -> Iterator[tuple[str, _Run]]:
    """What the database says of each of these runs; those without metrics come last."""
    states = {str(run): str(state) for run, state in store.execute("SELECT run_uuid, status FROM runs")}
    params, tags = (_pairs(store, table, run_ids) for table in ("params", "tags"))
    step = "step" if has_columns(store, {"metrics": ("step",)}) else "NULL"
    lost = "is_nan" if has_columns(store, {"metrics": ("is_nan",)}) else "0"
    wanted = ("key", "timestamp", "value", step, lost)
    left = dict.fromkeys(run_ids)
    for run_id, rows in rows_by_run(store, "metrics", "run_uuid", wanted, f"timestamp, {step}", run_ids):
        del left[run_id]
        run = _Run(states.get(run_id, ""), params=params.get(run_id, {}), tags=tags.get(run_id, {}))
        _take(rows, run)
        yield run_id, run
    for run_id in left:
        yield run_id, _Run()


def _pairs(store: sqlite3.Connection, table: str, run_ids: Collection[str]) -> dict[str, dict[str, str]]:
    """Of each run what a table of keys and values says; nothing where there is no such table."""
    if not has_columns(store, {table: ("key", "value", "run_uuid")}):
        return {}
    rows = rows_by_run(store, table, "run_uuid", ("key", "value"), "rowid", run_ids)
    return {run_id: {str(key): str(value) for key, value in pairs} for run_id, pairs in rows}


def _take(rows: Sequence[tuple[Any, ...]], run: _Run) -> None:
    """Rows of the table of metrics into a run."""
    for key, time, value, step, is_nan in rows:
        at = step_of(step)
        try:
            entry = float(time), np.nan if is_nan else _value(value), at
        except (TypeError, ValueError):
            run.bad += 1
            continue
        if at is None and step is not None:
            run.bad += 1
        else:
            run.metrics.setdefault(str(key), []).append(entry)


def _value(value: Any) -> float:
    """A metric; databases hold the infinite ones as the largest float."""
    number = float(value)
    return np.copysign(np.inf, number) if abs(number) == sys.float_info.max else number
