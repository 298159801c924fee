"""What single values of a list must be, each a sentence to its author where it is not."""

from __future__ import annotations

import datetime
import re
from typing import TypeVar

from pydantic_core import PydanticCustomError

from reportgen.figure_kinds import figure_kinds
from reportgen.log_patterns import PatternMistake, matcher_of
from reportgen.masking import masked_text
from reportgen.model_list.logos import KINDS, check_kept_logo
from reportgen.model_list.mistakes import did_you_mean, shown
from reportgen.model_list.slugs import unsafe_found, unsafe_path

Item = TypeVar("Item", str, float)

_LAST_STEP = 2**53  # from here on a float64, and so a page, cannot tell a step from the next


def mistake(text: str) -> PydanticCustomError:
    """A mistake of a value, in words for its author."""
    # The text goes in as context: a brace in it is no placeholder.
    return PydanticCustomError("mistake", "{text}", {"text": text})


def not_blank(text: str) -> str:
    """Text that is not empty."""
    if not text.strip():
        raise mistake("is empty; must be text")
    return text


def template(known: tuple[str, ...], text: str) -> str:
    """Checks the placeholders of ``text``: ``{name}``, no braces else."""
    for placeholder in re.findall(r"\{([^{}]*)\}", text):
        if placeholder not in known:
            braced = shown("{" + placeholder + "}")
            raise mistake(f"unknown placeholder {braced}" + did_you_mean(placeholder, known))
    if re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", text)):
        raise mistake(f"{shown(text)} has an unmatched brace; placeholders look like {{{known[0]}}}")
    return text


def label_template(text: str) -> str:
    """Any attribute may stand in braces: which there are is known once runs were read."""
    if re.search(r"[{}]", re.sub(r"\{[^{}]+\}", "", not_blank(text))):
        raise mistake(f"{shown(text)} has an unmatched brace; placeholders look like {{lr}}")
    return text


def name_template(text: str) -> str:
    """Text in which ``{name}`` is the only placeholder."""
    return template(("name",), text)


def run_name(text: str) -> str:
    """A name, ``name,insert_name``, or a pattern of names, in which ``*`` and ``?`` stand for others."""
    names = [name.strip(" \t") for name in text.split(",")]
    if len(names) > 2:
        raise mistake(f'{shown(text)} holds {len(names)} names; write "name" or "name,insert_name"')
    if any(character in names[-1] for character in "*?") and len(names) == 2:
        raise mistake(
            f"{shown(names[-1])} is a pattern; a run is initialised from one run, so write its name"
        )
    for name in names:
        if wrong := unsafe_path(re.sub(r"[*?]", "x", name)):
            raise mistake(
                f"{shown(name)} {wrong}; a run's name must be a plain name that stays in its folder"
            )
    return text


def found_name(text: str) -> str:
    """A name as a listing gave it, which need not suit other systems."""
    if wrong := unsafe_found(text):
        raise mistake(f"{shown(text)} {wrong}; use a report.json that was not edited")
    return text


def pattern_of_names(text: str) -> str:
    """A name, or a pattern of names."""
    if wrong := unsafe_path(re.sub(r"[*?]", "x", text)):
        raise mistake(f'{shown(text)} {wrong}; it must be a name or a pattern such as "*-old"')
    return text


def regular_expression(text: str) -> str:
    """A regular expression of RE2, with named groups."""
    try:
        matcher = matcher_of(text)
    except PatternMistake as wrong:
        raise mistake(str(wrong)) from None
    if not matcher.groupindex:
        raise mistake(f"{shown(text)} has no named group; write (?P<name>...) around what is to be read")
    return text


def source_file(text: str) -> str:
    """A file of a repository, a folder as ``runs/{name}/*``; ``.`` is the whole of it."""
    if text == ".":
        return text
    hub_file(text.removesuffix("/*"))
    return text


def address(text: str) -> str:
    """An address with a scheme; ``{name}`` is its only placeholder."""
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*://\S+", text) or not text.isprintable():
        raise mistake(f'{shown(text)} is not an address; write one such as "https://host/{{name}}/log.csv"')
    if masked_text(text) != text:
        raise mistake("holds a password; put it in the environment, as in ~/.netrc")
    if re.match(r"[^/]*//[^/]*:[^/]*@", text):
        raise mistake("holds a password, which a report would show; put it in ~/.netrc")
    return name_template(text)


