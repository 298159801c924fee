"""What plug-ins bring, by name: known without loading any of them."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

__all__ = ["FORMATS", "format_names", "names"]

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
def names(group: str) -> tuple[str, ...]:
    """Names that installed packages bring under an entry point: ``reportgen.sources``."""
    return tuple(sorted({point.name for point in entry_points(group=group)}))


def format_names() -> tuple[str, ...]:
    """What ``[source.format] type`` may be."""
    return (*FORMATS, *names("reportgen.formats"))
