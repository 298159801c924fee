"""Labels of a family's runs: short, and no two alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reportgen.model_list.slugs import first_free
from reportgen.model_list.specs import FamilySpec, RunSpec
from reportgen.naming import QUANTA_MATHS, Attributes, NamedAttribute

__all__ = ["labels_of"]


def labels_of(family: FamilySpec, runs: Sequence[tuple[RunSpec, Attributes]]) -> list[str]:
    """The label of each run, unique within the family.

    A run's own template filled, else the family's (``d{digits}`` unless it gives one); where an
    attribute of the template is not known, the name. Equal labels are made longer by the
    first attribute that differs among them, and again while some are equal; where none differs,
    the name takes the label's place, and where names are equal too, a number follows.

    Args:
        family: Gives the template of runs without one.
        runs: Runs and their attributes, of the name and of ``Config``.
    """
    usual = family.label or "d{digits}"
    labels = [_filled(run.label or usual, run.name, attributes) for run, attributes in runs]
    for alike in _groups(range(len(runs)), labels):
        _lengthen(alike, labels, runs, QUANTA_MATHS.attributes)
    taken: set[str] = set()
    for index, (run, _) in enumerate(runs):
        if labels[index] in taken:
            labels[index] = _free(run.name, taken)
        taken.add(labels[index])
    return labels


def _filled(template: str, name: str, attributes: Attributes) -> str:
    values = {"name": name} | {one.key: one.text(attributes.get(one.key)) for one in QUANTA_MATHS.attributes}
    parts = re.split(r"\{(\w+)\}", template)
    if len(parts) == 1:
        return template
    for place in range(1, len(parts), 2):
        value = values[parts[place]]
        if value is None:
            return name
        parts[place] = value
    return " ".join("".join(parts).split()) or name


def _lengthen(
    alike: Sequence[int],
    labels: list[str],
    runs: Sequence[tuple[RunSpec, Attributes]],
    attributes: Sequence[NamedAttribute],
) -> None:
    """Tells runs of one label apart by the first of ``attributes`` that differs, and so on."""
    for position, attribute in enumerate(attributes):
        words = {index: attribute.said(runs[index][1].get(attribute.key)) for index in alike}
        if len(set(words.values())) > 1:
            for index in alike:
                labels[index] += f" {words[index]}" if words[index] else ""
            for still_alike in _groups(alike, labels):
                _lengthen(still_alike, labels, runs, attributes[position + 1 :])
            return
    for index in alike:
        labels[index] = runs[index][0].name


def _groups(indices: Iterable[int], labels: Sequence[str]) -> list[list[int]]:
    """Indices whose labels are equal, two or more of them."""
    groups: dict[str, list[int]] = {}
    for index in indices:
        groups.setdefault(labels[index], []).append(index)
    return [group for group in groups.values() if len(group) > 1]


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else first_free(lambda number: f"{name} ({number})", taken.__contains__)
