"""RunSpec -> local files and their hashes: many at once, each failure kept as a Problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Protocol

from reportgen import analysis
from reportgen.analysis import Analysis
from reportgen.kinds import Head, Problem, SourceRecord, Unreadable
from reportgen.model_list import RunSpec, Source
from reportgen.sources import (
    Access,
    Found,
    FoundFile,
    LooksBeside,
    OpenSource,
    Unusable,
    read_again,
    source_type,
)
from reportgen.sources.crew import Crew, Limits
from reportgen.sources.inputs import PlainInput, head_of, logs_among
from reportgen.sources.line import Patience
from reportgen.text import one_line

__all__ = [
    "Finder",
    "PullOptions",
    "Pulled",
    "Task",
    "access_of",
    "analysed",
    "find",
    "opened_sources",
    "pull",
    "task_of",
]


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
        cache: Folder of what is kept from one build to the next, None for nothing.
        analyses: Whether files beside a run's are looked for, that tell of its model.
    """

    jobs: int = 8
    offline: bool = False
    max_file_size: int = 256 * 2**20
    deadline: float | None = None
    run_seconds: float = 900.0
    patience: Patience = field(default_factory=Patience)
    cache: Path | None = None
    analyses: bool = False


@dataclass(frozen=True, slots=True)
class Pulled:
    """A run's files, there to be read.

    Attributes:
        files: One at least, in the order of their names.
        source: Where they came from.
        checked: False where nobody was asked whether the files have changed.
        notes: What a reader should know of the files, a sentence each.
        beside: Files beside the run's that tell of its model.
        worker: Where the files are, by its address; empty for this machine.
        analysed: What those beside say, where only a worker can read them; see :func:`analysed`.
    """

    spec: RunSpec
    files: tuple[FoundFile, ...]
    source: SourceRecord
    checked: bool
    notes: tuple[str, ...] = ()
    beside: tuple[FoundFile, ...] = ()
    worker: str = ""
    analysed: tuple[Analysis | None, str] | None = None

    @property
    def path(self) -> Path:
        """The file, or the first of several."""
        return self.files[0].path

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Task:
    """What is looked for once, whoever needs it.

    Attributes:
        name: Of the run; empty for a store, which all its runs share.
    """

    source: Source
    name: str
    files: tuple[str, ...]
    beside: tuple[str, ...] | None
    found: bool


class Finder(Protocol):
    """Finds and hashes; :func:`find`, or the same done elsewhere."""

    def __call__(
        self,
        tasks: Sequence[Task],
        options: PullOptions,
        on_found: Callable[[Task], None],
        on_wait: Callable[[str], None],
    ) -> Mapping[Task, Found | Unusable]: ...


def find(
    tasks: Sequence[Task],
    options: PullOptions,
    on_found: Callable[[Task], None] = lambda _: None,
    on_wait: Callable[[str], None] = lambda _: None,
    *,
    wanted: Callable[[], bool] = lambda: True,
) -> dict[Task, Found | Unusable]:
    """Finds and hashes files, each once; see :func:`pull`.

    Args:
        tasks: Each once.
        options: How.
        on_found: Called with each task that is done, found or not.
        on_wait: Called with a sentence when a pull waits. Both are called from the calling thread.
        wanted: Asked twice a second; once it says no, what is not done has failed.
    """
    outcomes: dict[Task, Found | Unusable] = {}
    crew: Crew[Task, Found] = Crew()
    access = access_of(options, crew.say, crew.stop)
    with opened_sources({task.source.type for task in tasks}, access) as sources:

        def find_one(task: Task) -> Found:
            at = sources[task.source.type]
            found = at.find(task.source, task.name, task.files, found=task.found)
            return _with_analysis(at, task, found) if options.analyses else found

        limits = Limits(options.jobs, options.deadline, options.run_seconds, wanted)
        for task, outcome in crew.outcomes(tasks, find_one, limits, on_wait):
            outcomes[task] = outcome
            on_found(task)
    return outcomes


def pull(
    runs: Sequence[tuple[str, RunSpec]],
    options: PullOptions,
    *,
    finder: Finder = find,
    on_done: Callable[[str], None] = lambda _: None,
    on_wait: Callable[[str], None] = lambda _: None,
) -> list[Pulled | Problem]:
    """Pulls each ``(family, run)``, in order; what stands twice is pulled once, and so is a store of many.

    Args:
        runs: Family names and runs.
        options: How.
        finder: What does it.
        on_done: Called with a run's name once it is pulled or has failed.
        on_wait: Called with a sentence when a pull waits (rate limit, a retry). Both are called
            from the calling thread.

    Raises:
        ReportgenError: the Hub's client refuses the settings in the environment.
        KeyboardInterrupt: at once, whatever the pulls are waiting for.
    """
    wanted: dict[Task, list[str]] = {}
    for _, spec in runs:
        wanted.setdefault(task_of(spec), []).append(spec.name)

    def found(task: Task) -> None:
        for name in wanted[task]:
            on_done(name)

    outcomes = finder(list(wanted), options, found, on_wait)
    return [_result(family, spec, outcomes[task_of(spec)]) for family, spec in runs]


