"""A walk through folders that finds what a pattern fits, and goes nowhere else."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reportgen.patterns import Pattern
from reportgen.sources.files import read_head
from reportgen.sources.folders import is_checkpoint, is_environment

__all__ = ["PACKED", "Candidate", "Walk", "is_report", "unpacked"]

PACKED = (".gz", ".zst")
"""Endings of packed files, which a list need not write."""

_MOST_ENTRIES = 2_000_000
_OF_A_REPORT = frozenset({"curves", "figures", "tables"})
_LARGEST_MANIFEST = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file or folder that a pattern fits.

    Attributes:
        place: Relative to where the walk began, with ``/``; of a packed file without that ending.
        path: Where it is.
        is_folder: Whether it is a folder.
    """

    place: str
    path: Path
    is_folder: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a folder holds, to be looked at.

    Attributes:
        place: Relative to where the walk began.
        state: Of the pattern, before the entry's name.
    """

    place: str
    name: str
    path: Path
    state: int


class Walk:
    """Goes through a folder: places near the top first, and links after all else.

    A link to what was seen already leads nowhere new. Checkpoints, hidden folders, installed packages and
    reports of ours are not entered, unless the pattern's own words name such a folder.

    Args:
        folder: Where it begins.
        pattern: Of places relative to it.
        visit: Called with each place that fits; tells whether it is a run, beneath which there is no other.

    Attributes:
        problem: Why not all was seen, half a sentence; empty where it was.
    """

    def __init__(self, folder: Path, pattern: Pattern, visit: Callable[[Candidate], bool]) -> None:
        self.problem = ""
        self._pattern = pattern
        self._visit = visit
        self._hidden = any(part.startswith(".") for part in pattern.text.split("/"))
        self._checkpoints = "checkpoint" in pattern.text
        self._seen: set[tuple[int, int]] = set()
        self._folders: deque[_Entry] = deque([_Entry("", "", folder, pattern.start)])
        self._links: deque[_Entry] = deque()
        self._left = _MOST_ENTRIES
        self._stopped = False

    def run(self) -> None:
        """Looks until nothing is left, or ``stop`` is called."""
        self._is_seen(self._folders[0].path)
        while not self._stopped and (self._folders or self._links):
            if self._folders:
                self._scan(self._folders.popleft())
            else:
                link = self._links.popleft()
                if not self._is_seen(link.path):
                    self._look(link, is_folder=link.path.is_dir())

    def stop(self, problem: str) -> None:
        """Looks no further, because of ``problem``."""
        self.problem, self._stopped = problem, True

    def _scan(self, folder: _Entry) -> None:
        try:
            with os.scandir(folder.path) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            # One folder that may not be read must not hide that the list is not whole.
            self.problem = self.problem or f"{folder.place or 'the folder'} cannot be read ({error.strerror})"
            return
        for entry in found:
            self._left -= 1
            if self._left < 0:
                self.stop(f"there are over {_MOST_ENTRIES:,} files and folders")
            if self._stopped:
                return
            one = _Entry(folder.place, entry.name, Path(entry.path), folder.state)
            try:
                if entry.is_symlink():
                    self._links.append(one)
                else:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if self._pattern.advance(one.state, one.name):
                        self._is_seen(one.path)
                    self._look(one, is_folder=is_folder)
            except OSError:
                continue

    def _look(self, entry: _Entry, *, is_folder: bool) -> None:
        place = entry.place + entry.name
        if not is_folder:
            for name in dict.fromkeys((entry.name, unpacked(entry.name))):
                if self._pattern.accepts(self._pattern.advance(entry.state, name)):
                    self._visit(Candidate(entry.place + name, entry.path, is_folder=False))
                    return
            return
        state = self._pattern.advance(entry.state, entry.name)
        if not state or self._is_none(entry):
            return
        is_run = self._pattern.accepts(state) and self._visit(Candidate(place, entry.path, is_folder=True))
        beneath = self._pattern.advance(state, "/")
        if not is_run and beneath:
            self._folders.append(_Entry(f"{place}/", "", entry.path, beneath))

    def _is_none(self, entry: _Entry) -> bool:
        """Whether a folder is none of runs."""
        return (
            (not self._hidden and is_environment(entry.name))
            or (not self._checkpoints and is_checkpoint(entry.name))
            or os.path.lexists(entry.path / "pyvenv.cfg")
            or is_report(entry.path)
        )

    def _is_seen(self, path: Path) -> bool:
        """Whether this file or folder was seen before; from now on it was."""
        try:
            status = path.stat()
        except (OSError, ValueError):
            return True  # a link that leads nowhere
        mark = (status.st_dev, status.st_ino)
        seen = mark in self._seen and status.st_ino != 0
        self._seen.add(mark)
        return seen


def unpacked(name: str) -> str:
    """The name of what a packed file holds."""
    return next((name[: -len(end)] for end in PACKED if name.endswith(end) and len(name) > len(end)), name)


def is_report(folder: Path) -> bool:
    """Whether a build of ours wrote the folder, or what it holds: runs may lie in one with their report."""
    return _has_manifest(folder) or (folder.name in _OF_A_REPORT and _has_manifest(folder.parent))


def _has_manifest(folder: Path) -> bool:
    file = folder / "manifest.json"
    data = read_head(file, file.name, _LARGEST_MANIFEST)
    if b'"inputs_digest"' not in data:
        return False
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(manifest, dict) and "reportgen" in manifest
