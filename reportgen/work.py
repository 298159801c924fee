"""A batch of runs and their settings -> what is kept of each: a pure function, picklable, without a cache.

Reading and computing are two steps, so that an executor may read a batch while it computes another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen import curves, formats
from reportgen.curves.summary import CurveSettings
from reportgen.formats.packed import plain_name
from reportgen.input_files import Changed, HashedFile
from reportgen.kinds import Better, RunFile, Series, Unreadable
from reportgen.metrics import split
from reportgen.model_list import FamilySpec, RunSpec
from reportgen.pull import Task
from reportgen.series import better_of, is_evaluation
from reportgen.sources import FoundFile
from reportgen.text import one_line

if TYPE_CHECKING:
    from reportgen.report import SeriesReport

__all__ = [
    "Batch",
    "Measured",
    "RunSettings",
    "RunWork",
    "SeriesSettings",
    "Unchanged",
    "Unusable",
    "by_store",
    "compute",
    "fingerprint",
    "is_in_store",
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
        known: ``Measured.read`` of the run when it was last measured in this way; a run that still has it
            is :class:`Unchanged`. Empty: it is measured.
        worker: Where the files were found, by its address; empty for this machine.
        task: What another worker has to find for it; None where the files were found here.
        sha256: Of all files, which it then has to find.
    """

    files: tuple[FoundFile, ...]
    name: str
    settings: RunSettings
    limit: int = 256 * 2**20
    in_store: bool = False
    known: str = ""
    worker: str = ""
    task: Task | None = None
    sha256: str = ""

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
        read: Of a run in a store: SHA-256 of all that was read of it, with notes and axes, hexadecimal.
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
    read: str = ""

    @property
    def trained_steps(self) -> int:
        """The last step as the file counts it."""
        from reportgen.report import trained_steps

        return trained_steps(self.series, self.ranked)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A run that cannot be read.

    Attributes:
        reason: What is wrong and how to fix it; a sentence that the file's name begins.
        file: The name of the file in the run's folder; empty for a run of one file.
        no_series: Nothing was logged in its files, which are whole: found by a pattern it is no run.
        lacks: The series that it has not, and by which its family is ranked; empty for another reason.
    """

    reason: str
    file: str = ""
    no_series: bool = False
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A run of a store that holds what it held when it was last measured."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch.

    Attributes:
        results: One a run, in order; ``Unchanged`` only where its digest was known.
        notes: What a reader should know of the way there.
    """

    results: tuple[Measured | Unusable | Unchanged, ...]
    notes: tuple[str, ...]


def is_in_store(run: RunSpec) -> bool:
    """Whether a run's files hold several runs, of which its name says which."""
    return not run.source.is_per_run or bool(run.source.format.repeats)


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
    return compute(batch, [made for runs in by_store(batch) for made in read(runs)], device)


def by_store(batch: Sequence[RunWork]) -> list[list[RunWork]]:
    """A batch in pieces that are read at once, in order: the runs of one store, or one run."""
    return [list(runs) for _, runs in groupby(batch, key=_store)]


def _store(run: RunWork) -> object:
    settings = run.settings
    return (run.files, run.limit, settings.format, repr(settings.options)) if run.in_store else id(run)


def read(runs: Sequence[RunWork]) -> list[RunFile | Unusable]:
    """The series of runs, as their format and their list name them.

    Args:
        runs: One, or several of one store, which is read once.
    """
    first = runs[0]
    try:
        if not first.in_store or len(first.files) == 1:
            return _read(runs, first.files)
        own = _by_run(first)
        if not own:
            return _read(runs, first.files)
        # Each run has files of its own, and is read from them alone.
        found = [own.get(run.name, frozenset(plain_name(file.name) for file in run.files)) for run in runs]
        return [
            made
            for run, names in zip(runs, found, strict=True)
            for made in _read([run], [file for file in run.files if plain_name(file.name) in names])
        ]
    except Changed:
        return [Unusable(_CHANGED)] * len(runs)


