"""From measured runs to the report: labels, slugs, order and what a reader should know of each run."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import samples

from reportgen import assemble
from reportgen.kinds import SourceRecord
from reportgen.measure import Measured
from reportgen.model_list import FamilySpec, ModelList, RunSpec, Smoothing
from reportgen.model_list.specs import SeriesSpec
from reportgen.pull import Pulled
from reportgen.report import FamilyReport
from reportgen.sources import FoundFile

NAME = "add_d5_l2_h3_t1K_s372001"


def made(
    spec: RunSpec,
    losses: list[float],
    config: dict[str, Any] | None = None,
    *,
    recorded: float | None = None,
    checked: bool = True,
) -> assemble.MeasuredRun:
    """A run with these losses, measured by the samples' own arithmetic."""
    source = SourceRecord("hub", "org/repo", "main", "c" * 40, "training_loss.json", "0" * 64)
    measured = Measured(
        config or {},
        {} if recorded is None else {"avg_final_loss": recorded},
        {"loss": samples.series_report(samples.summarise(losses))},
        "loss",
        "cpu",
    )
    files = (FoundFile("unused", Path("unused"), 0, source.sha256),)
    return assemble.MeasuredRun(Pulled(spec, files, source, checked), measured)


def family_of(runs: list[assemble.MeasuredRun], **fields: Any) -> FamilyReport:
    """The family that is assembled from these runs."""
    specs = tuple(run.pulled.spec for run in runs)
    spec = replace(FamilySpec("F", "f", "", None, 10, Smoothing(samples.WINDOW), specs), **fields)
    model_list = ModelList("list.toml", None, "", (spec,))
    places = {(spec.slug, position): run for position, run in enumerate(runs)}
    (family,) = assemble.families([model_list], places)
    return family


def marks(losses: list[float], config: dict[str, Any] | None = None, **fields: Any) -> tuple[str, ...]:
    """The marks of one run."""
    listed = {"avg_final_loss": fields.pop("listed")} if "listed" in fields else {}
    return family_of([made(samples.run_spec(NAME, listed=listed), losses, config, **fields)]).runs[0].marks


def test_a_run_that_is_as_it_says_has_no_marks() -> None:
    config = {"model_name": NAME, "n_training_steps": 1000, "n_digits": 5, "training_seed": 372001}
    assert marks([1.0, *[0.5] * 999], config, recorded=0.5, listed="0.5") == ()


@pytest.mark.parametrize(
    ("losses", "config", "fields", "mark"),
    [
        ([1.0, math.nan, 0.5], {}, {}, "diverged"),
        ([1.0, math.inf, 0.5], {}, {}, "diverged"),
        ([0.5] * 5, {}, {"recorded": 0.6}, "recorded_differs"),
        ([0.5] * 5, {}, {"listed": "0.6"}, "listed_differs"),
        ([0.5] * 5, {"n_training_steps": 1000}, {}, "steps_differ"),
        ([0.5] * 5, {"n_training_steps": 1000.0}, {}, "steps_differ"),
        ([0.5] * 5, {"model_name": "another"}, {}, "name_differs"),
        ([0.5] * 5, {"n_digits": 6}, {}, "config_differs"),
        ([0.5] * 5, {}, {"checked": False}, "not_checked"),
        ([0.5, 0.0, 0.5], {}, {}, "nonpositive"),
    ],
)
def test_each_mark_says_one_thing(
    losses: list[float], config: dict[str, Any], fields: dict[str, Any], mark: str
) -> None:
    assert marks(losses, config, **fields) == (mark,)


@pytest.mark.parametrize("value", [None, True, "6", [6], {"a": 6}, 6.5, math.nan, math.inf])
def test_a_config_of_other_types_says_nothing(value: object) -> None:
    assert marks([0.5] * 5, {"n_training_steps": value, "model_name": None, "n_digits": None}) == ()


def test_a_whole_number_of_steps_may_be_written_as_a_broken_one() -> None:
    assert marks([0.5] * 1000, {"n_training_steps": 1000.0}) == ()


def test_runs_stand_in_the_order_that_the_family_asks_for() -> None:
    ends = {
        "add_d7_l2_h3_t1K_s372001": 3e-3,
        "add_d5_l2_h3_t1K_s372001": 2e-3,
        "sub_d6_l2_h3_t1K_s372001": 1e-3,
    }
    runs = [made(samples.run_spec(name), [2.9, *[end] * 5]) for name, end in ends.items()]
    runs.append(made(samples.run_spec("no pattern"), [2.9, math.nan]))

    def order(by: str | None) -> list[str]:
        return [run.spec.name[:6] for run in family_of(runs, order=by).runs]

    assert order(None) == ["add_d7", "add_d5", "sub_d6", "no pat"]
    assert order("digits") == ["add_d5", "sub_d6", "add_d7", "no pat"]
    assert order("avg_final_loss") == ["sub_d6", "add_d5", "add_d7", "no pat"]
    assert order("op") == ["add_d7", "add_d5", "sub_d6", "no pat"]


def test_files_of_equal_names_are_told_apart() -> None:
    first = family_of([made(samples.run_spec("a"), [1.0]), made(samples.run_spec("A"), [1.0])])
    assert [run.slug for run in first.runs] == ["a", "A-2"]


def test_expectations_of_missing_runs_are_not_checked() -> None:
    run = samples.run_spec("gone", expect={"steps": ">= 5"})
    family = FamilySpec("F", "f", "", None, 10, Smoothing(), (run,))
    (check,) = assemble.unchecked([ModelList("list.toml", None, "", (family,))], {})
    assert (check.family, check.run, check.metric, check.outcome) == ("F", "gone", "steps", "not_checked")


def test_series_have_the_titles_units_and_files_that_the_list_gives_them() -> None:
    spec = samples.run_spec(NAME)
    one = made(spec, [1.0, 0.5])
    summary = samples.summarise([1.0, 2.0])
    others = {
        name: samples.series_report(summary, name, source_name=source)
        for name, source in (("eval_loss", "val/loss"), ("a/b", "a/b"), ("lr", "lr"), ("a-b", "a-b"))
    }
    series = {**one.measured.series, **others}
    one = assemble.MeasuredRun(one.pulled, replace(one.measured, series=series))
    listed = {
        "val/loss": SeriesSpec("val/loss", title="Validation", unit="nats"),
        "a/b": SeriesSpec("a/b"),
        "a-b": SeriesSpec("a-b"),
        "lr": SeriesSpec("lr", draw=False),
    }
    (run,) = family_of([one], series=listed).runs
    titles = {name: (series.title, series.unit, series.draw) for name, series in run.series.items()}
    assert titles == {
        "loss": ("Training loss", None, True),
        "eval_loss": ("Validation", "nats", True),
        "a/b": ("a/b", None, True),
        "lr": ("lr", None, False),
        "a-b": ("a-b", None, True),
    }
    assert [run.curve_of(name) for name in run.series] == [
        f"curves/{NAME}.csv",
        f"curves/{NAME}-series-val-loss.csv",
        f"curves/{NAME}-series-a-b.csv",
        None,
        f"curves/{NAME}-series-a-b-2.csv",
    ]