def task_of(spec: RunSpec) -> Task:
    """What has to be found for a run."""
    name = spec.name if spec.source.is_per_run else ""
    if spec.source.format.repeats == "runs":
        from reportgen.formats.settling import numbered

        name, _ = numbered(name)
    return Task(spec.source, name, spec.files, spec.beside, spec.found)


def _with_analysis(at: OpenSource, task: Task, found: Found) -> Found:
    """A run with the files beside it that tell of its model; whatever is wrong with these, the run stays."""
    if len(found.files) > 1 or found.source.files or not analysis.is_run_file(found.files[0].name):
        return found
    names = analysis.file_names(task.name) if task.beside is None else task.beside
    if not names or not isinstance(at, LooksBeside):
        return found
    try:
        known = task.beside is not None
        beside = tuple(at.beside(task.source, task.name, found, names, known=known))
    except Unusable as unusable:
        return replace(found, notes=(*found.notes, f"{one_line(str(unusable))}."))
    record = replace(found.source, beside=tuple((file.name, file.sha256) for file in beside))
    return replace(found, source=record, beside=beside)


def _result(family: str, spec: RunSpec, outcome: Found | Unusable) -> Pulled | Problem:
    if isinstance(outcome, Unusable):
        return Problem(family, spec.name, outcome.kind, str(outcome))
    if spec.sha256 not in (None, outcome.source.sha256):
        name = one_line(outcome.source.file)
        fix = "build from the model list to report on the file as it is now"
        return Problem(family, spec.name, "refused", f"{name} is no longer the file of that report; {fix}")
    return Pulled(
        spec,
        outcome.files,
        outcome.source,
        outcome.checked,
        outcome.notes,
        outcome.beside,
        outcome.worker,
        outcome.analysed,
    )


def analysed(beside: Sequence[FoundFile]) -> tuple[Analysis | None, str]:
    """What the files beside a run's say of its model, and what is wrong with them."""
    if not beside:
        return None, ""
    try:
        found = analysis.read([(file.name, read_again(file.path, file.size)) for file in beside])
    except (Unreadable, Unusable, OSError) as error:
        reason = f"a file cannot be read ({error.strerror})" if isinstance(error, OSError) else str(error)
        return None, f"no analysis of the model: {one_line(reason)}"
    return found, ""


def access_of(options: PullOptions, say: Callable[[str], None], stop: Event) -> Access:
    """What sources may do in a build with these options."""
    return Access(
        offline=options.offline,
        max_file_size=options.max_file_size,
        fits=_fits,
        likely=_likely,
        names=_names,
        cache=options.cache,
        patience=options.patience,
        say=say,
        stop=stop,
    )


@contextmanager
def opened_sources(types: Iterable[str], access: Access) -> Iterator[Mapping[str, OpenSource]]:
    """Sources at work, by their ``type``; only those that are needed are loaded."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(source_type(name).open(access)) for name in sorted(types)}


def _fits(source: Source, names: Sequence[str], head: Head) -> tuple[str, ...]:
    """The files of a run that formats read, and its configuration; none where no format finds a series."""
    from reportgen import formats
    from reportgen.formats import folders

    wanted = source.format.type
    alone = len(names) == 1 and "/" not in names[0] and not folders.is_no_log(names[0])
    logs = list(names) if wanted is not None or alone else logs_among(names)
    fits = {name for _, taken in formats.fitting(logs, head, wanted) for name in taken} if logs else set()
    if not fits:
        return ()
    own = [name for name in folders.needed(names) if folders.is_configuration(name)]
    return tuple(name for name in names if name in fits or name in own)


def _names(source: Source, files: Sequence[FoundFile]) -> Sequence[str] | None:
    """The names of the runs in a store of many; None where the files hold one run."""
    from reportgen import formats

    inputs = [PlainInput(file.name, file.path, 2**30) for file in files]
    try:
        found = formats.runs_in(inputs, head_of(inputs), source.format.type, source.format.options)
        return None if found is None else tuple(found)
    except Unreadable as unreadable:
        raise Unusable("unreadable", one_line(str(unreadable))) from None


def _likely(name: str) -> bool:
    return bool(logs_among([name]))
