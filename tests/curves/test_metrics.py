"""The contract's metrics, against its sentences written out in plain Python."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reportgen.curves import THRESHOLDS, CurveSettings, summarise
from reportgen.kinds import FloatArray, Series

# Sixty-fourths: every sum of them is exact, so that no comparison hangs on the last bit.
EXACT = st.integers(-3, 1 << 12).map(lambda count: count / 64)
TINY = st.integers(0, 1 << 20).map(lambda count: count * 2.0**-44)
MISSING = st.sampled_from([math.nan, math.inf, -math.inf])
RUN = st.lists(st.one_of(EXACT, TINY, TINY, MISSING), min_size=1, max_size=80).map(np.array)


def mean_of(losses: list[float]) -> Fraction | None:
    held = [Fraction(loss) for loss in losses if math.isfinite(loss)]
    return sum(held) / len(held) if held else None


def below(key: str) -> Fraction:
    """A threshold less a millionth of it, as a float64 holds it."""
    return Fraction(float(key) * (1 - 1e-6))


def by_the_contract(run: FloatArray, window: int) -> dict[str, object]:
    losses: list[float] = run.tolist()
    steps = range(len(losses))
    finite = [step for step in steps if math.isfinite(losses[step])]
    nonfinite = [step for step in steps if not math.isfinite(losses[step])]
    last = losses[-5:]
    lowest = min(finite, key=lambda step: losses[step], default=None)
    spikes = []
    for step in finite:
        held = losses[step - window : step] if step >= window else []
        before = mean_of(held)
        positive = all(loss > 0 for loss in held if math.isfinite(loss))
        if before is not None and positive and losses[step] > 10 * before:
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
            key: next((s for s in steps if means[s] is not None and means[s] < below(key)), None)
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
        assert step is not None
        for at, passed in ((step - 1, False), (step, True)):
            mean = mean_of(run[at - 250 : at + 250].tolist())
            assert mean is not None
            assert (mean < below(key)) is passed, key


def test_the_order_of_thresholds_is_the_contracts() -> None:
    (summary,) = summarise([np.array([0.05])], CurveSettings(), "cpu")
    assert list(summary.metrics.steps_to) == [f"1e-{digit}" for digit in range(1, 9)]
    assert summary.metrics.steps_to == {"1e-1": 0, **dict.fromkeys(THRESHOLDS[1:])}


def test_a_mean_within_rounding_of_the_threshold_is_not_below_it() -> None:
    run = np.full(9, float("1e-3"))
    for factor, passed in ((1.0, None), (1 - 0.9e-6, None), (1 - 1.1e-6, 0)):
        (summary,) = summarise([run * factor], CurveSettings(window=1), "cpu")
        assert summary.metrics.steps_to["1e-3"] == passed


def test_a_threshold_of_float32_losses_at_it_is_not_passed() -> None:
    run = np.full(60, np.float32(0.1), dtype=np.float64)
    run[50:] = np.float32(0.0999)
    (summary,) = summarise([run], CurveSettings(window=1), "cpu")
    assert summary.metrics.steps_to["1e-1"] == 50


UNEVEN = st.lists(st.integers(0, 30), min_size=1, max_size=60)


@given(UNEVEN, st.data(), st.integers(1, 20), st.integers(0, 50))
def test_metrics_speak_of_the_steps_of_the_file(
    gaps: list[int], data: st.DataObject, window: int, start: int
) -> None:
    """Whatever the steps, entries decide; each metric's step is the step of its entry."""
    steps = np.cumsum(np.array(gaps)) + start
    run = np.array(
        data.draw(st.lists(st.one_of(EXACT, TINY, MISSING), min_size=len(gaps), max_size=len(gaps)))
    )
    series = Series("loss", run, steps.astype(np.int64), superseded=3)
    (even,) = summarise([run], CurveSettings(window=window), "cpu")
    (uneven,) = summarise([series], CurveSettings(window=window, target=0.5), "cpu")

    def step(entry: int | None) -> int | None:
        return None if entry is None else int(steps[entry])

    ours, theirs = uneven.metrics, even.metrics
    assert ours.spikes == tuple(step(entry) for entry in theirs.spikes)
    assert ours.steps_to == {key: step(entry) for key, entry in theirs.steps_to.items()}
    assert ours.min_loss_step == step(theirs.min_loss_step)
    assert ours.first_nonfinite_step == step(theirs.first_nonfinite_step)
    assert (ours.min_loss, ours.end, ours.steps) == (theirs.min_loss, theirs.end, len(run))
    assert (ours.trained_steps, theirs.trained_steps) == (int(steps[-1]), len(run))
    assert (ours.superseded, theirs.superseded) == (3, 0)


