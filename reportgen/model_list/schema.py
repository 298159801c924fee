"""The tables of a list as pydantic checks them, each on its own: which keys, and what they may hold.

A field's description completes the sentence "must be ...", which is what its author reads when it
is something else. What takes more than one table to see is checked where they are put together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from reportgen.curves.summary import Smoother
from reportgen.model_list.logos import KINDS, check_kept_logo
from reportgen.model_list.mistakes import Mistakes, did_you_mean, key, shown
from reportgen.model_list.slugs import unsafe_found, unsafe_path
from reportgen.naming import QUANTA_MATHS

__all__ = [
    "DirectoryTable",
    "FamilyTable",
    "FiguresTable",
    "HubTable",
    "ListTable",
    "PdfTable",
    "ReportTable",
    "ReportedRun",
    "ReportedThemeTable",
    "RunTable",
    "SmoothingTable",
    "ThemeTable",
    "read_outer_table",
    "read_table",
]

_MOST_STEPS = 1_000_000_000
_LAST_STEP = 2**53  # from here on a float64, and so a page, cannot tell a step from the next


def _wrong(text: str) -> PydanticCustomError:
    # The text goes in as context: a brace in it is no placeholder.
    return PydanticCustomError("mistake", "{text}", {"text": text})


def _not_blank(text: str) -> str:
    if not text.strip():
        raise _wrong("is empty; must be text")
    return text


def _template(known: tuple[str, ...], text: str) -> str:
    """Checks the placeholders of ``text``: ``{name}``, no braces else."""
    for placeholder in re.findall(r"\{([^{}]*)\}", text):
        if placeholder not in known:
            braced = shown("{" + placeholder + "}")
            raise _wrong(f"unknown placeholder {braced}" + did_you_mean(placeholder, known))
    if re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", text)):
        raise _wrong(f"{shown(text)} holds a brace that stands alone; placeholders look like {{{known[0]}}}")
    return text


def _label_template(text: str) -> str:
    return _template(tuple(dict.fromkeys(("digits", "name", *QUANTA_MATHS.keys))), _not_blank(text))


def _name_template(text: str) -> str:
    return _template(("name",), text)


def _run_name(text: str) -> str:
    names = [name.strip(" \t") for name in text.split(",")]
    if len(names) > 2:
        raise _wrong(f'{shown(text)} holds {len(names)} names; write "name" or "name,insert_name"')
    for name in names:
        if wrong := unsafe_path(name):
            raise _wrong(f"{shown(name)} {wrong}; a run's name must be a plain name that stays in its folder")
    return text


def _revision(text: str) -> str:
    # The rules of git for names of branches and tags; commits fit them too.
    if (
        not re.fullmatch(r"[^\x00-\x20\x7f~^:?*\[\\]{1,255}", text)
        or re.search(r"\.\.|@\{|//|[/.]$|\.lock$|^[-/]", text)
        or not text.isprintable()
    ):
        raise _wrong(f"{shown(text)} cannot be a revision; it must be a branch, a tag or a commit")
    if wrong := unsafe_path(text):  # the Hub's client keeps a file of its name
        raise _wrong(f"{shown(text)} {wrong}; name the commit in its place")
    return text


def _hub_file(text: str) -> str:
    if wrong := unsafe_path(text.replace("{name}", "name")):
        raise _wrong(f'{shown(text)} {wrong}; it must be a file such as "training_loss.json"')
    return _name_template(text)


def _found_file(text: str) -> str:
    if wrong := unsafe_found(text):
        raise _wrong(f"{shown(text)} {wrong}; name a report.json as it was written")
    return text


def _directory_path(text: str) -> str:
    fixed = text.partition("{")[0].rpartition("/")[0]
    if re.match(r"~[^/{]*/", text):
        raise _wrong(
            f"{shown(text)}: ~ is not expanded; write the path out, absolute or relative to this file"
        )
    if "\\" in text:
        raise _wrong(f"{shown(text)} holds a backslash; write / between folders, on Windows too")
    if not text.isprintable():
        raise _wrong(f"{shown(text)} holds a character that cannot be printed; leave it out")
    inside = text[len(fixed) :].lstrip("/").replace("{name}", "name")
    if wrong := unsafe_path(inside):
        raise _wrong(f"{shown(text)}: the part from {{name}} on {wrong}; it must stay in its folder")
    return _name_template(text)


def _logo(text: str) -> str:
    if wrong := unsafe_path(text):
        raise _wrong(f"{shown(text)} {wrong}; a logo must lie in the list's folder")
    if not text.lower().endswith(tuple(KINDS)):
        raise _wrong(f"{shown(text)} is no .svg or .png; a logo must be one of these")
    return text


def _kept_logo(text: str) -> str:
    if not text.startswith("data:"):
        return _logo(text)
    try:
        check_kept_logo(text)
    except ValueError as wrong:
        raise _wrong(str(wrong)) from None
    return text


def _rising(pair: list[float]) -> list[float]:
    if not pair[0] < pair[1]:
        raise _wrong(f"goes from {shown(pair[0])} to {shown(pair[1])}; the lower number comes first")
    return pair


def _of_steps(pair: list[float]) -> list[float]:
    if pair[1] > _LAST_STEP:
        raise _wrong(f"goes to {shown(pair[1])}; the last step must be {_LAST_STEP:,} at most")
    return pair


def _above_zero(pair: list[float]) -> list[float]:
    if pair[0] == 0:
        raise _wrong("starts at 0, which a log axis cannot show; it must start above")
    return pair


def _once(items: list[str]) -> list[str]:
    seen: set[str] = set()
    for item in items:
        if item in seen:
            raise _wrong(f"holds {shown(item)} twice; name it once")
        seen.add(item)
    return items


Text = Annotated[str, AfterValidator(_not_blank)]
Label = Annotated[str, AfterValidator(_label_template)]
Table = dict[str, Any]
Range = Annotated[
    list[Annotated[float, Field(ge=0, allow_inf_nan=False)]],
    Field(min_length=2, max_length=2),
    AfterValidator(_rising),
]
Steps = Annotated[int, Field(ge=1, le=_MOST_STEPS)]
_STEPS = "a whole number from 1 to 1,000,000,000"
_AnyTable = TypeVar("_AnyTable", bound=BaseModel)


class _Checked(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class HubTable(_Checked):
    """``[source]`` with ``type = "hub"``."""

    type: Literal["hub"]
    repo: Annotated[str, AfterValidator(_name_template)] = Field(
        description='a repository of the Hub, such as "org/model_{name}"'
    )
    file: Annotated[str, AfterValidator(_hub_file)] = Field(
        "training_loss.json", description='a file of the repository, such as "training_loss.json"'
    )
    revision: Annotated[str, AfterValidator(_revision)] = Field(
        "main", description="a branch, a tag or a commit, as text"
    )


class DirectoryTable(_Checked):
    """``[source]`` with ``type = "directory"``."""

    type: Literal["directory"]
    path: Annotated[str, AfterValidator(_directory_path)] = Field(
        description='a path, such as "runs/{name}/training_loss.json", or that of a store of many runs'
    )


class SmoothingTable(_Checked):
    """``[smoothing]``, and the same of a family: keys that are left out are None."""

    window: Steps | None = Field(None, description=_STEPS)
    edges: Literal["partial", "trim"] | None = Field(None, description='"partial" or "trim"')
    smoother: Smoother | None = Field(None, description='"mean", "median", "ema" or "geometric"')


class FiguresTable(_Checked):
    """``[figures]``."""

    width_mm: Annotated[float, Field(ge=40, le=500, allow_inf_nan=False)] = Field(
        178.0, description="a width from 40 to 500, in mm"
    )
    runs: Annotated[list[str], AfterValidator(_once)] = Field([], description="a list of names of runs")


class PdfTable(_Checked):
    """``[pdf]``."""

    runs: Literal["none", "figures", "all"] = Field("figures", description='"none", "figures" or "all"')


class ThemeTable(_Checked):
    """``[theme]``."""

    title_font: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ,_-]{0,199}$")] | None = Field(
        None, description="names of fonts, with commas between them"
    )
    accent: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] | None = Field(
        None, description='a colour such as "#1f4e79"'
    )
    logo: Annotated[str, AfterValidator(_logo)] | None = Field(
        None, description="the path of an SVG or PNG, relative to this file"
    )


class ReportedThemeTable(ThemeTable):
    """The same in a ``report.json``, which holds the logo itself."""

    logo: Annotated[str, AfterValidator(_kept_logo)] | None = Field(
        None, description="an SVG or PNG as a data URI"
    )


class ListTable(_Checked):
    """A whole file; its tables are checked by themselves."""

    title: Text | None = Field(None, description="text")
    description: str = Field("", description="text")
    synthetic: bool = Field(default=False, description="true or false")
    source: Table | None = Field(None, description="a table, [source]")
    smoothing: Table = Field({}, description="a table, [smoothing]")
    figures: Table = Field({}, description="a table, [figures]")
    pdf: Table = Field({}, description="a table, [pdf]")
    theme: Table = Field({}, description="a table, [theme]")
    family: Annotated[list[Any], Field(min_length=1)] = Field(description="one or more tables, [[family]]")


class FamilyTable(_Checked):
    """``[[family]]``; its runs and tables are checked by themselves."""

    name: Text = Field(description="text")
    description: str = Field("", description="text")
    label: Label | None = Field(None, description='a template such as "d{digits}"')
    linear_steps: Steps = Field(15_000, description=_STEPS)
    smoothing: Table = Field({}, description="a table, { window = 500, edges = ..., smoother = ... }")
    figures: Annotated[list[Literal["log", "linear", "seeds", "thresholds"]], AfterValidator(_once)] = Field(
        ["log", "linear"], description='a list of "log", "linear", "seeds" and "thresholds"'
    )
    x_range: Annotated[Range, AfterValidator(_of_steps)] | None = Field(
        None, description="two steps from 0 on, the lower first, such as [0, 40000]"
    )
    y_range: Annotated[Range, AfterValidator(_above_zero)] | None = Field(
        None, description="two losses above 0, the lower first, such as [1e-9, 3]"
    )
    columns: Annotated[list[str], Field(min_length=1), AfterValidator(_once)] | None = Field(
        None, description="a list of names of columns"
    )
    order: str | None = Field(None, description="the name of an attribute or a metric")
    expect: Table = Field({}, description='a table, { avg_final_loss = "<= 1e-8" }')
    runs: Annotated[list[Any], Field(min_length=1)] = Field(description="a list of runs, one at least")


class RunTable(_Checked):
    """A run; one that is only a name stands for ``{ name = ... }``."""

    name: Annotated[str, AfterValidator(_run_name)] = Field(description="text")
    label: Label | None = Field(None, description='text, or a template such as "d{digits}"')
    note: str | None = Field(None, description="text")
    listed: Table = Field({}, description='a table, { avg_final_loss = "5.6e-06" }')
    extra: Table = Field({}, description="a table, { column = value }")
    expect: Table = Field({}, description='a table, { avg_final_loss = "<= 1e-8" }')
    revision: Annotated[str, AfterValidator(_revision)] | None = Field(
        None, description="a branch, a tag or a commit, as text"
    )
    source: Table | None = Field(None, description='a table, { type = "directory", path = ... }')


class _Reported(BaseModel):
    """What a rebuild reads of a ``report.json``; the rest of it is not looked at."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class ReportedSource(_Reported):
    """Where a run's bytes came from; see ``SourceRecord``."""

    repo: str | None
    requested_revision: str | None
    revision: Annotated[str, Field(pattern="^[0-9a-f]{40}$")] | None
    file: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    files: Annotated[list[Annotated[str, AfterValidator(_found_file)]], Field(max_length=10_000)] = []


