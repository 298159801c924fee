"""The wire of protocol buffers, walked by hand: what event files and ``.wandb`` files are made of.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

__all__ = ["BYTES", "FIXED32", "FIXED64", "VARINT", "Malformed", "fields", "signed", "text", "varint"]

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

_LONGEST_VARINT = 10


class Malformed(ValueError):  # noqa: N818 - a state of the bytes
    """Bytes that are no message."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at ``at``, as 64 bits without a sign, and where the next field begins."""
    number = 0
    for count in range(_LONGEST_VARINT):
        if at + count >= len(data):
            break
        byte = data[at + count]
        number |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return number & 0xFFFF_FFFF_FFFF_FFFF, at + count + 1
    raise Malformed


def signed(number: int) -> int:
    """An int32 or int64 of a message."""
    return number - (1 << 64) if number >> 63 else number


def text(value: bytes) -> str:
    """Text of a message; bytes that are none become U+FFFD."""
    return value.decode("utf-8", "replace")


def fields(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """The fields of a message, in its order.

    Yields:
        Number, wire type, the number of a varint (0 of others), the bytes of all others, 4 or 8 bytes
        of fixed ones.

    Raises:
        Malformed: It ends inside a field, or holds a wire type that is none.
    """
    at, end = 0, len(data)
    while at < end:
        key, at = varint(data, at)
        wire, number = key & 7, 0
        size = 0
        if wire == VARINT:
            number, at = varint(data, at)
        elif wire == BYTES:
            size, at = varint(data, at)
        elif wire == FIXED64:
            size = 8
        elif wire == FIXED32:
            size = 4
        else:
            raise Malformed
        if at + size > end:
            raise Malformed
        yield key >> 3, wire, number, data[at : at + size]
        at += size
