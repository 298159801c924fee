"""``trainer_state.json`` of Transformers and TRL: the history that a Trainer keeps.

Every checkpoint of a run holds the history up to it. Of a folder of checkpoints the one with the highest
``global_step`` is read; shorter histories must be its beginning, and those that are not belong to other runs.
``training_args.bin`` is a pickle and is never opened.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from reportgen.formats.reading import document, kind, number, sound
from reportgen.formats.series_names import own_names
from reportgen.kinds import RunFile, Series, Unreadable

if TYPE_CHECKING:
    from reportgen.kinds import Head, InputFile

__all__ = ["TRAINER_STATE", "TrainerState", "history_of"]

_NAME = "trainer_state.json"
# Of the last entry and of evaluations: how long they took, not how the run went.
_MEASUREMENTS = (
    "_runtime",
    "_samples_per_second",
    "_steps_per_second",
    "_jit_compilation_time",
    "_model_preparation_time",
)
_NO_SERIES = frozenset(
    {"step", "epoch", "total_flos", "num_input_tokens_seen", "num_tokens", "eval_num_tokens"}
)
# A run may end so much short of its last step, by a step that did not come out even.
_SHORT = 0.01
_KEYS = (b'"log_history"', b'"best_model_checkpoint"', b'"is_world_process_zero"')


class TrainerState:
    """The format of ``trainer_state.json``."""

    name = "trainer_state"
    version = 1

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        """Those of the name; where there are none, JSON files that begin as one does."""
        named = [file for file in files if PurePosixPath(file).name == _NAME]
        others = [file for file in files if file.lower().endswith(".json")] or [*files][: len(files) == 1]
        return tuple(file for file in named or others if _is_state(head(file)))

    def runs(self, files: Sequence[InputFile], options: Mapping[str, Any]) -> Sequence[str] | None:
        return None

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        """Reads the state with the highest step, and looks at whether the others are its beginning."""
        states: list[tuple[str, dict[str, Any]]] = []
        refused: Unreadable | None = None
        for file in files:
            try:
                states.append((file.name, _state(file.read(), file.name)))
            except Unreadable as reason:
                refused = refused or reason
        if not states:
            raise refused or Unreadable(name, f"holds no {_NAME}")
        newest, state = max(
            states, key=lambda one: (_whole(one[1].get("global_step")), len(_history(one[1])))
        )
        run = history_of(state, newest)
        others = [other for other, less in states if not _begins(_history(state), _history(less))]
        notes = list(run.notes)
        if len(states) > 1:
            notes.insert(0, f"Read from {newest}, which has the highest step of {len(states):,} states.")
        if others:
            shown = ", ".join(sorted(others)[:3]) + (", ..." if len(others) > 3 else "")
            states_belong = (
                "1 state in this folder belongs to another run"
                if len(others) == 1
                else f"{len(others):,} states in this folder belong to other runs"
            )
            notes.append(f"{states_belong}: {shown}.")
        if refused:
            notes.append(f"{refused}.")
        return RunFile(
            run.series, run.config, run.recorded, run.unfinished, run.marks, tuple(notes), self.name
        )


TRAINER_STATE = TrainerState()


def _is_state(head: bytes) -> bool:
    """Whether it begins as a state does; the keys are sorted, so ``log_history`` may lie far behind."""
    return head.lstrip()[:1] == b"{" and any(key in head for key in _KEYS)


def _state(data: bytes, name: str) -> dict[str, Any]:
    found = document(data, name)
    if not isinstance(found, dict) or not isinstance(found.get("log_history"), list):
        holds = f"{kind(found)}, not" if not isinstance(found, dict) else "no log_history, so it is not"
        raise Unreadable(name, f"holds {holds} the state of a Trainer")
    return found


def _history(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in state["log_history"] if isinstance(entry, dict)]


def _begins(long: Sequence[Mapping[str, Any]], short: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a history is the beginning of a longer one, summaries aside."""
    mine, theirs = ([one for one in history if not _is_summary(one)] for history in (long, short))
    return len(theirs) <= len(mine) and all(_same(*pair) for pair in zip(mine, theirs, strict=False))