def _read(runs: Sequence[RunWork], found: Sequence[FoundFile]) -> list[RunFile | Unusable]:
    """The series of runs that share files."""
    first = runs[0]
    files = [HashedFile(file, first.limit) for file in found]
    heads = {file.name: file.head for file in files}
    settings = first.settings
    try:
        made = formats.read_runs(
            files,
            lambda name: heads[name](),
            list(dict.fromkeys(run.name for run in runs)),
            settings.format,
            settings.options,
        )
        if all(isinstance(one, RunFile) for one in made.values()):
            for file in files:
                file.verify()
        elif not all(file.is_as_hashed() for file in files):
            raise Changed
    except OSError as error:
        return [Unusable(f"could be pulled, but then not be read ({error.strerror}); build again")] * len(
            runs
        )
    return [_listed(made[run.name], run.settings) for run in runs]


def _listed(made: RunFile | Unreadable, settings: RunSettings) -> RunFile | Unusable:
    """What a list makes of a run: its names of series, the one that it needs."""
    if isinstance(made, Unreadable):
        file = str(made).removesuffix(made.reason).strip()
        return Unusable(made.reason, file, made.no_series)
    series = _as_listed(made.series, settings.series)
    made = replace(made, series=series, notes=(*made.notes, *_not_as_listed(series, settings.series)))
    if _find(made.series, settings.ranked) is None:
        return Unusable(_no_series(settings.ranked, made.series), lacks=settings.ranked)
    return made


def _by_run(store: RunWork) -> Mapping[str, frozenset[str]]:
    """Runs of a store to their files; nothing where they share them."""
    hashed = [HashedFile(file, store.limit) for file in store.files]
    heads = {file.name: file.head for file in hashed}
    try:
        found = formats.runs_in(hashed, lambda name: heads[name](), store.settings.format, {})
    except (Unreadable, OSError):
        return {}  # Reading says why.
    return {name: frozenset(own) for name, own in found.items()} if isinstance(found, Mapping) else {}


def compute(batch: Sequence[RunWork], read: Sequence[RunFile | Unusable], device: str) -> Batch:
    """Measures what was read of a batch."""
    from reportgen.report import SeriesReport  # Slow to load, and every build asks this module for settings.

    whole = [
        _digest_of_all(made) if run.in_store and isinstance(made, RunFile) else ""
        for run, made in zip(batch, read, strict=True)
    ]
    same = [bool(run.known) and run.known == digest for run, digest in zip(batch, whole, strict=True)]
    found = [
        (position, one, _settings_of(one, made, run.settings))
        for position, (run, made) in enumerate(zip(batch, read, strict=True))
        if isinstance(made, RunFile) and not same[position]
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
            else Unchanged()
            if same[position]
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
                read=whole[position],
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


def _digest_of_all(run: RunFile) -> str:
    """Of everything that was read of a run: with the same digest its numbers are the same."""
    said = [run.config, run.recorded, run.unfinished, run.marks, run.notes, run.format]
    digest = hashlib.sha256(json.dumps(said, default=str).encode())
    for name, one in run.series.items():
        arrays = {
            "values": one.values,
            "steps": one.steps,
            "rows": one.rows,
            "missing": one.missing,
            **one.axes,
        }
        told = [name, one.source_name, one.step_unit, one.evaluation, one.table, one.superseded, *arrays]
        digest.update(repr(told).encode("utf-8", "surrogatepass"))
        for array in arrays.values():
            digest.update(b"none" if array is None else f"{len(array)} ".encode() + array.tobytes())
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


def _not_as_listed(series: Mapping[str, Series], listed: Mapping[str, SeriesSettings]) -> Iterator[str]:
    """That a series is the one that the format knows, since the run has none of those that the list names."""
    for name, settings in listed.items():
        if settings.sources and name in series and not any(_find(series, one) for one in settings.sources):
            names = ", ".join(f'"{one_line(one, 80)}"' for one in settings.sources)
            place, source = one_line(name, 80), one_line(series[name].source_name or name, 80)
            yield f'It has none of the names under [series.{place}] ({names}): "{source}" is used.'


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
    return f'has no series "{wanted}", which rank_by names; its series: {has}'
