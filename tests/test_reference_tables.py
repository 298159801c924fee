"""Groups against a reference and a target, compared with scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reportgen.model_list import TableSpec
from reportgen.outputs import html
from reportgen.reference_tables import reference_table, tables_of, target_table
from tests import samples

LEVELS = {"a": 3.0, "b": 3.5, "c": 3.01}


def values(name):
    return np.random.default_rng(ord(name)).normal(LEVELS[name], 0.02, 4)


def family(**fields):
    runs = [
        samples.run_report(
            f"{name}{seed}",
            np.full(30, value),
            attrs={"opt": name, "seed": seed},
            label=f"{name}{seed}",
            slug=f"{name}{seed}",
        )
        for name in LEVELS
        for seed, value in enumerate(values(name))
    ]
    return samples.family_report("Sweep", runs, **fields)


def test_differences_are_those_of_welch_with_holms_correction():
    made = reference_table(family(reference={"opt": "a"}))
    assert [row.cells[0].text for row in made.rows] == ["opt=b", "opt=c"]
    tests = [stats.ttest_ind(values(name), values("a"), equal_var=False) for name in "bc"]
    low, high = sorted(test.pvalue for test in tests)
    corrected = {low: min(1, 2 * low), high: min(1, max(2 * low, high))}
    for row, name, test in zip(made.rows, "bc", tests, strict=True):
        assert row.cells[2].value == pytest.approx(values(name).mean() - values("a").mean(), rel=1e-9)
        assert row.cells[5].value == pytest.approx(corrected[test.pvalue], rel=1e-9)
    assert made.rows[0].cells[5].bold  # told apart
    assert not made.rows[1].cells[5].bold


def test_what_became_of_a_target():
    of = family(target=3.2)
    made = target_table(of)
    p = {name: stats.ttest_1samp(values(name), 3.2, alternative="less").pvalue for name in "abc"}
    assert [row.cells[0].text for row in made.rows] == ["opt=a", "opt=b", "opt=c"]
    # Holm over the three pairs of groups and the three targets: no corrected p is below its own.
    for row, name in zip(made.rows, "abc", strict=True):
        assert p[name] <= row.cells[5].value <= min(1.0, 6 * p[name] + 1e-12) or row.cells[5].value == 1.0
        assert row.cells[4].value == pytest.approx(values(name).mean(), rel=1e-9)
    assert [row.cells[5].bold for row in made.rows] == [True, False, True]


def test_there_are_none_without_either_and_both_are_on_the_page():
    assert list(tables_of(family())) == []
    page = html.render(samples.report([family(target=3.2, reference={"opt": "a"})]))
    assert 'id="table-reference-Sweep"' in page
    assert 'id="table-target-Sweep"' in page


def test_the_pairs_of_a_table_count_in_holms_correction():
    table = TableSpec("By optimizer", ("opt",), (), "end")
    alone, crossed = (family(reference={"opt": "a"}, tables=tables) for tables in ((), (table,)))
    p = min(stats.ttest_ind(values(name), values("a"), equal_var=False).pvalue for name in "bc")
    assert reference_table(alone).rows[0].cells[5].value == pytest.approx(2 * p, rel=1e-9)
    # 2 tests against the reference and the 3 pairs of the table, of which that of a and b is the same test.
    assert reference_table(crossed).rows[0].cells[5].value >= 4 * p * (1 - 1e-9)
