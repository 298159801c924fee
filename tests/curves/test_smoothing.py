"""Rolling statistics against pandas and against exact fractions, at every step."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.rolling import rolling
from reportgen.curves import smoothing
from reportgen.curves.smoothing import pack, reach_of, roll, rolling_mean

MISSING = st.sampled_from([math.nan, math.inf, -math.inf])
# Sums of these are exact in float64, so that pandas and we must agree to the last bit.
WHOLE = st.integers(-1000, 1000).map(float)
LOSS = st.floats(0, 1.7e308)
WINDOW = st.one_of(st.integers(1, 12), st.integers(13, 3000))
EDGES = st.sampled_from(["partial", "trim"])


def run_of(loss: st.SearchStrategy[float]) -> st.SearchStrategy[np.ndarray]:
    return st.lists(st.one_of(loss, loss, loss, MISSING), min_size=1, max_size=60).map(np.array)


def same(ours: np.ndarray, theirs: np.ndarray) -> None:
    np.testing.assert_array_equal(ours, theirs, strict=True)


def pandas_rolling(run: np.ndarray, window: int, edges: str) -> pd.api.typing.Rolling:
    return pd.Series(run).rolling(window, center=True, min_periods=1 if edges == "partial" else window)


@given(st.lists(run_of(WHOLE), min_size=1, max_size=6), WINDOW, EDGES)
@example([np.array([np.nan, np.inf, -np.inf])], 2, "partial")
@example([np.arange(5.0)], 1, "trim")
@example([np.arange(4.0), np.arange(9.0)], 4, "trim")
def test_every_step_is_as_in_pandas(runs: list[np.ndarray], window: int, edges: str) -> None:
    for run, rolled in zip(runs, rolling(runs, window, edges), strict=True):
        theirs = pandas_rolling(run, window, edges)
        same(rolled.mean, theirs.mean().to_numpy())
        same(rolled.min, theirs.min().to_numpy())
        same(rolled.max, theirs.max().to_numpy())


@pytest.mark.parametrize("window", [1, 2, 3, 499, 500, 512, 513, 90_000, 200_000])
@pytest.mark.parametrize("edges", ["partial", "trim"])
def test_long_runs_are_as_in_pandas_across_tiles(window: int, edges: str) -> None:
    chance = np.random.default_rng(0)
    runs = [chance.integers(0, 1 << 20, size).astype(float) for size in (85_000, 1, 40_001)]
    runs[0][chance.integers(0, 85_000, 50)] = math.nan
    for run, rolled in zip(runs, rolling(runs, window, edges), strict=True):
        theirs = pandas_rolling(run, window, edges)
        same(rolled.mean, theirs.mean().to_numpy())
        same(rolled.min, theirs.min().to_numpy())
        same(rolled.max, theirs.max().to_numpy())


@given(run_of(st.one_of(LOSS, st.floats(-1e3, 1e3))), st.integers(1, 70))
@example(np.array([1.7e308] * 9), 5)
@example(np.array([5e-324] * 9), 4)
@example(np.array([1.7e308, -1.7e308, 1.7e308, 1.7e308, math.nan]), 3)
def test_the_mean_is_exact(run: np.ndarray, window: int) -> None:
    rolled = rolling([run], window)[0]
    for step in range(len(run)):
        held = run[max(step - window // 2, 0) : step + (window + 1) // 2]
        losses = [Fraction(loss) for loss in held[np.isfinite(held)].tolist()]
        if not losses:
            assert math.isnan(rolled.mean[step])
            continue
        exact = sum(losses) / len(losses)
        size = sum(map(abs, losses)) / len(losses)
        # A mean below the least normal float64 has the float's own absolute precision.
        assert abs(Fraction(float(rolled.mean[step])) - exact) <= max(size / 10**12, Fraction(5e-324))


def test_early_losses_leave_no_trace() -> None:
    chance = np.random.default_rng(1)
    run = np.concatenate((np.full(2_000, 1e3), chance.uniform(1e-9, 2e-9, 5_000)))
    mean = rolling([run], 500)[0].mean
    for step in range(2_250, 7_000, 7):
        held = run[step - 250 : step + 250].tolist()
        assert mean[step] == pytest.approx(math.fsum(held) / len(held), rel=1e-12, abs=0)


@given(st.lists(run_of(LOSS), min_size=1, max_size=6), WINDOW, EDGES)
def test_a_run_is_the_same_alone(runs: list[np.ndarray], window: int, edges: str) -> None:
    for run, together in zip(runs, rolling(runs, window, edges), strict=True):
        (alone,) = rolling([run], window, edges)
        assert together.mean.tobytes() == alone.mean.tobytes()
        assert together.min.tobytes() == alone.min.tobytes()
        assert together.max.tobytes() == alone.max.tobytes()


@pytest.mark.parametrize("tile", [5, 64, 1000])
def test_tiles_change_no_bit(tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(2)
    runs = [np.exp(chance.normal(size=size) * 9) for size in (1, 7, 3_000, 300)]
    runs[2][chance.integers(0, 3_000, 40)] = -math.inf
    whole = [rolling(runs, window) for window in (1, 6, 63, 500)]
    monkeypatch.setattr(smoothing, "TILE", tile)
    monkeypatch.setattr(smoothing, "CPU_BATCH", 400)
    for window, before in zip((1, 6, 63, 500), whole, strict=True):
        for old, new in zip(before, rolling(runs, window), strict=True):
            assert old.mean.tobytes() == new.mean.tobytes()
            assert old.min.tobytes() == new.min.tobytes()
            assert old.max.tobytes() == new.max.tobytes()


def test_minus_zero_is_zero_whatever_stands_beside_it() -> None:
    rolled = rolling([np.array([-0.0, 0.0] * 40)], 7)[0]
    assert not np.signbit(rolled.min).any()
    assert not np.signbit(rolled.max).any()


def test_float32_serves_where_float64_does_not_exist() -> None:
    run = np.exp(-np.arange(4_000) / 300) + 1e-9
    batch = pack([run], reach_of(500, len(run)))
    windows = roll(batch.on("cpu:0", single=True))
    assert windows.mean.dtype == torch.float32
    np.testing.assert_allclose(windows.on_host().mean, roll(batch).mean, rtol=1e-5)
    np.testing.assert_allclose(windows.on_host().max, roll(batch).max, rtol=1e-6)


def test_the_mean_alone_is_that_of_all_three() -> None:
    batch = pack([np.arange(900.0), np.array([math.nan, 3.0])], reach_of(50, 900))
    mean, count = rolling_mean(batch)
    np.testing.assert_array_equal(mean, roll(batch).mean)
    np.testing.assert_array_equal(count, roll(batch).count)
