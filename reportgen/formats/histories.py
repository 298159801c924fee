"""JSON histories: a dict of lists (Keras), a list of objects, Megatron's golden values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from reportgen.formats.columns import SPLITS, Table, column, of_objects, series_of
from reportgen.formats.folders import merged
from reportgen.formats.positions import STEPS, enumeration
from reportgen.formats.reading import document, kind, number, sound
from reportgen.formats.series_names import is_evaluation, is_measure, own_names, parts
from reportgen.formats.trainer_state import history_of
from reportgen.kinds import RunFile, Series, Unreadable

if TYPE_CHECKING:
    from reportgen.kinds import Head, InputFile

__all__ = ["HISTORY", "History"]

_INSIDE = ("history", "log_history", "logs", "metrics", "train_log", "training_history", "results", "records")
_LIST_OF_NUMBERS = re.compile(r'"([^"]{1,99})"\s*:\s*\[\s*(?:"?-?[\d.]+|"?-?(?:nan|inf)|null)', re.IGNORECASE)
_NUMBERED = re.compile(r"(?P<word>[A-Za-z_ -]{0,20})(?P<number>\d{1,15})")
_FIRST = 4000
_OBJECT_OF_NUMBER = re.compile(r'\{\s*"[A-Za-z_ -]{0,20}\d{1,15}"\s*:\s*\{')
_SPLIT_OF_OBJECTS = re.compile(r'"([A-Za-z]{1,20})"\s*:\s*\[\s*\{')
_CONFIG = frozenset({"config", "params", "hparams", "hyperparameters", "args", "configuration"})


class History:
    """The format of JSON histories."""

    name = "history"
    version = 1

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        """JSON files that begin with an object or a list, those called a history before others."""
        named = [file for file in files if file.lower().endswith(".json")] or [*files][: len(files) == 1]
        ordered = sorted(named, key=lambda file: "history" not in file.lower())
        return tuple(file for file in ordered if _may_be(head(file), alone=len(files) == 1))

    def runs(self, files: Sequence[InputFile], options: Mapping[str, Any]) -> Sequence[str] | None:
        return None

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        """Reads the histories of one run.

        In a dict of lists the place in the list is the epoch, unless it has steps.
        """
        read: list[RunFile] = []
        refused: list[Unreadable] = []
        for file in files:
            try:
                read.append(_run(document(file.read(), file.name), file.name, options.get("step")))
            except Unreadable as reason:
                refused.append(reason)
        if not read:
            raise refused[0]
        return merged(read)


HISTORY = History()


def _may_be(head: bytes, *, alone: bool) -> bool:
    """Whether it begins like a history; among other files it has to name a measure as well."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").decode("utf-8", "replace")
    if text[:1] == "[":
        names = re.findall(r'"([^"]{1,99})"\s*:', text[:_FIRST])
        return text[1:].lstrip()[:1] == "{" and (alone or any(map(is_measure, names)))
    names = _LIST_OF_NUMBERS.findall(text) if text[:1] == "{" else []
    if names and (alone or any(map(is_measure, names))):
        return True
    if text[:1] == "{" and (split := _SPLIT_OF_OBJECTS.search(text[:_FIRST])):
        return split[1].lower() in SPLITS
    return text[:1] == "{" and ('"values"' in text or bool(_OBJECT_OF_NUMBER.match(text)))


def _run(found: object, name: str, wanted: str | None, config: Mapping[str, Any] | None = None) -> RunFile:
    config = dict(config or {})
    if isinstance(found, list):
        return _of_objects(found, name, wanted, config)
    if not isinstance(found, dict):
        raise Unreadable(name, f"holds {kind(found)}, not a training history")
    if golden := _golden(found):
        return RunFile(golden, format=History.name)
    config |= {
        k: v
        for key, value in found.items()
        if key in _CONFIG and isinstance(value, dict)
        for k, v in value.items()
    }
    lists = {key: value for key, value in found.items() if _is_series(value)}
    if any(map(is_measure, lists)):
        return _of_lists(lists, name, wanted, config)
    for key in _INSIDE:
        if isinstance(found.get(key), dict | list):
            return _run(found[key], name, wanted, config)
    if below := _below(found):
        return _of_lists(below, name, wanted, config)
    if rows := _of_splits(found):
        return _of_objects(rows, name, wanted, config)
    if rows := _by_number(found):
        return _of_objects(rows, name, wanted, config)
    if lists:
        return _of_lists(lists, name, wanted, config)
    if any(number(value) is not None for value in found.values()):
        raise Unreadable(
            name, "holds final results only: one number for each name, no series", no_series=True
        )
    raise Unreadable(name, "holds no training history: it has no lists of numbers", no_series=True)


