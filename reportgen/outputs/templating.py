"""The Jinja2 environment that screen and paper share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from os.path import normpath
from pathlib import Path
from traceback import walk_tb
from typing import Any
from urllib.parse import urlsplit

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from reportgen.errors import ReportgenError
from reportgen.resources import folder
from reportgen.text import one_line, printable

__all__ = ["environment", "filled", "markdown", "visible"]

# Of Markdown on paper: characters of text, and tokens (a short paragraph, item or cell is about three),
# which cost the layout time and fill pages however little text they hold.
_LONGEST_MARKDOWN = 3000
_MOST_TOKENS = 300


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
    return made


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
    """Markdown -> HTML: no raw HTML, no pictures (their text stays), links to the web or mail only.

    Args:
        text: Anyone's.
        whole: False cuts a long text as paper needs it, and says so.
    """
    parser = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
    parser.validateLink = _is_safe_link  # type: ignore[method-assign]
    tokens = parser.parse(printable(text.expandtabs(4)))
    if whole:
        return _html(parser, tokens)
    room = _Room()
    kept = list(_cut(tokens, room))
    cut = Markup('<p class="note">… The attached report.json has the whole text.</p>\n')
    return _html(parser, kept) + (cut if room.full else "")


def _html(parser: MarkdownIt, tokens: Sequence[Token]) -> Markup:
    return Markup(parser.renderer.render(tokens, parser.options, {}))


class _Room:
    """What is left for a text that may be cut."""

    def __init__(self) -> None:
        self.characters = _LONGEST_MARKDOWN
        self.tokens = _MOST_TOKENS
        self.full = False


def _cut(tokens: Sequence[Token], room: _Room) -> Iterator[Token]:
    """Tokens as long as there is room; after that only the ends of those that have begun."""
    left_out = 0
    for token in tokens:
        if token.nesting == -1:
            if left_out:
                left_out -= 1
            else:
                yield token
            continue
        # A line of code takes a line of paper, as a paragraph does.
        room.tokens -= 1 + (token.content.count("\n") if token.children is None else 0)
        room.full = room.full or room.characters <= 0 or room.tokens < 0
        if room.full:
            left_out += token.nesting
        elif token.children is not None:
            token.children = list(_cut(token.children, room))
            yield token
        else:
            room.full = len(token.content) > room.characters
            token.content = token.content[: room.characters]
            room.characters -= len(token.content)
            yield token


class _Renderer(RendererHTML):
    def image(self, tokens, idx, options, env):  # type: ignore[no-untyped-def]
        """A picture would be a request, so its alternative text stands for it."""
        return Markup.escape(self.renderInlineAsText(tokens[idx].children or [], options, env))

    def heading_open(self, tokens, idx, options, env):  # type: ignore[no-untyped-def]
        """The report's own headings make its outline; a text's headings are bold lines."""
        return '<p class="heading"><strong>'

    def heading_close(self, tokens, idx, options, env):  # type: ignore[no-untyped-def]
        return "</strong></p>\n"


def _is_safe_link(url: str) -> bool:
    try:
        return urlsplit(url).scheme.lower() in ("http", "https", "mailto")
    except ValueError:
        return False
