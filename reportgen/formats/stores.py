"""What stores of many runs share: names of runs, databases in memory."""

from __future__ import annotations

import contextlib
import sqlite3
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from reportgen.formats.assembly import listed, shown
from reportgen.kinds import RunFile, Unreadable

if TYPE_CHECKING:
    from reportgen.kinds import Head, InputFile

__all__ = [
    "WAL_NOTE",
    "database",
    "database_files",
    "has_columns",
    "ids_by_name",
    "rows_by_run",
    "run_of",
    "runs_of",
    "step_of",
    "the_one",
]

_MAGIC: Final = b"SQLite format 3\0"
_WAL: Final = "-wal"
_LARGEST = 2**62
WAL_NOTE: Final = (
    "A -wal file lies next to the database, and entries that are only there are not read; "
    "close the program that writes it, or run sqlite3 FILE 'PRAGMA wal_checkpoint'."
)


def ids_by_name(runs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Names of the runs of a store to their ids.

    The tool's own name of a run, else its id. A name that several runs have gets the id behind it,
    and one that no list could hold gives way to the id.

    Args:
        runs: Id and name, empty where it has none, in the store's order.
    """
    wanted = [name if _usable(name) else shown(run_id) for run_id, name in runs]
    return {
        name if wanted.count(name) == 1 else f"{name} ({shown(run_id)})": run_id
        for (run_id, _), name in zip(runs, wanted, strict=True)
    }


def run_of(ids: Mapping[str, str], name: str, store: str) -> str:
    """The id of the run that a list names; that of the only one where the list calls it otherwise.

    Raises:
        Unreadable: The store has no such run.
    """
    if name in ids:
        return ids[name]
    if name in ids.values():
        return name
    if len(ids) == 1:
        return next(iter(ids.values()))
    if not ids:
        raise Unreadable(store, "holds no runs")
    raise Unreadable(store, f"has no run {shown(name)}; it has: {listed(list(ids))}")


def runs_of(
    ids: Mapping[str, str], names: Sequence[str], store: str
) -> tuple[dict[str, list[str]], dict[str, RunFile | Unreadable]]:
    """The ids of the runs that a list names, each to its names; and what is wrong with those it lacks."""
    runs: dict[str, list[str]] = {}
    wrong: dict[str, RunFile | Unreadable] = {}
    for name in names:
        try:
            runs.setdefault(run_of(ids, name, store), []).append(name)
        except Unreadable as reason:
            wrong[name] = reason
    return runs, wrong


def the_one(found: Mapping[str, RunFile | Unreadable]) -> RunFile:
    """The only run that was read; raises what is wrong with it."""
    (made,) = found.values()
    if isinstance(made, Unreadable):
        raise made
    return made


def rows_by_run(
    connection: sqlite3.Connection,
    table: str,
    key: str,
    columns: Sequence[str],
    order: str,
    runs: Collection[str],
) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """The rows of a table, run by run: those of one are asked for, those of many come in one pass.

    Args:
        connection: A database.
        table: Its name; it, ``key``, ``columns`` and ``order`` are words of ours.
        key: The column that holds the runs' ids.
        columns: That are wanted.
        order: Of the rows of a run.
        runs: Ids; runs without a row do not come.
    """
    taken = ", ".join(columns)
    if len(runs) == 1:
        (run,) = runs
        rows = connection.execute(
            f"SELECT {taken} FROM {table} WHERE {key} = ? ORDER BY {order}",  # noqa: S608
            (run,),
        ).fetchall()
        if rows:
            yield run, rows
        return
    wanted = set(runs)
    # As text: a database may hold a run's id as a number here and as text there.
    every = connection.execute(
        f"SELECT CAST({key} AS TEXT) AS run, {taken} FROM {table} ORDER BY run, {order}"  # noqa: S608
    )
    for run, rows_of_run in groupby(every, key=itemgetter(0)):
        if run in wanted:
            yield run, [row[1:] for row in rows_of_run]


def step_of(value: object) -> int | None:
    """A step; None where a value is no whole number that fits 64 bits."""
    try:
        number = float(value)  # type: ignore[arg-type]
        step = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return None
    return step if number == step and abs(step) < _LARGEST else None


def _usable(name: str) -> bool:
    plain = name.strip() == name and ".." not in name and not set(name) & set("*?")
    return bool(name) and plain and not any(unicodedata.category(letter) == "Cc" for letter in name)


def database_files(files: Sequence[str], head: Head) -> tuple[str, ...]:
    """The databases among files, with the ``-wal`` files beside them; by content."""
    found = []
    for file in files:
        known = PurePosixPath(file).suffix in (".db", ".sqlite", ".sqlite3") or len(files) == 1
        if known and head(file).startswith(_MAGIC):
            found.append(file)
    return tuple(file for file in files if file in found or file.removesuffix(_WAL) in found)


@contextlib.contextmanager
def database(files: Sequence[InputFile], name: str) -> Iterator[tuple[sqlite3.Connection, bool]]:
    """The database among files, from the bytes that were hashed, and whether it has a ``-wal`` file.

    Raises:
        Unreadable: It is damaged, here or while it is read.
    """
    file = next(one for one in files if not one.name.endswith(_WAL))
    connection = sqlite3.connect(":memory:")
    try:
        data = bytearray(file.read())
        if not data.startswith(_MAGIC):
            raise Unreadable(name, "is not an SQLite database; correct `type` under [source.format]")
        # A database in WAL mode cannot be opened in memory; its journal's mode is in these bytes.
        data[18:20] = b"\x01\x01"
        connection.deserialize(bytes(data))
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")  # Sorting writes no files.
        connection.text_factory = lambda value: value.decode("utf-8", "replace")
        yield connection, len(files) > 1
    # SQLite's own message may be no text, and sizes in a damaged file may be beyond all memory.
    except (sqlite3.Error, OverflowError, UnicodeDecodeError, MemoryError):
        raise Unreadable(name, "is a damaged database; copy the file again") from None
    finally:
        connection.close()


def has_columns(connection: sqlite3.Connection, tables: Mapping[str, Sequence[str]]) -> bool:
    """Whether a database has these tables, each with at any rate these columns.

    A view is no table: what it computes may never end.
    """
    for table, columns in tables.items():
        kind = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
        sql = (kind.fetchone() or ("",))[0]
        found = {row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        if not str(sql).upper().startswith("CREATE TABLE") or not found.issuperset(columns):
            return False
    return True
