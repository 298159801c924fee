"""Known failures: expectations that a list waives until a day, judged at the report's own time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reportgen.text import one_line

if TYPE_CHECKING:
    from reportgen.model_list import ModelList, Waiver
    from reportgen.report import Check, Report, RunReport

__all__ = ["judged", "states"]

_LONGEST_REASON = 200


def judged(report: Report) -> Report:
    """``report`` with the failures that its lists waive marked as ``waived``, or as run out."""
    families = tuple(
        replace(family, runs=tuple(_judged(run, report.created) for run in family.runs))
        for family in report.families
    )
    return replace(report, families=families)


def states(lists: Iterable[ModelList], created: str) -> Sequence[bool]:
    """Whether each waiver of ``lists`` holds at ``created``: a day that passes makes another report."""
    return [
        _holds(waiver, created)
        for one in lists
        for family in one.families
        for run in family.runs
        for waiver in run.waive.values()
    ]


def _judged(run: RunReport, created: str) -> RunReport:
    if not run.spec.waive:
        return run
    return replace(run, checks=tuple(_check(check, run, created) for check in run.checks))


def _check(check: Check, run: RunReport, created: str) -> Check:
    waiver = run.spec.waive.get(check.metric)
    if waiver is None or check.outcome != "failed":
        return check
    reason = one_line(waiver.reason, _LONGEST_REASON)
    if _holds(waiver, created):
        return replace(check, outcome="waived", note=f"waived until {waiver.until}: {reason}")
    return replace(check, note=f"its waiver ran out on {waiver.until}: {reason}")


def _holds(waiver: Waiver, created: str) -> bool:
    """Up to and with its day, in UTC; both are ISO 8601, so they compare as text."""
    return created[:10] <= waiver.until
