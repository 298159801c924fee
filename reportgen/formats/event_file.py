"""One TensorBoard event file -> its scalars, by a walk over its records.

A file is records, each a length, the masked CRC-32C of the length, data, and their masked CRC-32C
(https://www.tensorflow.org/tutorials/load_data/tfrecord). The data are one protobuf message ``Event``
(tensorflow/core/util/event.proto), and what scalars are made of is read from it by hand.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from reportgen.formats import protobuf
from reportgen.formats.protobuf import BYTES, FIXED64, VARINT, Malformed

__all__ = ["Entries", "EventFile", "begins_event_file", "read_event_file"]

_CHUNK = 1 << 20
# Beyond this a record holds pictures or a graph. It is passed over without being held in memory.
_LARGEST = 64 << 20
_HEAD = 12
_TAIL = 4
_MASK = 0xA282EAD8

# Types of tensors (tensorflow/core/framework/types.proto): struct's letter, and the field of its values.
_TYPES: Final[Mapping[int, tuple[str, int]]] = {
    1: ("f", 5),
    2: ("d", 6),
    3: ("i", 7),
    4: ("B", 7),
    5: ("h", 7),
    6: ("b", 7),
    9: ("q", 10),
    10: ("?", 11),
    14: ("bfloat16", 13),
    17: ("H", 7),
    19: ("e", 13),
    22: ("I", 16),
    23: ("Q", 17),
}
_STRING = 7


@dataclass(slots=True)
class Entries:
    """The entries of one tag, in the file's order; all four are equally long.

    Attributes:
        values: float64.
        steps: int64.
        walls: Seconds since 1970, float64.
        rows: Number of the record.
    """

    values: array[float] = field(default_factory=lambda: array("d"))
    steps: array[int] = field(default_factory=lambda: array("q"))
    walls: array[float] = field(default_factory=lambda: array("d"))
    rows: array[int] = field(default_factory=lambda: array("q"))


@dataclass(slots=True)
class EventFile:
    """What one file holds.

    Attributes:
        scalars: By tag, in the order in which they were first written.
        texts: The last text of each tag of the text plug-in.
        hparams: Of ``_hparams_/session_start_info``.
        others: What else it holds: ``graph``, ``histograms``, ...
        began: Time of its first record, seconds since 1970; None where it has no sound record.
        records: Sound records, the header's included.
        damaged: Records passed over: their checksum is wrong, or they hold no event.
        lost: A length was damaged, so that nothing after it could be read.
        cut: It ends inside a record.
    """

    scalars: dict[str, Entries] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    hparams: dict[str, Any] = field(default_factory=dict)
    others: dict[str, None] = field(default_factory=dict)
    began: float | None = None
    records: int = 0
    damaged: int = 0
    lost: bool = False
    cut: bool = False


def begins_event_file(head: bytes) -> bool:
    """Whether a file that begins so is an event file: a sound header that holds its version."""
    if len(head) < _HEAD:
        return False
    (length,) = struct.unpack_from("<Q", head)
    return b"brain.Event:" in head[_HEAD : _HEAD + min(length, 64)] and _sound_length(head[:_HEAD])


def read_event_file(stream: BinaryIO) -> EventFile:
    """Reads to the end, or to the damage after which nothing can be read; one chunk at a time."""
    walk = _Walk()
    buffer, at = b"", 0
    while True:
        at = walk.records_of(buffer, at)
        if walk.file.lost:
            break
        if walk.wanted > _LARGEST:
            passed_over = _skip(stream, walk.wanted - (len(buffer) - at))
            walk.file.others.setdefault("records of over 64 MiB")
            if not passed_over:
                walk.file.cut = True
                break
            buffer, at = b"", 0
            continue
        more = stream.read(max(_CHUNK, walk.wanted))
        buffer, at = buffer[at:] + more, 0
        if not more:
            walk.file.cut = len(buffer) > 0
            break
    return walk.file


def _skip(stream: BinaryIO, size: int) -> bool:
    while size > 0:
        piece = stream.read(min(size, _CHUNK))
        if not piece:
            return False
        size -= len(piece)
    return True


def _masked(data: bytes) -> int:
    """The checksum as files hold it: rotated, so that a checksum of checksums says something too."""
    import crc32c

    checksum = crc32c.crc32c(data)
    return (((checksum >> 15) | (checksum << 17)) + _MASK) & 0xFFFF_FFFF


def _sound_length(head: bytes) -> bool:
    return _masked(head[:8]) == int.from_bytes(head[8:_HEAD], "little")


@dataclass(slots=True)
class _Walk:
    """What is known while one file is read.

    Writers repeat themselves: all events of one tag differ in time, step and value only. So the bytes
    around the value are looked up, and walked once for each tag.

    Attributes:
        wanted: Bytes of the next record, which the buffer does not hold whole.
        lengths: First 12 bytes of a record, found sound, to its length.
        ends_in_value: An event without time, step and its last four bytes, a float, to its tag.
        holds_value: The same of tensors, by length: where the value stands, its letter, what is before
            and after it.
    """

    file: EventFile = field(default_factory=EventFile)
    wanted: int = _HEAD
    lengths: dict[bytes, int] = field(default_factory=dict)
    ends_in_value: dict[bytes, Entries] = field(default_factory=dict)
    holds_value: dict[int, list[_Template]] = field(default_factory=dict)

    def records_of(self, buffer: bytes, at: int) -> int:
        """Reads the whole records of ``buffer`` from ``at`` on, and returns where the rest begins."""
        import crc32c

        checksum_of, known, float_at, int_at = crc32c.crc32c, self.lengths, _FLOAT, _UINT32
        size = len(buffer)
        while True:
            start = at + _HEAD
            if start > size:
                self.wanted = _HEAD
                return at
            head = buffer[at:start]
            length = known.get(head)
            if length is None:
                if not _sound_length(head):
                    self.file.lost = True
                    return at
                length = known[head] = int.from_bytes(head[:8], "little")
            end = start + length
            if end + _TAIL > size:
                self.wanted = _HEAD + length + _TAIL
                return at
            data = buffer[start:end]
            checksum = checksum_of(data)
            masked = (((checksum >> 15) | (checksum << 17)) + _MASK) & 0xFFFF_FFFF
            at = end + _TAIL
            if masked != int_at(buffer, end)[0]:
                self.file.damaged += 1
                continue
            self.file.records += 1
            if length < 24 or data[0] != 9:
                self._event(data)
                continue
            step, after = 0, 9
            if data[9] == 0x10:
                step, after = data[10], 11
                if step > 0x7F:
                    try:
                        step, after = protobuf.varint(data, 10)
                    except Malformed:
                        self.file.damaged += 1
                        continue
            entries = self.ends_in_value.get(data[after:-4])
            if entries is None or step >> 63:
                self._unusual(data, step, after)
                continue
            entries.values.append(float_at(data, length - 4)[0])
            entries.steps.append(step)
            entries.walls.append(_DOUBLE(data, 1)[0])
            entries.rows.append(self.file.records)

    def _unusual(self, data: bytes, step: int, after: int) -> None:
        """An event that does not end in the value of a tag that is known."""
        rest = data[after:]
        for template in self.holds_value.get(len(rest), ()):
            if rest.startswith(template.before) and rest.endswith(template.after):
                value = _number(template.letter, rest[len(template.before) : len(rest) - len(template.after)])
                self._take(template.entries, value, protobuf.signed(step), _DOUBLE(data, 1)[0])
                return
        self._event(data, rest)

    def _take(self, entries: Entries, value: float, step: int, wall: float) -> None:
        entries.values.append(value)
        entries.steps.append(step)
        entries.walls.append(wall)
        entries.rows.append(self.file.records)

    def _event(self, data: bytes, rest: bytes = b"") -> None:
        """Any event, field by field. ``rest`` is what follows its time and step, where these come first."""
        try:
            wall, step, summaries = 0.0, 0, []
            for number, wire, count, content in protobuf.fields(data):
                if number == 1 and wire == FIXED64:
                    wall = _DOUBLE(content, 0)[0]
                elif number == 2 and wire == VARINT:
                    step = protobuf.signed(count)
                elif number == 5 and wire == BYTES:
                    summaries.append(content)
                elif number in (4, 8) and wire == BYTES:
                    self.file.others.setdefault("a graph")
            values = [
                _value(content)
                for summary in summaries
                for number, wire, _, content in protobuf.fields(summary)
                if number == 1 and wire == BYTES
            ]
        except Malformed:
            self.file.damaged += 1
            self.file.records -= 1
            return
        if self.file.began is None:
            self.file.began = wall
        for value in values:
            self._read_value(value, step, wall, rest if len(values) == 1 else b"")

    def _read_value(self, value: _Value, step: int, wall: float, rest: bytes) -> None:
        if value.hparams is not None:
            self.file.hparams.update(value.hparams)
        elif value.text is not None:
            self.file.texts[value.tag] = value.text
        elif value.letter:
            entries = self.file.scalars.setdefault(value.tag, Entries())
            self._take(entries, _number(value.letter, value.raw), step, wall)
            self._learn(value, entries, rest)
        elif value.other:
            self.file.others.setdefault(value.other)

    def _learn(self, value: _Value, entries: Entries, rest: bytes) -> None:
        """Keeps what stands around a value, where that is plain: its bytes stand there once."""
        if value.letter == "f" and value.simple and rest.endswith(b"\x15" + value.raw):
            self.ends_in_value[rest[:-4]] = entries
        elif len(value.raw) > 1 and rest.count(value.raw) == 1:
            before, after = rest.split(value.raw)
            template = _Template(before, after, value.letter, entries)
            self.holds_value.setdefault(len(rest), []).append(template)


_FLOAT = struct.Struct("<f").unpack_from
_DOUBLE = struct.Struct("<d").unpack_from
_UINT32 = struct.Struct("<I").unpack_from


@dataclass(frozen=True, slots=True)
class _Template:
    """The bytes around the value of a tag's events."""

    before: bytes
    after: bytes
    letter: str
    entries: Entries


