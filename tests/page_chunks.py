"""Reads the packed chunks of a page of many runs, as ``templates/page/many.js`` does."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reportgen.outputs.packed import CODES, MISSING

__all__ = ["unpacked"]


def unpacked(chunk: str) -> tuple[dict[str, Any], list[npt.NDArray[Any]]]:
    """What ``packed`` was given, as a page reads it: content and arrays."""
    data = zlib.decompress(base64.b64decode(chunk), wbits=-15)
    end = 4 + int.from_bytes(data[:4], "little")
    content: dict[str, Any] = json.loads(data[4:end])
    arrays = []
    for kind, length, *ends in content.pop("arrays"):
        size = {"u": 2, "l": 2, "f": 4, "d": 8, "i": 4}[kind] * length
        part, end = data[end : end + size], end + size
        arrays.append(_values(kind, part, length, ends))
    return content, arrays


def _values(kind: str, data: bytes, length: int, ends: Sequence[float]) -> npt.NDArray[Any]:
    if kind not in "ul":
        return np.frombuffer(data, {"f": "<f4", "d": "<f8", "i": "<i4"}[kind])
    planes = np.frombuffer(data, np.uint8).astype(np.int64)
    zigzag = (planes[:length] << 8) | planes[length:]
    codes = np.cumsum((zigzag >> 1) ^ -(zigzag & 1)) & 0xFFFF
    low, high = ends
    values = low + codes / CODES * (high - low)
    return np.where(codes == MISSING, np.nan, np.exp(values) if kind == "l" else values)
