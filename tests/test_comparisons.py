"""Which groups are compared: cases worked by hand; the numbers have their oracles in test_inference."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from reportgen import inference
from reportgen.comparisons import contrasts, corrected, varied, varied_values
from reportgen.groups import Group, Grouping, Reached, measured

_drawn = np.random.default_rng(0)


def group(values, target=None, **attributes) -> Group:
    return Group(attributes, (), (), (), tuple(values), target=target)


def near(level: float, n: int = 3) -> list[float]:
    return [float(value) for value in _drawn.normal(level, 0.01, n)]


def grouping(*groups: Group) -> Grouping:
    return measured(Grouping(groups, (), ""), "linear")


def named(made) -> list[tuple[object, ...]]:
    return [(one.kind, *(tuple(side.attributes.values()) for side in one.sides)) for one in made]


def test_all_pairs_of_groups_that_differ_in_one_attribute():
    groups = [group(near(2.0 + rate), lr=rate, depth=6) for rate in (1, 2, 3)]
    made = contrasts(grouping(*groups))
    assert varied(groups) == ("lr",)
    assert named(made) == [("groups", (1,), (2,)), ("groups", (1,), (3,)), ("groups", (2,), (3,))]
    oracle = stats.ttest_ind(groups[0].values, groups[1].values, equal_var=False)
    assert made[0].p == pytest.approx(oracle.pvalue, rel=1e-6)


def test_with_a_reference_each_group_against_it():
    made = contrasts(grouping(*(group(near(2.0), lr=rate) for rate in (1, 2, 3))), {"lr": 2.0})
    assert named(made) == [("groups", (1,), (2,)), ("groups", (3,), (2,))]
    assert named(contrasts(grouping(*(group(near(2.0), lr=rate) for rate in (1, 2, 3))), [0])) == [
        ("groups", (2,), (1,)),
        ("groups", (3,), (1,)),
    ]


def test_a_reference_that_fits_several_groups_is_the_one_that_agrees_in_all_else():
    cells = [group(near(2.0), lr=lr, wd=wd) for lr in (1, 2) for wd in (0, 1)]
    made = contrasts(grouping(*cells), {"lr": 1})
    assert named(made) == [("groups", (2, 0), (1, 0)), ("groups", (2, 1), (1, 1))]


def test_in_a_grid_the_values_of_an_attribute_over_the_others():
    cells = [group(near(2.0 + lr + 10 * wd), lr=lr, wd=wd) for lr in (0.1, 0.2) for wd in (0, 1)]
    made = contrasts(grouping(*cells))
    assert named(made) == [("values", (0.1,), (0.2,)), ("values", (0,), (1,))]
    assert made[0].found.blocks == 2
    assert made[0].found.difference == pytest.approx(-0.1, abs=0.03)
    assert made[0].sides[0].groups == (0, 1)


def test_what_shares_no_block_is_not_compared():
    assert contrasts(grouping(group(near(1), lr=1, wd=1), group(near(2), lr=2, wd=2))) == ()


def test_groups_of_two_are_not_tested():
    assert contrasts(grouping(group(near(1, 2), lr=1), group(near(2, 2), lr=2))) == ()


def test_a_trend_needs_five_values():
    assert [one.kind for one in contrasts(grouping(*(group(near(lr), lr=lr) for lr in range(4))))] == [
        "groups"
    ] * 6
    made = contrasts(grouping(*(group(near(lr), lr=lr) for lr in range(5))))[-1]
    assert (made.kind, made.attribute, made.found.rho) == ("trend", "lr", pytest.approx(1.0))
    assert made.p == pytest.approx(2 / 120)


def test_a_trend_in_a_grid_is_of_what_the_blocks_leave():
    cells = [group(near(2.0 - 0.1 * lr + 100 * wd), lr=lr, wd=wd) for wd in (0, 1) for lr in range(6)]
    made = [one for one in contrasts(grouping(*cells)) if one.kind == "trend"]
    assert [(one.attribute, one.found.n, one.found.rho) for one in made] == [("lr", 6, pytest.approx(-1.0))]


def test_targets_of_three_runs_are_tested():
    target = Reached(3.0, 3, (1, 2, 3), 0.01)
    made = contrasts(grouping(group(near(2), target), group(near(2, 2), target, lr=2)))
    assert [(one.kind, one.p) for one in made] == [("target", 0.01)]


def test_all_families_are_corrected_together():
    families = [contrasts(grouping(*(group(near(2.0), lr=rate) for rate in (1, 2, 3)))) for _ in range(4)]
    after = corrected(families)
    expected = inference.holm([one.p for family in families for one in family])
    assert [one.corrected for family in after for one in family] == list(expected)
    assert [len(family) for family in after] == [3] * 4


def test_values_rise_and_missing_ones_come_last():
    groups = [group([1.0], lr=3), group([1.0]), group([1.0], lr="b"), group([1.0], lr=1.0)]
    assert varied_values(groups, "lr") == (1.0, 3, "b", None)


def test_groups_that_are_alike_are_told_apart_in_fewer_than_five_percent_of_reports():
    """Ten families of 2 x 3 groups with n = 3, 400 reports: Holm's promise, with room for chance (3 sd)."""
    drawn = np.random.default_rng(1)
    reports = 400
    false = 0
    for _ in range(reports):
        families = []
        for _ in range(10):
            cells = [
                group([float(value) for value in drawn.normal(3, 0.1, 3)], lr=lr, wd=wd)
                for lr, wd in itertools.product((1, 2), (0, 1, 2))
            ]
            families.append(contrasts(grouping(*cells)))
        false += any(one.corrected.found for family in corrected(families) for one in family)
    assert false / reports < 0.05 + 3 * (0.05 * 0.95 / reports) ** 0.5
