"""Families of runs -> the same with groups, ranks and comparisons, and what can be said of them all.

The last step of assembly: what the modules below know of plain values is asked of a report's runs here.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reportgen import comparisons, crosstab, effects, findings, groups, metrics, ranking
from reportgen.attributes import in_words
from reportgen.findings import Facts, Finding
from reportgen.groups import Grouping, Member, value_key
from reportgen.model_list import HubSource, naming_of
from reportgen.model_list.mistakes import shown
from reportgen.naming import QUANTA_MATHS
from reportgen.ranking import Contender
from reportgen.report import qualities, step_unit
from reportgen.series import in_sentence, parts_of
from reportgen.text import one_line

if TYPE_CHECKING:
    from reportgen.attributes import Attribute
    from reportgen.comparisons import Contrast
    from reportgen.crosstab import Crosstab
    from reportgen.effects import HeatMap, Panel
    from reportgen.facts import Kind
    from reportgen.groups import Group
    from reportgen.inference import Bounds, Scale
    from reportgen.kinds import Better, Scalar
    from reportgen.model_list import Source
    from reportgen.report import FamilyReport, RunReport

__all__ = ["judged", "rank_metric"]

DIVERGED, UNFINISHED = "diverged", "unfinished"
ZEROS = "logs 0.0 from its second entry on"

# What a metric cannot be below or above, by the parts of its series' name; a share may be in percent.
_SHARES = frozenset(["acc", "accuracy", "precision", "recall", "f1", "auc", "iou", "ap", "map", "ar", "top"])
_ROOM_FOR = 3
"""Attributes beside which a table has room for one more evaluation."""
_NEVER_NEGATIVE = frozenset(
    ["loss", "error", "perplexity", "ppl", "nll", "mse", "mae", "rmse", "wer", "cer", *_SHARES]
)


def judged(families: Sequence[FamilyReport]) -> tuple[tuple[FamilyReport, ...], tuple[Finding, ...]]:
    """The families with their groups, ranks and comparisons, and the sentences that these bear.

    Tests that may become a sentence, and the pairs from which a table's bold comes, are corrected over all
    families together.
    """
    grouped = [
        replace(
            family,
            runs=_with_columns(family),
            grouping=_grouping(family),
            ranking=_ranking(family),
        )
        for family in families
    ]
    grouped = [replace(family, effects=_effects(family)) for family in grouped]
    crossed = [_crosstabs(family) for family in grouped]
    tests = [_contrasts(family) for family in grouped]
    pairs = [crosstab.pairs(table) for tables in crossed for table in tables]
    after = comparisons.corrected([*tests, *pairs])
    own, cells = after[: len(tests)], iter(after[len(tests) :])
    made = tuple(
        replace(
            family,
            contrasts=some,
            warnings=(*family.warnings, *_without_reference(family)),
            crosstabs=tuple(
                crosstab.led(table, next(cells), _better(family, spec.value))
                for spec, table in zip(family.spec.tables, tables, strict=False)
            ),
        )
        for family, some, tables in zip(grouped, own, crossed, strict=True)
    )
    return made, findings.findings([_facts(family) for family in made if family.runs], sum(map(len, after)))


def _crosstabs(family: FamilyReport) -> list[Crosstab]:
    """The tables of a family, before their tests; a seed and a series count once."""
    if not family.runs:
        return []
    counts = _counts(family)
    made = []
    for spec in family.spec.tables:
        keys = (*spec.rows, *spec.columns)
        found = {key: one for key in keys if (one := family.varied.get(key)) is not None}
        values = [None if _why(run) else run.metric(spec.value) for run in family.runs]
        made.append(
            crosstab.crosstab(
                [
                    {key: value for key, one in found.items() if (value := one.values[at]) is not None}
                    for at in range(len(family.runs))
                ],
                values,
                spec.rows,
                spec.columns,
                scale=_scale(family),
                bounds=_bounds(family, spec.value, [value for value in values if value is not None]),
                counts=counts,
            )
        )
    return made


def _counts(family: FamilyReport) -> list[bool]:
    """Which runs take part where runs are crossed: a seed and a series count once."""
    once = {left.run for group in family.grouping.groups for left in group.left_out if left.is_copy}
    return [at not in once for at in range(len(family.runs))]


def _effects(family: FamilyReport) -> tuple[Panel | HeatMap, ...]:
    """What the family is ranked by, against what varies in it."""
    assert family.ranking is not None
    values = [None if _why(run) else family.ranking.values[at] for at, run in enumerate(family.runs)]
    finite = [value for value in values if value is not None]
    return effects.effects(
        [_own(family.varied.free, at) for at in range(len(family.runs))],
        values,
        [one.key for one in family.varied.free],
        scale=family.grouping.scale if family.grouping.groups else _scale(family),
        bounds=_bounds(family, family.ranking.metric, finite),
        counts=_counts(family),
    )


def rank_metric(family: FamilyReport) -> str:
    """The metric that a family is ranked by, as lists name it: ``end``, ``eval_loss.last``.

    Without ``rank_by`` it is the end of the ranked series, or the last value of an evaluation.
    """
    wanted = family.spec.rank_by
    if wanted is not None and metrics.split(wanted) is not None:
        return wanted
    if not family.runs:
        return wanted or "end"
    run = family.runs[0]
    usual = "last" if run.series[run.ranked].evaluation else "end"
    return usual if run.ranked == "loss" else f"{run.ranked}.{usual}"


def _with_columns(family: FamilyReport) -> tuple[RunReport, ...]:
    """Its runs, which all have the columns of their family."""
    if not family.runs:
        return ()
    columns = _columns(family)
    return tuple(replace(run, columns=columns) for run in family.runs)


def _columns(family: FamilyReport) -> tuple[str, ...]:
    """What the table of anybody's runs shows: what varied, steps, rank, and the best evaluation."""
    if naming_of([run.spec for run in family.runs]) is not None:
        return ()
    run = family.runs[0]
    ranked, others = run.series[run.ranked], list(qualities(family.runs))
    if ranked.evaluation or ranked.better == "higher":
        best: str | None = ranked.name
    else:
        best = next((name for name in others if run.series.get(name, ranked).evaluation), None)
    others = [name for name in others if name != best]
    room = len(others) == 1 and len(family.varied.columns) <= _ROOM_FOR
    return tuple(
        dict.fromkeys(
            (
                *family.varied.columns,
                "sparkline",
                "trained_steps",
                rank_metric(family),
                *(() if best is None else (f"{best}.best", f"{best}.best_step")),
                *((f"{others[0]}.best",) if room else ()),
                *(
                    ("avg_final_loss", "listed_avg_final_loss")
                    if any(run.spec.listed for run in family.runs)
                    else ()
                ),
            )
        )
    )


