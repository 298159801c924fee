"""Families of runs -> the same with groups, ranks and comparisons, and what can be said of them all.

The last step of assembly: what the modules below know of plain values is asked of a report's runs here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reportgen import comparisons, findings, groups, notation, ranking
from reportgen.attributes import is_seed
from reportgen.findings import Facts, Finding
from reportgen.groups import Grouping, Member
from reportgen.model_list import HubSource
from reportgen.naming import QUANTA_MATHS
from reportgen.ranking import Contender

if TYPE_CHECKING:
    from reportgen.comparisons import Contrast
    from reportgen.inference import Scale
    from reportgen.kinds import Scalar
    from reportgen.model_list import Source
    from reportgen.report import FamilyReport, RunReport

__all__ = ["judged"]


def judged(families: Sequence[FamilyReport]) -> tuple[tuple[FamilyReport, ...], tuple[Finding, ...]]:
    """The families with their groups, ranks and comparisons, and the sentences that these bear.

    Tests are corrected over all families together.
    """
    grouped = [replace(family, grouping=_grouping(family), ranking=_ranking(family)) for family in families]
    contrasts = comparisons.corrected([_contrasts(family) for family in grouped])
    made = tuple(replace(family, contrasts=some) for family, some in zip(grouped, contrasts, strict=True))
    return made, findings.findings([_facts(family) for family in made if family.runs])


def _grouping(family: FamilyReport) -> Grouping:
    spec = family.spec
    attributes = _varied(family.runs)
    members = [
        Member(
            label=run.label,
            attributes=own,
            known=any(value is not None for key, value in run.attributes.items() if not is_seed(key)),
            seed=_seed(run),
            place=(_start(run.spec.initialised_from), _place(run.spec.source)),
            steps=run.summary.metrics.steps,
            series=_digest(run),
            value=None if _why(run) else _value(run),
            why=_why(run),
        )
        for run, own in zip(family.runs, attributes, strict=True)
    ]
    made = groups.measured(groups.grouped(members, spec.group_by), _scale(family), (0.0, None))
    lower = True
    return replace(
        made,
        groups=tuple(
            replace(
                group,
                label=_label(family, group.attributes, group.runs[0]),
                target=None
                if spec.target is None
                else groups.reached(
                    group,
                    spec.target,
                    [None for _ in group.runs],
                    lower=lower,
                    scale=made.scale,
                ),
            )
            for group in made.groups
        ),
    )


def _ranking(family: FamilyReport) -> ranking.Ranking:
    contenders = [
        Contender(_value(run), _why(run) == _DIVERGED, _why(run) == _UNFINISHED, _digest(run))
        for run in family.runs
    ]
    return ranking.ranked(contenders, _metric(family))


def _contrasts(family: FamilyReport) -> tuple[Contrast, ...]:
    reference = family.spec.reference
    if isinstance(reference, str):
        names = [run.spec.name for run in family.runs]
        index = family.grouping.of(names.index(reference)) if reference in names else None
        return comparisons.contrasts(family.grouping, index)
    return comparisons.contrasts(family.grouping, reference)


def _facts(family: FamilyReport) -> Facts:
    assert family.ranking is not None
    return Facts(
        name=family.name,
        slug=family.slug,
        labels=[run.label for run in family.runs],
        attributes=_varied(family.runs),
        grouping=family.grouping,
        contrasts=family.contrasts,
        ranking=family.ranking,
        values=[_value(run) for run in family.runs],
        said="ends",
    )


_DIVERGED, _UNFINISHED = "it diverged", "it is unfinished"


def _metric(family: FamilyReport) -> str:
    return family.spec.rank_by or "avg_final_loss"


def _scale(family: FamilyReport) -> Scale | None:
    """What the list says; families of Quanta Maths are always looked at on logarithms."""
    if family.spec.scale is not None:
        return family.spec.scale
    return "log" if family.runs and all(QUANTA_MATHS.fits(run.spec.name) for run in family.runs) else None


def _value(run: RunReport) -> float | None:
    return run.summary.metrics.avg_final_loss


def _why(run: RunReport) -> str:
    """Why a run has no value among others; empty where it has one."""
    if run.summary.metrics.avg_final_loss is None:
        return _DIVERGED
    return _UNFINISHED if "unfinished" in run.marks else ""


def _digest(run: RunReport) -> str:
    """Equal where all entries of two series are."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (run.summary.curve.mean, run.summary.raw.min, run.summary.raw.max, run.summary.raw_early):
        digest.update(part.tobytes())
    return digest.hexdigest()


def _varied(runs: Sequence[RunReport]) -> list[Mapping[str, Scalar]]:
    """Of each run what differs among them, seeds aside; without keys that it does not have."""
    keys = dict.fromkeys(key for run in runs for key in run.attributes if not is_seed(key))
    differ = [key for key in keys if len({groups.value_key(run.attributes.get(key)) for run in runs}) > 1]
    return [{key: value for key in differ if (value := run.attributes.get(key)) is not None} for run in runs]


def _seed(run: RunReport) -> Hashable | None:
    """All seeds of a run, as one; None where none is known."""
    seeds = tuple((key, value) for key, value in run.attributes.items() if is_seed(key) and value is not None)
    return seeds or None


def _label(family: FamilyReport, attributes: Mapping[str, Scalar], first: int) -> str:
    """What the runs of a group have in common, as names or labels tell it."""
    run = family.runs[first]
    if QUANTA_MATHS.fits(run.spec.name):
        return QUANTA_MATHS.told(run.attributes, without=("seed",))
    told = ", ".join(f"{key}={_plain(value)}" for key, value in attributes.items())
    return told or family.name


def _plain(value: Scalar) -> str:
    return notation.number(value) if isinstance(value, float) else str(value)


def _place(source: Source) -> Hashable:
    """A source, less the commit that a rebuild pins for each run."""
    return replace(source, commit=None) if isinstance(source, HubSource) else source


def _start(name: str | None) -> Hashable:
    """What a run was initialised from, less the seed of that one."""
    if name is None or not QUANTA_MATHS.fits(name):
        return name
    return QUANTA_MATHS.told(QUANTA_MATHS.read(name), without=("seed",))
