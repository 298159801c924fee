"""The evaluation of a run in the figures of its training, and what strangers' figures are called."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reportgen
from reportgen.curves import CurveSettings, summarise
from reportgen.figure_kinds import figure_kinds
from reportgen.figures.draw import draw
from reportgen.figures.families import MANY_LINES
from reportgen.figures.runs import panels_scale, run_whole
from reportgen.kinds import Series
from reportgen.report import FamilyReport, RunReport
from reportgen.series import evaluates
from tests import samples

STEPS = [0, 20, 40, 59]
VALUES = [3.0, 2.0, 1.5, 1.75]


def family(number: int = 2, **fields: Any) -> FamilyReport:
    """Runs of 60 losses with an evaluation at four steps."""
    return samples.family_report("F", [run(i, **fields) for i in range(number)])


def run(i: int, name: str = "eval_loss", **fields: Any) -> RunReport:
    made = samples.run_report(f"run-{i}", samples.losses(60, seed=i, end=1.0), label=f"run {i}")
    entries = Series(name, np.array(VALUES), np.array(STEPS))
    (found,) = summarise([entries], CurveSettings())
    usual = {"evaluation": True, "title": "Evaluation loss"}
    evaluation = samples.series_report(found, name, **usual | fields)
    return replace(made, series={**made.series, name: evaluation})


def numbers(array: dict[str, str]) -> list[float]:
    kind = {"i4": "<i4", "f8": "<f8"}[array["dtype"]]
    return np.frombuffer(base64.b64decode(array["bdata"]), kind).tolist()


def drawn(of: FamilyReport, kind: str = "all") -> list[dict[str, Any]]:
    """The traces of evaluations on paper."""
    plot = figure_kinds()[kind].plot(of)
    assert plot is not None
    return [trace for trace in draw(plot)["data"] if trace.get("marker", {}).get("size") == 3.5]


def test_each_value_is_a_point_at_its_step() -> None:
    traces = drawn(family())
    assert [numbers(trace["x"]) for trace in traces] == [STEPS, STEPS]
    assert [numbers(trace["y"]) for trace in traces] == [VALUES, VALUES]
    assert {trace["line"]["dash"] for trace in traces}.isdisjoint({"solid"})
    assert not any(trace["showlegend"] for trace in traces)
    colours = {trace["line"]["color"] for trace in traces}
    assert len(colours) == 2


def test_the_caption_says_what_the_points_are() -> None:
    for kind in ("all", "end"):
        of = family()
        plot = figure_kinds()[kind].plot(of)
        assert plot is not None
        text = figure_kinds()[kind].says(of, plot).text
        assert "Points on dotted lines: evaluation loss, as logged." in text
        bare = samples.family_report("F", [samples.run_report("a", samples.losses(60))])
        plain = figure_kinds()[kind].plot(bare)
        assert plain is not None
        assert "Points" not in figure_kinds()[kind].says(bare, plain).text


def test_the_end_shows_those_of_the_end_and_the_axis_holds_them() -> None:
    (trace,) = drawn(family(1), "end")
    assert numbers(trace["y"]) == [1.75]
    plot = figure_kinds()["end"].plot(family(1))
    assert plot is not None
    low, high = plot.y.ranges["linear"]
    assert low < 1.75 < high
    whole = run_whole(family(1), family(1).runs[0])
    assert whole.y.ranges["log"][1] > 3.0


@pytest.mark.parametrize("kind", ["all", "end"])
def test_the_axis_goes_on_to_an_evaluation_after_the_last_loss(kind: str) -> None:
    (one,) = family(1).runs
    (found,) = summarise([Series("eval_loss", np.array(VALUES), np.array([0, 20, 40, 64]))], CurveSettings())
    late = samples.series_report(found, "eval_loss", evaluation=True, title="Evaluation loss")
    of = samples.family_report("F", [replace(one, series={**one.series, "eval_loss": late})])
    plot = figure_kinds()[kind].plot(of)
    assert plot is not None
    assert plot.x.ranges["step"][1] == 64  # the losses end at step 59
    assert numbers(drawn(of, kind)[0]["x"])[-1] == 64


@pytest.mark.parametrize(
    "fields",
    [{"step_unit": "epoch"}, {"draw": False}, {"evaluation": False}, {"name": "val_accuracy"}],
)
def test_what_has_other_steps_or_measures_something_else_is_not_drawn(fields: dict[str, Any]) -> None:
    assert not drawn(family(1, **fields))


def test_too_many_lines_have_no_points() -> None:
    assert not drawn(family(MANY_LINES))
    assert len(drawn(family(MANY_LINES - 1))) == MANY_LINES - 1


@pytest.mark.parametrize(
    ("name", "of", "so"),
    [
        ("eval_loss", "loss", True),
        ("val_loss", "train/loss", True),
        ("val/acc", "train/acc", True),
        ("val_accuracy", "loss", False),
        ("loss", "loss", False),
        ("eval_code_loss", "loss", False),
    ],
)
def test_which_series_evaluate_which(name: str, of: str, so: bool) -> None:
    assert evaluates(name, of) is so


def logs(folder: Path, name: str, header: str, rows: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n")


def built(runs: Path, target: Path) -> None:
    reportgen.build(runs, target, formats=("html",), use_cache=False)


def test_epochs_are_called_epochs_and_figures_are_numbered_as_they_are_read(tmp_path: Path) -> None:
    for name, level in (("a", 0.5), ("b", 0.7)):
        rows = [f"{epoch},{level * epoch / 30:.4f}" for epoch in range(30)]
        logs(tmp_path / "acc", name, "epoch,val_accuracy", rows)
    built(tmp_path / "acc", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    places = [page.index(f"<b>Figure {number}.</b>") for number in (1, 2, 3)]
    assert places == sorted(places)
    assert '"title":"Epoch"' in page
    assert '"step":"Epochs","log":"Log epochs"' in page
    assert 'over <span data-says="x">all epochs</span>' in page
    assert "Raw value of the first 30 epochs" in page
    assert "Both runs." in page
    assert "reaches the highest val_accuracy of 2 runs" in page
    assert "Steps to 10" not in page


def test_the_figure_of_all_runs_shows_what_most_are_ranked_by(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        logs(tmp_path, name, "step,train_loss", [f"{step},{2 / (1 + step)}" for step in range(30)])
    logs(tmp_path, "net", "step,val_accuracy", [f"{step},{step / 30}" for step in range(30)])
    (tmp_path / "list.toml").write_text(
        '[source]\ntype = "directory"\npath = "{name}.csv"\n'
        '[[family]]\nname = "L"\nruns = ["a", "b", "c"]\n'
        '[[family]]\nname = "A"\nruns = ["net"]\nrank_by = "val_accuracy.last"\n'
    )
    built(tmp_path / "list.toml", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert '"word":"Mean at the end"' in page
    assert "1 run with a missing value is left out." in page


def test_a_runs_section_tells_the_last_step_and_counts_entries(tmp_path: Path) -> None:
    logs(tmp_path / "r", "a", "step,train_loss", [f"{10 * step},{2 / (1 + step)}" for step in range(30)])
    logs(tmp_path / "r", "b", "step,train_loss", [f"{10 * step},{3 / (1 + step)}" for step in range(30)])
    built(tmp_path / "r", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Raw loss of the first 30 entries" in page
    assert "<dt>Steps</dt><dd>290</dd>" in page
    assert "<dt>Steps</dt><dd>30</dd>" not in page


def test_a_runs_section_begins_with_what_it_is_ranked_by(tmp_path: Path) -> None:
    # 100 entries: the end window has 5, all of them 0.25 or 0.5.
    for name, end in (("a", 0.25), ("b", 0.5)):
        logs(tmp_path / "r", name, "step,train_loss", [f"{i},{2.0 if i < 95 else end}" for i in range(100)])
    built(tmp_path / "r", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<dt>Mean at the end</dt><dd>0.250</dd>" in page
    assert "<dt>Mean at the end</dt><dd>0.500</dd>" in page
    assert '<span class="value">0.500</span>' in page
    assert "<dt>AvgFinalLoss</dt>" not in page


def test_small_multiples_say_which_axis_they_have() -> None:
    for end, scale in ((1.0, "linear"), (1e-6, "log")):
        made = samples.run_report("a", samples.losses(60, end=end))
        assert panels_scale(samples.family_report("F", [made])) == scale


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (0.35, "1 of 2 runs reached the target of 0.35: a at step 300."),
        (0.6, "Both runs reached the target of 0.6: a at step 200, b at step 300."),
        (0.1, "None of 2 runs reached the target of 0.1."),
    ],
)
def test_a_family_says_who_reached_its_target(tmp_path: Path, target: float, said: str) -> None:
    for name, values in (("a", (0.9, 0.7, 0.5, 0.3)), ("b", (0.95, 0.8, 0.65, 0.55))):
        rows = [f"{100 * place},{value}" for place, value in enumerate(values)]
        logs(tmp_path, name, "step,val_loss", rows)
    (tmp_path / "list.toml").write_text(
        '[source]\ntype = "directory"\npath = "{name}.csv"\n[[family]]\nname = "F"\nruns = ["a", "b"]\n'
        f'rank_by = "val_loss.last"\ntarget = {target}\n'
    )
    built(tmp_path / "list.toml", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert said in page
    assert "a has the lowest last val_loss of 2 runs, at 0.30" in page
