"""What varies among runs, and what differs between two of them, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reportgen import notation
from reportgen.attributes import Attribute, as_attribute, differences, flatten, in_words
from reportgen.tables import Cell, Column, Row, Table
from reportgen.text import natural

if TYPE_CHECKING:
    from reportgen.kinds import Scalar
    from reportgen.report import FamilyReport

__all__ = ["common", "differences_table", "varied_table"]

_MOST_VALUES = 12


def varied_table(family: FamilyReport) -> Table:
    """What varies in a family, over which values, and of how many runs it is known; seeds last.

    An attribute that follows from one before it says from which. No rows where nothing varies.
    """
    columns = (
        Column("attribute", "Attribute", "text"),
        Column("values", "Values", "text"),
        Column("different", "Different values", "count"),
        Column("runs", "Runs", "count"),
        Column("follows", "Follows from", "text"),
    )
    found = family.varied.attributes
    seeds = [one for one in found if one.seed and len({*one.values} - {None}) > 1]
    rows = [_varied_row(one) for one in (*(one for one in found if one.varied), *seeds)]
    return Table(columns, tuple(rows))


def _varied_row(attribute: Attribute) -> Row:
    words = {
        word: value
        for word, value in zip(in_words(attribute), attribute.values, strict=True)
        if word is not None
    }
    numeric = attribute.kind == "number"
    ordered = sorted(words, key=lambda word: (words[word],) if numeric else natural(word))
    shown = ordered[:_MOST_VALUES] if len(ordered) <= _MOST_VALUES else [*ordered[: _MOST_VALUES - 1], "…"]
    known = sum(value is not None for value in attribute.values)
    text = ", ".join(shown)
    follows = attribute.tied_to
    return Row(
        (
            Cell(attribute.key, attribute.key),
            Cell(text, text),
            Cell(len(ordered), notation.grouped(len(ordered))),
            Cell(known, notation.grouped(known)),
            Cell(follows, follows or ""),
        )
    )


def differences_table(first: Mapping[str, Any], second: Mapping[str, Any], titles: tuple[str, str]) -> Table:
    """The paths on which two configurations differ, and both values; no rows where none does.

    Args:
        first: Nested, or what a group's runs have in common (:func:`common`).
        second: The same.
        titles: What the two are called.
    """
    columns = (
        Column("key", "Key", "text"),
        Column("first", titles[0], "text"),
        Column("second", titles[1], "text"),
    )
    return Table(
        columns,
        tuple(
            Row((Cell(one.path, one.path), *_pair(one.path, (one.first, one.second))))
            for one in differences(first, second)
        ),
    )


def _pair(path: str, values: tuple[Scalar | None, Scalar | None]) -> list[Cell]:
    """Two values, written so that they differ."""
    words = in_words(as_attribute(path, values))
    return [
        Cell(value, notation.MISSING if word is None else word)
        for value, word in zip(values, words, strict=True)
    ]


def common(configs: Sequence[Mapping[str, Any]]) -> dict[str, Scalar]:
    """Path to value of what all of some configurations have in common, as of a group's runs."""
    flat = [flatten(config) for config in configs]
    if not flat:
        return {}
    return {
        path: value
        for path, value in flat[0].items()
        if all(path in other and other[path] == value for other in flat[1:])
    }
