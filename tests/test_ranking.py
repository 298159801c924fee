"""Ranks, and what of them is noise."""

from __future__ import annotations

import numpy as np

from reportgen.ranking import Contender, ranked


def test_the_lower_goes_first():
    made = ranked([Contender(2.0), Contender(1.0), Contender(3.0)], "end")
    assert (made.order, made.first, made.last) == ((1, 0, 2), 1, 2)
    assert made.within_noise is None


def test_higher_may_be_better():
    made = ranked([Contender(0.9), Contender(0.99)], "accuracy.last", "higher")
    assert (made.first, made.last) == (1, 0)


def test_diverged_unfinished_and_empty_runs_have_no_rank():
    made = ranked(
        [Contender(2.0), Contender(1.0, diverged=True), Contender(0.5, unfinished=True), Contender(None)],
        "end",
    )
    assert (made.order, made.last) == ((0,), None)
    assert (made.diverged, made.unfinished, made.without) == ((1,), (2,), (3,))


def test_a_value_that_is_finite_does_not_save_a_run_that_ended_in_nan():
    assert ranked([Contender(1e-9, diverged=True), Contender(2.0)], "end").order == (1,)


def test_runs_with_equal_series_count_once():
    made = ranked([Contender(1.0, series="x"), Contender(2.0, series="y"), Contender(1.0, series="x")], "end")
    assert made.order == (0, 1)
    assert made.equal == ((0, 2),)


def test_noise_is_between_the_lowest_and_the_next_only():
    drawn = np.random.default_rng(0)
    ends = [drawn.normal(level, 0.1, 50) for level in (2.0, 2.001, 5.0)]
    runs = [Contender(float(end.mean()), blocks=tuple(end.reshape(10, 5).mean(axis=1))) for end in ends]
    assert ranked(runs[:2], "end").within_noise is True
    assert ranked(runs[::2], "end").within_noise is False
    assert ranked(runs, "end").within_noise is True
    assert ranked([Contender(1.0), Contender(1.0)], "eval_loss.last").within_noise is None


def test_nothing_to_rank():
    made = ranked([], "end")
    assert (made.first, made.last, made.within_noise) == (None, None, None)


def test_a_run_that_logs_zeros_has_no_rank():
    made = ranked([Contender(0.0, zeros=True), Contender(2.0)], "end")
    assert (made.order, made.zeros) == ((1,), (0,))
