"""What a report says of anyone's runs: what was once said wrongly, each with its own inputs, built whole."""

from __future__ import annotations

import csv
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import reportgen

Runs = Mapping[str, tuple[Sequence[float | None], Mapping[str, Any]]]


def built(folder: Path, runs: Runs, family: str = "", more: str = "") -> dict[str, Any]:
    """``report.json`` of runs: name to losses and configuration."""
    for name, (losses, config) in runs.items():
        (folder / "runs" / name).mkdir(parents=True)
        text = json.dumps({"TrainingLoss": list(losses), "Config": dict(config)})
        (folder / "runs" / name / "training_loss.json").write_text(text)
    names = json.dumps(list(runs))
    (folder / "list.toml").write_text(
        f'{more}\n[source]\ntype = "directory"\npath = "runs/{{name}}/training_loss.json"\n'
        f'[[family]]\nname = "Sweep"\nruns = {names}\n{family}\n'
    )
    reportgen.build(folder / "list.toml", folder / "out", formats=("html",), use_cache=False)
    made: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text())
    return made


def page(folder: Path) -> str:
    return (folder / "out" / "report.html").read_text()


def flat(level: float, seed: int, entries: int = 200, spread: float = 0.01) -> list[float]:
    return np.random.default_rng(seed).normal(level, spread, entries).tolist()