def _same(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    keys = {key for key in (*mine, *theirs) if not key.endswith(_MEASUREMENTS)}
    return all(repr(mine.get(key)) == repr(theirs.get(key)) for key in keys)


def _is_summary(entry: Mapping[str, Any]) -> bool:
    """The entry at the end of a run: means over all of it, which are no points."""
    return "train_runtime" in entry or ("train_loss" in entry and "total_flos" in entry)


def history_of(state: Mapping[str, Any], name: str) -> RunFile:
    """The run in a state.

    Args:
        state: With ``log_history``.
        name: The file's name, for messages.

    Raises:
        Unreadable: Its history holds no series.
    """
    history = _history(state)
    if not history:
        raise Unreadable(
            name, "has an empty log_history; set logging_steps so that the Trainer logs", no_series=True
        )
    found: dict[str, list[tuple[int, int, float]]] = {}
    positions: list[Mapping[str, Any]] = []
    left = {"step": 0, "summary": 0}
    for row, entry in enumerate(history):
        positions.append(entry)
        step = _step(entry.get("step"))
        if _is_summary(entry):
            left["summary"] += 1
            continue
        if step is None:
            left["step"] += 1
            continue
        for key, value in entry.items():
            if key in _NO_SERIES or key.endswith(_MEASUREMENTS):
                continue
            if (logged := number(value)) is not None:
                found.setdefault(sound(key), []).append((row, step, logged))
    if not found:
        raise Unreadable(name, _without_series(left), no_series=True)
    ours = own_names(found)
    series = {
        ours[key]: _series(ours[key], key, entries, positions) for key, entries in _in_order(found).items()
    }
    return RunFile(
        series,
        _config(state),
        unfinished=_is_unfinished(state, history),
        notes=tuple(_notes(series, left)),
        format=TrainerState.name,
    )


def _without_series(left: Mapping[str, int]) -> str:
    if left["summary"]:
        return "holds final results only; set logging_steps so that the Trainer logs"
    return "holds no entry with a step"


def _in_order(found: Mapping[str, Any]) -> dict[str, Any]:
    """Loss first, then what belongs to evaluations, then the rest as the file has it."""
    first = [key for key in ("loss", "eval_loss") if key in found]
    evaluations = [key for key in found if key.startswith("eval_") and key not in first]
    return {
        key: found[key]
        for key in (*first, *evaluations, *(k for k in found if k not in (*first, *evaluations)))
    }


def _series(
    own: str, key: str, entries: Sequence[tuple[int, int, float]], positions: Sequence[Mapping[str, Any]]
) -> Series:
    rows = np.array([row for row, _, _ in entries], dtype=np.int64)
    axes = {}
    for axis, keys in (
        ("epoch", ("epoch",)),
        ("tokens", ("num_tokens", "num_input_tokens_seen", "eval_num_tokens")),
    ):
        values = np.array([_first_number(positions[row], keys) for row in rows], dtype=np.float64)
        if not np.isnan(values).all():
            axes[axis] = values
    return Series(
        own,
        np.array([value for _, _, value in entries], dtype=np.float64),
        np.array([step for _, step, _ in entries], dtype=np.int64),
        key,
        evaluation=key.startswith("eval_"),
        axes=axes,
        rows=rows,
    )


def _first_number(entry: Mapping[str, Any], keys: Sequence[str]) -> float:
    found = (number(entry[key]) for key in keys if key in entry)
    return next((value for value in found if value is not None), math.nan)


def _step(value: object) -> int | None:
    found = number(value)
    if found is None or not math.isfinite(found) or found != int(found) or abs(found) > 1 << 53:
        return None
    return int(found)


def _whole(value: object) -> int:
    return _step(value) or 0


def _config(state: Mapping[str, Any]) -> dict[str, Any]:
    """What the state says of how the run was set up."""
    trial = state.get("trial_params")
    config = {
        key: state[key]
        for key in (
            "num_train_epochs",
            "train_batch_size",
            "max_steps",
            "logging_steps",
            "eval_steps",
            "save_steps",
        )
        if number(state.get(key)) is not None
    }
    found: dict[str, Any] = sound(config | (trial if isinstance(trial, dict) else {}))
    return found


def _is_unfinished(state: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the run has further to go by more than 1 % of its steps, and nothing says that it ended."""
    if any("train_runtime" in entry for entry in history):
        return False
    control = _inside(state, "stateful_callbacks", "TrainerControl", "args", "should_training_stop")
    if control is True:
        return False
    last, planned = _whole(state.get("global_step")), _whole(state.get("max_steps"))
    return planned > 0 and planned - last > _SHORT * planned


def _inside(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _notes(series: Mapping[str, Series], left: Mapping[str, int]) -> list[str]:
    notes = []
    if "loss" not in series:
        notes.append("Its history has no training loss.")
    elif "reward" in series and 2 * int((series["loss"].values == 0).sum()) > len(series["loss"].values):
        notes.append('Most of its losses are 0, as in GRPO; rank by the reward: rank_by = "reward.end".')
    if left["step"]:
        entries = "1 entry" if left["step"] == 1 else f"{left['step']:,} entries"
        notes.append(f"Left out: {entries} without a step, as of predictions.")
    return notes
