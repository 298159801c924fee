"""What the list's reference and a group's missing attributes make of sentences, built whole."""

from __future__ import annotations

import pytest

import reportgen
from tests.test_statements import built, flat, page


def two_groups() -> dict[str, tuple[list[float], dict[str, float]]]:
    """Two rates of three seeds, and one run of a third rate, which is in no group."""
    runs = {f"lr{lr}-{seed}": run for (lr, seed), run in _two_rates().items()}
    return {**runs, "single": (flat(3, 5), {"lr": 3, "seed": 0, "layers": 2})}


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ('"single"', 'Sweep: reference: the run "single" is in no group, so no groups are compared'),
        ('"singel"', 'Sweep: reference: no run is called "singel"; did you mean "single"?'),
        ("{ lr = 7 }", "Sweep: reference: no group has lr = 7, so no groups are compared"),
    ],
)
def test_no_group_is_called_the_reference_that_is_not_it(tmp_path, reference, said):
    with pytest.warns(reportgen.ReportgenWarning) as warned:
        made = built(tmp_path, two_groups(), f"reference = {reference}")
    assert [str(one.message) for one in warned] == [said]
    assert len(made["families"][0]["groups"]) == 2
    assert "the reference" not in page(tmp_path)
    assert {one["kind"] for one in made["findings"]} <= {"lowest"}


def test_a_group_without_an_attribute_that_others_have_is_called_so(tmp_path):
    runs = {
        f"{name}{seed}": (flat(level, seed + 10 * level), {"layers": 2, "seed": seed, **more})
        for name, level, more in (("with", 1, {"wd": 0.1}), ("without", 2, {}))
        for seed in range(3)
    }
    (family,) = built(tmp_path, runs)["families"]
    assert [group["label"] for group in family["groups"]] == ["wd=0.1", "wd=none"]


@pytest.mark.parametrize(
    ("configs", "said"),
    [
        ([{}, {}, {}], "No seed is known. To group runs, record a seed"),
        ([{"seed": 1}, {"seed": 2}, {"seed": 3}], "Only seeds are known of these runs."),
        ([{"lr": 1}, {"lr": 1}, {"lr": 3}], "No seed is known. To group runs, record a seed"),
        ([{"lr": 1}, {"lr": 2}, {"lr": 3}], "One run per configuration: nothing can be tested."),
        (
            [{"lr": 1, "seed": 1}, {"lr": 2, "seed": 1}, {"lr": 3, "seed": 1}],
            "One run per configuration: nothing can be tested.",
        ),
    ],
)
def test_the_page_says_what_would_group_runs_that_form_no_group(tmp_path, configs, said):
    built(tmp_path, {f"run-{at}": (flat(2, at), config) for at, config in enumerate(configs)})
    assert said in page(tmp_path)


@pytest.mark.parametrize("name", ["val_acc", "valAcc", "top5-accuracy", "mAP50(B)"])
def test_the_interval_of_a_share_ends_at_1_however_it_is_named(tmp_path, name):
    for at, last in enumerate((0.99, 0.999, 0.97)):  # mean 0.9863, Student's interval to 1.023
        (tmp_path / "runs" / f"r{at}").mkdir(parents=True)
        (tmp_path / "runs" / f"r{at}" / "log.csv").write_text(
            f"step,loss,{name}\n" + "".join(f"{step},1.5,{last}\n" for step in range(1, 9))
        )
        (tmp_path / "runs" / f"r{at}" / "config.json").write_text(f'{{"lr": 1, "seed": {at}}}')
    (tmp_path / "list.toml").write_text(
        '[source]\ntype = "directory"\npath = "runs/{name}"\n'
        f'[[family]]\nname = "F"\nruns = ["*"]\nrank_by = "{name}.last"\n'
    )
    made = reportgen.build(tmp_path / "list.toml", tmp_path / "out", formats=("html",), use_cache=False)
    (group,) = made.families[0].grouping.groups
    assert group.estimate is not None
    assert group.estimate.interval is not None
    assert group.estimate.interval[1] == 1.0


def test_a_value_at_a_step_is_told_as_a_sentence(tmp_path):
    runs = {f"lr{lr}-{seed}": run for (lr, seed), run in _two_rates().items()}
    said = built(tmp_path, runs, 'rank_by = "at.20"')["findings"][0]["text"]
    assert said.startswith("lr 1 at step 20 has a training loss ")
    assert " below lr 2 (95 % interval: " in said


def test_without_groups_the_lowest_at_a_step_is_told_so(tmp_path):
    runs = {f"lr{lr}": run for (lr, seed), run in _two_rates().items() if seed == 0}
    said = built(tmp_path, runs, 'rank_by = "at.20"')["findings"][0]["text"]
    assert said.startswith("lr=1 at step 20 has the lowest training loss of 2 runs, at ")


def _two_rates() -> dict[tuple[int, int], tuple[list[float], dict[str, float]]]:
    return {
        (lr, seed): (flat(lr, 10 * lr + seed), {"lr": lr, "seed": seed, "layers": 2})
        for lr in (1, 2)
        for seed in range(3)
    }


def test_losses_that_recover_from_an_overflow_shape_their_column_and_equal_ones_have_no_spread(tmp_path):
    runs = {
        f"lr{lr}": ([3.0, float("inf"), 2.0, *[level] * 9], {"lr": lr})
        for lr, level in ((1, 0.9987), (2, 0.9991), (3, 3.2773))
    }
    made = built(tmp_path, runs)["families"][0]["runs"]
    assert [run["marks"] for run in made] == [["diverged"]] * 3
    assert [run["metrics"]["end"] for run in made] == [0.9987, 0.9991, 3.2773]
    assert [run["metrics"]["end_spread"] for run in made] == [0, 0, 0]
    shown = page(tmp_path)
    assert all(text in shown for text in ("0.9987", "0.9991", "3.2773"))