@dataclass(slots=True)
class _Value:
    """A value of a summary.

    Attributes:
        letter: Type of a number, as ``_TYPES`` has it; empty where it is no scalar.
        raw: The number's bytes, or those of a varint as 8 bytes.
        simple: Not a tensor.
        other: What it is where it is no scalar.
    """

    tag: str = ""
    letter: str = ""
    raw: bytes = b""
    simple: bool = False
    text: str | None = None
    hparams: Mapping[str, Any] | None = None
    other: str = ""


def _number(letter: str, raw: bytes) -> float:
    if letter == "bfloat16":
        return float(struct.unpack("<f", b"\0\0" + raw)[0])
    return float(struct.unpack("<" + letter, raw)[0])


_PLUGINS = {
    "graph_keras_model": "a graph",
    "graph_run_metadata": "a graph",
    "scalars": "tensors of many numbers",
}
_KINDS = {4: "images", 5: "histograms", 6: "audio"}


def _value(data: bytes) -> _Value:
    """``Summary.Value`` (tensorflow/core/framework/summary.proto)."""
    value, plugin, content, tensor = _Value(), "", b"", None
    for number, wire, _, part in protobuf.fields(data):
        if number == 1 and wire == BYTES:
            value.tag = protobuf.text(part)
        elif number == 2 and wire == protobuf.FIXED32:
            value.letter, value.raw, value.simple = "f", part, True
        elif number in _KINDS:
            value.other = _KINDS[number]
        elif number == 8 and wire == BYTES:
            tensor = part
        elif number == 9 and wire == BYTES:
            plugin, content = _plugin(part)
    if plugin == "hparams":
        value.letter = ""
        value.hparams = _hparams(content)
    elif tensor is not None and not value.letter:
        _read_tensor(tensor, value, plugin)
    return value


