"""Workers of Dask, here or on other machines: batches go there, what is kept of each run comes back.

Workers read the files themselves, under the paths that they have here. ``distributed`` is loaded once there
is work for it.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import reportgen
from reportgen import curves, formats, work
from reportgen.errors import ReportgenError
from reportgen.executors.dask_processes import own_workers
from reportgen.notation import count
from reportgen.text import one_line

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["Dask", "Software"]

Software = Mapping[str, str]
"""What has to be the same on every machine: its name to its version."""

_TO_GET_DASK = 'pip install "reportgen-runs[dask]"'
_CONNECT = 15.0
_WITHOUT_WORKERS = 30.0
_TICK = 1.0
# A worker that reads slower than this is taken for one that hangs.
_SLOWEST = 2**20  # bytes a second
_INSTALL = "install the same there as here"
_DONE_STAYS = "what was measured stays in the build cache"


@dataclass(frozen=True, slots=True)
class Dask:
    """Sends batches to the workers of a scheduler, or to workers of its own; an ``Executor``.

    Attributes:
        scheduler: Its address, or the file in which it wrote that; empty for workers of our own.
        workers: How many of our own, each a process with one thread.
        say: Told what every user wants to know.
        patience: Seconds without any result after which workers that still have a batch are taken to hang.
    """

    scheduler: str = ""
    workers: int = 0
    say: Callable[[str], None] = lambda _: None
    patience: float = 120.0
    # From 50 ms of work on, the engine's millisecond a batch is under 2 %.
    batch_bytes: int = 8 * 2**20
    batch_runs: int = 64

    def __post_init__(self) -> None:
        flag = "--scheduler" if self.scheduler else "--workers"
        if find_spec("distributed") is None:
            raise ReportgenError(
                f'{flag}: needs Dask; get it (pip install "reportgen-runs[dask]")', exit_code=2
            )

    def run(
        self, batches: Sequence[Sequence[work.RunWork]], device: str
    ) -> Generator[tuple[int, work.Batch], None, None]:
        """Each batch as it is done; see ``Executor``.

        Raises:
            ReportgenError: The scheduler cannot be reached or goes away, there are no workers, one of them
                has other software, does not see the files, or has no such device.
        """
        sent = [tuple(_at_its_place(run) for run in batch) for batch in batches]
        with ExitStack() as stack:
            stack.enter_context(_quiet())
            address = (
                stack.enter_context(own_workers(self.workers)) if self.workers else _address(self.scheduler)
            )
            client = stack.enter_context(_client(address))
            found = _checked_workers(client, address, self.workers or 1)
            self.say(f"{address}: {count(len(sent), 'batch', 'batches')} for {count(found, 'worker')}")
            tasks = _Tasks(client, address, sent, device, self.patience)
            stack.callback(tasks.cancel)
            yield from tasks.results()


@dataclass(frozen=True, slots=True)
class _Task:
    number: int
    batch: Sequence[work.RunWork]
    future: Future


class _Tasks:
    """The batches of a build at a scheduler."""

    def __init__(
        self,
        client: Client,
        address: str,
        batches: Sequence[Sequence[work.RunWork]],
        device: str,
        patience: float,
    ) -> None:
        self._client, self._address = client, address
        self._batches, self._device = batches, device
        self._name = f"reportgen-{uuid4().hex}"
        self._submitted = 0
        self._done: SimpleQueue[str] = SimpleQueue()
        self._waiting: dict[str, _Task] = {}
        self._hanging: set[str] = set()
        largest = max((run.size for batch in batches for run in batch), default=0)
        self._patience = patience + largest / _SLOWEST
        self._last_result = self._last_worker = time.monotonic()

    def results(self) -> Iterator[tuple[int, work.Batch]]:
        """Each batch's number with what became of it, as it happens.

        A batch that ended its workers, or waited at one that was ended, comes last: each of its runs alone.
        """
        for number, batch in enumerate(self._batches):
            self._submit(number, batch)
        suspects: list[int] = []
        for number, made in self._outcomes():
            if isinstance(made, work.Batch):
                yield number, made
            else:
                suspects.append(number)
        for number in sorted(suspects):
            yield number, self._one_by_one(number)

    def cancel(self) -> None:
        """Nothing of this build is begun any more."""
        with suppress(Exception):
            self._client.cancel([task.future for task in self._waiting.values()])
        self._waiting.clear()

    def _one_by_one(self, number: int) -> work.Batch:
        results: list[work.Measured | work.Unusable | work.Unchanged] = []
        notes: list[str] = []
        for run in self._batches[number]:
            self._submit(number, (run,))
            ((_, made),) = self._outcomes()
            if isinstance(made, work.Batch):
                results += made.results
                notes += made.notes
            else:
                results.append(work.Unusable(f"{made}; build it without workers to see why"))
        return work.Batch(tuple(results), tuple(notes))

    def _submit(self, number: int, batch: Sequence[work.RunWork]) -> None:
        workers = sorted(self._client.nthreads().keys() - self._hanging) if self._hanging else None
        if workers == []:
            raise ReportgenError(f"{self._address}: every worker hangs; {_DONE_STAYS}; start others")
        self._submitted += 1
        future = self._client.submit(
            _measured,
            batch,
            self._device,
            dict(_software()),
            key=f"{self._name}-{self._submitted}",
            workers=workers,
            retries=0,
        )
        self._waiting[future.key] = _Task(number, batch, future)
        future.add_done_callback(lambda done: self._done.put(done.key))

    def _outcomes(self) -> Iterator[tuple[int, work.Batch | str]]:
        """Of all that was submitted the numbers, with what came of it or why nothing did."""
        self._last_result = self._last_worker = time.monotonic()
        while self._waiting:
            try:
                key = self._done.get(timeout=_TICK)
            except Empty:
                yield from self._look_after()
                continue
            # Of what was sent elsewhere meanwhile there is nothing to hear any more.
            if task := self._waiting.pop(key, None):
                yield task.number, self._outcome(task.future)
                self._last_result = self._last_worker = time.monotonic()

    def _outcome(self, future: Future) -> work.Batch | str:
        from distributed import KilledWorker

        if future.status == "cancelled":
            raise self._lost()
        try:
            answer: _Answer = future.result(timeout=self._patience)
        except KilledWorker as error:
            return f"ended {count(error.allowed_failures + 1, 'worker')} that read it"
        except (ImportError, AttributeError) as error:
            raise ReportgenError(
                f"{self._address}: a worker cannot load this reportgen ({one_line(str(error), 200)}); "
                f"{_INSTALL}"
            ) from None
        except TimeoutError:  # Its worker was gone with the answer, and nobody else has it by now.
            return self._not_done
        except (OSError, CancelledError):
            raise self._lost() from None
        if answer.bug:
            raise RuntimeError(f"{answer.worker}: {answer.bug}")
        if answer.mistake:
            said = answer.mistake.removeprefix(f"{answer.worker}: ")
            raise ReportgenError(f"{answer.worker}: {said}", exit_code=answer.exit_code)
        for path in answer.unseen:
            if path.exists():
                raise ReportgenError(
                    f"{answer.worker}: this worker does not see {one_line(str(path))}; "
                    "put the runs where every worker finds them under the same path"
                )
        assert answer.batch is not None
        return answer.batch

    def _look_after(self) -> Iterator[tuple[int, str]]:
        """Sees to a scheduler and workers that are gone, and to workers that hang."""
        if self._client.status != "running" or any(
            task.future.status == "cancelled" for task in self._waiting.values()
        ):
            raise self._lost()
        now = time.monotonic()
        try:
            processing = {str(worker): set(keys) for worker, keys in self._client.processing().items()}
        except OSError:
            raise self._lost() from None
        if processing.keys() - self._hanging:
            self._last_worker = now
        elif now - self._last_worker > _WITHOUT_WORKERS:
            raise ReportgenError(
                f"{self._address}: no worker is left; {_DONE_STAYS}; start workers and build again"
            )
        if now - self._last_result > self._patience:
            # What is not at a worker waits for others' work: that is no reason to give it up.
            stuck = {key for keys in processing.values() for key in keys} & self._waiting.keys()
            if stuck:
                self._hanging |= {worker for worker, keys in processing.items() if keys & stuck}
                yield from self._elsewhere(stuck)
            elif not any(processing.values()):
                raise ReportgenError(
                    f"{self._address}: its workers take no work; {_DONE_STAYS}; see what their logs say"
                )
            self._last_result = now

    def _elsewhere(self, stuck: Collection[str]) -> Iterator[tuple[int, str]]:
        """Gives up what hangs, and sends the rest to workers that do not."""
        left, self._waiting = self._waiting, {}
        self._client.cancel([task.future for task in left.values()])
        for key, task in left.items():
            if key not in stuck:
                self._submit(task.number, task.batch)
        for key in stuck:
            yield left[key].number, self._not_done

    @property
    def _not_done(self) -> str:
        return f"was not done by a worker in {self._patience:,.0f} s"

    def _lost(self) -> ReportgenError:
        return ReportgenError(
            f"{self._address}: the connection to the scheduler was lost; {_DONE_STAYS}; "
            "start the scheduler and build again"
        )


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a worker says of a batch.

    Attributes:
        worker: Its address.
        batch: None where it failed.
        unseen: Files that are not there.
        mistake: Why it failed, where the user can correct it.
        exit_code: Of that.
        bug: Any other failure, with its traceback: an exception itself may not travel.
    """

    worker: str
    batch: work.Batch | None = None
    unseen: tuple[Path, ...] = ()
    mistake: str = ""
    exit_code: int = 1
    bug: str = ""


