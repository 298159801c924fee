"""Rows of long tables as columns that a page holds once: texts as they are read, numbers in full."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from reportgen.outputs.templating import visible
from reportgen.tables import Cell, Table

__all__ = ["MOST_ROWS", "Pool", "held_table"]

MOST_ROWS = 100
"""Rows of a table that stand in the page as HTML; of a longer one the first, for who has no scripts."""


class Pool:
    """Columns, each kept once.

    Attributes:
        columns: Lists of texts or numbers.
    """

    def __init__(self) -> None:
        self.columns: list[list[Any]] = []
        self._places: dict[str, int] = {}
        self._named: dict[str, int] = {}

    def place(self, values: list[Any], name: str = "", first: int | None = None) -> tuple[int, int]:
        """Where a column is: its place in ``columns``, and the row of it at which it begins.

        Args:
            values: Of the column.
            name: Of the whole column that these values may be a part of; the first of a name is the whole.
            first: Row of the whole at which they begin; None where they are no part of it.
        """
        whole = self._named.get(name)
        if first is not None and whole is not None:
            part = self.columns[whole][first : first + len(values)]
            if part == values:
                return whole, first
        text = json.dumps(values)
        if text not in self._places:
            self._places[text] = len(self.columns)
            self.columns.append(values)
        if name:
            self._named.setdefault(name, self._places[text])
        return self._places[text], 0


def held_table(table: Table, pool: Pool, places: Mapping[str, int]) -> dict[str, Any]:
    """A table as ``templates/page/rows.js`` reads it.

    Args:
        table: Its columns and rows.
        pool: Takes its columns.
        places: A run's slug -> its place among all runs of the report.
    """
    runs = [places[row.run.slug] for row in table.rows if row.run is not None]
    in_order = len(runs) == len(table.rows) and runs == list(range(runs[0], runs[0] + len(runs)))
    first = runs[0] if in_order else None
    columns = []
    for i, column in enumerate(table.columns):
        cells = [row.cells[i] for row in table.rows]
        made: dict[str, Any] = {}
        if column.kind != "sparkline":
            made["text"] = pool.place(
                [str(visible(cell.text)) for cell in cells], f"text {column.key}", first
            )
        if column.kind in ("loss", "number"):
            made["value"] = pool.place([_number(cell) for cell in cells], f"value {column.key}", first)
        if any(cell.members for cell in cells):
            made["members"] = [[places[slug] for slug in cell.members] for cell in cells]
        marked = {
            "bold": [k for k, cell in enumerate(cells) if cell.bold],
            "differs": [k for k, cell in enumerate(cells) if cell.agrees is False],
        }
        made |= {name: rows for name, rows in marked.items() if rows}
        columns.append(made)
    made_table: dict[str, Any] = {
        "rows": len(table.rows),
        "runs": first if in_order else _listed(runs, table),
        "columns": columns,
    }
    if any(row.members for row in table.rows):
        made_table["members"] = [[places[slug] for slug in row.members] for row in table.rows]
    return made_table


def _listed(runs: Sequence[int], table: Table) -> list[int] | None:
    """Places of the rows' runs; None of a table whose rows are no runs."""
    return list(runs) if runs and len(runs) == len(table.rows) else None


def _number(cell: Cell) -> Any:
    """A value that JSON can hold; what is no finite number is sorted by its text."""
    value = cell.value
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return value
