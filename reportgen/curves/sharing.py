"""Equal arrays of many summaries, held once: half of what a build of many short runs keeps in memory."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy.typing as npt

    from reportgen.curves.summary import Summary

__all__ = ["Shared"]

_T = TypeVar("_T")


class Shared:
    """Holds arrays, each once.

    Runs of one length share their steps, and a short run's early curve is its whole one. Copies are kept,
    so that no larger array, of which it was a part, stays with it.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], npt.NDArray[Any]] = {}

    def summary(self, summary: Summary) -> Summary:
        """The same summary, of arrays that others hold too where they are equal bit for bit."""
        return self._of(summary)

    def _of(self, value: _T) -> _T:
        changed: dict[str, Any] = {}
        for field in dataclasses.fields(value):  # type: ignore[arg-type]
            part = getattr(value, field.name)
            if hasattr(part, "dtype"):
                changed[field.name] = self._array(part)
            elif field.name == "axes":
                changed[field.name] = {name: self._array(axis) for name, axis in part.items()}
            elif field.name in ("curve", "early", "raw", "end"):
                changed[field.name] = self._of(part)
        return dataclasses.replace(value, **changed)  # type: ignore[type-var]

    def _array(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        key = (array.dtype.str, hashlib.blake2b(array.tobytes(), digest_size=16).digest())
        kept = self._known.get(key)
        if kept is None:
            kept = self._known[key] = array.copy()
        return kept
