"""What a model list is, once read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reportgen.curves.summary import Smoother
from reportgen.kinds import Scalar

__all__ = [
    "DirectorySource",
    "FamilySpec",
    "FigureOptions",
    "HubSource",
    "ModelList",
    "PdfOptions",
    "RunSpec",
    "Smoothing",
    "Source",
    "Theme",
    "title_of",
]


@dataclass(frozen=True, slots=True)
class HubSource:
    """Runs on the Hugging Face Hub; ``repo`` and ``file`` may hold ``{name}``.

    Attributes:
        commit: What an earlier report read at ``revision``: a rebuild pulls it in its place.
    """

    repo: str
    file: str
    revision: str
    commit: str | None = None
    type: Literal["hub"] = "hub"

    @property
    def is_per_run(self) -> bool:
        """Whether each run has a place of its own; else one store holds them all."""
        return "{name}" in self.repo + self.file


@dataclass(frozen=True, slots=True)
class DirectorySource:
    """Runs in a folder.

    Attributes:
        path: As the list wrote it, absolute or relative to ``base``; without ``{name}`` a store of many runs.
        base: Folder of the list, absolute. Never written into an output.
        reported: Whether a ``report.json`` gave it, and so ``base`` is where its runs were looked for.
    """

    path: str
    base: str
    reported: bool = False
    type: Literal["directory"] = "directory"

    @property
    def is_per_run(self) -> bool:
        """Whether each run has a place of its own; else one store holds them all."""
        return "{name}" in self.path


Source = HubSource | DirectorySource


@dataclass(frozen=True, slots=True)
class Smoothing:
    """``[smoothing]``; see ``CurveSettings``."""

    window: int = 500
    edges: Literal["partial", "trim"] = "partial"
    smoother: Smoother = "mean"


@dataclass(frozen=True, slots=True)
class FigureOptions:
    """``[figures]``: ``width_mm`` of a figure in a paper; ``runs`` with figure files of their own."""

    width_mm: float = 178.0
    runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PdfOptions:
    """``[pdf]``: how much of each run is printed."""

    runs: Literal["none", "figures", "all"] = "figures"


@dataclass(frozen=True, slots=True)
class Theme:
    """``[theme]``: a look without templates of one's own.

    Attributes:
        title_font: CSS font family of titles, None for the one that ships.
        accent: ``#rrggbb``, None for the one that ships.
        logo: An SVG or PNG as a data URI, None for none.
    """

    title_font: str | None = None
    accent: str | None = None
    logo: str | None = None


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run of a family.

    Attributes:
        name: Without the insert name.
        source: With the run's own ``revision``, where it has one.
        initialised_from: The second name of ``name,insert_name``.
        label: The run's own template, None for the family's.
        note: Free text.
        listed: Metric -> value as its author wrote it (``avg_final_loss`` -> ``5.6e-06``).
        extra: Column -> value, shown in a column of its own (``add_accuracy`` -> ``0.999``).
        expect: Metric -> expectation (``avg_final_loss`` -> ``<= 1e-8``), the family's included.
        sha256: Of the bytes that an earlier report read, where a ``report.json`` is built again:
            other bytes are a problem. None where any bytes will do.
        files: Those of a folder that the earlier report read; empty where the formats choose.
        found: Whether a listing gave the name, which then need not suit every system.
    """

    name: str
    source: Source
    initialised_from: str | None = None
    label: str | None = None
    note: str | None = None
    listed: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Scalar] = field(default_factory=dict)
    expect: Mapping[str, str] = field(default_factory=dict)
    sha256: str | None = None
    files: tuple[str, ...] = ()
    found: bool = False


@dataclass(frozen=True, slots=True)
class FamilySpec:
    """``[[family]]``.

    Attributes:
        name: As written.
        slug: Unique over all lists of a build: names files and anchors.
        description: Markdown.
        label: Template of labels, ``d{digits}``; None where the list gives none.
        linear_steps: Steps of the linear figure.
        smoothing: The family's own, else the list's.
        runs: In the list's order.
        figures: Which are drawn, of ``log``, ``linear``, ``seeds`` (of one configuration, as one line) and
            ``thresholds`` (steps to each); the last two where there is something to draw.
        x_range: Of the log figure's steps, None for all.
        y_range: Of losses, None for what the runs need.
        columns: Of the table, None for the usual ones.
        order: Attribute or metric that runs are ordered by; None keeps the list's order.
    """

    name: str
    slug: str
    description: str
    label: str | None
    linear_steps: int
    smoothing: Smoothing
    runs: tuple[RunSpec, ...]
    figures: tuple[str, ...] = ("log", "linear")
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    columns: tuple[str, ...] | None = None
    order: str | None = None


@dataclass(frozen=True, slots=True)
class ModelList:
    """One TOML file, read.

    Attributes:
        file: Its name, without folders.
        title: None where the file gives none.
        description: Markdown, maybe empty.
        families: In the file's order.
        synthetic: The runs are made up; every output says so.
        shipped: The list came with the package, and so did what its relative paths name.
    """

    file: str
    title: str | None
    description: str
    families: tuple[FamilySpec, ...]
    figures: FigureOptions = FigureOptions()
    pdf: PdfOptions = PdfOptions()
    theme: Theme = Theme()
    synthetic: bool = False
    shipped: bool = False


def title_of(lists: Sequence[ModelList]) -> str:
    """The title of a report of these lists: that of the first list that has one."""
    return next((one.title for one in lists if one.title), "Training report")
