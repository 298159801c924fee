"""What varies among runs, and what differs between two of them, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reportgen import notation
from reportgen.attributes import Attribute, as_attribute, differences, flatten, in_words
from reportgen.groups import value_key
from reportgen.tables import Cell, Column, Row, Table
from reportgen.text import natural

if TYPE_CHECKING:
    from reportgen.kinds import Scalar
    from reportgen.report import FamilyReport

__all__ = ["Choice", "choice", "common", "differences_table", "settings", "sides", "varied_table"]

_MOST_VALUES = 12
_MOST_SIDES = 5
"""Columns of a table of differences, the reference and others."""


def varied_table(family: FamilyReport) -> Table:
    """What varies in a family, over which values, and of how many runs it is known; seeds last.

    An attribute that follows from one before it says from which. Columns that say nothing are left out: how
    many values where all are shown, how many runs where all are known, what follows where nothing does. No
    rows where nothing but seeds varies.
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
    varied = [one for one in found if one.varied]
    shown = [*varied, *seeds] if varied else []
    kept = [0, 1]
    kept += [2] if any(len({*one.values} - {None}) > _MOST_VALUES for one in shown) else []
    kept += [3] if any(None in one.values for one in shown) else []
    kept += [4] if any(one.tied_to for one in shown) else []
    rows = [_varied_row(one).cells for one in shown]
    return Table(
        tuple(columns[at] for at in kept), tuple(Row(tuple(cells[at] for at in kept)) for cells in rows)
    )


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


def differences_table(sides: Sequence[tuple[str, Mapping[str, Any]]]) -> Table:
    """The paths on which configurations differ, and the value of each; no rows where none does.

    Args:
        sides: What each is called, and its configuration: nested, or what a group's runs have in common
            (:func:`common`).
    """
    flat = [flatten(config) for _, config in sides]
    columns = (
        Column("key", "Key", "text"),
        *(Column(f"side-{number}", title, "text") for number, (title, _) in enumerate(sides)),
    )
    rows = []
    for path in dict.fromkeys(path for one in flat for path in one):
        values = [one.get(path) for one in flat]
        if any(differences({path: values[0]}, {path: value}) for value in values[1:]):
            rows.append(Row((Cell(path, path), *_values(path, values))))
    return Table(columns, tuple(rows))


def _values(path: str, values: Sequence[Scalar | None]) -> list[Cell]:
    """Values of a path, written so that different ones differ."""
    return [
        Cell(value, notation.MISSING if word is None else word)
        for value, word in zip(values, in_words(as_attribute(path, values)), strict=True)
    ]


def sides(family: FamilyReport) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """What a table of differences is of: two runs or two groups, or the reference and a few others.

    Groups where there are any, else runs; the reference first. Empty where a table would have too many
    columns: then the reader chooses two.
    """
    groups = family.grouping.groups
    found = _of_groups(family) if groups else _of_runs(family)
    first = _reference(family)
    if first is not None:
        found.insert(0, found.pop(first))
    most = 2 if first is None else _MOST_SIDES
    return tuple(found) if 2 <= len(found) <= most else ()


def settings(family: FamilyReport, config: Mapping[str, Any]) -> dict[str, Scalar]:
    """Path to value of a configuration, less what is no choice: identities, times, places, results."""
    no_choice = {one.path for one in family.varied.left_out}
    return {path: value for path, value in flatten(config).items() if path not in no_choice}


def _of_groups(family: FamilyReport) -> list[tuple[str, Mapping[str, Any]]]:
    """What each group's runs have in common."""
    return [
        (group.label, common([settings(family, family.runs[run].config) for run in group.runs]))
        for group in family.grouping.groups
    ]


def _of_runs(family: FamilyReport) -> list[tuple[str, Mapping[str, Any]]]:
    return [(run.label, settings(family, run.config)) for run in family.runs]


def _reference(family: FamilyReport) -> int | None:
    """Place of the list's reference among groups, or runs where there are none; None without one."""
    reference, groups = family.spec.reference, family.grouping.groups
    if reference is None:
        return None
    if isinstance(reference, str):
        names = [run.spec.name for run in family.runs]
        at = names.index(reference) if reference in names else None
        return at if at is None or not groups else family.grouping.of(at)
    wanted = {
        (name if (one := family.varied.get(name)) is None else one.key): value_key(value)
        for name, value in reference.items()
    }
    own: list[Mapping[str, Any]] = [group.attributes for group in groups]
    own = own or [run.attributes for run in family.runs]
    fits = [
        at
        for at, one in enumerate(own)
        if all(value_key(one.get(key)) == value for key, value in wanted.items())
    ]
    return fits[0] if len(fits) == 1 else None


@dataclass(frozen=True, slots=True)
class Choice:
    """The configurations of a family, for a reader who chooses two to compare.

    Attributes:
        paths: On which any two of its runs differ.
        words: Of each path, the values that there are, as people read them.
        places: Of each path, which of its words each run has; -1 where it has none.
    """

    paths: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    places: tuple[tuple[int, ...], ...]


def choice(family: FamilyReport) -> Choice:
    """What differs between any two runs of a family, each value once."""
    flat = [settings(family, run.config) for run in family.runs]
    paths, words, places = [], [], []
    for path in dict.fromkeys(path for one in flat for path in one):
        written = in_words(as_attribute(path, [one.get(path) for one in flat]))
        found = list(dict.fromkeys(word for word in written if word is not None))
        if len(found) + (None in written) < 2:
            continue
        index = {word: at for at, word in enumerate(found)}
        paths.append(path)
        words.append(tuple(found))
        places.append(tuple(-1 if word is None else index[word] for word in written))
    return Choice(tuple(paths), tuple(words), tuple(places))


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
