"""A Report -> files for programs: ``report.json``, tables and curves as CSV."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import TYPE_CHECKING, Any

import orjson

from reportgen.document import report_document
from reportgen.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reportgen.curves.summary import Curve
    from reportgen.tables import Cell, Table

__all__ = ["curves_csv", "json_bytes", "report_document", "table_csv"]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# Where a spreadsheet may take what follows for a formula, the full-width signs included: in a country
# whose lists have semicolons, one parts cells at them and at ends of lines, whatever is quoted.
_FORMULA = re.compile(r"(^|[;\n])(?=[\s\"]*[=+\-@\uff1d\uff0b\uff0d\uff20])")


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """A document of ``report_document`` as strict JSON: UTF-8, indented, so that two can be compared.

    Floats are the shortest decimals that read back as the same float64.
    """
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def curves_csv(curve: Curve, smoother: str = "mean") -> str:
    """The points of a curve: ``step,mean,min,max``, numbers as Python's ``repr``, missing is empty.

    Another smoother's line is a last column of its name.
    """
    header, columns = "step,mean,min,max", [curve.mean, curve.min, curve.max]
    if curve.other is not None:
        header, columns = f"{header},{smoother}", [*columns, curve.other]
    points = zip(
        map(str, curve.step.tolist()), *(_floats(values.tolist()) for values in columns), strict=True
    )
    return "\n".join([header, *map(",".join, points), ""])


def _floats(values: list[float]) -> list[str]:
    return ["" if math.isnan(value) else repr(value) for value in values]


def table_csv(table: Table) -> str:
    """A table, the sparkline left out: keys as header, numbers in full, missing is empty.

    What a spreadsheet would take for a formula, in a text or after a semicolon in it, has an apostrophe
    before it; control characters and direction marks are written as escapes.
    """
    kept = [i for i, column in enumerate(table.columns) if column.kind != "sparkline"]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([_text(table.columns[i].key) for i in kept])
    for row in table.rows:
        writer.writerow([_cell(row.cells[i], table.columns[i].numeric) for i in kept])
    return file.getvalue()


def _cell(cell: Cell, numeric: bool) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A listed loss is a number in its author's digits.
        return value if numeric and _NUMBER.fullmatch(value) else _text(value)
    return repr(value)


def _text(text: str) -> str:
    return _FORMULA.sub(r"\1'", printable(text))
