"""A batch of runs and their settings -> what is kept of each: a pure function, picklable, without a cache.

Reading and computing are two steps, so that an executor may read a batch while it computes another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from reportgen import curves, formats
from reportgen.curves.summary import CurveSettings
from reportgen.formats.packed import plain_name
from reportgen.input_files import Changed, HashedFile
from reportgen.kinds import Better, RunFile, Series, Unreadable
from reportgen.metrics import split
from reportgen.model_list import FamilySpec, RunSpec
from reportgen.report import SeriesReport, trained_steps
from reportgen.series import better_of, is_evaluation
from reportgen.sources import FoundFile

__all__ = [
    "Batch",
    "Measured",
    "RunSettings",
    "RunWork",
    "SeriesSettings",
    "Unusable",
    "compute",
    "fingerprint",
    "measured",
    "read",
    "settings_of",
]

_CHANGED = "changed while it was read; build again"
_LOSS = "loss"


@dataclass(frozen=True, slots=True)
class SeriesSettings:
    """What a list says of a series that its numbers depend on.

    Attributes:
        sources: Names in the files, of which a run's first one counts; empty: the format knows.
        better: Which way is better; None: its name tells, or nothing does.
    """

    sources: tuple[str, ...] = ()
    better: Better | None = None


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a run is read and measured.

    Attributes:
        curves: Of every series.
        series: What the list says of each, by the report's name of it.
        ranked: The series that a run needs.
        target: Value of the ranked series to be reached, None for none.
        at: Series to steps whose values are wanted; those of an empty name are of the ranked series.
        format: Name of the format, None: the content decides.
        options: What the list tells the format.
    """

    curves: CurveSettings
    series: Mapping[str, SeriesSettings] = field(default_factory=dict)
    ranked: str = _LOSS
    target: float | None = None
    at: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    format: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunWork:
    """A run to be measured.

    Attributes:
        files: One at least.
        name: The run's; in a store of many, its name there.
        settings: How.
        limit: Most bytes that a packed file may hold.
        in_store: The files are those of a store of many runs.
    """

    files: tuple[FoundFile, ...]
    name: str
    settings: RunSettings
    limit: int = 256 * 2**20
    in_store: bool = False

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Measured:
    """What is kept of one run.

    Attributes:
        config: As recorded.
        recorded: Metric to the value that the files record of it.
        series: By name; the ranked one is among them.
        ranked: Name of the series by which runs are ranked.
        device: What computed the summaries.
        format: Name of the format that read it.
        unfinished: It has further to go.
        marks: That reading found.
        notes: What a reader should know of how it was read, a sentence each.
        digest: SHA-256 of its series and its configuration, hexadecimal: what a store holds of this run.
    """

    config: Mapping[str, Any]
    recorded: Mapping[str, float]
    series: Mapping[str, SeriesReport]
    ranked: str
    device: str
    format: str = ""
    unfinished: bool = False
    marks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    digest: str = ""

    @property
    def trained_steps(self) -> int:
        """The last step as the file counts it."""
        return trained_steps(self.series, self.ranked)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A run that cannot be read.

    Attributes:
        reason: What is wrong and how to fix it; a sentence that the file's name begins.
        file: The name of the file in the run's folder; empty for a run of one file.
    """

    reason: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch.

    Attributes:
        results: One a run, in order.
        notes: What a reader should know of the way there.
    """

    results: tuple[Measured | Unusable, ...]
    notes: tuple[str, ...]


