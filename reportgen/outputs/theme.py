"""``[theme]`` of the lists -> what templates need of it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

from reportgen.errors import ReportgenError
from reportgen.model_list import ModelList

__all__ = ["theme_of"]

_LOGO_KINDS = {".svg": "svg+xml", ".png": "png"}


def theme_of(lists: Sequence[ModelList]) -> Mapping[str, str | None]:
    """The theme of the first list that has one: ``title_font``, ``accent``, and ``logo`` as a data URI.

    Raises:
        ReportgenError: The logo is no SVG or PNG in the list's folder.
    """
    theme = next(
        (one.theme for one in lists if one.theme.title_font or one.theme.accent or one.theme.logo), None
    )
    if theme is None:
        return {"title_font": None, "accent": None, "logo": None}
    logo = None if theme.logo is None else _logo(theme.base, theme.logo)
    return {"title_font": theme.title_font, "accent": theme.accent, "logo": logo}


def _logo(base: str, name: str) -> str:
    folder = Path(base).resolve()
    file = (folder / name).resolve()
    kind = _LOGO_KINDS.get(file.suffix.lower())
    place = f"[theme] logo = {name!r}"
    if kind is None or not file.is_relative_to(folder):
        raise ReportgenError(f"{place}: name an .svg or .png in the list's folder", exit_code=2)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ReportgenError(f"{place}: {error.strerror}; put the file there", exit_code=2) from None
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