def _grouping(family: FamilyReport) -> Grouping:
    spec = family.spec
    metric = rank_metric(family)
    attributes = [*family.varied.free, *_referenced(family)]
    members = [
        Member(
            label=run.label,
            attributes=_own(attributes, at),
            known=_known(family, at),
            seed=_seed(family, at),
            place=(_start(run.spec.initialised_from), _place(run.spec.source)),
            steps=run.trained_steps,
            series=run.summary.digest,
            value=None if _why(run) else run.metric(metric),
            why=_why(run),
        )
        for at, run in enumerate(family.runs)
    ]
    keys = None if spec.group_by is None else [_key(family, name) for name in spec.group_by]
    values = [member.value for member in members if member.value is not None]
    # Names do not sort as numbers do: 1e-2 comes before 1e-3 in them.
    unordered = spec.order is None
    made = groups.measured(
        groups.grouped(members, keys, by_value=unordered), _scale(family), _bounds(family, metric, values)
    )
    labels = _labels(family, made.groups)
    return replace(
        made,
        groups=tuple(
            replace(group, label=label, target=_target(family, group, made.scale))
            for group, label in zip(made.groups, labels, strict=True)
        ),
    )


def _target(family: FamilyReport, group: Group, scale: Scale) -> groups.Reached | None:
    target = family.spec.target
    if target is None:
        return None
    steps = [family.runs[run].summary.metrics.target_step for run in group.runs]
    return groups.reached(group, target, steps, lower=_better(family) != "higher", scale=scale)


def _ranking(family: FamilyReport) -> ranking.Ranking:
    metric = rank_metric(family)
    found = metrics.split(metric)
    by_end = found is not None and found[1].key == "end"
    contenders = [
        Contender(
            value=run.metric(metric),
            diverged=_why(run) == DIVERGED,
            unfinished=_why(run) == UNFINISHED,
            zeros=_why(run) == ZEROS,
            series=run.summary.digest,
            blocks=run.summary.metrics.end_blocks if by_end else (),
        )
        for run in family.runs
    ]
    return ranking.ranked(contenders, metric, _better(family))


def _contrasts(family: FamilyReport) -> tuple[Contrast, ...]:
    return comparisons.contrasts(family.grouping, _reference(family))


def _reference(family: FamilyReport) -> Mapping[str, Scalar] | tuple[int, ...] | None:
    """What the list compares groups with, as :func:`comparisons.contrasts` takes it."""
    reference = family.spec.reference
    if isinstance(reference, str):
        names = [run.spec.name for run in family.runs]
        index = family.grouping.of(names.index(reference)) if reference in names else None
        return () if index is None else (index,)
    return None if reference is None else {_key(family, name): value for name, value in reference.items()}


