"""TensorBoard event files: our reader against TensorBoard's own two."""

from __future__ import annotations

import math
import random
import re
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.row import Row
from reportgen.formats.event_file import read_event_file

__all__ = ["rows"]

_REPEATS = 5
_SCALARS = 240_000
_TAGS = (
    *("train/loss", "train/grad_norm", "train/learning_rate", "train/epoch", "eval/loss", "eval/accuracy"),
    *("perf/tokens_per_second", "perf/memory"),
)
_LOADED = re.compile(r"Finished load cycle \(([\d.]+)(ms|s)\)")


def rows() -> Iterator[Row]:
    """Each against 240,000 scalars of eight tags, 13 MB; rows whose program is not installed are left out."""
    with tempfile.TemporaryDirectory(prefix="reportgen-benchmark-") as place:
        file = Path(place) / "events.out.tfevents.1700000000.host.1.0"
        _write(file)
        ours = min(_ours(file) for _ in range(_REPEATS))
        if (theirs := _event_accumulator(file)) is not None:
            yield Row("240,000 TensorBoard scalars, against EventAccumulator", ours, theirs, 5)
        if (theirs := _server(file.parent)) is not None:
            yield Row("the same, against TensorBoard's Rust server, checksums off", ours, theirs, 1 / 3)


def _ours(file: Path) -> float:
    began = time.perf_counter()
    with file.open("rb") as stream:
        found = read_event_file(stream)
    assert sum(len(entries.values) for entries in found.scalars.values()) == _SCALARS
    return time.perf_counter() - began


def _event_accumulator(file: Path) -> float | None:
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError:
        return None
    began = time.perf_counter()
    found = EventAccumulator(str(file), size_guidance={"scalars": 0})
    found.Reload()
    assert sum(len(found.Scalars(tag)) for tag in found.Tags()["scalars"]) == _SCALARS
    return time.perf_counter() - began


def _server(folder: Path) -> float | None:
    """What the server itself says that one load took, without its start; the quickest of a few."""
    try:
        import tensorboard_data_server
    except ImportError:
        return None
    program = tensorboard_data_server.server_binary()
    if program is None:  # no wheel for this system
        return None
    command = [program, "--logdir", str(folder), "--reload", "once", "--verbose", "--port", "0"]
    return min(_one_load(command) for _ in range(_REPEATS))


def _one_load(command: list[str]) -> float:
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        for line in server.stderr:
            if (found := _LOADED.search(line)) is not None:
                return float(found[1]) / (1000 if found[2] == "ms" else 1)
        raise RuntimeError("the server ended without a word of its load")
    finally:
        server.kill()
        server.communicate()


def _write(file: Path) -> None:
    chance = random.Random(1)
    with file.open("wb") as stream:
        stream.write(_record(b"\x09" + struct.pack("<d", 1.7e9) + _field(3, b"brain.Event:2")))
        for number in range(_SCALARS):
            value = struct.pack("<f", 3 * math.exp(-number / _SCALARS) + 0.1 * chance.random())
            summary = _field(5, _field(1, _field(1, _TAGS[number % len(_TAGS)].encode()) + b"\x15" + value))
            step = number // len(_TAGS) * 10
            when = b"\x09" + struct.pack("<d", 1.7e9 + number)
            stream.write(_record(when + (b"\x10" + _varint(step) if step else b"") + summary))


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _masked(data: bytes) -> bytes:
    import crc32c

    checksum = crc32c.crc32c(data)
    return struct.pack("<I", (((checksum >> 15) | (checksum << 17)) + 0xA282EAD8) & 0xFFFF_FFFF)


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    made = b""
    while number > 0x7F:
        made += bytes([number & 0x7F | 0x80])
        number >>= 7
    return made + bytes([number])
