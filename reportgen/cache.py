"""The build cache: bytes by key, in one SQLite file, shared by any number of builds.

A cache may be lost at any time and must never be the reason that a build fails: whatever SQLite
says, the caller sees a missing entry.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import platformdirs

__all__ = ["Cache", "default_folder", "key_of", "mark_used", "open_cache", "prune"]

_FILE = "builds.sqlite3"
_LIMIT = 512 * 2**20
_PATIENCE = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY, value BLOB NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL, used REAL NOT NULL
) WITHOUT ROWID
"""


def default_folder() -> Path | None:
    """The folder that the platform keeps for caches of one user; None for a user without a home."""
    try:
        return Path(platformdirs.user_cache_dir("reportgen", appauthor=False))
    except RuntimeError:
        return None


def key_of(*parts: str | bytes) -> str:
    """A key from parts; no two different sequences of parts share one."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def mark_used(file: Path) -> None:
    """Notes that a file of a cache was used now, for :func:`prune`."""
    with contextlib.suppress(OSError):
        os.utime(file)


def prune(folder: Path, limit: int) -> None:
    """Lets the longest unused files of a folder go until the rest has at most ``limit`` bytes."""
    found: list[tuple[float, str, int, Path]] = []
    with contextlib.suppress(OSError):
        for file in folder.iterdir():
            with contextlib.suppress(OSError):
                if not file.is_symlink() and file.is_file():
                    status = file.stat()
                    found.append((status.st_mtime, file.name, status.st_size, file))
    kept = 0
    for _, _, size, file in sorted(found, reverse=True):
        kept += size
        if kept > limit:
            with contextlib.suppress(OSError):
                file.unlink()


class Cache:
    """A store of bytes by key. Without a connection it holds nothing."""

    def __init__(self, connection: sqlite3.Connection | None, limit: int = _LIMIT) -> None:
        self._connection = connection
        self._limit = limit
        self._lock = threading.Lock()
        self._used: list[str] = []
        self._needed = 0

    @property
    def usable(self) -> bool:
        """Whether anything is kept."""
        return self._connection is not None

    def get(self, key: str) -> bytes | None:
        """The value of ``key``, None where there is none or it is broken."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            if self._connection is None:
                return None
            row = self._connection.execute(
                "SELECT value, digest FROM entries WHERE key = ?", (key,)
            ).fetchone()
            # SQLite does not check its pages: a flipped bit in a blob would become a wrong number.
            if row is not None and isinstance(row[0], bytes) and _digest(row[0]) == row[1]:
                self._used.append(key)
                self._needed += len(row[0])
                return row[0]
        return None

    def put(self, key: str, value: bytes) -> None:
        """Keeps ``value`` under ``key``, if it can be kept."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            if self._connection is not None:
                self._needed += len(value)
                self._connection.execute(
                    "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)",
                    (key, value, _digest(value), len(value), time.time()),
                )

    def close(self) -> None:
        """Notes what was used and lets the longest unused entries go until the rest fits.

        All that this build used or kept fits, with a quarter as much.
        """
        with self._lock, contextlib.suppress(sqlite3.Error):
            if self._connection is None:
                return
            with contextlib.closing(self._connection) as connection:
                now = time.time()
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(
                    "UPDATE entries SET used = ? WHERE key = ?", [(now, key) for key in self._used]
                )
                connection.execute(
                    "DELETE FROM entries WHERE key IN (SELECT key FROM ("
                    "SELECT key, SUM(size) OVER (ORDER BY used DESC, key) AS total FROM entries) "
                    "WHERE total > ?)",
                    # A build of 10,000 runs that lost half of them here would compute that half each time.
                    (max(self._limit, self._needed + self._needed // 4),),
                )
                connection.execute("COMMIT")
            self._connection = None


@contextlib.contextmanager
def open_cache(folder: Path | None, limit: int = _LIMIT) -> Iterator[Cache]:
    """The cache in ``folder``, made anew where its file is broken; None is no cache.

    Args:
        folder: Made if it does not exist. Where it cannot be used, the cache holds nothing.
        limit: Bytes of values that are kept from one build to the next; more where this build needs more.
    """
    cache = Cache(_connect(folder / _FILE) if folder is not None else None, limit)
    try:
        yield cache
    finally:
        cache.close()


def _connect(file: Path) -> sqlite3.Connection | None:
    """A connection; None where the file cannot be used, or another process keeps it locked for seconds."""
    deadline = time.monotonic() + _PATIENCE
    made_anew = False
    while True:
        connection = None
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # Autocommit: what one build has worked out is there for the next, even if this one is killed.
            connection = sqlite3.connect(
                file, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(_SCHEMA)
            connection.execute("SELECT key, value, digest, size, used FROM entries LIMIT 1").fetchone()
            return connection
        except OSError:
            return None
        except sqlite3.DatabaseError as error:
            _close(connection)
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                if time.monotonic() > deadline:
                    return None
                # Two builds that make the file at once: SQLite gives up on one of them without waiting.
                time.sleep(0.01)
                continue
            # Read-only, full or out of reach: a passing state, or another's file, so it is left alone.
            if isinstance(error, sqlite3.OperationalError) and "no such column" not in str(error):
                return None
        if made_anew:
            return None
        made_anew = True
        try:
            for suffix in ("", "-wal", "-shm"):
                file.with_name(file.name + suffix).unlink(missing_ok=True)
        except OSError:
            return None


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        connection.close()


def _digest(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=16).digest()
