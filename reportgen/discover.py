"""Lists with patterns -> lists with runs: ``runs = ["add_*"]`` becomes the runs that are there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from reportgen.kinds import Problem, ProblemKind
from reportgen.model_list import FamilySpec, ModelList, RunSpec, Source, with_runs
from reportgen.patterns import Pattern
from reportgen.pull import PullOptions, access_of, opened_sources
from reportgen.sources import Access, Listing, OpenSource, Unusable
from reportgen.sources.crew import Crew, Limits
from reportgen.text import natural, one_line

__all__ = ["MOST_RUNS", "Discovered", "Looker", "Task", "discover", "look", "merged"]

MOST_RUNS = 100_000
"""A pattern finds no more: who wants more names them in several families."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """What patterns found.

    Attributes:
        lists: Without a pattern.
        problems: Of patterns, whose text stands for the run: those that found nothing (``missing``), and
            those whose listing is not whole, so that nothing can be said of runs they did not find.
        notes: What each pattern found, a line each.
    """

    lists: tuple[ModelList, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A pattern and where it is looked for."""

    source: Source
    pattern: str


class Looker(Protocol):
    """Looks for runs; :func:`look`, or the same done elsewhere."""

    def __call__(
        self, tasks: Sequence[Task], options: PullOptions, on_wait: Callable[[str], None], limit: int
    ) -> Mapping[Task, Listing | Unusable]: ...


def look(
    tasks: Sequence[Task], options: PullOptions, on_wait: Callable[[str], None], limit: int
) -> dict[Task, Listing | Unusable]:
    """What is there of each pattern; see :func:`discover`."""
    crew: Crew[Task, Listing] = Crew()
    access = access_of(options, crew.say, crew.stop)
    with opened_sources({task.source.type for task in tasks}, access) as sources:

        def look_for(task: Task) -> Listing:
            source = sources[task.source.type]
            if task.source.format.repeats == "runs" and task.source.is_per_run:
                return _numbered_runs(task, source, access, limit)
            return source.discover(task.source, Pattern(task.pattern), limit)

        limits = Limits(options.jobs, options.deadline, options.run_seconds)
        return dict(crew.outcomes(tasks, look_for, limits, on_wait))


def merged(outcomes: Sequence[Listing | Unusable], limit: int) -> Listing | Unusable:
    """What machines with disks of their own found of one pattern.

    Args:
        outcomes: One at least.
        limit: Most runs.
    """
    listings = [one for one in outcomes if isinstance(one, Listing)]
    failed = [one for one in outcomes if isinstance(one, Unusable)]
    told = [one for one in failed if one.kind != "missing"]  # Not all disks need hold some.
    if not listings:
        return (told or failed)[0]
    names = dict.fromkeys(name for one in listings for name in one.names)
    problems = [(one.problem, one.kind) for one in listings if one.problem]
    problems += [(str(one), one.kind) for one in told]
    if len(names) > limit:
        problems.insert(0, (f"there are over {limit:,} runs", "too_large"))
    problem, kind = problems[0] if problems else ("", listings[0].kind)
    # The same candidates where they share a disk.
    passed = max(one.passed for one in listings)
    return Listing(tuple(names)[:limit], passed, problem, kind)


def discover(
    lists: Sequence[ModelList],
    options: PullOptions,
    *,
    families: Collection[str] = (),
    looker: Looker = look,
    on_wait: Callable[[str], None] = lambda _: None,
    limit: int = MOST_RUNS,
) -> Discovered:
    """Looks for the runs that the patterns of lists fit; nothing is asked where there is no pattern.

    Found runs stand where their pattern does, in natural order (2 before 10), with all that the list says
    of the pattern. A run that is found twice in a family is there once, and one that the list names itself
    is as the list says.

    Args:
        lists: As read.
        options: How; ``jobs`` patterns are looked for at once.
        families: Names and slugs of the families to look for; empty for all. The patterns of others stay.
        looker: What does it.
        on_wait: Called with a sentence when something waits.
        limit: Most runs of a pattern.

    Raises:
        ReportgenError: A source refuses its settings.
    """
    wanted = [
        family
        for one in lists
        for family in one.families
        if not families or not {family.name, family.slug}.isdisjoint(families)
    ]
    tasks = list(dict.fromkeys(_task(run) for family in wanted for run in family.runs if run.is_pattern))
    if not tasks:
        return Discovered(tuple(lists))
    outcomes = looker(tasks, options, on_wait, limit)
    problems: list[Problem] = []
    notes: list[str] = []
    chosen = {family.slug for family in wanted}

    def expanded(family: FamilySpec) -> FamilySpec:
        return _expanded(family, outcomes, problems, notes) if family.slug in chosen else family

    found = tuple(replace(one, families=tuple(map(expanded, one.families))) for one in lists)
    return Discovered(found, tuple(problems), tuple(notes))


