"""What a page of many runs holds in packed chunks: text and curves, 16 bits a point, deflated.

A chunk is read by ``templates/page/many.js``: base64 of raw deflate of

- the length of a JSON text in bytes (uint32, little-endian), and that text;
- the arrays that it names, one after the other, in the order of its ``arrays``.

``arrays`` has for each its kind, its length and what its kind needs:

- ``u``: 16 bits a value between the ends ``low`` and ``high``, as many steps as there are codes;
- ``l``: the same of the natural logarithm;
- ``f``, ``d``, ``i``: float32, float64, int32, little-endian, exact.

Codes stand as differences to the one before (modulo 2^16, zigzag), their high bytes first and then their
low bytes, since both compress better apart. ``MISSING`` stands for what is not finite.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["CODES", "MISSING", "Coded", "coded", "packed"]

MISSING = 65535
CODES = 65534
"""The largest code of a value: error at most half of (high - low) / CODES."""

_WIDE = 10.0
"""Values above 0 that span more are coded by their logarithm: the error is a share of each value."""
_FLOAT32 = np.finfo(np.float32)
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Coded:
    """An array as bytes, and what says how to read them: kind, length, further numbers."""

    says: tuple[Any, ...]
    data: bytes


def coded(values: npt.NDArray[Any], *, evenly: bool = False) -> Coded:
    """An array in 16 bits a value where that shows nowhere, else in full.

    The error of a value is at most ``(high - low) / 131068``: on a linear axis of these ends a hundredth
    of a pixel at 600 pixels; of values by logarithm it is that share of the value, 1.6e-4 over nine
    decades. Values of zero or below among others that span more than that stay in full.

    Args:
        values: (points,) of floats or integers.
        evenly: Whether codes are spread evenly over the values whatever these are: they are places.
    """
    if values.dtype.kind == "i":
        if np.abs(values).max(initial=0) < 2**31:
            return Coded(("i", len(values)), values.astype("<i4").tobytes())
        return Coded(("d", len(values)), values.astype("<f8").tobytes())
    there = np.isfinite(values)
    found = values[there]
    low, high = (float(found.min()), float(found.max())) if len(found) else (0.0, 0.0)
    log = not evenly and low > 0 and high > _WIDE * low
    if not log and not evenly and len(found):
        sizes = np.abs(found[found != 0])
        wide = len(sizes) > 0 and float(sizes.max()) > _WIDE * float(sizes.min())
        if (low <= 0 and wide) or not np.isfinite(high - low):
            return _in_full(values)
    if log:
        low, high = float(np.log(low)), float(np.log(high))
    with np.errstate(divide="ignore", invalid="ignore"):
        places = ((np.log(values) if log else values) - low) / (high - low if high > low else 1.0)
    codes = np.full(len(values), MISSING, dtype=np.int64)
    codes[there] = np.rint(np.clip(places[there], 0, 1) * CODES).astype(np.int64)
    return Coded(("l" if log else "u", len(values), low, high), _differences(codes))


def _in_full(values: npt.NDArray[Any]) -> Coded:
    size = np.abs(values[np.isfinite(values)])
    fits = np.all((size == 0) | ((size >= _FLOAT32.tiny) & (size <= _FLOAT32.max)))
    kind, data = ("f", values.astype("<f4")) if fits else ("d", values.astype("<f8"))
    return Coded((kind, len(values)), data.tobytes())


def _differences(codes: npt.NDArray[np.int64]) -> bytes:
    steps = np.diff(codes, prepend=0).astype(np.int16).astype(np.int64)  # modulo 2^16, around 0
    zigzag = ((steps << 1) ^ (steps >> 63)).astype(np.uint16)
    return (zigzag >> 8).astype(np.uint8).tobytes() + (zigzag & 255).astype(np.uint8).tobytes()


def packed(content: dict[str, Any], arrays: Sequence[Coded] = ()) -> str:
    """A chunk; ``content`` must not have a key ``arrays``."""
    text = json.dumps(
        content | {"arrays": [one.says for one in arrays]},
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
    ).encode()
    data = b"".join([len(text).to_bytes(4, "little"), text, *(one.data for one in arrays)])
    squeezer = zlib.compressobj(_LEVEL, wbits=-15)
    return base64.b64encode(squeezer.compress(data) + squeezer.flush()).decode("ascii")
