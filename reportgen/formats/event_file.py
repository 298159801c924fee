"""One TensorBoard event file -> its scalars, by a walk over its records.

A file is records, each a length, the masked CRC-32C of the length, data, and their masked CRC-32C
(https://www.tensorflow.org/tutorials/load_data/tfrecord). The data are one protobuf message ``Event``
(tensorflow/core/util/event.proto), and what scalars are made of is read from it by hand.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np

from reportgen.formats import protobuf
from reportgen.formats.event_values import Value, double, number_of, values_of
from reportgen.formats.protobuf import BYTES, FIXED64, VARINT, Malformed

if TYPE_CHECKING:
    import numpy.typing as npt

    from reportgen.kinds import IntArray

__all__ = ["Entries", "EventFile", "begins_event_file", "read_event_file"]

BytesArray: TypeAlias = "npt.NDArray[np.uint8]"
UInt32Array: TypeAlias = "npt.NDArray[np.uint32]"

_CHUNK = 1 << 20
# Beyond this a record holds pictures or a graph. It is passed over without being held in memory.
_LARGEST = 64 << 20
_HEAD = 12
_TAIL = 4
# Bytes of an event with time, step and a value of a tag without a name; of one with a long name.
_SHORTEST, _LONGEST = 20, 1024
_MASK = 0xA282EAD8

_TIME_KEY, _STEP_KEY = 0x09, 0x10
# More different events than this, of one length and no four alike, are read one by one.
_MOST_TAGS = 64
_FACTOR = 0x9E3779B97F4A7C15


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
    return _in_order(walk.file)


def _in_order(found: EventFile) -> EventFile:
    """The entries of each tag, and the tags, as they were written: records were read by their likeness."""
    for tag, entries in found.scalars.items():
        rows = np.array(entries.rows)
        order = np.argsort(rows, kind="stable")
        if (np.diff(order) != 1).any():
            found.scalars[tag] = Entries(
                array("d", np.array(entries.values)[order].tobytes()),
                array("q", np.array(entries.steps)[order].tobytes()),
                array("d", np.array(entries.walls)[order].tobytes()),
                array("q", rows[order].tobytes()),
            )
    found.scalars = dict(sorted(found.scalars.items(), key=lambda one: one[1].rows[0]))
    return found


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
        number: Of the record that is read.
        told: Tag of a text to the record that holds it.
    """

    file: EventFile = field(default_factory=EventFile)
    wanted: int = _HEAD
    lengths: dict[bytes, int] = field(default_factory=dict)
    ends_in_value: dict[bytes, Entries] = field(default_factory=dict)
    holds_value: dict[int, list[_Template]] = field(default_factory=dict)
    number: int = 0
    told: dict[str, int] = field(default_factory=dict)

    def records_of(self, buffer: bytes, at: int) -> int:
        """Reads the whole records of ``buffer`` from ``at`` on, and returns where the rest begins."""
        import crc32c

        checksum_of, lengths = crc32c.crc32c, self.lengths
        starts, sizes, checksums = [], [], []
        size = len(buffer)
        self.wanted = _HEAD
        # The one loop of reading that runs once a record; all else is done for many at once.
        while (start := at + _HEAD) <= size:
            head = buffer[at:start]
            length = lengths.get(head)
            if length is None:
                if not _sound_length(head):
                    self.file.lost = True
                    break
                length = lengths[head] = int.from_bytes(head[:8], "little")
            end = start + length
            if end + _TAIL > size:
                self.wanted = _HEAD + length + _TAIL
                break
            starts.append(start)
            sizes.append(length)
            checksums.append(checksum_of(buffer[start:end]))
            at = end + _TAIL
        if starts:
            self._records(buffer, np.array(starts), np.array(sizes), np.array(checksums, dtype=np.uint32))
        return at

    def _records(self, buffer: bytes, starts: IntArray, sizes: IntArray, checksums: UInt32Array) -> None:
        """Takes what records hold.

        Args:
            buffer: The bytes in which they stand.
            starts: (records,) where the data of each begin.
            sizes: (records,) bytes of data.
            checksums: (records,) of the data.
        """
        data = np.frombuffer(buffer, dtype=np.uint8)
        stored = data[(starts + sizes)[:, None] + np.arange(_TAIL)].view("<u4")[:, 0]
        sound = ((checksums >> 15) | (checksums << 17)) + np.uint32(_MASK) == stored
        self.file.damaged += int(np.count_nonzero(~sound))
        numbers = self.file.records + np.cumsum(sound)
        self.file.records = int(numbers[-1])
        starts, sizes, numbers = starts[sound], sizes[sound], numbers[sound]
        unusual: list[int] = []
        for length in np.unique(sizes).tolist():
            places = np.flatnonzero(sizes == length)
            if not _SHORTEST < length <= _LONGEST:
                unusual += places.tolist()
                continue
            events = data[starts[places][:, None] + np.arange(length)]
            unusual += places[self._alike(events, numbers[places])].tolist()
        for place in sorted(unusual):
            start = int(starts[place])
            self._one(buffer[start : start + int(sizes[place])], int(numbers[place]))

    def _alike(self, events: BytesArray, numbers: IntArray) -> list[int]:
        """Takes the scalars among events of one length; returns the places of those not taken.

        Args:
            events: (events, length).
            numbers: (events,) of the records.
        """
        has_step = events[:, 9] == _STEP_KEY
        goes_on = events[:, 10:19] > 0x7F
        after = np.where(has_step, 11 + np.argmin(goes_on, axis=1), 9)
        plain = (events[:, 0] == _TIME_KEY) & ~(has_step & goes_on.all(axis=1))
        left = np.flatnonzero(~plain).tolist()
        for begins in np.unique(after[plain]).tolist():
            places = np.flatnonzero(plain & (after == begins))
            left += places[self._of_step(events[places], numbers[places], begins)].tolist()
        return left

    def _of_step(self, events: BytesArray, numbers: IntArray, after: int) -> list[int]:
        """The same for events whose steps are equally long, ``after`` being where these end."""
        around = events[:, after:-4]
        # A number for the bytes around the value: events of one tag have the same.
        factors = np.arange(1, around.shape[1] + 1, dtype=np.uint64) * np.uint64(_FACTOR)
        _, of, counts = np.unique(around.astype(np.uint64) @ factors, return_inverse=True, return_counts=True)
        if len(counts) > _MOST_TAGS and len(counts) * 4 > len(events):
            return list(range(len(events)))
        left: list[int] = []
        for members in np.split(np.argsort(of, kind="stable"), np.cumsum(counts)[:-1]):
            places = members
            shape = around[members[0]]
            key = shape.tobytes()
            if key not in self.ends_in_value:  # Perhaps it is, once one was read.
                self._one(events[places[0]].tobytes(), int(numbers[places[0]]))
                places = members[1:]
            entries = self.ends_in_value.get(key)
            alike = (around[places] == shape).all(axis=1)
            if entries is None:
                left += places.tolist()
                continue
            left += places[~alike].tolist()
            self._take_all(entries, events[places[alike]], numbers[places[alike]], after)
        return left

    def _take_all(self, entries: Entries, events: BytesArray, numbers: IntArray, after: int) -> None:
        """Keeps the scalars of one tag."""
        steps = np.zeros(len(events), dtype=np.int64)
        for place in range(10, after):
            steps |= (events[:, place] & 0x7F).astype(np.int64) << 7 * (place - 10)
        values = np.ascontiguousarray(events[:, -4:]).view("<f4")[:, 0]
        entries.values.frombytes(values.astype(np.float64).tobytes())
        entries.steps.frombytes(steps.tobytes())
        entries.walls.frombytes(
            np.ascontiguousarray(events[:, 1:9]).view("<f8")[:, 0].astype(np.float64).tobytes()
        )
        entries.rows.frombytes(numbers.astype(np.int64).tobytes())

    def _one(self, data: bytes, number: int) -> None:
        """Takes what one event holds that is not like those before."""
        self.number = number
        step, after = 0, 9
        if len(data) <= _SHORTEST or data[0] != _TIME_KEY:
            self._event(data)
            return
        if data[9] == _STEP_KEY:
            try:
                step, after = protobuf.varint(data, 10)
            except Malformed:
                self._event(data)
                return
        rest = data[after:]
        for template in self.holds_value.get(len(rest), ()):
            if rest.startswith(template.before) and rest.endswith(template.after):
                value = number_of(
                    template.letter, rest[len(template.before) : len(rest) - len(template.after)]
                )
                self._take(template.entries, value, protobuf.signed(step), double(data, 1))
                return
        self._event(data, rest)

    def _take(self, entries: Entries, value: float, step: int, wall: float) -> None:
        entries.values.append(value)
        entries.steps.append(step)
        entries.walls.append(wall)
        entries.rows.append(self.number)

    def _event(self, data: bytes, rest: bytes = b"") -> None:
        """Any event, field by field. ``rest`` is what follows its time and step, where these come first."""
        try:
            wall, step, summaries = 0.0, 0, []
            for number, wire, count, content in protobuf.fields(data):
                if number == 1 and wire == FIXED64:
                    wall = double(content)
                elif number == 2 and wire == VARINT:
                    step = protobuf.signed(count)
                elif number == 5 and wire == BYTES:
                    summaries.append(content)
                elif number in (4, 8) and wire == BYTES:
                    self.file.others.setdefault("a graph")
            values = [value for summary in summaries for value in values_of(summary)]
        except Malformed:
            self.file.damaged += 1
            self.file.records -= 1
            return
        if self.file.began is None:
            self.file.began = wall
        for value in values:
            self._read_value(value, step, wall, rest if len(values) == 1 else b"")

    def _read_value(self, value: Value, step: int, wall: float, rest: bytes) -> None:
        if value.hparams is not None:
            self.file.hparams.update(value.hparams)
        elif value.text is not None:
            if self.number >= self.told.get(value.tag, 0):
                self.told[value.tag] = self.number
                self.file.texts[value.tag] = value.text
        elif value.letter:
            entries = self.file.scalars.setdefault(value.tag, Entries())
            self._take(entries, number_of(value.letter, value.raw), step, wall)
            self._learn(value, entries, rest)
        elif value.other:
            self.file.others.setdefault(value.other)

    def _learn(self, value: Value, entries: Entries, rest: bytes) -> None:
        """Keeps what stands around a value, where that is plain: its bytes stand there once."""
        if value.letter == "f" and value.simple and rest.endswith(b"\x15" + value.raw):
            self.ends_in_value[rest[:-4]] = entries
        elif len(value.raw) > 1 and rest.count(value.raw) == 1:
            before, after = rest.split(value.raw)
            template = _Template(before, after, value.letter, entries)
            self.holds_value.setdefault(len(rest), []).append(template)


@dataclass(frozen=True, slots=True)
class _Template:
    """The bytes around the value of a tag's events."""

    before: bytes
    after: bytes
    letter: str
    entries: Entries