class ReportedRun(_Reported):
    """A run of a report."""

    name: str
    source: ReportedSource


class ReportedFamily(_Reported):
    """A family of a report."""

    name: str
    runs: list[ReportedRun]


class ReportTable(_Reported):
    """A ``report.json``."""

    schema_: Literal[1] = Field(alias="schema", description="1, the version that this reportgen reads")
    title: str = Field("", description="text")
    lists: list[Any] = Field(description="lists as reportgen writes them")
    families: list[ReportedFamily] = Field(description="families as reportgen writes them")


def read_table(model: type[_AnyTable], value: object, place: str, mistakes: Mistakes) -> _AnyTable | None:
    """Checks one table; what is wrong goes to ``mistakes``, and then there is none.

    Args:
        model: What it must be.
        value: As TOML or JSON gave it.
        place: Of the table: ``family[0]``, empty for the whole file.
        mistakes: Those of the file.
    """
    table, wrong_keys = _checked(model, value, place, mistakes)
    return None if wrong_keys else table


def read_outer_table(
    model: type[_AnyTable],
    value: object,
    place: str,
    mistakes: Mistakes,
    *,
    lone: bool = False,
    **empty: object,
) -> _AnyTable:
    """The same for a table that holds others: what is right of it is kept, so that those are checked too.

    Args:
        model: What it must be.
        value: As TOML or JSON gave it.
        place: Of the table.
        mistakes: Those of the file.
        lone: The list wrote the only value instead of a table, so the place of both is one.
        **empty: What stands for keys that must be there and are not.
    """
    return _checked(model, value, place, mistakes, lone=lone, empty=empty)[0]


