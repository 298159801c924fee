"""Bytes -> text and JSON, with one sentence for whatever is wrong with them."""

from __future__ import annotations

import codecs
import json
import math
from typing import Any

from reportgen.kinds import Unreadable

__all__ = [
    "AGAIN",
    "WEB_PAGE",
    "document",
    "is_page",
    "kind",
    "looks_like_text",
    "number",
    "sound",
    "text_of",
]

AGAIN = "copy the file again"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_POINTER = b"version https://git-lfs"
_PAGE = ("<!doctype html", "<html", "<?xml")
WEB_PAGE = "is a web page or XML, perhaps an error page; download the file again"
# 10**308 fits a float64; Python refuses integers of more than 4,300 digits.
_MOST_DIGITS = 308
_MOST_LEVELS = 32
_TYPES = {bool: "a boolean", str: "a string", list: "an array", dict: "an object", type(None): "null"}
_BINARY = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b")


def looks_like_text(head: bytes) -> bool:
    """Whether bytes may be a text: no control characters, save zeros at the end of a file that was cut."""
    plain = head.rstrip(b"\0")
    return head.startswith(_UTF16) or len(plain.translate(None, _BINARY)) == len(plain)


def is_page(start: str) -> bool:
    """Whether a text that begins so is a web page, or XML."""
    return start.lstrip("\ufeff \t\r\n")[:15].lower().startswith(_PAGE)


def text_of(data: bytes, name: str, *, strict: bool = True) -> str:
    """A file's text: UTF-8, or UTF-16 where it begins with its mark; zeros at the end are dropped.

    Args:
        data: The file's bytes.
        name: The file's name, for messages.
        strict: Whether bytes that are no text are an error; else each becomes U+FFFD.

    Raises:
        Unreadable: It is empty, a Git LFS pointer, or not text.
    """
    if data.startswith(_POINTER):
        raise Unreadable(name, "is a Git LFS pointer; run git lfs pull")
    if not data.strip(b"\0 \t\r\n"):
        raise Unreadable(name, "is empty" if not data else "holds only blanks", no_series=True)
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace")
    try:
        return data.rstrip(b"\0").decode("utf-8-sig", "strict" if strict else "replace")
    except UnicodeDecodeError as error:
        where = f"byte 0x{data[error.start]:02x} at offset {error.start:,}"
        raise Unreadable(name, f"is not UTF-8 text ({where}); save it as UTF-8") from None


def document(data: bytes, name: str) -> Any:
    """A JSON document as Python reads it: ``NaN`` and ``Infinity`` are numbers.

    Raises:
        Unreadable: It is no JSON.
    """
    text = text_of(data, name)
    try:
        return json.loads(text, parse_int=integer)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise Unreadable(name, f"is truncated at byte {len(data):,}; {AGAIN}") from None
        where = f"{error.msg}: line {error.lineno}, column {error.colno}"
        raise Unreadable(name, f"is not JSON ({where})") from None
    except RecursionError:
        raise Unreadable(name, "is nested too deeply to be a training history") from None


def integer(digits: str) -> int | float:
    """An integer of JSON; one of more than 308 digits as a float."""
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def number(value: object) -> float | None:
    """A value of JSON or a cell as a number; None where it is none or says that nothing was logged."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def sound(value: Any, levels: int = _MOST_LEVELS) -> Any:
    """A configuration fit to be written again: text that UTF-8 can write, and at most 32 levels deep.

    What lies deeper is null, and so is every value that JSON has no type for.
    """
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {sound(str(key)): sound(item, levels - 1) for key, item in value.items()} if levels else None
    if isinstance(value, list | tuple):
        return [sound(item, levels - 1) for item in value] if levels else None
    return value if value is None or isinstance(value, bool | int | float) else sound(str(value))


def kind(value: object) -> str:
    """What a value of JSON is, in words."""
    return _TYPES.get(type(value), "a number")
