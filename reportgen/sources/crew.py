"""Threads that do a source's work and tell what happens, within limits on time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from reportgen.sources import THREAD, Unusable

__all__ = ["Crew", "Limits", "out_of_time"]

# A look at the clock twice a second, which also lets Ctrl-C through where a wait would hold it back.
_TICK = 0.5

_Task = TypeVar("_Task", bound=Hashable)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many at once, and for how long.

    Attributes:
        jobs: Tasks at once.
        deadline: ``time.monotonic()`` at which what is not done yet has failed, None for never.
        task_seconds: Longest time on one task, its waits included.
        wanted: Asked now and then; once it says no, what is not done yet has failed.
    """

    jobs: int
    deadline: float | None
    task_seconds: float
    wanted: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True)
class _Begun(Generic[_Task]):
    task: _Task
    at: float


@dataclass(frozen=True, slots=True)
class _Ended(Generic[_Task, _Result]):
    task: _Task
    outcome: _Result | Unusable


@dataclass(frozen=True, slots=True)
class _Waits:
    message: str


@dataclass(frozen=True, slots=True)
class _Broke:
    error: BaseException


class Crew(Generic[_Task, _Result]):
    """Does tasks in daemon threads, not those of an executor.

    Python waits for an executor's threads when it exits, and one that hangs in a socket or on a dead
    network drive would hold up Ctrl-C for as long.

    Attributes:
        stop: Set when nobody wants the results any more.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._events: SimpleQueue[_Begun[_Task] | _Ended[_Task, _Result] | _Waits | _Broke] = SimpleQueue()

    def say(self, message: str) -> None:
        """Tells the calling thread that something waits; from any thread."""
        self._events.put(_Waits(message))

    def outcomes(
        self,
        tasks: Sequence[_Task],
        do: Callable[[_Task], _Result],
        limits: Limits,
        on_wait: Callable[[str], None],
    ) -> Iterator[tuple[_Task, _Result | Unusable]]:
        """Each task with what became of it, as it happens.

        Args:
            tasks: Each once.
            do: Raises ``Unusable`` where nothing comes of a task; any other error is raised here.
            limits: A task that takes longer has failed, and another thread takes the place of its own.
            on_wait: Called in the calling thread with what is said.
        """
        for task in tasks:
            self._tasks.put(task)
        left = dict.fromkeys(tasks)
        begun: dict[_Task, float] = {}
        self._hire(min(limits.jobs, len(tasks)), do)
        try:
            while left:
                match self._next():
                    case _Begun(task, at):
                        begun[task] = at
                    case _Ended(task, outcome) if task in left:
                        del left[task], begun[task]
                        yield task, outcome
                    case _Waits(message):
                        on_wait(message)
                    case _Broke(error):
                        raise error
                now = time.monotonic()
                if limits.deadline is not None and now >= limits.deadline:
                    yield from ((task, out_of_time()) for task in left)
                    return
                if not limits.wanted():
                    yield from ((task, _late("the build was stopped")) for task in left)
                    return
                for task in [task for task, at in begun.items() if now - at > limits.task_seconds]:
                    # Its thread may hang for good, so another takes its place.
                    self._hire(1, do)
                    del left[task], begun[task]
                    yield task, _late(f"it took longer than {limits.task_seconds:.0f} s; build again later")
        finally:
            self.stop.set()

    def _hire(self, count: int, do: Callable[[_Task], _Result]) -> None:
        for _ in range(count):
            threading.Thread(target=self._work, args=(do,), name=THREAD, daemon=True).start()

    def _work(self, do: Callable[[_Task], _Result]) -> None:
        while not self.stop.is_set():
            try:
                task = self._tasks.get_nowait()
            except Empty:
                return
            self._events.put(_Begun(task, time.monotonic()))
            try:
                self._events.put(_Ended(task, do(task)))
            except Unusable as unusable:
                self._events.put(_Ended(task, unusable))
            except BaseException as error:  # noqa: BLE001 - a bug: the calling thread raises it
                self._events.put(_Broke(error))
                return

    def _next(self) -> _Begun[_Task] | _Ended[_Task, _Result] | _Waits | _Broke | None:
        try:
            return self._events.get(timeout=_TICK)
        except Empty:
            return None


def out_of_time() -> Unusable:
    """What becomes of a task that the build has no time left for."""
    return _late("the build reached --timeout first; raise it")


def _late(reason: str) -> Unusable:
    return Unusable("timeout", f"the run was not pulled: {reason}")
