"""gzip and Zstandard, unpacked as a stream, within a limit.

Content decides: what begins with the magic bytes of gzip or of a Zstandard frame is unpacked, whatever
its name; everything else is passed on as it is.
"""

from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from reportgen.kinds import Unreadable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["is_packed", "plain_name", "unpacked"]

_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_MAGIC = max(len(_GZIP), len(_ZSTANDARD))
# What is unpacked at once. A kilobyte of Zstandard may become 40 MB, 16 KB of gzip 16 MB.
_PIECES = {"gzip": 1 << 14, "Zstandard": 1 << 10}
_DIGITS = 3


def plain_name(name: str) -> str:
    """A file's name without ``.gz`` or ``.zst``."""
    lower = name.lower()
    ending = next((ending for ending in (".gz", ".zst") if lower.endswith(ending)), "")
    return name[: len(name) - len(ending)] or name


def is_packed(head: bytes) -> bool:
    """Whether a file that begins so is unpacked."""
    return head.startswith((_GZIP, _ZSTANDARD))


def unpacked(stream: BinaryIO, name: str, limit: int) -> BinaryIO:
    """The bytes of a file, unpacked where it is packed.

    Args:
        stream: The file as it lies there; read on from where it stands.
        name: The file's name, for messages.
        limit: Bytes that may come out of a packed file; more are an error.

    Returns:
        A stream to read from, which closes ``stream`` when it is closed. Reading raises
        :class:`Unreadable` where the file is damaged, ends too early, or holds more than ``limit``.
    """
    head = stream.read(_MAGIC)
    kind = "gzip" if head.startswith(_GZIP) else "Zstandard" if head.startswith(_ZSTANDARD) else None
    raw = _Unpacking(stream, head, kind, name, limit) if kind else _Plain(stream, head)
    return cast(BinaryIO, io.BufferedReader(raw, buffer_size=1 << 16))


class _Plain(io.RawIOBase):
    """A stream whose first bytes have been looked at."""

    def __init__(self, stream: BinaryIO, head: bytes) -> None:
        self._stream, self._head = stream, head

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.close()
        super().close()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        piece = self._head[: len(view)] or self._stream.read(len(view))
        self._head = self._head[len(view) :]
        view[: len(piece)] = piece
        return len(piece)


class _Unpacking(io.RawIOBase):
    """Members of a gzip file, or frames of a Zstandard one, one after the other."""

    def __init__(self, stream: BinaryIO, head: bytes, kind: str, name: str, limit: int) -> None:
        self._stream, self._packed, self._kind, self._name = stream, head, kind, name
        self._limit, self._given = limit, 0
        self._new, self._errors = _decoders(kind)
        self._member: Any = self._new()
        self._plain = b""

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.close()
        super().close()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        while not self._plain:
            if not self._packed:
                self._packed = self._stream.read(_PIECES[self._kind])
            if not self._packed:
                if self._member is not None:
                    raise Unreadable(self._name, f"is truncated ({self._kind}); copy or compress it again")
                return 0
            self._unpack_a_piece()
        piece = self._plain[: len(view)]
        self._plain = self._plain[len(view) :]
        view[: len(piece)] = piece
        return len(piece)

    def _unpack_a_piece(self) -> None:
        if self._member is None:  # another member may follow, after zeros that fill up a block
            self._packed = self._packed.lstrip(b"\0")
            if not self._packed:
                return
            self._member = self._new()
        piece, self._packed = self._packed, b""
        try:
            self._plain = self._member.decompress(piece)
        except self._errors:
            raise Unreadable(self._name, f"is damaged ({self._kind}); copy or compress it again") from None
        if self._member.eof:
            self._packed = self._member.unused_data
            self._member = None
        self._given += len(self._plain)
        if self._given > self._limit:
            size = (
                f"{self._limit / 1e6:,.{_DIGITS}g} MB" if self._limit < 1e9 else f"{self._limit / 1e9:.3g} GB"
            )
            raise Unreadable(
                self._name,
                f"unpacks to more than {size}, the limit for a file; raise --max-file-size if it is a run",
            )


def _decoders(kind: str) -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    """What makes a decoder of one member, and what it raises on damaged bytes."""
    if kind == "gzip":
        return lambda: zlib.decompressobj(wbits=31), (zlib.error,)
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.ZstdDecompressor, (zstd.ZstdError,)
    import zstandard

    return lambda: zstandard.ZstdDecompressor().decompressobj(), (zstandard.ZstdError,)
