"""The report as plain, frozen data: what every output reads and none changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reportgen.attributes import NOTHING_VARIED, Varied
from reportgen.curves.summary import Summary
from reportgen.expectations import Check
from reportgen.groups import NO_GROUPS, Grouping
from reportgen.kinds import Problem, SourceRecord
from reportgen.model_list import FamilySpec, ModelList, RunSpec
from reportgen.naming import Attributes

if TYPE_CHECKING:
    from reportgen.comparisons import Contrast
    from reportgen.findings import Finding
    from reportgen.ranking import Ranking

__all__ = [
    "Check",
    "Conflict",
    "FamilyReport",
    "Report",
    "RunReport",
    "Selected",
]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A run's name and its ``Config`` disagree on an attribute; the name wins."""

    attribute: str
    from_name: object
    from_config: object


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
        summary: Metrics and curves.
        source: Where the bytes came from.
        marks: What a reader should know, sorted: ``diverged``, ``listed_differs``, ...
        conflicts: Attributes on which name and ``Config`` differ.
        checks: Expectations of this run.
        masked: How many secrets of its configuration were masked.
        varied: Keys of the attributes that are columns of its family's table unless its list says which.
    """

    spec: RunSpec
    label: str
    slug: str
    attributes: Attributes
    config: Mapping[str, Any]
    recorded: Mapping[str, float]
    summary: Summary
    source: SourceRecord
    marks: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    checks: tuple[Check, ...]
    masked: int = 0
    varied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FamilyReport:
    """A family: its runs that could be used, in the list's order.

    Attributes:
        spec: As its list has it.
        runs: In order.
        grouping: Who belongs together.
        ranking: Who ends lowest; None until the family was judged.
        contrasts: What was compared.
        varied: What its runs are told apart by, in the list's order of runs.
        warnings: What the author of its list should know, a sentence each.
    """

    spec: FamilySpec
    runs: tuple[RunReport, ...]
    grouping: Grouping = NO_GROUPS
    ranking: Ranking | None = None
    contrasts: tuple[Contrast, ...] = ()
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

    @property
    def runs(self) -> tuple[RunReport, ...]:
        """All runs of all families, in order."""
        return tuple(run for family in self.families for run in family.runs)
