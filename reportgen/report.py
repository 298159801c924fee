"""The report as plain, frozen data: what every output reads and none changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reportgen import metrics
from reportgen.analysis import Analysis
from reportgen.attributes import NOTHING_VARIED, Varied
from reportgen.curves.summary import Summary
from reportgen.expectations import Check
from reportgen.groups import NO_GROUPS, Grouping
from reportgen.kinds import Better, Problem, SourceRecord
from reportgen.metrics import Number
from reportgen.model_list import FamilySpec, ModelList, RunSpec
from reportgen.naming import Attributes
from reportgen.series import evaluates

if TYPE_CHECKING:
    from reportgen.comparisons import Contrast
    from reportgen.crosstab import Crosstab
    from reportgen.effects import HeatMap, Panel
    from reportgen.findings import Finding
    from reportgen.ranking import Ranking

__all__ = [
    "Check",
    "Conflict",
    "FamilyReport",
    "Report",
    "RunReport",
    "Selected",
    "SeriesReport",
    "qualities",
    "step_unit",
    "trained_steps",
]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A run's name and its ``Config`` disagree on an attribute; the name wins."""

    attribute: str
    from_name: object
    from_config: object


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """One series of a run.

    Attributes:
        name: ``loss``, ``eval_loss``, ``learning_rate``, else the file's own name.
        source_name: What the file calls it.
        title: Of axes and columns.
        unit: None where the list says none.
        better: Which way is better; None where that is not known: then it has no best value.
        step_unit: What its steps count: ``step``, ``epoch``.
        evaluation: Whether it evaluates the training: by its format, or by its name.
        draw: Whether it is drawn outside the run's own section.
        slug: Names the files of a series that the list gives a table, and draws; else empty.
        summary: Metrics and curves.
    """

    name: str
    source_name: str
    better: Better | None
    step_unit: str
    evaluation: bool
    summary: Summary
    title: str = ""
    unit: str | None = None
    draw: bool = True
    slug: str = ""

    @property
    def axes(self) -> tuple[str, ...]:
        """Other positions that its entries have: ``epoch``, ``time``, ``tokens``."""
        return tuple(self.summary.curve.axes)


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run of one family.

    Attributes:
        spec: The list's entry.
        label: Unique within the family.
        slug: Unique within the report: names files and anchors.
        attributes: Key to value: of the name, the list, and the configuration.
        config: As recorded, secrets masked (any JSON).
        recorded: Metric to the value that the file records of it.
        series: By name, in the order in which they are shown.
        ranked: Name of the series by which runs are ranked.
        format: Name of the format that read it.
        unfinished: It has further to go.
        notes: What a reader should know of how its files were read, a sentence each.
        series_sha256: Of a run in a store of many: digest of its series and configuration; else empty.
        source: Where the bytes came from.
        marks: What a reader should know, sorted: ``diverged``, ``listed_differs``, ...
        conflicts: Attributes on which name and ``Config`` differ.
        checks: Expectations of this run.
        masked: How many secrets of its configuration were masked.
        columns: Keys of its family's table unless its list says which; empty: those of Quanta Maths.
        analysis: What analysing its model found, None where nobody has.
    """

    spec: RunSpec
    label: str
    slug: str
    attributes: Attributes
    config: Mapping[str, Any]
    recorded: Mapping[str, float]
    series: Mapping[str, SeriesReport]
    source: SourceRecord
    marks: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    checks: tuple[Check, ...]
    masked: int = 0
    columns: tuple[str, ...] = ()
    ranked: str = "loss"
    format: str = ""
    unfinished: bool = False
    notes: tuple[str, ...] = ()
    series_sha256: str = ""
    analysis: Analysis | None = None

    @property
    def summary(self) -> Summary:
        """Of the ranked series."""
        return self.series[self.ranked].summary

    @property
    def loss(self) -> SeriesReport | None:
        """The training loss, None for a run without."""
        return self.series.get("loss")

    @property
    def trained_steps(self) -> int:
        """The last step as the file counts it; the number of losses where it has no steps."""
        return trained_steps(self.series, self.ranked)

    @property
    def axes(self) -> tuple[str, ...]:
        """Other positions that any of its series has."""
        return tuple(dict.fromkeys(name for one in self.series.values() for name in one.axes))

    def curve_of(self, name: str) -> str | None:
        """The file that holds the points of a series, in the report's folder; None where none does."""
        if name == self.ranked:
            return f"curves/{self.slug}.csv"
        slug = self.series[name].slug
        return f"curves/{self.slug}-series-{slug}.csv" if slug else None

    def metric(self, key: str) -> Number | None:
        """A metric as lists name it: ``eval_loss.best``, or one of the ranked series."""
        return metrics.value(self, key)


