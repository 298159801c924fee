"""Lists, measured runs and problems -> the Report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reportgen import agreement, expectations
from reportgen.measure import Measured
from reportgen.model_list import FamilySpec, ModelList, RunSpec, labels_of, slugify
from reportgen.naming import QUANTA_MATHS, Attributes
from reportgen.pull import Pulled
from reportgen.report import Check, Conflict, FamilyReport, RunReport

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
    merged = [QUANTA_MATHS.of(run.name, one.measured.config) for run, one in found]
    labels = labels_of(
        spec, [(run, attributes) for (run, _), (attributes, _) in zip(found, merged, strict=True)]
    )
    runs = [
        _run(
            spec.name,
            run,
            one,
            label,
            slugify(run.name, taken),
            attributes,
            tuple(Conflict(*entry) for entry in conflicts),
        )
        for (run, one), label, (attributes, conflicts) in zip(found, labels, merged, strict=True)
    ]
    if spec.order is not None:
        runs.sort(key=lambda run: _order_key(run, spec.order or ""))
    return FamilyReport(spec, tuple(runs))


def _run(
    family: str,
    spec: RunSpec,
    made: Made,
    label: str,
    slug: str,
    attributes: Attributes,
    conflicts: tuple[Conflict, ...],
) -> RunReport:
    measured = made.measured
    return RunReport(
        spec=spec,
        label=label,
        slug=slug,
        attributes=attributes,
        config=measured.config,
        recorded=measured.recorded,
        summary=measured.summary,
        source=made.pulled.source,
        marks=_marks(spec, made, conflicts),
        conflicts=conflicts,
        checks=expectations.check(
            family, spec.name, spec.expect, measured.summary.metrics, measured.recorded
        ),
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


def _order_key(run: RunReport, order: str) -> tuple[bool, float, str]:
    """Numbers rising, then text, then runs without a value."""
    values = {
        **expectations.metric_values(run.summary.metrics, run.recorded),
        **run.attributes,
        "label": run.label,
    }
    value = values.get(order)
    number = float(value) if isinstance(value, (int, float)) else math.inf
    return (value is None, number, value if isinstance(value, str) else "")
