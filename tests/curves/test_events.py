"""Events of curves made with known events, and none in curves without."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.curve_events import drop_curve, quiet_curve, score, spike_curve
from benchmarks.other_curves import EVENTFUL, NOISES, QUIET, score_of
from reportgen.curves.events import _STUDENT, events_of, partition

_STEPS = np.arange(5_000)


def events(values, steps=None):
    values = np.asarray(values, dtype=np.float64)
    (found,) = events_of([(values, np.arange(len(values)) if steps is None else np.asarray(steps))])
    return found


def kinds(values, steps=None) -> list[str]:
    return [event.kind for event in events(values, steps)]


def noise(seed: int, size: int, spread: float = 0.05):
    return np.exp(np.random.default_rng(seed).normal(0, spread, size))


def test_grokking_is_a_plateau_and_a_drop():
    """A hundredfold in 300 steps from step 2,500 on: half of it, a decade, is done at 2,650."""
    logs = -math.log(100) * np.clip((_STEPS - 2_500) / 300, 0, 1)
    plateau, drop, end = events(np.exp(logs) * noise(0, 5_000))
    assert plateau.kind == "plateau"
    assert plateau.until == pytest.approx(2_500, abs=50)
    assert plateau.before == pytest.approx(1.0, rel=0.02)
    assert drop.kind == "drop"
    assert drop.step == pytest.approx(2_650, abs=25)
    assert drop.until == pytest.approx(2_800, abs=50)
    assert (drop.before, drop.after) == (pytest.approx(1.0, rel=0.02), pytest.approx(0.01, rel=0.05))
    assert end.kind == "flat"


def test_steps_are_those_of_the_entries():
    logs = -math.log(100) * np.clip((_STEPS - 2_500) / 300, 0, 1)
    _, drop, _ = events(np.exp(logs) * noise(0, 5_000), 1_000 + 10 * _STEPS)
    assert drop.step == pytest.approx(1_000 + 26_500, abs=250)


def test_a_spike_and_its_recovery():
    """Fourfold at step 3,000, back over 50 steps: within a tenth of the level after 46 of them."""
    logs = np.full(5_000, math.log(3.0))
    logs[3_000:3_050] += math.log(4) * np.linspace(1, 0, 50)
    spike, recovery, _ = events(np.exp(logs) * noise(1, 5_000, 0.01))
    assert (spike.kind, spike.step, recovery.kind) == ("spike", 3_000, "recovery")
    assert (spike.before, spike.after) == (pytest.approx(3.0, rel=0.01), pytest.approx(12.0, rel=0.05))
    assert recovery.step == spike.until == pytest.approx(3_046, abs=5)


def test_a_single_entry_is_a_spike_from_tenfold_on():
    for height, found in [(5.0, []), (20.0, ["spike", "recovery"])]:
        values = 3.0 * noise(2, 1_000, 0.01)
        values[500] *= height
        assert kinds(values)[:-1] == found


def test_a_spike_without_recovery_has_no_end():
    values = 3.0 * noise(3, 1_000, 0.01)
    values[900:] = 30.0
    spike = events(values)[0]
    assert (spike.kind, spike.step, spike.until) == ("spike", 900, None)


def test_divergence_of_any_series():
    values = -1.0 - noise(4, 200)
    values[150:] = math.nan
    assert [(event.kind, event.step) for event in events(values)] == [("divergence", 150)]
    values = noise(4, 200)
    values[195] = math.inf
    assert [(event.kind, event.step) for event in events(values)] == [("divergence", 195)]


def test_an_overflow_that_recovers_is_no_divergence():
    values = noise(5, 1_000)
    values[500] = math.inf
    assert kinds(values) == ["flat"]


def test_the_slope_of_the_end_is_least_squares_of_block_means():
    values = 10.0 - 0.001 * np.arange(500) + np.random.default_rng(6).normal(0, 0.01, 500)
    steps = 10 * np.arange(500)
    (end,) = events(values, steps)
    y, x = (np.reshape(some[400:], (10, 10)).mean(axis=1) for some in (values, steps))
    slope, intercept = np.polyfit(x, y, 1)
    squares = np.sum((y - slope * x - intercept) ** 2)
    half = 3.355387 * math.sqrt(squares / 8 / np.sum((x - x.mean()) ** 2))  # Student's, 8 degrees of freedom
    assert end.kind == "falling"
    assert end.slope == pytest.approx(1000 * slope, rel=1e-9)
    assert end.interval == pytest.approx((1000 * (slope - half), 1000 * (slope + half)), rel=1e-6)
    assert (end.step, end.until) == (4_000, 4_990)


def test_quantiles_are_students():
    """0.495 of the density lies between 0 and the quantile, by Gauss and Legendre's rule."""
    place, weight = np.polynomial.legendre.leggauss(100)
    for df, quantile in _STUDENT.items():
        factor = math.gamma((df + 1) / 2) / math.gamma(df / 2) / math.sqrt(df * math.pi)
        density = factor * (1 + (quantile * (place + 1) / 2) ** 2 / df) ** (-(df + 1) / 2)
        assert quantile / 2 * float(weight @ density) == pytest.approx(0.495, abs=1e-13)


