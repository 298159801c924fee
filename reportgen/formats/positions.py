"""Which column of a table is the step, and which are other positions of its rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from reportgen.formats.series_names import parts
from reportgen.kinds import Unreadable
from reportgen.text import one_line

if TYPE_CHECKING:
    import numpy.typing as npt

    from reportgen.kinds import FloatArray, IntArray

__all__ = [
    "POSITIONS",
    "STEPS",
    "BoolArray",
    "Column",
    "Step",
    "axes_of",
    "choose_step",
    "counts_too",
    "enumeration",
    "plain",
    "quoted",
    "rows_by_epoch",
    "rows_without_step",
]

BoolArray: TypeAlias = "npt.NDArray[np.bool_]"

# Names of the step, in the order in which they are taken; a name is compared by its parts.
STEPS = (
    *(("step",), ("global", "step"), ("trainer", "global", "step"), ("steps",), ("current", "steps")),
    *(("train", "step"), ("training", "step"), ("train", "global", "step"), ("num", "steps"), ("n", "steps")),
    *(
        ("iteration",),
        ("iterations",),
        ("iter",),
        ("iters",),
        ("itr",),
        ("it",),
        ("n", "iter"),
        ("iter", "num"),
    ),
    *(("time", "total", "timesteps"), ("total", "timesteps"), ("timesteps", "total"), ("timesteps",)),
    *(("timestep",), ("env", "steps"), ("total", "env", "steps"), ("num", "env", "steps")),
    *(("updates",), ("update",), ("num", "updates"), ("n", "updates")),
    *(
        ("total", "env", "interacts"),
        ("training", "iteration"),
        ("time", "iterations"),
        ("batch",),
        ("batches",),
        ("batch", "idx"),
    ),
    *(
        ("minibatch",),
        ("samples",),
        ("samples", "seen"),
        ("num", "samples"),
        ("examples",),
        ("frames",),
        ("round",),
        ("epoch",),
        ("epochs",),
        ("epoch", "num"),
        ("num", "epoch"),
        ("episode",),
    ),
    ("episodes",),
)
_EPOCHS = (
    ("epoch",),
    ("epochs",),
    ("epoch", "num"),
    ("num", "epoch"),
    ("train", "epoch"),
    ("trainer", "epoch"),
)
_UNITS = {
    "samples": "sample",
    "examples": "example",
    "frames": "frame",
    "tokens": "token",
    "epoch": "epoch",
    "epochs": "epoch",
    "round": "round",
    "episode": "episode",
    "episodes": "episode",
}
_TIMES = (
    *(("elapsed",), ("elapsed", "time"), ("time", "elapsed"), ("time", "time", "elapsed"), ("wall", "time")),
    *(
        ("walltime",),
        ("total", "time"),
        ("time", "total"),
        ("time", "total", "s"),
        ("runtime",),
        ("train", "time"),
    ),
    *(("training", "time"), ("timestamp",), ("time",)),
)
_SECONDS = frozenset({"s", "sec", "secs", "second", "seconds"})
_TOKENS = (
    *(("tokens",), ("num", "tokens"), ("total", "tokens"), ("tokens", "seen"), ("n", "tokens")),
    *(("num", "input", "tokens", "seen"), ("train", "num", "tokens"), ("train", "tokens")),
)
# A plain "time" may be seconds a step: only one that rises all along so many rows is a clock.
_CLOCK_ROWS = 10
POSITIONS = frozenset({*STEPS, *_EPOCHS, *_TIMES, *_TOKENS})
"""Names of columns that say where a row stands."""

_SHOWN = 8
_LETTERS = 80
_WHOLE = float(2**53)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: As the file has it.
        values: (rows,) float64; NaN where nothing was logged.
        logged: (rows,) bool: a number stands there, be it NaN.
        others: Cells that hold something else than a number.
        texts: The cells of a column of text; empty for one of numbers.
    """

    name: str
    values: FloatArray
    logged: BoolArray
    others: int = 0
    texts: Sequence[str | None] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """The position of each row.

    Attributes:
        column: Its column, which may be nameless; None where the rows are counted.
        unit: What it counts.
        values: (rows,) int64; 0 where none was logged.
        logged: (rows,) bool.
    """

    column: str | None
    unit: str
    values: IntArray
    logged: BoolArray


def choose_step(numbers: Mapping[str, Column], rows: int, name: str, wanted: str | None = None) -> Step:
    """The position of each row: the column that the list names, else the first of :data:`STEPS` that is one.

    Args:
        numbers: Columns that hold numbers.
        rows: Of the table.
        name: The file's name, for messages.
        wanted: What the list names.

    Raises:
        Unreadable: The named column is not there or holds no whole numbers; or the step is a pair
            of columns, such as epoch and batch.
    """
    if wanted:
        key = next((key for key in numbers if key == wanted or key.strip().lower() == wanted.lower()), None)
        if key is None:
            raise Unreadable(
                name, f"has no column {quoted(wanted)} of numbers; it has: {enumeration(numbers)}"
            )
        if not _is_whole(numbers[key]):
            raise Unreadable(
                name,
                f"has values that are not whole numbers in its column {quoted(key)}; "
                f"name another column of steps: step = ..., it has: {enumeration(numbers)}",
            )
        return _step(numbers[key])
    known = [
        (rank, key.startswith("_"), place, key)
        for place, key in enumerate(numbers)
        if (rank := _rank(key)) is not None
    ]
    filled = max((int(one.logged.sum()) for one in numbers.values()), default=0)
    for *_, key in sorted(known):
        one = numbers[key]
        values = one.values[one.logged]
        if (
            not _is_whole(one)
            or 2 * values.size < filled
            or (values.size > 1 and (values == values[0]).all())
        ):
            continue
        outer = _outer(numbers, one)
        if outer:
            raise Unreadable(
                name,
                f"has no single column of steps: {quoted(key)} begins again with each {quoted(outer)}; "
                f"name the column: step = ..., it has: {enumeration(numbers)}",
            )
        return _step(one)
    unnamed = next((one for key, one in numbers.items() if not key.strip()), None)
    if (
        unnamed is not None
        and unnamed.logged.all()
        and _is_whole(unnamed)
        and (np.diff(unnamed.values) > 0).all()
    ):
        return _step(unnamed)
    return Step(None, "step", np.arange(rows), np.ones(rows, np.bool_))


