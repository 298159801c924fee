"""What lies in a run's folder, within bounds."""

from __future__ import annotations

import io
import os
import re
from collections import deque
from functools import lru_cache
from pathlib import Path

from reportgen.kinds import Head, Unreadable
from reportgen.sources.files import read_head

__all__ = ["HEAD", "files_in", "is_checkpoint", "is_environment", "local_head", "unpacked_head"]

_MOST_HEADS = 64  # Of a folder, 4 MB.
HEAD = 64 * 2**10
"""Bytes of a file that formats look at to know it."""

_MOST_FILES = 10_000
_DEEPEST = 6
_CHECKPOINT = re.compile(
    r"checkpoints?(?:[-_]?\d.*)?|(?:global_)?step[-_]?\d+|epoch[-_=]\d+.*", re.IGNORECASE
)
_ENVIRONMENTS = frozenset({"node_modules", "site-packages", "__pycache__", "venv", "env"})


def is_checkpoint(folder: str) -> bool:
    """Whether a folder's name is that of a state kept during training, not of a run."""
    return _CHECKPOINT.fullmatch(folder) is not None


def is_environment(folder: str) -> bool:
    """Whether a folder's name is hidden, or that of installed packages."""
    return folder.startswith(".") or folder in _ENVIRONMENTS


def _is_entered(folder: str) -> bool:
    return folder == ".hydra" or not is_environment(folder)  # Hydra keeps a run's configuration there.


def files_in(folder: Path) -> list[str]:
    """Names of the files in a folder and those beneath, relative to it, with ``/``.

    Folders that hold other things than runs are left out; those nearest to the top come first, and
    10,000 files are enough.
    """
    found: list[str] = []
    waiting = deque([("", 0)])
    while waiting and len(found) < _MOST_FILES:
        place, depth = waiting.popleft()
        try:
            entries = sorted(os.scandir(folder / place), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            name = f"{place}{entry.name}"
            try:
                if not entry.is_dir():
                    found.append(name)
                # A link to a folder may lead back to this one.
                elif depth < _DEEPEST and not entry.is_symlink() and _is_entered(entry.name):
                    waiting.append((f"{name}/", depth + 1))
            except OSError:
                continue
    return found[:_MOST_FILES]


def local_head(folder: Path) -> Head:
    """Gives the first bytes of the files in ``folder``, unpacked; each format asks for them again."""
    return lru_cache(_MOST_HEADS)(lambda name: unpacked_head(folder / name, name))


def unpacked_head(path: Path, name: str) -> bytes:
    """The first bytes of a file, unpacked as far as they can be; empty where it cannot be read.

    Of a packed file of which nothing can be unpacked they are the packed bytes: it is damaged, not empty.
    """
    from reportgen.formats.packed import unpacked

    found = b""
    packed = read_head(path, name, HEAD)
    try:
        with unpacked(io.BytesIO(packed), name, HEAD * 1000) as stream:
            while len(found) < HEAD and (piece := stream.read(min(4096, HEAD - len(found)))):
                found += piece
    except Unreadable:  # Its beginning ends in the middle of a packed block, or it is damaged.
        return found or packed
    return found
