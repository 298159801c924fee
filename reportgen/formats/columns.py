"""A table of logged values -> series: which column is the step, which are other positions, which the loss.

The same for CSV, TSV, JSON Lines and Parquet, and for every format whose rows are logged values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from reportgen.formats.positions import (
    POSITIONS,
    STEPS,
    BoolArray,
    Column,
    Step,
    axes_of,
    choose_step,
    counts_too,
    enumeration,
    plain,
    quoted,
    rows_by_epoch,
    rows_without_step,
)
from reportgen.formats.reading import number, sound
from reportgen.formats.series_names import is_evaluation, is_measure, own_names, parts
from reportgen.kinds import Series, Unreadable

if TYPE_CHECKING:
    from reportgen.kinds import FloatArray

__all__ = ["SPLITS", "Table", "column", "in_order", "of_objects", "series_of"]

SPLITS = frozenset({"train", "training", "val", "valid", "validation", "eval", "evaluation", "test", "dev"})
"""Words that say of which data values are."""

_TAGS = frozenset({"tag", "metric", "name", "key", "metrics"})
_IDENTITIES = frozenset(
    {"run", "name", "id", "uuid", "experiment", "model", "title", "trial", "job", "config"}
)
_NUMBERED = frozenset({"run", "seed", "fold", "trial"})
_ODD = re.compile(
    r"(?:(?:tensor|(?:np\.|numpy\.)?float\d+)\((?=.*\))|\[(?=[^,]*\]$)|(?=.*%$))"
    r"\s*(?P<number>[-+]?[\d.]+(?:[eE][-+]?\d+)?|nan|inf)(?:[,)\]].*|\s*%)|(?P<comma>[-+]?\d+,\d+)"
)
# As C of Microsoft and of others writes what is no number: -1.#IND, 1.#QNAN, nan(0x8), -nan(ind).
_NO_NUMBER = re.compile(r"[+-]?(?:1\.#(?:qnan|snan|ind)\d*|nan\(\w*\))", re.IGNORECASE)
_INFINITE = re.compile(r"(?P<sign>[+-]?)1\.#inf\d*", re.IGNORECASE)
_MACHINE = frozenset(
    {
        *(
            "time",
            "timers",
            "seconds",
            "eta",
            "memory",
            "mem",
            "cpu",
            "gpu",
            "ram",
            "fps",
            "throughput",
            "pid",
            "runtime",
        ),
        *("usd", "sec", "duration", "elapsed"),
    }
)
# A table of what a model said of examples has a column of these; one of steps has not.
_EXAMPLES = frozenset(
    {"id", "label", "labels", "pred", "preds", "prediction", "predictions", "target", "answer", "text"}
)
# Seconds: more than a run takes, less than any date of one.
_YEARS = 3e8
_NOTHING = frozenset({"", "null", "none", "na", "n/a", "-", "--", "<na>"})


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of logged values.

    Attributes:
        columns: By name, in the file's order; all are equally long.
        rows: How many.
        notes: What was left out, a sentence each.
        config: What the rows repeat of the configuration.
    """

    columns: Mapping[str, Column]
    rows: int
    notes: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)


