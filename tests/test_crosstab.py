"""Tables over attributes, of cases worked by hand."""

from __future__ import annotations

import itertools

import pytest

from reportgen.comparisons import corrected
from reportgen.crosstab import crosstab, led, pairs


def runs(cells: dict[tuple[object, object], list[float | None]]):
    attributes, values = [], []
    for (model, lr), some in cells.items():
        for value in some:
            attributes.append({key: one for key, one in (("model", model), ("lr", lr)) if one is not None})
            values.append(value)
    return attributes, values


def test_rows_columns_and_cells():
    attributes, values = runs({("vit", 1e-3): [2.0, 2.2], ("cnn", 1e-4): [3.0, None], ("cnn", 1e-3): [1.0]})
    made = crosstab(attributes, values, ["model"], ["lr"])
    assert made.rows == (("cnn",), ("vit",))
    assert made.columns == ((1e-4,), (1e-3,))
    assert [(cell.row, cell.column, cell.runs, cell.of) for cell in made.cells] == [
        (0, 0, (2,), 2),
        (0, 1, (4,), 1),
        (1, 1, (0, 1), 2),
    ]
    assert made.scale == "log"  # 3.0 is over twice 1.0
    assert made.cells[2].estimate.mean == pytest.approx((2.0 * 2.2) ** 0.5)


def test_a_table_without_columns_and_with_a_missing_key():
    attributes, values = runs({("vit", 1): [2.0], (None, 1): [2.5]})
    made = crosstab(attributes, values, ["model"], [])
    assert made.rows == (("vit",), (None,))
    assert made.columns == ((),)


def test_runs_that_do_not_count_are_left_out():
    attributes, values = runs({("vit", 1): [2.0, 9.0], ("cnn", 1): [2.5]})
    made = crosstab(attributes, values, ["model"], [], counts=[True, False, True])
    assert [cell.values for cell in made.cells] == [(2.5,), (2.0,)]


def test_the_leading_cells_are_the_best_and_those_not_told_from_it():
    attributes, values = runs(
        {("a", 1): [2.00, 2.01, 2.02], ("b", 1): [2.01, 2.00, 2.03], ("c", 1): [3.00, 3.01, 3.02]}
    )
    made = crosstab(attributes, values, ["model"], ["lr"])
    tests = pairs(made)
    assert [tuple(side.groups[0] for side in one.sides) for one in tests] == list(
        itertools.combinations(range(3), 2)
    )
    (tests,) = corrected([tests])
    assert [cell.leads for cell in led(made, tests, "lower").cells] == [True, True, False]
    assert [cell.leads for cell in led(made, tests, "higher").cells] == [False, False, True]
    assert not any(cell.leads for cell in led(made, tests, None).cells)


def test_nothing_leads_where_nothing_is_told_apart():
    attributes, values = runs({("a", 1): [2.0, 2.1], ("b", 1): [9.0, 9.1]})
    made = crosstab(attributes, values, ["model"], ["lr"])
    assert pairs(made) == ()
    assert led(made, (), "lower") == made


def test_a_cell_of_too_few_runs_to_be_tested_does_not_lead():
    attributes, values = runs(
        {("a", 1): [2.00, 2.01, 2.02], ("b", 1): [3.0, 3.01, 3.02], ("c", 1): [9.0, 9.1]}
    )
    made = crosstab(attributes, values, ["model"], ["lr"])
    (tests,) = corrected([pairs(made)])
    assert [cell.leads for cell in led(made, tests, "lower").cells] == [True, False, False]


def test_cells_that_are_equal_without_any_spread_lead_together():
    attributes, values = runs({("a", 1): [1.0] * 3, ("b", 1): [1.0] * 3, ("c", 1): [0.90, 0.91, 0.92]})
    made = crosstab(attributes, values, ["model"], ["lr"])
    (tests,) = corrected([pairs(made)])
    assert [cell.leads for cell in led(made, tests, "higher").cells] == [True, True, False]
