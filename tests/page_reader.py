"""Reads a page with the standard library's parser: what tests of ``report.html`` look at."""

from __future__ import annotations

import base64
import json
from html.parser import HTMLParser
from typing import Any

import numpy as np
import numpy.typing as npt

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr"})


class Page(HTMLParser):
    """Elements of a page, in order.

    Attributes:
        elements: Tag and attributes.
        scripts: Text of each script, with its type.
        styles: Text of each style sheet.
        text: All text outside scripts and style sheets.
        tables: Rows of cells (texts) by the id of the table's wrapper.
    """

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.styles: list[str] = []
        self.text = ""
        self.tables: dict[str, list[list[str]]] = {}
        self._open: list[str] = []
        self._wrapper = ""
        self._rows: list[list[str]] | None = None
        self.feed(page)
        self.close()
        assert self._open == [], "elements that are never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "script":
            self.scripts.append((found.get("type"), ""))
        elif tag == "style":
            self.styles.append("")
        elif tag == "table":
            self._rows = self.tables.setdefault(self._wrapper, [])
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th") and self._rows:
            self._rows[-1].append("")
        if "id" in found:
            self._wrapper = found["id"]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes another element"
        if tag == "table":
            self._rows = None

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside == "script":
            kind, text = self.scripts[-1]
            self.scripts[-1] = (kind, text + data)
        elif inside == "style":
            self.styles[-1] += data
        else:
            self.text += data
            if self._rows and self._rows[-1] and {"td", "th"} & set(self._open):
                self._rows[-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str]]:
        """Attributes of every element with this tag."""
        return [found for name, found in self.elements if name == tag]

    @property
    def data(self) -> dict[str, Any]:
        """The data block."""
        (text,) = [text for kind, text in self.scripts if kind == "application/json"]
        made: dict[str, Any] = json.loads(text)
        return made

    def array(self, place: int) -> npt.NDArray[Any]:
        """An array of the data block."""
        text = self.data["arrays"][place]
        return np.frombuffer(base64.b64decode(text[1:]), {"f": "<f4", "d": "<f8", "i": "<i4"}[text[0]])
