"""ModelList <-> what ``report.json`` holds of it: enough to build the same report again."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from reportgen import resources
from reportgen.model_list.mistakes import Mistakes, shown
from reportgen.model_list.specs import (
    DirectorySource,
    FamilySpec,
    FigureOptions,
    HubSource,
    ModelList,
    PluginSource,
    RunSpec,
    Source,
    TableSpec,
    UrlSource,
    Waiver,
    title_of,
)

if TYPE_CHECKING:
    from reportgen.model_list.reported import ReportedRun

__all__ = ["from_report", "to_dict"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_NOT_OURS = "use a report.json that was not edited"


def to_dict(model_list: ModelList) -> dict[str, Any]:
    """A list as strict JSON: the tables of its TOML, defaults written out, with its ``file``.

    No output names a folder of the machine that built it: of the absolute path
    ``/data/{name}/loss.json`` remains ``{name}/loss.json``.
    """
    sources = [_source(run.source) for family in model_list.families for run in family.runs]
    usual = sources[0] if sources else {}
    first = model_list.families[0] if model_list.families else None
    theme = {key: value for key, value in asdict(model_list.theme).items() if value}
    return {
        "file": model_list.file,
        "shipped": model_list.shipped,
        **({} if model_list.title is None else {"title": model_list.title}),
        "description": model_list.description,
        **({} if model_list.author is None else {"author": model_list.author}),
        "synthetic": model_list.synthetic,
        **({"source": usual} if usual else {}),
        **(_of_all_families(first) if first else {}),
        "figures": _figures(model_list.figures),
        "pdf": asdict(model_list.pdf),
        "theme": theme,
        "family": [_family(family, usual) for family in model_list.families],
    }


def _of_all_families(family: FamilySpec) -> dict[str, Any]:
    """What the list says of series, names and attributes, which every family carries."""
    series = {
        one.name: _given(
            {
                "from": list(one.sources) or None,
                "title": one.title,
                "unit": one.unit,
                "better": one.better,
                "draw": one.draw,
            }
        )
        for one in family.series.values()
    }
    return _given(
        {
            "series": series or None,
            "names": None if family.naming is None else {"pattern": family.naming},
            "attributes": dict(family.paths) or None,
        }
    )


def _figures(figures: FigureOptions) -> dict[str, Any]:
    widths = figures.widths_mm
    return {
        "width_mm": widths[0] if len(widths) == 1 else list(widths),
        "runs": list(figures.runs),
        **({"palette": list(figures.palette)} if figures.palette else {}),
        "font_pt": figures.font_pt,
    }


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _family(family: FamilySpec, usual: Mapping[str, Any]) -> dict[str, Any]:
    optional: dict[str, Any] = {
        "label": family.label,
        "x_range": family.x_range and list(family.x_range),
        "y_range": family.y_range and list(family.y_range),
        "columns": family.columns and list(family.columns),
        "order": family.order,
        "exclude": list(family.exclude) or None,
        "group_by": None if family.group_by is None else list(family.group_by),
        "rank_by": family.rank_by,
        "color_by": family.color_by,
        "target": family.target,
        "reference": dict(family.reference) if isinstance(family.reference, Mapping) else family.reference,
        "scale": family.scale,
        "bands": family.bands,
        "waive": _waivers(family.waive) or None,
        "table": [_table(one) for one in family.tables] or None,
    }
    return {
        "name": family.name,
        "description": family.description,
        "linear_steps": family.linear_steps,
        "smoothing": asdict(family.smoothing),
        "figures": list(family.figures),
        **_given(optional),
        "runs": [_run(run, usual) for run in family.runs],
    }


def _table(table: TableSpec) -> dict[str, Any]:
    return asdict(table) | {"rows": list(table.rows), "columns": list(table.columns)}


def _waivers(waive: Mapping[str, Waiver]) -> dict[str, Any]:
    return {metric: asdict(one) for metric, one in waive.items()}


def _run(run: RunSpec, usual: Mapping[str, Any]) -> dict[str, Any]:
    source = _source(run.source)
    own = {key: value for key, value in source.items() if usual.get(key) != value}
    optional: dict[str, Any] = {
        "initialised_from": run.initialised_from,
        "found": run.found or None,
        "label": run.label,
        "note": run.note,
        "listed": dict(run.listed) or None,
        "extra": dict(run.extra) or None,
        "expect": dict(run.expect) or None,
        "waive": _waivers(run.waive) or None,
        **(own if own.keys() <= {"revision"} else {"source": source}),
    }
    return {"name": run.name, **_given(optional)}


def _source(source: Source) -> dict[str, Any]:
    form = _given(asdict(source.format) | {"pattern": list(source.format.pattern) or None})
    return _place(source) | ({"format": form} if form else {})


def _place(source: Source) -> dict[str, Any]:
    if isinstance(source, HubSource):
        own = {} if source.repo_type == "model" else {"repo_type": source.repo_type}
        return {"type": "hub", "repo": source.repo, "file": source.file, "revision": source.revision, **own}
    if isinstance(source, UrlSource):
        return {"type": "url", "url": source.url}
    if isinstance(source, PluginSource):
        return {"type": source.type, **json.loads(source.options)}
    path = source.path
    if PureWindowsPath(path).anchor:  # of either system: "/" is an anchor there too
        path = path[path.partition("{")[0].rindex("/") + 1 :]
    return {"type": "directory", "path": path}


def from_report(document: object, folder: Path, taken: set[str], mistakes: Mistakes) -> tuple[ModelList, ...]:
    """The lists of a ``report.json``, at the commits and with the hashes and the title that it records.

    Relative paths of directories start where the package's lists are, for a list that ships, else
    in the report's folder or in the current one, whichever holds a run of the list.

    Args:
        document: The parsed file.
        folder: Where it is, absolute.
        taken: Slugs of families so far; those of the report are added.
        mistakes: Where mistakes go. Where there are any, the lists are not whole.
    """
    from reportgen.model_list.checking import read_table
    from reportgen.model_list.reported import ReportTable

    table = read_table(ReportTable, document, "", mistakes)
    if table is None:
        return ()
    bases = [str(folder)]
    with suppress(FileNotFoundError):  # the current folder may have been removed
        bases.append(str(Path.cwd()))
    lists = [
        _from_dict(one, bases, taken, mistakes, f"lists[{index}].") for index, one in enumerate(table.lists)
    ]
    if mistakes.lines:
        return ()
    names = [family.name for one in lists for family in one.families]
    if names != [family.name for family in table.families]:
        mistakes.add("families", f"are not those of lists; {_NOT_OURS}")
        return ()
    if lists and table.title.strip() and table.title != title_of(lists):  # the command line gave it
        lists[0] = replace(lists[0], title=table.title)
    reported = iter(table.families)
    return tuple(
        replace(
            one,
            families=tuple(
                replace(family, runs=_pinned(family.runs, next(reported).runs, shipped=one.shipped))
                for family in one.families
            ),
        )
        for one in lists
    )


def _from_dict(
    document: object, bases: list[str], taken: set[str], mistakes: Mistakes, place: str
) -> ModelList:
    from reportgen.model_list.building import Origin, model_list_of

    tables = dict(document) if isinstance(document, Mapping) else {}
    file, shipped = tables.pop("file", None), tables.pop("shipped", False)
    if not isinstance(file, str) or not file or not isinstance(shipped, bool):
        mistakes.add(place.rstrip("."), f"is not a list with a file, but {shown(document)}; {_NOT_OURS}")
        file = ""
    if shipped is True:
        bases = [str(resources.folder("model_lists"))]
    origin = Origin(file, bases[0], shipped is True, reported=True)
    found = model_list_of(tables, origin, taken, mistakes, place)
    base = next((base for base in bases if _holds_a_run(found, base)), bases[0])
    return _based(found, base)


def _holds_a_run(model_list: ModelList, base: str) -> bool:
    return any(
        # Unlike pathlib's, it takes what cannot be asked about as no file; the pull will say what it is.
        os.path.exists(Path(base, run.source.path.replace("{name}", run.name)))  # noqa: PTH110
        for family in model_list.families
        for run in family.runs
        if isinstance(run.source, DirectorySource)
    )


def _based(model_list: ModelList, base: str) -> ModelList:
    """The same list, its relative paths starting from ``base``."""

    def moved(run: RunSpec) -> RunSpec:
        if not isinstance(run.source, DirectorySource):
            return run
        return replace(run, source=replace(run.source, base=base))

    return replace(
        model_list,
        families=tuple(
            replace(family, runs=tuple(moved(run) for run in family.runs)) for family in model_list.families
        ),
    )


def _pinned(
    runs: Iterable[RunSpec], reported: Iterable[ReportedRun], *, shipped: bool
) -> tuple[RunSpec, ...]:
    """Runs at the commits and with the hashes of the report; those it had no file of as they are."""
    known = {
        (run.name, run.source.repo, run.source.requested_revision, run.source.file): run.source
        for run in reported
    }
    pinned = []
    for run in runs:
        source, at = _source(run.source), run.source
        repo: str | None = None
        file = source.get("file", source.get("url", "")).replace("{name}", run.name)
        if isinstance(at, HubSource):
            repo = source["repo"].replace("{name}", run.name)
            file = file.removesuffix("/*")
        elif isinstance(at, DirectorySource):
            # A report names files without the "./" and "//" that a list may write.
            file = str(PurePosixPath(source["path"].replace("{name}", run.name)))
            at = replace(at, reported=not shipped)
        record = known.get((run.name, repo, source.get("revision"), file))
        if record is not None and isinstance(at, HubSource) and _COMMIT.fullmatch(record.revision or ""):
            at = replace(at, commit=record.revision)
        files = tuple(record.files) if record else ()
        sha256 = record.sha256 if record else None
        beside = tuple(one[0] for one in record.beside if one) if record else None
        pinned.append(replace(run, source=at, sha256=sha256, files=files, beside=beside))
    return tuple(pinned)
