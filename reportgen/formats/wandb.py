"""Files that W&B writes beside its server: ``.wandb``, of a run or of a folder of run folders.

A file has the whole run in it, so that ``files/config.yaml`` and ``wandb-summary.json`` beside it need
not be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reportgen.formats.assembly import Column, counted, listed, series_of
from reportgen.formats.reading import sound
from reportgen.formats.series_names import parts
from reportgen.formats.stores import ids_by_name, run_of
from reportgen.formats.wandb_file import MAGIC, WandbFile, read_wandb_file
from reportgen.kinds import RunFile, Unreadable

if TYPE_CHECKING:
    from reportgen.kinds import FloatArray, Head, InputFile, IntArray

__all__ = ["FORMAT", "Wandb"]

_SUFFIX = ".wandb"
_OWN = "_"  # _step, _runtime, _timestamp, _wandb
_STEP = "_step"
_TIME = "_timestamp"
_LARGEST = 2**62


class Wandb:
    """See the module."""

    name = "wandb"
    version = 1

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        found = [file for file in files if file.endswith(_SUFFIX) or len(files) == 1]
        # latest-run is a link to one of the folders beside it.
        found = [file for file in found if "latest-run" not in PurePosixPath(file).parts[:-1]] or found
        return tuple(file for file in found if head(file).startswith(MAGIC))

    def runs(self, files: Sequence[InputFile], options: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
        known = {file.name: _head(file) for file in files}
        return {
            name: [file for file, head in known.items() if _run_id(file, head) == run_id]
            for name, run_id in _ids(known).items()
        }

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        place = files[0].name if len(files) == 1 else ""
        known = {file.name: _head(file) for file in files}
        run_id = run_of(_ids(known), name, place)
        files = [file for file in files if _run_id(file.name, known[file.name]) == run_id]
        parts_of_run = [_read(file) for file in sorted(files, key=lambda file: file.name)]
        found = _together(parts_of_run)
        notes: list[str] = []
        columns = _columns(found, notes)
        if not columns:
            reason = "holds no history: nothing was logged; remove the run from the list"
            raise Unreadable(place, reason, no_series=not found.damaged)
        if found.damaged:
            notes.append(f"{counted(found.damaged, 'damaged part was', 'damaged parts were')} left out.")
        if found.left_out:
            notes.append(f"Values that are not numbers were left out: {found.left_out:,}.")
        return RunFile(
            series=series_of(columns),
            config=sound(found.config),
            unfinished=not found.ended,
            notes=tuple(notes),
            format=self.name,
        )


FORMAT: Final = Wandb()


def _read(file: InputFile) -> WandbFile:
    with file.open() as stream:
        return read_wandb_file(stream)


def _head(file: InputFile) -> WandbFile:
    with file.open() as stream:
        return read_wandb_file(stream, history=False)


def _run_id(file: str, head: WandbFile) -> str:
    """Of a run: from its file, else from the file's name."""
    return head.run_id or PurePosixPath(file).name.removesuffix(_SUFFIX).removeprefix("run-")


def _ids(known: Mapping[str, WandbFile]) -> dict[str, str]:
    """Names of the runs of a folder of run folders to their ids; one that was resumed has several files."""
    found: dict[str, str] = {}
    for file, head in sorted(known.items()):
        found.setdefault(_run_id(file, head), head.name)
    return ids_by_name(list(found.items()))


def _together(pieces: Sequence[WandbFile]) -> WandbFile:
    """The files of one run that was resumed, as one."""
    whole = pieces[0]
    for piece in pieces[1:]:
        whole.config |= piece.config
        whole.history += piece.history
        whole.steps |= piece.steps
        whole.globs |= piece.globs
        whole.ended = piece.ended
        whole.damaged += piece.damaged
        whole.left_out += piece.left_out
    return whole


def _columns(found: WandbFile, notes: list[str]) -> dict[str, Column]:
    """A column for each key, with the steps that were defined for it."""
    keys = list(dict.fromkeys(key for row in found.history for key in row if not key.startswith(_OWN)))
    steps = {step: _carried(found.history, step) for step in {_STEP, *map(found.step_of, keys)}}
    times = _carried(found.history, _TIME)
    rows = {key: _rows(found.history, key) for key in keys}
    step_keys = {key: found.step_of(key) for key in keys}
    odd = [key for key, step in step_keys.items() if step != _STEP and not _whole(steps[step][rows[key]])]
    if odd:
        notes.append(
            f"Steps of {listed(odd)} are taken from _step, since those defined are not whole numbers."
        )
    step_keys |= dict.fromkeys(odd, _STEP)
    step_keys = {key: step for key, step in step_keys.items() if key not in step_keys.values()}
    units = _units(list(step_keys.values()))
    columns = {}
    for key, step in step_keys.items():
        at = steps[step][rows[key]]
        if not _whole(at):  # A file without _step: its rows are counted.
            at = rows[key].astype(np.float64)
        when = times[rows[key]]
        columns[key] = Column(
            values=np.array([found.history[row][key] for row in rows[key].tolist()], dtype=np.float64),
            steps=at.astype(np.int64),
            times=when if np.isfinite(when).all() else None,
            rows=rows[key],
            unit=units[step],
            table=step,
        )
    defined = sorted(set(step_keys.values()) - {_STEP})
    if defined:
        notes.append(f"Steps are taken from {listed(defined)}, as the run defined its metrics.")
    return columns


def _units(steps: Sequence[str]) -> dict[str, str]:
    """What each key of steps counts: no two count alike; of those defined that of most is the step."""
    defined = [step for step in steps if step != _STEP]
    first = max(defined, key=defined.count, default=_STEP)
    units = {step: "log call" if step == _STEP else step for step in steps}
    for step in units:
        if parts(step)[-1:] == ("epoch",):
            units[step] = "epoch"
        elif step == first:
            units[step] = "step"
    return units


def _rows(history: Sequence[Mapping[str, float]], key: str) -> IntArray:
    return np.array([place for place, row in enumerate(history) if key in row], dtype=np.int64)


def _carried(history: Sequence[Mapping[str, float]], key: str) -> FloatArray:
    """(rows,) a key's value in each row, that of the row before where it has none; NaN before the first."""
    values = np.empty(len(history))
    last = np.nan
    for place, row in enumerate(history):
        last = row.get(key, last)
        values[place] = last
    return values


def _whole(steps: FloatArray) -> bool:
    return bool((np.abs(steps) < _LARGEST).all() and (steps == np.floor(steps)).all())
