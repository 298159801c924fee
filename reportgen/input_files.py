"""A run's files, as formats read them: the bytes that were hashed, unpacked; other bytes are an error."""

from __future__ import annotations

import hashlib
import io
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO, cast

from reportgen.formats.packed import is_packed, plain_name, unpacked
from reportgen.kinds import Unreadable
from reportgen.sources import FoundFile, Unusable
from reportgen.sources.files import opened, read_again, read_head

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import WriteableBuffer

__all__ = ["Changed", "HashedFile", "head_of"]

_CHUNK = 1 << 20
_HEAD = 1 << 16


class Changed(Exception):  # noqa: N818 - a state of the file
    """A file holds other bytes than those that were hashed."""


class HashedFile:
    """One file of a run; an ``InputFile``.

    Args:
        file: Where it is, and what it held when it was hashed. What was added since is not read.
        limit: Most bytes that may come out of it where it is packed.
    """

    def __init__(self, file: FoundFile, limit: int) -> None:
        self._file = file
        self._limit = limit
        self._opened = False
        self._verified = False
        self._head: bytes | None = None

    @property
    def name(self) -> str:
        return plain_name(self._file.name)

    def open(self) -> BinaryIO:
        """The bytes, unpacked, as a stream.

        Raises:
            Changed: Here or while it is read: the file is another one by now.
            OSError: It cannot be read.
        """
        return unpacked(self._raw(), self._file.name, self._limit)

    def read(self) -> bytes:
        """All bytes, unpacked; raises what :meth:`open` does."""
        self._opened = True
        try:
            data = read_again(self._file.path, self._file.size)
        except Unusable:
            raise Changed from None
        if hashlib.sha256(data).hexdigest() != self._file.sha256:
            raise Changed
        self._verified = True
        if not is_packed(data):
            return data
        with unpacked(io.BytesIO(data), self._file.name, self._limit) as stream:
            return stream.read()

    def head(self) -> bytes:
        """The first 64 KiB, unpacked; nobody has verified them. Each format asks for them."""
        if self._head is None:
            self._head = head_of(self._file)
        return self._head

    def verify(self) -> None:
        """Reads on where a format has not read to the end.

        Raises:
            Changed: The file is another one by now.
        """
        if self._opened and not self._verified:
            with self._raw() as stream:
                while stream.read(_CHUNK):
                    pass

    def is_as_hashed(self) -> bool:
        """Whether the file still holds those bytes."""
        try:
            self._opened = True
            self.verify()
        except (Changed, OSError):
            return False
        return True

    def _raw(self) -> BinaryIO:
        self._opened = True
        with ExitStack() as stack:
            try:
                stream = stack.enter_context(opened(self._file.path, self._file.name))
            except Unusable:
                raise Changed from None
            hashing = _Hashing(cast(BinaryIO, stream), stack.pop_all(), self._file, self._found_sound)
            return cast(BinaryIO, io.BufferedReader(hashing, _CHUNK))
        raise AssertionError

    def _found_sound(self) -> None:
        self._verified = True


def head_of(file: FoundFile) -> bytes:
    """The first 64 KiB of a file, unpacked as far as they can be; empty where it cannot be read.

    Of a packed file of which nothing can be unpacked they are the packed bytes: it is damaged, not empty.
    """
    packed = io.BytesIO(read_head(file.path, file.name, min(_HEAD, file.size)))
    found = b""
    try:
        with unpacked(packed, file.name, _HEAD * 1000) as stream:
            while len(found) < _HEAD and (piece := stream.read1(_HEAD - len(found))):  # type: ignore[attr-defined]
                found += piece
    except Unreadable:  # Its beginning ends in the middle of a packed block, or it is damaged.
        return found or packed.getvalue()
    return found


class _Hashing(io.RawIOBase):
    """The first ``size`` bytes of a stream, hashed on their way."""

    def __init__(
        self, stream: BinaryIO, place: ExitStack, file: FoundFile, on_sound: Callable[[], None]
    ) -> None:
        self._stream, self._place = stream, place
        self._left, self._expected, self._on_sound = file.size, file.sha256, on_sound
        self._sha256 = hashlib.sha256()
        self._told = False

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._place.close()
        super().close()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")[: self._left]
        count = self._stream.readinto(view) if len(view) else 0  # type: ignore[attr-defined]
        if not count and self._left:
            raise Changed  # It is shorter by now.
        self._sha256.update(view[:count])
        self._left -= count
        if not self._left and not self._told:
            if self._sha256.hexdigest() != self._expected:
                raise Changed
            self._told = True
            self._on_sound()
        return count or 0
