"""Pulled files -> what is kept of each run: from the cache, else in batches through an executor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from reportgen import curves
from reportgen.cache import Cache, key_of
from reportgen.curves.storing import from_bytes, to_bytes
from reportgen.executors.local import Local
from reportgen.log import Progress
from reportgen.pull import Pulled
from reportgen.report import SeriesReport
from reportgen.text import one_line
from reportgen.work import Measured, RunSettings, RunWork, Unusable, fingerprint

if TYPE_CHECKING:
    from reportgen.executors import Executor

__all__ = ["Measured", "MeasuredAll", "RunSettings", "Unusable", "measure"]


@dataclass(frozen=True, slots=True)
class MeasuredAll:
    """What became of all runs.

    Attributes:
        results: In the order of the runs.
        notes: What a reader should know of the way there.
        computed: Names of the runs whose numbers the cache did not have.
    """

    results: tuple[Measured | Unusable, ...]
    notes: tuple[str, ...]
    computed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Job:
    pulled: Pulled
    work: RunWork
    key: str


def measure(
    runs: Sequence[tuple[Pulled, RunSettings]],
    device: str,
    cache: Cache,
    progress: Progress,
    *,
    limit: int = 256 * 2**20,
    executor: Executor | None = None,
) -> MeasuredAll:
    """Reads and measures runs; each of the same files and settings once.

    Args:
        runs: Files and how they are read, smoothed and thinned.
        device: As asked for, ``auto`` included.
        cache: Asked first.
        progress: Advanced once for each distinct run and setting.
        limit: Most bytes that a packed file may hold.
        executor: Where the work is done; None: threads of this process.

    Raises:
        ReportgenError: The device does not exist.
    """
    code = fingerprint()
    jobs = [_job(pulled, settings, device, code, limit) for pulled, settings in runs]
    results: dict[str, Measured | Unusable] = {}
    missing: dict[str, _Job] = {}
    for job in jobs:
        if job.key in results or job.key in missing:
            continue
        kept = _from_cache(cache.get(job.key))
        if kept is None:
            missing[job.key] = job
        else:
            results[job.key] = kept
            progress.advance(job.work.name)
    notes: list[str] = []
    if missing:
        executor = executor or Local()
        batches = list(_batches(list(missing.values()), executor.batch_bytes, executor.batch_runs))
        works = [[job.work for job in batch] for batch in batches]
        with closing(executor.run(works, device)) as done:
            for number, made in done:
                notes += made.notes
                for job, result in zip(batches[number], made.results, strict=True):
                    results[job.key] = result
                    if isinstance(result, Measured):
                        cache.put(job.key, _to_bytes(result))
                    progress.advance(job.work.name)
    elif device not in ("auto", "cpu"):
        curves.pick_device(device)  # A device that does not exist is a mistake, cached results or not.
    return MeasuredAll(
        tuple(_named(results[job.key], job.pulled) for job in jobs),
        tuple(dict.fromkeys(notes)),
        tuple(job.work.name for job in missing.values()),
    )


def _named(result: Measured | Unusable, pulled: Pulled) -> Measured | Unusable:
    """The result for one of the runs that hold the same bytes."""
    if isinstance(result, Measured):
        return result
    source = pulled.source
    file = source.file if not result.file else f"{source.file}/{result.file}"
    on_hub = f"{source.repo}/{file} at {source.requested_revision}"
    return Unusable(f"{one_line(on_hub if source.repo else file)} {result.reason}")


def _job(pulled: Pulled, settings: RunSettings, device: str, code: str, limit: int) -> _Job:
    spec = pulled.spec
    # Of several runs in one file the name says which.
    in_store = "" if spec.source.is_per_run and not spec.source.format.repeats else spec.name
    names = "\0".join(file.name for file in pulled.files)
    key = key_of("run", code, pulled.source.sha256, names, in_store, repr(settings), device)
    return _Job(pulled, RunWork(pulled.files, spec.name, settings, limit, bool(in_store)), key)


def _batches(jobs: Sequence[_Job], most_bytes: int, most_runs: int) -> Iterator[list[_Job]]:
    batch: list[_Job] = []
    size = 0
    for job in jobs:
        if batch and (size + job.work.size > most_bytes or len(batch) == most_runs):
            yield batch
            batch, size = [], 0
        batch.append(job)
        size += job.work.size
    if batch:
        yield batch


_KEPT = tuple(field.name for field in fields(Measured) if field.name != "series")
_KEPT_OF_SERIES = tuple(field.name for field in fields(SeriesReport) if field.name != "summary")


def _to_bytes(measured: Measured) -> bytes:
    head = {name: getattr(measured, name) for name in _KEPT}
    head["series"] = {
        name: {key: getattr(one, key) for key in _KEPT_OF_SERIES} for name, one in measured.series.items()
    }
    return to_bytes({name: one.summary for name, one in measured.series.items()}, head)


def _from_cache(data: bytes | None) -> Measured | None:
    if data is None:
        return None
    try:
        summaries, head = from_bytes(data)
        series: Mapping[str, Mapping[str, Any]] = head.pop("series")
        made = {name: SeriesReport(**one, summary=summaries[name]) for name, one in series.items()}
        lists = {name: tuple(head[name]) for name in ("marks", "notes")}
        return Measured(**head | lists, series=made)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
