"""What a model list is, once read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from reportgen.curves.summary import Smoother
from reportgen.kinds import Scalar

__all__ = [
    "DirectorySource",
    "FamilySpec",
    "FigureOptions",
    "FormatSpec",
    "HubSource",
    "ModelList",
    "PdfOptions",
    "PluginSource",
    "RunSpec",
    "SeriesSpec",
    "Smoothing",
    "Source",
    "TableSpec",
    "Theme",
    "UrlSource",
    "Waiver",
    "title_of",
]


@dataclass(frozen=True, slots=True)
class FormatSpec:
    """``[source.format]``: how the files of its runs are read.

    Attributes:
        type: A format's name; None: what the files hold decides.
        step: Of tables: the column of steps.
        pattern: Of text: regular expressions with named groups.
        repeats: ``runs``: a file may hold several whole runs, one after the other.
    """

    type: str | None = None
    step: str | None = None
    pattern: tuple[str, ...] = ()
    repeats: Literal["runs"] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """What ``Format.read`` receives: the given keys, without ``type``."""
        given = {"step": self.step, "pattern": list(self.pattern) or None, "repeats": self.repeats}
        return {key: value for key, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class HubSource:
    """Runs on the Hugging Face Hub; ``repo`` and ``file`` may hold ``{name}``.

    Attributes:
        file: ``.`` is the whole repository.
        commit: What an earlier report read at ``revision``: a rebuild pulls it in its place.
        repo_type: What kind of repository it is.
    """

    repo: str
    file: str
    revision: str
    commit: str | None = None
    format: FormatSpec = FormatSpec()
    type: Literal["hub"] = "hub"
    repo_type: Literal["model", "dataset", "space"] = "model"

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
    format: FormatSpec = FormatSpec()
    type: Literal["directory"] = "directory"

    @property
    def is_per_run(self) -> bool:
        """Whether each run has a place of its own; else one store holds them all."""
        return "{name}" in self.path


@dataclass(frozen=True, slots=True)
class UrlSource:
    """Runs at addresses; ``url`` may hold ``{name}``."""

    url: str
    format: FormatSpec = FormatSpec()
    type: Literal["url"] = "url"

    @property
    def is_per_run(self) -> bool:
        """Whether each run has a place of its own; else one store holds them all."""
        return "{name}" in self.url


@dataclass(frozen=True, slots=True)
class PluginSource:
    """Runs where a plug-in finds them.

    Attributes:
        type: The name under which the plug-in brings it.
        options: The table's other keys, as JSON.
    """

    type: str
    options: str
    format: FormatSpec = FormatSpec()

    @property
    def is_per_run(self) -> bool:
        """Whether each run has a place of its own; else one store holds them all."""
        return "{name}" in self.options


Source = HubSource | DirectorySource | UrlSource | PluginSource


@dataclass(frozen=True, slots=True)
class SeriesSpec:
    """``[series.NAME]``.

    Attributes:
        name: As the report calls it: ``loss``.
        sources: ``from``: names in the files, of which a run's first one counts; empty: the format knows.
        title: Of axes and columns, None for the name.
        unit: None for none.
        better: Which way is better; None: its name tells, or nothing does.
        draw: Whether it has figures of its own.
    """

    name: str
    sources: tuple[str, ...] = ()
    title: str | None = None
    unit: str | None = None
    better: Literal["lower", "higher"] | None = None
    draw: bool = True


@dataclass(frozen=True, slots=True)
class Smoothing:
    """``[smoothing]``; see ``CurveSettings``.

    Attributes:
        window: Entries; ``auto``: a twentieth of each series, 500 at most.
    """

    window: int | Literal["auto"] = 500
    edges: Literal["partial", "trim"] = "partial"
    smoother: Smoother = "mean"


@dataclass(frozen=True, slots=True)
class FigureOptions:
    """``[figures]``.

    Attributes:
        widths_mm: Of figures in a paper; files of all but the first say theirs in their names.
        runs: With figure files of their own.
        palette: Colours of lines, ``#rrggbb`` each; empty for the usual ones.
        font_pt: Size of the text at each width.
    """

    widths_mm: tuple[float, ...] = (178.0,)
    runs: tuple[str, ...] = ()
    palette: tuple[str, ...] = ()
    font_pt: float = 8.0

    @property
    def width_mm(self) -> float:
        """The first of the widths."""
        return self.widths_mm[0]


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
class Waiver:
    """A known failure of an expectation: it counts as none up to and with ``until`` (ISO date)."""

    until: str
    reason: str


@dataclass(frozen=True, slots=True)
class TableSpec:
    """``[[family.table]]``: a table of the paper.

    Attributes:
        name: Its title; names its files.
        rows: Keys of attributes whose values make the rows.
        columns: The same for columns; empty for one.
        value: The metric of its cells.
    """

    name: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    value: str


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run of a family, or a pattern that finds runs.

    Attributes:
        name: Without the insert name; ``*`` and ``?`` make it a pattern.
        source: With the run's own ``revision``, where it has one.
        initialised_from: The second name of ``name,insert_name``.
        label: The run's own template, None for the family's.
        note: Free text.
        listed: Metric -> value as its author wrote it (``avg_final_loss`` -> ``5.6e-06``).
        extra: Column -> value, shown in a column of its own (``add_accuracy`` -> ``0.999``).
        expect: Metric -> expectation (``avg_final_loss`` -> ``<= 1e-8``), the family's included.
        waive: Metric -> known failure, the family's included.
        sha256: Of the bytes that an earlier report read, where a ``report.json`` is built again:
            other bytes are a problem. None where any bytes will do.
        files: Those of a folder that the earlier report read; empty where the formats choose.
        beside: Those beside the run's file that the earlier report read; None where any are looked for.
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
    waive: Mapping[str, Waiver] = field(default_factory=dict)
    sha256: str | None = None
    files: tuple[str, ...] = ()
    beside: tuple[str, ...] | None = None
    found: bool = False

    @property
    def is_pattern(self) -> bool:
        """Whether the name finds runs, and so is none itself."""
        return "*" in self.name or "?" in self.name


@dataclass(frozen=True, slots=True)
class FamilySpec:
    """``[[family]]``, and what its list says of series and names.

    Attributes:
        name: As written.
        slug: Unique over all lists of a build: names files and anchors.
        description: Markdown.
        label: Template of labels, ``d{digits}``; None for what varies.
        linear_steps: Steps of the linear figure.
        smoothing: The family's own, else the list's.
        runs: In the list's order; patterns among them until they were looked up.
        figures: Which are drawn, of ``all``, ``end``, ``log``, ``linear``, ``by`` (against what varies),
            ``seeds`` (of one configuration, as one line) and ``thresholds`` (steps to each); the last three
            where there is something to draw.
        x_range: Of the steps of the figures ``log`` and ``all``, None for all.
        y_range: Of the ranked series, None for what the runs need.
        columns: Of the table, None for the usual ones.
        order: Attribute or metric that runs are ordered by; None keeps the list's order.
        exclude: Patterns of names that the family's patterns do not find.
        group_by: Attributes that make groups; empty: the whole family is one; None: seeds make them.
        rank_by: A metric, ``eval_loss.best``; None: ``end`` of the loss, or ``last`` of an evaluation.
        color_by: The attribute that gives colours, None for the run's name.
        target: Value of the ranked series to be reached.
        reference: A run's name, or values of attributes, that groups are compared with.
        scale: Of statistics; None: the data decide.
        bands: Whether figures have them; None: where they are few.
        palette: The list's colours of lines; empty for the usual ones.
        waive: Metric -> known failure, of all its runs.
        tables: Of the paper.
        series: The list's, by name.
        naming: The pattern of the list's ``[names]``, None for none.
        paths: The list's ``[attributes]``: key to path in the configuration.
        given: Those of ``window``, ``figures`` and ``rank_by`` that the list gives; the others
            depend on how the runs are named.
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
    exclude: tuple[str, ...] = ()
    group_by: tuple[str, ...] | None = None
    rank_by: str | None = None
    color_by: str | None = None
    target: float | None = None
    reference: str | Mapping[str, Scalar] | None = None
    scale: Literal["log", "linear"] | None = None
    bands: bool | None = None
    palette: tuple[str, ...] = ()
    waive: Mapping[str, Waiver] = field(default_factory=dict)
    tables: tuple[TableSpec, ...] = ()
    series: Mapping[str, SeriesSpec] = field(default_factory=dict)
    naming: str | None = None
    paths: Mapping[str, str] = field(default_factory=dict)
    given: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass(frozen=True, slots=True)
class ModelList:
    """One TOML file, read.

    Attributes:
        file: Its name, without folders.
        title: None where the file gives none.
        description: Markdown, maybe empty.
        families: In the file's order.
        author: Of the PDF, None where the file gives none.
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
    author: str | None = None


def title_of(lists: Sequence[ModelList]) -> str:
    """The title of a report of these lists: that of the first list that has one."""
    return next((one.title for one in lists if one.title), "Training report")