def _without_reference(family: FamilyReport) -> tuple[str, ...]:
    """That the list's reference is in no group, a warning: then none is compared with it."""
    reference, groups = family.spec.reference, family.grouping.groups
    taken = _reference(family)
    unknown = isinstance(reference, str) and reference not in (run.spec.name for run in family.runs)
    if not groups or taken is None or unknown:  # an unknown name is warned of where names are read
        return ()
    if isinstance(taken, tuple):
        said = f"reference: the run {shown(str(reference))} is in no group, so no groups are compared"
        return () if taken else (said,)
    if comparisons.fitting(groups, taken):
        return ()
    values = ", ".join(f"{one_line(key, 60)} = {one_line(str(value), 60)}" for key, value in taken.items())
    return (f"reference: no group has {values}, so no groups are compared",)


def _facts(family: FamilyReport) -> Facts:
    assert family.ranking is not None
    return Facts(
        name=family.name,
        slug=family.slug,
        labels=[run.label for run in family.runs],
        attributes=[_own(family.varied.free, at) for at in range(len(family.runs))],
        grouping=family.grouping,
        contrasts=family.contrasts,
        ranking=family.ranking,
        values=family.ranking.values,
        events=[run.summary.events for run in family.runs],
        said=_said(family),
        measure=_measure(family),
        referenced=family.spec.reference is not None,
        shown_in=_shown_in(family),
        names={one.key: _short(one, family.varied.free) for one in family.varied.attributes},
        written={
            one.key: {
                value_key(value): word
                for value, word in zip(one.values, in_words(one), strict=True)
                if word is not None
            }
            for one in family.varied.attributes
        },
    )


def _shown_in(family: FamilyReport) -> dict[Kind, str]:
    """The figure or table of the family that shows each kind of sentence."""
    slug, figures = family.slug, family.spec.figures
    runs = f"tables/{slug}"
    groups = f"tables/{slug}-groups" if family.grouping.groups else runs
    groups = f"tables/{slug}-reference" if family.spec.reference is not None else groups
    by = f"figures/{slug}-by" if "by" in figures and family.effects else groups
    lines = next((f"figures/{slug}-{key}" for key in ("all", "log", "linear", "end") if key in figures), runs)
    return {
        "diverged": by if family.effects else runs,
        "target": f"tables/{slug}-target",
        "best": by,
        "difference": by,
        "worst": by,
        "trend": by,
        "alike": by,
        "events": lines,
        "lowest": by if family.grouping.groups else runs,
    }


def _said(family: FamilyReport) -> str:
    """The metric as a verb: ``ends``, ``has a last eval_loss``."""
    metric = rank_metric(family)
    found = metrics.split(metric)
    if found is None or metric == "end":
        return "ends"
    series, one = found
    name = _in_sentence(family, series)
    if one.key == "avg_final_loss":
        return "ends"
    if one.key == "end":
        return f"ends its {name}"
    if one.key.startswith("at."):
        return f"at {step_unit(family.runs)} {int(one.key.removeprefix('at.')):,} has a {name}"
    if one.key in ("best", "last"):  # not "has a best value loss"
        return f"has a {one.key} {name}"
    return f"has a {one.title.lower()} {name}" if one.of == "series" else f"has a {one.title}"


def _measure(family: FamilyReport) -> str:
    """The metric as a noun: ``loss at the end``, ``best eval_loss``."""
    metric = rank_metric(family)
    found = metrics.split(metric)
    if found is None or not family.runs:
        return metric
    series, one = found
    title = _in_sentence(family, series)
    if one.key == "end":
        return f"{title} at the end"
    if one.key.startswith("at."):
        return f"{title} at {step_unit(family.runs)} {int(one.key.removeprefix('at.')):,}"
    return one.title if one.of != "series" else f"{one.title.lower()} {title}"


def _in_sentence(family: FamilyReport, series: str | None) -> str:
    """What a series is called within a sentence; None is the ranked one."""
    run = family.runs[0]
    title = run.series[run.ranked].title or run.ranked if series is None else in_sentence(series)
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def _better(family: FamilyReport, metric: str | None = None) -> Better | None:
    """Which way is better in a metric, without one in that by which a family is ranked."""
    found = metrics.split(metric or rank_metric(family))
    if found is None or not family.runs:
        return "lower"
    better = found[1].better
    if better != "series":
        return better
    run = family.runs[0]
    one = run.series.get(found[0] or run.ranked)
    return None if one is None else one.better


