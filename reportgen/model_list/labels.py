"""Labels of a family's runs: short, and no two alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from reportgen.attributes import NOTHING_VARIED, Attribute, Varied, in_words
from reportgen.model_list.defaults import naming_of
from reportgen.model_list.slugs import first_free
from reportgen.model_list.specs import FamilySpec, RunSpec
from reportgen.naming import QUANTA_MATHS, Attributes, NamedAttribute
from reportgen.text import one_line, without_shared

__all__ = ["labels_of", "placeholders"]

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_MISSING = "none"

Words = Sequence[str]
"""What an attribute adds to the label of each run; empty where it adds nothing."""


def labels_of(
    family: FamilySpec,
    runs: Sequence[tuple[RunSpec, Attributes]],
    varied: Varied | None = None,
    configured: Sequence[bool] | None = None,
) -> list[str]:
    """The label of each run, unique within the family.

    A run's own template filled, else the family's; where an attribute of the template is not known, the
    name. Equal labels are made longer by the first attribute that differs among them, and again while
    some are equal; where none differs, the name takes the label's place, and where names are equal
    too, a number follows. Without a template a label says what varies (:func:`_default`).

    Args:
        family: Gives the template of runs without one.
        runs: Runs and their attributes, of the name, the list and the configuration.
        varied: What the runs are told apart by; None for what Quanta Maths names give.
        configured: Whether each run has a configuration; None where all have.
    """
    varied = varied or NOTHING_VARIED
    named = naming_of([run for run, _ in runs])
    usual = family.label or (named.label if named is not None else None)
    default = _default(runs, varied, configured) if usual is None else [""] * len(runs)
    templates = [run.label or usual for run, _ in runs]
    keys = {key for template in {*templates} if template is not None for key in placeholders(template)}
    known = {key: words for key in keys if (words := _known(key, runs, varied)) is not None}
    labels = [
        default[index] if template is None else _filled(template, run.name, known, index)
        for index, ((run, _), template) in enumerate(zip(runs, templates, strict=True))
    ]
    lengthening = [*_of_naming(runs), *_of_varied(varied)]
    for alike in _groups(range(len(runs)), labels):
        _lengthen(alike, labels, lengthening, lambda index: runs[index][0].name)
    taken: set[str] = set()
    for index, (run, _) in enumerate(runs):
        if labels[index] in taken:
            labels[index] = _free(run.name, taken)
        taken.add(labels[index])
    return labels


def placeholders(template: str) -> tuple[str, ...]:
    """The attributes that a template names, ``{name}`` aside."""
    return tuple(found for found in _PLACEHOLDER.findall(template) if found != "name")


def _default(
    runs: Sequence[tuple[RunSpec, Attributes]], varied: Varied, configured: Sequence[bool] | None
) -> list[str]:
    """What varies: ``key=value`` in the configuration's order, seeds last, each where it splits runs further.

    Where a run has no configuration, or two labels are equal, all come from names, less what all share at
    either end.
    """
    named = [one for one in varied.attributes if one.path is None]
    by_values = configured is None or all(
        has or any(one.values[index] is not None for one in named) for index, has in enumerate(configured)
    )
    labels = [""] * len(runs)
    if by_values and len(runs) > 1:
        attributes = (*varied.free, *varied.seeds)
        _lengthen(range(len(runs)), labels, [_words(one, attributes) for one in attributes], lambda _: "")
        labels = [label.strip() for label in labels]
    if len({*labels}) < len(runs) or "" in labels:
        return list(without_shared([run.name for run, _ in runs]))
    return labels


def _words(attribute: Attribute, attributes: Sequence[Attribute]) -> Words:
    """``lr=0.001`` of each run; ``model.name=vit``; a path where two keys end alike; a name of the list's."""
    key = attribute.key.removeprefix("config.")
    last = attribute.last_part
    alone = [one.last_part for one in attributes].count(last) == 1
    if key == attribute.path and alone and last not in ("name", "type"):
        key = last
    return [f"{key}={_MISSING if word is None else one_line(word, 60)}" for word in in_words(attribute)]


def _of_naming(runs: Sequence[tuple[RunSpec, Attributes]]) -> list[Words]:
    """What the attributes of Quanta Maths add, as its names do."""

    def words(one: NamedAttribute) -> Words:
        return [one.said(attributes.get(one.key)) for _, attributes in runs]

    return [words(one) for one in QUANTA_MATHS.attributes]


def _of_varied(varied: Varied) -> list[Words]:
    """What other attributes add to a template's labels."""
    attributes = [one for one in (*varied.free, *varied.seeds) if one.key not in QUANTA_MATHS.keys]
    return [_words(one, attributes) for one in attributes]


def _known(
    key: str, runs: Sequence[tuple[RunSpec, Attributes]], varied: Varied
) -> Sequence[str | None] | None:
    """How a template writes an attribute of each run; None where there is no such attribute."""
    found = varied.get(key)
    naming = next((one for one in QUANTA_MATHS.attributes if one.key == key), None)
    if naming is not None and (found is None or found.path is None):
        return [naming.text(attributes.get(key)) for _, attributes in runs]
    return None if found is None else in_words(found)


def _filled(template: str, name: str, known: Mapping[str, Sequence[str | None]], index: int) -> str:
    parts = _PLACEHOLDER.split(template)
    if len(parts) == 1:
        return template
    for place in range(1, len(parts), 2):
        key = parts[place]
        value = name if key == "name" else known[key][index] if key in known else None
        if value is None:
            return name
        parts[place] = value
    return " ".join("".join(parts).split()) or name


def _lengthen(
    alike: Sequence[int], labels: list[str], words: Sequence[Words], at_last: Callable[[int], str]
) -> None:
    """Tells runs of one label apart by the first of ``words`` that differ, and so on; else by ``at_last``."""
    for position, one in enumerate(words):
        if len({one[index] for index in alike}) > 1:
            for index in alike:
                labels[index] += f" {one[index]}" if one[index] else ""
            for still_alike in _groups(alike, labels):
                _lengthen(still_alike, labels, words[position + 1 :], at_last)
            return
    for index in alike:
        labels[index] = at_last(index)


def _groups(indices: Iterable[int], labels: Sequence[str]) -> list[list[int]]:
    """Indices whose labels are equal, two or more of them."""
    groups: dict[str, list[int]] = {}
    for index in indices:
        groups.setdefault(labels[index], []).append(index)
    return [group for group in groups.values() if len(group) > 1]


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else first_free(lambda number: f"{name} ({number})", taken.__contains__)
