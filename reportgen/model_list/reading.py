"""Files, folders and names of lists -> ModelLists, with all mistakes of all of them at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from reportgen import resources
from reportgen.errors import ReportgenError
from reportgen.model_list.mistakes import Mistakes, TooManyMistakes, nearest, shown
from reportgen.model_list.specs import ModelList
from reportgen.text import is_utf8, one_line

__all__ = ["lists_in", "load", "load_named", "load_text", "shipped_file", "shipped_names"]

_LARGEST_LIST = 2 * 2**20  # 20,000 runs, each with a note; the parser takes up to 400 times as much memory
_LARGEST_REPORT = 256 * 2**20

# Keys of many parts: the parser's time and memory grow with their square. A match starts where a key
# can start and gives nothing back, so that the search itself stays linear.
_LONG_KEY = re.compile(
    r"""(?:^|[\[{,])[ \t]*+(?:(?:"(?:[^"\\\n]++|\\.)*+"|'[^'\n]*+'|[\w-]++)[ \t]*+\.[ \t]*+){8}""",
    re.ASCII | re.MULTILINE,
)

OfFolder = Callable[[Path], str]
"""Writes the list of a folder that holds none, as TOML."""

_CLOSE = 'close the quotes on this line; text of several lines goes between """ and """'
_FIXES = (
    ("Expected '='", "write key = value"),
    ("Invalid value", 'text goes in quotes: "..."'),
    ("Unterminated string", "close the quotes"),
    ("Unclosed array", "separate with commas, close with ]"),
    ("Unclosed inline table", "separate with commas, close with }"),
    ("Unescaped '\\'", "write / or \\\\, or quote with '...'"),
    ("Illegal character '\\n'", _CLOSE),
    ("Illegal character", "escape it, as \\r or \\u0000, or remove it"),
    ("Found invalid character '\\n'", _CLOSE),
    ("Found invalid character", "remove it"),
    ("Cannot declare", "give each table once; a further family is [[family]]"),
    ("Cannot overwrite", "give each key once"),
    ("Duplicate inline table key", "give each key once"),
    ("Cannot redefine", "give each table once"),
    ("Cannot mutate", "give each table once"),
    ("Expected newline", "start a new line"),
    ('Expected "\'"', "close the quotes"),
    ("Expected ']", "close the heading with as many brackets"),
    ("Invalid", "see toml.io"),
)


def shipped_names() -> tuple[str, ...]:
    """The names of the lists that ship."""
    return tuple(sorted(file.stem for file in resources.folder("model_lists").glob("*.toml")))


def shipped_file(name: str) -> Path | None:
    """The file of a list that ships; None where none has this name."""
    return resources.folder("model_lists") / f"{name}.toml" if name in shipped_names() else None


def load_text(text: str, base: Path, name: str, taken: set[str] | None = None) -> ModelList:
    """Reads a list that is no file.

    Args:
        text: TOML.
        base: Folder that its paths start from.
        name: What messages and reports call it.
        taken: Slugs of families that there are already; those of this list are added.

    Raises:
        ReportgenError: It has a mistake; exit code 2.
    """
    from reportgen.model_list.building import Origin, model_list_of

    mistakes = Mistakes(name)
    with suppress(TooManyMistakes):
        document = _toml(text.encode("utf-8", "surrogatepass"), mistakes)
        if document is not None:
            made = model_list_of(
                document, Origin(name, str(base.resolve())), {"runs"} if taken is None else taken, mistakes
            )
            if not mistakes.lines:
                return made
    raise ReportgenError("\n".join(mistakes.lines), exit_code=2)


def load(lists: Sequence[str], of_folder: OfFolder | None = None) -> tuple[ModelList, ...]:
    """Reads lists.

    Args:
        lists: Each a TOML file, a folder (its ``*.toml`` in name order, not deeper), the name of a
            list that ships (``./demo`` is a folder even so), or a ``report.json``, whose lists are
            read with the commits and hashes that it records.
        of_folder: Writes the list of a folder that holds none; None: such a folder is a mistake.

    Raises:
        ReportgenError: exit code 2; every mistake of every list, one line each:
            ``file: place: what is wrong, what would be right``.
    """
    return tuple(one for _, one in load_named(lists, of_folder))


def load_named(lists: Sequence[str], of_folder: OfFolder | None = None) -> tuple[tuple[str, ModelList], ...]:
    """``load``, each list with what messages call its file."""
    # pydantic takes a tenth of a second to import: only where lists are read.
    from reportgen.model_list.building import Origin, model_list_of
    from reportgen.model_list.document import from_report

    found: list[tuple[str, ModelList]] = []
    lines: list[str] = [] if lists else ["no list is given; name a file, a folder or a list that ships"]
    taken = {"runs"}  # tables/runs.csv is not a family's
    for name in lists:
        if of_folder is not None and name not in shipped_names() and _holds_no_list(Path(name)):
            try:
                text = of_folder(Path(name))
            except ReportgenError as error:
                lines.append(str(error))
                continue
            folder = Path(name).resolve()
            found.append((name, load_text(text, folder, folder.name or "runs", taken)))
            continue
        for file, label in _files(name, lines):
            mistakes = Mistakes(label)
            base = file.parent.resolve()
            with suppress(TooManyMistakes):
                document = _document(file, mistakes)
                if file.suffix == ".json" and document is not None:
                    found += [(mistakes.file, one) for one in from_report(document, base, taken, mistakes)]
                elif document is not None:
                    origin = Origin(file.name, str(base), base == resources.folder("model_lists"))
                    found.append((mistakes.file, model_list_of(document, origin, taken, mistakes)))
            lines += mistakes.lines
    if lines:
        raise ReportgenError("\n".join(lines), exit_code=2)
    return tuple(found)


def _files(name: str, lines: list[str]) -> Iterator[tuple[Path, str]]:
    """The files of one LIST, each with what messages call it; a LIST that is none is a line."""
    if name in shipped_names():
        yield resources.folder("model_lists") / f"{name}.toml", f"{name}.toml"
        return
    mistakes = Mistakes(name or '""')
    path = Path(name)
    try:
        if name and path.is_dir():
            files = lists_in(path)
            if not files:
                mistakes.add("", "holds no list (*.toml with a [[family]]); `reportgen init` writes one")
            yield from ((file, str(file)) for file in files)
        elif name and path.exists():
            yield path, name
        else:
            near = nearest(name, [*shipped_names(), *_siblings(path)])
            known = f"the lists that ship: {', '.join(shipped_names())}"
            fix = f'did you mean "{one_line(near)}"?' if near else known
            mistakes.add("", f"no file, folder or list that ships has this name; {fix}")
    except (OSError, ValueError) as error:
        mistakes.add("", f"cannot be read: {_reason(error)}; check its name and permissions")
    lines += mistakes.lines


def lists_in(folder: Path) -> tuple[Path, ...]:
    """The lists of a folder: its ``*.toml`` in name order, not deeper, hidden ones left out.

    One that can be read and has no ``family`` is no list (``pyproject.toml``); one that cannot be read is.
    """
    files = sorted(file for file in folder.glob("*.toml") if file.is_file() and file.name[0] != ".")
    return tuple(file for file in files if _is_list(file))


def _is_list(file: Path) -> bool:
    mistakes = Mistakes(str(file))
    try:
        document = _document(file, mistakes)
    except TooManyMistakes:
        return True
    return not isinstance(document, dict) or "family" in document


def _holds_no_list(folder: Path) -> bool:
    try:
        return folder.is_dir() and not lists_in(folder)
    except (OSError, ValueError):
        return False


def _siblings(path: Path) -> list[str]:
    """Lists beside a path where none is."""
    return [str(file) for file in path.parent.glob("*.toml")] if path.parent.is_dir() else []


def _document(file: Path, mistakes: Mistakes) -> object | None:
    """What a file holds, as TOML or JSON; None where it is neither."""
    if not is_utf8(file.name):  # reports name it
        mistakes.add("", "has a name that is not UTF-8; rename it")
        return None
    largest = _LARGEST_REPORT if file.suffix == ".json" else _LARGEST_LIST
    try:
        if not file.is_file():
            mistakes.add("", "is not a regular file; name a TOML file")
            return None
        with file.open("rb") as stream:
            data = stream.read(largest + 1)
    except OSError as error:
        mistakes.add("", f"cannot be read: {_reason(error)}; check its permissions")
        return None
    if len(data) > largest:
        mistakes.add("", f"is over {largest // 2**20} MiB, which no list needs; split it")
        return None
    return _json(data, mistakes) if file.suffix == ".json" else _toml(data, mistakes)


def _reason(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _toml(data: bytes, mistakes: Mistakes) -> dict[str, Any] | None:
    try:
        text = data.decode("utf-8-sig")  # some editors write a byte-order mark
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        text = f"byte 0x{data[error.start]:02x} is not UTF-8; save it as UTF-8"
        mistakes.add(f"line {line}, column {column}", text)
        return None
    if long_key := _LONG_KEY.search(text):
        place = _place(text, long_key.start())
        mistakes.add(place, "a key of over 8 parts; no key of a list has more than 5")
        return None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL)
        wrong = at[1] if at else str(error)
        place = f"line {at[2]}, column {at[3]}" if at and at[2] else _place(text, len(text))
        fix = next((fix for start, fix in _FIXES if wrong.startswith(start)), "see toml.io")
        mistakes.add(place, f"{shown(wrong)[1:-1]}; {fix}")
    except RecursionError:
        mistakes.add("", "lists or tables are nested hundreds deep; no list needs more than 4")
    except ValueError:
        # Python reads no number of over 4,300 digits, and tells no place.
        mistakes.add("", "holds a number with thousands of digits; shorten it")
    return None


def _place(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f"line {line}, column {position - text.rfind(chr(10), 0, position)}"


def _json(data: bytes, mistakes: Mistakes) -> object | None:
    import orjson

    try:
        document: object = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        mistakes.add(place, f"{error.msg}; use a report.json that was not edited")
        return None
    if document is None:
        mistakes.add("", "is null; use a report.json that was not edited")
    return document
