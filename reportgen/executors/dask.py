"""Workers of Dask, here or on other machines: runs are found, hashed and measured there.

What comes back is kilobytes of each run; none of the files need be seen from here. ``distributed`` is loaded
once there is work for it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen import discover, pull, work
from reportgen.errors import ReportgenError
from reportgen.executors import dask_worker
from reportgen.executors.dask_finding import Finding, listed, sendable
from reportgen.executors.dask_processes import own_workers
from reportgen.executors.dask_tasks import Failed, Piece, Tasks
from reportgen.executors.dask_worker import INSTALL, refuse_other, software
from reportgen.notation import count
from reportgen.pull import PullOptions
from reportgen.sources import Found, Listing, Unusable
from reportgen.text import one_line

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Dask"]

_TO_GET_DASK = 'pip install "reportgen-runs[dask]"'
_CONNECT = 15.0
_WITHOUT_WORKERS = 30.0
# A worker that reads slower than this is taken for one that hangs.
_SLOWEST = 2**20  # bytes a second
# Seconds between two lines of progress.
_OFTEN = 10.0


@dataclass(frozen=True, slots=True)
class Dask:
    """Sends batches to the workers of a scheduler, or to workers of its own; an ``Executor``.

    Attributes:
        scheduler: Its address, or the file in which it wrote that; empty for workers of our own.
        workers: How many of our own, each a process with one thread.
        say: Told what every user wants to know.
        pulling: How a worker finds runs that another one found.
        patience: Seconds without any result after which workers that still have a batch are taken to hang.
    """

    scheduler: str = ""
    workers: int = 0
    say: Callable[[str], None] = lambda _: None
    pulling: PullOptions = field(default_factory=PullOptions)
    patience: float = 120.0
    # Some 300 to 500 ms of work, of which the engine's milliseconds a batch are under 2 %.
    batch_bytes: int = 32 * 2**20
    batch_runs: int = 256

    def __post_init__(self) -> None:
        flag = "--scheduler" if self.scheduler else "--workers"
        if find_spec("distributed") is None:
            raise ReportgenError(f"{flag}: needs Dask; get it ({_TO_GET_DASK})", exit_code=2)

    def run(
        self, batches: Sequence[Sequence[work.RunWork]], device: str
    ) -> Generator[tuple[int, work.Batch], None, None]:
        """Each batch as it is done; see ``Executor``.

        Raises:
            ReportgenError: The scheduler cannot be reached or goes away, there are no workers, one of them
                has other software, does not see files that were found here, or has no such device.
        """
        sent = [tuple(_at_its_place(run) for run in batch) for batch in batches]
        with self._connected() as (client, address, found):
            self.say(f"{address}: {count(len(sent), 'batch', 'batches')} for {count(found, 'worker')}")
            progress = _Progress(self.say, client, address, sent)
            largest = max((run.size for batch in sent for run in batch), default=0)
            tasks = Tasks(client, address, self.patience + largest / _SLOWEST)
            end: tuple[Any, ...] = (device, sendable(self.pulling), dict(software()))
            places = _seeing(client, [batch[0] for batch in sent])
            pieces = [
                Piece(number, dask_worker.measure, (batch, *end), places[number])
                for number, batch in enumerate(sent)
            ]

            def alone(piece: Piece) -> list[Piece]:
                return [replace(piece, arguments=((run,), *end)) for run in piece.arguments[0]]

            parts: dict[int, list[work.Batch]] = {}
            with tasks.listening():
                for piece, made in tasks.results(pieces, alone):
                    number = piece.number
                    own = parts.setdefault(number, [])
                    own.append(_not_measured(made) if isinstance(made, Failed) else made)
                    # A batch is whole, or its runs come one by one.
                    if len(piece.arguments[0]) == len(sent[number]) or len(own) == len(sent[number]):
                        progress.done(number)
                        yield number, _joined(parts.pop(number))

    def find(
        self,
        tasks: Sequence[pull.Task],
        options: PullOptions,
        on_found: Callable[[pull.Task], None],
        on_wait: Callable[[str], None],
    ) -> dict[pull.Task, Found | Unusable]:
        """Finds and hashes runs where the workers are; a ``Finder``.

        Raises:
            ReportgenError: As of :meth:`run`.
        """
        with self._connected() as (client, address, found):
            self.say(f"{address}: {count(len(tasks), 'run')} to be found by {count(found, 'worker')}")
            there = Tasks(client, address, self.patience + options.run_seconds, on_wait, options.deadline)
            with there.listening():
                return Finding(there, options, on_found).of(tasks)

    def look(
        self,
        tasks: Sequence[discover.Task],
        options: PullOptions,
        on_wait: Callable[[str], None],
        limit: int,
    ) -> dict[discover.Task, Listing | Unusable]:
        """Looks for the runs of patterns where the workers are, on the disk of each; a ``Looker``.

        Raises:
            ReportgenError: As of :meth:`run`.
        """
        with self._connected() as (client, address, _):
            there = Tasks(client, address, self.patience + options.run_seconds, on_wait, options.deadline)
            with there.listening():
                return listed(there, tasks, options, limit)

    @contextmanager
    def _connected(self) -> Iterator[tuple[Client, str, int]]:
        """A client, the scheduler's address, and the number of its workers."""
        with ExitStack() as stack:
            stack.enter_context(_quiet())
            address = (
                stack.enter_context(own_workers(self.workers)) if self.workers else _address(self.scheduler)
            )
            client = stack.enter_context(_client(address))
            yield client, address, _checked_workers(client, address, self.workers)


