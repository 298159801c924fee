"""Sentences: each of a case worked by hand, none where nothing can be told."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reportgen.comparisons import contrasts, corrected
from reportgen.curves.summary import Event
from reportgen.findings import Facts, findings, together
from reportgen.groups import Member, grouped, measured, reached
from reportgen.ranking import Contender, ranked


def facts(runs, *, name="Sweep", scale=None, better="lower", reference=None, **more) -> Facts:
    """A family of runs: attributes, seed and value of each; no value is a run that diverged."""
    members = [
        Member(
            label=f"run{index}",
            attributes=attributes,
            known=True,
            seed=seed,
            place="",
            steps=100,
            series=str(index),
            value=value,
            why="" if value is not None else "diverged",
        )
        for index, (attributes, seed, value) in enumerate(runs)
    ]
    grouping = measured(grouped(members), scale)
    groups = tuple(
        type(group)(
            group.attributes,
            group.runs,
            group.counted,
            group.left_out,
            group.values,
            group.estimate,
            group.target,
            ", ".join(f"{key} {value}" for key, value in group.attributes.items()),
        )
        for group in grouping.groups
    )
    grouping = type(grouping)(groups, grouping.alone, grouping.needed, grouping.scale)
    return Facts(
        name=name,
        slug=name.lower(),
        labels=[member.label for member in members],
        attributes=[member.attributes for member in members],
        grouping=grouping,
        contrasts=corrected([contrasts(grouping, reference)])[0],
        referenced=reference is not None,
        ranking=ranked(
            [Contender(member.value, diverged=bool(member.why)) for member in members], "end", better
        ),
        values=[member.value for member in members],
        **more,
    )


def sweep(levels: dict[str, list[float | None]], key="rank"):
    return [({key: value}, seed, one) for value, values in levels.items() for seed, one in enumerate(values)]


def texts(*families: Facts) -> list[str]:
    return [one.text for one in findings(families)]


def test_a_difference():
    """Means 0.07 apart, both of spread 0.005: half the interval is t(4 df) 2.776 times 0.005 sqrt(2/3)."""
    found = facts(sweep({"r64": [2.000, 2.005, 1.995], "r16": [2.070, 2.075, 2.065]}))
    (one,) = findings([found])
    assert one.text == "rank r64 ends 0.0700 below rank r16 (95 % interval: 0.0587 to 0.0813; n = 3 each)."
    assert one.numbers["interval"] == pytest.approx([-0.07 - 0.011334, -0.07 + 0.011334], abs=1e-5)
    assert one.test["name"] == "Welch"
    assert one.subjects == ("rank r64", "rank r16")


def test_a_ratio_on_logarithms():
    found = facts(sweep({"a": [1e-9, 1.1e-9, 0.9e-9], "b": [1e-7, 1.1e-7, 0.9e-7]}))
    (text,) = texts(found)
    assert text.startswith("rank a ends a factor of 100 below rank b (95 % ")


def test_what_is_not_told_apart():
    found = facts(sweep({"a": [2.0, 2.1, 2.2], "b": [2.05, 2.15, 2.1], "c": [2.1, 2.0, 2.2]}))
    # Student's interval of each pair at the level for three tests, its furthest end.
    groups = [one.values for one in found.grouping.groups]
    ends = []
    for first, second in itertools.combinations(groups, 2):
        made = stats.ttest_ind(first, second, equal_var=False).confidence_interval(1 - 0.05 / 3)
        ends += [abs(made.low), abs(made.high)]
    assert texts(found) == [
        f"rank a, b and c are not told apart by these runs: they differ by at most {max(ends):.3f} (95 %)."
    ]


@pytest.mark.parametrize(
    ("levels", "better", "text", "numbers"),
    [
        (
            {"a": [2.0, 2.1], "b": [3.0, 3.1]},
            "lower",
            "Of 2 groups rank a has the lowest mean loss at the end, 2.05 (n = 2 each), 1.00 below rank b",
            {"value": 2.05, "next": 3.05, "n": 2},
        ),
        (
            {"a": [2.0, 2.1], "b": [3.0, 3.1], "c": [2.5, 2.6, 2.7]},
            "higher",
            "Of 3 groups rank b has the highest mean loss at the end, 3.05 (n = 2 to 3), 0.45 above rank c",
            {"value": 3.05, "next": 2.6, "n": 2},
        ),
        (
            {"a": [1.0, 4.0], "b": [8.0, 32.0]},
            "lower",
            "Of 2 groups rank a has the lowest geometric mean loss at the end, 2.0 (n = 2 each), ",
            {"value": 2.0, "next": 16.0, "n": 2},
        ),
    ],
)
def test_of_groups_too_small_to_be_tested_the_lowest_mean_is_told(levels, better, text, numbers):
    (one,) = findings([facts(sweep(levels), better=better)])
    assert (one.kind, one.test) == ("lowest", None)
    assert one.text.startswith(text)
    assert one.text.endswith("; nothing can be tested with fewer than 3 runs in a group.")
    assert one.numbers == pytest.approx(numbers)


@pytest.mark.parametrize(
    ("levels", "better"),
    [
        ({"a": [2.0, 2.1], "b": [3.0, 3.1]}, None),  # neither end is better
        ({"a": [2.0, 2.1], "b": [2.1, 2.0]}, "lower"),  # equal means
        ({"a": [2.0, 2.1]}, "lower"),  # one group
    ],
)
def test_nothing_is_said_of_small_groups_without_a_lowest(levels, better):
    assert texts(facts(sweep(levels), better=better)) == []


def test_best_is_told_from_every_other():
    found = facts(
        sweep({"a": [1.0, 1.01, 1.02], "b": [2.0, 2.01, 2.02], "c": [3.0, 3.01, 3.02]}), scale="linear"
    )
    best, worst = texts(found)
    assert best.startswith("rank a is best: it ends lower than both others, 1.00 below rank b (95 % ")
    assert worst.startswith("rank c is worst: it ends higher than both others, 1.00 above rank b (95 % ")
    half = stats.t.ppf(1 - 0.05 / 3 / 2, 4) * 0.01 * (2 / 3) ** 0.5  # within the widest of Holm's steps
    for one in findings([found]):
        low, high = sorted(map(abs, one.numbers["interval"]))
        assert 1 - half * (1 + 1e-9) <= low < 1 < high <= 1 + half * (1 + 1e-9)


def test_best_needs_every_pair():
    found = facts(
        sweep({"a": [1.0, 1.01, 1.02], "b": [1.01, 1.02, 1.0], "c": [3.0, 3.01, 3.02]}), scale="linear"
    )
    said = texts(found)
    assert not any("best" in text for text in said)
    assert said[0].startswith("rank c is worst: it ends higher than both others, 2.00 above rank a (")
    assert said[1].startswith("rank a and b are not told apart by these runs: they differ by at most ")


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        (
            [({"lr": 1}, 0, 2.0), ({"lr": 1}, 1, 2.0), ({"lr": 9}, 0, None), ({"lr": 9}, 1, None)],
            "2 of 4 runs diverged, both at lr 9.",
        ),
        ([({"lr": 1}, 0, 2.0), ({"lr": 9}, 1, None), ({"lr": 9}, 2, 3.0)], "1 of 3 runs diverged, at lr 9."),
        ([({}, 0, 2.0), ({}, 1, None)], "1 of 2 runs diverged: run1."),
        ([({}, 0, None), ({}, 1, None)], "2 of 2 runs diverged: run0, run1."),
    ],
)
def test_what_diverged_and_what_they_share(runs, text):
    assert texts(facts(runs))[0] == text


def test_without_groups_the_lowest_and_its_noise():
    found = facts([({}, None, 2.5), ({}, None, 2.25), ({}, None, 9.0)])
    assert texts(found) == [
        "run1 ends lowest of 3 runs, at 2.25; run0 is next at 2.50; noise is not estimated."
    ]


def test_a_trend_is_monotone():
    levels = {2.0**rate: [5.0 - rate, 5.01 - rate, 4.99 - rate] for rate in range(6)}
    said = texts(facts(sweep(levels, "width"), scale="linear"))
    assert (
        "The higher width, the lower the loss at the end: a monotone trend over 6 values "
        "(Spearman's correlation −1.00, p = 0.0028)."
    ) in said


def test_events_of_the_seeds():
    events = [[Event("drop", step, step + 10, 1.0, 0.01)] for step in (5_100, 6_200, 5_400)]
    found = facts(sweep({"a": [2.0, 2.1, 2.2]}), events=events)
    assert texts(found) == [
        "All 3 runs of rank a drop suddenly by a factor of 100 after a plateau, at steps 5,100 to 6,200."
    ]
    assert together([[], [Event("spike", 3)]], "drop") is None


def test_six_sentences_at_most_and_families_are_named():
    levels = {str(rate): [rate, rate + 0.01, rate + 0.02] for rate in range(1, 8)}
    many = findings([facts(sweep(levels), name=name, scale="linear") for name in ("A", "B", "C", "D")])
    assert len(many) == 6
    assert {one.text.split(":")[0] for one in many} <= {"A", "B", "C", "D"}


def test_a_grid_whose_rates_differ_is_found_over_blocks():
    drawn = np.random.default_rng(0)
    runs = [
        ({"lr": lr, "wd": wd}, seed, float(2 + 0.4 * lr + drawn.normal(0, 0.1)))
        for lr, wd, seed in itertools.product(range(4), range(4), range(3))
    ]
    found = facts(runs, scale="linear")
    said = texts(found)
    assert said[0].startswith("lr 0 is best: it ends lower than all 3 others, 0.373 below lr 1 (95 % ")
    assert said[0].endswith("n = 12 each, all else equal).")
    assert not any(text.startswith("wd") and "below" in text for text in said)
    lowest = min(found.grouping.groups, key=lambda group: np.mean(group.values))
    assert said[-1].startswith(
        f"Of 16 groups {lowest.label} has the lowest mean, {np.mean(lowest.values):.2f}"
    )


def test_against_a_reference_each_sentence_names_it_last():
    runs = sweep({"new": [2.0, 2.01, 1.99], "old": [2.2, 2.21, 2.19], "other": [2.2, 2.22, 2.18]})
    found = facts(runs, reference={"rank": "old"})
    said = texts(found)
    assert said[0].startswith("rank new ends 0.200 below rank old, the reference (95 % interval, ")
    assert "corrected for 2 tests: " in said[0]
    assert said[1].startswith(
        "rank other is not told apart from the reference by these runs: it differs by at most "
    )


def test_higher_is_better():
    found = facts(
        sweep({"a": [0.90, 0.91, 0.92], "b": [0.70, 0.71, 0.72]}), better="higher", said="has a best acc"
    )
    assert texts(found)[0].startswith("rank a has a best acc 0.200 above rank b (95 % ")


def test_the_leader_is_compared_with_the_nearest_that_it_is_told_from():
    levels = {
        "a": [1.0, 1.01, 1.02],
        "b": [1.011, 1.021, 1.001],
        "c": [2.0, 2.01, 2.02],
        "d": [3.0, 3.01, 3.02],
    }
    said = texts(facts(sweep(levels), scale="linear"))
    assert said[0].startswith("rank a ends lowest, 1.00 below rank c (95 % ")
    assert said[0].endswith(") and further from 1 more; it is not told apart from rank b.")
    assert said[1].startswith("rank d is worst: it ends higher than all 3 others, 1.00 above rank c (")


def test_the_lowest_of_some_and_the_highest_of_a_named_metric():
    runs = [({}, None, 2.5), ({}, None, None), ({}, None, 2.25)]
    assert "run2 ends lowest of 2 ranked runs, at 2.25;" in texts(facts(runs))[1]
    found = facts([({}, None, 0.5), ({}, None, 0.9)], better="higher", said="has a last acc")
    assert texts(found)[0].startswith(
        "run1 has the highest last acc of 2 runs, at 0.900; run0 is next at 0.500;"
    )


def test_what_is_ranked_by_its_best_is_said_to_reach_it():
    found = facts([({}, None, 0.5), ({}, None, 0.9)], better="higher", said="has a best mAP")
    assert texts(found)[0].startswith("run1 reaches the highest mAP of 2 runs, at 0.900;")
    levels = {"a": [1.0, 1.1, 1.2], "b": [9.0, 9.1, 9.2], "c": [20.0, 20.1, 20.2]}
    said = texts(facts(sweep(levels), scale="linear", said="has a best eval_loss"))
    assert said[0].startswith("rank a is best: it reaches a lower eval_loss than both others, ")


def test_a_value_that_is_told_from_all_others_on_the_worse_side():
    levels = {"a": [1.0, 1.2, 1.4], "b": [1.05, 1.25, 1.3], "c": [9.0, 9.2, 9.3], "d": [1.1, 1.3, 1.2]}
    said = texts(facts(sweep(levels), scale="linear"))
    assert said[0].startswith("rank c is worst: it ends higher than all 3 others, 7.9")
    assert said[1].startswith("rank a, b and d are not told apart by these runs: ")
    assert len(said) == 2


def test_told_apart_and_not_told_apart_never_contradict_each_other():
    """Over random families: no pair is both in a sentence that tells it apart and in one that does not."""
    random = np.random.default_rng(0)
    for _ in range(200):
        levels = {
            name: (random.normal(random.choice([0, 1, 3]), random.choice([0.1, 1.0]), 4) + 20).tolist()
            for name in "abcd"
        }
        made = findings([facts(sweep(levels), scale="linear")])
        told = {frozenset(one.subjects) for one in made if one.kind == "difference"}
        for one in made:
            if one.kind == "alike":
                assert not any(pair <= set(one.subjects) for pair in told)
                ends = [other.subjects[0] for other in made if other.kind in ("best", "worst")]
                assert not set(ends) & set(one.subjects)


def test_many_groups_at_the_target_are_counted():
    runs = sweep({str(rate): [1 + rate / 100, 1.001 + rate / 100, 1.002 + rate / 100] for rate in range(4)})
    found = facts(runs, scale="linear")
    groups = tuple(
        replace(group, target=reached(group, 2.0, (40 - at, 50, None), lower=True, scale="linear"))
        for at, group in enumerate(found.grouping.groups)
    )
    grouping = replace(found.grouping, groups=groups)
    found = replace(found, grouping=grouping, contrasts=corrected([contrasts(grouping)])[0])
    (target,) = [one for one in findings([found]) if one.kind == "target"]
    assert target.text.startswith(
        "4 of 4 groups have a mean below the target; the first: 2 of 3 runs of rank 3 reached 2.00, "
        "at steps 37 to 50;"
    )
    assert target.numbers["groups"] == 4


def test_reports_of_groups_that_are_alike_say_that_something_differs_in_fewer_than_five_percent():
    """Grids and sweeps of like spreads, 300 reports of 2 families each, with room for chance (3 sd)."""
    random = np.random.default_rng(7)
    reports, false = 300, 0
    for _ in range(reports):
        families = [
            [({"lr": lr}, seed, float(random.normal(3, 0.05))) for lr in range(5) for seed in range(3)],
            [
                ({"lr": lr, "wd": wd}, seed, float(random.normal(3, 0.05)))
                for lr, wd, seed in itertools.product(range(3), range(3), range(3))
            ],
        ]
        made = [facts(runs, name=name) for runs, name in zip(families, "AB", strict=True)]
        after = corrected([one.contrasts for one in made])
        made = [replace(one, contrasts=some) for one, some in zip(made, after, strict=True)]
        false += any(one.kind in ("best", "worst", "difference", "trend") for one in findings(made))
    assert false / reports < 0.05 + 3 * (0.05 * 0.95 / reports) ** 0.5


def test_what_is_not_told_apart_differs_by_no_more_than_is_said():
    """True means up to a spread apart: the bound that is said holds in 95 % of the reports that say one."""
    random = np.random.default_rng(8)
    means = {"a": 3.0, "b": 3.02, "c": 3.05}
    said = held = 0
    for _ in range(400):
        levels = {name: random.normal(mean, 0.05, 4).tolist() for name, mean in means.items()}
        for one in findings([facts(sweep(levels), scale="linear")]):
            if one.kind == "alike" and len(one.subjects) == 3:
                said += 1
                held += one.numbers["bound"] >= 0.05
    assert said > 300
    assert held / said > 0.95 - 3 * (0.05 * 0.95 / said) ** 0.5


def test_runs_with_equal_losses_are_said_to_count_once():
    found = facts([({}, None, 2.0), ({}, None, 3.0)])
    equal = replace(found.ranking, equal=((0, 2), (1, 3)))
    four = replace(
        found,
        labels=["a", "b", "c", "d"],
        attributes=[{}] * 4,
        values=[2.0, 3.0, 2.0, 3.0],
        ranking=replace(equal, values=(2.0, 3.0, 2.0, 3.0)),
    )
    (text,) = texts(four)
    assert text.startswith("a ends lowest of 2 runs with different losses, at 2;")
