"""The tables of a list as pydantic checks them, each on its own: which keys, and what they may hold.

A field's description completes the sentence "must be ...", which is what its author reads when it
is something else. What takes more than one table to see is checked where they are put together.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from reportgen.curves.summary import Smoother
from reportgen.model_list import fields

__all__ = [
    "DirectoryTable",
    "FamilyTable",
    "FiguresTable",
    "FormatTable",
    "HubTable",
    "ListTable",
    "NamesTable",
    "PdfTable",
    "ReportedRunTable",
    "ReportedThemeTable",
    "RunTable",
    "SeriesTable",
    "SmoothingTable",
    "TableTable",
    "ThemeTable",
    "UrlTable",
    "WaiverTable",
]

Text = Annotated[str, AfterValidator(fields.not_blank)]
Label = Annotated[str, AfterValidator(fields.label_template)]
Names = Annotated[list[Text], Field(min_length=1), AfterValidator(fields.once)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Table = dict[str, Any]
Range = Annotated[
    list[Annotated[float, Field(ge=0, allow_inf_nan=False)]],
    Field(min_length=2, max_length=2),
    AfterValidator(fields.rising),
]
Steps = Annotated[int, Field(ge=1, le=1_000_000_000)]
_STEPS = "a whole number from 1 to 1,000,000,000"
_COLOUR = r"^#[0-9A-Fa-f]{6}$"


class _Checked(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


class FormatTable(_Checked):
    """``[source.format]``."""

    type: Text | None = Field(None, description='the name of a format, such as "trainer_state"')
    step: Text | None = Field(None, description="the name of the column of steps")
    pattern: (
        Annotated[
            list[Annotated[str, AfterValidator(fields.regular_expression)]],
            BeforeValidator(fields.texts),
            Field(min_length=1),
        ]
        | None
    ) = Field(None, description="a regular expression with named groups, or a list of them")
    repeats: Literal["runs"] | None = Field(None, description='"runs"')


class HubTable(_Checked):
    """``[source]`` with ``type = "hub"``."""

    type: Literal["hub"]
    repo: Annotated[str, AfterValidator(fields.name_template)] = Field(
        description='a repository of the Hub, such as "org/model_{name}"'
    )
    file: Annotated[str, AfterValidator(fields.source_file)] = Field(
        "training_loss.json",
        description='a file of the repository, such as "training_loss.json", or "." for all of it',
    )
    repo_type: Literal["model", "dataset", "space"] = Field(
        "model", description='"model", "dataset" or "space"'
    )
    format: Table = Field({}, description="a table, [source.format]")
    revision: Annotated[str, AfterValidator(fields.revision)] = Field(
        "main", description="a branch, a tag or a commit, as text"
    )


class DirectoryTable(_Checked):
    """``[source]`` with ``type = "directory"``."""

    type: Literal["directory"]
    path: Annotated[str, AfterValidator(fields.directory_path)] = Field(
        description='a path, such as "runs/{name}/training_loss.json", or that of a store of many runs'
    )
    format: Table = Field({}, description="a table, [source.format]")


class UrlTable(_Checked):
    """``[source]`` with ``type = "url"``."""

    type: Literal["url"]
    url: Annotated[str, AfterValidator(fields.address)] = Field(
        description='an address, such as "https://host/{name}/log.csv"'
    )
    format: Table = Field({}, description="a table, [source.format]")


class SeriesTable(_Checked):
    """``[series.NAME]``."""

    from_: Annotated[
        list[Text], BeforeValidator(fields.texts), Field(min_length=1), AfterValidator(fields.once)
    ] = Field([], alias="from", description="a name in the files, or a list of names")
    title: Text | None = Field(None, description="text")
    unit: Text | None = Field(None, description="text")
    better: Literal["lower", "higher"] | None = Field(None, description='"lower" or "higher"')
    draw: bool = Field(default=True, description="true or false")


class NamesTable(_Checked):
    """``[names]``."""

    pattern: Annotated[str, AfterValidator(fields.regular_expression)] = Field(
        description="a regular expression of whole names, with named groups"
    )


class SmoothingTable(_Checked):
    """``[smoothing]``, and the same of a family: keys that are left out are None."""

    window: Steps | Literal["auto"] | None = Field(None, description=f'{_STEPS}, or "auto"')
    edges: Literal["partial", "trim"] | None = Field(None, description='"partial" or "trim"')
    smoother: Smoother | None = Field(None, description='"mean", "median", "ema" or "geometric"')


class FiguresTable(_Checked):
    """``[figures]``."""

    width_mm: Annotated[
        list[Annotated[float, Field(ge=40, le=500, allow_inf_nan=False)]],
        BeforeValidator(fields.widths),
        Field(min_length=1, max_length=4),
        AfterValidator(fields.once),
    ] = Field([178.0], description="a width from 40 to 500, in mm, or a list of up to 4")
    runs: Annotated[list[str], AfterValidator(fields.once)] = Field([], description="a list of names of runs")
    palette: Annotated[
        list[Annotated[str, Field(pattern=_COLOUR)]], Field(min_length=2), AfterValidator(fields.once)
    ] = Field([], description='a list of two or more colours such as "#1f4e79"')
    font_pt: Annotated[float, Field(ge=4, le=20, allow_inf_nan=False)] = Field(
        8.0, description="a size of text from 4 to 20, in pt"
    )


class PdfTable(_Checked):
    """``[pdf]``."""

    runs: Literal["none", "figures", "all"] = Field("figures", description='"none", "figures" or "all"')


class ThemeTable(_Checked):
    """``[theme]``."""

    title_font: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ,_-]{0,199}$")] | None = Field(
        None, description="names of fonts, with commas between them"
    )
    accent: Annotated[str, Field(pattern=_COLOUR)] | None = Field(
        None, description='a colour such as "#1f4e79"'
    )
    logo: Annotated[str, AfterValidator(fields.logo)] | None = Field(
        None, description="the path of an SVG or PNG, relative to this file"
    )


class ReportedThemeTable(ThemeTable):
    """The same in a ``report.json``, which holds the logo itself."""

    logo: Annotated[str, AfterValidator(fields.kept_logo)] | None = Field(
        None, description="an SVG or PNG as a data URI"
    )


class ListTable(_Checked):
    """A whole file; its tables are checked by themselves."""

    title: Text | None = Field(None, description="text")
    description: str = Field("", description="text")
    author: Text | None = Field(None, description="text")
    synthetic: bool = Field(default=False, description="true or false")
    source: Table | None = Field(None, description="a table, [source]")
    smoothing: Table = Field({}, description="a table, [smoothing]")
    figures: Table = Field({}, description="a table, [figures]")
    pdf: Table = Field({}, description="a table, [pdf]")
    theme: Table = Field({}, description="a table, [theme]")
    series: Table = Field({}, description="tables, [series.NAME]")
    names: Table = Field({}, description="a table, [names]")
    attributes: Table = Field({}, description='a table, [attributes], { lr = "optimizer.lr" }')
    family: Annotated[list[Any], Field(min_length=1)] = Field(description="one or more tables, [[family]]")


class TableTable(_Checked):
    """``[[family.table]]``."""

    name: Text = Field(description="text")
    rows: Names = Field(description="a list of one or more attributes")
    columns: Annotated[list[Text], AfterValidator(fields.once)] = Field(
        [], description="a list of attributes"
    )
    value: Text = Field(description='a metric, such as "eval_loss.best"')


class WaiverTable(_Checked):
    """A metric's part of ``waive``."""

    until: Annotated[Any, BeforeValidator(fields.date)] = Field(description='a day, such as "2026-12-31"')
    reason: Text = Field(description="text")


