"""The contract's metrics, against its sentences written out in plain Python."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reportgen.curves import THRESHOLDS, CurveSettings, summarise
from reportgen.kinds import FloatArray

# Sixty-fourths: every sum of them is exact, so that no comparison hangs on the last bit.
EXACT = st.integers(-3, 1 << 12).map(lambda count: count / 64)
TINY = st.integers(0, 1 << 20).map(lambda count: count * 2.0**-44)
MISSING = st.sampled_from([math.nan, math.inf, -math.inf])
RUN = st.lists(st.one_of(EXACT, TINY, TINY, MISSING), min_size=1, max_size=80).map(np.array)


def mean_of(losses: list[float]) -> Fraction | None:
    held = [Fraction(loss) for loss in losses if math.isfinite(loss)]
    return sum(held) / len(held) if held else None


def by_the_contract(run: FloatArray, window: int) -> dict[str, object]:
    losses: list[float] = run.tolist()
    steps = range(len(losses))
    finite = [step for step in steps if math.isfinite(losses[step])]
    nonfinite = [step for step in steps if not math.isfinite(losses[step])]
    last = losses[-5:]
    lowest = min(finite, key=lambda step: losses[step], default=None)
    spikes = []
    for step in finite:
        before = mean_of(losses[step - window : step]) if step >= window else None
        if before is not None and losses[step] > 10 * before:
            spikes.append(step)
    means = [mean_of(losses[max(step - window // 2, 0) : step + (window + 1) // 2]) for step in steps]
    return {
        "steps": len(losses),
        "final_loss": losses[-1] if math.isfinite(losses[-1]) else None,
        "avg_final_loss": math.fsum(last) / len(last) if all(map(math.isfinite, last)) else None,
        "min_loss": None if lowest is None else losses[lowest],
        "min_loss_step": lowest,
        "nonfinite": len(nonfinite),
        "first_nonfinite_step": nonfinite[0] if nonfinite else None,
        "spikes": tuple(spikes),
        "steps_to": {
            key: next((s for s in steps if means[s] is not None and means[s] < Fraction(float(key))), None)
            for key in THRESHOLDS
        },
    }


@given(st.lists(RUN, min_size=1, max_size=6), st.integers(1, 100), st.integers(2, 20))
@example([np.array([math.nan, math.inf])], 3, 5)
@example([np.array([math.inf] * 4 + [1.0, 10.0, 10.5])], 2, 5)
@example([np.array([1.0, 10.0, 10.5, 0.0, 0.0, 2.0**-30])], 1, 5)
def test_metrics_are_the_contract(runs: list[FloatArray], window: int, points: int) -> None:
    settings = CurveSettings(window=window, points=points)
    for run, summary in zip(runs, summarise(runs, settings, "cpu"), strict=True):
        expected = by_the_contract(run, window)
        average = expected.pop("avg_final_loss")
        for name, value in expected.items():
            assert getattr(summary.metrics, name) == value, name
        if average is None:
            assert summary.metrics.avg_final_loss is None
        else:
            assert summary.metrics.avg_final_loss == pytest.approx(average, rel=1e-15, abs=0)


@given(st.lists(st.floats(-1.7e308, 1.7e308), min_size=1, max_size=12).map(np.array))
@example(np.array([1.7e308] * 5))
@example(np.array([1.0, 1e16, 1.0, -1e16, 1.0]))
def test_the_average_is_exact_whatever_the_losses(run: FloatArray) -> None:
    (summary,) = summarise([run], CurveSettings(window=3), "cpu")
    last = [Fraction(loss) for loss in run[-5:].tolist()]
    assert summary.metrics.avg_final_loss == float(sum(last) / len(last))


def test_a_run_of_real_length() -> None:
    """Spikes, thresholds and missing losses far from any edge of a batch or tile."""
    run = 3.0 * np.exp2(-np.floor(np.arange(70_000) / 2_000))
    run[40_000] = 64 * run[40_000]
    run[50_001:50_004] = [math.nan, math.inf, -math.inf]
    run[61_234] = 2.0**-60
    (summary,) = summarise([run], CurveSettings(), "cpu")
    metrics = summary.metrics
    assert metrics.spikes == (40_000,)
    assert (metrics.nonfinite, metrics.first_nonfinite_step) == (3, 50_001)
    assert (metrics.min_loss, metrics.min_loss_step) == (2.0**-60, 61_234)
    for key, step in metrics.steps_to.items():
        value = float(key)
        assert step is not None
        for at, below in ((step - 1, False), (step, True)):
            mean = mean_of(run[at - 250 : at + 250].tolist())
            assert mean is not None
            assert (mean < value) is below, key


def test_the_order_of_thresholds_is_the_contracts() -> None:
    (summary,) = summarise([np.array([0.05])], CurveSettings(), "cpu")
    assert list(summary.metrics.steps_to) == [f"1e-{digit}" for digit in range(1, 9)]
    assert summary.metrics.steps_to == {"1e-1": 0, **dict.fromkeys(THRESHOLDS[1:])}


def test_a_mean_on_the_threshold_is_not_below_it() -> None:
    run = np.full(9, float("1e-3"))
    (on,) = summarise([run], CurveSettings(window=1), "cpu")
    (below,) = summarise([np.nextafter(run, 0)], CurveSettings(window=1), "cpu")
    assert on.metrics.steps_to["1e-3"] is None
    assert below.metrics.steps_to["1e-3"] == 0
