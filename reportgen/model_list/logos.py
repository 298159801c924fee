"""``[theme] logo``: a picture's file -> a data URI, which a ``report.json`` can hold."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path, PurePosixPath

from reportgen.model_list.mistakes import shown

__all__ = ["KINDS", "check_kept_logo", "read_logo"]

KINDS = {".svg": "svg+xml", ".png": "png"}
"""What a logo may be: the end of its file's name -> its kind of image."""

_LARGEST = 2**20  # it stands in the page, in report.json and in the PDF that has that attached
_KEPT = re.compile(r"data:image/(?:svg\+xml|png);base64,([A-Za-z0-9+/]+={0,2})")
_TOO_LARGE = f"is over {_LARGEST // 2**20} MiB; a logo must be smaller"


def read_logo(base: str, name: str) -> str:
    """The picture as a data URI.

    Args:
        base: The list's folder.
        name: Its path in there, which ends like one of ``KINDS``.

    Raises:
        ValueError: It is no file in that folder, cannot be read or is too large; says what to mend.
    """
    file = Path(base, name)
    try:
        if not file.is_file():
            raise ValueError(f"{shown(name)} is no file beside this one; put it there")
        if not file.resolve().is_relative_to(Path(base).resolve()):
            raise ValueError(f"{shown(name)} leads out of its folder; put the file itself there")
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or "it is no readable file").lower()
        raise ValueError(f"{shown(name)} cannot be read: {reason}; check its permissions") from None
    if len(data) > _LARGEST:
        raise ValueError(f"{shown(name)} {_TOO_LARGE}")
    kind = KINDS[PurePosixPath(name).suffix.lower()]
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def check_kept_logo(text: str) -> None:
    """Holds a data URI of a ``report.json`` to what :func:`read_logo` writes.

    Raises:
        ValueError: says what is wrong with it.
    """
    kept = _KEPT.fullmatch(text)
    try:
        data = base64.b64decode(kept[1], validate=True) if kept else None
    except binascii.Error:
        data = None
    if data is None:
        raise ValueError(f"{shown(text)} is no SVG or PNG in base64; name a report.json as it was written")
    if len(data) > _LARGEST:
        raise ValueError(_TOO_LARGE)
