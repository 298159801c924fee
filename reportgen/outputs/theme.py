"""``[theme]`` of the lists -> what templates need of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reportgen.model_list import ModelList, Theme

__all__ = ["theme_of"]

_ACCENT = "#1f4e79"
# Grounds of page/page.css on which the accent is text, and the contrast that text needs (WCAG AA).
_LIGHT = ("#ffffff", "#f6f5f1", "#fdf1cf")
_DARK = ("#15171a", "#1e2125", "#3a3420")
_CONTRAST = 4.5

# What CSS calls a font of the system's own choice.
_GENERIC = frozenset(
    {
        *("serif", "sans-serif", "monospace", "cursive", "fantasy", "system-ui", "math", "emoji", "fangsong"),
        *("ui-serif", "ui-sans-serif", "ui-monospace", "ui-rounded"),
    }
)


def theme_of(lists: Sequence[ModelList]) -> Mapping[str, str | None]:
    """The theme of the first list that has one.

    ``title_font`` and ``accent`` are the list's, None where it names none; generic names are left out of
    the fonts, so that the shipped serif, which templates put behind them, stands in on every system.
    ``accent_light`` and ``accent_dark`` are the accent, darker or paler where it must be so to be read as
    text on a light and on a dark page; ``logo`` is a data URI.
    """
    theme = next(
        (one.theme for one in lists if one.theme.title_font or one.theme.accent or one.theme.logo), None
    )
    theme = theme or Theme()
    accent = theme.accent or _ACCENT
    return {
        "title_font": _named(theme.title_font or ""),
        "accent": theme.accent,
        "accent_light": _readable(accent, _LIGHT, towards=0.0),
        "accent_dark": _readable(accent, _DARK, towards=255.0),
        "logo": theme.logo,
    }


def _named(fonts: str) -> str | None:
    names = [name for font in fonts.split(",") if (name := font.strip()) and name.lower() not in _GENERIC]
    return ", ".join(names) or None


def _readable(colour: str, grounds: Sequence[str], *, towards: float) -> str:
    """``colour`` mixed with black (0) or white (255), just enough to be read on all ``grounds``."""
    mixed = colour
    for part in range(101):
        channels = (value + (towards - value) * part / 100 for value in _channels(colour))
        mixed = "#" + "".join(f"{round(value):02x}" for value in channels)
        if min(_contrast(mixed, ground) for ground in grounds) >= _CONTRAST:
            break
    return mixed


def _contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [value / 255 for value in _channels(colour)]
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
