"""A survey of runs -> the text of a list that builds them: ``reportgen init``, and ``build`` of a folder."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from reportgen import attributes, model_list
from reportgen.discover import discover
from reportgen.errors import ReportgenError
from reportgen.hub_survey import survey_hub
from reportgen.notation import count
from reportgen.pull import PullOptions
from reportgen.series import Ranked, ranked_by
from reportgen.survey import Survey, SurveyedRun, SurveyedSource, survey
from reportgen.text import one_line

__all__ = ["FirstList", "of_folder", "of_hub"]

_MOST_NAMES = 6
_MOST_SERIES = 12
_MOST_SAID = 10
# Words before a number that count runs, and are no setting of them.
_COUNTERS = frozenset({"run", "version", "trial", "exp", "experiment", "model", "job", "id", "checkpoint"})
_FOLDER = "folder"  # What runs of one folder share, where names tell no more of it.
_TOKEN = re.compile(r"[A-Za-z]+|[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?|[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class FirstList:
    """A list that nobody wrote.

    Attributes:
        text: TOML.
        said: What was found, what it was taken for, and what was left out, a line each.
    """

    text: str
    said: tuple[str, ...]


def of_folder(folder: Path, base: Path | None = None) -> FirstList:
    """The list of the runs in a folder.

    Args:
        folder: Where runs are looked for, within bounds.
        base: Folder that the list will lie in, from which its paths start; None is ``folder``.

    Raises:
        ReportgenError: There is no such folder, or no run in it; exit code 2.
    """
    shown = one_line(str(folder))
    if not folder.is_dir():
        wrong = "is a file; name the folder that it lies in" if folder.exists() else "does not exist"
        raise ReportgenError(f"{shown}: {wrong}", exit_code=2)
    # Of a folder that is itself a store, such as ".", paths begin with its name.
    found = survey(folder.resolve())
    said = tuple(_said(found))
    if not found.sources:
        left_out = "; ".join(f"{one.place}: {one.reason}" for one in found.left_out[:3])
        why = f" ({one_line(left_out, 600)})" if left_out else ""
        raise ReportgenError(f"{shown}: no run was found{why}; name a folder with logs in it", exit_code=2)
    base = (base or folder).resolve()
    above = PurePosixPath(os.path.relpath(found.root.resolve(), base).replace(os.sep, "/"))
    title = folder.resolve().name or "Runs"
    text = _text(title, found, above, by_pattern=True)
    if _finds(text, base) != [[run.name for run in source.runs] for source in found.sources]:
        found, unlisted = _listable(found)
        said += unlisted
        text = _text(title, found, above, by_pattern=False)
    return FirstList(text, said)


def _listable(found: Survey) -> tuple[Survey, tuple[str, ...]]:
    """A survey of the runs that a list can name one by one, and what is said of the others."""
    left_out: list[str] = []

    def kept(run: SurveyedRun) -> bool:
        wrong = model_list.unsafe_path(run.name) or ("holds a comma" if "," in run.name else None)
        wrong = wrong or ("begins or ends with a space" if run.name.strip() != run.name else None)
        if wrong:
            left_out.append(one_line(f"left out {run.name}: a list cannot name it, since it {wrong}", 300))
        return not wrong

    sources = [replace(source, runs=tuple(filter(kept, source.runs))) for source in found.sources]
    return replace(found, sources=tuple(source for source in sources if source.runs)), tuple(left_out)


def of_hub(place: str, look: Callable[[str, str], Survey] = survey_hub) -> FirstList:
    """The list of an owner's repositories on the Hub: ``OWNER``, or ``OWNER/PREFIX``.

    Args:
        place: Of the repositories.
        look: What looks through them; where it cannot, the list leaves finding them to the build.

    Raises:
        ReportgenError: It names no owner, or one without such a repository; exit code 2.
    """
    owner, _, prefix = place.partition("/")
    if not re.fullmatch(r"[\w.-]{1,96}", owner) or not re.fullmatch(r"[\w.-]{0,96}", prefix):
        raise ReportgenError(
            f"hub:{one_line(place)}: is not an owner on the Hub; write hub:OWNER or hub:OWNER/PREFIX",
            exit_code=2,
        )
    found = look(owner, prefix)
    if not found.sources and not found.problem:
        wrong = "the Hub has no repository of runs there, or hides it; correct the name, or set HF_TOKEN"
        raise ReportgenError(f"hub:{place}: {wrong}", exit_code=2)
    file = found.sources[0].table["file"] if found.sources else "."
    said = [
        one_line(
            f"found {count(len(source.runs), 'run')} at {source.table['repo']}, {source.table['file']}", 300
        )
        for source in found.sources
    ]
    said += [one_line(f"the Hub could not be searched: {found.problem}", 300)] if found.problem else []
    lines = [
        f"# Repositories of {owner} on the Hugging Face Hub with such names; a build finds them.",
        f"title = {_quoted(f'Runs of {owner}')}",
        "",
        "[source]",
        'type = "hub"',
        f"repo = {_quoted(f'{owner}/{prefix}{{name}}')}",
        f'file = {_quoted(file)}   # "." is the whole repository; or one file in it: "trainer_state.json"',
        "",
        "[[family]]",
        f"name = {_quoted(prefix or owner)}",
        'runs = ["*"]',
        "",
    ]
    return FirstList("\n".join(lines), tuple(said))


def _said(found: Survey) -> Iterator[str]:
    for source in found.sources:
        runs = count(len(source.runs), "run")
        unread = sum(not run.series for run in source.runs)
        more = f", {unread:,} of them not read" if unread else ""
        yield one_line(f"found {runs} of format {source.format} at {source.table['path']}{more}", 300)
    for one in found.left_out[:_MOST_SAID]:
        yield one_line(f"left out {one.place}: {one.reason}", 300)
    if (rest := len(found.left_out) - _MOST_SAID) > 0:
        yield f"left out {rest:,} more"
    if found.problem:
        yield f"there may be more runs: stopped looking after {found.problem}"


def _finds(text: str, base: Path) -> list[list[str]]:
    """The runs that the list finds, by family."""
    found = discover((model_list.load_text(text, base, "list"),), PullOptions())
    return [[run.name for run in family.runs] for family in found.lists[0].families]


def _text(title: str, found: Survey, above: PurePosixPath, *, by_pattern: bool) -> str:
    first, *others = found.sources
    runs = sum(len(source.runs) for source in found.sources)
    lines = [
        f"# {count(runs, 'run')} found; `reportgen check` reads this list, `reportgen build` builds it.",
        f"title = {_quoted(title)}",
        "",
        "[source]",
        *_source(first, above),
        *_names(found.sources),
    ]
    for i, source in enumerate(found.sources):
        name = title if not others else f"{title}: {source.table['path']}"
        lines += ["", "[[family]]", f"name = {_quoted(name)}"]
        lines += _family(source, above if i else None, by_pattern)
    return "\n".join([*lines, ""])


def _source(source: SurveyedSource, above: PurePosixPath) -> list[str]:
    kind = "one store of many runs" if source.is_store else "a run for each {name}"
    return ['type = "directory"', f"path = {_path(source, above)}   # {source.format}: {kind}"]


def _path(source: SurveyedSource, above: PurePosixPath) -> str:
    return _quoted(str(above / source.table["path"]))


def _names(sources: Sequence[SurveyedSource]) -> list[str]:
    """``[names]``, where no configuration says what the runs differ by and all names say it alike."""
    runs = [run for source in sources for run in source.runs]
    if len(runs) < 2 or _varied(runs).attributes:
        return []
    pattern = _pattern([run.name for run in runs])
    if pattern is None:
        return []
    return [
        "",
        "[names]   # what names say, since no configuration says what differs",
        f"pattern = '{pattern}'",
    ]


def _pattern(names: Sequence[str]) -> str | None:
    """A pattern of names that are alike but for their numbers and for folders; None where there is none."""
    if "'" in "".join(names):
        return None
    levels = [name.split("/") for name in names]
    if len({len(one) for one in levels}) > 1:
        return None
    made: list[str] = []
    keys: set[str] = set()
    for parts in zip(*levels, strict=True):
        found = _pattern_of_one(parts, keys)
        if found is None and len(levels[0]) == 1:
            return None
        repeated = 1 < len(set(parts)) < len(names)
        if found is None and repeated and _FOLDER not in keys:
            keys.add(_FOLDER)
            found = f"(?P<{_FOLDER}>[^/]+)"
        made.append(found or "[^/]+")
    return "/".join(made) if keys else None


def _pattern_of_one(names: Sequence[str], keys: set[str]) -> str | None:
    """Of names without folders, or of one level of folders; the keys that it takes are added to ``keys``."""
    tokens = [_TOKEN.findall(name) for name in names]
    if len({len(one) for one in tokens}) > 1:
        return None
    made, words = "", ""
    own: set[str] = set()
    for column in zip(*tokens, strict=True):
        numbers = all("0" <= token[0] <= "9" for token in column)
        if len(set(column)) == 1:
            made += re.escape(column[0]).replace(r"\-", "-")
        elif not numbers:
            return None
        else:
            key = "seed" if words.lower() == "s" else words.lower()
            if not key or key in _COUNTERS or key in keys | own:
                return None
            own.add(key)
            made += f"(?P<{key}>[0-9.e-]+)"
        if not numbers and re.fullmatch(r"[A-Za-z]+", column[0]):
            words = column[0]
        elif column[0] not in ("-", "_", "=") or numbers:
            words = ""
    keys |= own
    return made


def _family(source: SurveyedSource, above: PurePosixPath | None, by_pattern: bool) -> Iterator[str]:
    names = [run.name for run in source.runs]
    some = ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
    pattern = "**" if any("/" in name for name in names) else "*"
    taken = [pattern] if by_pattern else names
    comment = f"   # {count(len(names), 'run')}: {one_line(some, 200)}" if by_pattern else ""
    if above is None:
        entries = [_quoted(name) for name in taken]
    else:
        of = f'{{ type = "directory", path = {_path(source, above)} }}'
        entries = [f"{{ name = {_quoted(name)}, source = {of} }}" for name in taken]
    if len(entries) == 1:
        yield f"runs = [{entries[0]}]{comment}"
    else:
        yield "runs = ["
        yield from (f"  {entry}," for entry in entries)
        yield "]"
    read = [run for run in source.runs if run.series]
    if read:
        series = list(dict.fromkeys(name for run in read for name in run.series))
        more = f", and {len(series) - _MOST_SERIES:,} more" if len(series) > _MOST_SERIES else ""
        yield f"# series: {one_line(', '.join(series[:_MOST_SERIES]), 300)}{more}"
        if (ranked := _ranked(read)) is not None:
            yield f"rank_by = {_quoted(f'{ranked.series}.{ranked.metric}')}   # {ranked.why}"
    yield from _differences(read)


def _ranked(runs: Sequence[SurveyedRun]) -> Ranked | None:
    """What the runs are ranked by: of the series that most of them have."""
    found = Counter(name for run in runs for name in run.series)
    names = [name for name, number in found.items() if 2 * number > len(runs)] or list(found)
    return ranked_by(names, {name for run in runs for name in run.evaluations})


def _varied(runs: Sequence[SurveyedRun]) -> attributes.Varied:
    return attributes.varied_of([run.config for run in runs], [run.name for run in runs])


def _differences(runs: Sequence[SurveyedRun]) -> Iterator[str]:
    """Comments on what the runs differ by."""
    found = _varied(runs)
    for one in found.free:
        values = list(dict.fromkeys(value for value in attributes.in_words(one) if value is not None))
        more = ", ..." if len(values) > _MOST_NAMES else ""
        yield f"# differ by {one_line(one.key, 80)}: {one_line(', '.join(values[:_MOST_NAMES]), 200)}{more}"
    if any(len(set(one.values)) > 1 for one in found.seeds):
        keys = ", ".join(one.key for one in found.seeds)
        yield f"# runs that agree in all but {one_line(keys, 80)} form a group"


def _quoted(text: str) -> str:
    """Text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
