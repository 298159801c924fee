"""The report as JSON: ``report.json``, version 1; ``docs/report-json.md`` says what each key holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reportgen import metrics, model_list

if TYPE_CHECKING:
    from reportgen.analysis import Analysis
    from reportgen.crosstab import Crosstab
    from reportgen.findings import Finding
    from reportgen.groups import Group, LeftOut
    from reportgen.kinds import Problem
    from reportgen.model_list import TableSpec
    from reportgen.report import Check, Conflict, FamilyReport, Report, RunReport, SeriesReport

__all__ = ["SCHEMA", "report_document", "strict"]

SCHEMA = 1

_DEEPEST = 100
_INT64 = range(-(2**63), 2**64)


def report_document(report: Report) -> dict[str, Any]:
    """Everything the report says, as dicts, lists and scalars that strict JSON can hold.

    Steps are those of the runs' files; a number that does not exist is None. Equal reports give equal
    documents, key order included.
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
        "masked": report.masked,
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
        "tables": [
            _table(spec, made) for spec, made in zip(family.spec.tables, family.crosstabs, strict=False)
        ],
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


def _table(spec: TableSpec, made: Crosstab) -> dict[str, Any]:
    return {
        "name": spec.name,
        "rows": spec.rows,
        "columns": spec.columns,
        "value": spec.value,
        "scale": made.scale,
        "row_values": made.rows,
        "column_values": made.columns,
        "cells": [
            {
                "row": cell.row,
                "column": cell.column,
                "n": len(cell.values),
                "of": cell.of,
                "mean": None if cell.estimate is None else cell.estimate.mean,
                "sd": None if cell.estimate is None else cell.estimate.sd,
                "interval": None if cell.estimate is None else cell.estimate.interval,
                "leads": cell.leads,
            }
            for cell in made.cells
        ],
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
        "shown_in": one.shown_in or None,
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
        **({} if run.analysis is None else {"analysis": _analysis(run.analysis)}),
        "source": asdict(run.source),
        "format": run.format,
        "notes": run.notes,
        **({"series_sha256": run.series_sha256} if run.series_sha256 else {}),
        "metrics": _metrics(run),
        "series": {name: _series(one, run) for name, one in run.series.items()},
        "axes": run.axes,
        "group": group,
        "events": [event.document() for event in run.summary.events],
        "marks": run.marks,
        "conflicts": [_conflict(conflict) for conflict in run.conflicts],
        "checks": [_check(check) for check in run.checks],
        "curve": run.curve_of(run.ranked),
        "config": run.config,
    }


def _analysis(found: Analysis) -> dict[str, Any]:
    """An analysis as its nodes, each with what is known of it."""
    return {
        "nodes": [
            {
                **asdict(node),
                "fails": found.fails.get(node),
                "sub_tasks": found.tasks.get(node, ()),
                "impact": found.impacts.get(node, ()),
            }
            for node in found.nodes
        ],
        "sub_tasks": found.sub_tasks,
        "impact": found.impact,
    }


def _metrics(run: RunReport) -> dict[str, Any]:
    """Of the run and its series ``loss``: those of version 1 keep their order and their shape."""
    loss = None if run.loss is None else run.loss.summary.metrics
    values = metrics.loss_values(run)
    made: dict[str, Any] = {key: value for key, value in values.items() if "." not in key}
    made["spikes"] = () if loss is None else loss.spikes
    made["steps_to"] = _nested(values, "steps_to")
    at = {} if loss is None else {str(step): value for step, value in loss.at.items()}
    if at:
        made["at"] = at
    # A list may state any metric; version 1 has a key for this one.
    made["listed_avg_final_loss"] = run.spec.listed.get("avg_final_loss")
    return made


def _series(one: SeriesReport, run: RunReport) -> dict[str, Any]:
    values = metrics.series_values(one.summary.metrics)
    made: dict[str, Any] = {key: value for key, value in values.items() if "." not in key}
    made["spikes"] = one.summary.metrics.spikes
    made["steps_to"] = _nested(values, "steps_to")
    if one.summary.metrics.at:
        made["at"] = {str(step): value for step, value in one.summary.metrics.at.items()}
    return {
        "source_name": one.source_name,
        "unit": one.unit,
        "better": one.better,
        "step_unit": one.step_unit,
        "metrics": made,
        "curve": run.curve_of(one.name),
    }


def _nested(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """``steps_to.1e-6`` and its like as one object."""
    return {
        key.removeprefix(f"{name}."): value for key, value in values.items() if key.startswith(f"{name}.")
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
