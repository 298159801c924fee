"""Files on this machine, read with bounds: digests, paths that stay in their place, sizes."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path

from reportgen.kinds import ProblemKind
from reportgen.model_list import unsafe_found, unsafe_path
from reportgen.text import one_line

__all__ = [
    "PUT_IT_THERE",
    "Digests",
    "FoundFile",
    "Unusable",
    "digest_of",
    "hash_file",
    "is_web_page",
    "opened",
    "read_again",
    "read_head",
    "relative_parts",
    "too_large",
]

PUT_IT_THERE = "put it there, or remove the run from the list"

_CHUNK = 2**20
_WEB_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
# Without waiting: the file may have become a pipe since it was asked.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file of a run, on this machine.

    Attributes:
        name: Path relative to the run's folder, with ``/``; of a run of one file the file's own name.
        path: Where it is.
        size: The bytes that were hashed, from its beginning; a file that is still written may have more.
        sha256: Of these bytes, hexadecimal.
    """

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Digests:
    """A file's bytes, known again.

    Attributes:
        size: Bytes.
        sha256: Hexadecimal.
        others: What else servers call these bytes, hexadecimal: git's name of a blob of them, their sha1
            and their md5; empty where they were not asked for.
    """

    size: int
    sha256: str
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that tells these bytes from others."""
        return (self.sha256, *self.others)


class Unusable(Exception):  # noqa: N818 - a state of the run, and half the time no error
    """A run that a source cannot give; the text is one sentence, with its fix.

    Attributes:
        kind: As in a ``Problem``.
    """

    def __init__(self, kind: ProblemKind, message: str) -> None:
        super().__init__(message)
        self.kind: ProblemKind = kind

    def __reduce__(self) -> tuple[type[Unusable], tuple[ProblemKind, str]]:
        return type(self), (self.kind, str(self))  # An exception is pickled by its text alone.


def relative_parts(place: str, *, found: bool = False) -> tuple[str, ...]:
    """The parts of a path, as a list or a run's name gives it.

    Lists are read by the same rule; a run need not come from a list.

    Args:
        place: The path.
        found: Whether a listing gave it: a name that exists need not suit every other system.

    Raises:
        Unusable: ``refused``: a part that could lead elsewhere, or that some system cannot hold.
    """
    if wrong := (unsafe_found if found else unsafe_path)(place):
        raise Unusable("refused", f"{one_line(place)} {wrong}; correct the list")
    return tuple(place.split("/"))


def hash_file(path: Path, name: str, limit: int, *, others: bool = False, fix: str = PUT_IT_THERE) -> Digests:
    """Reads a regular file for its digests.

    Args:
        path: The file; links are followed.
        name: What messages call it.
        limit: Most bytes; asked before reading, and kept while reading a file that grows.
        others: Whether the other names of its bytes are wanted too.
        fix: What to do where there is no such file.

    Raises:
        Unusable: there is no such file, it may not be read, is not a regular file or is too large.
    """
    name = one_line(name)
    try:
        with opened(path, name) as file:
            return _digests(file, os.fstat(file.fileno()).st_size, name, limit, others=others)
    except (FileNotFoundError, NotADirectoryError):
        raise Unusable("missing", f"{name} does not exist; {fix}") from None
    except PermissionError:
        raise Unusable(
            "refused", f"{name} cannot be read (permission denied); change its permissions"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid here"
        raise Unusable("unreadable", f"{name} cannot be read ({reason}); check the file") from None


def read_again(path: Path, size: int) -> bytes:
    """The bytes of a file that ``hash_file`` has read, which may be another one by now.

    A file that has grown since, as that of a run in training, is the same one up to there.

    Args:
        path: The file.
        size: What was read then; nothing beyond it is read.

    Raises:
        Unusable: it is no regular file any more.
        OSError: it cannot be read.
    """
    with opened(path, path.name) as file, BufferedReader(file) as whole:
        return whole.read(size) or b""


def read_head(path: Path, name: str, size: int) -> bytes:
    """The first bytes of a file, at most ``size``; empty where it cannot be read or is no regular file."""
    try:
        with opened(path, name) as file, BufferedReader(file) as whole:
            return whole.read(size) or b""
    except (Unusable, OSError, ValueError):
        return b""


def digest_of(files: Sequence[FoundFile]) -> str:
    """One digest of a run's files: that of a lone file is its own sha256.

    Of several it is the sha256 of their names, sizes and digests, a line each, in the order of names.
    """
    if len(files) == 1:
        return files[0].sha256
    lines = sorted(f"{file.name}\t{file.size}\t{file.sha256}\n" for file in files)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


@contextmanager
def opened(path: Path, name: str) -> Iterator[FileIO]:
    """A regular file, open; neither this nor a read of it waits for another process."""
    # Asked before opening: to open a pipe would wait for its writer, to open a device may do anything.
    _refuse_other_than_file(path.stat(), name)
    with os.fdopen(os.open(path, _READ), "rb", buffering=0) as file:
        _refuse_other_than_file(os.fstat(file.fileno()), name)
        yield file


def _digests(file: FileIO, size: int, name: str, limit: int, *, others: bool) -> Digests:
    sha256 = hashlib.sha256()
    git = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    more = [git, hashlib.sha1(usedforsecurity=False), hashlib.md5(usedforsecurity=False)] if others else []
    done = 0
    while max(size, done) <= limit and (chunk := file.read(_CHUNK)) != b"":
        if chunk is None:  # as of /proc/kmsg, which calls itself a regular file and waits for news
            raise Unusable("refused", f"{name} never ends; put the run's file in its place")
        done += len(chunk)
        sha256.update(chunk)
        for one in more:
            one.update(chunk)
    if max(size, done) > limit:
        raise Unusable("too_large", too_large(name, max(size, done), limit))
    return Digests(done, sha256.hexdigest(), tuple(one.hexdigest() for one in more))


def _refuse_other_than_file(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Unusable("refused", f"{name} is not a regular file; put the run's file in its place")


def too_large(name: str, size: int, limit: int) -> str:
    """The sentence of a file over the limit."""
    return (
        f"{name} has at least {size:,} bytes, over the limit of {limit:,}; "
        "raise --max-file-size if it is a run"
    )


def is_web_page(head: bytes, file: str) -> bool:
    """Whether a file begins as a web page does, and is not called one."""
    return _WEB_PAGE.match(head) is not None and not file.endswith((".html", ".htm"))