def test_the_end_of_a_series_that_goes_through_zero():
    assert kinds(np.linspace(-1, 1, 100)) == ["rising"]


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 9, [math.nan] * 3])
def test_short_curves(values):
    assert kinds(values) == (["divergence"] if values and math.isnan(values[0]) else [])


def test_constant_curves_and_curves_without_noise():
    assert kinds([0.0] * 100) == ["flat"]
    assert kinds([3.0] * 100) == ["flat"]
    assert kinds(np.exp(-np.arange(1000) / 100)) == ["falling"]


def test_optimal_partitioning_finds_the_least_cost():
    """Against every partition of a short series, least squares by polyfit."""
    values = np.array([0.0, 0.1, 0.0, 0.1, 3.0, 2.1, 1.2, 0.0, 5.0, 5.1, 5.0])
    count, penalty = len(values), 0.3

    def cost(start, end):
        line = np.polyfit(np.arange(start, end), values[start:end], 1)
        return float(np.sum((np.polyval(line, np.arange(start, end)) - values[start:end]) ** 2))

    def every(start):
        if start == count:
            yield []
        for end in range(start + 3, count + 1):
            for rest in every(end):
                yield [start, *rest]

    best = min(
        (sum(cost(*pair) + penalty for pair in zip(cuts, [*cuts[1:], count], strict=True)), cuts)
        for cuts in every(0)
    )
    assert partition(values[None], np.array([penalty])) == [[*best[1], count]]


@pytest.mark.parametrize(
    ("noise_level", "drops", "spikes"), [(0.01, 0.95, 0.9), (0.1, 0.95, 0.8), (0.3, 0.95, 0.4)]
)
def test_known_events_are_found_and_none_invented(noise_level, drops, spikes):
    found = score(drop_curve, noise_level, 40)
    assert found.recall >= drops
    assert found.precision >= 0.95
    found = score(spike_curve, noise_level, 40)
    assert found.recall >= spikes
    assert found.precision >= 0.95


@pytest.mark.parametrize("entries", [50, 200, 2_000])
@pytest.mark.parametrize("noise_level", [0.0, 0.01, 0.1, 0.3, 1.0])
def test_nothing_is_invented_in_quiet_curves(noise_level, entries):
    assert score(quiet_curve, noise_level, 60, entries).invented == 0


@pytest.mark.parametrize(
    ("name", "most"),
    [("growing ninefold over the run", 0.05), ("autocorrelated, 0.5", 0.1), ("autocorrelated, 0.9", 0.2)],
)
def test_noise_that_grows_or_lasts_is_no_drop(name, most):
    """Events a curve; with the noise of the whole curve alone they are 0.1, 0.2 and 0.6."""
    found = [score_of(shape, NOISES[name], 0.1, 15, 300, seed=1).invented for shape in QUIET.values()]
    assert sum(found) / len(found) <= most
    assert score_of(EVENTFUL["three steps"], NOISES[name], 0.1, 15, 300, seed=1).recall >= 0.9


def test_a_flat_end_is_called_falling_or_rising_in_one_case_of_a_hundred():
    """The interval's level is 99 %; 500 curves, with room for chance (3 sd)."""
    drawn = np.random.default_rng(7)
    wrong = sum(kinds(drawn.normal(3, 0.1, 200)) != ["flat"] for _ in range(500))
    assert wrong / 500 < 0.01 + 3 * (0.01 * 0.99 / 500) ** 0.5
