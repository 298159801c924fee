"""A summary as bytes and back, bit for bit: what the build cache keeps of a run.

A record is, in this order: four bytes that name the format; the CRC-32 of all that follows, and
the length of the head, each a little-endian uint32; the head, JSON with all numbers that are no
curve; the curves' values, little-endian float64, end to end. The steps of the points are not
kept: they follow from the number of steps and points.
"""

from __future__ import annotations

import dataclasses
import json
import struct
import zlib
from typing import Any

import numpy as np

from reportgen.curves.summary import Curve, Envelope, LossMetrics, Summary
from reportgen.curves.thinning import point_steps
from reportgen.kinds import FloatArray

__all__ = ["from_bytes", "to_bytes"]

FORMAT = b"RGS2"
PREFIX = struct.Struct("<4sII")


def to_bytes(summary: Summary) -> bytes:
    """A summary as a record of some tens of kilobytes."""
    head = {
        "metrics": dataclasses.asdict(summary.metrics),
        "curve": _size(summary.curve),
        "early": _size(summary.early),
        "raw": _size(summary.raw),
        "raw_early": len(summary.raw_early),
        "other": summary.curve.other is not None,
    }
    text = json.dumps(head, separators=(",", ":"), allow_nan=False).encode()
    arrays = (*_arrays(summary.curve), *_arrays(summary.early), summary.raw.min, summary.raw.max)
    body = text + np.concatenate((*arrays, summary.raw_early)).astype("<f8").tobytes()
    return PREFIX.pack(FORMAT, zlib.crc32(body), len(text)) + body


def from_bytes(record: bytes) -> Summary:
    """The summary that :func:`to_bytes` was given.

    Raises:
        ValueError: The record is cut, altered, or in no format that this version writes.
    """
    if len(record) < PREFIX.size:
        raise ValueError("summary record is cut off")
    name, checksum, length = PREFIX.unpack_from(record)
    body = memoryview(record)[PREFIX.size :]
    if name != FORMAT:
        raise ValueError("not a summary record of this version")
    if zlib.crc32(body) != checksum:
        raise ValueError("summary record is damaged")
    try:
        return _summary_of(json.loads(bytes(body[:length])), body[length:])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("summary record is not what this version writes") from error


def _arrays(curve: Curve) -> list[FloatArray]:
    return [curve.mean, curve.min, curve.max, *([] if curve.other is None else [curve.other])]


def _size(part: Curve | Envelope) -> dict[str, int]:
    return {"steps": part.steps, "points": len(part.step)}


def _summary_of(head: dict[str, Any], values: memoryview) -> Summary:
    sizes = [(head[part]["steps"], head[part]["points"]) for part in ("curve", "early", "raw")]
    for steps, points in sizes:
        if not 1 <= points <= steps:
            raise ValueError("more points than steps")
    own = 4 if head["other"] else 3  # arrays of a curve
    lengths = [
        points for (_, points), arrays in zip(sizes, (own, own, 2), strict=True) for _ in range(arrays)
    ]
    floats = np.frombuffer(values, dtype="<f8").astype(np.float64)
    if floats.size != sum(lengths) + head["raw_early"]:
        raise ValueError("more or fewer values than said")
    *arrays, raw_early = np.split(floats, np.cumsum(lengths))
    curve, early, raw = ((steps, point_steps(steps, points)) for steps, points in sizes)
    metrics = head["metrics"]
    return Summary(
        metrics=LossMetrics(**metrics | {"spikes": tuple(metrics["spikes"])}),
        curve=Curve(*curve, *arrays[:own]),
        early=Curve(*early, *arrays[own : 2 * own]),
        raw=Envelope(*raw, *arrays[2 * own :]),
        raw_early=raw_early,
    )
