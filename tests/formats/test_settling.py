"""``formats.settling`` against a slow oracle that looks at every pair of entries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.formats.settling import numbered, one_run, repeated_runs, settle
from reportgen.kinds import RunFile, Series, Unreadable


def series(name: str, steps: Sequence[int], rows: Sequence[int] | None = None, **more: object) -> Series:
    """A series whose values say which entry they are: 0.5, 1.5, ..."""
    return Series(
        name,
        np.arange(len(steps)) + 0.5,
        np.array(steps, dtype=np.int64),
        name,
        rows=None if rows is None else np.array(rows, dtype=np.int64),
        **more,  # type: ignore[arg-type]
    )


def run_of(*all_series: Series) -> RunFile:
    return RunFile({one.name: one for one in all_series})


def entries(one: Series) -> list[tuple[int, float]]:
    assert one.steps is not None
    return list(zip(one.steps.tolist(), one.values.tolist(), strict=True))


def oracle(main: list[int], other: list[tuple[int, int]] | None = None) -> list[tuple[int, float]]:
    """What stays of entries (row, step), for the steps ``main`` of the longest series."""
    mine = list(enumerate(main)) if other is None else other
    stays = []
    for number, (row, step) in enumerate(mine):
        gone = any(
            main[later] < main[later - 1] and main[later] <= step for later in range(row + 1, len(main))
        )
        if not gone:
            stays.append((step, number + 0.5))
    return sorted(stays, key=lambda entry: entry[0])


def test_steps_that_only_rise_stay_as_they_are() -> None:
    run = run_of(series("loss", [3, 3, 7, 12, 40]), series("eval_loss", [7, 40]))
    assert settle(run) == run


def test_series_without_steps_stay_as_they_are() -> None:
    run = run_of(Series("loss", np.arange(30.0)))
    assert settle(run) == run


def test_a_restart_supersedes_what_came_before_in_all_series_of_its_unit() -> None:
    loss = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 60, 70, 80, 90, 100, 110]
    run = settle(
        run_of(
            series("loss", loss, range(16), axes={"epoch": np.arange(16.0)}),
            series("eval_loss", [50, 100, 100], [4, 9, 14]),
        )
    )
    assert entries(run.series["loss"]) == [
        *((10.0 * (n + 1), n + 0.5) for n in range(5)),
        *((60, 10.5), (70, 11.5), (80, 12.5), (90, 13.5), (100, 14.5), (110, 15.5)),
    ]
    assert run.series["loss"].axes["epoch"].tolist() == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15]
    assert entries(run.series["eval_loss"]) == [(50, 0.5), (100, 2.5)]
    assert run.series["loss"].superseded == 5
    assert run.series["eval_loss"].superseded == 1
    assert run.marks == ("restarted",)
    (note,) = run.notes
    assert "go back once, to step 60" in note
    assert "5 of its entries" in note
    assert "repeats" not in note


def test_entries_at_one_step_with_a_restart_between_do_not_all_count() -> None:
    steps = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 4, 4, 4]
    assert entries(settle(run_of(series("loss", steps))).series["loss"])[-5:] == [
        *((3, 4.5), (3, 5.5)),
        *((4, 11.5), (4, 12.5), (4, 13.5)),
    ]


def test_a_late_entry_of_another_series_takes_its_place() -> None:
    run = settle(
        run_of(
            series("loss", range(30)), series("norm", [*range(0, 20, 2), 5, 20], [*range(0, 20, 2), 20, 21])
        )
    )
    assert run.series["norm"].steps is not None
    assert run.series["norm"].steps.tolist() == [0, 2, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20]
    assert run.series["norm"].values.tolist() == [
        0.5,
        1.5,
        2.5,
        10.5,
        3.5,
        4.5,
        5.5,
        6.5,
        7.5,
        8.5,
        9.5,
        11.5,
    ]
    assert run.series["norm"].superseded == 0
    assert run.marks == ()


def test_a_short_series_is_sorted() -> None:
    run = settle(run_of(series("loss", [400, 300, 300, 200, 100])))
    assert entries(run.series["loss"]) == [(100, 4.5), (200, 3.5), (300, 1.5), (300, 2.5), (400, 0.5)]
    assert run.marks == ()


def test_a_short_run_that_begins_again_is_not_mixed_with_the_first() -> None:
    run = settle(run_of(series("loss", [0, 1, 2, 0, 1, 2])))
    assert entries(run.series["loss"]) == [(0, 3.5), (1, 4.5), (2, 5.5)]
    assert run.marks == ("restarted",)
    assert "may hold 2 runs" in run.notes[0]


def test_a_series_written_backwards_is_turned_around() -> None:
    run = settle(
        run_of(series("loss", range(500, 0, -10), range(50)), series("eval_loss", [400, 200], [10, 30]))
    )
    assert entries(run.series["loss"]) == [(10 * n, 50.5 - n) for n in range(1, 51)]
    assert entries(run.series["eval_loss"]) == [(200, 1.5), (400, 0.5)]
    assert run.marks == ()


def test_appended_runs_of_detectron2() -> None:
    """19..299, 19..299, 19..999: one run restarted twice, or three runs."""
    first, last = range(19, 300, 20), range(19, 1000, 20)
    steps = [*first, *first, *last]
    run = run_of(series("loss", steps, range(len(steps))))
    settled = settle(run)
    assert settled.series["loss"].steps is not None
    assert settled.series["loss"].steps.tolist() == list(last)
    assert settled.series["loss"].superseded == 30
    assert "may hold 3 runs" in settled.notes[0]
    parts = repeated_runs(run)
    assert [entries(part.series["loss"]) for part in parts] == [
        [(step, n + 0.5) for n, step in enumerate(steps)][begin:end]
        for begin, end in ((0, 15), (15, 30), (30, 80))
    ]


def test_many_appended_short_runs_are_not_two_processes() -> None:
    settled = settle(run_of(series("loss", [*range(5)] * 6)))
    assert settled.series["loss"].superseded == 25
    assert "may hold 6 runs" in settled.notes[0]
    assert len(repeated_runs(run_of(series("loss", [*range(5)] * 6)))) == 6


def test_repeated_runs_take_the_other_series_with_them() -> None:
    run = run_of(
        series("loss", [1, 2, 3, 1, 2, 3, 4], [0, 1, 2, 4, 5, 6, 7]),
        series("eval_loss", [3, 4], [3, 8]),
        series("test_loss", [4], [9]),
    )
    first, second = repeated_runs(run)
    assert list(first.series) == ["loss", "eval_loss"]
    assert entries(first.series["eval_loss"]) == [(3, 0.5)]
    assert list(second.series) == ["loss", "eval_loss", "test_loss"]
    assert entries(second.series["loss"]) == [(1, 3.5), (2, 4.5), (3, 5.5), (4, 6.5)]
    assert entries(second.series["eval_loss"]) == [(4, 1.5)]
    assert settle(second, "runs").notes == ()


def test_the_name_says_which_run_of_a_file_is_meant() -> None:
    run = run_of(series("loss", [1, 2, 3, 1, 2]))
    assert numbered("a/b#12") == ("a/b", 12)
    assert numbered("a#b") == ("a#b", None)
    assert entries(one_run(run, "a#1", "runs", "f.csv").series["loss"]) == [(1, 0.5), (2, 1.5), (3, 2.5)]
    assert entries(one_run(run, "a#2", "runs", "f.csv").series["loss"]) == [(1, 3.5), (2, 4.5)]
    with pytest.raises(
        Unreadable, match=r"^f\.csv holds 2 runs, one after the other; write #1 after the run's name"
    ):
        one_run(run, "a", "runs", "f.csv")
    with pytest.raises(Unreadable, match=r"^f\.csv holds 2 runs, so there is no #3$"):
        one_run(run, "a#3", "runs", "f.csv")
    assert one_run(run, "a#2", None, "f.csv").marks == ("restarted",)


def test_one_run_is_one_of_repeated_runs() -> None:
    run = run_of(series("loss", [5, 6, 7, 6, 7]))
    assert repeated_runs(run) == [run]


def test_two_processes_in_one_file_are_refused() -> None:
    steps = [step for pair in zip(range(10, 400, 10), range(0, 390, 10), strict=True) for step in pair][2:]
    with pytest.raises(
        Unreadable, match=r"^log\.csv seems to be written by two processes at once: the steps"
    ):
        settle(run_of(series("loss", steps)), name="log.csv")


@pytest.mark.parametrize(("back", "refused"), [(3, False), (4, True)])
def test_two_processes_go_back_more_than_three_times(back: int, refused: bool) -> None:
    steps = list(range(100, 160))
    for number in range(back):
        steps[10 * number + 15] -= 5
    if refused:
        with pytest.raises(Unreadable):
            settle(run_of(series("loss", steps)))
    else:
        assert settle(run_of(series("loss", steps))).marks == ("restarted",)


def test_four_restarts_of_a_long_run_are_restarts() -> None:
    steps = [*range(50), *range(25, 75), *range(50, 100), *range(75, 125), *range(100, 150)]
    settled = settle(run_of(series("loss", steps)))
    assert settled.series["loss"].steps is not None
    assert settled.series["loss"].steps.tolist() == list(range(150))
    assert settled.series["loss"].superseded == 100


def test_series_that_count_something_else_are_another_unit() -> None:
    """mmengine: iterations in training rows, epochs in validation rows."""
    loss = [*range(50, 1050, 50), *range(500, 1050, 50)]
    run = run_of(
        series("loss", loss, [*range(20), *range(21, 32)]),
        series("top1", [1, 2, 3], [9, 20, 32]),
        series("top5", [50, 60], [9, 20], step_unit="epoch"),
    )
    settled = settle(run)
    assert settled.series["loss"].superseded == 11
    assert entries(settled.series["top1"]) == [(1, 0.5), (2, 1.5), (3, 2.5)]
    assert entries(settled.series["top5"]) == [(50, 0.5), (60, 1.5)]


def test_what_stands_in_another_table_is_bound_by_its_own_steps_back() -> None:
    loss = [*range(20), *range(10, 20)]
    run = run_of(
        series("loss", loss, range(30), table="a"),
        series("lr", loss, table="a"),
        series("norm", [*range(0, 20, 2), 10, 12, 14], range(13), table="b"),
    )
    settled = settle(run)
    assert settled.series["lr"].steps is not None and settled.series["norm"].steps is not None
    assert settled.series["lr"].steps.tolist() == list(range(20))
    assert settled.series["norm"].steps.tolist() == list(range(0, 16, 2))


STEPS = st.lists(st.integers(0, 40), min_size=10, max_size=60)


def _allowed(steps: list[int]) -> bool:
    back = [n for n in range(1, len(steps)) if steps[n] < steps[n - 1] and steps[n] > steps[0]]
    return not (len(back) > 3 and len(back) > len(steps) / 20)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.data())
def test_any_restarts_against_the_oracle(lengths: list[int], data: st.DataObject) -> None:
    """Runs of rising steps, one after the other, each begun anywhere; another series in some of the rows."""
    steps: list[int] = []
    for length in [*lengths, 10]:
        begin = data.draw(st.integers(0, 25))
        gaps = data.draw(st.lists(st.integers(0, 3), min_size=length, max_size=length))
        steps += [begin + sum(gaps[: n + 1]) for n in range(length)]
    rows = sorted(data.draw(st.sets(st.integers(0, len(steps) - 1), min_size=1)))
    other = [(row, data.draw(st.integers(max(steps) // 2 + 1, max(steps) + 2))) for row in rows]
    run = run_of(
        series("loss", steps, range(len(steps))),
        series(
            "eval_loss", [step for _, step in other][: len(steps) - 1] or [1], rows[: len(steps) - 1] or [0]
        ),
    )
    if not _allowed(steps):
        with pytest.raises(Unreadable):
            settle(run)
        return
    settled = settle(run)
    if all(after <= before for before, after in pairwise(steps)):
        return  # written backwards
    assert entries(settled.series["loss"]) == oracle(steps)
    if "eval_loss" not in settled.series:
        assert oracle(steps, other[: len(steps) - 1]) == []
        assert settled.notes[-1] == "All entries of eval_loss were superseded."
        return
    found = settled.series["eval_loss"]
    assert found.steps is not None
    assert (found.steps[1:] >= found.steps[:-1]).all()
    if max(step for _, step in other[: len(steps) - 1]) <= 2 * max(steps):
        assert entries(found) == oracle(steps, other[: len(steps) - 1])
    assert len(found.values) + found.superseded == len(run.series["eval_loss"].values)


@given(st.lists(st.lists(st.integers(-50, 50) | st.just(2**40), max_size=40), min_size=1, max_size=4))
def test_whatever_the_steps_they_never_go_back_and_nothing_is_lost(all_steps: list[list[int]]) -> None:
    run = run_of(*(series(f"s{n}", steps) for n, steps in enumerate(all_steps)))
    try:
        settled = settle(run)
    except Unreadable:
        return
    for name, after in settled.series.items():
        before = run.series[name]
        assert after.steps is not None and before.steps is not None
        assert (after.steps[1:] >= after.steps[:-1]).all()
        assert len(after.values) == len(after.steps) == len(before.values) - after.superseded
        for step, value in entries(after):
            assert before.steps[math.floor(value)] == step


@given(STEPS)
def test_settling_twice_changes_nothing(steps: list[int]) -> None:
    if not _allowed(steps):
        return
    once = settle(run_of(series("loss", steps)))
    twice = settle(once)
    assert entries(twice.series["loss"]) == entries(once.series["loss"])
    assert twice.series["loss"].superseded == once.series["loss"].superseded
    assert twice.marks == once.marks and twice.notes == once.notes


@given(STEPS)
def test_repeated_runs_share_out_every_entry(steps: list[int]) -> None:
    parts = repeated_runs(run_of(series("loss", steps, range(len(steps)))))
    assert [entry for part in parts for entry in entries(part.series["loss"])] == [
        (step, n + 0.5) for n, step in enumerate(steps)
    ]
    assert len(parts) == 1 + sum(
        steps[n] < steps[n - 1] and steps[n] <= steps[0] for n in range(1, len(steps))
    )


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ([10, 20, 20, 30], [0, 2, 3]),  # 20 was evaluated before the restart and after it
        ([5, 10, 15, 20, 15, 20, 30], [0, 1, 4, 5, 6]),
        ([10, 15, 20, 20, 30], [0, 3, 4]),  # 15 was taken back, and not evaluated again
        ([10, 20, 30, 30], [0, 1, 2, 3]),  # the restart took back no 30
        ([10, 10, 20, 20, 30, 30], [0, 1, 2, 3, 4, 5]),  # each step is evaluated twice
    ],
)
def test_a_restart_bounds_a_short_series_of_another_table(steps: list[int], kept: list[int]) -> None:
    loss = [*range(1, 21), *range(11, 31)]  # back from 20 to 11
    settled = settle(run_of(series("loss", loss, table="a"), series("eval_loss", steps, table="b")))
    one = settled.series["eval_loss"]
    assert entries(one) == [(steps[at], at + 0.5) for at in kept]
    assert one.superseded == len(steps) - len(kept)