def _plugin(metadata: bytes) -> tuple[str, bytes]:
    """Name of the plug-in that a summary is for, and what it says to it."""
    name, content = "", b""
    for number, wire, _, part in protobuf.fields(metadata):
        if number == 1 and wire == BYTES:
            for inner, inner_wire, _, data in protobuf.fields(part):
                if inner == 1 and inner_wire == BYTES:
                    name = protobuf.text(data)
                elif inner == 2 and inner_wire == BYTES:
                    content = data
    return name, content


def _read_tensor(data: bytes, value: _Value, plugin: str) -> None:
    """``TensorProto`` (tensorflow/core/framework/tensor.proto): a scalar where it holds one number."""
    value.other = _PLUGINS.get(plugin, plugin or "tensors")
    kind, found = 0, list(protobuf.fields(data))
    for number, wire, count, _ in found:
        if number == 1 and wire == VARINT:
            kind = count
    if kind == _STRING:
        texts = [part for number, wire, _, part in found if number == 8 and wire == BYTES]
        if plugin == "text" and texts:
            value.text = protobuf.text(texts[0])
        return
    if kind not in _TYPES or plugin not in ("", "scalars"):
        return
    letter, typed = _TYPES[kind]
    width = 2 if letter == "bfloat16" else struct.calcsize("<" + letter)
    for number, wire, count, part in found:
        if number == 4 and wire == BYTES and len(part) == width:
            value.letter, value.raw = letter, part
        elif number == typed:
            _read_typed(letter, width, (wire, count, part), value)


def _read_typed(letter: str, width: int, content: tuple[int, int, bytes], value: _Value) -> None:
    """A number in the field of its type: packed or not, a float as itself, whole numbers as varints."""
    wire, count, part = content
    if letter in "fd":
        if len(part) == width:
            value.letter, value.raw = letter, part
        return
    if wire == BYTES:
        count, after = protobuf.varint(part, 0)
        if after != len(part):
            return
    value.letter = letter
    value.raw = (count & ((1 << (8 * width)) - 1)).to_bytes(width, "little")


def _hparams(content: bytes) -> Mapping[str, Any] | None:
    """``HParamsPluginData.session_start_info.hparams``; None where it is another part of the plug-in's."""
    found: dict[str, Any] = {}
    started = False
    for number, wire, _, part in protobuf.fields(content):
        if number != 3 or wire != BYTES:
            continue
        started = True
        for inner, inner_wire, _, entry in protobuf.fields(part):
            if inner == 1 and inner_wire == BYTES:
                members = {key: data for key, kind, _, data in protobuf.fields(entry) if kind == BYTES}
                found[protobuf.text(members.get(1, b""))] = _plain(members.get(2, b""))
    return found if started else {}


def _plain(data: bytes) -> Any:
    """``google.protobuf.Value``; lists and structures, which the plug-in does not write, as None."""
    for number, wire, count, part in protobuf.fields(data):
        if number == 2 and wire == FIXED64:
            value: float = _DOUBLE(part, 0)[0]
            return int(value) if value.is_integer() and abs(value) < 2**53 else value
        if number == 3 and wire == BYTES:
            return protobuf.text(part)
        if number == 4 and wire == VARINT:
            return bool(count)
    return None