FIGURE_KEYS = ", ".join(f'"{key}"' for key in figure_kinds())
"""Of the kinds of figures, for the sentence that says what must be given."""


def figure(key: str) -> str:
    """The key of a kind of figures."""
    if key not in figure_kinds():
        raise mistake(f"unknown figure {shown(key)}" + did_you_mean(key, figure_kinds()))
    return key


def widths(value: object) -> object:
    """One width or several; of each kind a list is made."""
    return value if isinstance(value, list) else [value]


def texts(value: object) -> object:
    """One text or several; of each kind a list is made."""
    return [value] if isinstance(value, str) else value


def date(value: object) -> str:
    """A day: a date of TOML, or text."""
    if type(value) is datetime.date:
        return value.isoformat()
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return datetime.date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise mistake(f'is {shown(value)}; must be a day, such as "2026-12-31"')


def revision(text: str) -> str:
    """A branch, a tag or a commit."""
    # The rules of git for names of branches and tags; commits fit them too.
    if (
        not re.fullmatch(r"[^\x00-\x20\x7f~^:?*\[\\]{1,255}", text)
        or re.search(r"\.\.|@\{|//|[/.]$|\.lock$|^[-/]", text)
        or not text.isprintable()
    ):
        raise mistake(f"{shown(text)} cannot be a revision; it must be a branch, a tag or a commit")
    if wrong := unsafe_path(text):  # the Hub's client keeps a file of its name
        raise mistake(f"{shown(text)} {wrong}; name the commit instead")
    return text


def hub_file(text: str) -> str:
    """A path in a repository."""
    if wrong := unsafe_path(text.replace("{name}", "name")):
        raise mistake(f'{shown(text)} {wrong}; it must be a file such as "training_loss.json"')
    return name_template(text)


def found_file(text: str) -> str:
    """A path as a listing gave it."""
    if wrong := unsafe_found(text):
        raise mistake(f"{shown(text)} {wrong}; use a report.json that was not edited")
    return text


def directory_path(text: str) -> str:
    """A path in which ``{name}`` leads out of no folder."""
    fixed = text.partition("{")[0].rpartition("/")[0]
    if re.match(r"~[^/{]*/", text):
        raise mistake(
            f"{shown(text)}: ~ is not expanded; write the path out, absolute or relative to this file"
        )
    if "\\" in text:
        raise mistake(f"{shown(text)} holds a backslash; write / between folders, on Windows too")
    if not text.isprintable():
        raise mistake(f"{shown(text)} holds a character that cannot be printed; remove it")
    inside = text[len(fixed) :].lstrip("/").replace("{name}", "name")
    if wrong := unsafe_path(inside):
        raise mistake(f"{shown(text)}: the part from {{name}} on {wrong}; it must stay in its folder")
    return name_template(text)


def logo(text: str) -> str:
    """The path of a picture in the list's folder."""
    if wrong := unsafe_path(text):
        raise mistake(f"{shown(text)} {wrong}; a logo must lie in the list's folder")
    if not text.lower().endswith(tuple(KINDS)):
        raise mistake(f"{shown(text)} is not an .svg or .png file, which a logo must be")
    return text


def kept_logo(text: str) -> str:
    """A picture as a data URI, or its path."""
    if not text.startswith("data:"):
        return logo(text)
    try:
        check_kept_logo(text)
    except ValueError as wrong:
        raise mistake(str(wrong)) from None
    return text


def rising(pair: list[float]) -> list[float]:
    """Two numbers, the lower first."""
    if not pair[0] < pair[1]:
        raise mistake(f"goes from {shown(pair[0])} to {shown(pair[1])}; the lower number comes first")
    return pair


def of_steps(pair: list[float]) -> list[float]:
    """A range of steps that a float64 can tell apart."""
    if pair[1] > _LAST_STEP:
        raise mistake(f"goes to {shown(pair[1])}; the last step must be {_LAST_STEP:,} at most")
    return pair


def once(items: list[Item]) -> list[Item]:
    """Items of which none is there twice."""
    seen: set[Item] = set()
    for item in items:
        if item in seen:
            raise mistake(f"holds {shown(item)} twice; name it once")
        seen.add(item)
    return items
