"""``[theme] logo``: a picture's file -> a data URI, which a ``report.json`` can hold."""

from __future__ import annotations

import base64
import binascii
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from reportgen.model_list.mistakes import shown

__all__ = ["KINDS", "check_kept_logo", "read_logo"]

KINDS = {".svg": "svg+xml", ".png": "png"}
"""What a logo may be: the end of its file's name -> its kind of image."""

_LARGEST = 2**20  # it stands in the page, in report.json and in the PDF that has that attached
_KEPT = re.compile(r"data:image/(svg\+xml|png);base64,([A-Za-z0-9+/]+={0,2})")
_TOO_LARGE = f"is over {_LARGEST // 2**20} MiB; a logo must be smaller"
_STYLE_REFERS = re.compile(r"(?:\burl\(|@import(?!\s*url))\s*[\"']?\s*([^\"')\s;]*)", re.IGNORECASE)


def read_logo(base: str, name: str) -> str:
    """The picture as a data URI.

    Args:
        base: The list's folder.
        name: Its path in there, which ends like one of ``KINDS``.

    Raises:
        ValueError: It is no file in that folder, cannot be read, is too large or no picture that is whole
            in itself; says what to fix.
    """
    file = Path(base, name)
    try:
        if not file.is_file():
            raise ValueError(f"{shown(name)} is not a file next to this list; put it there")
        if not file.resolve().is_relative_to(Path(base).resolve()):
            raise ValueError(f"{shown(name)} leads out of its folder; put the file itself there")
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or "it is not a readable file").lower()
        raise ValueError(f"{shown(name)} cannot be read: {reason}; check its permissions") from None
    kind = KINDS[PurePosixPath(name).suffix.lower()]
    if (wrong := _wrong(data, kind)) is not None:
        raise ValueError(f"{shown(name)} {wrong}")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def check_kept_logo(text: str) -> None:
    """Holds a data URI of a ``report.json`` to what :func:`read_logo` writes.

    Raises:
        ValueError: says what is wrong with it.
    """
    kept = _KEPT.fullmatch(text)
    try:
        data = base64.b64decode(kept[2], validate=True) if kept else None
    except binascii.Error:
        data = None
    if kept is None or data is None:
        raise ValueError(f"{shown(text)} is not an image in base64; use a report.json that was not edited")
    if (wrong := _wrong(data, kept[1])) is not None:
        raise ValueError(wrong)


def _wrong(data: bytes, kind: str) -> str | None:
    """What is wrong with the bytes of a logo; None where nothing is."""
    if len(data) > _LARGEST:
        return _TOO_LARGE
    if kind == "png":
        return None if data.startswith(b"\x89PNG\r\n\x1a\n") else "is not a PNG; export it as one"
    try:
        # A stranger's, too: expat itself bounds what entities grow to, and nothing outside is read.
        root = ET.fromstring(data)  # noqa: S314
    except (ET.ParseError, ValueError, LookupError):
        return "is not an SVG; export it as one"
    if root.tag.rpartition("}")[2] != "svg":
        return "is not an SVG; export it as one"
    outside = next((to for to in _refers(root) if to and not to.startswith(("#", "data:"))), None)
    if outside is not None:
        return f"refers to {shown(outside)}, which a report never fetches; embed it in the file"
    return None


def _refers(root: ET.Element) -> Iterator[str]:
    """All that an SVG refers to: with ``href``, or in its styles."""
    for element in root.iter():
        for name, value in element.attrib.items():
            if name.rpartition("}")[2] == "href":
                yield value.strip()
            yield from _STYLE_REFERS.findall(value)
        if element.tag.rpartition("}")[2] == "style":
            yield from _STYLE_REFERS.findall("".join(element.itertext()))
