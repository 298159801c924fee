"""Pulled files -> configs, metrics and curves: read in threads, computed in batches, kept in the cache."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen import curves, sources
from reportgen.cache import Cache, key_of
from reportgen.curves.packing import from_bytes, to_bytes
from reportgen.curves.summary import CurveSettings, Summary
from reportgen.formats import quanta_maths
from reportgen.kinds import RunFile, Unreadable
from reportgen.log import Progress
from reportgen.pull import Pulled
from reportgen.text import one_line

__all__ = ["Measured", "MeasuredAll", "Unusable", "measure"]

# Bytes of run files that are read ahead and go through the device as one batch: large enough that
# the device is not called for every run, small enough that 2,700 runs fit into 2 GB.
_BATCH_BYTES = 48 * 2**20
_READERS = 2
_CHANGED = "changed while it was read; build again"


@dataclass(frozen=True, slots=True)
class Measured:
    """What is kept of one run's file.

    Attributes:
        config: ``Config`` as recorded.
        recorded: Metric to the value that the file records of it.
        summary: Metrics and curves.
        device: What computed them.
    """

    config: Mapping[str, Any]
    recorded: Mapping[str, float]
    summary: Summary
    device: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A file that was pulled and cannot be read, and why: a sentence that begins with its name."""

    reason: str


@dataclass(frozen=True, slots=True)
class MeasuredAll:
    """What became of all runs.

    Attributes:
        results: In the order of the runs.
        notes: What a reader should know of the way there.
        anew: Names of the runs whose numbers the cache did not have.
    """

    results: tuple[Measured | Unusable, ...]
    notes: tuple[str, ...]
    anew: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Job:
    pulled: Pulled
    settings: CurveSettings
    key: str


def measure(
    runs: Sequence[tuple[Pulled, CurveSettings]], device: str, cache: Cache, progress: Progress
) -> MeasuredAll:
    """Reads and measures runs; each file and setting once.

    Args:
        runs: Files and how their losses are smoothed and thinned.
        device: As asked for, ``auto`` included.
        cache: Asked first.
        progress: Advanced once for each distinct file and setting.

    Raises:
        ReportgenError: The device does not exist.
    """
    jobs = [_Job(pulled, settings, _key(pulled, settings, device)) for pulled, settings in runs]
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
            progress.advance(job.pulled.spec.name)
    notes: list[str] = []
    if missing:
        picked = curves.pick_device(device)
        shown = curves.device_name(picked)
        with ThreadPoolExecutor(_READERS, thread_name_prefix="read") as readers:
            for batch in _read_ahead(readers, threading.local(), list(missing.values())):
                for job, result in _compute(batch, picked, shown, notes):
                    results[job.key] = result
                    if isinstance(result, Measured):
                        cache.put(job.key, _to_bytes(result))
                    progress.advance(job.pulled.spec.name)
    elif device not in ("auto", "cpu"):
        curves.pick_device(device)  # A device that does not exist is a mistake, cached results or not.
    return MeasuredAll(
        tuple(_named(results[job.key], job.pulled) for job in jobs),
        tuple(dict.fromkeys(notes)),
        tuple(job.pulled.spec.name for job in missing.values()),
    )


def _named(result: Measured | Unusable, pulled: Pulled) -> Measured | Unusable:
    """The result for one of the files that hold the same bytes."""
    if isinstance(result, Measured):
        return result
    source = pulled.source
    on_hub = f"{source.repo}/{source.file} at {source.requested_revision}"
    return Unusable(f"{one_line(on_hub if source.repo else source.file)} {result.reason}")


def _key(pulled: Pulled, settings: CurveSettings, device: str) -> str:
    return key_of("run", _fingerprint(), pulled.source.sha256, repr(settings), device)


def _fingerprint() -> str:
    """Digest of the code that reads and computes.

    The version alone would serve old numbers to those who install from the repository.
    """
    folder = Path(__file__).parent
    files = [
        Path(__file__),
        *sorted((folder / "curves").glob("*.py")),
        *sorted((folder / "formats").glob("*.py")),
    ]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _read_ahead(
    readers: ThreadPoolExecutor, own: threading.local, jobs: Sequence[_Job]
) -> Iterator[list[tuple[_Job, RunFile | Unusable]]]:
    """Files in batches; while one batch is computed the next is being read."""
    pending: list[tuple[_Job, Future[RunFile | Unusable]]] | None = None
    for batch in _batches(jobs):
        started = [(job, readers.submit(_read, job.pulled, own)) for job in batch]
        if pending is not None:
            yield [(job, future.result()) for job, future in pending]
        pending = started
    if pending is not None:
        yield [(job, future.result()) for job, future in pending]


def _batches(jobs: Sequence[_Job]) -> Iterator[list[_Job]]:
    batch: list[_Job] = []
    size = 0
    for job in jobs:
        if batch and size + job.pulled.size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(job)
        size += job.pulled.size
    if batch:
        yield batch


def _read(pulled: Pulled, own: threading.local) -> RunFile | Unusable:
    """One file, with its thread's ``own`` parser."""
    if not hasattr(own, "parser"):
        own.parser = quanta_maths.new_parser()
    try:
        data = sources.read_again(pulled.path, pulled.size)
    except sources.Unusable:
        return Unusable(_CHANGED)
    except OSError as error:
        return Unusable(f"could be pulled and then not read ({error.strerror}); build again")
    if hashlib.sha256(data).hexdigest() != pulled.files[0].sha256:
        return Unusable(_CHANGED)
    try:
        return quanta_maths.read(data, pulled.spec.name, own.parser)
    except Unreadable as error:
        return Unusable(error.reason)


def _compute(
    batch: Sequence[tuple[_Job, RunFile | Unusable]], device: str, shown: str, notes: list[str]
) -> Iterator[tuple[_Job, Measured | Unusable]]:
    readable = [(job, file) for job, file in batch if isinstance(file, RunFile)]
    summaries = curves.summarise(
        [file.series["loss"].values for _, file in readable],
        [job.settings for job, _ in readable],
        device,
        on_note=notes.append,
    )
    for (job, file), summary in zip(readable, summaries, strict=True):
        yield job, Measured(file.config, file.recorded, summary, shown)
    for job, read in batch:
        if isinstance(read, Unusable):
            yield job, read


def _to_bytes(measured: Measured) -> bytes:
    # Not orjson: a config may hold NaN and integers of any size, and comes back as it was.
    head = json.dumps([measured.config, measured.recorded, measured.device]).encode()
    return len(head).to_bytes(4, "little") + head + to_bytes(measured.summary)


def _from_cache(data: bytes | None) -> Measured | None:
    if data is None:
        return None
    try:
        length = int.from_bytes(data[:4], "little")
        config, recorded, device = json.loads(data[4 : 4 + length])
        return Measured(config, recorded, from_bytes(data[4 + length :]), device)
    except (ValueError, TypeError, RecursionError):
        return None