def _below(found: Mapping[str, Any]) -> dict[str, list[Any]]:
    """``{"train": {"loss": [...]}, "val": {"loss": [...]}}`` as a dict of lists."""
    return {
        f"{key}/{inner}": values
        for key, one in found.items()
        if isinstance(one, dict)
        for inner, values in one.items()
        if _is_series(values) and is_measure(inner)
    }


def _of_splits(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``{"train": [{"step": 0, "loss": 3}], "val": [...]}`` as one list; empty where it is none."""
    lists = {key: value for key, value in found.items() if key.lower() in SPLITS and isinstance(value, list)}
    rows = [(key, one) for key, several in lists.items() for one in several]
    if not rows or not all(isinstance(one, dict) for _, one in rows):
        return []
    return [{**one, "split": key} for key, one in rows]


def _by_number(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``{"epoch_1": {"loss": 3}, "epoch_2": {"loss": 2}}`` as a list of objects; empty where it is none."""
    keys = [_NUMBERED.fullmatch(key) for key in found]
    if not found or not all(keys) or not all(isinstance(one, dict) for one in found.values()):
        return []
    said = {match["word"].strip("_- ").lower() for match in keys if match}
    word = said.pop() if len(said) == 1 else None
    if word is None:
        return []
    return [
        {word or "epoch": int(match["number"])} | one
        for match, one in zip(keys, found.values(), strict=True)
        if match
    ]


def _is_series(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(one is None or isinstance(one, int | float | str) for one in value)
        and any(number(one) is not None for one in value)
    )


def _of_lists(
    lists: Mapping[str, list[Any]], name: str, wanted: str | None, config: dict[str, Any]
) -> RunFile:
    """A list a series; one of another length than the steps counts by itself."""
    lengths = {len(values) for values in lists.values()}
    steps = [key for key in lists if key == wanted or (parts(key) in STEPS and not wanted)]
    if not steps and not wanted and not any(map(is_measure, lists)):
        raise Unreadable(
            name, f"holds no training history: none of its lists is a loss; it has: {enumeration(lists)}"
        )
    if steps or wanted:
        length = len(lists[steps[0]]) if steps else max(lengths)
        same = {key: values for key, values in lists.items() if len(values) == length}
        table = Table(
            {key: column(sound(key), values) for key, values in same.items()}, length, config=config
        )
        series, notes = series_of(table, name, wanted)
        left = [key for key in lists if key not in same]
        if left:
            notes = (*notes, f"Lists of another length than the steps were left out: {enumeration(left)}.")
        return RunFile({one.name: one for one in series}, sound(config), notes=notes, format=History.name)
    ours = own_names(map(str, lists))
    found = {}
    for key, values in lists.items():
        one = column(key, values)
        at = np.flatnonzero(one.logged)
        if not at.size:
            continue
        own = sound(ours[key])
        found[own] = Series(
            own,
            one.values[at],
            None if at.size == len(values) else at,
            sound(key),
            "epoch",
            is_evaluation(key),
            rows=at,
        )
    if not found:
        raise Unreadable(name, "holds no training history: it has no lists of numbers", no_series=True)
    notes = ("The position in each list is taken for the epoch, counted from 0.",)
    return RunFile(found, sound(config), notes=notes, format=History.name)


def _of_objects(found: list[Any], name: str, wanted: str | None, config: dict[str, Any]) -> RunFile:
    objects = [one for one in found if isinstance(one, dict)]
    if 2 * len(objects) <= len(found) or not objects:
        raise Unreadable(name, "holds a list of other things than objects, so it is not a training history")
    if any("step" in one and ("train_runtime" in one or "eval_runtime" in one) for one in objects):
        run = history_of({"log_history": objects}, name)  # a Trainer's, without its state
        return replace(run, config=sound(config), format=History.name)
    series, notes = series_of(Table(of_objects(objects), len(objects), config=config), name, wanted)
    return RunFile({one.name: one for one in series}, sound(config), notes=notes, format=History.name)


def _golden(found: Mapping[str, Any]) -> dict[str, Series]:
    """Megatron's ``{"lm loss": {"values": {"1": 10.5, ...}}}``: steps are keys."""
    series: dict[str, Series] = {}
    ours = own_names(map(str, found))
    for key, one in found.items():
        values = one.get("values") if isinstance(one, dict) else None
        if not isinstance(values, dict) or not values:
            continue
        pairs = [(number(step), number(value)) for step, value in values.items()]
        whole = [
            (int(s), v)
            for s, v in pairs
            if s is not None and v is not None and s == s // 1 and abs(s) < 1 << 53
        ]
        if not whole:
            continue
        own = sound(ours[key])
        series[own] = Series(
            own,
            np.array([value for _, value in whole], dtype=np.float64),
            np.array([step for step, _ in whole], dtype=np.int64),
            sound(key),
            evaluation=is_evaluation(key),
            table=sound(key),
        )
    return series
