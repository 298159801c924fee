"""What of a list's runs is on this machine: looked for; those that patterns find are read, within bounds."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.model_list import DirectorySource, ModelList
from reportgen.notation import count
from reportgen.text import one_line

if TYPE_CHECKING:
    from reportgen.model_list import FamilySpec, RunSpec
    from reportgen.pull import PullOptions
    from reportgen.work import Unusable

__all__ = ["Seen", "on_disk"]

_PACKED = ("", ".gz", ".zst")
_MOST = 20
_MOST_READ, _MOST_BYTES, _MOST_SECONDS = 500, 2**30, 20.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is.

    Attributes:
        said: How many runs were found, in words; empty where the list has none in folders.
        problems: Runs that are not there or cannot be read and patterns that found nothing, a line each.
    """

    said: str = ""
    problems: tuple[str, ...] = ()


def on_disk(one: ModelList) -> Seen:
    """Looks for the runs of a list that lie in folders; no network is asked.

    Runs that patterns find are read, to tell those without the series that they are ranked by: up to 500,
    1 GB and 20 s. Those that the list names itself are only looked for, so that nothing slow is loaded.
    """
    local = replace(one, families=tuple(_local(family) for family in one.families))
    runs = [(family, run) for family in local.families for run in family.runs]
    if not runs:
        return Seen()
    said: list[str] = []
    problems: list[str] = []
    read = _Read()
    if any(run.is_pattern for _, run in runs):
        from reportgen.discover import discover
        from reportgen.pull import PullOptions

        options = PullOptions(offline=True)
        found = discover((local,), options)
        said += found.notes
        problems += [f"{one.family}: {one.message}" for one in found.problems]
        runs = [(family, run) for family in found.lists[0].families for run in family.runs]
        read = _read([(family, run) for family, run in runs if run.found], options)
    named = [(family, run) for family, run in runs if not run.found]
    missing = [(family, run) for family, run in named if not _is_there(run)]
    wrong = [f"{family.name}: {run.name}: {_place(run)} does not exist" for family, run in missing]
    wrong += read.problems
    problems += wrong[:_MOST]
    if (rest := len(wrong) - _MOST) > 0:
        more = "that are missing" if not read.problems else "that are missing or cannot be read"
        problems.append(f"{count(rest, 'more run')} {more}")
    there = len(runs) - len(missing) - read.empty
    every = count(len(runs) - read.empty, "run")
    number = f"{there:,} of {every}" if missing else every
    said.append(", ".join([f"{number} found", *read.said()]))
    return Seen(one_line("; ".join(said), 500), tuple(one_line(problem, 500) for problem in problems))


@dataclass(slots=True)
class _Read:
    """What was read of the runs that patterns found.

    Attributes:
        lacks: Series by which a family is ranked to how many of its runs lack it.
        empty: Runs that hold no series, which a build passes over.
        unread: Runs that a bound left out.
        problems: Runs that cannot be read, a line each.
    """

    lacks: Counter[str] = field(default_factory=Counter)
    empty: int = 0
    unread: int = 0
    problems: list[str] = field(default_factory=list)

    def said(self) -> Iterator[str]:
        for series, number in self.lacks.items():
            yield f"{number:,} without {'a loss' if series == 'loss' else series}"
        if self.empty:
            yield f"{count(self.empty, 'other place', 'other places')} without a series"
        if self.unread:
            yield f"{self.unread:,} not read"


def _read(runs: Sequence[tuple[FamilySpec, RunSpec]], options: PullOptions) -> _Read:
    """Reads the runs, a store at once, until a bound is met."""
    from reportgen import work
    from reportgen.pull import Pulled, pull

    made = _Read()
    until, left = time.monotonic() + _MOST_SECONDS, _MOST_BYTES
    taken = runs[:_MOST_READ]
    made.unread = len(runs) - len(taken)
    pulled = pull([(family.name, run) for family, run in taken], replace(options, deadline=until))
    jobs = []
    for (family, run), one in zip(taken, pulled, strict=True):
        if isinstance(one, Pulled):
            settings = work.settings_of(family, run, points=1)
            jobs.append((family, work.RunWork(one.files, run.name, settings, in_store=work.is_in_store(run))))
        elif one.kind == "missing":
            made.empty += 1
        elif one.kind == "timeout":
            made.unread += 1
        else:
            made.problems.append(f"{family.name}: {run.name}: {one.message}")
    families = iter([family for family, _ in jobs])
    for together in work.by_store([job for _, job in jobs]):
        left -= together[0].size
        outcomes = work.read(together) if left >= 0 and time.monotonic() < until else None
        for place, job in enumerate(together):
            family = next(families)
            if outcomes is None:
                made.unread += 1
            elif isinstance(wrong := outcomes[place], work.Unusable):
                _note(wrong, family, job.name, made)
    return made


def _note(wrong: Unusable, family: FamilySpec, run: str, made: _Read) -> None:
    if wrong.no_series:
        made.empty += 1
        return
    if wrong.lacks:
        made.lacks[wrong.lacks] += 1
    made.problems.append(f"{family.name}: {' '.join(filter(None, (f'{run}:', wrong.file, wrong.reason)))}")


def _local(family: FamilySpec) -> FamilySpec:
    return replace(family, runs=tuple(run for run in family.runs if isinstance(run.source, DirectorySource)))


def _place(run: RunSpec) -> str:
    assert isinstance(run.source, DirectorySource)
    return run.source.path.replace("{name}", run.name)


def _is_there(run: RunSpec) -> bool:
    assert isinstance(run.source, DirectorySource)
    path = Path(run.source.base, _place(run))
    return any(os.path.lexists(f"{path}{ending}") for ending in _PACKED)
