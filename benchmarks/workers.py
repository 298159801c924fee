"""Runs measured by workers of Dask against threads of the build, and what the engine costs.

``python -m benchmarks --workers``; it takes minutes.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.builds import write_list
from benchmarks.row import Row
from reportgen import model_list, work
from reportgen.cache import open_cache
from reportgen.executors.dask import Dask
from reportgen.executors.dask_processes import own_workers
from reportgen.executors.dask_tasks import Piece, Tasks
from reportgen.executors.dask_worker import Answer
from reportgen.executors.local import Local
from reportgen.log import Uncounted
from reportgen.measure import measure
from reportgen.pull import Pulled, PullOptions, pull

__all__ = ["rows"]

_RUNS = 108
_PIECES = 200


def rows() -> Iterator[Row]:
    """Rows about workers: each worker is a process of one thread on this machine."""
    with tempfile.TemporaryDirectory(prefix="reportgen-workers-") as name:
        batch_bytes, pulled, runs = _works(Path(name))
        started = time.perf_counter()
        batches = _batches(runs, Local().batch_bytes)
        _all(Local().run(batches, "cpu"))
        here = time.perf_counter() - started
        batches = _batches(runs, batch_bytes)
        took: dict[int, float] = {}
        for workers in (1, 2):
            with own_workers(workers) as address:
                there = Dask(scheduler=address)
                _all(there.run(batches[:workers], "cpu"))  # What is loaded once is loaded.
                cpu, started = _cpu_seconds(), time.perf_counter()
                _all(there.run(batches, "cpu"))
                took[workers] = time.perf_counter() - started
                a_batch = (_cpu_seconds() - cpu) / len(batches)
                if workers == 1:
                    engine = _engine(address)
                    fed = _kept(pulled, there, Path(name) / "cache")
        started = time.perf_counter()
        _all(Dask(workers=2).run(batches, "cpu"))
        with_start = time.perf_counter() - started
    size = f"{_RUNS} runs of 40,000 to 85,000 losses"
    yield Row(f"{size}: seconds with 1 worker, against no worker", took[1], here, 0.9)
    yield Row("the same with 2 workers", took[2], here, 1.5)
    yield Row("the same with the start of 2 workers", with_start, here, 1)
    a_run = a_batch * len(batches) / _RUNS
    yield Row(
        "CPU seconds of the build a run that a worker measures, against a fifth of all", fed, a_run / 5, 1
    )
    yield Row("CPU seconds of the engine a batch, against 2 % of those of a batch", engine, a_batch * 0.02, 1)


def _works(place: Path) -> tuple[int, list[tuple[Pulled, work.RunSettings]], list[work.RunWork]]:
    file = write_list(place / "lists", _RUNS)
    (lists,) = model_list.load([str(file)], lambda _: "")
    runs = [(family, spec) for family in lists.families for spec in family.runs]
    pulled = pull([(family.name, spec) for family, spec in runs], PullOptions())
    found = [
        (one, work.settings_of(family, spec, 300))
        for (family, spec), one in zip(runs, pulled, strict=True)
        if isinstance(one, Pulled)
    ]
    works = [work.RunWork(one.files, one.spec.name, settings) for one, settings in found]
    return Dask(workers=1).batch_bytes, found, works


def _batches(runs: Sequence[work.RunWork], most: int) -> list[list[work.RunWork]]:
    batches: list[list[work.RunWork]] = [[]]
    for run in runs:
        if batches[-1] and sum(one.size for one in batches[-1]) + run.size > most:
            batches.append([])
        batches[-1].append(run)
    return batches


def _all(results: Iterator[tuple[int, work.Batch]]) -> None:
    for _, batch in results:
        assert all(isinstance(one, work.Measured) for one in batch.results)


def _kept(runs: Sequence[tuple[Pulled, work.RunSettings]], there: Dask, folder: Path) -> float:
    """CPU seconds a run of this process while workers measure: it sends, hears, and keeps in the cache."""
    with open_cache(folder) as cache:
        before = time.process_time()
        measure(runs, "cpu", cache, Uncounted(), executor=there)
        return (time.process_time() - before) / len(runs)


def _nothing(number: int) -> Answer:
    return Answer(str(os.getpid()), number)


def _engine(address: str) -> float:
    """CPU seconds that a piece of no work costs here, at the scheduler and at the worker, of many."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        tasks = Tasks(client, address, 60)
        pieces = [Piece(number, _nothing, (number,)) for number in range(_PIECES)]
        with tasks.listening():
            list(tasks.results(pieces[:10], lambda piece: [piece]))
            before = _cpu_seconds()
            list(tasks.results(pieces, lambda piece: [piece]))
            return (_cpu_seconds() - before) / _PIECES


def _cpu_seconds() -> float:
    """Of this process and all that it has started, which other work on the machine stretches less."""
    import psutil

    own = psutil.Process()
    times = [one.cpu_times() for one in (own, *own.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))