def _measured(batch: Sequence[work.RunWork], device: str, wanted: Software) -> _Answer:
    """What a worker does of a batch."""
    from distributed import get_worker

    worker = str(get_worker().address)
    try:
        _refuse_other(worker, _software(), wanted)
        unseen = tuple(file.path for run in batch for file in run.files if not file.path.exists())
        return _Answer(worker, work.measured(batch, curves.pick_device(device)), unseen)
    except ReportgenError as error:
        return _Answer(worker, mistake=str(error), exit_code=error.exit_code)
    except Exception:  # noqa: BLE001 - it is raised at home
        return _Answer(worker, bug=traceback.format_exc())


@cache
def _software() -> Software:
    """What decides, with a run's bytes and its settings, on its numbers."""
    import numpy as np

    plugged_in = ", ".join(f"{name} {version}" for name, version in formats.plugged_in())
    return {
        "reportgen": reportgen.__version__,
        "Python": ".".join(map(str, sys.version_info[:2])),
        "NumPy": np.__version__,
        "formats of plug-ins": plugged_in or "none",
        "code of reportgen": work.fingerprint()[:12],
    }


def _refuse_other(place: str, there: Software, here: Software) -> None:
    for name, version in here.items():
        if there.get(name) != version:
            raise ReportgenError(
                f"{place}: {name} is {there.get(name, 'unknown')} there and {version} here; {_INSTALL}"
            )


