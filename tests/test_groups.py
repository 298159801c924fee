"""Who belongs together: cases worked by hand, most of them from reports that said false things."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.groups import Grouping, LeftOut, Member, grouped, measured, reached

_names = itertools.count()


def member(seed=None, value: float | None = 1.0, **more) -> Member:
    name = f"run{next(_names)}"
    return Member(
        label=more.get("label", name),
        attributes=more.get("attributes", {}),
        known=more.get("known", True),
        seed=seed,
        place=more.get("place", "here"),
        steps=more.get("steps", 1000),
        series=more.get("series", name),
        value=value,
        why=more.get("why", ""),
    )


def shape(grouping: Grouping) -> list[tuple[int, ...]]:
    return [group.runs for group in grouping.groups]


def test_two_rates_are_two_groups():
    """Of an old report: rates 1e-3 and 1e-4 with seeds 0 to 3 each were one line, "4 seeds, mean 2.45"."""
    rates = [1e-3] * 4 + [1e-4] * 4
    made = measured(
        grouped(
            [member(index % 4, float(index), attributes={"lr": rate}) for index, rate in enumerate(rates)]
        )
    )
    assert shape(made) == [(0, 1, 2, 3), (4, 5, 6, 7)]
    assert [group.attributes for group in made.groups] == [{"lr": 1e-3}, {"lr": 1e-4}]
    assert [group.estimate.mean for group in made.groups] == [1.5, 5.5]
    assert made.alone == ()


def test_twelve_runs_of_four_rates_all_have_a_place():
    made = grouped([member(seed, attributes={"lr": rate}) for rate in (1, 2, 3, 4) for seed in (1, 2, 3)])
    assert shape(made) == [(0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11)]


def test_a_missing_key_is_a_value_of_its_own():
    made = grouped(
        [member(1), member(2), member(1, attributes={"wd": 0.1}), member(2, attributes={"wd": 0.1})]
    )
    assert shape(made) == [(0, 1), (2, 3)]


def test_numbers_are_equal_however_they_are_written_and_a_flag_is_no_number():
    attributes = [{"batch": 16}, {"batch": 16.0}, {"batch": True}]
    made = grouped([member(seed, attributes=one) for seed, one in enumerate(attributes)])
    assert shape(made) == [(0, 1)]


def test_source_and_start_part_runs():
    made = grouped([member(1), member(2), member(3, place="there"), member(4, place="there")])
    assert shape(made) == [(0, 1), (2, 3)]


def test_a_seed_counts_once_and_the_second_is_named():
    made = grouped([member(1, 2.0, label="first"), member(1, 9.0), member(2, 4.0)])
    (group,) = made.groups
    assert group.runs == (0, 1, 2)
    assert group.values == (2.0, 4.0)
    assert group.left_out == (LeftOut(1, "the same seed as first"),)
    assert group.size == 2


def test_runs_of_one_seed_are_no_group():
    made = grouped([member(1), member(1)])
    assert made.groups == ()
    assert made.needed == "One run per configuration: nothing can be tested."


def test_equal_series_count_once_and_are_named():
    made = grouped([member(1, 2.0, series="x", label="first"), member(2, 2.0, series="x"), member(3, 3.0)])
    (group,) = made.groups
    assert group.values == (2.0, 3.0)
    assert group.left_out == (LeftOut(1, "the same losses as first"),)


def test_a_diverged_and_an_unfinished_run_have_no_value_in_their_group():
    made = grouped(
        [
            member(1, 2.0),
            member(2, None, why="diverged", steps=300),
            member(3, None, why="unfinished", steps=10),
            member(4, 3.0),
        ]
    )
    (group,) = made.groups
    assert (len(group.values), group.size) == (2, 4)
    assert group.left_out == (LeftOut(1, "diverged"), LeftOut(2, "unfinished"))


@pytest.mark.parametrize(("steps", "together"), [(951, False), (953, True), (1000, True)])
def test_lengths_agree_to_five_percent(steps, together):
    made = grouped([member(1, steps=1000), member(2, steps=1000), member(3, steps=steps)])
    (group,) = made.groups
    assert group.runs == ((0, 1, 2) if together else (0, 1))
    assert group.left_out == (
        () if together else (LeftOut(2, f"trained for {steps:,} steps, the group for 1,000 steps"),)
    )


def test_two_lengths_are_two_groups():
    made = grouped([member(seed, steps=steps) for steps in (500, 1000) for seed in (1, 2, 3)])
    assert shape(made) == [(0, 1, 2), (3, 4, 5)]


def test_what_is_alone_is_named():
    made = grouped([member(1), member(2), member(), member(1, attributes={"lr": 3}), member(4, known=False)])
    assert made.alone == (
        LeftOut(2, "no seed"),
        LeftOut(3, "no other run differs only in the seed"),
        LeftOut(4, "only its seed is known"),
    )


def test_what_would_group_runs_is_said():
    assert "No seed is known" in grouped([member(), member()]).needed
    assert "Only seeds are known" in grouped([member(1, known=False), member(2, known=False)]).needed
    assert grouped([member()]).needed == ""
    assert grouped([]).needed == ""


def test_group_by_of_the_list():
    members = [member(attributes={"lr": lr, "wd": wd}) for lr in (1, 2) for wd in (0, 1)]
    assert shape(grouped(members, ["lr"])) == [(0, 1), (2, 3)]
    assert shape(grouped(members, [])) == [(0, 1, 2, 3)]
    assert grouped(members, ["lr"]).groups[0].attributes == {"lr": 1}


def test_one_scale_for_all_groups():
    members = [
        member(seed, value, attributes={"lr": lr})
        for lr, seed, value in [(1, 1, 1.0), (1, 2, 1.1), (2, 1, 3.0), (2, 2, 3.1)]
    ]
    assert {group.estimate.scale for group in measured(grouped(members)).groups} == {"log"}
    assert measured(grouped(members), "linear").scale == "linear"


def test_a_target_of_a_group():
    (group,) = measured(grouped([member(seed, value) for seed, value in enumerate([3.1, 3.2, 3.3])])).groups
    made = reached(group, 3.28, [900, 950, None], lower=True, scale="linear")
    assert (made.value, made.reached, made.steps) == (3.28, 2, (900, 950, None))
    t = 0.08 / (0.1 / math.sqrt(3))
    assert made.p == pytest.approx(0.5 - t / (2 * math.sqrt(2 + t**2)), rel=1e-9)  # 2 degrees of freedom


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from([None, 1e-3, 1e-4]),
            st.sampled_from(["a", "b"]),
            st.sampled_from([100, 1000]),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_every_run_of_a_family_with_groups_is_counted_or_named_once(drawn):
    members = [
        member(
            seed,
            1.0 + seed if whole else None,
            attributes={} if rate is None else {"lr": rate},
            place=place,
            steps=steps,
            why="" if whole else "diverged",
        )
        for seed, rate, place, steps, whole in drawn
    ]
    made = grouped(members)
    if made.groups:
        counted = [run for group in made.groups for run in group.counted]
        named = [left.run for group in made.groups for left in group.left_out]
        assert sorted([*counted, *named, *(left.run for left in made.alone)]) == list(range(len(members)))
    for group in made.groups:
        assert len({members[run].seed for run in group.runs}) > 1
        assert len({(members[run].attributes.get("lr"), members[run].place) for run in group.runs}) == 1


def test_groups_come_by_their_values_where_the_list_has_no_order() -> None:
    """1e-4, 1e-3, 1e-2, though names sort the other way; text as it first comes, what is missing last."""
    rates = (1e-2, 1e-3, 1e-4)
    members = [
        member(seed, attributes={"opt": opt, "lr": lr})
        for opt in ("sgd", "adam")
        for lr in (*rates, None)
        for seed in (0, 1)
    ]
    for by_value, order in ((True, (1e-4, 1e-3, 1e-2, None)), (False, (*rates, None))):
        found = [members[one.runs[0]].attributes for one in grouped(members, by_value=by_value).groups]
        assert found == [{"opt": opt, "lr": lr} for opt in ("sgd", "adam") for lr in order]
