"""Threads of this process: while one batch is computed the next is being read."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from reportgen import curves, work
from reportgen.kinds import RunFile

__all__ = ["Local"]


@dataclass(frozen=True, slots=True)
class Local:
    """Reads in ``readers`` threads and computes in the calling one; an ``Executor``."""

    readers: int = 2
    # Large enough that the device is not called for every run, small enough that 2,700 runs fit into 2 GB.
    batch_bytes: int = 48 * 2**20
    # Of short runs what is kept is more than what was read.
    batch_runs: int = 500

    def run(
        self, batches: Sequence[Sequence[work.RunWork]], device: str
    ) -> Generator[tuple[int, work.Batch], None, None]:
        """Each batch in order; see ``Executor``."""
        picked = curves.pick_device(device)
        with ThreadPoolExecutor(self.readers, thread_name_prefix="read") as readers:
            ahead: list[Future[list[RunFile | work.Unusable]]] = []
            for number, batch in enumerate(batches):
                started = ahead or [readers.submit(work.read, runs) for runs in work.by_store(batch)]
                following = batches[number + 1] if number + 1 < len(batches) else ()
                ahead = [readers.submit(work.read, runs) for runs in work.by_store(following)]
                read = [made for future in started for made in future.result()]
                yield number, work.compute(batch, read, picked)