@given(
    st.lists(st.one_of(EXACT, MISSING), min_size=1, max_size=50),
    st.sampled_from(["lower", "higher"]),
    st.booleans(),
)
def test_best_and_target_by_their_sentences(values: list[float], better: str, pointwise: bool) -> None:
    run = np.array(values)
    window, target = 4, 20.0
    how = CurveSettings(window=window, better=better, target=target, pointwise=pointwise, at=(0, 7, 49))
    (summary,) = summarise([run], how, "cpu")
    finite = [value for value in values if math.isfinite(value)]
    best = (min if better == "lower" else max)(finite, default=None)
    assert summary.metrics.best == best
    assert summary.metrics.best_step == (None if best is None else values.index(best))
    means = [mean_of(values[max(at - 2, 0) : at + 2]) for at in range(len(values))]
    tried = [value if math.isfinite(value) else None for value in values] if pointwise else means
    sign, rounding = (1, 20e-6) if better == "higher" else (-1, 20e-6)
    reached = [at for at, one in enumerate(tried) if one is not None and sign * (one - target) >= -rounding]
    assert summary.metrics.target_step == (reached[0] if reached else None)
    at = {
        step: values[step] if step < len(values) and math.isfinite(values[step]) else None for step in how.at
    }
    assert summary.metrics.at == at


def test_an_unknown_direction_has_no_best_value() -> None:
    (summary,) = summarise([np.array([1.0, 2.0])], CurveSettings(better=None), "cpu")
    assert (summary.metrics.best, summary.metrics.best_step, summary.metrics.min_loss) == (None, None, 1.0)


@given(
    st.lists(st.one_of(st.floats(-1e9, 1e9), MISSING), min_size=1, max_size=60),
    st.sampled_from([1, 7, "auto"]),
)
def test_the_end_window_is_exact(values: list[float], window: int | str) -> None:
    (summary,) = summarise([np.array(values)], CurveSettings(window=window), "cpu")
    length = min(len(values), max(5, window if isinstance(window, int) else len(values) // 20))
    tail, metrics = values[-length:], summary.metrics
    assert metrics.end_entries == length
    if not all(map(math.isfinite, tail)):
        assert (metrics.end, metrics.end_spread, metrics.end_blocks) == (None, None, ())
        return
    assert metrics.end == pytest.approx(math.fsum(tail) / length, rel=1e-15, abs=0)
    if length == 1:
        assert metrics.end_spread is None
    else:
        size = max(map(abs, tail))
        assert metrics.end_spread == pytest.approx(statistics.stdev(tail), rel=1e-9, abs=1e-12 * size)
    assert len(metrics.end_blocks) == min(10, length)


@pytest.mark.parametrize(
    ("entries", "window", "rolling", "end"),
    [
        (9, "auto", 1, 5),
        (500, "auto", 25, 25),
        (40_000, "auto", 500, 2_000),
        (40_000, 500, 500, 500),
        (3, 500, 500, 3),
    ],
)
def test_windows_of_a_length(entries: int, window: int | str, rolling: int, end: int) -> None:
    (summary,) = summarise([np.ones(entries)], CurveSettings(window=window), "cpu")
    assert (summary.window, summary.metrics.end_entries) == (rolling, end)


@pytest.mark.parametrize(
    ("missing", "also_nan", "holds"),
    [
        ((3,), (), True),
        ((3, 9), (), True),
        ((8, 9), (), False),
        ((2, 3, 8, 9), (), True),
        ((3,), (5,), False),
        ((), (5,), False),
    ],
)
def test_losses_that_were_not_logged(
    missing: tuple[int, ...], also_nan: tuple[int, ...], holds: bool
) -> None:
    run = np.arange(10.0)
    run[[*missing, *also_nan]] = math.nan
    series = Series("loss", run, missing=np.array(missing, dtype=np.int64))
    (summary,) = summarise([series], CurveSettings(window=2), "cpu")
    metrics = summary.metrics
    assert (metrics.missing, metrics.missing_losses) == (len(missing), holds)
    there = [value for value in run.tolist() if math.isfinite(value)]
    if holds:
        assert metrics.avg_final_loss == metrics.end == sum(there[-5:]) / 5
    assert metrics.nonfinite == len(missing) + len(also_nan)


def test_spikes_need_a_window_of_positive_losses() -> None:
    run = np.ones(40)
    run[[10, 30]] = 50.0
    run[27] = 0.0
    (summary,) = summarise([run], CurveSettings(window=5), "cpu")
    assert summary.metrics.spikes == (10,)


def test_the_end_of_the_largest_losses_is_no_overflow() -> None:
    (summary,) = summarise([np.array([1.7e308, 1.6e308, 1.7e308])], CurveSettings(), "cpu")
    assert summary.metrics.end == pytest.approx(5 / 3 * 1e308, rel=1e-15)
    (apart,) = summarise([np.array([1.7e308, -1.7e308])], CurveSettings(), "cpu")
    assert (apart.metrics.end, apart.metrics.end_spread) == (0.0, None)
