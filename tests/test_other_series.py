"""Series that runs are not ranked by: an owner finds accuracy, learning rate and the like without a list."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from markupsafe import Markup

import reportgen
from reportgen.figures import captions
from reportgen.figures.axes import ticks
from reportgen.figures.families import all_steps
from reportgen.figures.series import MOST_DRAWN
from reportgen.outputs import run_views
from reportgen.outputs.context import context
from reportgen.outputs.run_views import gap_of
from reportgen.report import RunReport, qualities
from reportgen.tables import family_table, qualities_table, series_table
from tests.page_reader import Page

STEPS = 40
TRUTH: Mapping[str, list[float]] = {
    "train_loss": [2.0 / (1 + 0.1 * step) for step in range(STEPS)],
    "val_loss": [2.1 / (1 + 0.08 * step) + 0.001 * (step - 25) ** 2 for step in range(STEPS)],
    "val_acc": [0.5 + 0.4 * np.sin(step / 20) for step in range(STEPS)],
    "val_f1": [0.4 + 0.01 * step for step in range(STEPS)],
    "lr": [1e-3 * 0.9**step for step in range(STEPS)],
}


def runs(folder: Path, *names: str, extra: int = 0) -> Path:
    """Two runs as CSV, of the series of these names and some more that mean nothing."""
    for number, run in enumerate(("base-lr0.1", "base-lr0.2")):
        place = folder / run / "log.csv"
        place.parent.mkdir(parents=True)
        with place.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["step", *names, *(f"thing_{at}" for at in range(extra))])
            for step in range(STEPS):
                values = [TRUTH[name][step] * (1 + 0.1 * number) for name in names]
                rows.writerow([step, *map(repr, map(float, values)), *(at + step for at in range(extra))])
    return folder


def built(of: Path, target: Path) -> reportgen.Report:
    return reportgen.build(of, target, formats=("html",), use_cache=False)


def test_one_more_evaluation_is_a_column(tmp_path: Path) -> None:
    made = built(runs(tmp_path / "in", "train_loss", "val_loss", "val_acc", "lr"), tmp_path / "out")
    (family,) = made.families
    table = family_table(family)
    keys = [column.key for column in table.columns]
    assert keys[keys.index("eval_loss.best") :][:3] == [
        "eval_loss.best",
        "eval_loss.best_step",
        "val_acc.best",
    ]
    at = keys.index("val_acc.best")
    assert [row.cells[at].value for row in table.rows] == pytest.approx(
        [max(TRUTH["val_acc"]), 1.1 * max(TRUTH["val_acc"])], rel=1e-15
    )
    assert len(qualities_table(family).columns) == 1  # stands in the table above


def test_several_have_a_table(tmp_path: Path) -> None:
    of = runs(tmp_path / "in", "train_loss", "val_loss", "val_acc", "val_f1", "lr")
    made = built(of, tmp_path / "out")
    (family,) = made.families
    assert qualities(family.runs) == ("eval_loss", "val_acc", "val_f1")
    table = qualities_table(family)
    assert [column.key for column in table.columns] == ["label", "val_acc.best", "val_f1.best"]
    assert [row.cells[2].value for row in table.rows] == pytest.approx([0.79, 1.1 * 0.79])
    page = (tmp_path / "out" / "report.html").read_text()
    assert "best values of other series." in page


def test_a_training_accuracy_is_no_second_evaluation(tmp_path: Path) -> None:
    place = tmp_path / "in" / "a.csv"
    place.parent.mkdir()
    rows = [
        "epoch,loss,accuracy,val_loss,val_accuracy",
        *(f"{n},{2 - n / 9},{n / 9},2,{n / 10}" for n in range(9)),
    ]
    place.write_text("\n".join(rows) + "\n")
    (family,) = built(place.parent, tmp_path / "out").families
    assert "accuracy" not in qualities(family.runs)


def test_the_section_of_a_run_has_every_series(tmp_path: Path) -> None:
    made = built(runs(tmp_path / "in", "train_loss", "val_loss", "val_acc", "lr", extra=30), tmp_path / "out")
    (family,) = made.families
    table = series_table(family.runs[0], 99)
    assert table is not None
    found = {row.cells[0].value: [cell.value for cell in row.cells[1:]] for row in table.rows}
    assert len(found) == 34
    last, best = TRUTH["val_loss"][-1], min(TRUTH["val_loss"])
    end = float(np.mean(TRUTH["val_loss"][-5:]))
    assert found["eval_loss"] == [
        40,
        last,
        pytest.approx(end, rel=1e-14),
        best,
        TRUTH["val_loss"].index(best),
    ]
    assert found["learning_rate"][3:] == [None, None]  # neither way is better
    text = (tmp_path / "out" / "report.html").read_text()
    page = Page(text)
    drawn = [one["data-figure"] for _, one in page.elements if one.get("data-kind") == "run-series"]
    assert len(drawn) == len(set(drawn)) == 2 * MOST_DRAWN
    assert not any("eval_loss over all steps" in one for one in text.splitlines())  # drawn with the loss
    assert "val_acc over all steps" in text and "And 10 series more: " in text
    gap = last - float(np.mean(TRUTH["train_loss"][-5:]))
    said = re.search(r"Evaluation less training</dt><dd>\+([0-9.]+)", text)
    assert said is not None and float(said[1]) == pytest.approx(gap, abs=5e-4)


def test_a_series_that_the_list_names_has_a_figure_of_all_runs(tmp_path: Path) -> None:
    runs(tmp_path / "in", "train_loss", "val_loss", "val_acc", "lr")
    listed = tmp_path / "in" / "list.toml"
    listed.write_text(
        '[source]\ntype = "directory"\npath = "{name}"\n[series.val_acc]\ntitle = "Accuracy"\n'
        '[series.learning_rate]\ndraw = false\n[[family]]\nname = "Sweep"\nruns = ["*"]\n'
    )
    made = built(listed, tmp_path / "out")
    text = (tmp_path / "out" / "report.html").read_text()
    figures = [one["id"] for tag, one in Page(text).elements if tag == "figure" and "sweep" in one["id"]]
    assert "figure-sweep-series-val_acc" in figures and "figure-sweep-series-learning_rate" not in figures
    assert re.search(r"Sweep: (?:A|a)ccuracy over .*all steps", text)
    assert (tmp_path / "out" / "curves" / f"{made.runs[0].slug}-series-val_acc.csv").exists()


def test_an_evaluation_that_the_list_names_has_a_figure_and_what_is_not_drawn_is_in_each_section(
    tmp_path: Path,
) -> None:
    runs(tmp_path / "in", "train_loss", "val_loss", extra=MOST_DRAWN + 2)
    listed = tmp_path / "in" / "list.toml"
    last = f"thing_{MOST_DRAWN + 1}"
    listed.write_text(
        '[source]\ntype = "directory"\npath = "{name}"\n[series.val_loss]\ntitle = "Held out"\n'
        f'[series.{last}]\ndraw = false\n[[family]]\nname = "Sweep"\nruns = ["*"]\n'
    )
    built(listed, tmp_path / "out")
    text = (tmp_path / "out" / "report.html").read_text()
    figures = [one["id"] for tag, one in Page(text).elements if tag == "figure" and "sweep" in one["id"]]
    assert "figure-sweep-series-val_loss" in figures and f"figure-sweep-series-{last}" not in figures
    drawn = [one["data-figure"] for _, one in Page(text).elements if one.get("data-kind") == "run-series"]
    assert len(drawn) == len(set(drawn)) == 2 * (MOST_DRAWN + 1)
    assert f"{last} over all steps" in text and f"thing_{MOST_DRAWN} over all steps" not in text


@pytest.mark.parametrize(("entries", "has_band"), [(19, False), (60, True)])
def test_of_values_as_logged_no_band_is_spoken_of(tmp_path: Path, entries: int, has_band: bool) -> None:
    place = tmp_path / "in" / "a.csv"
    place.parent.mkdir()
    place.write_text("step,loss\n" + "".join(f"{step},{2 + (-1) ** step / 9}\n" for step in range(entries)))
    (family,) = built(place.parent, tmp_path / "out").families
    plot = all_steps(family)
    assert plot is not None
    assert ("Band: rolling minimum" in captions.all_steps(family, plot).text) is has_band


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (1.2e-5, 1.05e-3, 3, [1e-4, 1e-3]),
        (1.2e-5, 1.05e-3, 4, [3e-5, 1e-4, 3e-4, 1e-3]),
        (1.2e-5, 9e-4, 3, [3e-5, 1e-4, 3e-4]),
        (1.2e-5, 9e-4, 5, [2e-5, 5e-5, 1e-4, 2e-4, 5e-4]),
    ],
)
def test_a_low_figure_of_two_decades_keeps_ticks_of_a_log_axis(
    low: float, high: float, most: int, expected: list[float]
) -> None:
    assert ticks(low, high, most, log=True) == expected


def test_the_gaps_of_a_family_are_asked_for_once_and_not_once_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 1,500 runs the page took 45 s, nearly all of it here."""
    for number in range(30):
        place = tmp_path / "in" / f"lr{number}" / "log.csv"
        place.parent.mkdir(parents=True)
        rows = [f"{step},{1 / (step + 1)},{2 / (step + number + 1)}" for step in range(10)]
        place.write_text("\n".join(["step,train_loss,val_loss", *rows]))
    made = built(tmp_path / "in", tmp_path / "out")
    asked: list[str] = []

    def counted(run: RunReport) -> float | None:
        asked.append(run.slug)
        return gap_of(run)

    monkeypatch.setattr(run_views, "gap_of", counted)
    views = context(made, medium="screen", figure=lambda _view: Markup())["families"][0].runs
    assert sum("Evaluation less training" in [fact.term for fact in view.facts] for view in views) == 30
    assert 30 <= len(asked) <= 3 * 30
