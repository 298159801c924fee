"""Lists, measured runs and problems -> the Report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reportgen import agreement, expectations
from reportgen.identities import Identified, identify
from reportgen.measure import Measured
from reportgen.model_list import FamilySpec, ModelList, RunSpec, slugify
from reportgen.pull import Pulled
from reportgen.report import Check, Conflict, FamilyReport, RunReport
from reportgen.text import natural_key

__all__ = ["Made", "families", "unchecked"]


@dataclass(frozen=True, slots=True)
class Made:
    """A run that was pulled and measured."""

    pulled: Pulled
    measured: Measured


def families(lists: Sequence[ModelList], made: Mapping[tuple[str, int], Made]) -> tuple[FamilyReport, ...]:
    """The families of all lists, each with its runs that could be used.

    Args:
        lists: As read.
        made: Family slug and position in the family's list to the run.
    """
    taken: set[str] = set()
    return tuple(_family(spec, made, taken) for model_list in lists for spec in model_list.families)


def unchecked(lists: Sequence[ModelList], made: Mapping[tuple[str, int], Made]) -> tuple[Check, ...]:
    """The expectations on runs that could not be used."""
    return tuple(
        check
        for model_list in lists
        for family in model_list.families
        for position, run in enumerate(family.runs)
        if (family.slug, position) not in made
        for check in expectations.check(family.name, run.name, run.expect, None)
    )


def _family(spec: FamilySpec, made: Mapping[tuple[str, int], Made], taken: set[str]) -> FamilyReport:
    found = [
        (run, made[spec.slug, position])
        for position, run in enumerate(spec.runs)
        if (spec.slug, position) in made
    ]
    identified = identify(spec, [(run, one.measured.config) for run, one in found])
    runs = [
        _run(spec.name, run, one, slugify(run.name, taken), identified, index)
        for index, (run, one) in enumerate(found)
    ]
    order = list(range(len(runs)))
    if spec.order is not None:
        key = identified.varied.aliases.get(spec.order, spec.order)
        order.sort(key=lambda index: _order_key(runs[index], key))
    return FamilyReport(
        spec,
        tuple(runs[index] for index in order),
        varied=identified.varied.ordered(order),
        warnings=identified.warnings,
    )


def _run(
    family: str,
    spec: RunSpec,
    made: Made,
    slug: str,
    identified: Identified,
    index: int,
) -> RunReport:
    measured = made.measured
    conflicts = tuple(Conflict(*entry) for entry in identified.conflicts[index])
    return RunReport(
        spec=spec,
        label=identified.labels[index],
        slug=slug,
        attributes=identified.attributes[index],
        config=identified.configs[index],
        recorded=measured.recorded,
        summary=measured.summary,
        source=made.pulled.source,
        marks=_marks(spec, made, conflicts),
        conflicts=conflicts,
        checks=expectations.check(
            family, spec.name, spec.expect, measured.summary.metrics, measured.recorded
        ),
        masked=identified.masked[index],
        varied=identified.columns,
    )


def _marks(spec: RunSpec, made: Made, conflicts: Sequence[Conflict]) -> tuple[str, ...]:
    measured = made.measured
    metrics = measured.summary.metrics
    config = measured.config
    steps, name = config.get("n_training_steps"), config.get("model_name")
    found = {
        "diverged": metrics.nonfinite > 0,
        "recorded_differs": not (
            agreement.agrees_recorded(metrics.final_loss, measured.recorded.get("final_loss"))
            and agreement.agrees_recorded(metrics.avg_final_loss, measured.recorded.get("avg_final_loss"))
        ),
        "listed_differs": not agreement.agrees_listed(
            metrics.avg_final_loss, spec.listed.get("avg_final_loss")
        ),
        "steps_differ": _is_whole(steps) and steps != metrics.steps,
        "name_differs": isinstance(name, str) and name != spec.name,
        "config_differs": bool(conflicts),
        "not_checked": not made.pulled.checked,
        "nonpositive": measured.summary.metrics.nonpositive > 0,
    }
    return tuple(sorted(mark for mark, holds in found.items() if holds))


def _is_whole(value: object) -> bool:
    """Whether a configuration says a whole number; some write 15000.0."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _order_key(run: RunReport, order: str) -> tuple[object, ...]:
    """Numbers rising, then text in natural order, then runs without a value."""
    values = {
        **expectations.metric_values(run.summary.metrics, run.recorded),
        **run.attributes,
        "label": run.label,
    }
    value = values.get(order)
    number = float(value) if isinstance(value, (int, float)) else math.inf
    return (value is None, number, natural_key(value) if isinstance(value, str) else ())