def qualities(runs: Sequence[RunReport]) -> tuple[str, ...]:
    """Series besides the ranked one that tell how good a model is: what an owner wants to see of each run.

    Evaluations of which it is known which way is better, that of the ranked series first; and what is better
    when higher, such as an accuracy, unless an evaluation measures the same.
    """
    series = {name: one for run in runs for name, one in run.series.items() if name != run.ranked}
    known = [one for one in series.values() if one.better is not None]
    evaluations = [one for one in known if one.evaluation]
    found = [
        one
        for one in known
        if one.evaluation
        or (one.better == "higher" and not any(evaluates(other.name, one.name) for other in evaluations))
    ]
    ranked = runs[0].ranked if runs else ""
    return tuple(one.name for one in sorted(found, key=lambda one: not evaluates(one.name, ranked)))


def step_unit(runs: Sequence[RunReport]) -> str:
    """What the steps of the ranked series count: ``epoch``; ``step`` where runs differ."""
    units = {run.series[run.ranked].step_unit for run in runs}
    return units.pop() if len(units) == 1 else "step"


def trained_steps(series: Mapping[str, SeriesReport], ranked: str) -> int:
    """The last step of any series that counts its steps as the ranked one does."""
    unit = series[ranked].step_unit
    return max(one.summary.metrics.trained_steps for one in series.values() if one.step_unit == unit)


@dataclass(frozen=True, slots=True)
class FamilyReport:
    """A family: its runs that could be used, in the list's order.

    Attributes:
        spec: As its list has it.
        runs: In order.
        grouping: Who belongs together.
        ranking: Who ends lowest; None until the family was judged.
        contrasts: What was compared.
        crosstabs: The tables that its list asks for, as ``spec.tables``; none of a family without runs.
        effects: Its metric against what its runs are told apart by; none where nothing varies.
        varied: What its runs are told apart by, in the list's order of runs.
        warnings: What the author of its list should know, a sentence each.
    """

    spec: FamilySpec
    runs: tuple[RunReport, ...]
    grouping: Grouping = NO_GROUPS
    ranking: Ranking | None = None
    contrasts: tuple[Contrast, ...] = ()
    crosstabs: tuple[Crosstab, ...] = ()
    effects: tuple[Panel | HeatMap, ...] = ()
    varied: Varied = NOTHING_VARIED
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def slug(self) -> str:
        return self.spec.slug


@dataclass(frozen=True, slots=True)
class Selected:
    """What the build was limited to; empty where it was not.

    Attributes:
        families: Names or slugs, as ``--family`` gave them.
        runs: Names or patterns, as ``--run`` gave them.
    """

    families: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OldCurve:
    """A series of a run as the baseline's build drew it.

    Attributes:
        series: Its name.
        step: Never falling.
        value: The rolling mean at each of them, None where there is none.
    """

    series: str
    step: tuple[int, ...]
    value: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report.

    Attributes:
        title: Of the command line, else of the first list that has one.
        description: Markdown of all lists, joined.
        created: UTC, ISO 8601; ``SOURCE_DATE_EPOCH`` where set.
        version: Of reportgen.
        device: What computed the curves: ``cpu``, ``cuda:0 (NVIDIA H100)``.
        device_notes: What happened on the way (a GPU out of memory), one sentence each.
        lists: As parsed.
        families: In the lists' order; a family without a usable run is kept.
        problems: Runs that could not be used.
        checks: Expectations on runs that could not be used (``not_checked``).
        changes: Against the baseline (see ``reportgen.changes``), None without one.
        versions: Package name to version, of what made the numbers and the figures.
        command: Options that shape the report, for provenance; no paths.
        selected: The families and runs that the build was limited to.
        findings: What can be said of them all, a sentence each.
        old_curves: Family and run to its curve in the baseline, of a few runs whose metrics moved.
    """

    title: str
    description: str
    created: str
    version: str
    device: str
    device_notes: tuple[str, ...]
    lists: tuple[ModelList, ...]
    families: tuple[FamilyReport, ...]
    problems: tuple[Problem, ...]
    checks: tuple[Check, ...]
    changes: Mapping[str, Any] | None
    versions: Mapping[str, str]
    command: tuple[str, ...]
    selected: Selected = Selected()
    findings: tuple[Finding, ...] = ()
    old_curves: Mapping[tuple[str, str], OldCurve] = field(default_factory=dict)

    @property
    def masked(self) -> int:
        """How many secrets of configurations were masked."""
        return sum(run.masked for run in self.runs)

    @property
    def runs(self) -> tuple[RunReport, ...]:
        """All runs of all families, in order."""
        return tuple(run for family in self.families for run in family.runs)
