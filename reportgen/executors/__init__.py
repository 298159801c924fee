"""Where batches of runs are worked on: threads of this process, or workers of Dask on any machine."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol

from reportgen.work import Batch, RunWork

__all__ = ["Executor"]


class Executor(Protocol):
    """Works on batches; what it does with each is :func:`reportgen.work.measured`."""

    @property
    def batch_bytes(self) -> int:
        """Bytes of run files that make a batch."""

    @property
    def batch_runs(self) -> int:
        """Most runs of a batch."""

    def run(
        self, batches: Sequence[Sequence[RunWork]], device: str
    ) -> Generator[tuple[int, Batch], None, None]:
        """Each batch's number with what became of it, as it happens; closing it ends the work.

        Args:
            batches: Each fits into memory.
            device: As the command names it, ``auto`` included: where the work is done decides what is there.

        Raises:
            ReportgenError: The device does not exist, or the work cannot be done there.
        """
