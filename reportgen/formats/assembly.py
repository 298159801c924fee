"""Columns of values -> the series of a run: names, epochs, order; the same for loggers of every kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from reportgen.formats.reading import sound
from reportgen.formats.series_names import is_evaluation, own_names, parts
from reportgen.kinds import Series

if TYPE_CHECKING:
    from reportgen.kinds import FloatArray, IntArray

__all__ = ["EVALUATION", "LOSS", "Column", "counted", "listed", "series_of", "shown"]

LOSS: Final = "loss"
EVALUATION: Final = "eval_loss"

_EPOCHS = ("epoch", "train/epoch", "trainer/epoch")
_SHOWN = 5
_LONGEST = 100
# What Transformers logs once, at the end: of the run as a whole, among them the mean of its losses.
_END = "train/train_runtime"
_RESULTS = (
    _END,
    "train/train_loss",
    "train/train_samples_per_second",
    "train/train_steps_per_second",
    "train/total_flos",
)
# What may stand with "loss" in the name of an evaluation of the loss itself, not of a part of it.
_PLAIN = frozenset({"loss", "total", "lm", "step", "batch", "iter", "avg", "average", "mean", "epoch"})


@dataclass(frozen=True, slots=True)
class Column:
    """What a logger wrote under one name; all arrays are (entries,), in the order of writing.

    Attributes:
        values: float64.
        steps: int64; None where it gives none.
        times: Seconds since 1970, float64; None where it gives none.
        rows: int64, where the entry stands in its table; None where that is not known.
        unit: What the steps count.
        table: See ``Series.table``.
        axes: Other positions that were logged with each entry.
    """

    values: FloatArray
    steps: IntArray | None
    times: FloatArray | None = None
    rows: IntArray | None = None
    unit: str = "step"
    table: str = ""
    axes: Mapping[str, FloatArray] = field(default_factory=dict)


def series_of(columns: Mapping[str, Column]) -> dict[str, Series]:
    """The series of a run by name: the loss first, what evaluates it next, all others as written.

    A column ``epoch`` that tells one for every step becomes an axis of the others. ``time`` counts
    from the first entry of the run.
    """
    # Names come from JSON too, where half a surrogate pair may stand.
    columns = {sound(name): column for name, column in columns.items() if len(column.values)}
    if _END in columns and len(columns) > len(_RESULTS):
        columns = {name: column for name, column in columns.items() if name not in _RESULTS}
    first_times = [float(np.min(column.times)) for column in columns.values() if column.times is not None]
    began = min(first_times, default=0.0)
    epochs = next((columns[name] for name in _EPOCHS if name in columns), None)
    ours = own_names(columns)
    taken = {}
    used = False
    for source_name, column in columns.items():
        axes = {axis: at for axis, at in column.axes.items() if len(at) == len(column.values)}
        if epochs is not None and column is not epochs:
            found = _epochs_at(column, epochs)
            if found is not None:
                axes["epoch"], used = found, True
        if column.times is not None:
            axes["time"] = column.times - began
        name = ours[source_name]
        taken[name] = Series(
            name=name,
            values=column.values,
            steps=column.steps,
            source_name=source_name,
            step_unit=column.unit,
            evaluation=name == EVALUATION or _is_evaluation_of_loss(source_name),
            axes=axes,
            table=column.table,
            rows=column.rows,
        )
    if used and len(taken) > 1:
        taken = {name: one for name, one in taken.items() if one.source_name not in _EPOCHS}
    order = {LOSS: 0, EVALUATION: 1}
    return dict(sorted(taken.items(), key=lambda one: (order.get(one[0], 2), not one[1].evaluation)))


def _is_evaluation_of_loss(name: str) -> bool:
    words = parts(name)
    return (
        "loss" in words
        and is_evaluation(name)
        and all(word in _PLAIN or is_evaluation(word) for word in words)
    )


def _epochs_at(column: Column, epochs: Column) -> FloatArray | None:
    """(entries,) epochs at the column's steps; None where one of them has none."""
    if column.steps is None or epochs.steps is None or column.unit != epochs.unit:
        return None
    order = np.argsort(epochs.steps, kind="stable")
    known = epochs.steps[order]
    at = np.minimum(np.searchsorted(known, column.steps, side="right") - 1, len(known) - 1)
    if (at < 0).any() or not np.array_equal(known[at], column.steps):
        return None
    found: FloatArray = epochs.values[order][at]
    return found


def listed(names: Sequence[str]) -> str:
    """Some of many names, for a sentence."""
    words = ", ".join(map(shown, names[:_SHOWN]))
    return words if len(names) <= _SHOWN else f"{words} and {len(names) - _SHOWN:,} more"


def shown(name: str) -> str:
    """A name from a file, for a sentence of one line."""
    plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}..."


def counted(count: int, one: str, many: str | None = None) -> str:
    """``1 record``, ``2,048 records``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
