"""How wide text is in the font that draws it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache

from reportgen.resources import folder

__all__ = ["Ruler"]

# Widths over the size of fonts that stand in for characters which Source Sans 3 lacks: wide East Asian
# letters and emoji are as wide as they are high, other scripts narrower than this.
_WIDE = 1.0
_EMOJI = 1.3
_OTHER = 0.8


class Ruler:
    """Measures text of Source Sans 3, and of the fonts that stand in for it, over the font's size."""

    def __call__(self, text: str, *, bold: bool = False) -> float:
        advances = _advances(f"SourceSans3-{'Semibold' if bold else 'Regular'}.ttf")
        return sum(
            _of_another_font(character) if (width := advances.get(character)) is None else width
            for character in text
        )


def _of_another_font(character: str) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0
    if ord(character) >= 0x1F000:
        return _EMOJI
    return _WIDE if unicodedata.east_asian_width(character) in "FW" else _OTHER


@cache
def _advances(file: str) -> Mapping[str, float]:
    """Each character's width over the font's size."""
    from fontTools.ttLib import TTFont

    with TTFont(folder("templates") / "fonts" / file, lazy=True) as font:
        metrics, em = font["hmtx"].metrics, font["head"].unitsPerEm
        return {chr(code): metrics[glyph][0] / em for code, glyph in font.getBestCmap().items()}