def _task(run: RunSpec) -> Task:
    return Task(run.source, run.name)


def _numbered_runs(task: Task, source: OpenSource, access: Access, limit: int) -> Listing:
    """The runs of files that hold several, one after the other: ``a#1``, ``a#2``; of one run ``a``."""
    base, mark, _ = task.pattern.rpartition("#")
    listing = source.discover(task.source, Pattern(base if mark else task.pattern), limit)
    names: list[str] = []
    for name in listing.names:
        try:
            inside = access.names(task.source, source.find(task.source, name, (), found=True).files) or ()
        except Unusable:
            inside = ()  # The build says what is wrong with it.
        several = [f"{name}#{number}" for number in range(1, len(inside) + 1)] if len(inside) > 1 else [name]
        names += [one for one in several if not mark or Pattern(task.pattern).fits(one)]
    problem = listing.problem or (f"there are over {limit:,} runs" if len(names) > limit else "")
    return replace(listing, names=tuple(names[:limit]), problem=problem)


def _expanded(
    family: FamilySpec, outcomes: Mapping[Task, Listing | Unusable], problems: list[Problem], notes: list[str]
) -> FamilySpec:
    """The family with the runs that its patterns found in their places, and the defaults of their names."""
    excluded = [Pattern(text) for text in family.exclude]
    taken = {(run.name, run.source) for run in family.runs if not run.is_pattern}
    runs: list[RunSpec] = []
    for run in family.runs:
        if not run.is_pattern:
            runs.append(run)
            continue
        outcome = outcomes[_task(run)]
        listing = outcome if isinstance(outcome, Listing) else _failed(outcome)
        names = [name for name in listing.names if not any(one.fits(name) for one in excluded)]
        for name in sorted(names, key=natural):
            if (name, run.source) not in taken:
                taken.add((name, run.source))
                runs.append(replace(run, name=name, found=True))
        if trouble := _trouble(run.name, listing, names):
            kind, text = trouble
            problems.append(Problem(family.name, run.name, kind, text))
        notes.append(_note(family.name, run.name, listing, len(names)))
    return with_runs(family, runs)


def _failed(outcome: Unusable) -> Listing:
    """Of a place that is not there, a disk that is not mounted, nobody knows which runs it holds."""
    return Listing((), 0, str(outcome), "unreadable" if outcome.kind == "missing" else outcome.kind)


def _trouble(pattern: str, listing: Listing, names: Sequence[str]) -> tuple[ProblemKind, str] | None:
    """Kind and text of what is wrong with a listing; None where nothing is."""
    shown = one_line(pattern)
    if listing.problem:
        if not names:
            return listing.kind, f"{shown} cannot be searched for: {listing.problem}"
        return (
            listing.kind,
            f"there may be more runs than the {len(names):,} that {shown} found: {listing.problem}",
        )
    if names:
        return None
    if listing.names:
        return "missing", f"`exclude` leaves none of the runs that {shown} finds; correct one of the two"
    if listing.passed:
        return "missing", (
            f"{shown} finds no run ({_counted(listing.passed)}); correct the pattern or the source"
        )
    return "missing", f"{shown} finds no run; correct the pattern or the source"


def _note(family: str, pattern: str, listing: Listing, used: int) -> str:
    passed = f", {_counted(listing.passed)}" if listing.passed else ""
    excluded = f", {len(listing.names) - used:,} excluded" if len(listing.names) > used else ""
    runs = "1 run" if used == 1 else f"{used:,} runs"
    return one_line(f"{family}: {pattern} found {runs}{excluded}{passed}")


def _counted(passed: int) -> str:
    return "1 other place without a series" if passed == 1 else f"{passed:,} other places without a series"
