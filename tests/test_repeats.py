"""Files that hold several runs, one after the other, from the list to the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportgen.cli import main

LIST = """
[source]
type = "directory"
path = "{path}"
[source.format]
repeats = "runs"
[[family]]
name = "F"
runs = [{runs}]
"""
FIRST, SECOND = [(1, 4.0), (2, 3.0), (3, 2.5)], [(1, 5.0), (2, 1.5)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = "".join(f"{step},{loss}\n" for step, loss in [*FIRST, *SECOND])
    for name, text in (("a", rows), ("b", "1,9\n2,8\n")):
        (tmp_path / "out" / name).mkdir(parents=True)
        (tmp_path / "out" / name / "log.csv").write_text(f"epoch,loss\n{text}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def built(folder: Path, path: str, runs: str, code: int = 0) -> dict[str, list[float]]:
    (folder / "list.toml").write_text(LIST.replace("{path}", path).replace("{runs}", runs), encoding="utf-8")
    assert main(["build", "list.toml", "-o", "report", "--format", "html", "--quiet"]) == code
    report = json.loads((folder / "report" / "report.json").read_text(encoding="utf-8"))
    return {
        run["name"]: [run["metrics"]["trained_steps"], run["metrics"]["final_loss"]]
        for family in report["families"]
        for run in family["runs"]
    }


def test_a_name_without_a_number_is_a_problem_that_says_what_to_write(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert built(folder, "out/{name}/log.csv", '"a", "b"', code=3) == {"b": [2, 8.0]}
    said = (
        "out/a/log.csv holds 2 runs, one after the other; "
        "write #1 after the run's name for the first, #* for all"
    )
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("runs", ['"*"', '"a#*", "b"', '"a#1", "a#2", "b"'])
def test_each_run_of_a_file_is_a_run_of_its_own(folder: Path, runs: str) -> None:
    expected = {"a#1": [3, 2.5], "a#2": [2, 1.5], "b": [2, 8.0]}
    assert built(folder, "out/{name}/log.csv", runs) == expected


def test_a_file_alone_is_a_store_of_its_runs(folder: Path) -> None:
    assert built(folder, "out/a/log.csv", '"*"') == {"log#1": [3, 2.5], "log#2": [2, 1.5]}
