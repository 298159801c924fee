"""Equal arrays of summaries held once: nothing changes but memory."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from reportgen import curves
from reportgen.curves.sharing import Shared
from reportgen.curves.storing import from_bytes, to_bytes
from reportgen.curves.summary import CurveSettings, Summary
from reportgen.kinds import Series


def summaries(*lengths: int) -> list[Summary]:
    chance = np.random.default_rng(3)
    series = [
        Series("loss", np.exp(chance.normal(0, 1, length)), axes={"epoch": np.arange(length) / 7})
        for length in lengths
    ]
    return list(curves.summarise(series, [CurveSettings(points=50)] * len(series), "cpu"))


def arrays(value: Any) -> list[np.ndarray[Any, Any]]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        return [array for part in value.values() for array in arrays(part)]
    if dataclasses.is_dataclass(value):
        return [array for field in dataclasses.fields(value) for array in arrays(getattr(value, field.name))]
    return []


def test_a_shared_summary_is_the_same_bit_for_bit() -> None:
    shared = Shared()
    for one in summaries(3, 200, 200, 4_000):
        assert to_bytes({"loss": shared.summary(one)}) == to_bytes({"loss": one})


def test_equal_arrays_are_one_and_no_larger_one_stays_with_them() -> None:
    shared = Shared()
    whole = [from_bytes(to_bytes({"loss": one}))[0]["loss"] for one in summaries(200, 200, 300)]
    first, second, other = map(shared.summary, whole)
    assert first.curve.step is second.curve.step is first.raw.step is first.early.step
    assert first.early.mean is first.curve.mean and first.curve.mean is not second.curve.mean
    assert other.curve.axes["epoch"] is not first.curve.axes["epoch"] is second.curve.axes["epoch"]
    for one in (first, second, other):
        assert all(array.base is None for array in arrays(one))
    held = {id(array): array.nbytes for one in (first, second, other) for array in arrays(one)}
    assert sum(held.values()) < 0.75 * sum(array.nbytes for one in whole for array in arrays(one))
