"""Estimates, tests and corrections, against scipy.stats, least squares and cases worked by hand."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reportgen import inference
from reportgen.inference import (
    Comparison,
    Estimate,
    choose_scale,
    compare,
    estimate,
    holm,
    p_beyond,
    trend,
    within_noise,
)

_A = [2.41, 2.45, 2.39, 2.52]
_B = [2.61, 2.40, 2.77]

_losses = st.lists(st.floats(1e-9, 1e3), min_size=3, max_size=8)


@pytest.mark.parametrize(
    ("groups", "wanted", "scale"),
    [
        ([[2.1, 2.3], [2.2]], None, "linear"),
        ([[1.0, 1.5], [2.0]], None, "linear"),
        ([[1.0, 1.5], [2.0000001]], None, "log"),
        ([[1e-9, 2e-9], [5e-9]], None, "log"),
        ([[0.0, 1.0]], None, "linear"),
        ([[0.0, 1.0]], "log", "linear"),
        ([[2.1, 2.3]], "log", "log"),
        ([[1.0, 9.0]], "linear", "linear"),
        ([[-1.0, -9.0]], None, "linear"),
        ([], None, "linear"),
    ],
)
def test_logarithms_where_all_are_above_zero_and_the_largest_is_over_twice_the_smallest(
    groups, wanted, scale
):
    assert choose_scale(groups, wanted) == scale


def test_an_estimate_is_students():
    made = estimate(_A)
    low, high = stats.t.interval(0.95, 3, loc=np.mean(_A), scale=stats.sem(_A))
    assert made.n == 4
    assert made.mean == pytest.approx(2.4425, rel=1e-15)
    assert made.sd == pytest.approx(statistics.stdev(_A), rel=1e-12)
    assert made.range == (2.39, 2.52)
    assert made.interval == pytest.approx((low, high), rel=1e-12)


def test_on_logarithms_the_mean_is_the_geometric_one_and_the_spread_a_factor():
    made = estimate([1.0, 10.0, 100.0], "log")
    assert made.mean == pytest.approx(10.0)
    assert made.sd == pytest.approx(10.0)
    half = 4.302652729911275 / math.sqrt(3)  # Student's 97.5 % with 2 degrees of freedom, in decades
    assert made.interval == pytest.approx((10 ** (1 - half), 10 ** (1 + half)), rel=1e-9)


def test_an_interval_ends_at_the_metrics_bounds():
    assert estimate([0.97, 0.99], bounds=(0.0, 1.0)).interval == (
        pytest.approx(0.98 - 12.706204736 * 0.01),
        1.0,
    )
    assert estimate([0.01, 0.05], bounds=(0.0, None)).interval[0] == 0.0


def test_one_value_has_neither_spread_nor_interval():
    assert estimate([3.0], "log") == Estimate(1, 3.0, None, (3.0, 3.0), None, "log")


def test_equal_values_have_an_interval_of_no_width():
    made = estimate([0.1, 0.1, 0.1])
    assert (made.mean, made.sd, made.interval) == (0.1, 0.0, (0.1, 0.1))
    assert estimate([0.1, 0.1, 0.1], "log").sd == 1.0


@given(_losses)
def test_the_mean_lies_within_interval_and_range(values):
    for scale in ("linear", "log"):
        made = estimate(values, scale)
        assert made.range[0] <= made.mean <= made.range[1]
        assert made.interval[0] <= made.mean * (1 + 1e-9)
        assert made.mean <= made.interval[1] * (1 + 1e-9)


def test_two_groups_are_compared_by_welch():
    made = compare([(_A, _B)])
    oracle = stats.ttest_ind(_A, _B, equal_var=False)
    assert made.difference == pytest.approx(np.mean(_A) - np.mean(_B), rel=1e-12)
    assert made.p == pytest.approx(oracle.pvalue, rel=1e-9)
    assert made.df == pytest.approx(oracle.df, rel=1e-9)
    assert made.interval() == pytest.approx(tuple(oracle.confidence_interval(0.95)), rel=1e-9)
    assert made.runs == (4, 3)


def test_on_logarithms_the_effect_is_a_ratio():
    made = compare([(_A, _B)], "log")
    oracle = stats.ttest_ind(np.log(_A), np.log(_B), equal_var=False)
    assert made.effect == pytest.approx(stats.gmean(_A) / stats.gmean(_B), rel=1e-12)
    assert made.p == pytest.approx(oracle.pvalue, rel=1e-9)
    assert made.interval(0.99) == pytest.approx(tuple(np.exp(oracle.confidence_interval(0.99))), rel=1e-9)


def test_sizes_that_differ_more_than_twofold_take_the_smaller_degrees_of_freedom():
    many = [2.0, 2.1, 2.2, 2.3, 2.1, 2.05, 2.15]
    made = compare([(_B, many)])
    assert made.df == 2
    t = made.difference / made.error
    assert made.p == pytest.approx(2 * stats.t.sf(abs(t), 2), rel=1e-9)
    assert compare([(_B, many[:6])]).df == pytest.approx(
        stats.ttest_ind(_B, many[:6], equal_var=False).df, rel=1e-9
    )


def test_no_test_of_fewer_than_three_or_of_no_spread():
    assert compare([(_A, _B[:2])]) is None
    assert compare([([1.0, 1.0, 1.0], [2.0, 2.0, 2.0])]) is None
    assert compare([]) is None
    assert compare([([1.0, 1.0, 1.0], _B)]) is not None


def test_blocks_are_the_additive_layout():
    """The oracle is ordinary least squares on dummies of blocks and of the value."""
    drawn = np.random.default_rng(3)
    blocks = [
        (list(drawn.normal(level, 0.1, first)), list(drawn.normal(level + 0.2, 0.1, second)))
        for level, first, second in [(2.0, 3, 3), (3.0, 4, 3), (2.5, 3, 5)]
    ]
    rows, y = [], []
    for index, pair in enumerate(blocks):
        for side, values in enumerate(pair):
            for value in values:
                rows.append([*(float(index == other) for other in range(3)), 1.0 - side])
                y.append(value)
    design, y = np.array(rows), np.array(y)
    fit, residual, *_ = np.linalg.lstsq(design, y, rcond=None)
    df = len(y) - 4
    error = math.sqrt(residual[0] / df * np.linalg.inv(design.T @ design)[3, 3])
    made = compare(blocks)
    assert isinstance(made, Comparison)
    assert made.difference == pytest.approx(fit[3], rel=1e-9)
    assert made.error == pytest.approx(error, rel=1e-9)
    assert (made.df, made.blocks, made.runs) == (df, 3, (10, 11))
    assert made.p == pytest.approx(2 * stats.t.sf(abs(fit[3] / error), df), rel=1e-6)


def test_a_block_with_too_few_on_a_side_is_left_out():
    whole = ([1.0, 1.2, 1.1], [2.0, 2.3, 2.1])
    assert compare([whole, ([5.0, 5.1], [9.0, 9.1, 9.2])]) == compare([whole])


def test_holm_by_hand():
    """Four tests: 0.01 x 4, 0.015 x 3, 0.03 x 2 and 0.04 x 1, which cannot be below the one before it."""
    corrected = holm([0.03, 0.01, 0.04, 0.015])
    assert [one.p for one in corrected] == pytest.approx([0.06, 0.04, 0.06, 0.045])
    assert [one.found for one in corrected] == [False, True, False, True]
    assert [one.level for one in corrected] == pytest.approx(
        [1 - 0.05 / 2, 1 - 0.05 / 4, 1 - 0.05 / 2, 1 - 0.05 / 3]
    )
    assert holm([]) == ()
    assert holm([0.9, 0.8])[0].p == 1.0


@given(st.lists(st.tuples(_losses, _losses), min_size=1, max_size=6))
def test_a_corrected_test_and_its_interval_never_disagree(pairs):
    made = [one for one in (compare([pair]) for pair in pairs) if one is not None]
    for one, corrected in zip(made, holm([one.p for one in made]), strict=True):
        low, high = one.interval(corrected.level)
        if min(abs(corrected.p - 0.05), abs(low), abs(high)) > 1e-9:
            assert corrected.found == (low > 0 or high < 0)


def test_p_of_a_mean_beyond_a_target_is_one_sided():
    oracle = stats.ttest_1samp(_A, 2.5, alternative="less").pvalue
    assert p_beyond(_A, 2.5) == pytest.approx(oracle, rel=1e-9)
    assert p_beyond(_A, 2.5, lower=False) == pytest.approx(1 - oracle, rel=1e-9)
    logs = stats.ttest_1samp(np.log(_A), math.log(2.5), alternative="less").pvalue
    assert p_beyond(_A, 2.5, scale="log") == pytest.approx(logs, rel=1e-9)
    assert p_beyond(_A, -1.0, scale="log") == pytest.approx(
        stats.ttest_1samp(_A, -1.0, alternative="less").pvalue, rel=1e-9
    )
    assert p_beyond([2.0], 2.5) is None
    assert p_beyond([2.0, 2.0], 2.5) is None


def test_a_trend_of_five_means_has_its_exact_p():
    made = trend([1, 2, 3, 4, 5], [0.9, 0.8, 0.85, 0.6, 0.5])
    x, y = [1, 2, 3, 4, 5], [0.9, 0.8, 0.85, 0.6, 0.5]
    rho = stats.spearmanr(x, y).statistic
    reached = sum(
        abs(stats.spearmanr(x, order).statistic) >= abs(rho) - 1e-9 for order in itertools.permutations(y)
    )
    assert made.rho == pytest.approx(rho, rel=1e-12)
    assert made.p == pytest.approx(reached / 120, rel=1e-12)
    assert trend([1, 2, 3, 4, 5], [5.0, 4.0, 3.0, 2.0, 1.0]).p == pytest.approx(2 / 120)


def test_a_trend_with_ties_and_of_many_means():
    x = [1e-4, 1e-4, 3e-4, 3e-4, 1e-3, 1e-3, 3e-3, 3e-3, 1e-2, 1e-2]
    y = [3.1, 3.0, 2.9, 2.95, 2.7, 2.8, 2.75, 2.6, 2.5, 2.65]
    made = trend(x, y)
    oracle = stats.spearmanr(x, y)
    assert made.rho == pytest.approx(oracle.statistic, rel=1e-12)
    assert made.p < 1e-3
    assert trend([1, 1, 1], [1, 2, 3]) is None
    assert trend([1, 2], [1, 2]) is None


def test_ends_within_noise():
    """Ten block means each, so Student's quantile with 18 degrees of freedom."""
    blocks = np.random.default_rng(0).normal(2.0, 0.1, 10)
    limit = stats.t.ppf(0.975, 18) * math.sqrt(2 * blocks.var(ddof=1) / 10)
    for apart, within in [(0.99, True), (-0.99, True), (1.01, False)]:
        assert within_noise(float(apart * limit), blocks.tolist(), blocks.tolist()) is within
    assert within_noise(0.0, [1.0], blocks.tolist()) is None
    assert within_noise(0.0, [1.0, 1.0], [1.0, 1.0]) is True
    assert within_noise(0.1, [1.0, 1.0], [1.1, 1.1]) is False


@pytest.mark.parametrize("df", [*range(1, 25), 4.5, 1e6])
@pytest.mark.parametrize("p", [0.975, 0.95, 0.9995])
def test_quantiles_are_those_of_scipy(df: float, p: float) -> None:
    assert inference.quantile(df, p) == pytest.approx(stats.t.ppf(p, df), rel=1e-12)
