"""What is done at workers of Dask: finding, hashing and measuring, by the functions that are used here."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import reportgen
from reportgen import cache as build_cache
from reportgen import curves, discover, formats, pull, work
from reportgen.errors import ReportgenError
from reportgen.pull import PullOptions
from reportgen.sources import Found, Listing, Unusable
from reportgen.text import one_line

__all__ = [
    "INSTALL",
    "Answer",
    "Lacking",
    "Pulling",
    "Software",
    "find",
    "look",
    "measure",
    "refuse_other",
    "software",
    "visible",
]

Software = Mapping[str, str]
"""What has to be the same on every machine: its name to its version."""

INSTALL = "install the same there as here"
# Seconds between two signs of life of a worker that finds runs.
_SIGN = 1.0
# A worker finds for one batch at a time: the Hub's client and the number of pulls at once are of a process.
_FINDING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Pulling:
    """How workers find runs: what can be sent of ``PullOptions``.

    Attributes:
        options: Without a deadline, which is a time of this machine's clock, and without a folder.
        seconds: Until the deadline, None for never.
        keeps: Whether a worker keeps what it fetches, in a folder of its own.
    """

    options: PullOptions
    seconds: float | None = None
    keeps: bool = True

    def at_worker(self) -> PullOptions:
        """The options there."""
        deadline = None if self.seconds is None else time.monotonic() + self.seconds
        folder = build_cache.default_folder() if self.keeps else None
        return replace(self.options, deadline=deadline, cache=folder)


@dataclass(frozen=True, slots=True)
class Lacking:
    """Why a worker cannot do a batch that another may do: its files are not there."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker says of a piece of work.

    Attributes:
        worker: Its address.
        result: None where it failed.
        unseen: Files that were found at home and are not there.
        mistake: Why it failed, where the user can correct it.
        exit_code: Of that.
        bug: Any other failure, with its traceback: an exception itself may not travel.
    """

    worker: str
    result: Any = None
    unseen: tuple[Path, ...] = ()
    mistake: str = ""
    exit_code: int = 1
    bug: str = ""


def measure(batch: Sequence[work.RunWork], device: str, pulling: Pulling | None, wanted: Software) -> Answer:
    """Measures a batch; a ``work.Batch``, or ``Lacking``."""
    unseen = tuple(
        file.path for run in batch if run.task is None for file in run.files if not file.path.exists()
    )

    def do() -> work.Batch | Lacking:
        here = _here(batch, pulling)
        return here if isinstance(here, Lacking) else work.measured(here, curves.pick_device(device))

    return replace(_answer(do, wanted), unseen=unseen)


def find(tasks: Sequence[pull.Task], pulling: Pulling, topic: str, wanted: Software) -> Answer:
    """Finds and hashes runs; of each task ``Found`` or ``Unusable``, in order.

    Args:
        tasks: Each once.
        pulling: How.
        topic: Of the engine's events, under which it gives signs of life and says what it waits for.
        wanted: Software.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    last = time.monotonic()

    def say(sentence: str) -> None:
        worker.log_event(topic, sentence)

    def sign(_: pull.Task) -> None:
        nonlocal last
        if (now := time.monotonic()) - last > _SIGN:
            last = now
            say("")

    def is_wanted() -> bool:
        """Whether the build that asked is still there: else the scheduler has withdrawn the work."""
        state = worker.state.tasks.get(key)
        return state is not None and state.state != "cancelled"

    def do() -> list[Found | Unusable]:
        with _FINDING:
            found = pull.find(tasks, pulling.at_worker(), sign, say, wanted=is_wanted)
        return [_sent(found[task], str(worker.address)) for task in tasks]

    return _answer(do, wanted)


def look(
    tasks: Sequence[discover.Task], pulling: Pulling, topic: str, limit: int, wanted: Software
) -> Answer:
    """Looks for the runs of patterns; of each task ``Listing`` or ``Unusable``, in order."""
    from distributed import get_worker

    worker = get_worker()

    def say(sentence: str) -> None:
        worker.log_event(topic, sentence)

    def do() -> list[Listing | Unusable]:
        with _FINDING:
            found = discover.look(tasks, pulling.at_worker(), say, limit)
        return [found[task] for task in tasks]

    return _answer(do, wanted)


def visible(paths: Sequence[Path]) -> list[bool]:
    """Which of the files this worker sees."""
    return [path.exists() for path in paths]


@cache
def software() -> Software:
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


def refuse_other(place: str, there: Software, here: Software) -> None:
    """Refuses a place with other software.

    Raises:
        ReportgenError: Naming the first that differs.
    """
    for name, version in here.items():
        if there.get(name) != version:
            raise ReportgenError(
                f"{place}: {name} is {there.get(name, 'unknown')} there and {version} here; {INSTALL}"
            )


def _answer(do: Callable[[], Any], wanted: Software) -> Answer:
    """What comes of work at a worker that has the software for it."""
    from distributed import get_worker

    worker = str(get_worker().address)
    try:
        refuse_other(worker, software(), wanted)
        return Answer(worker, do())
    except ReportgenError as error:
        return Answer(worker, mistake=str(error), exit_code=error.exit_code)
    except Exception:  # noqa: BLE001 - it is raised at home
        return Answer(worker, bug=traceback.format_exc())


def _sent(outcome: Found | Unusable, worker: str) -> Found | Unusable:
    """What is told at home, which sees none of the files."""
    if isinstance(outcome, Unusable):
        return outcome
    return replace(outcome, worker=worker, analysed=pull.analysed(outcome.beside) if outcome.beside else None)


def _here(batch: Sequence[work.RunWork], pulling: Pulling | None) -> Sequence[work.RunWork] | Lacking:
    """The batch with files that are here: those of another worker are found again."""
    elsewhere = {
        place: run.task
        for place, run in enumerate(batch)
        if run.task is not None and not all(file.path.exists() for file in run.files)
    }
    if not elsewhere or pulling is None:
        return batch
    with _FINDING:
        found = pull.find(list(dict.fromkeys(elsewhere.values())), pulling.at_worker())
    made = list(batch)
    for place, task in elsewhere.items():
        outcome = found[task]
        if isinstance(outcome, Unusable):
            return Lacking(one_line(str(outcome)))
        if outcome.source.sha256 != batch[place].sha256:
            return Lacking(f"{one_line(outcome.source.file)} is a different file there")
        made[place] = replace(batch[place], files=outcome.files)
    return made