def _checked(
    model: type[_AnyTable],
    value: object,
    place: str,
    mistakes: Mistakes,
    *,
    lone: bool = False,
    empty: Mapping[str, object] = MappingProxyType({}),
) -> tuple[_AnyTable, set[str]]:
    """The table, and the keys that are wrong, which it lacks."""
    try:
        return model.model_validate(value), set()
    except ValidationError as error:
        wrong_keys = set()
        for wrong in error.errors(include_url=False):
            where = place
            for part in () if lone else wrong["loc"]:
                where += f"[{part}]" if isinstance(part, int) else f".{key(part)}" if where else key(part)
            mistakes.add(where, _text_of(model, wrong))
            wrong_keys.add(str(wrong["loc"][0]) if wrong["loc"] else "")
    right = value if isinstance(value, dict) else {}
    kept = {key: given for key, given in right.items() if key not in wrong_keys}
    return model.model_construct(**{**empty, **kept}), wrong_keys


def _text_of(model: type[BaseModel], wrong: ErrorDetails) -> str:
    if wrong["type"] == "mistake":
        return str(wrong["ctx"]["text"])
    name = str(wrong["loc"][0]) if wrong["loc"] else ""
    if wrong["type"] == "extra_forbidden":
        return _unknown_key(model, name)
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    right = fields[name].description if name else "a table"
    if wrong["type"] == "missing":
        return f"is missing; must be {right}"
    given = wrong["input"]
    if wrong["type"] in ("too_short", "too_long") and len(given) > 0:
        return f"holds {len(given)} value{'s' * (len(given) > 1)}; must be {right}"
    whole = f"{name} " if len(wrong["loc"]) > 1 else ""
    return f"is {shown(given)}; {whole}must be {right}"


def _unknown_key(model: type[BaseModel], name: str) -> str:
    """TOML gives a key to the table above it, so one of the whole list may stand too low in the file."""
    if model is ListTable or name not in ListTable.model_fields:
        return "unknown key" + did_you_mean(name, model.model_fields)
    heading = re.search(r"\[+\w+\]+", ListTable.model_fields[name].description or "")
    if heading:
        return f"unknown key here; {heading[0]} stands by itself, for the whole list"
    return f"unknown key here; {name} stands at the top of the file, before the first [table]"
