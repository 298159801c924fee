"""An older ``report.json``, read with the suspicion that a file from outside deserves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from reportgen.document import SCHEMA
from reportgen.errors import ReportgenError
from reportgen.text import one_line

__all__ = [
    "Check",
    "Document",
    "Metrics",
    "Problem",
    "Run",
    "Selected",
    "Series",
    "Source",
    "is_time",
    "read_baseline",
]

# A run's Config has 32 at most; whatever walks a baseline later may call itself once for each.
_MOST_LEVELS = 64


def is_time(text: str) -> bool:
    """Whether ``text`` is a moment, ISO 8601, that there is in UTC too."""
    try:
        datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def _time(text: str) -> str:
    if not is_time(text):
        raise PydanticCustomError("time", "is not a time such as 2026-01-02T03:04:05Z")
    return text


class _Part(BaseModel):
    """The keys of a document that are used; others may come and go."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class Source(_Part):
    """Where a run's bytes came from."""

    kind: str  # A later version knows others.
    repo: str | None
    requested_revision: str | None
    revision: str | None
    file: str
    sha256: str


class Metrics(_Part):
    """A run's metrics, or a series'; those of a later version are kept as they are."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False, extra="allow")

    steps: int | None = None
    final_loss: float | None = None
    avg_final_loss: float | None = None
    min_loss: float | None = None
    min_loss_step: int | None = None
    nonfinite: int | None = None
    first_nonfinite_step: int | None = None
    nonpositive: int | None = 0
    spikes: list[int] | None = None
    steps_to: dict[str, int | None] | None = None
    recorded_final_loss: float | None = None
    recorded_avg_final_loss: float | None = None

    def numbers(self) -> dict[str, float | int | None]:
        """Each metric as a number: ``spikes`` is how many, ``steps_to.1e-6`` one of several."""
        found: dict[str, float | int | None] = {}
        for name, value in self:
            if isinstance(value, dict):
                found |= {f"{name}.{key}": one for key, one in value.items() if _is_number(one)}
            elif isinstance(value, list):
                found[name] = len(value)
            elif _is_number(value):
                found[name] = value
        return found


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


class Series(_Part):
    """One series of a run."""

    source_name: str = ""
    better: str | None = None
    metrics: Metrics = Metrics()


class Check(_Part):
    """One expectation of a run, checked."""

    metric: str
    expected: str
    actual: float | int | None
    outcome: str


class Run(_Part):
    """A run's entry."""

    name: str
    source: Source
    metrics: Metrics
    series: dict[str, Series] = {}
    marks: list[str] = []
    checks: list[Check] = []
    config: Any = None
    series_sha256: str = ""

    def numbers(self) -> dict[str, float | int | None]:
        """Each metric of the run and of its series as a number; of the loss by its bare name."""
        found = self.metrics.numbers()
        for name, series in self.series.items():
            if name != "loss":
                own = series.metrics.model_dump(exclude_unset=True)
                known = series.metrics.numbers().items()
                found |= {f"{name}.{key}": one for key, one in known if key.partition(".")[0] in own}
        return found

    def named(self, metric: str) -> str:
        """A metric as ``numbers`` has it: lists may name its series as the file does, and the loss."""
        series, _, key = metric.rpartition(".")
        if not series or series in self.series:
            return key if series == "loss" else metric
        own = next((name for name, one in self.series.items() if one.source_name == series), None)
        return metric if own is None else self.named(f"{own}.{key}")

    def better(self, metric: str) -> str | None:
        """Which way a metric's series is better, ``lower`` or ``higher``; None where nobody knows."""
        name = next((name for name in self.series if metric.startswith(f"{name}.")), "loss")
        known = self.series.get(name)
        return known.better if known is not None else "lower"


class Problem(_Part):
    """A run that could not be used."""

    family: str
    run: str
    kind: str
    message: str
    last_known: Run | None = None


class Family(_Part):
    """A family and its runs."""

    name: str
    slug: str
    ranked_by: str | None = None
    runs: list[Run]


class Finding(_Part):
    """A sentence of what could be said."""

    kind: str
    family: str
    subjects: list[str]
    text: str


class Selected(_Part):
    """What a build was limited to."""

    families: list[str] = []
    runs: list[str] = []


class Document(_Part):
    """What is used of a ``report.json``."""

    title: str
    created: Annotated[str, AfterValidator(_time)]
    reportgen: str
    selected: Selected = Selected()
    families: list[Family]
    problems: list[Problem]
    findings: list[Finding] | None = None  # An early report has none.


def first_ranked(family: Mapping[str, Any]) -> tuple[str, float | None]:
    """By what a family's entry ranks its runs, and the value of the first run; None where none has one.

    Args:
        family: As the document holds it; anything but numbers is passed over.
    """
    metric = family.get("ranked_by") or "avg_final_loss"
    series, _, key = metric.rpartition(".") if isinstance(metric, str) else ("", "", "")
    values, better = [], None
    for run in family["runs"]:
        own = run.get("series", {}).get(series, {}) if series and series != "loss" else run
        better = better or own.get("better")
        found = own.get("metrics", {})
        value = found.get(key)
        # A run that recovered has the mark too, but an end; the first version wrote no ends.
        ended = found["end"] is not None if "end" in found else "diverged" not in run.get("marks", ())
        if _is_number(value) and value is not None and ended:
            values.append(float(value))
    first = max if better == "higher" else min
    return str(metric), first(values) if values else None


def read_baseline(path: str | Path) -> dict[str, Any]:
    """Reads a ``report.json`` to compare with.

    Returns:
        The document, checked: ``Document.model_validate`` takes it.

    Raises:
        ReportgenError: It cannot be read, is no report, or is of a schema that this version does not
            read; exit code 2.
    """
    shown = one_line(str(path))
    try:
        document = orjson.loads(Path(path).read_bytes())
    except OSError as error:
        raise _error(shown, f"cannot be read ({error.strerror})") from error
    except orjson.JSONDecodeError as error:
        raise _error(shown, f"line {error.lineno}, column {error.colno}: is not JSON") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(schema, int) or isinstance(schema, bool):
        raise _error(shown, "is not a report of reportgen")
    if schema > SCHEMA:
        raise ReportgenError(
            f"{shown}: schema: {schema} is newer than {SCHEMA}, which this version reads; upgrade reportgen",
            exit_code=2,
        )
    if schema < SCHEMA:
        raise _error(shown, f"schema: {schema} is older than {SCHEMA}, the oldest that is read")
    if _is_deep(document):
        raise _error(shown, f"is nested more than {_MOST_LEVELS} deep")
    try:
        Document.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _error(shown, f"{_place(first['loc'])}: {_wrong(first)}") from error
    return document


def _wrong(error: ErrorDetails) -> str:
    return "is missing" if error["type"] == "missing" else one_line(error["msg"])


def _is_deep(document: object) -> bool:
    level: list[Any] = [document]
    for _ in range(_MOST_LEVELS):
        inner = [one.values() if isinstance(one, dict) else one for one in level]
        level = [one for entries in inner for one in entries if isinstance(one, (dict, list))]
    return bool(level)


def _error(path: str, what: str) -> ReportgenError:
    return ReportgenError(f"{path}: {what}; name the report.json of an earlier build", exit_code=2)


def _place(parts: tuple[int | str, ...]) -> str:
    """``families[0].runs[3].metrics.steps``."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return one_line(place.removeprefix("."))
