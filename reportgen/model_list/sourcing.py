"""``[source]``: a table of a list -> where runs come from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from reportgen import plugins
from reportgen.log_patterns import PatternMistake, compiled
from reportgen.model_list import schema
from reportgen.model_list.checking import read_table
from reportgen.model_list.mistakes import Mistakes, did_you_mean, shown
from reportgen.model_list.slugs import unsafe_path
from reportgen.model_list.specs import (
    DirectorySource,
    FormatSpec,
    HubSource,
    PluginSource,
    Source,
    UrlSource,
)

__all__ = ["source_of", "wrong_place"]

_BUILT_IN = ("hub", "directory", "url")
# An owner and a repository, as the Hub allows them.
_REPO = re.compile(r"\w(?:[\w.-]{0,94}\w)?/\w(?:[\w.-]{0,94}\w)?", re.ASCII)


def source_of(value: Mapping[str, Any], place: str, base: str, mistakes: Mistakes) -> Source | None:
    """The source that a table names; None where the table is wrong.

    Args:
        value: As TOML or JSON gave it.
        place: Of the table.
        base: The folder that relative paths start from.
        mistakes: Where mistakes go.
    """
    if value.get("type") == "directory":
        directory = read_table(schema.DirectoryTable, value, place, mistakes)
        if directory is None:
            return None
        return DirectorySource(directory.path, base, format=_format(directory.format, place, mistakes))
    if value.get("type") == "url":
        url = read_table(schema.UrlTable, value, place, mistakes)
        return None if url is None else UrlSource(url.url, _format(url.format, place, mistakes))
    if value.get("type") == "hub":
        hub = read_table(schema.HubTable, value, place, mistakes)
        if hub is None:
            return None
        if (wrong := _wrong_repo(hub.repo.replace("{name}", "name"))) is not None:
            mistakes.add(f"{place}.repo", f"{shown(hub.repo)} {wrong}")
            return None
        form = _format(hub.format, place, mistakes)
        return HubSource(hub.repo, hub.file, hub.revision, format=form, repo_type=hub.repo_type)
    return _of_a_plugin(value, place, mistakes)


def _of_a_plugin(value: Mapping[str, Any], place: str, mistakes: Mistakes) -> Source | None:
    """A source that a plug-in brings: its keys are its own, and it checks them when it is opened."""
    kind, brought = value.get("type"), plugins.names("reportgen.sources")
    if not isinstance(kind, str) or kind not in brought:
        given = f"is {shown(kind)}" if "type" in value else "is missing"
        known = [*_BUILT_IN, *brought]
        near = did_you_mean(kind, known) if isinstance(kind, str) and len(known) > 12 else ""
        choice = ", ".join(f'"{one}"' for one in known[:-1])
        mistakes.add(f"{place}.type", f'{given}; must be {choice} or "{known[-1]}"{near}')
        return None
    own = {key: one for key, one in value.items() if key not in ("type", "format")}
    table = value.get("format", {})
    if not isinstance(table, Mapping):
        mistakes.add(f"{place}.format", f"is {shown(table)}; must be a table, [source.format]")
        return None
    try:
        options = json.dumps(own, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        mistakes.add(place, "holds a date or a number that JSON cannot; write text")
        return None
    return PluginSource(kind, options, _format(table, place, mistakes))


def _format(value: Mapping[str, Any], place: str, mistakes: Mistakes) -> FormatSpec:
    table = read_table(schema.FormatTable, value, f"{place}.format", mistakes)
    if table is None:
        return FormatSpec()
    known = plugins.format_names()
    if table.type is not None and table.type not in known:
        near = did_you_mean(table.type, known) or f"; known: {', '.join(known)}"
        mistakes.add(f"{place}.format.type", f"no format is called {shown(table.type)}{near}")
    patterns = tuple(table.pattern or ())
    if patterns or table.type == "text":
        try:
            compiled(patterns)
        except PatternMistake as wrong:
            mistakes.add(f"{place}.format.pattern", str(wrong))
    return FormatSpec(table.type, table.step, patterns, table.repeats)


def _wrong_repo(repo: str) -> str | None:
    """What is wrong with a repository's id; None where nothing is."""
    if not _REPO.fullmatch(repo) or "--" in repo or ".." in repo or repo.endswith(".git"):
        return "is not a repository of the Hub; write owner/name, in letters, digits, - _ and ."
    return None


def wrong_place(source: Source, name: str) -> str | None:
    """What is wrong with where ``source`` puts the run ``name``; None where nothing is."""
    name = re.sub(r"[*?]", "x", name)  # of a pattern that it cannot help to be right
    if isinstance(source, PluginSource):
        return None
    if isinstance(source, DirectorySource):
        start = source.path.partition("{")[0].rpartition("/")[0]
        file = source.path[len(start) :].lstrip("/").replace("{name}", name)
    elif isinstance(source, UrlSource):
        return None if source.is_per_run and unsafe_path(name) is None else unsafe_path(name)
    else:
        repo = source.repo.replace("{name}", name)
        if _wrong_repo(repo):
            return f"makes the repository {shown(repo)}, which the Hub does not allow; correct the name"
        file = source.file.replace("{name}", name)
        file = file.removesuffix("/*")
    wrong = None if file == "." else unsafe_path(file)
    return None if wrong is None else f"makes the path {shown(file)}, which {wrong}; correct the name"