def end(values: Sequence[float]) -> float:
    """Mean of the end window: a twentieth of the entries, 5 at least."""
    window = max(5, len(values) // 20)
    return math.fsum(values[-window:]) / window


class TestSeedGroups:
    """Line 1."""

    def test_two_rates_are_two_groups_and_seeds_are_known_from_configurations(self, tmp_path):
        runs = {
            f"r{index}": (flat(level, index), {"lr": lr, "training_seed": seed, "n_layers": 2})
            for index, (lr, level, seed) in enumerate(
                (lr, level, seed) for lr, level in ((1e-3, 2.0), (1e-4, 2.9)) for seed in range(4)
            )
        }
        (family,) = built(tmp_path, runs)["families"]
        assert [group["label"] for group in family["groups"]] == ["lr=0.0001", "lr=0.001"]
        assert [group["n"] for group in family["groups"]] == [4, 4]
        first = [end(losses) for losses, _ in list(runs.values())[:4]]
        assert family["groups"][1]["mean"] == pytest.approx(np.mean(first), rel=1e-9)
        low, high = stats.t.interval(0.95, 3, loc=np.mean(first), scale=stats.sem(first))
        assert family["groups"][1]["interval"] == pytest.approx([low, high], rel=1e-9)
        assert [run["group"] for run in family["runs"]] == [1] * 4 + [0] * 4

    def test_twelve_runs_of_four_rates(self, tmp_path):
        runs = {
            f"r{rate}-{seed}": (flat(2 + rate, 10 * rate + seed), {"lr": 10.0**-rate, "training_seed": seed})
            for rate in range(1, 5)
            for seed in range(3)
        }
        (family,) = built(tmp_path, runs)["families"]
        assert [len(group["runs"]) for group in family["groups"]] == [3, 3, 3, 3]

    def test_what_a_run_ends_with_parts_no_seeds(self, tmp_path):
        runs = {
            f"r{seed}": (flat(2, seed), {"lr": 1e-3, "seed": seed, "avg_final_loss": 2.0 + seed / 100})
            for seed in range(3)
        }
        (family,) = built(tmp_path, runs)["families"]
        assert [len(group["runs"]) for group in family["groups"]] == [3]

    def test_what_is_left_out_is_named(self, tmp_path):
        runs = {
            **{f"r{seed}": (flat(2, seed), {"lr": 1e-3, "seed": seed}) for seed in range(3)},
            "nan": ([*flat(2, 8)[:-1], math.nan], {"lr": 1e-3, "seed": 8}),
            "short": (flat(2, 9, 100), {"lr": 1e-3, "seed": 9}),
            "alone": (flat(2, 10), {"lr": 1e-2, "seed": 0}),
        }
        (family,) = built(tmp_path, runs)["families"]
        (group,) = family["groups"]
        assert (group["n"], group["of"]) == (3, 4)
        assert {one["run"]: one["why"] for one in group["left_out"]} == {
            "nan": "diverged",
            "short": "trained for 100 steps, the group for 200 steps",
        }
        assert family["ungrouped"] == [{"run": "alone", "why": "no other run differs only in the seed"}]
        assert "(diverged)" in page(tmp_path)
        assert (tmp_path / "out" / "tables" / "sweep-groups.csv").read_text().startswith("group,runs,mean")
        assert "booktabs" in (tmp_path / "out" / "tables" / "sweep-groups.tex").read_text()


@pytest.mark.parametrize(("entries", "said"), [(20, "5 to 25"), (49, "5 to 10"), (51, "")])
def test_means_of_unlike_parts_of_runs_are_told(tmp_path, entries, said):
    """End windows: 5 of the entries, and 5 of 100; told where their shares differ more than twofold."""
    built(tmp_path, {"short": (flat(2, 0, entries), {}), "long": (flat(2, 1, 100), {})})
    text = page(tmp_path)
    assert ("Means at the end cover the last" in text) == bool(said)
    assert f"cover the last {said}\xa0% of a run" in text or not said


class TestBestAndWorst:
    """Line 3."""

    def test_runs_are_ranked_by_their_end_not_by_five_losses(self, tmp_path):
        low = flat(2.0, 0, 1000, 0.05)
        lucky = [*flat(2.1, 1, 995, 0.05), *[1.5] * 5]
        made = built(tmp_path, {"low": (low, {}), "lucky": (lucky, {}), "high": (flat(3.0, 2, 1000), {})})
        (family,) = made["families"]
        assert family["ranked_by"] == "end"
        assert end(low) < end(lucky)
        (finding,) = made["findings"]
        assert finding["subjects"][0] == "low"
        assert "best" not in finding["text"].lower()

    def test_the_lowest_and_the_next_within_noise(self, tmp_path):
        runs = {"a": (flat(2.0, 0, 1000, 0.1), {}), "b": (flat(2.0, 1, 1000, 0.1), {})}
        (finding,) = built(tmp_path, runs)["findings"]
        assert finding["numbers"]["within_noise"] is True
        assert "within noise" in finding["text"]

    def test_zeros_from_the_second_entry_on(self, tmp_path):
        made = built(
            tmp_path,
            {
                "zeros": ([2.3, *[0.0] * 99], {}),
                "run": (flat(2.0, 0, 100), {}),
                "other": (flat(3.0, 1, 100), {}),
            },
        )
        (finding,) = made["findings"]
        assert finding["subjects"] == ["run", "other"]
        assert "log 0.0 from the second entry on: zeros." in page(tmp_path)

    def test_equal_runs_count_once_and_are_named(self, tmp_path):
        same = flat(2.0, 0)
        built(tmp_path, {"a": (same, {}), "b": (same, {"note": 1}), "c": (flat(3.0, 1), {})})
        assert "a and b have the same losses and count once." in page(tmp_path)


class TestStatus:
    """Line 14."""

    def test_a_run_that_diverged_is_in_the_status_line(self, tmp_path):
        built(
            tmp_path,
            {"good": (flat(2, 0), {}), "bad": ([*flat(2, 1)[:-3], math.nan, math.nan, math.nan], {})},
        )
        assert "1 run diverged" in page(tmp_path)
        assert '<p class="status bad">' in page(tmp_path)
        assert (tmp_path / "out" / "summary.md").read_text().startswith("## 2 runs; 1 diverged.")


class TestOverflow:
    """Line 18."""

    def test_an_overflow_that_recovers_has_a_rank(self, tmp_path):
        losses = flat(1.0, 0)
        losses[50] = math.inf
        made = built(tmp_path, {"overflow": (losses, {}), "other": (flat(2.0, 1), {})})
        (finding,) = made["findings"]
        assert finding["subjects"] == ["overflow", "other"]
        assert "diverged" in made["families"][0]["runs"][0]["marks"]
        assert '<p class="status">' in page(tmp_path)

    def test_a_run_that_ends_in_nan_has_no_last_value(self, tmp_path):
        made = built(
            tmp_path,
            {
                "ended": ([*flat(1.0, 0), math.nan], {}),
                "other": (flat(2.0, 1), {}),
                "third": (flat(3.0, 2), {}),
            },
            family='rank_by = "last"',
        )
        run = made["families"][0]["runs"][0]
        assert run["metrics"]["last"] is None
        assert [one["text"].split(" ends")[0].split(" has")[0] for one in made["findings"]][-1] == "other"


class TestGrid:
    """Of rate and weight decay, 4 x 4 with three seeds: rates compared over decays, and a paper's table."""

    @pytest.fixture(scope="class")
    @classmethod
    def grid(cls, tmp_path_factory):
        folder = tmp_path_factory.mktemp("grid")
        drawn = np.random.default_rng(0)
        runs = {}
        for lr, wd, seed in itertools.product((1e-4, 3e-4, 1e-3, 3e-3), (0.0, 0.01, 0.1, 0.3), range(3)):
            level = 3.0 - 0.05 * math.log10(lr / 1e-4) + drawn.normal(0, 0.01)
            losses = drawn.normal(level, 0.01, 100).tolist()
            runs[f"lr{lr:g}-wd{wd:g}-s{seed}"] = (losses, {"optim": {"lr": lr, "wd": wd}, "seed": seed})
        table = '[[family.table]]\nname = "Loss by rate"\nrows = ["wd"]\ncolumns = ["lr"]\nvalue = "end"'
        return folder, built(folder, runs, family=table), runs

    def test_rates_are_told_apart_over_decays_and_decays_are_not(self, grid):
        _, made, runs = grid
        (family,) = made["families"]
        assert len(family["groups"]) == 16
        texts = [one["text"] for one in made["findings"]]
        assert texts[0].startswith("lr 0.003 is best: it ends lower than all 3 others")
        assert not any(text.startswith("wd") and "below" in text for text in texts)
        difference = next(one for one in made["findings"] if one["kind"] == "best")
        assert difference["numbers"]["blocks"] == 4
        assert difference["numbers"]["n"] == [12, 12]
        ends = {
            (config["optim"]["lr"], config["optim"]["wd"], config["seed"]): end(losses)
            for losses, config in runs.values()
        }
        first, second = (float(name.removeprefix("lr ")) for name in difference["subjects"])
        apart = [
            np.mean([ends[first, wd, seed] for seed in range(3)])
            - np.mean([ends[second, wd, seed] for seed in range(3)])
            for wd in (0.0, 0.01, 0.1, 0.3)
        ]
        assert difference["numbers"]["effect"] == pytest.approx(np.mean(apart), rel=1e-9)

    def test_the_table_of_the_paper(self, grid):
        folder, made, runs = grid
        (table,) = made["families"][0]["tables"]
        assert (len(table["row_values"]), len(table["column_values"]), len(table["cells"])) == (4, 4, 16)
        cell = next(one for one in table["cells"] if (one["row"], one["column"]) == (2, 3))
        own = [end(runs[f"lr0.003-wd0.1-s{seed}"][0]) for seed in range(3)]
        assert (cell["n"], cell["mean"]) == (3, pytest.approx(np.mean(own), rel=1e-12))
        half = stats.t.ppf(0.975, 2) * stats.sem(own)
        assert cell["interval"] == pytest.approx([np.mean(own) - half, np.mean(own) + half], rel=1e-9)
        tables = folder / "out" / "tables"
        assert (tables / "sweep-Loss-by-rate.csv").read_text().splitlines()[0] == (
            "wd,lr,n,of,mean,sd,low,high,leads"
        )
        assert r"\pm" in (tables / "sweep-Loss-by-rate.tex").read_text()
        assert "± " in (tables / "sweep-Loss-by-rate.md").read_text()
        assert "± " in page(folder)


def curve(folder: Path, run: str) -> list[dict[str, str]]:
    with (folder / "out" / "curves" / f"{run}.csv").open() as lines:
        return list(csv.DictReader(lines))


class TestUnit:
    """Line 4."""

    def test_a_unit_is_what_the_list_says(self, tmp_path):
        made = built(tmp_path, {"a": (flat(2, 0), {}), "b": (flat(3, 1), {})})
        assert made["families"][0]["runs"][0]["series"]["loss"]["unit"] is None
        assert "nats" not in page(tmp_path)

    def test_and_stands_where_it_does(self, tmp_path):
        made = built(tmp_path, {"a": (flat(2, 0), {})}, more='[series.loss]\nunit = "bits per byte"\n')
        assert made["families"][0]["runs"][0]["series"]["loss"]["unit"] == "bits per byte"
        assert "bits per byte" in page(tmp_path)


class TestWindows:
    """Lines 5 to 9."""

    def test_a_short_run_is_no_flat_line(self, tmp_path):
        losses = np.linspace(2.17, 1.23, 50).tolist()
        built(tmp_path, {"a": (losses, {})})
        points = curve(tmp_path, "a")
        # A twentieth of 50 entries is a window of 2; the first entry is alone in its own.
        assert float(points[0]["mean"]) == pytest.approx(2.17, abs=0.02)
        assert float(points[-1]["mean"]) == pytest.approx(1.23, abs=0.02)

    def test_rounding_reaches_no_threshold(self, tmp_path):
        losses = [max(1e-4, 2 * math.exp(-i / 60)) for i in range(40_000)]
        made = built(tmp_path, {"a": (losses, {})})
        assert made["families"][0]["runs"][0]["metrics"]["steps_to"]["1e-4"] is None

    def test_negative_losses_have_no_spikes(self, tmp_path):
        losses = [-10 - 5 * math.exp(-i / 300) for i in range(3_000)]
        made = built(tmp_path, {"a": (losses, {})}, more="[smoothing]\nwindow = 100\n")
        assert made["families"][0]["runs"][0]["metrics"]["spikes"] == []

    def test_an_average_ends_where_losses_end(self, tmp_path):
        losses = [*flat(2, 0, 1_000), *[math.nan] * 1_000]
        built(tmp_path, {"a": (losses, {})}, more='[smoothing]\nsmoother = "ema"\n')
        points = curve(tmp_path, "a")
        assert all(point["ema"] for point in points if int(point["step"]) < 1_000)
        assert not any(point["ema"] for point in points if int(point["step"]) >= 1_000)

    def test_trimming_drops_what_reaches_past_an_end_only(self, tmp_path):
        losses = flat(2, 0, 1_000)
        losses[500] = math.nan
        built(tmp_path, {"a": (losses, {})}, more='[smoothing]\nwindow = 100\nedges = "trim"\n')
        points = {int(point["step"]): point["mean"] for point in curve(tmp_path, "a")}
        assert all(mean for step, mean in points.items() if 50 <= step <= 950 - 1)
        assert not any(mean for step, mean in points.items() if step < 50 or step > 950)


class TestRanges:
    """Line 11."""

    def test_a_range_of_the_list_is_kept(self, tmp_path):
        built(tmp_path, {"a": (flat(2.3, 0), {})}, family='y_range = [2.28, 2.32]\nfigures = ["all"]')
        report = reportgen.build(
            tmp_path / "list.toml", tmp_path / "again", formats=("html",), use_cache=False
        )
        axis = report.figure("Sweep", "all").layout.yaxis
        shown = [10**end for end in axis.range] if axis.type == "log" else list(axis.range)
        assert shown == pytest.approx([2.28, 2.32])


class TestConfiguration:
    """Line 13."""

    def test_a_changed_configuration_is_news(self, tmp_path):
        losses = flat(2, 0)
        built(tmp_path, {"a": (losses, {"lr": 8e-5})})
        old = (tmp_path / "out" / "report.json").rename(tmp_path / "old.json")
        text = json.dumps({"TrainingLoss": losses, "Config": {"lr": 1e-4}})
        (tmp_path / "runs" / "a" / "training_loss.json").write_text(text)
        reportgen.build(
            tmp_path / "list.toml", tmp_path / "new", formats=("html",), use_cache=False, baseline=old
        )
        assert "lr 8e-05 → 0.0001" in (tmp_path / "new" / "report.html").read_text()


class TestOrder:
    """Line 15."""

    def test_labels_come_in_natural_order(self, tmp_path):
        runs = {f"d{size}": (flat(2, size), {}) for size in (10, 5, 100)}
        made = built(tmp_path, runs, family='order = "label"')
        assert [run["label"] for run in made["families"][0]["runs"]] == ["d5", "d10", "d100"]


class TestSparse:
    """Line 17."""

    def test_what_was_not_logged_is_no_divergence(self, tmp_path):
        losses = [value if at % 2 == 0 else None for at, value in enumerate(flat(2, 0, 101))]
        made = built(tmp_path, {"a": (losses, {}), "b": (flat(3, 1, 101), {})})
        run = made["families"][0]["runs"][0]
        assert "missing_losses" in run["marks"]
        assert "diverged" not in run["marks"]
        there = [value for value in losses if value is not None]
        assert run["metrics"]["avg_final_loss"] == pytest.approx(math.fsum(there[-5:]) / 5, rel=1e-12)
        assert run["events"][-1]["kind"] == "flat"
        assert made["findings"][0]["subjects"] == ["a", "b"]
        assert '<p class="status">' in page(tmp_path)
