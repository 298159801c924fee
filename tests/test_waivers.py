"""Known failures: what a list waives, until when, and what is said the day after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reportgen import cli

LIST = """
[source]
type = "directory"
path = "{name}.json"
[smoothing]
window = 4
[[family]]
name = "F"
expect = { avg_final_loss = "<= 1e-9", steps = "== 8" }
waive = { avg_final_loss = { until = "2026-06-30", reason = "the new optimizer | is slow" } }
runs = [
  "a",
  { name = "b", waive = { avg_final_loss = { until = "2026-01-01", reason = "by hand" } } },
  { name = "c", expect = { avg_final_loss = "<= 1" } },
]
"""
EPOCHS = {"2025-12-31": "1767225599", "2026-06-30": "1782863999", "2026-07-01": "1782864000"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a list of three runs."""
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.json").write_text(json.dumps({"Config": {}, "TrainingLoss": [0.5] * 8}))
    (tmp_path / "list.toml").write_text(LIST)
    return tmp_path


def built(folder: Path, day: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, Any]]:
    """Exit code and report of a build at the last second of a day, or the first of the next."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCHS[day])
    words = ["build", str(folder / "list.toml"), "-o", str(folder / "out"), "--format", "html", "--no-cache"]
    code = cli.main(words)
    return code, json.loads((folder / "out" / "report.json").read_text())


def checks(report: dict[str, Any]) -> dict[str, list[str]]:
    """Run to the outcome and the note of its expectation on AvgFinalLoss."""
    return {
        run["name"]: [check["outcome"], check["note"]]
        for run in report["families"][0]["runs"]
        for check in run["checks"]
        if check["metric"] == "avg_final_loss"
    }


SLOW = "waived until 2026-06-30: the new optimizer | is slow"


def test_a_waived_failure_is_none_until_its_day_has_passed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = built(folder, "2025-12-31", monkeypatch)
    assert code == 0
    assert checks(report) == {
        "a": ["waived", SLOW],
        "b": ["waived", "waived until 2026-01-01: by hand"],
        "c": ["passed", ""],
    }
    said = capsys.readouterr().err
    assert f"F: a: AvgFinalLoss is 0.500, expected ≤ 1×10⁻⁹; {SLOW}\n" in said
    assert "warning" not in said
    summary = (folder / "out" / "summary.md").read_text()
    assert summary.startswith("## 3 runs; 2 known failures waived.")
    assert "### Known failures (2)" in summary
    page = (folder / "out" / "report.html").read_text()
    assert SLOW in page

    # The run's own waiver goes before the family's, and has run out.
    code, report = built(folder, "2026-06-30", monkeypatch)
    assert code == 4
    assert checks(report) == {
        "a": ["waived", SLOW],
        "b": ["failed", "its waiver ran out on 2026-01-01: by hand"],
        "c": ["passed", ""],
    }

    code, report = built(folder, "2026-07-01", monkeypatch)
    assert code == 4
    assert {name: outcome for name, (outcome, _) in checks(report).items()} == {
        "a": "failed",
        "b": "failed",
        "c": "passed",
    }


def test_a_day_that_passes_makes_another_report(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where nothing but the time has changed, and the time alone changes nothing."""
    words = ["build", str(folder / "list.toml"), "-o", str(folder / "out"), "--format", "html", "--no-cache"]
    monkeypatch.setattr("reportgen.job.time.time", lambda: float(EPOCHS["2026-06-30"]) - 60)
    assert cli.main(words) == 4
    manifest = folder / "out" / "manifest.json"
    first = json.loads(manifest.read_text())
    monkeypatch.setattr("reportgen.job.time.time", lambda: float(EPOCHS["2026-06-30"]))
    assert cli.main(words) == 4
    assert json.loads(manifest.read_text()) == first
    monkeypatch.setattr("reportgen.job.time.time", lambda: float(EPOCHS["2026-07-01"]))
    assert cli.main(words) == 4
    assert json.loads(manifest.read_text())["failed_expectations"] == 2
