"""A summary as bytes and back, bit for bit; and bytes that are no summary."""

from __future__ import annotations

import dataclasses
import math
import struct
import time
import zlib
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.curves import CurveSettings, Summary, summarise
from reportgen.curves.packing import from_bytes, to_bytes

RUN = st.lists(st.floats(), min_size=1, max_size=50).map(np.array)


def bits(value: object) -> object:
    """A summary as nested tuples in which NaN equals itself and 0 differs from -0."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tobytes()
    if dataclasses.is_dataclass(value):
        return tuple((field.name, bits(getattr(value, field.name))) for field in dataclasses.fields(value))
    return repr(value)


@given(RUN, st.integers(1, 20), st.integers(2, 12), st.sampled_from(["mean", "median"]))
def test_round_trip(run: np.ndarray, window: int, points: int, smoother: Literal["mean", "median"]) -> None:
    settings = CurveSettings(window=window, points=points, smoother=smoother, early_steps=9, raw_steps=7)
    (summary,) = summarise([run], settings, "cpu")
    assert bits(from_bytes(to_bytes(summary))) == bits(summary)


def test_payload_of_nan_survives() -> None:
    (odd,) = struct.unpack("<d", struct.pack("<Q", 0x7FF8_DEAD_BEEF_0001))
    (summary,) = summarise([np.array([1.0, odd])], CurveSettings(), "cpu")
    assert from_bytes(to_bytes(summary)).raw_early.tobytes() == np.array([1.0, odd]).tobytes()


@pytest.fixture(scope="module")
def record() -> bytes:
    run = np.exp(-np.arange(90.0))
    run[40] = math.nan
    return to_bytes(summarise([run], CurveSettings(window=9, points=12), "cpu")[0])


def test_a_record_cut_anywhere_is_refused(record: bytes) -> None:
    for length in range(len(record)):
        with pytest.raises(ValueError, match="summary record"):
            from_bytes(record[:length])


def test_a_record_altered_anywhere_is_refused(record: bytes) -> None:
    for place in range(len(record)):
        altered = bytearray(record)
        altered[place] ^= 0x10
        with pytest.raises(ValueError, match="summary record"):
            from_bytes(bytes(altered))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="summary record"):
        from_bytes(data)


@pytest.mark.parametrize(
    "head",
    [
        b"[]",
        b"{}",
        b"null",
        b"not json",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"curve":{"steps":1,"points":2}}',
        b'{"curve":{"steps":9e99,"points":1},"early":{"steps":1,"points":1},"raw":{"steps":1,"points":1}}',
        b'{"curve":{"steps":"9","points":1}}',
        b'{"curve":{"steps":1,"points":1},"early":{"steps":1,"points":1},"raw":{"steps":1,"points":1},"raw_early":-8}',
    ],
)
def test_a_sound_envelope_around_nonsense_is_refused(head: bytes) -> None:
    with pytest.raises(ValueError, match="summary record"):
        from_bytes(b"RGS1" + struct.pack("<II", zlib.crc32(head), len(head)) + head)


def test_a_record_is_small_and_quick() -> None:
    (summary,) = summarise([np.exp(np.random.default_rng(0).normal(size=85_000))], CurveSettings(), "cpu")
    assert isinstance(summary, Summary)
    started = time.process_time()
    for _ in range(27):
        data = to_bytes(summary)
        from_bytes(data)
    assert time.process_time() - started < 27 * 0.004
    assert len(data) < 80_000
