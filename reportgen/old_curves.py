"""The curves that runs in the news had in the baseline, from the files of its own build."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from reportgen import news
from reportgen.outputs import folder
from reportgen.report import OldCurve, Report, RunReport

__all__ = ["added", "of_build"]

_MOST = 6  # Runs with a picture: more would push the report off the first screen.
_LARGEST = 1 << 22  # Bytes of a file; 800 points have 60 KB.
_MOST_POINTS = 20_000
_NAME = re.compile(r"curves/[^/\\\0]{1,250}\.csv")
_INT64 = range(2**63)


def of_build(baseline: Path) -> dict[str, str]:
    """Name to SHA-256 of the curves of the build that wrote ``baseline``.

    Empty where it is not known that the files in its folder are of the same build: a report that was copied
    may lie among the curves of another one. Empty too where they are gone, as of an older night.
    """
    try:
        manifest = folder.read_manifest(baseline.parent)
        if manifest is None or not (baseline.parent / "curves").is_dir():
            return {}
        files: Mapping[str, Any] = manifest["files"]
        if files.get("report.json") != hashlib.sha256(baseline.read_bytes()).hexdigest():
            return {}
    except (OSError, ValueError):
        return {}
    return {
        name: digest for name, digest in files.items() if _NAME.fullmatch(name) and isinstance(digest, str)
    }


def added(report: Report, baseline: Mapping[str, Any], place: Path, files: Mapping[str, str]) -> Report:
    """``report`` with the old curves of the first runs whose metrics moved, as far as there are any.

    Args:
        report: With its changes.
        baseline: The document that they are changes from.
        place: Folder of the baseline.
        files: Of :func:`of_build`.
    """
    if not files or report.changes is None:
        return report
    found: dict[tuple[str, str], OldCurve] = {}
    told = (entries for _, entries in news.by_run(report.changes))
    moved = (entries for entries in told if any(kind == "metrics" for kind, _ in entries))
    for entries in islice(moved, _MOST):
        family, name = entries[0][1]["family"], entries[0][1]["run"]
        run = _run(report, family, name)
        if run is not None:
            metrics = [
                str(each["metric"]) for kind, one in entries if kind == "metrics" for each in one["moved"]
            ]
            series = _series(run, metrics)
            file = _file(_before(baseline, family, run), series)
            curve = _read(place, file, files.get(file, "")) if file else None
            if curve is not None:
                found[family, name] = OldCurve(series, *curve)
    return replace(report, old_curves=found)


def _run(report: Report, family: str, name: str) -> RunReport | None:
    """The run of that name; None where two revisions share it."""
    runs = [run for one in report.families if one.name == family for run in one.runs if run.spec.name == name]
    return runs[0] if len(runs) == 1 else None


def _series(run: RunReport, moved: Sequence[str]) -> str:
    """The series to show: the ranked one if a metric of it moved, else the first one that moved."""
    others = [name for name in run.series if name != "loss"]
    of = [next((name for name in others if metric.startswith(f"{name}.")), "loss") for metric in moved]
    named = [name for name in of if name in run.series]
    return named[0] if named and run.ranked not in named else run.ranked


def _before(baseline: Mapping[str, Any], family: str, run: RunReport) -> Mapping[str, Any]:
    """The run's entry in the baseline; empty where it has none, or more than one fits."""
    own = run.source
    named = [
        (one["name"], entry)
        for one in baseline["families"]
        for entry in one["runs"]
        if entry["name"] == run.spec.name
    ]
    same = [
        entry
        for _, entry in named
        if [entry["source"].get(key) for key in ("kind", "repo", "file", "requested_revision")]
        == [own.kind, own.repo, own.file, own.requested_revision]
    ]
    for fitting in (same, [entry for name, entry in named if name == family]):
        if len(fitting) == 1:
            return dict(fitting[0])
    return {}


def _file(entry: Mapping[str, Any], series: str) -> str | None:
    known = entry.get("series")
    own = known.get(series) if isinstance(known, dict) else None
    name = own.get("curve") if isinstance(own, dict) else None
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None


def _read(place: Path, name: str, digest: str) -> tuple[tuple[int, ...], tuple[float | None, ...]] | None:
    """Steps and rolling means, None for what is missing; None for a file that is not what the build wrote."""
    file = place / name
    try:
        if not file.is_file():
            return None  # A pipe of that name would be waited for.
        with file.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        if len(content) > _LARGEST or hashlib.sha256(content).hexdigest() != digest:
            return None
        header, *lines = content.decode("ascii").splitlines()
        if header.split(",")[:2] != ["step", "mean"] or not 0 < len(lines) <= _MOST_POINTS:
            return None
        points = [line.split(",", 2)[:2] for line in lines]
        steps = tuple(int(step) for step, _ in points)
        values = tuple(float(value) if value else None for _, value in points)
    except (OSError, ValueError):
        return None
    if any(step not in _INT64 for step in steps) or any(a > b for a, b in pairwise(steps)):
        return None
    return steps, tuple(value if value is not None and math.isfinite(value) else None for value in values)
