"""Runs in a folder: a file or a folder each, or one store of many."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from reportgen.model_list import DirectorySource, unsafe_found
from reportgen.patterns import Pattern, Template
from reportgen.sources import (
    PUT_IT_THERE,
    Access,
    Digests,
    Found,
    FoundFile,
    Listing,
    ProblemKind,
    SourceRecord,
    Unusable,
    digest_of,
    hash_file,
    relative_parts,
)
from reportgen.sources.folders import files_in, local_head
from reportgen.sources.walk import PACKED, Candidate, Walk
from reportgen.text import one_line

__all__ = ["Directory", "listed_in_store", "split_path"]

# A report names no folder of the machine that built it, so words do.
_BUILD_THERE = (
    "build again in the folder where this path starts: it is searched for next to the report.json, "
    "then in the current folder"
)


class Directory:
    """Finds runs in folders."""

    type = "directory"

    @contextmanager
    def open(self, access: Access) -> Iterator[Directory]:
        self._access = access
        yield self

    def find(
        self, source: DirectorySource, name: str, files: Sequence[str] = (), *, found: bool = False
    ) -> Found:
        """The files of the run ``name``.

        The part of ``source.path`` before the first ``{``, up to its last slash, is the folder that no
        name leads out of. That is a rule on the words of the path: links inside the folder are followed
        wherever they lead, for whoever may put a link there may put a file there.

        Raises:
            Unusable: the name is refused, or a file is missing, refused, unreadable or too large.
        """
        folder, rest = split_path(source.path)
        parts = relative_parts(Template(rest).place(name), found=found)
        # An absolute folder is a matter of this machine, so outputs name the file from there on.
        absolute = bool(PureWindowsPath(folder).anchor)
        shown = str(PurePosixPath("" if absolute else folder.replace(os.sep, "/"), *parts))
        path = Path(source.base, folder, *parts)
        fix = _BUILD_THERE if source.reported else PUT_IT_THERE
        notes: tuple[str, ...] = ()
        if _is_folder(path):
            taken = self._in_folder(source, path, shown, files)
            names = tuple(file.name for file in taken)
        else:
            named = _findable(path) if absolute and not _is_folder(path.parent) else shown
            taken = (self._lone_file(path, named, fix),)
            names = ()
            if (noted := _what_is_not_read(path)) is not None:
                notes = (noted,)
        record = SourceRecord("directory", None, None, None, shown, digest_of(taken), names)
        return Found(taken, record, notes=notes)

    def discover(self, source: DirectorySource, pattern: Pattern, limit: int) -> Listing:
        """The names of the files and folders that the pattern fits, and that hold a series."""
        folder, rest = split_path(source.path)
        place = Template(rest)
        if place.is_store:
            store = Path(source.base, source.path)
            if not any(os.path.lexists(f"{store}{ending}") for ending in ("", *PACKED)):
                raise Unusable("missing", f"{_findable(store)} does not exist; correct `path`")
            return listed_in_store(self._access, source, self.find(source, "").files, pattern, limit)
        base = Path(source.base, folder)
        if not _is_folder(base):
            raise Unusable("missing", f"{_findable(base)} does not exist; correct `path`")
        names: dict[str, None] = {}
        passed = 0

        def visit(candidate: Candidate) -> bool:
            nonlocal passed
            name = place.name_at(candidate.place)
            if name is None or name in names or not pattern.fits(name):
                return False
            unnameable = unsafe_found(candidate.place) or set(name) & set("*?")
            holds = not unnameable and self._holds_series(source, candidate, pattern)
            if not holds:
                # Folders above the runs that ** finds are not among what was passed over.
                passed += holds is not None
                return False
            if len(names) == limit:
                walk.stop(f"there are over {limit:,} runs")
                return False
            names[name] = None
            return True

        walk = Walk(base, place.pattern(pattern.text), visit)
        walk.run()
        kind: ProblemKind = "too_large" if len(names) == limit else "unreadable"
        return Listing(tuple(names), passed, walk.problem, kind)

    def beside(
        self, source: DirectorySource, name: str, found: Found, names: Sequence[str], *, known: bool
    ) -> list[FoundFile]:
        """The files of these names that lie where the run's file does."""
        taken = []
        for one in names:
            path = found.files[0].path.with_name(relative_parts(one, found=True)[-1])
            if path.is_file():
                digests = self._hashed(path, f"{found.source.file.rpartition('/')[0]}/{one}".lstrip("/"))
                taken.append(FoundFile(one, path, digests.size, digests.sha256))
        return taken

    def _holds_series(self, source: DirectorySource, candidate: Candidate, pattern: Pattern) -> bool | None:
        """Whether a place is a run; None where it is above runs that ``**`` finds."""
        if not candidate.is_folder:
            if not os.access(candidate.path, os.R_OK):
                return True  # Reading it says why it cannot be read.
            head = local_head(candidate.path.parent)
            return bool(self._access.fits(source, [candidate.path.name], head))
        taken = self._access.fits(source, files_in(candidate.path), local_head(candidate.path))
        if taken and "**" in pattern.text and all("/" in name for name in taken):
            return None
        return bool(taken)

    def _in_folder(
        self, source: DirectorySource, path: Path, shown: str, files: Sequence[str]
    ) -> tuple[FoundFile, ...]:
        names = files or self._access.fits(source, files_in(path), local_head(path))
        if not names:
            from reportgen.formats.refusals import refusal

            file, words = refusal(files_in(path), local_head(path))
            if file:
                self._hashed(path / file, f"{shown}/{file}")  # It may not be readable, and says so then.
            raise Unusable("missing", f"{one_line(f'{shown}/{file}' if file else shown)} {words}")
        return tuple(
            FoundFile(name, path / name, digests.size, digests.sha256)
            for name in sorted(names)
            for digests in (
                self._hashed(path.joinpath(*relative_parts(name, found=True)), f"{shown}/{name}"),
            )
        )

    def _lone_file(self, path: Path, shown: str, fix: str) -> FoundFile:
        for ending in ("", *PACKED):
            there = path.with_name(path.name + ending) if ending else path
            if not ending or (os.path.lexists(there) and not os.path.lexists(path)):
                try:
                    digests = self._hashed(there, shown + ending, fix)
                except Unusable as unusable:
                    missing = unusable
                    if unusable.kind != "missing":
                        raise
                else:
                    return FoundFile(there.name, there, digests.size, digests.sha256)
        raise missing

    def _hashed(self, path: Path, shown: str, fix: str = PUT_IT_THERE) -> Digests:
        return hash_file(path, shown, self._access.max_file_size, fix=fix)


def _what_is_not_read(path: Path) -> str | None:
    """A note of the write-ahead file beside a database, which its program has not yet moved into it."""
    journal = path.with_name(f"{path.name}-wal")
    try:
        if not journal.stat().st_size:
            return None
    except OSError:
        return None
    from reportgen.formats.stores import WAL_NOTE

    return WAL_NOTE


def split_path(path: str) -> tuple[str, str]:
    """The folder that no name leads out of, with its slash, and the rest."""
    fixed = path.partition("{")[0]
    ends = [fixed.rfind(separator) for separator in ("/", os.sep)]
    end = max(ends) + 1
    return path[:end], path[end:]


def listed_in_store(
    access: Access, source: Any, files: Sequence[FoundFile], pattern: Pattern, limit: int
) -> Listing:
    """The names in a store of many runs that the pattern fits."""
    known = access.names(source, files)
    if known is None:
        raise Unusable(
            "missing",
            "the source is one run, but `runs` has a pattern; write the run's name, or {name} in the source",
        )
    names = tuple(dict.fromkeys(name for name in known if pattern.fits(name)))
    problem = f"there are over {limit:,} runs" if len(names) > limit else ""
    return Listing(names[:limit], 0, problem, "too_large")


def _findable(path: Path) -> str:
    """``path`` from the last folder on that is there: short, and a person can find it."""
    there = next((parent for parent in path.parents if _is_folder(parent)), None)
    parts = path.parts if there is None or not there.name else (there.name, *path.relative_to(there).parts)
    return one_line(PurePosixPath(*parts).as_posix())


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
