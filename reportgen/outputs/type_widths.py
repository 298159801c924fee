"""How wide text is in LaTeX's own type, Computer Modern at 10 pt: tables fit before TeX has seen them."""

from __future__ import annotations

import unicodedata

__all__ = ["points"]

# Points of the characters of cmr10, from its metrics; small letters and capitals in their order.
_SMALL = (
    5.0, 5.56, 4.45, 5.56, 4.45, 3.06, 5.0, 5.56, 2.78, 3.06, 5.28, 2.78, 8.34,
    5.56, 5.0, 5.56, 5.28, 3.92, 3.95, 3.89, 5.56, 5.28, 7.23, 5.28, 5.28, 4.45,
)  # fmt: skip
_CAPITALS = (
    7.5, 7.08, 7.22, 7.64, 6.81, 6.53, 7.85, 7.5, 3.61, 5.14, 7.78, 6.25, 9.17,
    7.5, 7.78, 6.81, 7.78, 7.36, 5.56, 7.22, 7.5, 7.5, 10.28, 7.5, 7.5, 6.11,
)  # fmt: skip
_OTHER = {" ": 3.34, ".": 2.78, ",": 2.78, ":": 2.78, ";": 2.78, "-": 3.34, "(": 3.89, ")": 3.89, "_": 3.6}
_SIGNS = "–—…×±−≤≥≠÷“”\u2018\u2019"
_TYPEWRITER = 5.25
_RAISED = 4.2
_UNKNOWN = 8.4  # of signs: about the widest
_CODE = 45.0  # of a character that pdfTeX shows by its number


def points(text: str, *, typewriter: bool = False) -> float:
    """The width of a line of text, rather too large than too small."""
    return sum(_of(character, typewriter=typewriter) for character in unicodedata.normalize("NFD", text))


def _of(character: str, *, typewriter: bool) -> float:
    if unicodedata.combining(character):
        return 0.0
    if character in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻":
        return 6.3 if character == "⁻" else _RAISED
    if not character.isascii() and character not in _SIGNS:
        return _CODE
    if typewriter:
        return _TYPEWRITER
    if "a" <= character <= "z":
        return _SMALL[ord(character) - ord("a")]
    if "A" <= character <= "Z":
        return _CAPITALS[ord(character) - ord("A")]
    if character.isdigit():
        return 5.0
    return _OTHER.get(character, _UNKNOWN)
