"""What of a list's runs is on this machine: looked for, never read."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.model_list import DirectorySource, ModelList
from reportgen.notation import count
from reportgen.text import one_line

if TYPE_CHECKING:
    from reportgen.model_list import FamilySpec, RunSpec

__all__ = ["Seen", "on_disk"]

_PACKED = ("", ".gz", ".zst")
_MOST = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is.

    Attributes:
        said: How many runs were found, in words; empty where the list has none in folders.
        problems: Runs that are not there and patterns that found nothing, a line each.
    """

    said: str = ""
    problems: tuple[str, ...] = ()


def on_disk(one: ModelList) -> Seen:
    """Looks for the runs of a list that lie in folders; no network is asked, and no run is read."""
    local = replace(one, families=tuple(_local(family) for family in one.families))
    runs = [(family, run) for family in local.families for run in family.runs]
    if not runs:
        return Seen()
    said: list[str] = []
    problems: list[str] = []
    if any(run.is_pattern for _, run in runs):
        from reportgen.discover import discover
        from reportgen.pull import PullOptions

        found = discover((local,), PullOptions(offline=True))
        said += found.notes
        problems += [f"{one.family}: {one.message}" for one in found.problems]
        runs = [(family, run) for family in found.lists[0].families for run in family.runs]
    missing = [(family, run) for family, run in runs if not _is_there(run)]
    problems += [f"{family.name}: {run.name}: there is no {_place(run)}" for family, run in missing[:_MOST]]
    if (rest := len(missing) - _MOST) > 0:
        problems.append(f"{count(rest, 'more run is', 'more runs are')} not there")
    there = len(runs) - len(missing)
    said.append(
        f"{count(there, 'run')} found" if not missing else f"{there:,} of {count(len(runs), 'run')} found"
    )
    return Seen(one_line("; ".join(said), 500), tuple(one_line(problem, 500) for problem in problems))


def _local(family: FamilySpec) -> FamilySpec:
    return replace(family, runs=tuple(run for run in family.runs if isinstance(run.source, DirectorySource)))


def _place(run: RunSpec) -> str:
    assert isinstance(run.source, DirectorySource)
    return run.source.path.replace("{name}", run.name)


def _is_there(run: RunSpec) -> bool:
    assert isinstance(run.source, DirectorySource)
    path = Path(run.source.base, _place(run))
    return any(os.path.lexists(f"{path}{ending}") for ending in _PACKED)
