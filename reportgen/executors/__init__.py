"""Where batches of runs are worked on: threads of this process; one day other machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from reportgen.work import Batch, RunWork

__all__ = ["Executor"]


class Executor(Protocol):
    """Works on batches; what it does with each is :func:`reportgen.work.measured`."""

    def run(self, batches: Sequence[Sequence[RunWork]], device: str) -> Iterator[tuple[int, Batch]]:
        """Each batch's number with what became of it, as it happens.

        Args:
            batches: Each fits into memory.
            device: As the command names it, ``auto`` included: where the work is done decides what is there.

        Raises:
            ReportgenError: The device does not exist.
        """
