"""The families and runs that ``--family`` and ``--run`` name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reportgen.errors import ReportgenError
from reportgen.model_list import FamilySpec, ModelList
from reportgen.model_list.mistakes import did_you_mean, shown
from reportgen.patterns import Pattern, is_pattern

__all__ = ["chosen", "names"]


def names(wanted: Iterable[str], run: str) -> bool:
    """Whether one of ``wanted``, names or patterns of names, names ``run``."""
    return any(one == run or (is_pattern(one) and Pattern(one).fits(run)) for one in wanted)


def chosen(lists: Sequence[ModelList], families: Sequence[str], runs: Sequence[str]) -> tuple[ModelList, ...]:
    """The lists with only the families and runs that are named; with all where none is.

    Args:
        lists: Without patterns.
        families: Names or slugs; empty for all.
        runs: Names or patterns; empty for all.

    Raises:
        ReportgenError: A name that no family or run has, or a run of none of those families.
    """
    every = [family for one in lists for family in one.families]
    known = {name for family in every for name in (family.name, family.slug)}
    for name in families:
        if name not in known:
            raise _wrong("--family", name, f"no such name in the lists{did_you_mean(name, known)}")
    taken = [family for family in every if not families or {family.name, family.slug} & set(families)]
    for name in runs:
        _check_run(name, every, taken)

    def kept(family: FamilySpec) -> FamilySpec | None:
        if family not in taken:
            return None
        if not runs:
            return family
        own = tuple(spec for spec in family.runs if names(runs, spec.name))
        return replace(family, runs=own) if own else None

    return tuple(
        replace(one, families=tuple(found for family in one.families if (found := kept(family))))
        for one in lists
    )


def _check_run(name: str, every: Sequence[FamilySpec], taken: Sequence[FamilySpec]) -> None:
    homes = [family for family in every if any(names([name], spec.name) for spec in family.runs)]
    if not homes and is_pattern(name):
        raise _wrong("--run", name, "fits the name of no run in the lists; the command `runs` shows them")
    if not homes:
        known = {spec.name for family in every for spec in family.runs}
        raise _wrong("--run", name, f"no such name in the lists{did_you_mean(name, known)}")
    if not any(home in taken for home in homes):
        raise _wrong("--run", name, f"is in no family that --family names, but in {shown(homes[0].name)}")


def _wrong(option: str, name: str, what: str) -> ReportgenError:
    return ReportgenError(f"{option} {name}: {what}", exit_code=2)
