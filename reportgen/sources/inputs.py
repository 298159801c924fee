"""A run's files as formats look at them before they are hashed, and which of them may be logs at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from reportgen.kinds import Unreadable
from reportgen.sources.folders import HEAD

if TYPE_CHECKING:
    from reportgen.kinds import Head, InputFile

__all__ = ["PlainInput", "head_of", "is_of_store", "logs_among"]

_STORES = (".wandb", ".db", ".sqlite", ".sqlite3")


class PlainInput:
    """A file that a format reads; see ``InputFile``."""

    def __init__(self, name: str, path: Path, limit: int) -> None:
        from reportgen.formats.packed import plain_name

        self.name = plain_name(name)
        self._path = path
        self._limit = limit

    @property
    def size(self) -> int:
        """Its bytes; 0 where it cannot be asked."""
        try:
            return self._path.stat().st_size
        except OSError:
            return 0

    def open(self) -> BinaryIO:
        from reportgen.formats.packed import unpacked

        return unpacked(self._path.open("rb"), self.name, self._limit)

    def read(self) -> bytes:
        with self.open() as stream:
            return stream.read()


def head_of(files: Sequence[InputFile]) -> Head:
    """Gives the first bytes of the files, unpacked; empty where one cannot be read."""
    known = {file.name: file for file in files}

    def head(name: str) -> bytes:
        try:
            with known[name].open() as stream:
                return stream.read(HEAD)
        except (OSError, Unreadable):
            return b""

    return head


def is_of_store(name: str) -> bool:
    """Whether a file may be a store of many runs, or of one, by its name."""
    path = PurePosixPath(name)
    return (
        path.suffix in _STORES
        or path.name == "meta.yaml"
        or path.name.endswith("-wal")
        or not {"metrics", "params", "tags"}.isdisjoint(path.parts[:-1])
        or (path.suffix == ".csv" and len(path.parts) == 1)
    )


def logs_among(names: Sequence[str]) -> list[str]:
    """The files that may hold series, by their names: no configuration, nothing that a run does not log."""
    from reportgen.formats import folders

    wanted = {name for name in folders.needed(names) if not folders.is_configuration(name)}
    return [name for name in names if name in wanted or is_of_store(name)]
