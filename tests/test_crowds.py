"""Families too large to draw every line: quantiles against NumPy's own, and which runs are named."""

from __future__ import annotations

import numpy as np
import pytest
from page_driver import many_runs

from reportgen.figures.crowds import CROWD, quantiles
from reportgen.figures.families import all_steps, end, log_steps
from tests import samples


def test_quantiles_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    steps = [np.arange(50)] * 301
    lines = [rng.lognormal(size=50) for _ in steps]
    found = quantiles(steps, lines)
    at = np.searchsorted(np.arange(50), found.step)
    for own, share in ((found.low, 0.05), (found.mean, 0.5), (found.high, 0.95)):
        expected = np.quantile(np.array(lines), share, axis=0, method="lower")
        np.testing.assert_array_equal(own, expected[at])


def test_runs_that_ended_do_not_count_where_they_are_not() -> None:
    steps = [np.arange(10)] * 8 + [np.arange(20)] * 2
    lines = [np.full(len(step), float(k)) for k, step in enumerate(steps)]
    found = quantiles(steps, lines)
    assert found.step[-1] == 19
    assert found.mean[found.step < 10].tolist() == [4.0] * int((found.step < 10).sum())
    assert set(found.mean[found.step > 9]) == {8.0}


def test_shares_are_compared_where_lengths_differ() -> None:
    steps = [np.array([0, 5, 10]), np.array([0, 50, 100])]
    lines = [np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0])]
    found = quantiles(steps, lines, shares=True)
    np.testing.assert_allclose(found.low, found.high)
    np.testing.assert_allclose(found.mean, found.step / 50)


@pytest.mark.parametrize("build", [all_steps, log_steps, end])
def test_a_large_family_has_a_median_some_names_and_a_sample(build: object) -> None:
    family = samples.family_report("Addition", many_runs(CROWD + 1))
    plot = build(family)  # type: ignore[operator]
    front = [line for line in plot.lines if not line.behind]
    behind = [line for line in plot.lines if line.behind]
    assert len(behind) <= 110
    losses = [run.summary.metrics.avg_final_loss for run in family.runs]
    order = np.argsort(losses)
    named = {family.runs[at].slug for at in (*order[:3], *order[-3:])}
    if plot.lines[0].words is not None:
        assert {line.id for line in front[1:]} == named
    else:
        assert named <= {line.id for line in front}
    assert not {line.id for line in behind} & named
    assert f"{CROWD + 1:,}" in plot.crowd or "group" in plot.crowd


def test_a_small_family_has_every_line() -> None:
    plot = log_steps(samples.family_report("Addition", many_runs(CROWD)))
    assert plot is not None
    assert plot.crowd == ""
    assert len(plot.lines) == CROWD
