"""One ``.wandb`` file -> what was logged, by a walk over its records.

The file is a log in LevelDB's framing (https://github.com/google/leveldb/blob/main/doc/log_format.md)
with seven bytes before it and CRC-32 as its checksum; each record is one protobuf message ``Record``
(wandb/proto/wandb_internal.proto).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, BinaryIO, Final

from reportgen.formats import protobuf
from reportgen.formats.protobuf import BYTES, VARINT, Malformed

__all__ = ["MAGIC", "WandbFile", "read_wandb_file"]

MAGIC: Final = b":W&B"
_HEADER = 7
_BLOCK = 32768
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
# Fields of a record.
_HISTORY, _CONFIG, _METRIC, _RUN, _EXIT = 2, 5, 12, 17, 18
_WORDS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


@dataclass(slots=True)
class WandbFile:
    """What one file holds.

    Attributes:
        run_id, name: Of the run; the name is empty where it has none.
        config: Nested.
        history: A mapping a call of ``log``: key to number, nested keys joined by a point.
        steps: Key to the key of its steps, as metrics were defined.
        globs: The same for patterns of keys, in the order in which they were defined.
        ended: It has its exit record.
        damaged: How often records were passed over, since a checksum is wrong.
        left_out: Values that are no numbers: texts, pictures, histograms.
    """

    run_id: str = ""
    name: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    history: list[Mapping[str, float]] = field(default_factory=list)
    steps: dict[str, str] = field(default_factory=dict)
    globs: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    damaged: int = 0
    left_out: int = 0

    def step_of(self, key: str) -> str:
        """The key of a series' steps; ``_step``, which counts calls, where none was defined."""
        if key in self.steps:
            return self.steps[key]
        return next((step for glob, step in self.globs.items() if fnmatchcase(key, glob)), "_step")


def read_wandb_file(stream: BinaryIO, *, history: bool = True) -> WandbFile:
    """Reads all records.

    Args:
        stream: At its beginning.
        history: Whether more than the run's name and id is wanted; without it reading ends there.
    """
    found = WandbFile()
    for data in _records(stream, found):
        try:
            _take(data, found)
        except Malformed:
            found.damaged += 1
        if not history and found.run_id:
            break
    return found


def _records(stream: BinaryIO, found: WandbFile) -> Iterator[bytes]:
    """Whole records, put together from their parts; what cannot be read is counted."""
    parts: list[bytes] | None = None
    at = _HEADER
    while block := stream.read(_BLOCK):
        while at + _HEADER <= len(block):
            checksum = int.from_bytes(block[at : at + 4], "little")
            size = int.from_bytes(block[at + 4 : at + 6], "little")
            kind, end = block[at + 6], at + _HEADER + size
            if kind == 0 and size == 0:  # The end of a block, or one that was reserved and never written.
                break
            if end > len(block):
                found.damaged += len(block) == _BLOCK  # Else the file ends here.
                parts = None
                break
            if zlib.crc32(block[at + 6 : end]) != checksum:
                # Its length may be wrong too: the next block is where a record is known to begin.
                found.damaged += 1
                parts = None
                break
            data = block[at + _HEADER : end]
            at = end
            if kind == _FULL:
                parts = None
                yield data
            elif kind == _FIRST:
                parts = [data]
            elif parts is not None:
                parts.append(data)
                if kind == _LAST:
                    yield b"".join(parts)
                    parts = None
        at = 0


def _take(data: bytes, found: WandbFile) -> None:
    for number, wire, _, content in protobuf.fields(data):
        if wire != BYTES:
            continue
        if number == _HISTORY:
            _take_history(content, found)
        elif number == _CONFIG:
            _take_config(content, found.config)
        elif number == _METRIC:
            _take_metric(content, found)
        elif number == _RUN:
            _take_run(content, found)
        elif number == _EXIT:
            found.ended = True


def _take_run(data: bytes, found: WandbFile) -> None:
    for number, wire, _, content in protobuf.fields(data):
        if wire != BYTES:
            continue
        if number == 1:
            found.run_id = protobuf.text(content)
        elif number == 4:
            _take_config(content, found.config)
        elif number == 8:
            found.name = protobuf.text(content)


def _take_metric(data: bytes, found: WandbFile) -> None:
    texts = {
        number: protobuf.text(content) for number, wire, _, content in protobuf.fields(data) if wire == BYTES
    }
    step = texts.get(4)
    if step and texts.get(1):
        found.steps[texts[1]] = step
    elif step and texts.get(2):
        found.globs[texts[2]] = step


def _take_config(data: bytes, config: dict[str, Any]) -> None:
    """``ConfigRecord``: keys updated and removed."""
    for number, wire, _, content in protobuf.fields(data):
        if wire != BYTES or number not in (1, 2):
            continue
        keys, value = _item(content)
        if not keys or keys[0].startswith("_"):  # _wandb: of the program, not of the run
            continue
        at = config
        for key in keys[:-1]:
            inner = at.get(key)
            at[key] = at = inner if isinstance(inner, dict) else {}
        if number == 2:
            at.pop(keys[-1], None)
        else:
            at[keys[-1]] = _json(value)


def _item(data: bytes) -> tuple[list[str], bytes]:
    """Key, or the keys of a nested one, and the JSON of its value."""
    keys: list[str] = []
    value = b""
    for number, wire, _, content in protobuf.fields(data):
        if wire == BYTES and number in (1, 2):
            keys.append(protobuf.text(content))
        elif wire == BYTES and number == 16:
            value = content
    return keys, value


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _take_history(data: bytes, found: WandbFile) -> None:
    row: dict[str, float] = {}
    for number, wire, _, content in protobuf.fields(data):
        if wire != BYTES:
            continue
        if number == 1:
            keys, value = _item(content)
            try:
                row[".".join(keys)] = float(value)
            except ValueError:
                _flatten(".".join(keys), _json(value), row, found)
        elif number == 2:
            for inner, inner_wire, count, _ in protobuf.fields(content):
                if inner == 1 and inner_wire == VARINT:
                    row.setdefault("_step", float(protobuf.signed(count)))
    if row:
        found.history.append(row)


def _flatten(key: str, value: Any, row: dict[str, float], found: WandbFile) -> None:
    """Numbers inside a value, which is no number itself."""
    if isinstance(value, dict) and "_type" not in value:
        for inner, item in value.items():
            if isinstance(item, int | float) and not isinstance(item, bool):
                row[f"{key}.{inner}"] = _float(item)
            else:
                _flatten(f"{key}.{inner}", item, row, found)
    elif isinstance(value, str) and value in _WORDS:
        row[key] = _WORDS[value]
    elif value is not None:
        found.left_out += 1


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of over 308 digits
        return float("inf") if value > 0 else float("-inf")
