"""Runs that patterns find and that, once read, hold no series: none of ours, counted, and no problem."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reportgen import job
from reportgen.errors import ReportgenError
from reportgen.log import Kind, Log, Writer
from reportgen.options import BuildOptions

STATE = {"log_history": [{"step": step, "loss": 3 / step} for step in range(1, 9)], "global_step": 8}
EMPTY = {"log_history": [], "global_step": 8}


class Heard(Writer):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, kind: Kind, message: str) -> None:
        self.lines.append(f"{kind}: {message}")


def built(folder: Path, runs: str) -> tuple[job.Outcome, dict[str, Any], list[str]]:
    place = folder / "list.toml"
    source = '[source]\ntype = "directory"\npath = "{name}/trainer_state.json"\n'
    place.write_text(f'{source}[[family]]\nname = "F"\nruns = [{runs}]\n')
    heard = Heard()
    options = BuildOptions(formats=("html",), use_cache=False)
    made = job.run([str(place)], folder / "out", options, Log(heard), skip_if_current=False)
    return made, json.loads((folder / "out" / "report.json").read_text()), heard.lines


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name, state in {"a": STATE, "b": EMPTY, "c": STATE}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "trainer_state.json").write_text(json.dumps(state))
    return tmp_path


def test_a_found_run_without_series_is_passed_over_and_counted(runs: Path) -> None:
    made, report, said = built(runs, '"*"')
    assert made.exit_code == 0
    assert report["problems"] == []
    assert [run["name"] for run in report["families"][0]["runs"]] == ["a", "c"]
    assert [run["metrics"]["final_loss"] for run in report["families"][0]["runs"]] == [3 / 8, 3 / 8]
    (counted,) = [line for line in said if "left out, since" in line]
    assert counted == (
        "info: left out, since they hold no series: 1 of the runs found "
        "(b/trainer_state.json has an empty log_history; set logging_steps so that the Trainer logs)"
    )


def test_one_that_a_list_names_is_a_problem(runs: Path) -> None:
    made, report, _ = built(runs, '"b", "*"')
    assert made.exit_code == 3
    assert [(one["run"], one["kind"]) for one in report["problems"]] == [("b", "unreadable")]


def test_one_that_is_damaged_is_a_problem(runs: Path) -> None:
    (runs / "c" / "trainer_state.json").write_text(json.dumps(STATE)[:-30])
    made, report, _ = built(runs, '"*"')
    assert made.exit_code == 3
    assert [one["run"] for one in report["problems"]] == ["c"]


def test_where_none_is_left_nothing_is_written(runs: Path) -> None:
    for name in "ac":
        (runs / name / "trainer_state.json").write_text(json.dumps(EMPTY))
    with pytest.raises(ReportgenError, match="no run that the lists' patterns found holds a series"):
        built(runs, '"*"')
