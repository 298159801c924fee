"""What plug-ins bring, by name: known without loading any of them."""

from __future__ import annotations

from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import Any

__all__ = ["FORMATS", "format_names", "installed", "names", "points"]

_GROUPS = ("reportgen.figures", "reportgen.formats", "reportgen.metrics", "reportgen.sources")

FORMATS: tuple[str, ...] = (
    "quanta_maths",
    "trainer_state",
    "trainer_log",
    "wandb_export",
    "table",
    "history",
    "tensorboard",
    "wandb",
    "mlflow",
    "trackio",
    "database",
    "text",
)
"""Names of the built-in formats: lists are checked without loading the formats."""


@cache
def _all_points() -> Any:
    """Read once: it is a file of every package. What selects among them is another class in Python 3.12."""
    return entry_points()


def points(group: str) -> tuple[EntryPoint, ...]:
    """What installed packages bring under an entry point: ``reportgen.sources``."""
    return tuple(_all_points().select(group=group))


@cache
def names(group: str) -> tuple[str, ...]:
    """Names that installed packages bring under an entry point: ``reportgen.sources``."""
    return tuple(sorted({point.name for point in points(group)}))


@cache
def installed() -> tuple[tuple[str, ...], ...]:
    """Each plug-in: its group, name and object, and the name and version of what brings it; sorted."""
    return tuple(
        sorted(
            (group, point.name, point.value, *(("", "") if point.dist is None else _whose(point.dist)))
            for group in _GROUPS
            for point in points(group)
        )
    )


def _whose(package: Distribution) -> tuple[str, str]:
    # A package may lie there damaged, without either.
    return str(package.metadata["Name"]), str(package.metadata["Version"])


def format_names() -> tuple[str, ...]:
    """What ``[source.format] type`` may be."""
    return (*FORMATS, *names("reportgen.formats"))
