"""The Jinja2 environment that screen and paper share."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markupsafe import Markup

from reportgen.resources import folder
from reportgen.text import printable

__all__ = ["environment", "markdown", "visible"]


def environment(templates: Path | None = None) -> Environment:
    """An environment that escapes all text and refuses undefined names.

    Args:
        templates: A folder whose files go before the shipped ones of the same name, stylesheets and
            scripts included.
    """
    loaders: list[BaseLoader] = [] if templates is None else [FileSystemLoader(templates)]
    made = Environment(
        loader=ChoiceLoader([*loaders, FileSystemLoader(folder("templates"))]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters["markdown"] = markdown
    return made


def visible(value: object) -> object:
    """Plain strings with control characters and direction marks written as escapes; the rest as it is.

    Every ``{{ ... }}`` goes through here, so a template cannot forget it.
    """
    return printable(value) if type(value) is str and not value.isprintable() else value


def markdown(text: str) -> Markup:
    """Markdown -> HTML: no raw HTML, no pictures (their text stays), links to the web or mail only."""
    parser = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
    parser.validateLink = _is_safe_link  # type: ignore[method-assign]
    return Markup(parser.render(printable(text.expandtabs(4))))


class _Renderer(RendererHTML):
    def image(self, tokens, idx, options, env):  # type: ignore[no-untyped-def]
        """A picture would be a request, so its alternative text stands for it."""
        return Markup.escape(self.renderInlineAsText(tokens[idx].children or [], options, env))


def _is_safe_link(url: str) -> bool:
    try:
        return urlsplit(url).scheme.lower() in ("http", "https", "mailto")
    except ValueError:
        return False
