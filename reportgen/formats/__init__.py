"""Bytes -> losses and config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reportgen.curves.summary import FloatArray

__all__ = ["RunFile", "Series", "Unreadable"]


class Unreadable(Exception):  # noqa: N818 - a state of the file
    """A file that holds no run; its text is one sentence: what is wrong, and where.

    Attributes:
        reason: The sentence without the file's name, with which it begins.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Series:
    """A quantity over training.

    Attributes:
        name: ``loss``, say.
        values: (entries,) float64.
        steps: (entries,) int64 steps of the entries; None means 0, 1, 2, ...
    """

    name: str
    values: FloatArray
    steps: Any | None = None


@dataclass(frozen=True, slots=True)
class RunFile:
    """What one file says of a run.

    Attributes:
        series: At least ``loss``, first.
        config: As recorded; may be empty.
        recorded_final_loss: As the file says, None where it does not (or not as a finite number).
        recorded_avg_final_loss: The same for AvgFinalLoss.
    """

    series: tuple[Series, ...]
    config: Mapping[str, Any]
    recorded_final_loss: float | None
    recorded_avg_final_loss: float | None
