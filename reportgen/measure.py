"""Pulled files -> what is kept of each run: from the cache, else in batches through an executor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from reportgen import curves
from reportgen.cache import Cache, key_of
from reportgen.curves.sharing import Shared
from reportgen.curves.storing import from_bytes, to_bytes
from reportgen.executors.local import Local
from reportgen.log import Progress
from reportgen.pull import Pulled, task_of
from reportgen.report import SeriesReport
from reportgen.text import one_line
from reportgen.work import Measured, RunSettings, RunWork, Unchanged, Unusable, fingerprint, is_in_store

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
    """A run and where the cache keeps it.

    Attributes:
        key: By its files' bytes.
        place: Of a run in a store: where the cache keeps the key of its last result, whatever else was
            written into the store since; else empty.
    """

    pulled: Pulled
    work: RunWork
    key: str
    place: str = ""


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
    shared = Shared()
    missing: dict[str, _Job] = {}
    for job in jobs:
        if job.key in results or job.key in missing:
            continue
        kept = _from_cache(cache.get(job.key))
        if kept is None:
            missing[job.key] = job
        else:
            results[job.key] = _lean(kept, shared)
            progress.advance(job.work.name)
    notes: dict[int, tuple[str, ...]] = {}
    before = {job.key: last for job in missing.values() if (last := _last(job, cache)) is not None}
    computed: set[str] = set()
    if missing:
        executor = executor or Local()
        batches = list(_batches(list(missing.values()), executor.batch_bytes, executor.batch_runs))
        works = [[_work(job, before.get(job.key)) for job in batch] for batch in batches]
        with closing(executor.run(works, device)) as done:
            for number, made in done:
                notes[number] = made.notes
                for job, result in zip(batches[number], made.results, strict=True):
                    now = before[job.key] if isinstance(result, Unchanged) else result
                    results[job.key] = _lean(now, shared)
                    _keep(job, now, cache)
                    if now is result:
                        computed.add(job.key)
                    progress.advance(job.work.name)
    elif executor is None and device not in ("auto", "cpu"):
        curves.pick_device(device)  # A device that does not exist is a mistake, cached results or not.
    return MeasuredAll(
        tuple(_named(results[job.key], job.pulled) for job in jobs),
        # In an order of their own: batches end in any.
        tuple(dict.fromkeys(note for number in sorted(notes) for note in notes[number])),
        tuple(job.work.name for job in missing.values() if job.key in computed),
    )


def _lean(result: Measured | Unusable, shared: Shared) -> Measured | Unusable:
    """The result, less what other results hold too."""
    if isinstance(result, Unusable):
        return result
    series = {name: replace(one, summary=shared.summary(one.summary)) for name, one in result.series.items()}
    return replace(result, series=series)


def _named(result: Measured | Unusable, pulled: Pulled) -> Measured | Unusable:
    """The result for one of the runs that hold the same bytes."""
    if isinstance(result, Measured):
        return result
    source = pulled.source
    # A lone file is the run's own place.
    file = f"{source.file}/{result.file}" if result.file and source.files else source.file
    on_hub = f"{source.repo}/{file} at {source.requested_revision}"
    return Unusable(f"{one_line(on_hub if source.repo else file)} {result.reason}", "", result.no_series)


def _job(pulled: Pulled, settings: RunSettings, device: str, code: str, limit: int) -> _Job:
    spec = pulled.spec
    # Of several runs in one file the name says which.
    in_store = spec.name if is_in_store(spec) else ""
    names = "\0".join(file.name for file in pulled.files)
    key = key_of("run", code, pulled.source.sha256, names, in_store, repr(settings), device)
    source = pulled.source
    where = (source.kind, source.repo or "", source.file, str(pulled.path.parent))
    place = key_of("run of a store", code, *where, in_store, repr(settings), device) if in_store else ""
    made = RunWork(pulled.files, spec.name, settings, limit, bool(in_store))
    if pulled.worker:
        made = replace(made, worker=pulled.worker, task=task_of(spec), sha256=pulled.source.sha256)
    return _Job(pulled, made, key, place)


def _last(job: _Job, cache: Cache) -> Measured | None:
    """What was measured of a run of a store when the store held other bytes."""
    key = cache.get(job.place) if job.place else None
    return None if key is None else _from_cache(cache.get(key.decode("ascii", "replace")))


def _work(job: _Job, last: Measured | None) -> RunWork:
    return job.work if last is None else replace(job.work, known=last.read)


def _keep(job: _Job, result: Measured | Unusable, cache: Cache) -> None:
    if isinstance(result, Measured):
        cache.put(job.key, _to_bytes(result))
        if job.place:
            cache.put(job.place, job.key.encode())


def _batches(jobs: Sequence[_Job], most_bytes: int, most_runs: int) -> Iterator[list[_Job]]:
    """Jobs whose files are on one machine, in batches."""
    for worker in dict.fromkeys(job.work.worker for job in jobs):
        of_worker = [job for job in jobs if job.work.worker == worker]
        yield from _cut(of_worker, most_bytes, most_runs)


def _cut(jobs: Sequence[_Job], most_bytes: int, most_runs: int) -> Iterator[list[_Job]]:
    """Batches that fit into memory. The runs of a store stand together, since it is read once for them."""
    batch: list[_Job] = []
    size = 0
    for job in jobs:
        of_last = bool(batch) and job.work.in_store and job.work.files == batch[-1].work.files
        added = 0 if of_last else job.work.size
        if batch and (size + added > most_bytes or len(batch) == most_runs):
            yield batch
            batch, size, added = [], 0, job.work.size
        batch.append(job)
        size += added
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
