"""Summaries as bytes and back, bit for bit: what the build cache keeps of a run.

An uncompressed ``.npz`` of three arrays, since each costs time to open: ``head``, JSON with all that is
no array; ``floats``, float64, and ``steps``, int64, in which the arrays of all summaries lie end to end.
"""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reportgen.curves.summary import Curve, Envelope, Event, LossMetrics, Summary

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["from_bytes", "to_bytes"]


def to_bytes(summaries: Mapping[str, Summary], head: object = None) -> bytes:
    """Summaries by name, and with them anything that JSON can hold, NaN included."""
    import numpy as np

    arrays: dict[str, list[npt.NDArray[Any]]] = {"f": [np.empty(0)], "i": [np.empty(0, dtype=np.int64)]}
    named = {name: _flat(summary, arrays) for name, summary in summaries.items()}
    text = np.frombuffer(json.dumps([head, named]).encode(), dtype=np.uint8)
    stream = io.BytesIO()
    np.savez(stream, head=text, floats=np.concatenate(arrays["f"]), steps=np.concatenate(arrays["i"]))
    return stream.getvalue()


def from_bytes(record: bytes) -> tuple[dict[str, Summary], Any]:
    """What :func:`to_bytes` was given.

    Raises:
        ValueError: The record is cut, altered, or not what this version writes.
    """
    import numpy as np

    try:
        with np.load(io.BytesIO(record), allow_pickle=False) as archive:
            head, named = json.loads(archive["head"].tobytes())
            arrays = {"f": _Taken(archive["floats"]), "i": _Taken(archive["steps"])}
        summaries = {name: _summary_of(one, arrays) for name, one in named.items()}
        if any(taken.rest for taken in arrays.values()):
            raise ValueError("more values than said")
        return summaries, head
    except (ValueError, KeyError, TypeError, EOFError, OSError, RuntimeError, zipfile.BadZipFile) as error:
        raise ValueError("not a summary record of this version") from error


class _Taken:
    """An array that is cut into pieces from its beginning."""

    def __init__(self, values: npt.NDArray[Any]) -> None:
        self._values = values
        self._done = 0

    def next(self, length: int) -> npt.NDArray[Any]:
        first, self._done = self._done, self._done + length
        if not first <= self._done <= len(self._values):
            raise ValueError("fewer values than said")
        return self._values[first : self._done]

    @property
    def rest(self) -> int:
        return len(self._values) - self._done


def _flat(value: Any, arrays: Mapping[str, list[npt.NDArray[Any]]]) -> Any:
    """A value as JSON; arrays become their kind and length, and go to the others of their kind."""
    if dataclasses.is_dataclass(value):
        return {field.name: _flat(getattr(value, field.name), arrays) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return [[key, _flat(entry, arrays)] for key, entry in value.items()]
    if hasattr(value, "dtype"):
        arrays[value.dtype.kind].append(value)
        return {value.dtype.kind: len(value)}
    if isinstance(value, tuple):
        return [_flat(entry, arrays) for entry in value]
    return value


def _summary_of(record: Mapping[str, Any], arrays: Mapping[str, _Taken]) -> Summary:
    """Takes arrays in the order in which ``_flat`` met them."""

    def array(said: Mapping[str, int]) -> npt.NDArray[Any]:
        ((kind, length),) = said.items()
        return arrays[kind].next(length)

    def curve(said: Mapping[str, Any]) -> Curve:
        step, mean, low, high = (array(said[name]) for name in ("step", "mean", "min", "max"))
        other = None if said["other"] is None else array(said["other"])
        axes = {name: array(axis) for name, axis in said["axes"]}
        return Curve(said["steps"], step, mean, low, high, other, axes)

    metrics = record["metrics"]
    lists = {name: tuple(metrics[name]) for name in ("spikes", "end_blocks")}
    mappings = {name: dict(metrics[name]) for name in ("steps_to", "at")}
    raw = record["raw"]
    return Summary(
        metrics=LossMetrics(**metrics | lists | mappings),
        curve=curve(record["curve"]),
        early=curve(record["early"]),
        raw=Envelope(raw["steps"], array(raw["step"]), array(raw["min"]), array(raw["max"])),
        raw_early=array(record["raw_early"]),
        raw_early_step=array(record["raw_early_step"]),
        end=curve(record["end"]),
        window=record["window"],
        events=tuple(
            Event(**one | {"interval": None if one["interval"] is None else tuple(one["interval"])})
            for one in record["events"]
        ),
    )
