"""How wide text is in the font that draws it."""

from __future__ import annotations

import shutil
import subprocess
import unicodedata
from collections.abc import Mapping
from functools import cache

from reportgen.resources import folder

__all__ = ["Ruler"]

# Widths over the size of fonts that stand in for characters which Source Sans 3 lacks, where no such font
# can be found: wide East Asian letters and emoji are as wide as they are high, other scripts narrower.
_WIDE = 1.0
_EMOJI = 1.3
_OTHER = 0.8
_LONGEST_SEARCH = 10.0  # seconds


class Ruler:
    """Measures text of Source Sans 3, and of the fonts that stand in for it, over the font's size.

    Chrome and Pango ask fontconfig for the font of a character that Source Sans 3 lacks, and so does this;
    where there is no fontconfig, or no such font, such widths are estimated, rather too wide than too narrow.
    """

    def __init__(self) -> None:
        self._others: dict[str, float] = {}
        self._fonts: dict[str, Mapping[str, float]] = {}

    def __call__(self, text: str, *, bold: bool = False) -> float:
        advances = _own_advances(bold)
        return sum(
            self._other(character) if (width := advances.get(character)) is None else width
            for character in text
        )

    def stand_ins(self, text: str) -> list[str]:
        """The font files that draw what Source Sans 3 lacks of ``text``, as far as they can be found."""
        lacking = set(text) - _own_advances(False).keys()
        for character in lacking:
            self._other(character)
        return sorted(file for file, font in self._fonts.items() if font.keys() & lacking)

    def _other(self, character: str) -> float:
        """The width of a character that Source Sans 3 lacks."""
        if character not in self._others:
            self._others[character] = self._measured(character)
        return self._others[character]

    def _measured(self, character: str) -> float:
        if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf", "Cc"):
            return 0.0
        if not any(character in font for font in self._fonts.values()):
            file, font = _standing_in(character)
            self._fonts[file] = font
        found = next((font[character] for font in self._fonts.values() if character in font), None)
        return _estimate(character) if found is None else found


_FACES = {False: "SourceSans3-Regular.ttf", True: "SourceSans3-Semibold.ttf"}


def _estimate(character: str) -> float:
    if ord(character) >= 0x1F000:
        return _EMOJI
    return _WIDE if unicodedata.east_asian_width(character) in "FW" else _OTHER


def _standing_in(character: str) -> tuple[str, Mapping[str, float]]:
    """File and widths of the font that fontconfig gives for a character; none where there is no such font."""
    program = shutil.which("fc-match")
    if program is None or unicodedata.category(character) == "Cs":
        return "", {}
    try:
        answer = subprocess.run(
            [program, "-f", "%{file}\t%{index}", f"sans-serif:charset={ord(character):x}"],
            capture_output=True,
            timeout=_LONGEST_SEARCH,
            check=True,
            text=True,
        ).stdout
        file, _, index = answer.partition("\t")
        return file, _advances(file, int(index) & 0xFFFF)
    except Exception:  # noqa: BLE001 - a font of the system that cannot be read, in whatever way
        return "", {}


@cache
def _own_advances(bold: bool) -> Mapping[str, float]:
    return _advances(str(folder("templates") / "fonts" / _FACES[bold]))


@cache
def _advances(file: str, index: int = 0) -> Mapping[str, float]:
    """Each character's width over the font's size, of a font, or of the ``index``-th of a collection."""
    from fontTools.ttLib import TTFont

    with TTFont(file, fontNumber=index, lazy=True) as font:
        metrics, em = font["hmtx"].metrics, font["head"].unitsPerEm
        return {chr(code): metrics[glyph][0] / em for code, glyph in font.getBestCmap().items()}
