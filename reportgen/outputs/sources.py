"""Where runs came from, a line for each file or store: what all runs of a store share is said once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportgen.kinds import SourceRecord
from reportgen.report import RunReport

__all__ = ["SourceLine", "digest_title", "source_lines"]

_MOST_RUNS = 12


@dataclass(frozen=True, slots=True)
class SourceLine:
    """The file, the files or the store of a run or more.

    Attributes:
        runs: Those that came from it, one after the other.
        names: Of the runs, as their list has them; of very many some.
        labels: Of one run, where it is called otherwise in the report; else empty.
        place: Repository and file, or file; of a folder the files that were read there.
        commit: With the branch or tag that was asked for; empty where there is none.
        sha256: Of the file; of several one digest of all.
        files: How many there are.
    """

    runs: tuple[RunReport, ...]
    names: str
    labels: str
    place: str
    commit: str
    sha256: str
    files: int


def source_lines(runs: Sequence[RunReport]) -> tuple[SourceLine, ...]:
    """Lines in the order of runs; those of one store share one."""
    found: dict[tuple[str | None, ...], list[RunReport]] = {}
    for run in runs:
        found.setdefault(_identity(run.source), []).append(run)
    return tuple(_line(tuple(some)) for some in found.values())


def digest_title(lines: Sequence[SourceLine]) -> str:
    """What the digests are of."""
    return "SHA-256 of the file" + ("s" if any(line.files > 1 for line in lines) else "")


def _identity(source: SourceRecord) -> tuple[str | None, ...]:
    return (source.kind, source.repo, source.file, source.revision, source.sha256)


def _line(runs: tuple[RunReport, ...]) -> SourceLine:
    first, source = runs[0], runs[0].source
    every = list(dict.fromkeys(run.spec.name for run in runs))  # two families may have one run
    names, more = ", ".join(every[:_MOST_RUNS]), len(every) - _MOST_RUNS
    commit = source.revision or ""
    if source.requested_revision not in (None, source.revision):
        commit += f" ({source.requested_revision})" if commit else ""
    return SourceLine(
        runs,
        f"{names} and {more:,} more" if more > 0 else names,
        first.label if len(every) == 1 and first.label != first.spec.name else "",
        _place(source),
        commit,
        source.sha256,
        max(1, len(source.files)),
    )


def _place(source: SourceRecord) -> str:
    """The files of a folder, those nearest to it first: ``out/lr1/trainer_state.json and 2 more``."""
    place = source.file
    if source.files:
        first, *others = sorted(source.files, key=lambda file: (file.count("/"), file))
        place = f"{source.file}/{first}"
        if len(others) == 1:
            place += f", {others[0]}"
        elif others:
            place += f" and {len(others):,} more"
    return f"{source.repo}, {place}" if source.repo else place
