"""Names of strangers -> names of files and anchors."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable

__all__ = ["first_free", "slugify", "unsafe_found", "unsafe_path"]

_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [port + digit for port in ("com", "lpt") for digit in "0123456789¹²³"]
)
"""Names that Windows gives to devices, whatever follows a dot."""

_LONGEST = 100
_LONGEST_PART = 255  # bytes that the usual file systems allow between two slashes
_LONGEST_PATH = 1000


def slugify(text: str, taken: set[str]) -> str:
    """A name for files and anchors: safe on every system, and given to nothing else.

    ASCII letters, digits, ``_``, ``-`` and inner dots are kept, so a run's usual name is its slug.

    Args:
        text: Any text.
        taken: Slugs given away before, lower-cased, since names that differ by case alone are one
            file on macOS and Windows. The new one is added.

    Returns:
        ASCII, 1 to about 110 characters; ``-2``, ``-3``, ... tell equal ones apart.
    """
    plain = unicodedata.normalize("NFKD", text[: 4 * _LONGEST]).encode("ascii", "ignore").decode()
    slug = re.sub(r"\.\.+", ".", re.sub(r"[^A-Za-z0-9_.]+", "-", plain))
    slug = slug.strip("-.")[:_LONGEST].strip("-.") or "unnamed"
    if slug.partition(".")[0].lower() in _DEVICES:
        slug = f"{slug.replace('.', '-')}-run"
    if slug.lower() in taken:
        slug = first_free(lambda number: f"{slug}-{number}", lambda found: found.lower() in taken)
    taken.add(slug.lower())
    return slug


def first_free(numbered: Callable[[int], str], is_taken: Callable[[str], bool]) -> str:
    """A ``numbered(n)`` that is not taken, ``n`` from 2; the first where the taken ones have no gap.

    Doubling, then halving: thousands of equal names cost no more than a few look-ups each.
    """
    low, high = 1, 2
    while is_taken(numbered(high)):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if is_taken(numbered(middle)):
            low = middle
        else:
            high = middle
    return numbered(high)


def unsafe_path(path: str) -> str | None:
    """What is wrong with a relative path that must stay inside its folder; None where nothing is.

    Judged by the rules of all systems at once, so that a list that works on one works on all.
    """
    if not path:
        return "is empty"
    if len(path) > _LONGEST_PATH:
        return f"is over {_LONGEST_PATH:,} characters long"
    if "\\" in path:
        return "holds a backslash"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in path):
        return "holds a control character"
    return next((wrong for part in path.split("/") if (wrong := _unsafe_part(part))), None)


def unsafe_found(path: str) -> str | None:
    """The same for a path that a listing gave, or a report that names what one gave; None where nothing is.

    It exists, so it suits its own system; what could lead elsewhere on any is refused all the same.
    """
    if not path:
        return "is empty"
    if len(path) > _LONGEST_PATH:
        return f"is over {_LONGEST_PATH:,} characters long"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in path):
        return "holds a control character, or is not UTF-8"
    if path[0] in "/\\" or (os.name == "nt" and re.match(r"[A-Za-z]:", path)):
        return "starts at the root of a disk"
    if ".." in re.split(r"[/\\]", path):
        return 'holds ".." as a folder'
    return None


def _unsafe_part(part: str) -> str | None:
    if not part:
        return "starts or ends with a slash, or holds two in a row"
    if part in (".", ".."):
        return f'holds "{part}" as a folder'
    if part[-1] in ". ":
        return "has a part that ends in a dot or a space"
    if forbidden := re.search(r'[:*?"<>|]', part):
        return f"holds {forbidden[0]}, which Windows does not allow in names"
    if part.partition(".")[0].rstrip(" ").lower() in _DEVICES:
        return "is the name of a device on Windows"
    if len(part.encode()) > _LONGEST_PART:
        return f"has a part of over {_LONGEST_PART} bytes"
    return None
