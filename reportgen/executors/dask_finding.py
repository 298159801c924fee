"""Finding and hashing runs at workers of Dask: each looks on its own disk and in its own Hub cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from reportgen import discover, pull
from reportgen.executors import dask_worker
from reportgen.executors.dask_tasks import Failed, Piece, Tasks
from reportgen.executors.dask_worker import Pulling, software
from reportgen.model_list import HubSource
from reportgen.patterns import NAME
from reportgen.pull import PullOptions
from reportgen.sources import Found, Listing, Unusable
from reportgen.sources.crew import out_of_time

__all__ = ["Finding", "listed", "sendable"]

# A server says the same to each worker, and counts requests.
_SAME_EVERYWHERE = ("hub", "url")
# Runs that are found in one piece: each costs milliseconds on a disk, and a request or more of a server.
_TOGETHER, _TOGETHER_OF_SERVER = 64, 16


class Finding:
    """Finds what a build needs.

    What one worker lacks the others are asked for, unless a server says so to all of them: disks may differ,
    and so may caches of the Hub for a build that is offline.

    Args:
        there: The engine.
        options: How.
        on_found: Called with each task that is done, found or not.
    """

    def __init__(self, there: Tasks, options: PullOptions, on_found: Callable[[pull.Task], None]) -> None:
        self._there, self._options, self._on_found = there, options, on_found
        self._workers = sorted(there.workers())
        # Pulls at once are those of all workers together.
        self._at_once = max(1, min(len(self._workers), options.jobs))
        each = replace(options, jobs=max(1, options.jobs // max(1, len(self._workers))))
        self._end: tuple[Any, ...] = (sendable(each), there.topic, dict(software()))

    def of(self, tasks: Sequence[pull.Task]) -> dict[pull.Task, Found | Unusable]:
        """What became of each task."""
        several = len(self._workers) > 1
        elsewhere = {task for task in tasks if several and _may_differ(task, self._options)}
        outcomes: dict[pull.Task, Found | Unusable] = {}
        for task, outcome in self._ask(tasks):
            outcomes[task] = outcome
            if task not in elsewhere or not _is_missing(outcome):
                self._on_found(task)
        left = [
            task for task in tasks if task in elsewhere and task in outcomes and _is_missing(outcomes[task])
        ]
        for worker in self._workers:
            for task, outcome in self._ask(left, worker):
                if not _is_missing(outcome):
                    outcomes[task] = outcome
                    self._on_found(task)
            left = [task for task in left if _is_missing(outcomes[task])]
        late = [task for task in tasks if task not in outcomes]
        for task in (*left, *late):
            outcomes.setdefault(task, out_of_time())
            self._on_found(task)
        return outcomes

    def _ask(
        self, tasks: Sequence[pull.Task], worker: str = ""
    ) -> Iterator[tuple[pull.Task, Found | Unusable]]:
        pieces = [
            self._piece(number, some, worker)
            for number, some in enumerate(_together(tasks, len(self._workers)))
        ]
        for piece, made in self._there.results(pieces, self._alone, self._at_once):
            failed = isinstance(made, Failed)
            found = [_not_found(made)] * len(piece.arguments[0]) if failed else made
            yield from zip(piece.arguments[0], found, strict=True)

    def _piece(self, number: int, tasks: Sequence[pull.Task], worker: str) -> Piece:
        workers = frozenset([worker] if worker else [])
        return Piece(number, dask_worker.find, (tuple(tasks), *self._end), workers, bool(worker))

    def _alone(self, piece: Piece) -> list[Piece]:
        return [self._piece(piece.number, [task], "".join(piece.workers)) for task in piece.arguments[0]]


def listed(
    there: Tasks, tasks: Sequence[discover.Task], options: PullOptions, limit: int
) -> dict[discover.Task, Listing | Unusable]:
    """What patterns find on the disks of all workers, and of servers through one of them.

    Args:
        there: The engine.
        tasks: Each once.
        options: How.
        limit: Most runs of a pattern.
    """
    end = (sendable(options), there.topic, limit, dict(software()))
    everywhere = [frozenset([worker]) for worker in sorted(there.workers())]
    pieces = [
        Piece(number, dask_worker.look, ((task,), *end), workers, bool(workers))
        for number, task in enumerate(tasks)
        for workers in (everywhere if _may_differ(task, options) else [frozenset[str]()])
    ]
    outcomes: dict[int, list[Listing | Unusable]] = {}
    for piece, made in there.results(pieces, lambda whole: [whole], options.jobs):
        one = Unusable("unreadable", made.reason) if isinstance(made, Failed) else made[0]
        outcomes.setdefault(piece.number, []).append(one)
    return {
        task: discover.merged(outcomes[number], limit) if number in outcomes else out_of_time()
        for number, task in enumerate(tasks)
    }


def sendable(options: PullOptions) -> Pulling:
    """Options without what is this machine's own: its clock and its folders."""
    seconds = None if options.deadline is None else max(0.0, options.deadline - time.monotonic())
    return Pulling(replace(options, deadline=None, cache=None), seconds, options.cache is not None)


def _may_differ(task: pull.Task | discover.Task, options: PullOptions) -> bool:
    """Whether another worker may have what this one lacks."""
    return options.offline or task.source.type not in _SAME_EVERYWHERE


def _is_missing(outcome: Found | Unusable) -> bool:
    return isinstance(outcome, Unusable) and outcome.kind in ("missing", "network")


def _not_found(failed: Failed) -> Unusable:
    return Unusable("unreadable", f"the run {failed.reason}; build it without workers to see why")


def _together(tasks: Sequence[pull.Task], workers: int) -> Iterator[Sequence[pull.Task]]:
    """Tasks in pieces, each of one kind of source; of one repository as few as each worker lists it once."""
    by_place: dict[tuple[str, str], list[pull.Task]] = {}
    for task in tasks:
        source = task.source
        repository = source.repo if isinstance(source, HubSource) and NAME not in source.repo else ""
        by_place.setdefault((source.type, repository), []).append(task)
    for (kind, repository), some in by_place.items():
        most = _TOGETHER_OF_SERVER if kind in _SAME_EVERYWHERE else _TOGETHER
        if repository:
            most = max(most, -(-len(some) // max(1, workers)))
        for start in range(0, len(some), most):
            yield some[start : start + most]
