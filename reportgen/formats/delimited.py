"""CSV and its relatives: which characters separate the cells, which line names the columns, the cells.

One header, padded or quoted cells; lines that do not fit are counted. A later line that names other columns,
as a program writes that was changed and started again, is the header of what is below it.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from reportgen.formats.assembly import counted
from reportgen.formats.positions import POSITIONS, plain
from reportgen.formats.reading import WEB_PAGE, is_page, number
from reportgen.kinds import Unreadable

__all__ = ["CONFLICT", "LINES", "cells_of", "delimiter_of", "unlike"]

CONFLICT = re.compile(r"(<{7}|={7}|>{7}|\|{7})( |$)")
"""A marker of a merge conflict."""
LINES = 20
"""By so many first lines a table is known."""

_DELIMITERS = ",\t;|"
# A quoted cell that does not end within so many lines is a stray quotation mark.
_MOST_LINES = 100


def cells_of(lines: list[str], name: str, left: Counter[str]) -> tuple[dict[str, Sequence[str]], int]:
    """The cells of each column, by its name, and how many rows there are.

    Args:
        lines: Of the file.
        name: The file's, for messages.
        left: Counts what is left out.

    Raises:
        Unreadable: It is no table, or one without rows.
    """
    if lines and is_page(lines[0]):
        raise Unreadable(name, WEB_PAGE)
    header, rows = _header(_rows(lines, left), name)
    first, width, known = header, len(header), set(header) - {""}
    parts: list[tuple[list[str], list[list[str]]]] = [(header, [])]
    for cells in rows:
        row = cells
        while len(row) > width and not row[-1].strip():
            row = row[:-1]
        if len(row) == width and row[0].strip() not in known:
            parts[-1][1].append(row)
            continue
        stripped = [cell.strip() for cell in row]
        if stripped == header:
            left["repeated header"] += 1
        elif _names_columns(stripped, first):
            left["other header"] += 1
            header, width = stripped, len(stripped)
            known |= set(header)
            parts.append((header, []))
        elif len(row) == width:
            parts[-1][1].append(row)
        else:
            left["other number of cells"] += 1
    kept = sum(len(found) for _, found in parts)
    _refuse(kept, left["other number of cells"], width, name)
    if len(parts) == 1:
        return dict(zip(unlike(first), zip(*parts[0][1], strict=True), strict=True)), kept
    columns: dict[str, list[str]] = {}
    before = 0
    for names, found in parts:
        for key, cells_ in zip(unlike(names), zip(*found, strict=True), strict=False):
            column = columns.setdefault(key, [])
            column += [""] * (before - len(column))
            column += cells_
        before += len(found)
    return {key: [*cells_, *[""] * (before - len(cells_))] for key, cells_ in columns.items()}, kept


def _refuse(kept: int, wrong: int, width: int, name: str) -> None:
    """Raises what is wrong with a table of too few rows."""
    if not kept and wrong:
        raise Unreadable(name, f"is not a table: no line has the {counted(width, 'cell')} of the first one")
    if wrong > kept:
        raise Unreadable(
            name,
            f"is not a table: {wrong:,} of its {wrong + kept:,} lines do not have {counted(width, 'cell')}",
        )
    if not kept:
        raise Unreadable(name, "holds a header and no rows; the run has logged nothing", no_series=True)


def _names_columns(row: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a line below the header names columns again, though other ones."""
    if len(row) < 2 or any(not cell or number(cell) is not None for cell in row):
        return False
    known = set(header).intersection(row)
    return 2 * len(known) > min(len(row), len(header)) or any(plain(cell) in POSITIONS for cell in known)


def _rows(lines: list[str], left: Counter[str]) -> Iterator[list[str]]:
    """The cells of each line that is not blank, not a comment and not a marker of a merge conflict."""
    filled = [line for line in lines[:LINES] if line.strip() and not CONFLICT.match(line)]
    sample = [line for line in filled if not line.lstrip().startswith("#")] or filled
    delimiter = delimiter_of(sample)
    place = 0
    while place < len(lines):
        line = lines[place]
        place += 1
        if CONFLICT.match(line):
            left["merge conflict"] += 1
        elif not line.strip():
            continue
        elif '"' not in line:
            yield line.split() if delimiter == " " else line.split(delimiter) if delimiter else [line]
        else:
            taken = next((n for n in range(_MOST_LINES) if _is_closed(lines[place - 1 : place + n])), None)
            quoted = "\n".join(lines[place - 1 : place + (taken or 0)])
            place += taken or 0
            try:
                (cells,) = csv.reader(io.StringIO(quoted, newline=""), delimiter=delimiter or ",")
            except (csv.Error, ValueError):
                left["other number of cells"] += 1
            else:
                yield cells


def _is_closed(lines: Sequence[str]) -> bool:
    return not sum(line.count('"') for line in lines) % 2


def delimiter_of(lines: Sequence[str]) -> str:
    """What separates the cells: what stands most often in the first line, and as often in most others.

    A line break inside a quoted cell may make the others differ; then the first line decides alone.
    """
    counts = {delimiter: [_unquoted(line).count(delimiter) for line in lines] for delimiter in _DELIMITERS}
    first = [(one, found) for one, found in counts.items() if found and found[0]]
    even = [pair for pair in first if 2 * pair[1].count(pair[1][0]) >= len(lines)]
    best = max(even or first, key=lambda pair: pair[1][0], default=("", []))[0]
    numbers = lines[1].split() if len(lines) > 1 and not best else []
    blanks = len(numbers) > 1 and len(lines[0].lstrip("# ").split()) == len(numbers)
    return " " if blanks and all(number(cell) is not None for cell in numbers) else best


def _unquoted(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line) if '"' in line else line


def _header(rows: Iterator[list[str]], name: str) -> tuple[list[str], Iterator[list[str]]]:
    """The names of the columns, and the rows below them."""
    comments: list[list[str]] = []
    for cells in rows:
        if cells[0].lstrip().startswith("#"):
            comments.append(cells)
            continue
        header = [cell.strip() for cell in cells]
        if comments and all(number(cell) is not None for cell in header):
            last = [cell.strip() for cell in comments[-1]]
            if len(last) == len(header):  # "# step,loss"
                return [last[0].lstrip("# "), *last[1:]], _with(cells, rows)
        if all(number(cell) is not None for cell in header if cell) and any(header):
            raise Unreadable(name, "has no line that names its columns; put one first, such as step,loss")
        while len(header) > 1 and not header[-1]:
            header.pop()
        return header, rows
    raise Unreadable(name, "holds no table, only comments")


def _with(first: list[str], rest: Iterator[list[str]]) -> Iterator[list[str]]:
    yield first
    yield from rest


def unlike(header: Sequence[str]) -> list[str]:
    """Names of columns, none twice."""
    seen = Counter[str]()
    names = []
    for key in header:
        seen[key] += 1
        names.append(key if seen[key] == 1 else f"{key} ({seen[key]})")
    return names if len(set(names)) == len(names) else [f"{n}: {key}" for n, key in enumerate(names, start=1)]
