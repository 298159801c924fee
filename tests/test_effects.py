"""The data of figures against attributes."""

from __future__ import annotations

import itertools
import statistics

import pytest

from reportgen.effects import HeatMap, Panel, effects, is_logarithmic


def runs(**axes):
    """Every combination of the values of ``axes``, two runs each, their values 1, 2, 3, ..."""
    attributes = [
        dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values()) for _ in range(2)
    ]
    return attributes, [float(value) for value in range(1, len(attributes) + 1)]


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([1e-4, 3e-4, 1e-3, 3e-3], True),
        ([1, 10, 100], True),
        ([1, 2, 3, 4, 20], True),
        ([2, 4, 8], False),
        ([0, 1, 10], False),
        ([16, 32, 64, 128, 256], True),
        ([10, 20, 30, 40, 50, 60, 70, 80, 90, 100], False),
        ([1e-4, 1e-2], False),
        (["a", "b", "c"], False),
    ],
)
def test_an_axis_is_logarithmic_where_the_values_are(values, log):
    assert is_logarithmic(values) is log


def test_one_number_is_a_panel_of_points():
    attributes, values = runs(lr=[1e-3, 1e-4, 1e-5])
    (made,) = effects(attributes, values, ["lr"], scale="linear")
    assert isinstance(made, Panel)
    assert (made.key, made.kind, made.log, made.values) == ("lr", "number", True, (1e-5, 1e-4, 1e-3))
    assert [cell.estimate.mean for cell in made.cells] == [5.5, 3.5, 1.5]
    assert made.cells[0].estimate.sd == pytest.approx(statistics.stdev([5, 6]))


def test_one_category_is_a_panel_too():
    attributes, values = runs(model=["vit", "cnn"])
    (made,) = effects(attributes, values, ["model"])
    assert (made.kind, made.log, made.values) == ("category", False, ("cnn", "vit"))


def test_two_attributes_are_a_heat_map_with_more_values_across():
    attributes, values = runs(wd=[0, 0.1], lr=[1, 2, 3])
    (made,) = effects(attributes, values, ["wd", "lr"])
    assert isinstance(made, HeatMap)
    assert (made.row, made.column, made.fixed) == ("wd", "lr", {})
    assert len(made.table.cells) == 6
    assert {cell.of for cell in made.table.cells} == {2}


def test_more_attributes_are_small_multiples_on_one_scale():
    attributes, values = runs(model=["a", "b"], wd=[0, 0.1, 0.2], lr=[1, 2, 3])
    made = effects(attributes, values, ["model", "wd", "lr"])
    assert [one.fixed for one in made] == [{"model": "a"}, {"model": "b"}]
    assert {one.table.scale for one in made} == {"log"}
    assert sum(len(one.table.cells) for one in made) == 18


def test_too_many_multiples_are_a_panel_an_attribute():
    attributes, values = runs(a=list(range(4)), b=list(range(4)), c=list(range(4)), d=list(range(4)))
    made = effects(attributes, values, ["a", "b", "c", "d"])
    assert [one.key for one in made] == ["a", "b", "c", "d"]
    assert [len(one.cells) for one in made] == [4] * 4


def test_nothing_varies():
    assert effects([{}], [1.0], []) == ()


def test_runs_that_do_not_count_have_no_part():
    attributes = [{"lr": 1}, {"lr": 2}, {"lr": 3}, {"lr": 4}]
    (made,) = effects(attributes, [1.0, 2.0, 3.0, 4.0], ["lr"], counts=[True, False, True, True])
    assert made.values == (1, 3, 4)


def test_two_runs_are_no_figure():
    assert effects([{"lr": 1}, {"lr": 2}], [1.0, 2.0], ["lr"]) == ()


def test_runs_without_a_value_do_not_make_a_figure():
    assert effects([{"lr": 1}, {"lr": 2}, {"lr": 3}], [1.0, 2.0, None], ["lr"]) == ()


def test_a_random_search_is_a_panel_an_attribute_without_pretending_repeats():
    attributes = [{"lr": 10.0**-k, "wd": k / 10} for k in range(1, 9)]
    made = effects(attributes, [float(k) for k in range(8)], ["lr", "wd"])
    assert [(one.key, one.kind, one.pooled) for one in made] == [
        ("lr", "number", True),
        ("wd", "number", True),
    ]


def test_a_category_with_a_value_for_each_run_says_nothing():
    attributes = [{"name": letter} for letter in "abcd"]
    assert effects(attributes, [1.0, 2.0, 3.0, 4.0], ["name"]) == ()


def test_a_long_side_is_no_heat_map():
    attributes = [{"lr": lr, "wd": wd} for lr in range(17) for wd in range(2)]
    made = effects(attributes, [float(k) for k in range(34)], ["lr", "wd"])
    assert [one.key for one in made] == ["lr", "wd"]


def test_thousands_of_values_of_a_number_are_no_panel():
    attributes = [{"lr": 1e-6 * (k + 1), "wd": k % 7} for k in range(1_200)]
    assert [one.key for one in effects(attributes, [float(k) for k in range(1_200)], ["lr", "wd"])] == ["wd"]