def _scale(family: FamilyReport) -> Scale | None:
    """What the list says; families of Quanta Maths are always looked at on logarithms."""
    if family.spec.scale is not None:
        return family.spec.scale
    return "log" if family.runs and all(QUANTA_MATHS.fits(run.spec.name) for run in family.runs) else None


def _bounds(family: FamilyReport, metric: str, values: Sequence[float]) -> Bounds:
    """What a metric cannot be below and above: losses that are never negative here 0, shares 1 or 100."""
    found = metrics.split(metric)
    if found is None or not values or min(values) < 0 or not family.runs:
        return None, None
    if found[1].kind == "count":
        return 0.0, None
    run = family.runs[0]
    name = found[0] or ("loss" if found[1].of == "loss" else run.ranked)
    of = parts_of(name)
    if not of.isdisjoint(_SHARES) and max(values) <= 100:
        return 0.0, 1.0 if max(values) <= 1 else 100.0
    return (0.0 if not of.isdisjoint(_NEVER_NEGATIVE) else None), None


def _why(run: RunReport) -> str:
    """Why a run has no value among others; empty where it has one."""
    found = run.summary.metrics
    if found.end_diverged:
        return DIVERGED
    if run.unfinished:
        return UNFINISHED
    return ZEROS if run.summary.only_zeros else ""


def _referenced(family: FamilyReport) -> list[Attribute]:
    """Attributes that the list groups by or refers to, though they are not told apart by."""
    reference = family.spec.reference
    names = [*(family.spec.group_by or ()), *(reference if isinstance(reference, Mapping) else ())]
    found = [family.varied.get(name) for name in names]
    return [one for one in found if one is not None and one not in family.varied.free]


def _key(family: FamilyReport, name: str) -> str:
    one = family.varied.get(name)
    return name if one is None else one.key


def _own(attributes: Sequence[Attribute], at: int) -> dict[str, Scalar]:
    """Those of the run at ``at``, without keys that it does not have."""
    return {one.key: value for one in attributes if (value := one.values[at]) is not None}


def _known(family: FamilyReport, at: int) -> bool:
    """Whether anything but a seed is known of a run."""
    if family.varied.shared and family.runs[at].config:
        return True
    return any(one.values[at] is not None for one in family.varied.attributes if not one.seed)


def _seed(family: FamilyReport, at: int) -> Hashable | None:
    """All seeds of a run; None where none is known."""
    seeds = tuple((one.key, value_key(one.values[at])) for one in family.varied.seeds)
    return seeds if any(one.values[at] is not None for one in family.varied.seeds) else None


def _labels(family: FamilyReport, made: Sequence[Group]) -> list[str]:
    """What the runs of each group have in common, as names or labels tell it; no two alike."""
    labels = [_label(family, group) for group in made]
    for part in (_length, _number):
        repeated = {label for label in labels if labels.count(label) > 1}
        labels = [
            f"{label}{part(family, group, labels[:at].count(label))}" if label in repeated else label
            for at, (label, group) in enumerate(zip(labels, made, strict=True))
        ]
    return labels


def _label(family: FamilyReport, group: Group) -> str:
    run = family.runs[group.runs[0]]
    if QUANTA_MATHS.fits(run.spec.name):
        return QUANTA_MATHS.words(run.attributes, without=("seed",))
    free = family.varied.free
    words = []
    for one in free:
        if one.key in group.attributes and (word := in_words(one)[group.runs[0]]) is not None:
            words.append(f"{_short(one, free)}={word}")
        elif all(one.values[run] is None for run in group.runs):  # as labels of runs say it
            words.append(f"{_short(one, free)}=none")
    return " ".join(words) or family.name


def _length(family: FamilyReport, group: Group, _before: int) -> str:
    return f", {family.runs[group.runs[0]].trained_steps:,} steps"


def _number(_family: FamilyReport, _group: Group, before: int) -> str:
    return f" ({before + 1})"


def _short(attribute: Attribute, attributes: Sequence[Attribute]) -> str:
    """Its last part where that is unique and says something, else its key."""
    last = attribute.last_part
    alone = [one.last_part for one in attributes].count(last) <= 1
    return last if alone and last not in ("name", "type") else attribute.key


def _place(source: Source) -> Hashable:
    """A source, less the commit that a rebuild pins for each run."""
    return replace(source, commit=None) if isinstance(source, HubSource) else source


def _start(name: str | None) -> Hashable:
    """What a run was initialised from, less the seed of that one."""
    if name is None or not QUANTA_MATHS.fits(name):
        return name
    return QUANTA_MATHS.words(QUANTA_MATHS.read(name), without=("seed",))
