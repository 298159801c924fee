"""Summaries as bytes and back, bit for bit; and bytes that are no summaries."""

from __future__ import annotations

import dataclasses
import math
import struct
import time
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.curves import CurveSettings, summarise
from reportgen.curves.storing import from_bytes, to_bytes
from reportgen.kinds import Series

RUN = st.lists(st.floats(), min_size=1, max_size=50).map(np.array)


def bits(value: object) -> object:
    """A summary as nested tuples in which NaN equals itself and 0 differs from -0."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tobytes()
    if dataclasses.is_dataclass(value):
        return tuple((field.name, bits(getattr(value, field.name))) for field in dataclasses.fields(value))
    if isinstance(value, dict):
        return tuple((key, bits(entry)) for key, entry in value.items())
    return repr(value)


@given(RUN, st.integers(1, 20), st.integers(2, 12), st.sampled_from(["mean", "median"]), st.booleans())
def test_round_trip(
    run: np.ndarray, window: int, points: int, smoother: Literal["mean", "median"], uneven: bool
) -> None:
    settings = CurveSettings(
        window=window,
        points=points,
        smoother=smoother,
        early_steps=9,
        raw_entries=7,
        target=0.5,
        at=(0, 3, 99),
    )
    steps = np.cumsum(np.arange(len(run)) % 3) + 7 if uneven else None
    axes = {"epoch": np.linspace(0, 1, len(run))} if uneven else {}
    (loss,) = summarise([Series("loss", run, steps, axes=axes)], settings, "cpu")
    (other,) = summarise([np.arange(3.0)], settings, "cpu")
    head = {"config": {"lr": math.nan, "big": 2**70, "deep": [{"a": None}]}}
    summaries, kept = from_bytes(to_bytes({"loss": loss, "eval/å": other}, head))
    assert bits(summaries) == bits({"loss": loss, "eval/å": other})
    assert repr(kept) == repr(head)


def test_payload_of_nan_survives() -> None:
    (odd,) = struct.unpack("<d", struct.pack("<Q", 0x7FF8_DEAD_BEEF_0001))
    (summary,) = summarise([np.array([1.0, odd])], CurveSettings(), "cpu")
    summaries, _ = from_bytes(to_bytes({"loss": summary}))
    assert summaries["loss"].raw_early.tobytes() == np.array([1.0, odd]).tobytes()


@pytest.fixture(scope="module")
def record() -> bytes:
    run = np.exp(-np.arange(90.0))
    run[40] = math.nan
    return to_bytes({"loss": summarise([run], CurveSettings(window=9, points=12), "cpu")[0]}, {"a": 1})


def test_a_record_cut_anywhere_is_refused(record: bytes) -> None:
    for length in range(0, len(record), 7):
        with pytest.raises(ValueError, match="summary record"):
            from_bytes(record[:length])


def test_a_record_altered_anywhere_is_refused_or_means_the_same(record: bytes) -> None:
    """Bits of a ZIP's headers that nobody reads may change; the cache's own digest sees these too."""
    whole: Any = from_bytes(record)
    refused = 0
    for place in range(0, len(record), 3):
        altered = bytearray(record)
        altered[place] ^= 0x10
        try:
            summaries, head = from_bytes(bytes(altered))
        except ValueError as error:
            assert "summary record" in str(error)  # noqa: PT017 - both outcomes are right
            refused += 1
        else:
            assert (bits(summaries), head) == (bits(whole[0]), whole[1])
    assert refused > len(record) / 3 * 0.8


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="summary record"):
        from_bytes(data)


@pytest.mark.parametrize(
    "head", ["[]", "{}", "null", '[1,{"loss":{}}]', '[1,{"loss":{"metrics":{},"curve":{"step":{"i":-8}}}}]']
)
def test_a_sound_archive_of_nonsense_is_refused(head: str, tmp_path: Any) -> None:
    file = tmp_path / "x.npz"
    np.savez(
        file, head=np.frombuffer(head.encode(), np.uint8), floats=np.zeros(3), steps=np.zeros(3, np.int64)
    )
    with pytest.raises(ValueError, match="summary record"):
        from_bytes(file.read_bytes())


def test_pickles_are_never_opened(tmp_path: Any) -> None:
    file = tmp_path / "x.npz"
    np.savez(file, head=np.array([{"a": 1}], dtype=object), floats=np.zeros(1), steps=np.zeros(1, np.int64))
    with pytest.raises(ValueError, match="summary record"):
        from_bytes(file.read_bytes())


def test_a_record_is_small_and_quick() -> None:
    (summary,) = summarise([np.exp(np.random.default_rng(0).normal(size=85_000))], CurveSettings(), "cpu")
    started = time.process_time()
    for _ in range(27):
        data = to_bytes({"loss": summary})
        from_bytes(data)
    assert time.process_time() - started < 27 * 0.006
    assert len(data) < 140_000
