"""RunSpec -> a local file and its hash: many at once, each failure kept as a Problem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reportgen.model_list import RunSpec
from reportgen.report import Problem, SourceRecord

__all__ = ["PullOptions", "Pulled", "pull"]


@dataclass(frozen=True, slots=True)
class PullOptions:
    """How runs are pulled.

    Attributes:
        jobs: Pulls at once.
        offline: Ask no network; the Hub's cache serves what it holds.
        max_file_size: Bytes; a larger file is a problem, found before it is read.
        deadline: ``time.monotonic()`` at which what is not there yet becomes a problem, None for never.
    """

    jobs: int = 8
    offline: bool = False
    max_file_size: int = 256 * 2**20
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """A run's file, there to be read.

    Attributes:
        path: The local file.
        source: Where its bytes came from.
        checked: False where the Hub was not asked whether the file has changed.
    """

    spec: RunSpec
    path: Path
    source: SourceRecord
    checked: bool


def pull(
    runs: Sequence[tuple[str, RunSpec]],
    options: PullOptions,
    *,
    on_done: Callable[[str], None] = lambda name: None,
    on_wait: Callable[[str], None] = lambda message: None,
) -> list[Pulled | Problem]:
    """Pulls each ``(family, run)``, in order.

    Args:
        runs: Family names and runs.
        options: How.
        on_done: Called with a run's name once it is pulled or has failed.
        on_wait: Called with a sentence when a pull waits (rate limit, a retry).
    """
    raise NotImplementedError
