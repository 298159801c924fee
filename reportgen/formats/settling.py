"""Steps as a run went: restarts, late entries, two processes in one file; the same for every format.

A reader gives each series in its file's order. Here the order becomes that of training: what a restart
took back is left out and counted, late entries take their places, and a file into which two processes
wrote is refused, since no curve can be made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from reportgen.kinds import RunFile, Series, Unreadable
from reportgen.text import one_line

if TYPE_CHECKING:
    import numpy.typing as npt

    from reportgen.kinds import IntArray

__all__ = ["numbered", "one_run", "repeated_runs", "settle"]

BoolArray: TypeAlias = "npt.NDArray[np.bool_]"

# Fewer entries than this were more likely written out of order than taken back by a restart.
_SHORT = 10
# Two processes in one file: more steps back than the first number, and more than one in so many entries.
_STEPS_BACK, _ONE_IN = 3, 20
_SHOWN = 3
_LETTERS = 80
_DIGITS = 9


def settle(run: RunFile, repeats: str | None = None, name: str = "it") -> RunFile:
    """Puts the entries of every series into the order of training.

    Several entries at one step with no step back between them all count. A step back in the series
    with the most entries of its unit is a restart: entries of all series of the unit that came before
    it, at its step or later ones, are superseded. Series share a unit where the format names the same
    one, unless their last steps differ more than twofold. A step back in another series is a late entry,
    which takes its place; so are all of a series of fewer than 10 entries, unless it begins again at
    its first step, and all of a series that was written from its last step to its first.

    Args:
        run: As its format read it.
        repeats: ``"runs"`` where the list says that the file holds several runs and ``run`` is one of
            :func:`repeated_runs`: then no note says that it may hold several.
        name: The file's name, for messages.

    Returns:
        The run with steps that never go back, ``superseded`` of each series, the mark ``restarted``
        where there was a restart, and a note of it. Axes follow their entries. A series of which
        nothing is left is not among them.

    Raises:
        Unreadable: Two processes wrote into the file.
    """
    if all(one.steps is None for one in run.series.values()):
        return run
    series = dict(run.series)
    notes: list[str] = []
    restarted = False
    for unit in _units(run.series.values()):
        main = _longest(unit)
        restarts = _restarts(main)
        _refuse_two_processes(main, restarts, name)
        settled = {one.name: _settled(one, main, restarts) for one in unit}
        if restarts.size:
            restarted = True
            notes.append(_note(main, restarts, settled[main.name].superseded, repeats))
        gone = [one for one in settled.values() if not len(one.values)]
        if gone:
            notes.append(f"All entries of {', '.join(map(_shown_name, gone))} were superseded.")
        series |= settled
    series = {key: one for key, one in series.items() if len(one.values)}
    marks = run.marks if not restarted or "restarted" in run.marks else (*run.marks, "restarted")
    return replace(run, series=series, marks=marks, notes=(*run.notes, *notes))


def numbered(name: str) -> tuple[str, int | None]:
    """A run's name and its number in a file that holds several: ``sweep/a#2`` -> ``sweep/a``, 2."""
    base, mark, number = name.rpartition("#")
    return (
        (base, int(number))
        if mark and base and number.isdecimal() and len(number) < _DIGITS
        else (name, None)
    )


def one_run(run: RunFile, name: str, repeats: str | None, file: str) -> RunFile:
    """The run that a list means, settled.

    Args:
        run: As its format read it.
        name: The run's name, which ends in ``#2`` for the second one of its file.
        repeats: ``"runs"`` where the list says so; otherwise the file holds one run.
        file: The file's name, for messages.

    Raises:
        Unreadable: Two processes wrote into the file; or it holds several runs, and the name says of none
            which it is.
    """
    if repeats != "runs":
        return settle(run, None, file)
    runs = repeated_runs(run)
    _, number = numbered(name)
    if number is None and len(runs) > 1:
        raise Unreadable(
            file,
            f"holds {len(runs):,} runs, one after the other; write #1 after the run's name for the first, "
            "#* for all",
        )
    if number is not None and not 0 < number <= len(runs):
        held = "1 run" if len(runs) == 1 else f"{len(runs):,} runs"
        raise Unreadable(file, f"holds {held}, so there is no #{number}")
    return settle(runs[(number or 1) - 1], repeats, file)