def column(name: str, cells: Sequence[object]) -> Column:
    """A column of cells: numbers, texts that may be numbers, None.

    One of fewer numbers than other words is a column of text.
    """
    if bool not in set(map(type, cells)):  # the usual column: numbers, and cells in which nothing stands
        there = [cell is not None and cell != "" for cell in cells]
        try:
            found = (float(cell) if filled else np.nan for cell, filled in zip(cells, there, strict=True))  # type: ignore[arg-type]
            values = np.fromiter(found, np.float64, len(cells))
            return Column(name, values, np.array(there, dtype=np.bool_))
        except (ValueError, TypeError, OverflowError):
            pass
    values = np.full(len(cells), np.nan)
    logged = np.zeros(len(cells), np.bool_)
    others = 0
    for place, cell in enumerate(cells):
        logged_value = number(cell)
        if logged_value is None and isinstance(cell, str):
            logged_value = _written_oddly(cell)
        if logged_value is not None:
            values[place], logged[place] = logged_value, True
        elif cell is not None and not (isinstance(cell, str) and cell.strip().lower() in _NOTHING):
            others += 1
    if others:  # Where some cells are lists of several numbers, those of one are lists too.
        lists = np.array([isinstance(cell, str) and cell.lstrip().startswith("[") for cell in cells])
        others += int((logged & lists).sum())
        logged &= ~lists
        values[lists] = np.nan
    if others > logged.sum():
        texts = [cell.strip() if isinstance(cell, str) else None for cell in cells]
        return Column(name, values, np.zeros(len(cells), np.bool_), others, texts)
    return Column(name, values, logged, others)


def _written_oddly(cell: str) -> float | None:
    """``50%``, ``tensor(0.5, device='cuda:0')``, ``[0.5]``, ``1.#INF`` and ``0,5``."""
    text = cell.strip()
    if _NO_NUMBER.fullmatch(text):
        return math.nan
    if infinite := _INFINITE.fullmatch(text):
        return -math.inf if infinite["sign"] == "-" else math.inf
    found = _ODD.fullmatch(text)
    return number((found["number"] or found["comma"]).replace(",", ".")) if found else None


def of_objects(objects: Sequence[Mapping[str, Any]]) -> dict[str, Column]:
    """Columns of objects; nested ones are named by their path, joined by ``/``. Lists are left out."""
    cells: dict[str, list[object]] = {}
    for place, one in enumerate(objects):
        for key, value in _flat(one):
            values = cells.get(key)
            if values is None:
                values = cells[key] = []
            if len(values) < place:
                values.extend([None] * (place - len(values)))
            values.append(value)
    rows = len(objects)
    return {
        (name := sound(key)): column(name, values + [None] * (rows - len(values)))
        for key, values in cells.items()
    }


def _flat(one: Mapping[str, Any]) -> Iterable[tuple[str, object]]:
    if not any(isinstance(value, dict | list) for value in one.values()):
        return one.items()
    found: dict[str, object] = {}
    below: list[tuple[str, Any]] = [*one.items()][::-1]
    while below:
        key, value = below.pop()
        if isinstance(value, dict):
            below.extend([(f"{key}/{inner}", item) for inner, item in value.items()][::-1])
        elif not isinstance(value, list):
            found[key] = value
    return found.items()


