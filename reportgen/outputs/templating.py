"""The Jinja2 environment that screen and paper share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from os.path import normpath
from pathlib import Path
from traceback import walk_tb
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from markupsafe import Markup, escape

from reportgen.errors import ReportgenError
from reportgen.resources import folder
from reportgen.text import one_line, printable

__all__ = ["environment", "filled", "markdown", "visible"]

# After a mark and before a letter: ``rollout/ep_rew_mean``.
_MARKS = re.compile(r"(?<=[^\W_][/_])(?=[^\W_])")


def environment(templates: Path | None = None, *, longest: int | None = None) -> Environment:
    """An environment that escapes all text and refuses undefined names.

    Args:
        templates: A folder whose files go before the shipped ones of the same name, stylesheets and
            scripts included.
        longest: Characters after which a text is cut, None for never.
    """

    def shown(value: object) -> object:
        if longest is not None and type(value) is str and len(value) > longest:
            value = value[:longest] + "…"
        return visible(value)

    folders = [] if templates is None else [normpath(templates)]
    made = Environment(
        loader=FileSystemLoader([*folders, folder("templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters["markdown"] = partial(markdown, whole=longest is None)
    made.filters["breakable"] = _breakable
    return made


def _breakable(text: str) -> Markup:
    """Text whose long words may be broken at their own marks: after ``rollout/`` and ``ep_`` alone."""
    return Markup("<wbr>").join(escape(visible(part)) for part in _MARKS.split(text))


def filled(made: Environment, name: str, names: Mapping[str, Any]) -> str:
    """A template with its names filled in.

    Raises:
        ReportgenError: A template is missing or has a mistake; the text names its file and line. What a
            shipped template fails of is a bug, and is raised as it is.
    """
    try:
        return made.get_template(name).render(names)
    except TemplateNotFound as error:
        raise ReportgenError(f"template {error.name}: no such file; add it to the folder") from error
    except TemplateSyntaxError as error:
        raise ReportgenError(f"template {error.name}: line {error.lineno}: {error.message}") from error
    except Exception as error:
        if (place := _place(made, error)) is None:
            raise
        said = error.message if isinstance(error, TemplateError) else f"{type(error).__name__}: {error}"
        raise ReportgenError(f"template {place}: {one_line(str(said))}; see docs/templates.md") from error


def _place(made: Environment, error: Exception) -> str | None:
    """File and line in which a template failed, None where no template of the user's took part.

    Jinja2 gives each template a frame of its own.
    """
    frames = [
        (Path(frame.f_code.co_filename), line)
        for frame, line in walk_tb(error.__traceback__)
        if "__jinja_exception__" in frame.f_globals
    ]
    assert isinstance(made.loader, FileSystemLoader)
    folders = [Path(place) for place in made.loader.searchpath]
    if not any(file.is_relative_to(own) for file, _ in frames for own in folders[:-1]):
        return None
    file, line = frames[-1]
    name = next(file.relative_to(place) for place in folders if file.is_relative_to(place))
    return f"{name.as_posix()}: line {line}"


def visible(value: object) -> object:
    """Plain strings with control characters and direction marks written as escapes; the rest as it is.

    Every ``{{ ... }}`` goes through here, so a template cannot forget it.
    """
    return printable(value) if type(value) is str and not value.isprintable() else value


def markdown(text: str, *, whole: bool = True) -> Markup:
    """Markdown as HTML; see :func:`reportgen.outputs.markdown.rendered`."""
    if not text:
        return Markup()
    # Half of a page's own imports, and most lists have no text.
    from reportgen.outputs.markdown import rendered

    return rendered(text, whole=whole)
