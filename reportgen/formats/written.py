"""Numbers as people and programs write them: ``1,234,567``, ``0,5``, ``3/100``; what a mark means in a file.

A comma or a point between digits is a decimal mark or stands between thousands; which, the file's other
cells tell. Where they do not, steps and other counts have thousands, and everything else has decimals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from reportgen.formats.positions import POSITIONS, plain

__all__ = ["as_written"]

_BLANKS: Final = "\u00a0\u202f\u2009\u0020'\u2019"
_BLANK_BETWEEN: Final = re.compile(rf"\d[{_BLANKS}]\d")
_BLANK_GROUPS: Final = re.compile(rf"[+-]?\d{{1,3}}(?:[{_BLANKS}]\d{{3}})+(?:[.,]\d+)?")
# 3/100, [3/100]: the third of so many.
_OF: Final = re.compile(r"\[?\s*(\d+)\s*/\s*\d+\s*\]?")
_TAIL: Final = r"(?:[eE][+-]?\d+)?\s*%?"


def _decimal(mark: str) -> re.Pattern[str]:
    """A number with this decimal mark: never of a group of three digits, where it might be another mark."""
    digits = rf"(?:0+{mark}\d+|\d{{4,}}{mark}\d*|\d*{mark}(?:\d{{0,2}}|\d{{4,}}))"
    return re.compile(rf"[+-]?{digits}{_TAIL}")


def _thousands(mark: str, other: str) -> re.Pattern[str]:
    """A number with this mark between thousands, where it can be no other."""
    return re.compile(
        rf"[+-]?\d{{1,3}}(?:(?:{mark}\d{{3}}){{2,}}|(?:{mark}\d{{3}})+(?={other}\d))(?:{other}\d+)?{_TAIL}"
    )


def _grouped(mark: str, other: str) -> re.Pattern[str]:
    """A number with this mark between thousands, if that is what it is."""
    return re.compile(rf"[+-]?\d{{1,3}}(?:{mark}\d{{3}})+(?:{other}\d+)?{_TAIL}")


_COMMA, _POINT = ",", r"\."
_DECIMAL = {"comma": _decimal(_COMMA), "point": _decimal(_POINT)}
_SURE = {"comma": _thousands(_COMMA, _POINT), "point": _thousands(_POINT, _COMMA)}
_GROUPS = {"comma": _grouped(_COMMA, _POINT), "point": _grouped(_POINT, _COMMA)}
_MARKS = {"comma": ",", "point": "."}


def as_written(columns: Mapping[str, Sequence[str]]) -> tuple[dict[str, Sequence[str]], list[str]]:
    """Columns of cells, with their numbers as computers write them.

    Args:
        columns: Cells by the name of their column.

    Returns:
        The columns, those without such numbers as they were; and what was taken for what, a sentence each.
    """
    joined = {name: "\n".join(cells) for name, cells in columns.items()}
    commas = any("," in text for text in joined.values())
    between = _between_thousands(columns) if commas else None
    made: dict[str, Sequence[str]] = dict(columns)
    note = ""
    for name, cells in columns.items():
        text, counts = joined[name], plain(name) in POSITIONS
        odd = "," in text or (commas and "." in text and (counts or between == "point"))
        blanks = " " in text or "'" in text or not text.isascii()
        if not (odd or (counts and "/" in text) or (blanks and _BLANK_BETWEEN.search(text))):
            continue
        made[name] = [_cell(cell, counts, between, commas) for cell in cells]
        if odd and not note and (counts or between):
            example = next(
                ((old, new) for old, new in zip(cells, made[name], strict=True) if old != new), None
            )
            note = f"Numbers such as {example[0].strip()} were read as {example[1]}." if example else ""
    return made, [note] if note else []


def _between_thousands(columns: Mapping[str, Sequence[str]]) -> str | None:
    """``comma`` or ``point``, whichever stands between thousands; None where a file does not tell."""
    said = {"comma": False, "point": False}
    for cells in columns.values():
        for cell in cells:
            for mark, other in (("comma", "point"), ("point", "comma")):
                if _MARKS[mark] not in cell:
                    continue
                text = cell.strip()
                said[other] = said[other] or bool(_DECIMAL[mark].fullmatch(text))
                said[mark] = said[mark] or bool(_SURE[mark].fullmatch(text))
    if said["comma"] == said["point"]:
        return None
    return "comma" if said["comma"] else "point"


def _cell(cell: str, counts: bool, between: str | None, commas: bool) -> str:
    text = cell.strip()
    if _BLANK_GROUPS.fullmatch(text):
        text = re.sub(rf"[{_BLANKS}]", "", text)
    if counts and (of := _OF.fullmatch(text)):
        return of[1]
    mark = between
    if mark is None and counts and commas:
        mark = next((one for one, grouped in _GROUPS.items() if grouped.fullmatch(text)), None)
    if mark is not None and _GROUPS[mark].fullmatch(text):
        return text.replace(_MARKS[mark], "").replace(",", ".")
    if mark == "point" or between == "point":
        return text.replace(",", ".") if re.fullmatch(rf"[+-]?\d*,\d*{_TAIL}", text) else cell
    return text if text != cell.strip() else cell
