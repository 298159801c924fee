"""What stores of many runs share: names of runs, databases in memory."""

from __future__ import annotations

import contextlib
import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from reportgen.formats.assembly import listed, shown
from reportgen.kinds import Unreadable

if TYPE_CHECKING:
    from reportgen.kinds import Head, InputFile

__all__ = ["WAL_NOTE", "database", "database_files", "has_columns", "ids_by_name", "run_of", "step_of"]

_MAGIC: Final = b"SQLite format 3\0"
_WAL: Final = "-wal"
_LARGEST = 2**62
WAL_NOTE: Final = (
    "A -wal file stands beside the database: what its program has not yet moved into it is not read; "
    "close the program, or run sqlite3 FILE 'PRAGMA wal_checkpoint'."
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
    raise Unreadable(store, f"has no run {shown(name)}; its {len(ids):,} runs are {listed(list(ids))}")


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
        # A database in WAL mode cannot be opened in memory; its journal's mode is in these bytes.
        data[18:20] = b"\x01\x01"
        connection.deserialize(bytes(data))
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.text_factory = lambda value: value.decode("utf-8", "replace")
        yield connection, len(files) > 1
    # SQLite's own message may be no text, and sizes in a damaged file may be beyond all memory.
    except (sqlite3.Error, OverflowError, UnicodeDecodeError, MemoryError):
        raise Unreadable(name, "is a damaged database; copy it again, whole") from None
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