def settings_of(family: FamilySpec, run: RunSpec, points: int) -> RunSettings:
    """How a run of a family is read and measured.

    Args:
        family: The list's.
        run: One of its runs.
        points: Most points of a drawn curve.
    """
    smoothing = family.smoothing
    ranked = _ranked(family)
    named = [*run.expect, *(family.columns or ()), *(table.value for table in family.tables)]
    named += [key for key in (family.order, family.rank_by) if key]
    at: dict[str, list[int]] = {}
    for key in named:
        found = split(key)
        if found and found[1].key.startswith("at."):
            at.setdefault(found[0] or "", []).append(int(found[1].key.removeprefix("at.")))
    return RunSettings(
        curves=CurveSettings(
            window=smoothing.window,
            edges=smoothing.edges,
            smoother=smoothing.smoother,
            points=points,
            early_steps=family.linear_steps,
        ),
        series={name: SeriesSettings(one.sources, one.better) for name, one in family.series.items()},
        ranked=ranked,
        target=family.target,
        format=run.source.format.type,
        options=run.source.format.options,
        at={series: tuple(sorted(set(steps))) for series, steps in at.items()},
    )


def _ranked(family: FamilySpec) -> str:
    """The series that ``rank_by`` names, by itself or with a metric."""
    if not family.rank_by:
        return _LOSS
    found = split(family.rank_by)
    return family.rank_by if found is None else found[0] or _LOSS


def fingerprint() -> str:
    """Digest of the code that reads and computes, and of the formats that plug-ins add.

    The version alone would serve old numbers to those who install from the repository.
    """
    folder = Path(__file__).parent
    files = [
        *(folder / name for name in ("measure.py", "work.py", "input_files.py", "series.py")),
        *sorted((folder / "curves").glob("*.py")),
        *sorted((folder / "formats").glob("*.py")),
    ]
    code = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return f"{code} {formats.plugged_in()!r}"


def measured(batch: Sequence[RunWork], device: str) -> Batch:
    """Reads and measures a batch.

    Args:
        batch: That fits into memory together.
        device: What :func:`reportgen.curves.pick_device` returned.
    """
    return compute(batch, [read(run) for run in batch], device)


def read(run: RunWork) -> RunFile | Unusable:
    """The series of one run, as its format and its list name them."""
    try:
        found = _own_files(run)
    except Changed:
        return Unusable(_CHANGED)
    files = [HashedFile(file, run.limit) for file in found]
    heads = {file.name: file.head for file in files}
    alone = len(files) == 1
    try:
        made = formats.read_run(
            files,
            lambda name: heads[name](),
            run.name,
            run.settings.format,
            run.settings.options,
        )
        for file in files:
            file.verify()
    except Unreadable as error:
        if not all(file.is_as_hashed() for file in files):
            return Unusable(_CHANGED)
        if alone or not str(error).endswith(error.reason):
            return Unusable(error.reason)
        return Unusable(error.reason, str(error).removesuffix(error.reason).strip())
    except Changed:
        return Unusable(_CHANGED)
    except OSError as error:
        return Unusable(f"could be pulled and then not read ({error.strerror}); build again")
    made = replace(made, series=_as_listed(made.series, run.settings.series))
    if _find(made.series, run.settings.ranked) is None:
        return Unusable(_no_series(run.settings.ranked, made.series))
    return made


def _own_files(run: RunWork) -> Sequence[FoundFile]:
    """Of a store whose runs have files of their own those of this run; else all."""
    if not run.in_store or len(run.files) == 1:
        return run.files
    own = _by_run(run.files, run.limit, run.settings.format).get(run.name)
    return run.files if own is None else [file for file in run.files if plain_name(file.name) in own]


@lru_cache(maxsize=4)
def _by_run(files: tuple[FoundFile, ...], limit: int, wanted: str | None) -> Mapping[str, frozenset[str]]:
    """Runs of a store to their files; nothing where they share them. It is asked for each of its runs."""
    hashed = [HashedFile(file, limit) for file in files]
    heads = {file.name: file.head for file in hashed}
    try:
        found = formats.runs_in(hashed, lambda name: heads[name](), wanted, {})
    except (Unreadable, OSError):
        return {}  # Reading says why.
    return {name: frozenset(own) for name, own in found.items()} if isinstance(found, Mapping) else {}


