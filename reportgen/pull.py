"""RunSpec -> a local file and its hash: many at once, each failure kept as a Problem."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from reportgen.errors import ReportgenError
from reportgen.kinds import Problem, SourceRecord
from reportgen.model_list import DirectorySource, HubSource, RunSpec, Source
from reportgen.sources import Found, Unusable, directory
from reportgen.sources.line import Patience
from reportgen.text import one_line

__all__ = ["PullOptions", "Pulled", "pull"]

# A look at the clock twice a second, which also lets Ctrl-C through where a wait would hold it back.
_TICK = 0.5
_THREAD = "pull"


@dataclass(frozen=True, slots=True)
class PullOptions:
    """How runs are pulled.

    Attributes:
        jobs: Pulls at once.
        offline: Ask no network; the Hub's cache serves what it holds.
        max_file_size: Bytes; a larger file is a problem, found before it is read.
        deadline: ``time.monotonic()`` at which what is not there yet becomes a problem, None for never.
        run_seconds: Longest time on one run, waits for the Hub included.
        patience: With a Hub that fails.
    """

    jobs: int = 8
    offline: bool = False
    max_file_size: int = 256 * 2**20
    deadline: float | None = None
    run_seconds: float = 900.0
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class Pulled:
    """A run's file, there to be read.

    Attributes:
        path: The local file.
        size: Its bytes.
        source: Where they came from.
        checked: False where the Hub was not asked whether the file has changed.
    """

    spec: RunSpec
    path: Path
    size: int
    source: SourceRecord
    checked: bool


_Key = tuple[Source, str]
_Outcome = Found | Unusable


def pull(
    runs: Sequence[tuple[str, RunSpec]],
    options: PullOptions,
    *,
    on_done: Callable[[str], None] = lambda _: None,
    on_wait: Callable[[str], None] = lambda _: None,
) -> list[Pulled | Problem]:
    """Pulls each ``(family, run)``, in order; what stands twice is pulled once.

    Args:
        runs: Family names and runs.
        options: How.
        on_done: Called with a run's name once it is pulled or has failed.
        on_wait: Called with a sentence when a pull waits (rate limit, a retry). Both are called
            from the calling thread.

    Raises:
        ReportgenError: the Hub's client refuses the settings in the environment.
        KeyboardInterrupt: at once, whatever the pulls are waiting for.
    """
    wanted: dict[_Key, int] = {}
    for _, spec in runs:
        key = (spec.source, spec.name)
        wanted[key] = wanted.get(key, 0) + 1
    outcomes: dict[_Key, _Outcome] = {}
    for key, outcome in _outcomes(list(wanted), options, on_wait):
        outcomes[key] = outcome
        for _ in range(wanted[key]):
            on_done(key[1])
    return [_result(family, spec, outcomes[spec.source, spec.name]) for family, spec in runs]


def _result(family: str, spec: RunSpec, outcome: _Outcome) -> Pulled | Problem:
    if isinstance(outcome, Unusable):
        return Problem(family, spec.name, outcome.kind, str(outcome))
    if spec.sha256 not in (None, outcome.source.sha256):
        name = one_line(outcome.source.file)
        mend = "build from the model list to report on the file as it is now"
        return Problem(family, spec.name, "refused", f"{name} is no longer the file of that report; {mend}")
    return Pulled(spec, outcome.path, outcome.size, outcome.source, outcome.checked)


@dataclass(frozen=True, slots=True)
class _Begun:
    key: _Key
    at: float


@dataclass(frozen=True, slots=True)
class _Ended:
    key: _Key
    outcome: _Outcome


@dataclass(frozen=True, slots=True)
class _Waits:
    message: str


@dataclass(frozen=True, slots=True)
class _Broke:
    error: BaseException


class _Crew:
    """Threads that look for runs and tell what happens.

    They are daemons, not those of an executor: Python waits for an executor's threads when it exits,
    and one that hangs in a socket or on a dead network drive would hold up Ctrl-C for as long.
    """

    def __init__(self, keys: Sequence[_Key]) -> None:
        self._tasks: SimpleQueue[_Key] = SimpleQueue()
        for key in keys:
            self._tasks.put(key)
        self.events: SimpleQueue[_Begun | _Ended | _Waits | _Broke] = SimpleQueue()
        self.stop = threading.Event()

    def hire(self, count: int, find: Callable[[_Key], Found]) -> None:
        """Starts ``count`` threads."""
        for _ in range(count):
            threading.Thread(target=self._work, args=(find,), name=_THREAD, daemon=True).start()

    def _work(self, find: Callable[[_Key], Found]) -> None:
        while not self.stop.is_set():
            try:
                key = self._tasks.get_nowait()
            except Empty:
                return
            self.events.put(_Begun(key, time.monotonic()))
            try:
                self.events.put(_Ended(key, find(key)))
            except Unusable as unusable:
                self.events.put(_Ended(key, unusable))
            except BaseException as error:  # noqa: BLE001 - a bug: the calling thread raises it
                self.events.put(_Broke(error))
                return


def _outcomes(
    keys: Sequence[_Key], options: PullOptions, on_wait: Callable[[str], None]
) -> Iterator[tuple[_Key, _Outcome]]:
    """Each key with what became of it, as it happens."""
    crew = _Crew(keys)
    left = dict.fromkeys(keys)
    begun: dict[_Key, float] = {}
    with _finder(keys, options, crew) as find:
        crew.hire(min(options.jobs, len(keys)), find)
        try:
            while left:
                match _next(crew):
                    case _Begun(key, at):
                        begun[key] = at
                    case _Ended(key, outcome) if key in left:
                        del left[key], begun[key]
                        yield key, outcome
                    case _Waits(message):
                        on_wait(message)
                    case _Broke(error):
                        raise error
                now = time.monotonic()
                if options.deadline is not None and now >= options.deadline:
                    yield from (
                        (key, _late("the time limit of the build came first; raise --timeout"))
                        for key in left
                    )
                    return
                for key in [key for key, at in begun.items() if now - at > options.run_seconds]:
                    # Its thread may hang for good, so another takes its place.
                    crew.hire(1, find)
                    del left[key], begun[key]
                    yield key, _late(f"nothing came of it in {options.run_seconds:.0f} s; build again later")
        finally:
            crew.stop.set()


def _next(crew: _Crew) -> _Begun | _Ended | _Waits | _Broke | None:
    try:
        return crew.events.get(timeout=_TICK)
    except Empty:
        return None


def _late(reason: str) -> Unusable:
    return Unusable("timeout", f"the run was not pulled: {reason}")


@contextmanager
def _finder(keys: Sequence[_Key], options: PullOptions, crew: _Crew) -> Iterator[Callable[[_Key], Found]]:
    """What finds a run; the Hub's client, slow to import, is loaded only where a run needs it."""

    def in_directory(key: _Key) -> Found:
        source, name = key
        assert isinstance(source, DirectorySource)
        return directory.find(source, name, options.max_file_size)

    if all(isinstance(source, DirectorySource) for source, _ in keys):
        yield in_directory
        return

    try:
        from reportgen.sources.hub import Hub, quiet_client
    except ValueError as error:
        mend = "correct the variables that begin with HF_"
        raise ReportgenError(
            f"the Hub's client refuses its settings ({one_line(str(error))}); {mend}"
        ) from None

    def say(message: str) -> None:
        crew.events.put(_Waits(message))

    hub = Hub(
        offline=options.offline,
        max_file_size=options.max_file_size,
        patience=options.patience,
        say=say,
        stop=crew.stop,
    )
    with quiet_client(_THREAD, hub.hold):
        yield lambda key: hub.find(key[0], key[1]) if isinstance(key[0], HubSource) else in_directory(key)
