"""Where the bytes of runs come from."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path

from reportgen.kinds import ProblemKind, SourceRecord
from reportgen.model_list import unsafe_path
from reportgen.text import one_line

__all__ = [
    "PUT_IT_THERE",
    "Digests",
    "Found",
    "Unusable",
    "hash_file",
    "read_again",
    "relative_parts",
    "too_large",
]

PUT_IT_THERE = "put it there, or take the run out of the list"

_CHUNK = 2**20
# Without waiting: the file may have become a pipe since it was asked.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Found:
    """A run's file on this machine.

    Attributes:
        path: The file.
        size: Its bytes.
        source: Where they came from.
        checked: False where the Hub was not asked whether the file has changed.
    """

    path: Path
    size: int
    source: SourceRecord
    checked: bool


@dataclass(frozen=True, slots=True)
class Digests:
    """A file's bytes, known again.

    Attributes:
        size: Bytes.
        sha256: Hexadecimal.
        git: What git calls a blob of these bytes (sha1, hexadecimal); None where it was not asked for.
    """

    size: int
    sha256: str
    git: str | None


class Unusable(Exception):  # noqa: N818 - a state of the run, and half the time no error
    """A run that a source cannot give; the text is one sentence, with its mend.

    Attributes:
        kind: As in a ``Problem``.
    """

    def __init__(self, kind: ProblemKind, message: str) -> None:
        super().__init__(message)
        self.kind: ProblemKind = kind


def relative_parts(place: str) -> tuple[str, ...]:
    """The parts of a path, as a list or a run's name gives it.

    Lists are read by the same rule; a run need not come from a list.

    Raises:
        Unusable: ``refused``: a part that could lead elsewhere, or that some system cannot hold.
    """
    if wrong := unsafe_path(place):
        raise Unusable("refused", f"{one_line(place)} {wrong}; correct the list")
    return tuple(place.split("/"))


def hash_file(path: Path, name: str, limit: int, *, git: bool = False, mend: str = PUT_IT_THERE) -> Digests:
    """Reads a regular file for its digests.

    Args:
        path: The file; links are followed.
        name: What messages call it.
        limit: Most bytes; asked before reading, and kept while reading a file that grows.
        git: Whether git's name is wanted too.
        mend: What to do where there is no such file.

    Raises:
        Unusable: there is no such file, it may not be read, is no regular file or is too large.
    """
    name = one_line(name)
    try:
        with _opened(path, name) as file:
            return _digests(file, os.fstat(file.fileno()).st_size, name, limit, git=git)
    except (FileNotFoundError, NotADirectoryError):
        raise Unusable("missing", f"{name} does not exist; {mend}") from None
    except PermissionError:
        raise Unusable("refused", f"{name} may not be read; change its permissions") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid here"
        raise Unusable("unreadable", f"{name} cannot be read ({reason}); check the file") from None


def read_again(path: Path, size: int) -> bytes:
    """The bytes of a file that ``hash_file`` has read, which may be another one by now.

    Args:
        path: The file.
        size: What was read then; one byte more is read where there is more.

    Raises:
        Unusable: it is no regular file any more.
        OSError: it cannot be read.
    """
    with _opened(path, path.name) as file, BufferedReader(file) as whole:
        return whole.read(size + 1) or b""


@contextmanager
def _opened(path: Path, name: str) -> Iterator[FileIO]:
    """A regular file, open; neither this nor a read of it waits for another process."""
    # Asked before opening: to open a pipe would wait for its writer, to open a device may do anything.
    _refuse_other_than_file(path.stat(), name)
    with os.fdopen(os.open(path, _READ), "rb", buffering=0) as file:
        _refuse_other_than_file(os.fstat(file.fileno()), name)
        yield file


def _digests(file: FileIO, size: int, name: str, limit: int, *, git: bool) -> Digests:
    sha256 = hashlib.sha256()
    sha1 = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    done = 0
    while max(size, done) <= limit and (chunk := file.read(_CHUNK)) != b"":
        if chunk is None:  # as of /proc/kmsg, which calls itself a regular file and waits for news
            raise Unusable("refused", f"{name} has no end yet; put the run's file in its place")
        done += len(chunk)
        sha256.update(chunk)
        if git:
            sha1.update(chunk)
    if max(size, done) > limit:
        raise Unusable("too_large", too_large(name, max(size, done), limit))
    return Digests(done, sha256.hexdigest(), sha1.hexdigest() if git else None)


def _refuse_other_than_file(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Unusable("refused", f"{name} is no regular file; put the run's file in its place")


def too_large(name: str, size: int, limit: int) -> str:
    """The sentence of a file over the limit."""
    return (
        f"{name} has {size:,} bytes or more, over the limit of {limit:,}; "
        "raise --max-file-size if it is a run"
    )