class FamilyTable(_Checked):
    """``[[family]]``; its runs and tables are checked by themselves."""

    name: Text = Field(description="text")
    description: str = Field("", description="text")
    label: Label | None = Field(None, description='a template such as "d{digits}"')
    linear_steps: Steps = Field(15_000, description=_STEPS)
    smoothing: Table = Field({}, description="a table, { window = 500, edges = ..., smoother = ... }")
    figures: (
        Annotated[list[Annotated[str, AfterValidator(fields.figure)]], AfterValidator(fields.once)] | None
    ) = Field(None, description=f"a list of {fields.FIGURE_KEYS}")
    x_range: Annotated[Range, AfterValidator(fields.of_steps)] | None = Field(
        None, description="two steps from 0 on, the lower first, such as [0, 40000]"
    )
    y_range: (
        Annotated[list[Number], Field(min_length=2, max_length=2), AfterValidator(fields.rising)] | None
    ) = Field(None, description="two numbers, the lower first, such as [1e-9, 3]")
    columns: Annotated[list[str], Field(min_length=1), AfterValidator(fields.once)] | None = Field(
        None, description="a list of names of columns"
    )
    order: Text | None = Field(None, description="the name of an attribute or a metric")
    expect: Table = Field({}, description='a table, { avg_final_loss = "<= 1e-8" }')
    exclude: Annotated[
        list[Annotated[str, AfterValidator(fields.pattern_of_names)]], AfterValidator(fields.once)
    ] = Field([], description='a list of names and patterns, such as "*-old"')
    group_by: Annotated[list[Text], AfterValidator(fields.once)] | None = Field(
        None, description="a list of attributes; an empty one makes the whole family one group"
    )
    rank_by: str | Table | None = Field(None, description='a metric, such as "eval_loss.best"')
    color_by: Text | None = Field(None, description="the name of an attribute")
    target: Number | None = Field(None, description="a number")
    reference: Text | Table | None = Field(
        None, description="the name of a run, or a table of attributes, { lr = 1e-3 }"
    )
    scale: Literal["log", "linear"] | None = Field(None, description='"log" or "linear"')
    bands: bool | None = Field(None, description="true or false")
    waive: Table = Field(
        {}, description='a table, { avg_final_loss = { until = "2026-12-31", reason = "..." } }'
    )
    table: list[Any] = Field([], description="tables, [[family.table]]")
    runs: Annotated[list[Any], Field(min_length=1)] = Field(description="a list of one or more runs")


class RunTable(_Checked):
    """A run; one that is only a name stands for ``{ name = ... }``."""

    name: Annotated[str, AfterValidator(fields.run_name)] = Field(description="text")
    label: Label | None = Field(None, description='text, or a template such as "d{digits}"')
    note: str | None = Field(None, description="text")
    listed: Table = Field({}, description='a table, { avg_final_loss = "5.6e-06" }')
    extra: Table = Field({}, description="a table, { column = value }")
    expect: Table = Field({}, description='a table, { avg_final_loss = "<= 1e-8" }')
    waive: Table = Field(
        {}, description='a table, { avg_final_loss = { until = "2026-12-31", reason = "..." } }'
    )
    initialised_from: Annotated[str, AfterValidator(fields.found_name)] | None = Field(
        None, description="the name of a run"
    )
    revision: Annotated[str, AfterValidator(fields.revision)] | None = Field(
        None, description="a branch, a tag or a commit, as text"
    )
    source: Table | None = Field(None, description='a table, { type = "directory", path = ... }')


class ReportedRunTable(RunTable):
    """The same in a ``report.json``: a found name may hold what a list's author may not write."""

    name: Annotated[str, AfterValidator(fields.found_name)] = Field(description="text")
    found: Literal[True] = Field(description="true")