def _not_measured(failed: Failed) -> work.Batch:
    return work.Batch((work.Unusable(f"{failed.reason}; build it without workers to see why"),), ())


def _joined(parts: Sequence[work.Batch]) -> work.Batch:
    results = tuple(one for part in parts for one in part.results)
    return work.Batch(results, tuple(note for part in parts for note in part.notes))


class _Progress:
    """Says now and then how far a build is: batches, runs a second, bytes, workers."""

    def __init__(
        self,
        say: Callable[[str], None],
        client: Client,
        address: str,
        batches: Sequence[Sequence[work.RunWork]],
    ) -> None:
        self._say, self._client, self._address, self._batches = say, client, address, batches
        self._began = self._said = time.monotonic()
        self._all = sum(map(len, batches))
        self._done = self._runs = self._bytes = 0

    def done(self, number: int) -> None:
        """One more batch."""
        batch = self._batches[number]
        self._done += 1
        self._runs += len(batch)
        # The runs of a store share its files.
        self._bytes += sum({run.files: run.size for run in batch}.values())
        now = time.monotonic()
        if self._done < len(self._batches) and now - self._said < _OFTEN:
            return
        self._said = now
        self._say(
            f"{self._address}: {self._done:,} of {count(len(self._batches), 'batch', 'batches')}, "
            f"{self._runs:,} of {count(self._all, 'run')}, "
            f"{self._runs / max(now - self._began, 1e-9):,.0f} runs a second, {self._bytes / 1e6:,.1f} MB, "
            f"{count(len(self._client.nthreads()), 'worker')}"
        )


def _seeing(client: Client, firsts: Sequence[work.RunWork]) -> list[frozenset[str]]:
    """For each batch the workers that see its first run; none where anybody may be asked.

    A worker of the same disk, or started again under another address, sees what the one saw that found it.
    """
    if not any(run.worker for run in firsts):
        return [frozenset()] * len(firsts)
    seen: Mapping[str, Any] = client.run(
        dask_worker.visible, [run.files[0].path for run in firsts], on_error="return"
    )
    answers = {str(worker): told for worker, told in seen.items() if isinstance(told, list)}
    return [
        frozenset(worker for worker, told in answers.items() if told[number]) if run.worker else frozenset()
        for number, run in enumerate(firsts)
    ]


