"""Where the bytes of runs come from: folders, the Hub, addresses, and what plug-ins add.

To add a source: one class that follows ``SourceType``, named under the entry point ``reportgen.sources``
by the ``type`` that lists write; ``docs/sources.md`` shows one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from reportgen.analysis import Analysis
from reportgen.errors import ReportgenError
from reportgen.kinds import Head, Problem, ProblemKind, SourceRecord
from reportgen.patterns import Pattern
from reportgen.sources.files import (
    PUT_IT_THERE,
    Digests,
    FoundFile,
    Unusable,
    digest_of,
    hash_file,
    read_again,
    read_head,
    relative_parts,
    too_large,
)
from reportgen.sources.line import Patience
from reportgen.text import in_words, one_line

__all__ = [
    "PUT_IT_THERE",
    "THREAD",
    "Access",
    "Digests",
    "Found",
    "FoundFile",
    "Listing",
    "LooksBeside",
    "OpenSource",
    "Problem",
    "ProblemKind",
    "SourceRecord",
    "SourceType",
    "Unusable",
    "digest_of",
    "hash_file",
    "read_again",
    "read_head",
    "relative_parts",
    "source_type",
    "too_large",
]

THREAD = "pull"
"""Name of the threads in which sources work."""

GROUP = "reportgen.sources"

# Module and class of the built-in ones, loaded when a list names them: the Hub's client is slow to import.
_BUILT_IN = (
    ("directory", "reportgen.sources.directory", "Directory"),
    ("hub", "reportgen.sources.hub", "HubType"),
    ("url", "reportgen.sources.url", "UrlType"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A run's files on this machine.

    Attributes:
        files: One at least, in the order of their names.
        source: Where they came from, with one digest of all.
        checked: False where nobody was asked whether the files have changed.
        notes: What a reader should know of the files, a sentence each.
        beside: Files beside the run's that tell of its model.
        worker: Where they are, by its address; empty for this machine.
        analysed: What the files beside say, where only that worker can read them, and what is wrong there.
    """

    files: tuple[FoundFile, ...]
    source: SourceRecord
    checked: bool = True
    notes: tuple[str, ...] = ()
    beside: tuple[FoundFile, ...] = ()
    worker: str = ""
    analysed: tuple[Analysis | None, str] | None = None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source found by a pattern.

    Attributes:
        names: Of runs that the pattern fits, each once.
        passed: Candidates that were passed over, since they hold no series.
        problem: Why there may be more, half a sentence; empty where this is all.
        kind: Of the problem.
    """

    names: tuple[str, ...]
    passed: int = 0
    problem: str = ""
    kind: ProblemKind = "unreadable"


@dataclass(frozen=True, slots=True)
class Access:
    """What sources may do, and whom they tell.

    Attributes:
        offline: Ask no network.
        max_file_size: Most bytes of a file.
        fits: The files of a run that a format would read: of a source's options, the names of all files,
            and their first bytes. Empty where no format fits.
        likely: Whether a format may want a file, by its name alone: of places that are not looked into.
        names: The names of the runs in a store of many, of a source's options and its files; None where
            the files hold one run.
        cache: Where fetched files may be kept from one build to the next, None for nowhere.
        patience: With a server that fails.
        say: Called with a sentence when something waits.
        stop: Set when nobody wants the runs any more.
    """

    offline: bool
    max_file_size: int
    fits: Callable[[Any, Sequence[str], Head], tuple[str, ...]]
    likely: Callable[[str], bool]
    names: Callable[[Any, Sequence[FoundFile]], Sequence[str] | None]
    cache: Path | None = None
    patience: Patience = field(default_factory=Patience)
    say: Callable[[str], None] = lambda _: None
    stop: threading.Event = field(default_factory=threading.Event)


class OpenSource(Protocol):
    """A source at work; used by many threads at once."""

    def find(self, source: Any, name: str, files: Sequence[str], *, found: bool) -> Found:
        """The files of the run ``name``.

        Args:
            source: What the list says of it.
            name: The run's name; empty where the source names one store for all runs.
            files: Those to take, relative to the run's folder; empty where the formats choose.
            found: Whether a listing gave the name.

        Raises:
            Unusable: There is none to read, and why.
        """

    def discover(self, source: Any, pattern: Pattern, limit: int) -> Listing:
        """The names of the runs that ``pattern`` fits, at most ``limit``.

        Raises:
            Unusable: There is no listing, and why.
        """


@runtime_checkable
class LooksBeside(Protocol):
    """A source that can look for files beside a run's."""

    def beside(
        self, source: Any, name: str, found: Found, names: Sequence[str], *, known: bool
    ) -> Sequence[FoundFile]:
        """The files beside that of a run of one file; none where there are none, or nobody can be asked.

        Args:
            source: What the list says of it.
            name: The run's name.
            found: The run.
            names: Of the files.
            known: Whether an earlier report read just these, so that nobody need be asked which there are.
        """


class SourceType(Protocol):
    """A kind of source. The built-in ones and those of plug-ins follow the same protocol.

    Attributes:
        type: As ``[source] type`` names it.
    """

    type: str

    def open(self, access: Access) -> AbstractContextManager[OpenSource]:
        """A source at work, until the context ends.

        Raises:
            ReportgenError: Its settings are refused.
        """


def source_type(name: str) -> SourceType:
    """The kind of source that lists call ``name``.

    Raises:
        ReportgenError: There is none, or a plug-in's cannot be loaded.
    """
    for known, module, attribute in _BUILT_IN:
        if known == name:
            try:
                made: SourceType = getattr(import_module(module), attribute)()
            except ValueError as error:
                fix = "correct the variables that begin with HF_"
                raise ReportgenError(
                    f"the Hub's client refuses its settings ({one_line(str(error))}); {fix}"
                ) from None
            return made
    for point in entry_points(group=GROUP, name=name):
        try:
            made = point.load()()
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
            raise ReportgenError(
                f'the source "{name}" cannot be loaded ({in_words(error)}); install its package again'
            ) from None
        return made
    raise ReportgenError(f'there is no source "{name}"; install the package that provides it', exit_code=2)
