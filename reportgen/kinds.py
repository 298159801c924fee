"""Types that every module shares: runs' files, series, problems. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "Better",
    "FloatArray",
    "Format",
    "InputFile",
    "IntArray",
    "Problem",
    "ProblemKind",
    "RunFile",
    "Scalar",
    "Series",
    "SourceRecord",
    "Store",
    "Unreadable",
]

FloatArray: TypeAlias = "npt.NDArray[np.float64]"
IntArray: TypeAlias = "npt.NDArray[np.int64]"

Better = Literal["lower", "higher"]

Scalar = str | int | float | bool
"""What an attribute, or a cell of a table, holds."""

ProblemKind = Literal["missing", "refused", "network", "unreadable", "too_large", "timeout"]


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """Where a run's bytes came from.

    Attributes:
        kind: Type of the source: ``hub``, ``directory``, ``url``, or a plug-in's.
        repo: Hub repository, None elsewhere.
        requested_revision: Branch, tag or commit of the list, None where the source has none.
        revision: Commit that was read, None where the source has none.
        file: File in the repository, or relative to the list's folder; the folder of a run of several files.
        sha256: Of the file's bytes, hexadecimal; of a run of several files one digest of all.
        files: The files of a run that has several, relative to ``file``; empty for a run of one file.
        beside: Files beside the run's that tell of its model, each with its sha256.
    """

    kind: str
    repo: str | None
    requested_revision: str | None
    revision: str | None
    file: str
    sha256: str
    files: tuple[str, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A run that could not be used, and why, in words for its owner.

    Attributes:
        last_known: The run's entry in the baseline report, where there is one.
    """

    family: str
    run: str
    kind: ProblemKind
    message: str
    last_known: Mapping[str, Any] | None = None


class Unreadable(Exception):  # noqa: N818 - a state of the file
    """A file that holds no run; its text is one sentence: what is wrong, where, and how to fix it.

    Attributes:
        reason: The sentence without the file's name, with which it begins.
        no_series: It is whole, and nothing was logged in it: a run that a pattern finds so is none. False
            where it is damaged, or where its owner can do something so that it is read.
    """

    def __init__(self, name: str, reason: str, *, no_series: bool = False) -> None:
        super().__init__(f"{name} {reason}")
        self.reason = reason
        self.no_series = no_series


@dataclass(frozen=True, slots=True)
class Series:
    """A quantity over training, as a format read it or as it was settled.

    Attributes:
        name: ``loss``, ``eval_loss``, ``learning_rate``, else the file's own name.
        values: (entries,) float64, in the file's order.
        steps: (entries,) int64, steps of the entries in the file's order; None means 0, 1, 2, ...
        source_name: What the file calls it.
        step_unit: ``step``, ``epoch``, ...: what its steps count.
        evaluation: Whether the format knows it as an evaluation of the training series.
        axes: Other positions of the entries, each (entries,) float64: ``epoch``, ``time`` (seconds),
            ``tokens``.
        table: Series of one table of a file are written together; a restart in one bounds the others.
        superseded: Entries that a restart took back, which are not among ``values`` any more.
        rows: (entries,) int64, ascending: where in its table each entry stands, so that what was written
            before a restart is told from what came after it; None where the file does not tell.
        missing: (missing,) int64, ascending: entries whose value, NaN, the file left out (null) where each
            step has an entry; None where it left out none. Formats that skip what is not logged have none.
    """

    name: str
    values: FloatArray
    steps: IntArray | None = None
    source_name: str = ""
    step_unit: str = "step"
    evaluation: bool = False
    axes: Mapping[str, FloatArray] = field(default_factory=dict)
    table: str = ""
    superseded: int = 0
    rows: IntArray | None = None
    missing: IntArray | None = None


@dataclass(frozen=True, slots=True)
class RunFile:
    """What the files of one run say.

    Attributes:
        series: By name, in the order in which they are shown; at least one.
        config: The configuration as recorded, nested as the file has it; may be empty.
        recorded: Metric to the value that the file records of it (``final_loss``, ``avg_final_loss``).
        unfinished: The file says that the run has further to go, or it was cut.
        marks: Further marks that reading found: ``restarted``.
        notes: What a reader should know of how the file was read, a sentence each: which column is the
            step, which the loss, how many rows were left out and why.
        format: Name of the format that read it.
    """

    series: Mapping[str, Series]
    config: Mapping[str, Any] = field(default_factory=dict)
    recorded: Mapping[str, float] = field(default_factory=dict)
    unfinished: bool = False
    marks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    format: str = ""


class InputFile(Protocol):
    """One file of a run, to be read; it ends where the bytes end that were hashed."""

    @property
    def name(self) -> str:
        """Path relative to the run's folder, with ``/``; of a run of one file the file's own name.

        Without ``.gz`` or ``.zst``, which are unpacked on the way.
        """

    def open(self) -> BinaryIO:
        """The bytes, unpacked, as a stream of its own that need not seek."""

    def read(self) -> bytes:
        """All bytes, unpacked."""


class Format(Protocol):
    """A format of run files. The built-in ones and those of plug-ins follow the same protocol.

    Attributes:
        name: As ``[source.format] type`` names it: ``trainer_state``.
        version: Part of the cache's key; raised whenever the same bytes are read differently.
    """

    name: str
    version: int

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        """The files of a run that this format would read; empty where it is not this format.

        Args:
            files: Paths of the run's files, relative to its folder, or the one file's name.
            head: Gives the first bytes (64 KiB at most, unpacked) of one of them. Names are hints, and
                cheap tests come first; content decides.
        """

    def runs(
        self, files: Sequence[InputFile], options: Mapping[str, Any]
    ) -> Sequence[str] | Mapping[str, Sequence[str]] | None:
        """Names of the runs in a store of many; None where the files hold one run.

        A mapping where each run has files of its own: its name to theirs. Then only these are read of it.
        """

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        """Reads one run.

        Args:
            files: Those that ``fits`` named.
            name: The run's name; in a store of many one that ``runs`` gave.
            options: What ``[source.format]`` says beside ``type``.

        Raises:
            Unreadable: It holds no training series: what it is, and what to do.
        """


@runtime_checkable
class Store(Protocol):
    """What a format of stores may have besides: many runs from one reading of the files they share."""

    def read_all(
        self, files: Sequence[InputFile], names: Sequence[str], options: Mapping[str, Any]
    ) -> Mapping[str, RunFile | Unreadable]:
        """Reads these runs; each name to what :meth:`Format.read` gives or raises.

        Raises:
            Unreadable: Nothing can be said of any run: the store is damaged.
        """


class Head(Protocol):
    """Gives the first bytes of a file of a run."""

    def __call__(self, name: str) -> bytes: ...
