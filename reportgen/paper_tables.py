"""``[[family.table]]`` of a list as tables to be shown: the crossed runs of a family in words.

Cells are mean ± half of the interval (n); on logarithms ×÷ the interval's factor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from reportgen import notation
from reportgen.attributes import in_words
from reportgen.groups import value_key
from reportgen.inference import TEST_RUNS
from reportgen.model_list import slugify
from reportgen.tables import Cell, Column, Row, Table, metric_title, spread_form

if TYPE_CHECKING:
    from reportgen.crosstab import Cell as Crossed
    from reportgen.crosstab import Crosstab
    from reportgen.kinds import Scalar
    from reportgen.model_list import TableSpec
    from reportgen.report import FamilyReport

__all__ = ["caption", "in_full", "named", "shown"]


def named(family: FamilyReport) -> Iterator[tuple[str, TableSpec, Crosstab]]:
    """The tables of a family: the slug of each, its words in the list, and its cells."""
    taken = {"groups", "reference", "target", "wide"}
    for spec, made in zip(family.spec.tables, family.crosstabs, strict=False):
        yield f"{family.slug}-{slugify(spec.name, taken)}", spec, made


def shown(family: FamilyReport, spec: TableSpec, made: Crosstab) -> Table:
    """A table as people read it; ``bold`` cells lead."""
    form = _form(made)
    columns = [*(Column(key, key, "text") for key in spec.rows)]
    for index, values in enumerate(made.columns):
        title = ", ".join(_named(family, key, value) for key, value in zip(spec.columns, values, strict=True))
        columns.append(Column(f"column-{index}", title or metric_title(spec.value), "number"))
    cells = {(cell.row, cell.column): cell for cell in made.cells}
    rows = []
    for row, values in enumerate(made.rows):
        heads = [Cell(value, _word(family, key, value)) for key, value in zip(spec.rows, values, strict=True)]
        crossed = [cells.get((row, column)) for column in range(len(made.columns))]
        found = [replace(_cell(one, form), members=_slugs(family, one)) for one in crossed]
        rows.append(Row((*heads, *found)))
    return Table(tuple(columns), tuple(rows))


def in_full(family: FamilyReport, spec: TableSpec, made: Crosstab) -> Table:
    """The same for programs: a row for each cell, numbers in full."""
    keys = (*spec.rows, *spec.columns)
    columns = (
        *(Column(key, key, "text") for key in keys),
        *(Column(key, key, "count") for key in ("n", "of")),
        *(Column(key, key, "number") for key in ("mean", "sd", "low", "high")),
        Column("leads", "leads", "boolean"),
    )
    rows = []
    for cell in made.cells:
        values = (*made.rows[cell.row], *made.columns[cell.column])
        one = cell.estimate
        low, high = (None, None) if one is None or one.interval is None else one.interval
        numbers = (
            len(cell.values),
            cell.of,
            None if one is None else one.mean,
            None if one is None else one.sd,
        )
        rows.append(
            Row(
                (
                    *(
                        Cell(value, _word(family, key, value))
                        for key, value in zip(keys, values, strict=True)
                    ),
                    *(Cell(value, notation.MISSING if value is None else f"{value:g}") for value in numbers),
                    *(
                        Cell(value, notation.MISSING if value is None else f"{value:g}")
                        for value in (low, high)
                    ),
                    Cell(cell.leads, "yes" if cell.leads else "no"),
                )
            )
        )
    return Table(columns, tuple(rows))


def caption(spec: TableSpec, made: Crosstab) -> str:
    """What its cells are, and what stands in bold."""
    mean = "geometric mean ×÷ the factor" if made.scale == "log" else "mean ± half"
    said = f"{spec.name}. {metric_title(spec.value)}: {mean} of Student's 95 % interval (runs)."
    if any(cell.leads for cell in made.cells):
        said += (
            " Bold: the best cell and those not told apart from it by these runs"
            " (Welch, Holm over all tests of the report)."
        )
        if any(len(cell.values) < TEST_RUNS for cell in made.cells):
            said += f" Cells of fewer than {TEST_RUNS} runs are not tested."
    elif len(made.cells) > 1:
        said += " No cell is told apart from the best by these runs."
    return said


def _form(made: Crosstab) -> notation.Form:
    means = [cell.estimate.mean for cell in made.cells if cell.estimate is not None]
    halves = [] if made.scale == "log" else [half for cell in made.cells if (half := _half(cell))]
    return spread_form(means, halves)


def _slugs(family: FamilyReport, cell: Crossed | None) -> tuple[str, ...]:
    return () if cell is None else tuple(family.runs[run].slug for run in cell.runs)


def _cell(cell: Crossed | None, form: notation.Form) -> Cell:
    if cell is None:
        return Cell(None, "")
    runs = f"{len(cell.values)}" if len(cell.values) == cell.of else f"{len(cell.values)} of {cell.of}"
    made = cell.estimate
    if made is None:
        return Cell(None, f"{notation.MISSING} ({runs})")
    text = form(made.mean)
    half = _half(cell)
    if half is not None:
        text += f" ×÷ {notation.rounded(half)}" if made.scale == "log" else f" ± {form(half)}"
    return Cell(made.mean, f"{text} ({runs})", bold=cell.leads)


def _half(cell: Crossed) -> float | None:
    """Half of the interval before it is cut; on logarithms the factor to either side."""
    made = cell.estimate
    if made is None or made.interval is None:
        return None
    low, high = made.interval
    if made.scale == "log":
        return high / made.mean if made.mean and math.isfinite(high) else None
    return max(high - made.mean, made.mean - low)


def _named(family: FamilyReport, key: str, value: Scalar | None) -> str:
    return f"{key} {_word(family, key, value)}"


def _word(family: FamilyReport, key: str, value: Scalar | None) -> str:
    """A value of an attribute, as labels write it."""
    if value is None:
        return notation.MISSING
    found = family.varied.get(key)
    if found is not None:
        wanted = value_key(value)
        for own, word in zip(found.values, in_words(found), strict=True):
            if own is not None and value_key(own) == wanted and word is not None:
                return word
    return str(value)
