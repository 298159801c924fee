"""A delimited table of numbers alone, without a text a cell: a long run's takes a tenth of the memory so."""

from __future__ import annotations

import codecs
import io

import numpy as np

from reportgen.formats.delimited import CONFLICT, LINES, delimiter_of, unlike
from reportgen.formats.positions import Column
from reportgen.formats.reading import number

__all__ = ["plain_columns"]

_NUMBERS = b"0123456789+-.eE\r\n"


def plain_columns(data: bytes) -> tuple[dict[str, Column], int] | None:
    """The columns by name and how many rows there are; None for a table in which anything is unusual.

    What is unusual is for ``formats.delimited`` to judge: an empty cell, a word, a quotation mark, a comment,
    another number of cells, a second header. Of all others both make the same, to the bit.

    Args:
        data: The file's.
    """
    end = data.find(b"\n") + 1
    try:
        first = data[:end].removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError:
        return None
    lines = [first, *data[end : end + 4096].decode("ascii", "replace").splitlines()[: LINES - 1]]
    delimiter = delimiter_of([line for line in lines if line.strip()]) if first.strip() else ""
    if delimiter in ("", " "):
        return None
    header = [cell.strip() for cell in first.split(delimiter)]
    if not all(header) or all(number(cell) is not None for cell in header):
        return None
    if first.lstrip().startswith(("{", "[", "#")) or '"' in first or CONFLICT.match(first):
        return None
    if len(data.rstrip()) <= end:  # No row.
        return None
    allowed = _NUMBERS + delimiter.encode()
    if len(data.translate(None, allowed)) != len(data[:end].translate(None, allowed)):
        return None
    file = io.BytesIO(data)
    file.seek(end)
    try:
        rows = np.loadtxt(file, delimiter=delimiter, ndmin=2, comments=None, encoding="ascii")
    except ValueError:
        return None
    if rows.shape[1] != len(header):
        return None
    logged = np.ones(len(rows), np.bool_)
    names = unlike(header)
    return {key: Column(key, rows[:, place].copy(), logged) for place, key in enumerate(names)}, len(rows)