def repeated_runs(run: RunFile) -> list[RunFile]:
    """The runs of a file that holds several, one after the other, in the file's order.

    A step back to the first step or before it, in the longest series, begins another run. Of a file
    of one run the list holds that one. The runs are not settled.
    """
    longest = _longest(run.series.values())
    steps = _steps(longest)
    begins = _steps_back(steps)
    begins = begins[steps[begins] <= steps[0]] if begins.size else begins
    if not begins.size:
        return [run]
    parts: list[dict[str, Series]] = [{} for _ in range(begins.size + 1)]
    for one in run.series.values():
        numbers = _part_of_entries(one, longest, begins)
        for number, part in enumerate(parts):
            kept = np.flatnonzero(numbers == number)
            if kept.size:
                part[one.name] = _taken(one, kept)
    return [replace(run, series=part) for part in parts if part]


def _units(series: Iterable[Series]) -> list[list[Series]]:
    """Series that count their steps alike, together."""
    named: dict[str, list[Series]] = {}
    for one in series:
        if len(one.values):
            named.setdefault(one.step_unit, []).append(one)
    units = []
    for rest in named.values():
        while rest:
            last = _last(_longest(rest))
            alike = [_last(one) <= 2 * last and last <= 2 * _last(one) for one in rest]
            units.append([one for one, same in zip(rest, alike, strict=True) if same])
            rest[:] = [one for one, same in zip(rest, alike, strict=True) if not same]
    return units


def _longest(series: Iterable[Series]) -> Series:
    """The series with the most entries; of several the loss, else the first."""
    return max(series, key=lambda one: (len(one.values), one.name == "loss"))


def _steps(one: Series) -> IntArray:
    return np.arange(len(one.values), dtype=np.int64) if one.steps is None else one.steps


def _last(one: Series) -> int:
    """The greatest step, also where a restart took it back: series of one unit come near to it together."""
    return len(one.values) - 1 if one.steps is None else max(0, int(one.steps.max()))


def _steps_back(steps: IntArray) -> IntArray:
    """Positions of entries whose step is smaller than that of the entry before."""
    return np.flatnonzero(steps[1:] < steps[:-1]) + 1


def _restarts(main: Series) -> IntArray:
    """Positions in ``main`` at which a run was restarted."""
    steps = _steps(main)
    back = _steps_back(steps)
    if back.size and not (steps[1:] > steps[:-1]).any():
        return back[:0]  # written from the last step to the first
    if len(steps) >= _SHORT or not back.size:
        return back
    again = [at for at in back if steps[at] <= steps[0] and np.intersect1d(steps[:at], steps[at:]).size]
    return np.array(again, dtype=np.int64)


def _refuse_two_processes(main: Series, restarts: IntArray, name: str) -> None:
    steps = _steps(main)
    inside = int((steps[restarts] > steps[0]).sum())  # others begin the run once more
    if inside > _STEPS_BACK and inside * _ONE_IN > len(steps):
        raise Unreadable(
            name,
            f"seems to be written by two processes at once: the steps of {_shown_name(main)} go back "
            f"{inside:,} times in {len(steps):,} entries; give each process a file of its own",
        )


def _settled(one: Series, main: Series, restarts: IntArray) -> Series:
    """``one`` without what restarts of its unit took back, in the order of its steps."""
    steps = _steps(one)
    kept = np.flatnonzero(~_superseded(one, main, restarts)) if restarts.size else np.arange(len(steps))
    ordered = kept[np.argsort(steps[kept], kind="stable")]
    if ordered.size == len(steps) and (ordered[1:] > ordered[:-1]).all():
        return one
    gone = len(steps) - ordered.size
    taken = replace(_taken(one, ordered), superseded=one.superseded + gone)
    if taken.rows is not None and (taken.rows[1:] < taken.rows[:-1]).any():
        return replace(taken, rows=None)  # late entries took their places: it is no longer as written
    return taken


