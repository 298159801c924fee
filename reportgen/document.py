"""The report as JSON: ``report.json``, version 1; ``docs/report-json.md`` says what each key holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reportgen import model_list

if TYPE_CHECKING:
    from reportgen.findings import Finding
    from reportgen.groups import Group, LeftOut
    from reportgen.kinds import Problem
    from reportgen.report import Check, Conflict, FamilyReport, Report, RunReport

__all__ = ["SCHEMA", "report_document", "strict"]

SCHEMA = 1

_DEEPEST = 100
_INT64 = range(-(2**63), 2**64)


def report_document(report: Report) -> dict[str, Any]:
    """Everything the report says, as dicts, lists and scalars that strict JSON can hold.

    Steps count from 0; a number that does not exist is None. Equal reports give equal documents, key
    order included.
    """
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "title": report.title,
        "description": report.description,
        "created": report.created,
        "reportgen": report.version,
        "device": report.device,
        "device_notes": report.device_notes,
        "versions": report.versions,
        "command": report.command,
        "selected": asdict(report.selected),
        "masked": sum(run.masked for run in report.runs),
        "lists": [model_list.to_dict(one) for one in report.lists],
        "problems": [_problem(problem) for problem in report.problems],
        "checks": [{"family": check.family, "run": check.run, **_check(check)} for check in report.checks],
        "findings": [_finding(one) for one in report.findings],
        "families": [_family(family) for family in report.families],
    }
    if report.changes is not None:
        document["changes"] = report.changes
    made = strict(document)
    assert isinstance(made, dict)
    return made


def strict(value: Any, depth: int = 0) -> Any:
    """``value`` as strict JSON can hold it, whatever a stranger's ``Config`` holds.

    NaN, infinities, values nested more than 100 deep and those of other types become None; integers
    beyond 64 bits become floats, as most readers of JSON would make them; a lone surrogate is written
    as its escape.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value in _INT64 else strict(_as_float(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth >= _DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {strict(str(key)): strict(entry, depth + 1) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [strict(entry, depth + 1) for entry in value]
    return None


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _family(family: FamilyReport) -> dict[str, Any]:
    return {
        "name": family.name,
        "slug": family.slug,
        "description": family.spec.description,
        "varied": [one.key for one in family.varied.attributes if one.varied],
        "ranked_by": None if family.ranking is None else family.ranking.metric,
        "target": family.spec.target,
        "groups": [_group(group, family) for group in family.grouping.groups],
        "ungrouped": [_left_out(one, family) for one in family.grouping.alone],
        "runs": [_run(run, family.grouping.of(at)) for at, run in enumerate(family.runs)],
    }


def _group(group: Group, family: FamilyReport) -> dict[str, Any]:
    made = group.estimate
    return {
        "label": group.label,
        "attributes": dict(group.attributes),
        "runs": [family.runs[run].slug for run in group.runs],
        "left_out": [_left_out(one, family) for one in group.left_out],
        "metric": None if family.ranking is None else family.ranking.metric,
        "scale": family.grouping.scale,
        "n": len(group.values),
        "of": group.size,
        "mean": None if made is None else made.mean,
        "sd": None if made is None else made.sd,
        "range": None if made is None else made.range,
        "interval": None if made is None else made.interval,
        "target": None if group.target is None else asdict(group.target),
    }


def _left_out(one: LeftOut, family: FamilyReport) -> dict[str, Any]:
    return {"run": family.runs[one.run].slug, "why": one.why}


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "family": one.family,
        "subjects": one.subjects,
        "numbers": one.numbers,
        "test": one.test,
        "text": one.text,
    }


def _run(run: RunReport, group: int | None) -> dict[str, Any]:
    return {
        "name": run.spec.name,
        "label": run.label,
        "slug": run.slug,
        "initialised_from": run.spec.initialised_from,
        "note": run.spec.note,
        "listed": run.spec.listed,
        "extra": run.spec.extra,
        "attributes": dict(run.attributes),
        "source": asdict(run.source),
        "metrics": _metrics(run),
        "group": group,
        "marks": run.marks,
        "conflicts": [_conflict(conflict) for conflict in run.conflicts],
        "checks": [_check(check) for check in run.checks],
        "curve": f"curves/{run.slug}.csv",
        "config": run.config,
    }


def _metrics(run: RunReport) -> dict[str, Any]:
    metrics = run.summary.metrics
    return {
        "steps": metrics.steps,
        "final_loss": metrics.final_loss,
        "avg_final_loss": metrics.avg_final_loss,
        "min_loss": metrics.min_loss,
        "min_loss_step": metrics.min_loss_step,
        "nonfinite": metrics.nonfinite,
        "first_nonfinite_step": metrics.first_nonfinite_step,
        "nonpositive": metrics.nonpositive,
        "spikes": metrics.spikes,
        "steps_to": metrics.steps_to,
        "recorded_final_loss": run.recorded.get("final_loss"),
        "recorded_avg_final_loss": run.recorded.get("avg_final_loss"),
        "listed_avg_final_loss": run.spec.listed.get("avg_final_loss"),
    }


def _conflict(conflict: Conflict) -> dict[str, Any]:
    return {
        "attribute": conflict.attribute,
        "from_name": conflict.from_name,
        "from_config": conflict.from_config,
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "metric": check.metric,
        "expected": check.expected,
        "actual": check.actual,
        "outcome": check.outcome,
        "note": check.note,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "family": problem.family,
        "run": problem.run,
        "kind": problem.kind,
        "message": problem.message,
        "last_known": problem.last_known,
    }
