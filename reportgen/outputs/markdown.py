"""Markdown of lists -> HTML that holds no more than text, tables and links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from reportgen.text import printable

__all__ = ["rendered"]

# Of Markdown on paper: characters of text, and tokens (a short paragraph, item or cell is about three),
# which cost the layout time and fill pages however little text they hold.
_LONGEST_MARKDOWN = 3000
_MOST_TOKENS = 300


def rendered(text: str, *, whole: bool = True) -> Markup:
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
