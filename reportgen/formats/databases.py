"""SQLite databases of loggers: MLflow's or Trackio's, as their tables tell.

The first 64 KiB of a database need not say what tables it has, so that neither format knows its own by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from reportgen.formats import mlflow, trackio
from reportgen.formats.stores import database, database_files
from reportgen.kinds import RunFile, Unreadable

if TYPE_CHECKING:
    from reportgen.kinds import Head, InputFile

__all__ = ["FORMAT", "Databases"]


class Databases:
    """See the module."""

    name = "database"
    version = 100 * mlflow.MLflow.version + trackio.Trackio.version

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        return database_files(files, head)

    def runs(
        self, files: Sequence[InputFile], options: Mapping[str, Any]
    ) -> Sequence[str] | Mapping[str, Sequence[str]] | None:
        return _logger(files).runs(files, options)

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        return _logger(files).read(files, name, options)

    def read_all(
        self, files: Sequence[InputFile], names: Sequence[str], options: Mapping[str, Any]
    ) -> Mapping[str, RunFile | Unreadable]:
        return _logger(files).read_all(files, names, options)


FORMAT: Final = Databases()


def _logger(files: Sequence[InputFile]) -> mlflow.MLflow | trackio.Trackio:
    """Whose tables a database has."""
    with database(files, files[0].name) as (store, _):
        if mlflow.is_store(store):
            return mlflow.FORMAT
        if trackio.is_store(store):
            return trackio.FORMAT
    raise Unreadable(files[0].name, "is an SQLite database, but not one of MLflow or Trackio")
