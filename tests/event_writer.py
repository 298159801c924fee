"""A writer of TensorBoard event files by the rules of the format, not by reportgen's code."""

from __future__ import annotations

import struct
from collections.abc import Iterable


def crc32c(data: bytes) -> int:
    """Castagnoli's checksum, bit by bit."""
    checksum = 0xFFFFFFFF
    for byte in data:
        checksum ^= byte
        for _ in range(8):
            checksum = (checksum >> 1) ^ (0x82F63B78 if checksum & 1 else 0)
    return checksum ^ 0xFFFFFFFF


def masked(data: bytes) -> bytes:
    checksum = crc32c(data)
    rotated = (checksum >> 15) | (checksum << 17)
    return struct.pack("<I", (rotated + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def event(wall: float, step: int, *values: bytes) -> bytes:
    """A record of a summary of values."""
    summary = field(5, b"".join(field(1, value) for value in values)) if values else b""
    return record(b"\x09" + struct.pack("<d", wall) + (b"\x10" + varint(step) if step else b"") + summary)


def header(wall: float = 1.7e9) -> bytes:
    return record(b"\x09" + struct.pack("<d", wall) + field(3, b"brain.Event:2"))


def simple(tag: str, value: float) -> bytes:
    return field(1, tag.encode()) + b"\x15" + struct.pack("<f", value)


def tensor(tag: str, kind: int, content: bytes, plugin: str = "scalars") -> bytes:
    """A value that is a tensor of type ``kind``; ``content`` is its fields of values."""
    metadata = field(9, field(1, field(1, plugin.encode())))
    return field(1, tag.encode()) + field(8, b"\x08" + varint(kind) + field(2, b"") + content) + metadata


def file(scalars: Iterable[tuple[str, int, float]], wall: float = 1.7e9) -> bytes:
    """An event file of plain scalars: tag, step, value."""
    return header(wall) + b"".join(
        event(wall + number, step, simple(tag, value)) for number, (tag, step, value) in enumerate(scalars, 1)
    )