def series_of(
    table: Table, name: str, wanted: str | None = None, hint: str = ""
) -> tuple[list[Series], tuple[str, ...]]:
    """The series of a table.

    Args:
        table: Its columns.
        name: The file's name, for messages.
        wanted: The step's column as the list names it.
        hint: Further words on what the rows are, which the file's name gives: ``val``.

    Returns:
        The series, in the order of their columns, under our names, and notes on what was taken.

    Raises:
        Unreadable: No column of steps can be recognised, or it is a table of something else.
    """
    table, split = _by_split(table)
    numbers = {one.name: one for one in table.columns.values() if one.logged.any()}
    if not wanted:
        _refuse_other_tables(table, name)
    step = choose_step(numbers, table.rows, name, wanted)
    step, by_epoch = rows_by_epoch(numbers, step)
    validates = by_epoch is not None
    if by_epoch is None:
        step, by_epoch = rows_without_step(numbers, step)
    axes = axes_of(numbers, step if by_epoch is None else replace(step, logged=step.logged & ~by_epoch))
    left = [one for one in numbers.values() if one.name != step.column and one.name not in axes]
    left = [one for one in left if not _is_index(one) and not counts_too(one, step)]
    if step.column is None:  # What counts in fractions is no quantity either.
        left = [one for one in left if plain(one.name) not in STEPS]
    left = [one for one in left if "timestamp" not in parts(one.name)]
    if (
        step.column is None
        and not wanted
        and any(parts(key)[-1:] and parts(key)[-1] in _EXAMPLES for key in table.columns)
    ):
        raise Unreadable(
            name,
            f"is a table of examples, not of steps; it has: {enumeration(table.columns)}",
            no_series=True,
        )
    if step.column is None and not any(is_measure(one.name) for one in left):
        raise Unreadable(
            name, f"holds no training series; it has: {enumeration(table.columns)}", no_series=True
        )
    positions = {kind: _since_its_start(kind, numbers[key].values) for key, kind in axes.items()}
    # Ultralytics' metrics/... are of the validation that follows each epoch.
    validated = any(key.startswith("train/") for key in numbers) and any(
        key.startswith("val/") for key in numbers
    )
    series = []
    ours = own_names(_hinted(one.name, hint) for one in left)
    for one in left:
        shown = _hinted(one.name, hint)
        for rows, unit, own in _tables_of(one, step, by_epoch, ours[shown]):
            at = np.flatnonzero(rows)
            if not at.size:
                continue
            series.append(
                Series(
                    own,
                    one.values[at],
                    step.values[at] if step.column is not None else (None if at.size == table.rows else at),
                    one.name,
                    unit,
                    is_evaluation(shown)
                    or (validates and unit != step.unit and own == ours[shown])
                    or (validated and one.name.startswith("metrics/")),
                    {kind: position[at] for kind, position in positions.items() if unit == step.unit},
                    rows=at,
                )
            )
    if not series:
        raise Unreadable(
            name,
            f"holds no numbers for any step; it has: {enumeration(table.columns)}",
            no_series=True,
        )
    texts = [one.name for one in table.columns.values() if one.texts and is_measure(one.name)]
    notes = _notes(series, table, step, left, split)
    if texts:
        notes.append(f"Columns that hold no numbers were left out: {enumeration(texts)}.")
    return in_order(series), (*table.notes, *notes)


def _tables_of(
    one: Column, step: Step, by_epoch: BoolArray | None, own: str
) -> list[tuple[BoolArray, str, str]]:
    """A column's rows: those that count steps, and those that count epochs, with unit and name."""
    there = one.logged & step.logged
    if by_epoch is None:
        return [(there, step.unit, own)]
    both = (there & ~by_epoch).any()
    return [
        (there & ~by_epoch, step.unit, own),
        (there & by_epoch, "epoch", f"{own} (epoch)" if both else own),
    ]


def in_order(series: Iterable[Series]) -> list[Series]:
    """The loss first, then its evaluation; what says how fast and on what a run went last."""
    first = {"loss": 0, "eval_loss": 1}
    return sorted(
        series, key=lambda one: first.get(one.name, 2 if _MACHINE.isdisjoint(parts(one.name)) else 3)
    )


def _since_its_start(kind: str, values: FloatArray) -> FloatArray:
    """A time of the day as seconds since the first."""
    first = float(np.nanmin(values))
    return values - first if kind == "time" and first > _YEARS else values


def _is_index(one: Column) -> bool:
    """A nameless column, or one named so, that counts the rows."""
    named = not one.name.strip() or one.name.strip().lower() in {"index", "unnamed: 0"}
    return named and bool((one.values == np.arange(len(one.values))).all() or not one.name.strip())


def _hinted(name: str, hint: str) -> str:
    return f"{hint}/{name}" if hint else name