def _checked_workers(client: Client, address: str, own: int) -> int:
    """The number of workers, of which none has other software; ``own`` were started for this build."""
    with suppress(TimeoutError):
        client.wait_for_workers(own or 1, timeout=_WITHOUT_WORKERS)
    if not client.nthreads():
        if own:
            raise ReportgenError(
                f"--workers {own}: none began in {_WITHOUT_WORKERS:g} s; name fewer, or build without it"
            )
        raise ReportgenError(f"{address}: has no worker; start some (dask worker {address}) and build again")
    here = dict(software())
    answers: dict[str, Any] = client.run(software, on_error="return")
    try:
        answers[f"{address} (the scheduler)"] = client.run_on_scheduler(software)
    except (ImportError, AttributeError) as error:
        answers[f"{address} (the scheduler)"] = error
    for place, there in sorted(answers.items()):
        if isinstance(there, ImportError | AttributeError):
            raise ReportgenError(
                f"{place}: cannot load this reportgen ({one_line(str(there), 200)}); {INSTALL}"
            )
        if isinstance(
            there, Mapping
        ):  # Else it went away meanwhile, or is slow to answer: it is asked with a batch.
            refuse_other(place, there, here)
    return len(answers) - 1


def _at_its_place(run: work.RunWork) -> work.RunWork:
    """A run whose files are found from any folder."""
    return replace(run, files=tuple(replace(file, path=file.path.absolute()) for file in run.files))


def _address(scheduler: str) -> str:
    """The address of a scheduler that was named by it, or by the file in which it wrote it."""
    if "://" in scheduler:
        return scheduler
    shown = one_line(scheduler)
    try:
        address = json.loads(Path(scheduler).read_bytes())["address"]
    except OSError as error:
        raise ReportgenError(
            f"--scheduler {shown}: cannot be read ({error.strerror}); name an address such as "
            "tcp://host:8786, or the scheduler's file",
            exit_code=2,
        ) from None
    except (ValueError, KeyError, TypeError):
        address = None
    if not isinstance(address, str):
        raise ReportgenError(
            f"--scheduler {shown}: is not a Dask scheduler's file; name one, or an address", exit_code=2
        )
    return address


@contextmanager
def _client(address: str) -> Iterator[Client]:
    from distributed import Client

    try:
        _reach(address)
        client = Client(address, timeout=_CONNECT, set_as_default=False)
    except Exception as error:  # noqa: BLE001 - whatever an address and what answers there make of it
        reason = one_line(str(error), 200) or "no answer"
        if isinstance(error, MemoryError):  # The first bytes of an answer are its length.
            reason = "what answers there is no scheduler of Dask"
        elif address.startswith("tls:") and isinstance(error, RuntimeError | TypeError | ssl.SSLError):
            reason += "; set Dask's certificates, distributed.comm.tls"
        raise ReportgenError(
            f"--scheduler {one_line(address)}: cannot be reached ({reason}); start it (dask scheduler), "
            "or build without it"
        ) from None
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close(timeout=5)


def _reach(address: str) -> None:
    """Says hello to a scheduler: a ``Client`` that did not reach it waits once more as it is thrown away.

    Raises:
        Exception: Of many kinds, why it cannot be reached.
    """
    from distributed.comm import connect
    from distributed.security import Security

    async def hello() -> None:
        comm = await connect(address, timeout=_CONNECT, **Security().get_connection_args("client"))
        await comm.close()

    outcome: Future[None] = Future()

    def try_it() -> None:
        try:
            outcome.set_result(asyncio.run(hello()))
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            outcome.set_exception(error)

    # In a thread: a notebook's own has a loop already.
    threading.Thread(target=try_it, daemon=True).start()
    outcome.result(timeout=2 * _CONNECT)


@contextmanager
def _quiet() -> Iterator[None]:
    """What the engine says of itself would stand between our lines; what matters of it we say."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado", "asyncio")]
    levels = [logger.level for logger in loggers]
    import distributed  # noqa: F401 - sets its levels as it is loaded

    children = [
        logger
        for name, logger in logging.Logger.manager.loggerDict.items()
        if name.startswith("distributed.") and isinstance(logger, logging.Logger)
    ]
    loggers, levels = loggers + children, levels + [logger.level for logger in children]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
