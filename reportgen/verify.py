"""A report built again from the commits and files that it names: are the numbers the same?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen import baseline, job
from reportgen.errors import ReportgenError
from reportgen.log import Log
from reportgen.notation import count
from reportgen.options import BuildOptions
from reportgen.text import one_line

__all__ = ["Verdict", "verify"]

_RELATIVE = 1e-9  # other processors add up in another order
_MOST = 20
_LARGEST = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of it.

    Attributes:
        said: One line.
        differences: Numbers that differ and runs that could not be read, a line each, 20 at most.
        exit_code: 0 where all numbers are the same, 3 where runs could not be read, 4 where numbers differ.
    """

    said: str
    differences: tuple[str, ...]
    exit_code: int


def verify(file: Path, *, offline: bool = False, log: Log | None = None) -> Verdict:
    """Pulls what a report names, measures it again and compares every metric of every run.

    Args:
        file: A ``report.json``, or the ``report.pdf`` that holds it.
        offline: Whether to ask no network.
        log: Where progress goes.

    Raises:
        ReportgenError: It is no report, or not one of its runs can be read.
    """
    with tempfile.TemporaryDirectory(prefix="reportgen-verify-") as place:
        inside = file
        if file.suffix.lower() == ".pdf":
            inside = Path(place, "report.json")
            inside.write_bytes(_attached(file))
        old = baseline.read_baseline(inside)
        out = Path(place, "out")
        options = BuildOptions(formats=("html",), offline=offline, use_cache=False)
        job.run([str(inside)], out, options, log, skip_if_current=False)
        new = baseline.read_baseline(out / "report.json")
    return _verdict(one_line(str(file)), old, new)


def _attached(file: Path) -> bytes:
    """The ``report.json`` inside a PDF."""
    import pikepdf

    shown = one_line(str(file))
    try:
        with pikepdf.open(file) as pdf:
            held = pdf.attachments.get("report.json")
            data = None if held is None else held.get_file().read_bytes()
    except OSError as error:
        raise ReportgenError(f"{shown}: cannot be read ({error.strerror})", exit_code=2) from None
    except pikepdf.PdfError:
        raise ReportgenError(f"{shown}: is not a PDF, or damaged; name a report.pdf", exit_code=2) from None
    if data is None or len(data) > _LARGEST:
        raise ReportgenError(f"{shown}: holds no report.json; name a report.pdf of reportgen", exit_code=2)
    return data


def _verdict(shown: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Verdict:
    before, after = _numbers(old), _numbers(new)
    lost = [place for place in before if place not in after]
    different = [line for place in before if place in after for line in _differing(place, before, after)]
    lines = [f"{family}: {run}: could not be read again" for family, run, _ in lost] + different
    runs, numbers = count(len(before), "run"), count(sum(map(len, before.values())), "number")
    if not lines:
        return Verdict(f"{shown}: the numbers are the same: {runs}, {numbers}", (), 0)
    parts = [count(len(different), "number differs", "numbers differ")] if different else []
    parts += [f"{count(len(lost), 'run')} could not be read again"] if lost else []
    said = f"{shown}: {', and '.join(parts)}, of {runs} and {numbers}"
    return Verdict(said, tuple(one_line(line) for line in lines[:_MOST]), 4 if different else 3)


_Place = tuple[str, str, int]
"""Family, run, and which of those of that name."""


def _numbers(document: Mapping[str, Any]) -> dict[_Place, dict[str, float | int | None]]:
    found: dict[_Place, dict[str, float | int | None]] = {}
    for family in baseline.Document.model_validate(document).families:
        for run in family.runs:
            which = sum(place[:2] == (family.name, run.name) for place in found)
            found[family.name, run.name, which] = run.numbers()
    return found


def _differing(
    place: _Place,
    before: Mapping[_Place, Mapping[str, float | int | None]],
    after: Mapping[_Place, Mapping[str, float | int | None]],
) -> Iterator[str]:
    for metric, was in before[place].items():
        now = after[place].get(metric)
        if was is None or now is None:
            same = was is now
        else:
            same = abs(was - now) <= _RELATIVE * max(abs(was), abs(now))
        if not same:
            values = ["none" if value is None else repr(value) for value in (was, now)]
            yield f"{place[0]}: {place[1]}: {metric} was {values[0]}, is {values[1]}"