def _by_split(table: Table) -> tuple[Table, str]:
    """Columns a split, where a column of words says which rows are which; a column a tag likewise."""
    for key, one in table.columns.items():
        words = [text.lower() if text else "" for text in one.texts]
        there = {word for word in words if word}
        if not there:
            continue
        name = key.strip().lower()
        is_split = there <= SPLITS
        values = next((other for other in table.columns if other.strip().lower() == "value"), None)
        is_tag = name in _TAGS and values is not None and len(there) < table.rows
        if not is_split and not is_tag:
            continue
        kept = {other: column_ for other, column_ in table.columns.items() if other != key}
        for other, numbers in list(kept.items()):
            if plain(other) in POSITIONS or not numbers.logged.any() or (is_tag and other != values):
                continue
            kept.pop(other)
            for word in dict.fromkeys(one.texts):
                if word is None:
                    continue
                rows = np.array([text == word for text in one.texts]) & numbers.logged
                training = is_split and word.lower() in {"train", "training"}
                shown = word if is_tag else other if training else f"{word}/{other}"
                if rows.any():
                    kept[shown] = Column(shown, np.where(rows, numbers.values, np.nan), rows)
        return Table(kept, table.rows, table.notes, table.config), key if len(there) > 1 else ""
    return table, ""


_LOG_STEPS = "log a row for each step"


def _refuse_other_tables(table: Table, name: str) -> None:
    """Refuses tables of one row a run, and of several runs below one another."""
    for key, one in table.columns.items():
        said = set(parts(key))
        texts = [text for text in one.texts if text]
        if table.rows > 1 and said & _IDENTITIES and len(texts) > table.rows // 2:
            different = len(set(texts))
            counted = any(plain(other) in STEPS for other in table.columns)
            if different == len(texts):
                raise Unreadable(
                    name,
                    f"is a table of runs, not of steps: {quoted(key)} differs in every row; {_LOG_STEPS}",
                    no_series=True,
                )
            if different > 1 and parts(key)[-1] in _IDENTITIES:
                if not counted:
                    raise Unreadable(
                        name,
                        f"is a table of runs, not of steps: it has no column of steps; {_LOG_STEPS}",
                        no_series=True,
                    )
                raise Unreadable(name, _several(key, different))
        values = one.values[one.logged]
        if len(said) == 1 and said & _NUMBERED and 1 < np.unique(values).size < values.size:
            raise Unreadable(name, _several(key, np.unique(values).size))


def _several(key: str, count: int) -> str:
    return f"holds several runs in one table: {quoted(key)} has {count:,} values; write one file for each run"


def _why_rows(table: Table) -> str:
    """Why the rows of a table are counted, where they are."""
    for key, one in table.columns.items():
        if plain(key) in STEPS and (one.texts or one.logged.any()):
            return f"its column {quoted(key)} does not count steps, so rows are counted"
    return "it has no column of steps, so rows are counted"


def _notes(
    series: Iterable[Series], table: Table, step: Step, left: Sequence[Column], split: str
) -> list[str]:
    """What was taken for what."""
    by_name = {one.name: one for one in series}
    taken = [_why_rows(table)]
    if step.column is not None:
        taken = [f"the step is {quoted(step.column) if step.column else 'its unnamed column'}"]
    for own, words in (("loss", "the loss"), ("eval_loss", "the evaluation loss")):
        if own in by_name and by_name[own].source_name != own:
            taken.append(f"{words} is {quoted(by_name[own].source_name)}")
    sentence = "; ".join(taken)
    notes = [f"{sentence[0].upper()}{sentence[1:]}."]
    if not {"loss", "eval_loss"} & set(by_name):
        losses = [one.name for one in left if "loss" in parts(one.name) and not is_evaluation(one.name)]
        if losses:
            notes.append(f"None of its columns is the total loss; it has: {enumeration(losses)}.")
    if split:
        notes.append(f"Its column {quoted(split)} says which series a row belongs to.")
    for one in left:
        if one.others:
            cells = (
                "1 cell is not a number and was"
                if one.others == 1
                else f"{one.others:,} cells are not numbers and were"
            )
            notes.append(f"In {quoted(one.name)}, {cells} left out.")
    without = int((~step.logged).sum()) if step.column is not None else 0
    if without:
        rows = "1 row has no step and was" if without == 1 else f"{without:,} rows have no step and were"
        notes.append(f"{rows} left out.")
    return notes
