"""Where the files that ship with the package are."""

from __future__ import annotations

from pathlib import Path

__all__ = ["folder"]


def folder(name: str) -> Path:
    """The folder ``templates`` or ``model_lists``, in a wheel or in a checkout.

    A wheel holds both inside the package; a checkout (and so an editable install) beside it.
    """
    package = Path(__file__).resolve().parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name
