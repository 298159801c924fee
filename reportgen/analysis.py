"""What analysing a model found, from the files beside its run: useful nodes, their sub-tasks, and what fails.

``behaviors.json`` and ``features.json`` (older: ``<name>_behavior.json``, ``<name>_maths.json``) hold an
array of nodes, ``{"position": 9, "layer": 0, "is_head": true, "num": 1, "tags": ["Fail%:1", "Algo:A5.ST"]}``;
a tag is ``major:minor``. A node that is in a file is useful to the model.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from reportgen.kinds import Scalar, Unreadable

__all__ = ["LONG", "TITLES", "Analysis", "Node", "file_names", "in_words", "is_run_file", "read"]

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "useful_heads": "Useful heads",
        "useful_mlps": "Useful MLPs",
        "sub_tasks": "Sub-tasks",
        "fail_percent": "Failures, %",
        "sub_task_nodes": "Nodes by sub-task",
        "impact": "Impact",
    }
)
"""Attributes that an analysis gives a run, and their headings."""

LONG = frozenset({"sub_task_nodes", "impact"})
"""Those of them that are lists of words: columns that a reader asks for."""

_MOST_NODES = 10_000
_MOST_TAGS = 1_000
_LONGEST_TAG = 100
_MOST_SHOWN = 8
_FAIL = ("Fail%", "Fail")


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A part of the model that is useful: an attention head, or the MLP of a layer, at a position.

    Attributes:
        head: Number of the head in its layer; None for the MLP.
    """

    position: int
    layer: int
    head: int | None


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is known of a run's model.

    Attributes:
        heads: Useful attention heads, one for each position, layer and head.
        mlps: Useful MLPs, one for each position and layer.
        sub_tasks: Sub-task (the minor part of ``Algo`` tags) to the number of nodes that do it, most first.
        fails: Node to the percentage of questions that fail without it.
        impact: Answer digits that a node has an effect on (``A54``) to the number of such nodes, most first.
        tasks: Node to its sub-tasks, in the files' order; only of nodes that have any.
        impacts: Node to the answer digits that it has an effect on, in the files' order; likewise.
    """

    heads: tuple[Node, ...]
    mlps: tuple[Node, ...]
    sub_tasks: Mapping[str, int]
    fails: Mapping[Node, float]
    impact: Mapping[str, int]
    tasks: Mapping[Node, tuple[str, ...]]
    impacts: Mapping[Node, tuple[str, ...]]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Heads and MLPs by position and layer, the heads of a layer before its MLP."""
        return tuple(sorted((*self.heads, *self.mlps), key=_place))

    @property
    def attributes(self) -> dict[str, Scalar]:
        """What runs are compared by; a failure percentage only where one is known."""
        found: dict[str, Scalar] = {
            "useful_heads": len(self.heads),
            "useful_mlps": len(self.mlps),
            "sub_tasks": len(self.sub_tasks),
        }
        if self.fails:
            found["fail_percent"] = max(self.fails.values())
        if self.sub_tasks:
            found["sub_task_nodes"] = _listed(self.sub_tasks)
        if self.impact:
            found["impact"] = _listed(self.impact)
        return found


def is_run_file(name: str) -> bool:
    """Whether a run's file is one that analyses lie beside."""
    last = name.rpartition("/")[2]
    return last == "training_loss.json" or last.endswith("_train.json")


def file_names(run: str) -> tuple[str, ...]:
    """What the files of an analysis are called, beside the file of a run."""
    return ("behaviors.json", "features.json", f"{run}_behavior.json", f"{run}_maths.json")