def _rank(key: str) -> int | None:
    """The place of a name among those of steps; names below others come after all."""
    said, inner = plain(key), plain(key.rpartition("/")[2])
    if said in STEPS:
        return STEPS.index(said)
    return len(STEPS) + STEPS.index(inner) if inner in STEPS else None


def plain(key: str) -> tuple[str, ...]:
    """The parts of a name without its digits."""
    return tuple(part for part in parts(key) if not part.isdigit())


def _without_unit(key: str) -> tuple[str, ...]:
    """The parts of a name less the seconds that it ends in: ``Wall time (s)``."""
    said = plain(key)
    bare = said[:-1]
    return bare if said[-1:] and said[-1] in _SECONDS and said not in _TIMES and bare in _TIMES else said


def _is_whole(one: Column) -> bool:
    values = one.values[one.logged]
    return bool(values.size and (np.abs(values) <= _WHOLE).all() and (values == np.round(values)).all())


def _step(one: Column) -> Step:
    unit = next((unit for part in parts(one.name) if (unit := _UNITS.get(part))), "step")
    return Step(one.name, unit, np.where(one.logged, one.values, 0).astype(np.int64), one.logged)


def _outer(numbers: Mapping[str, Column], one: Column) -> str | None:
    """The column of epochs that rises where ``one`` begins again; None where it counts all along."""
    for key, outer in numbers.items():
        if plain(key) not in _EPOCHS or outer is one:
            continue
        both = one.logged & outer.logged
        inner, above = one.values[both], outer.values[both]
        back = inner[1:] < inner[:-1]
        if back.any() and (above[1:] > above[:-1])[back].mean() > 1 / 2:
            return key
    return None


def rows_by_epoch(numbers: Mapping[str, Column], step: Step) -> tuple[Step, BoolArray | None]:
    """Rows whose step is the epoch although others count iterations, as mmengine writes validations."""
    epoch = next((one for key, one in numbers.items() if plain(key) in _EPOCHS), None)
    if epoch is None or step.column is None or epoch.name == step.column or not epoch.logged.any():
        return step, None
    bare = step.logged & ~epoch.logged
    bare[: int(np.argmax(epoch.logged))] = False
    if not bare.any() or (step.values == epoch.values)[epoch.logged].all():
        return step, None
    before = np.maximum.accumulate(np.where(epoch.logged, np.arange(len(bare)), 0))
    same = step.values[bare] == epoch.values[before][bare]
    return (step, bare) if same.all() else (step, None)


def rows_without_step(numbers: Mapping[str, Column], step: Step) -> tuple[Step, BoolArray | None]:
    """Rows that tell a whole epoch and no step, of a loop that logs steps here and epochs there.

    Only where what they log is not logged with a step too: then they are a table of their own.
    """
    epoch = next((one for key, one in numbers.items() if plain(key) in _EPOCHS), None)
    if epoch is None or step.column is None or epoch.name == step.column:
        return step, None
    bare = epoch.logged & ~step.logged
    theirs = [one for one in numbers.values() if one is not epoch and (one.logged & bare).any()]
    both = any((one.logged & step.logged).any() for one in theirs if plain(one.name) not in POSITIONS)
    if not theirs or both or not _is_whole(Column(epoch.name, epoch.values, bare)):
        return step, None
    values = np.where(bare, epoch.values, step.values).astype(np.int64)
    return Step(step.column, step.unit, values, step.logged | bare), bare


def axes_of(numbers: Mapping[str, Column], step: Step) -> dict[str, str]:
    """Columns that are other positions of the rows, with the kind of each."""
    found: dict[str, str] = {}
    for kind, known in (("epoch", _EPOCHS), ("time", _TIMES), ("tokens", _TOKENS)):
        named = [(known.index(said), key) for key in numbers if (said := _without_unit(key)) in known]
        for _, key in sorted(named):
            one = numbers[key]
            values = one.values[one.logged]
            if key == step.column or not (kind == "epoch" or _rises(one, step)):
                continue
            if _without_unit(key) == ("time",) and values.size < _CLOCK_ROWS:
                continue
            if kind not in found.values():
                found[key] = kind
    return found


def _rises(one: Column, step: Step) -> bool:
    """Whether a column never falls while the step rises."""
    both = one.logged & step.logged
    values, steps = one.values[both], step.values[both]
    return values.size > 1 and bool((values[1:] >= values[:-1])[steps[1:] > steps[:-1]].all())


def counts_too(one: Column, step: Step) -> bool:
    """Whether a column is another count of the steps, no quantity."""
    return step.column is not None and plain(one.name) in STEPS and _is_whole(one) and _rises(one, step)


def quoted(name: str) -> str:
    """A stranger's name in a sentence."""
    return f'"{one_line(name, _LETTERS)}"'


def enumeration(names: Collection[str]) -> str:
    """Names in a sentence: the first of them, and how many more."""
    if not names:
        return "no columns"
    shown = [one_line(name, _LETTERS) or "(a column without a name)" for name in list(names)[:_SHOWN]]
    return ", ".join(shown) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
