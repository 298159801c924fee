"""The drawn line of each smoother, against pandas and against its definition."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reportgen.curves import CurveSettings, smoothers, summarise
from reportgen.kinds import FloatArray

MISSING = st.sampled_from([math.nan, math.inf, -math.inf])
WHOLE = st.integers(-50, 1000).map(float)
RUN = st.lists(st.one_of(WHOLE, WHOLE, MISSING), min_size=1, max_size=80).map(np.array)
RUNS = st.lists(RUN, min_size=1, max_size=4)
EDGES = st.sampled_from(["partial", "trim"])


def lines(runs: list[FloatArray], window: int, edges: str, smoother: str) -> list[FloatArray]:
    """With a point at every step."""
    settings = CurveSettings(window=window, edges=edges, smoother=smoother, points=100)
    return [summary.curve.line for summary in summarise(runs, settings, "cpu")]


def held(run: FloatArray, window: int, edges: str) -> list[bool]:
    """Where a line is drawn: to the last finite loss, and under trim where the window is whole."""
    finite = np.flatnonzero(np.isfinite(run))
    left, right = (window // 2, (window - 1) // 2) if edges == "trim" else (0, 0)
    last = finite[-1] if len(finite) else -1
    return [left <= at < len(run) - right and at <= last for at in range(len(run))]


@given(RUNS, st.integers(1, 90), EDGES)
@example([np.array([math.nan])], 4, "partial")
def test_median_is_as_in_pandas(runs: list[FloatArray], window: int, edges: str) -> None:
    for run, line in zip(runs, lines(runs, window, edges, "median"), strict=True):
        finite = pd.Series(np.where(np.isfinite(run), run, np.nan))
        theirs = finite.rolling(window, center=True, min_periods=1).median()
        np.testing.assert_array_equal(line, theirs.where(held(run, window, edges)))


def test_median_of_the_largest_losses() -> None:
    (line,) = lines([np.array([1.6e308, 1.7e308])], 3, "partial", "median")
    np.testing.assert_allclose(line, [1.65e308, 1.65e308], rtol=1e-15)


def test_medians_are_sorted_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    run = np.random.default_rng(0).permutation(90).astype(float)
    (whole,) = lines([run], 7, "partial", "median")
    monkeypatch.setattr(smoothers, "MEDIAN_LOSSES", 50)
    (parts,) = lines([run], 7, "partial", "median")
    np.testing.assert_array_equal(whole, parts)


def test_windows_that_hold_the_same_losses_are_sorted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[FloatArray] = []

    def sorted_rows(more: FloatArray) -> FloatArray:
        rows.extend(more)
        return np.sort(more, axis=1)

    monkeypatch.setattr(smoothers, "sorted_rows", sorted_rows)
    two = [np.array([3.0, 1.0, math.nan, 2.0]), np.array([3.0, 1.0, math.nan, 2.0, 5.0])]
    first, second = lines(two, 1_000_000, "partial", "median")
    assert (first.tolist(), second.tolist()) == ([2.0] * 4, [2.5] * 5)
    assert len(rows) == 6  # of each run, one for its line, that of its early steps and that of its end


@given(RUNS, st.integers(1, 90), EDGES)
def test_geometric_is_the_mean_of_logarithms(runs: list[FloatArray], window: int, edges: str) -> None:
    for run, line in zip(runs, lines(runs, window, edges, "geometric"), strict=True):
        drawn = held(run, window, edges)
        for step in range(len(run)):
            values = run[max(step - window // 2, 0) : step + (window + 1) // 2].tolist()
            positive = [loss for loss in values if math.isfinite(loss) and loss > 0]
            if not positive or not drawn[step]:
                assert math.isnan(line[step])
            else:
                assert line[step] == pytest.approx(statistics.geometric_mean(positive), rel=1e-12)


@given(RUNS, st.integers(1, 90), EDGES)
def test_ema_is_the_decaying_mean_of_what_is_finite(runs: list[FloatArray], window: int, edges: str) -> None:
    decay = 1 - 2 / (window + 1)
    for run, line in zip(runs, lines(runs, window, edges, "ema"), strict=True):
        finite: list[float] = []
        drawn = held(run, window, edges)
        for step, loss in enumerate(run.tolist()):
            finite += [loss] if math.isfinite(loss) else []
            weights = [decay**age for age in range(len(finite))][::-1]
            if not finite or not drawn[step]:
                assert math.isnan(line[step])
                continue
            products = [weight * each for weight, each in zip(weights, finite, strict=True)]
            expected = math.fsum(products) / math.fsum(weights)
            size = math.fsum(map(abs, products)) / math.fsum(weights)
            assert line[step] == pytest.approx(expected, rel=1e-12, abs=1e-12 * size)


@pytest.mark.parametrize("smoother", ["median", "ema", "geometric"])
def test_the_mean_stays_the_rolling_mean(smoother: str) -> None:
    run = np.exp(np.random.default_rng(2).normal(size=900))
    (summary,) = summarise([run], CurveSettings(window=50, smoother=smoother, points=1000), "cpu")
    theirs = pd.Series(run).rolling(50, center=True, min_periods=1).mean()
    np.testing.assert_allclose(summary.curve.mean, theirs, rtol=1e-12)
    assert not np.allclose(summary.curve.line, theirs)


def test_the_band_stays_least_and_greatest() -> None:
    run = np.exp(np.random.default_rng(1).normal(size=4_000))
    bands = [
        (summary.curve.min.tobytes(), summary.curve.max.tobytes())
        for smoother in ("mean", "median", "ema", "geometric")
        for summary in summarise([run], CurveSettings(smoother=smoother), "cpu")
    ]
    assert len(set(bands)) == 1