def _checked_workers(client: Client, address: str, wanted: int) -> int:
    """The number of workers, of which none has other software."""
    with suppress(TimeoutError):
        client.wait_for_workers(wanted, timeout=_WITHOUT_WORKERS)
    if not client.nthreads():
        raise ReportgenError(f"{address}: has no worker; start some (dask worker {address}) and build again")
    here = dict(_software())
    answers: dict[str, Any] = client.run(_software, on_error="return")
    try:
        answers[f"{address} (the scheduler)"] = client.run_on_scheduler(_software)
    except (ImportError, AttributeError) as error:
        answers[f"{address} (the scheduler)"] = error
    for place, there in sorted(answers.items()):
        if isinstance(there, ImportError | AttributeError):
            raise ReportgenError(
                f"{place}: cannot load this reportgen ({one_line(str(there), 200)}); {_INSTALL}"
            )
        if isinstance(
            there, Mapping
        ):  # Else it went away meanwhile, or is slow to answer: it is asked with a batch.
            _refuse_other(place, there, here)
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
            f"--scheduler {shown}: is no scheduler's file; name one, or an address", exit_code=2
        )
    return address


@contextmanager
def _client(address: str) -> Iterator[Client]:
    from distributed import Client

    client = None
    try:
        client = Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError, ImportError) as error:
        reason = "no answer" if isinstance(error, TimeoutError) else one_line(str(error), 200)
        raise ReportgenError(
            f"--scheduler {one_line(address)}: cannot be reached ({reason}); start it (dask scheduler), "
            "or build without it"
        ) from None
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close(timeout=5)


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
