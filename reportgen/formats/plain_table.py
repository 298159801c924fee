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

    What is unusual is for ``formats.delimited`` to judge: a word, a quotation mark, a comment, another number
    of cells, a second header. Of all others both make the same, to the bit; nothing is logged where a cell
    is empty.

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
    # A line of tabs alone is a blank one, so of those tables empty cells are left alone.
    body = data[end:] if delimiter == "\t" else _filled(data[end:], delimiter.encode())
    try:
        rows = np.loadtxt(io.BytesIO(body), delimiter=delimiter, ndmin=2, comments=None, encoding="ascii")
    except ValueError:
        return None
    if rows.shape[1] != len(header):
        return None
    columns = dict(zip(unlike(header), np.ascontiguousarray(rows.T), strict=True))
    # There was no word, so what is no number now was empty.
    return {key: Column(key, values, ~np.isnan(values)) for key, values in columns.items()}, len(rows)


def _filled(rows: bytes, delimiter: bytes) -> bytes:
    """Lines with ``nan`` in their empty cells."""
    if rows.startswith(delimiter):
        rows = b"nan" + rows
    if rows.endswith(delimiter):
        rows += b"nan"
    empty = delimiter + b"nan"
    for begin, after in (
        (delimiter, delimiter),
        (delimiter, delimiter),
        (delimiter, b"\r"),
        (delimiter, b"\n"),
    ):
        rows = rows.replace(begin + after, empty + after)
    return rows.replace(b"\n" + delimiter, b"\nnan" + delimiter)