def _superseded(one: Series, main: Series, restarts: IntArray) -> BoolArray:
    """(entries,) bool: an entry before a restart that begins at its step or an earlier one."""
    steps = _steps(one)
    if one is main:
        number = np.searchsorted(restarts, np.arange(len(steps)), side="right")
        begun = steps[restarts]
    elif (rows := _rows_as(one, main)) is not None:
        at = np.arange(len(main.values)) if main.rows is None else main.rows
        number = np.searchsorted(at[restarts], rows, side="right")
        begun = _steps(main)[restarts]
    else:  # It does not say what came first: its own steps must do.
        own, begun = _own_restarts(one, main, restarts)
        number = np.searchsorted(own, np.arange(len(steps)), side="right")
    # The earliest step that the restarts from each one on went back to; after the last none does.
    none = np.array([np.iinfo(np.int64).max])
    earliest = np.minimum.accumulate(np.concatenate([begun, none])[::-1])[::-1]
    taken_back: BoolArray = (earliest[number] <= steps) & (number < begun.size)
    return taken_back


def _own_restarts(one: Series, main: Series, restarts: IntArray) -> tuple[IntArray, IntArray]:
    """Where a series of another table was restarted with its unit, and the steps to which that went back.

    There its steps do not rise, within what a restart of ``main`` took back. Where they do not rise more
    often than there were restarts, or nowhere so, only its steps back count.
    """
    steps, of_main = _steps(one), _steps(main)
    back_to = [(int(of_main[at]), int(of_main[:at].max())) for at in restarts]
    level = np.flatnonzero(steps[1:] <= steps[:-1]) + 1
    found = {
        int(at): max(begun)
        for at in level
        if (begun := [first for first, last in back_to if first <= steps[at] <= last])
    }
    if not found or level.size > restarts.size:
        own = _restarts(one)
        return own, steps[own]
    return np.array(list(found), dtype=np.int64), np.array(list(found.values()), dtype=np.int64)


def _rows_as(one: Series, main: Series) -> IntArray | None:
    """Where the entries of ``one`` stand among the rows of ``main``; None where that is not known."""
    if one.table != main.table:
        return None
    if one.rows is not None and main.rows is not None:
        return one.rows
    if len(one.values) == len(main.values) and np.array_equal(_steps(one), _steps(main)):
        return np.arange(len(main.values)) if main.rows is None else main.rows
    return None


def _part_of_entries(one: Series, longest: Series, begins: IntArray) -> IntArray:
    """(entries,) number of the run to which each entry of ``one`` belongs."""
    rows = np.arange(len(one.values)) if one is longest else _rows_as(one, longest)
    if one is not longest and rows is not None:
        at = np.arange(len(longest.values)) if longest.rows is None else longest.rows
        return np.searchsorted(at[begins], rows, side="right")
    if rows is not None:
        return np.searchsorted(begins, rows, side="right")
    steps = _steps(one)
    own = _steps_back(steps)
    own = own[steps[own] <= steps[0]] if own.size else own
    return np.searchsorted(own, np.arange(len(steps)), side="right")


def _taken(one: Series, chosen: IntArray) -> Series:
    """The chosen entries of a series, with all that belongs to them."""
    return replace(
        one,
        values=one.values[chosen],
        steps=_steps(one)[chosen],
        axes={name: axis[chosen] for name, axis in one.axes.items()},
        rows=None if one.rows is None else one.rows[chosen],
    )


def _note(main: Series, restarts: IntArray, superseded: int, repeats: str | None) -> str:
    """What a reader should know of the restarts of one unit."""
    steps = _steps(main)
    begun = steps[restarts]
    times = "once" if len(begun) == 1 else f"{len(begun):,} times"
    where = _enumeration([f"{step:,}" for step in begun[:_SHOWN]], len(begun))
    note = (
        f"The steps of {_shown_name(main)} go back {times}, to {main.step_unit} {where}: the run was "
        f"restarted, and {superseded:,} of its entries {'was' if superseded == 1 else 'were'} superseded."
    )
    runs = 1 + int((begun <= steps[0]).sum())
    if runs > 1 and repeats != "runs":
        note += (
            f" The file may hold {runs:,} runs, one after the other; "
            f'repeats = "runs" under [source.format] reads each.'
        )
    return note


def _enumeration(words: Sequence[str], count: int) -> str:
    if count > len(words):
        return ", ".join(words) + ", ..."
    return words[0] if count == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def _shown_name(one: Series) -> str:
    return one_line(one.source_name or one.name, _LETTERS)
