"""Lists, measured runs and problems -> the Report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reportgen import agreement, expectations
from reportgen.analysis import Analysis
from reportgen.identities import Identified, identify
from reportgen.metrics import value as value_of
from reportgen.model_list import FamilySpec, ModelList, RunSpec, slugify
from reportgen.pull import Pulled, analysed
from reportgen.report import Check, Conflict, FamilyReport, RunReport, SeriesReport
from reportgen.series import title_of
from reportgen.text import natural
from reportgen.work import Measured

__all__ = ["MeasuredRun", "families", "unchecked"]


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """A run that was pulled and measured."""

    pulled: Pulled
    measured: Measured


def families(
    lists: Sequence[ModelList], made: Mapping[tuple[str, int], MeasuredRun]
) -> tuple[FamilyReport, ...]:
    """The families of all lists, each with its runs that could be used.

    Args:
        lists: As read.
        made: Family slug and position in the family's list to the run.
    """
    taken: set[str] = set()
    return tuple(_family(spec, made, taken) for model_list in lists for spec in model_list.families)


def unchecked(lists: Sequence[ModelList], made: Mapping[tuple[str, int], MeasuredRun]) -> tuple[Check, ...]:
    """The expectations on runs that could not be used."""
    return tuple(
        check
        for model_list in lists
        for family in model_list.families
        for position, run in enumerate(family.runs)
        if (family.slug, position) not in made
        for check in expectations.check(family.name, run.name, run.expect, None)
    )


def _family(spec: FamilySpec, made: Mapping[tuple[str, int], MeasuredRun], taken: set[str]) -> FamilyReport:
    found = [
        (run, made[spec.slug, position])
        for position, run in enumerate(spec.runs)
        if (spec.slug, position) in made
    ]
    series = {
        name
        for _, one in found
        for own in one.measured.series.values()
        for name in (own.name, own.source_name)
    }
    identified = identify(spec, [(run, one.measured.config) for run, one in found], series)
    runs = [
        _run(spec, run, one, slugify(run.name, taken), identified, index)
        for index, (run, one) in enumerate(found)
    ]
    broken = [f"{run.name}: {wrong}" for run, one in found if (wrong := _analysis(one.pulled)[1])]
    # What a database has not taken in is missing from every run of it: said once, when it is built.
    stale = dict.fromkeys(note for run in runs for note in run.notes if note.startswith("A -wal file"))
    order = list(range(len(runs)))
    if spec.order is not None:
        key = identified.varied.aliases.get(spec.order, spec.order)
        order.sort(key=lambda index: _order_key(runs[index], key))
    return FamilyReport(
        spec,
        tuple(runs[index] for index in order),
        varied=identified.varied.ordered(order),
        warnings=(*identified.warnings, *broken, *stale),
    )


def _run(
    family: FamilySpec,
    spec: RunSpec,
    made: MeasuredRun,
    slug: str,
    identified: Identified,
    index: int,
) -> RunReport:
    measured = made.measured
    conflicts = tuple(Conflict(*entry) for entry in identified.conflicts[index])
    found, _ = _analysis(made.pulled)
    facts = {} if found is None else found.attributes
    run = RunReport(
        spec=spec,
        label=identified.labels[index],
        slug=slug,
        attributes={**facts, **identified.attributes[index]},
        config=identified.configs[index],
        recorded=measured.recorded,
        series={name: _as_listed(one, family) for name, one in measured.series.items()},
        source=made.pulled.source,
        marks=_marks(spec, made, conflicts),
        conflicts=conflicts,
        checks=(),
        ranked=measured.ranked,
        format=measured.format,
        unfinished=measured.unfinished,
        notes=(*made.pulled.notes, *measured.notes),
        series_sha256="" if spec.source.is_per_run else measured.digest,
        masked=identified.masked[index],
        analysis=found,
    )
    return replace(run, checks=expectations.check(family.name, spec.name, spec.expect, run.metric))


def _analysis(pulled: Pulled) -> tuple[Analysis | None, str]:
    """What the files beside a run's say of its model, and what is wrong with them."""
    return analysed(pulled.beside) if pulled.analysed is None else pulled.analysed


def _as_listed(one: SeriesReport, family: FamilySpec) -> SeriesReport:
    """A series with the title and the unit that the list gives it."""
    listed = family.series.get(one.name) or family.series.get(one.source_name)
    if listed is None:
        return replace(one, title=title_of(one.name))
    taken: set[str] = set()
    slugs = {name: slugify(name, taken) for name in family.series}
    return replace(
        one,
        title=listed.title or title_of(one.name),
        unit=listed.unit,
        draw=listed.draw,
        slug=slugs[listed.name] if listed.draw else "",
    )


def _marks(spec: RunSpec, made: MeasuredRun, conflicts: Sequence[Conflict]) -> tuple[str, ...]:
    measured, config = made.measured, made.measured.config
    main = measured.series.get("loss") or measured.series[measured.ranked]
    metrics = main.summary.metrics
    name = config.get("model_name")
    loss = measured.series.get("loss")
    found = {
        "diverged": metrics.nonfinite > 0 and not metrics.missing_losses,
        "missing_losses": metrics.missing_losses,
        "recorded_differs": not all(
            agreement.agrees_recorded(value_of(measured, key), recorded)
            for key, recorded in measured.recorded.items()
        ),
        "listed_differs": not all(
            agreement.agrees_listed(value_of(measured, key), listed) for key, listed in spec.listed.items()
        ),
        "steps_differ": loss is not None and _differ(config.get("n_training_steps"), loss),
        "name_differs": isinstance(name, str) and name != spec.name,
        "config_differs": bool(conflicts),
        "not_checked": not made.pulled.checked,
        "nonpositive": loss is not None and loss.summary.metrics.nonpositive > 0,  # Rewards may be.
        "unfinished": measured.unfinished,
        **dict.fromkeys(measured.marks, True),
    }
    return tuple(sorted(mark for mark, holds in found.items() if holds))


def _differ(said: object, loss: SeriesReport) -> bool:
    """Whether a Quanta Maths configuration says another number of steps than there are losses."""
    return _is_whole(said) and said != loss.summary.metrics.steps


def _is_whole(value: object) -> bool:
    """Whether a configuration says a whole number; some write 15000.0."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _order_key(run: RunReport, order: str) -> tuple[object, ...]:
    """Numbers rising, then text in natural order, then runs without a value."""
    value = run.label if order == "label" else run.attributes.get(order, run.metric(order))
    number = float(value) if isinstance(value, (int, float)) else math.inf
    return (value is None, number, natural(value) if isinstance(value, str) else ())
