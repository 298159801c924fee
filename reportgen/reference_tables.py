"""Groups against what the list compares them with: a reference, and a target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reportgen import notation
from reportgen.tables import Cell, Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reportgen.comparisons import Contrast
    from reportgen.inference import Comparison
    from reportgen.report import FamilyReport

__all__ = ["reference_table", "tables_of", "target_table"]


def tables_of(family: FamilyReport) -> Iterator[tuple[str, str, Table]]:
    """Name, caption and table of each that has rows."""
    made = reference_table(family)
    if made.rows:
        what = "Ratio of geometric means" if family.grouping.scale == "log" else "Difference of means"
        said = (
            f"{family.name}: each group against its reference. {what}, group to reference, with an "
            "interval at the level of the corrected test; p is corrected for all tests of the "
            "report (Welch, Holm)."
        )
        yield "reference", said, made
    made = target_table(family)
    if made.rows:
        said = (
            f"{family.name}: runs that reached {_target(family)}, the step of the first, and "
            "Student's one-sided p that the mean is beyond it, corrected for all tests of the report."
        )
        yield "target", said, made


def reference_table(family: FamilyReport) -> Table:
    """Differences of groups from their reference, on logarithms ratios; no rows without one."""
    found = [
        (one, one.found)
        for one in (family.contrasts if family.spec.reference is not None else ())
        if one.kind == "groups" and one.corrected is not None
    ]
    log = family.grouping.scale == "log"
    columns = (
        Column("group", "Group", "text"),
        Column("reference", "Reference", "text"),
        Column("difference", "Ratio" if log else "Difference", "number"),
        Column("low", "Interval from", "number"),
        Column("high", "Interval to", "number"),
        Column("p", "p, corrected", "number"),
    )
    numbers = [_ends(one, made) for one, made in found]  # type: ignore[arg-type]
    form = notation.form_of(end for ends in numbers for end in ends)
    rows = []
    for (one, _), ends in zip(found, numbers, strict=True):
        assert one.corrected is not None
        labels = [family.grouping.groups[side.groups[0]].label for side in one.sides]
        rows.append(
            Row(
                (
                    *(Cell(label, label) for label in labels),
                    *(Cell(end if math.isfinite(end) else None, form(end)) for end in ends),
                    _p(one.corrected.p, bold=one.corrected.found),
                )
            )
        )
    return Table(columns, tuple(rows))


def target_table(family: FamilyReport) -> Table:
    """What became of the family's target in each group; no rows without one."""
    corrected = {
        one.sides[0].groups[0]: one.corrected.p
        for one in family.contrasts
        if one.kind == "target" and one.corrected is not None
    }
    columns = (
        Column("group", "Group", "text"),
        Column("reached", "Reached", "count"),
        Column("runs", "Runs", "count"),
        Column("step", "First at step", "count"),
        Column("mean", "Mean", "number"),
        Column("p", "p, corrected", "number"),
    )
    groups = family.grouping.groups
    form = notation.form_of(group.estimate.mean for group in groups if group.estimate is not None)
    rows = []
    for at, group in enumerate(groups):
        if group.target is None:
            continue
        steps = [step for step in group.target.steps if step is not None]
        first = min(steps, default=None)
        mean = None if group.estimate is None else group.estimate.mean
        p = corrected.get(at)
        rows.append(
            Row(
                (
                    Cell(group.label, group.label),
                    Cell(group.target.reached, notation.grouped(group.target.reached)),
                    Cell(len(group.runs), notation.grouped(len(group.runs))),
                    Cell(first, notation.grouped(first)),
                    Cell(mean, form(mean)),
                    Cell(None, notation.MISSING) if p is None else _p(p, bold=p <= 0.05),
                )
            )
        )
    return Table(columns, tuple(rows))


def _ends(one: Contrast, made: Comparison) -> Sequence[float]:
    """The effect and its interval."""
    assert one.corrected is not None
    return (made.effect, *made.interval(one.corrected.level))


def _p(value: float, *, bold: bool) -> Cell:
    return Cell(value, "< 0.001" if value < 0.001 else f"{value:.3f}", bold=bold)


def _target(family: FamilyReport) -> str:
    target = family.spec.target
    return "the target" if target is None else f"the target of {notation.loss(target)}"
