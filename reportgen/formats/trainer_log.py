"""``trainer_log.jsonl`` of LLaMA-Factory: an object a line, with ``current_steps``."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from reportgen.formats.reading import integer, number, sound, text_of
from reportgen.formats.series_names import is_evaluation, own_names
from reportgen.kinds import RunFile, Series, Unreadable

if TYPE_CHECKING:
    from reportgen.kinds import Head, InputFile

__all__ = ["TRAINER_LOG", "TrainerLog"]

_POSITIONS = frozenset(
    {
        *(
            "current_steps",
            "total_steps",
            "epoch",
            "percentage",
            "elapsed_time",
            "remaining_time",
            "throughput",
        ),
        "total_tokens",
    }
)
_CLOCK = re.compile(r"(?:(\d+) days?, )?(\d+):(\d\d):(\d\d)")
_SHORT = 0.01


class TrainerLog:
    """The format of ``trainer_log.jsonl``."""

    name = "trainer_log"
    version = 1

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        """Files whose first line is an object with ``current_steps`` and ``total_steps``."""
        named = [file for file in files if PurePosixPath(file).name == "trainer_log.jsonl"]
        lines = named or [file for file in files if file.lower().endswith((".jsonl", ".json", ".log"))]
        return tuple(file for file in lines if _is_log(head(file)))

    def runs(self, files: Sequence[InputFile], options: Mapping[str, Any]) -> Sequence[str] | None:
        return None

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        """Reads the rows that hold a loss or another measure; null means that nothing was logged.

        Raises:
            Unreadable: It holds none, or there are several logs.
        """
        if len(files) > 1:
            names = ", ".join(one.name for one in files[:3]) + (", ..." if len(files) > 3 else "")
            raise Unreadable(
                name, f"holds the logs of {len(files):,} runs ({names}); name one of them in `path`"
            )
        file = files[0]
        rows, wrong = _rows(text_of(file.read(), file.name, strict=False))
        found: dict[str, list[tuple[int, int, float]]] = {}
        for place, row in enumerate(rows):
            step = number(row.get("current_steps"))
            if step is None or not math.isfinite(step) or step != int(step) or abs(step) > 1 << 53:
                continue
            for key, value in row.items():
                if key not in _POSITIONS and (logged := number(value)) is not None:
                    found.setdefault(sound(key), []).append((place, int(step), logged))
        if not found:
            reason = "holds the progress of a run but no loss, as a log of predictions does"
            raise Unreadable(file.name, reason, no_series=True)
        ours = own_names(found)
        series = {ours[key]: _series(ours[key], key, entries, rows) for key, entries in found.items()}
        lines = (
            "1 line is not a JSON object and was"
            if wrong == 1
            else f"{wrong:,} lines are not JSON objects and were"
        )
        notes = (f"{lines} left out.",) if wrong else ()
        return RunFile(series, unfinished=_is_unfinished(rows), notes=notes, format=self.name)


TRAINER_LOG = TrainerLog()


def _is_log(head: bytes) -> bool:
    first = head.lstrip(b"\xef\xbb\xbf \r\n").split(b"\n", 1)[0]
    return first.startswith(b"{") and b'"current_steps"' in first and b'"total_steps"' in first


def _rows(text: str) -> tuple[list[dict[str, Any]], int]:
    rows, wrong = [], 0
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            found = json.loads(line, parse_int=integer)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            rows.append(found)
        else:
            wrong += 1
    return rows, wrong


def _series(
    own: str, key: str, entries: Sequence[tuple[int, int, float]], rows: Sequence[Mapping[str, Any]]
) -> Series:
    places = np.array([place for place, _, _ in entries], dtype=np.int64)
    axes = {}
    readers = (
        ("epoch", "epoch", number),
        ("time", "elapsed_time", _seconds),
        ("tokens", "total_tokens", number),
    )
    for axis, name, read in readers:
        found = [read(rows[place].get(name)) for place in places]
        values = np.array([math.nan if value is None else value for value in found], dtype=np.float64)
        if not np.isnan(values).all() and values.any():
            axes[axis] = values
    return Series(
        own,
        np.array([value for _, _, value in entries], dtype=np.float64),
        np.array([step for _, step, _ in entries], dtype=np.int64),
        key,
        evaluation=is_evaluation(key),
        axes=axes,
        rows=places,
    )


def _seconds(value: object) -> float | None:
    """``1 day, 0:08:23`` in seconds."""
    clock = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if not clock:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in clock.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _is_unfinished(rows: Sequence[Mapping[str, Any]]) -> bool:
    pairs = [(number(row.get("current_steps")), number(row.get("total_steps"))) for row in rows]
    known = [(step, total) for step, total in pairs if step is not None and total is not None]
    if not known:
        return False
    last, planned = known[-1]
    return planned > 0 and planned - last > _SHORT * planned
