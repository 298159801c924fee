"""Python's door: what a build returns, warns of and shows in a notebook."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest

import reportgen
from reportgen import ReportgenError, ReportgenWarning
from reportgen.api import BuiltReport

LIST = """
title = "<i>Two</i> & a half"
[source]
type = "directory"
path = "{name}.json"
[smoothing]
window = 4
[[family]]
name = "First"
runs = ["a", "b"]
[[family]]
name = "Second"
expect = { avg_final_loss = "<= 1e-9" }
runs = ["a"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a list of two runs."""
    place = tmp_path_factory.mktemp("python")
    for name, factor in (("a", 1.0), ("b", 3.0)):
        losses = [factor * 2.9 / (1 + step) for step in range(60)]
        (place / f"{name}.json").write_text(json.dumps({"Config": {"n_digits": 5}, "TrainingLoss": losses}))
    (place / "list.toml").write_text(LIST)
    return place


@pytest.fixture(scope="module")
def report(folder: Path) -> Iterator[BuiltReport]:
    """The report of that list."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReportgenWarning)
        yield reportgen.build(folder / "list.toml", folder / "out", formats="html", use_cache=False)


def test_a_table_holds_what_the_csv_holds(report: BuiltReport) -> None:
    frame = report.table()
    with (report.out / "tables" / "runs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(frame["name"]) == [row["name"] for row in rows] == ["a", "b", "a"]
    assert list(frame["family"]) == ["First", "First", "Second"]
    assert frame["avg_final_loss"].tolist() == [float(row["avg_final_loss"]) for row in rows]
    assert frame["avg_final_loss"].dtype == "Float64"
    assert frame["steps"].dtype == "Int64"
    assert frame["first_nonfinite_step"].isna().all()
    assert isinstance(frame, pd.DataFrame)
    assert report.table("First")["name"].tolist() == ["a", "b"]
    assert "family" not in report.table("First").columns


@pytest.mark.parametrize("kind", ["log", "linear", "thresholds"])
def test_a_figure_is_plotlys_own(report: BuiltReport, kind: str) -> None:
    figure = report.figure("First", kind)
    assert isinstance(figure, go.Figure)
    assert len(figure.data) > 0
    figure.update_layout(title="mine")
    assert "mine" in figure.to_html(include_plotlyjs=False)


def test_a_wrong_name_is_a_line_with_the_nearest(report: BuiltReport) -> None:
    with pytest.raises(ReportgenError, match=r'^no family "Frist"; did you mean "First"\?$'):
        report.table("Frist")
    with pytest.raises(ReportgenError, match=r'^no figure "lag"; did you mean "log"\?$'):
        report.figure("First", "lag")
    with pytest.raises(ReportgenError, match=r'^no family "3"; known: '):
        report.table(3)  # type: ignore[arg-type]
    with pytest.raises(ReportgenError, match=r"^out: is empty; name a folder$"):
        reportgen.build("demo", "")
    with pytest.raises(ReportgenError, match='"First": has nothing to draw as "seeds"'):
        report.figure("First", "seeds")


def test_it_shows_itself_in_a_few_lines_that_are_text(report: BuiltReport) -> None:
    shown = report._repr_html_()
    assert "&lt;i&gt;Two&lt;/i&gt; &amp; a half" in shown
    assert "<td>First</td><td>2</td>" in shown
    assert len(shown) < 2000
    assert repr(report) == f'<report "<i>Two</i> & a half": 3 runs, 0 problems, in {report.out}>'


def test_what_the_command_warns_of_is_warned_of_at_the_callers_line(folder: Path) -> None:
    with pytest.warns(ReportgenWarning) as caught:
        reportgen.build([folder / "list.toml"], folder / "warned", formats=["html"], use_cache=False)
    assert [str(one.message) for one in caught] == ["Second: a: AvgFinalLoss is 0.0500, expected ≤ 1×10⁻⁹"]
    assert caught[0].filename == __file__


def test_a_format_that_cannot_be_made_is_warned_of_and_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ReportgenError("Chrome is missing")

    monkeypatch.setattr("reportgen.outputs.images.Drawer.draw", missing)
    with pytest.warns(ReportgenWarning) as caught:
        report = reportgen.build(folder / "list.toml", folder / "missing", formats=["pdf"], use_cache=False)
    assert report.missing_formats == {"pdf": "Chrome is missing"}
    assert "report.pdf and figures/ could not be made: Chrome is missing" in [
        str(one.message) for one in caught
    ]


def test_progress_is_shown_without_a_warning_of_tqdms(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ReportgenWarning)
        reportgen.build(folder / "list.toml", folder / "bars", formats="html", use_cache=False, progress=True)
        reportgen.build(folder / "list.toml", folder / "quiet", formats="html", use_cache=False)
    said = capsys.readouterr()
    assert said.out == ""
    assert "pull" in said.err
    assert "write 00:0" in said.err
    assert "0run" not in said.err


def test_a_notebook_completes_what_is_loaded_on_demand() -> None:
    assert {"build", "BuildOptions", "ReportgenError", "ReportgenWarning"} <= set(dir(reportgen))


def test_a_build_imports_no_plotly(folder: Path) -> None:
    """It is for figures in Python alone."""
    script = (
        "import sys, warnings, reportgen; warnings.simplefilter('ignore')\n"
        "reportgen.build(sys.argv[1], sys.argv[2], formats='html', use_cache=False, device='cpu')\n"
        "print('plotly' in sys.modules)"
    )
    words = [sys.executable, "-c", script, str(folder / "list.toml"), str(folder / "light")]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "False\n"
