"""SVG files hold the letters that they show: opened where the font is not installed, they look the same."""

from __future__ import annotations

import base64
import io
import re
from functools import cache
from html import unescape

from reportgen.resources import folder

__all__ = ["with_fonts"]

_FACES = {400: "SourceSans3-Regular.ttf", 600: "SourceSans3-Semibold.ttf"}
_TEXT = re.compile(rb"<text\b[^>]*>(.*?)</text>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def with_fonts(svg: bytes) -> bytes:
    """The figure with a subset of each face that its text uses."""
    letters = {
        character for found in _TEXT.findall(svg) for character in unescape(_TAG.sub("", found.decode()))
    }
    if not letters:
        return svg
    weights = [400, *([600] if b"font-weight: 600" in svg else [])]
    faces = "".join(
        f'@font-face {{ font-family: "Source Sans 3"; font-weight: {weight}; '
        f"src: url(data:font/ttf;base64,{_subset(_FACES[weight], ''.join(sorted(letters)))}) }}"
        for weight in weights
    )
    end = svg.index(b">", svg.index(b"<svg")) + 1
    return svg[:end] + f"<style>{faces}</style>".encode() + svg[end:]


@cache
def _subset(file: str, letters: str) -> str:
    """A face with these letters alone, base64."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(
        layout_features=["kern"], hinting=False, notdef_outline=True, recalc_timestamp=False
    )
    font = TTFont(folder("templates") / "fonts" / file, recalcTimestamp=False)
    chosen = subset.Subsetter(options)
    chosen.populate(text=letters)
    chosen.subset(font)
    out = io.BytesIO()
    font.save(out)
    return base64.b64encode(out.getvalue()).decode("ascii")