def read(files: Sequence[tuple[str, bytes]]) -> Analysis:
    """Reads the files of one run together.

    Args:
        files: Name and bytes of each.

    Raises:
        Unreadable: One is not such a file.
    """
    tags: dict[Node, dict[str, None]] = {}
    for name, data in files:
        for node, own in _nodes(name, data):
            tags.setdefault(node, {}).update(dict.fromkeys(own))
    tasks: dict[Node, tuple[str, ...]] = {}
    impacts: dict[Node, tuple[str, ...]] = {}
    fails: dict[Node, float] = {}
    nodes = sorted(tags, key=_place)
    for node in nodes:
        said = [(major, minor) for major, _, minor in (tag.partition(":") for tag in tags[node])]
        if named := tuple(minor for major, minor in said if major == "Algo" and minor):
            tasks[node] = named
        if digits := tuple(minor for major, minor in said if major == "Impact" and minor):
            impacts[node] = digits
        shares = [
            share for major, minor in said if major in _FAIL and (share := _percentage(minor)) is not None
        ]
        if shares:
            fails[node] = max(shares)
    return Analysis(
        heads=tuple(node for node in nodes if node.head is not None),
        mlps=tuple(node for node in nodes if node.head is None),
        sub_tasks=_most_first(tasks),
        fails=fails,
        impact=_most_first(impacts),
        tasks=tasks,
        impacts=impacts,
    )


def in_words(found: Analysis) -> tuple[tuple[str, str], ...]:
    """The analysis for a reader: terms and what is said of each."""
    told = [("Useful heads", f"{len(found.heads):,}"), ("Useful MLPs", f"{len(found.mlps):,}")]
    if found.sub_tasks:
        told.append(("Sub-tasks", _listed(found.sub_tasks)))
    if found.fails:
        told.append(("Fails without one node", f"up to {max(found.fails.values()):g}\N{NO-BREAK SPACE}%"))
    if found.impact:
        told.append(("Impact", _listed(found.impact)))
    return tuple(told)


def _listed(counts: Mapping[str, int]) -> str:
    first = list(counts.items())[:_MOST_SHOWN]
    shown = [f"{name} ({count:,} node{'s' * (count != 1)})" for name, count in first]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _place(node: Node) -> tuple[int, int, bool, int]:
    return (node.position, node.layer, node.head is None, node.head or 0)


def _most_first(named: Mapping[Node, Sequence[str]]) -> dict[str, int]:
    counts = Counter(name for names in named.values() for name in names)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _nodes(name: str, data: bytes) -> list[tuple[Node, list[str]]]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise Unreadable(name, "is not JSON; write it again, or remove it") from None
    if not isinstance(document, list):
        raise Unreadable(name, "is not an array of nodes; write it again, or remove it")
    if len(document) > _MOST_NODES:
        raise Unreadable(name, f"holds over {_MOST_NODES:,} nodes, more than any model of this kind has")
    return [_node(name, index, one) for index, one in enumerate(document)]


def _node(name: str, index: int, value: Any) -> tuple[Node, list[str]]:
    wrong = "a node is a position, a layer, is_head, num and tags"
    if not isinstance(value, dict):
        raise Unreadable(name, f"has no node at place {index}; {wrong}")
    numbers: list[Any] = [value.get(key) for key in ("position", "layer", "num")]
    tags = value.get("tags")
    if (
        not isinstance(value.get("is_head"), bool)
        or not all(type(one) is int and 0 <= one < 2**31 for one in numbers)
        or not isinstance(tags, list)
        or len(tags) > _MOST_TAGS
        or not all(isinstance(tag, str) for tag in tags)
    ):
        raise Unreadable(name, f"has no node at place {index}; {wrong}")
    position, layer, number = numbers
    node = Node(position, layer, number if value["is_head"] else None)
    return node, [_plain(tag) for tag in tags if len(tag) <= _LONGEST_TAG]


def _plain(tag: str) -> str:
    """A tag as text that can be printed, without half surrogate pairs."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in tag)


def _percentage(text: str) -> float | None:
    if not re.fullmatch(r"\d{1,3}(?:\.\d{1,6})?%?", text):
        return None
    share = float(text.rstrip("%"))
    return share if share <= 100 else None