def compute(batch: Sequence[RunWork], read: Sequence[RunFile | Unusable], device: str) -> Batch:
    """Measures what was read of a batch."""
    found = [
        (position, one, _settings_of(one, made, run.settings))
        for position, (run, made) in enumerate(zip(batch, read, strict=True))
        if isinstance(made, RunFile)
        for one in made.series.values()
    ]
    notes: list[str] = []
    summaries = curves.summarise(
        [one for _, one, _ in found], [how for *_, how in found], device, on_note=notes.append
    )
    shown = curves.device_name(device)
    series: dict[int, dict[str, SeriesReport]] = {}
    for (position, one, how), summary in zip(found, summaries, strict=True):
        series.setdefault(position, {})[one.name] = SeriesReport(
            name=one.name,
            source_name=one.source_name or one.name,
            better=how.better,
            step_unit=one.step_unit,
            evaluation=how.pointwise,
            summary=summary,
        )
    return Batch(
        tuple(
            made
            if isinstance(made, Unusable)
            else Measured(
                config=made.config,
                recorded=made.recorded,
                series=series[position],
                ranked=_find(made.series, run.settings.ranked) or _LOSS,
                device=shown,
                format=made.format,
                unfinished=made.unfinished,
                marks=made.marks,
                notes=made.notes,
                digest=_digest(made),
            )
            for position, (run, made) in enumerate(zip(batch, read, strict=True))
        ),
        tuple(notes),
    )


def _digest(run: RunFile) -> str:
    """Of a run's series and configuration: the same wherever in a store they stand."""
    digest = hashlib.sha256(json.dumps(run.config, sort_keys=True, default=str).encode())
    for name, one in sorted(run.series.items()):
        digest.update(f"{name} {one.step_unit} {len(one.values)}".encode("utf-8", "surrogatepass"))
        digest.update(one.values.tobytes())
        digest.update(b"" if one.steps is None else one.steps.tobytes())
    return digest.hexdigest()


def _as_listed(series: Mapping[str, Series], listed: Mapping[str, SeriesSettings]) -> dict[str, Series]:
    """The series by the names that the list gives them; those without entries are left out."""
    found = {name: one for name, one in series.items() if len(one.values)}
    for name, settings in listed.items():
        source = next((key for wanted in settings.sources if (key := _find(found, wanted))), None)
        if source is None or source == name:
            continue
        taken = found.pop(source)
        displaced = found.pop(name, None)
        if displaced is not None:
            other = displaced.source_name or f"{name} (2)"
            found[other] = replace(displaced, name=other)
        found[name] = replace(taken, name=name, source_name=taken.source_name or source)
    return found


def _find(series: Mapping[str, Series], wanted: str) -> str | None:
    """The name of the series that is called so here or in the file."""
    if wanted in series:
        return wanted
    return next((name for name, one in series.items() if one.source_name == wanted), None)


def _settings_of(one: Series, made: RunFile, settings: RunSettings) -> CurveSettings:
    listed = settings.series.get(one.name) or settings.series.get(one.source_name) or SeriesSettings()
    ranked = _find(made.series, settings.ranked) == one.name
    keys = {one.name, one.source_name, *([""] if ranked else [])}
    return replace(
        settings.curves,
        better=listed.better or better_of(one.name) or better_of(one.source_name),
        pointwise=one.evaluation or is_evaluation(one.name) or is_evaluation(one.source_name),
        target=settings.target if ranked else None,
        at=tuple(sorted({step for key in keys for step in settings.at.get(key, ())})),
    )


def _no_series(wanted: str, series: Mapping[str, Series]) -> str:
    names = [one.source_name or name for name, one in series.items()]
    has = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "") if names else "none"
    if wanted == _LOSS:
        return f"has no training loss; name it under [series.loss] from = [...]; its series: {has}"
    return f'has no series "{wanted}", by which its family is ranked; its series: {has}'
