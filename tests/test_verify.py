"""``reportgen verify``: a report's numbers, built again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from reportgen import cli
from reportgen.errors import ReportgenError
from reportgen.verify import verify

LIST = """
[source]
type = "directory"
path = "runs/{name}.json"
[smoothing]
window = 4
[[family]]
name = "F"
runs = ["a", "b"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a report, ``out``, of two runs."""
    (tmp_path / "runs").mkdir()
    for name in ("a", "b"):
        write(tmp_path, name, 1.0)
    (tmp_path / "list.toml").write_text(LIST)
    words = ["build", str(tmp_path / "list.toml"), "-o", str(tmp_path / "out"), "--no-cache", "--quiet"]
    assert cli.main([*words, "--format", "html"]) == 0
    # Relative paths of a report start beside it.
    shutil.copy(tmp_path / "out" / "report.json", tmp_path / "report.json")
    return tmp_path


def write(folder: Path, name: str, factor: float) -> None:
    losses = [factor * 2.9 / (1 + step) for step in range(40)]
    (folder / "runs" / f"{name}.json").write_text(json.dumps({"Config": {}, "TrainingLoss": losses}))


def test_the_same_files_give_the_same_numbers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(folder.rglob("*"))
    assert cli.main(["verify", str(folder / "report.json")]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"{folder / 'report.json'}: the numbers are the same: 2 runs, ")
    assert len(said.out.splitlines()) == 1
    assert sorted(folder.rglob("*")) == before


def test_a_number_that_differs_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = json.loads((folder / "report.json").read_text())
    metrics = report["families"][0]["runs"][1]["metrics"]
    was = metrics["avg_final_loss"]
    metrics["avg_final_loss"] = was * (1 + 1e-8)
    metrics["final_loss"] *= 1 + 1e-10  # within what another processor may give
    (folder / "report.json").write_text(json.dumps(report))
    assert cli.main(["verify", str(folder / "report.json")]) == 4
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{folder / 'report.json'}: 1 number differs, of 2 runs and ")
    assert lines == [f"F: b: avg_final_loss was {was * (1 + 1e-8)!r}, is {was!r}"]


def test_another_file_under_the_same_name_is_not_taken(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, "b", 2.0)
    assert cli.main(["verify", str(folder / "report.json")]) == 3
    said = capsys.readouterr()
    assert "1 run could not be read again, of 2 runs" in said.out.splitlines()[0]
    assert said.out.splitlines()[1] == "F: b: could not be read again"
    assert "is no longer the file of that report" in said.err


def test_a_pdf_holds_its_report(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pikepdf

    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.attachments["report.json"] = pikepdf.AttachedFileSpec(pdf, (folder / "report.json").read_bytes())
    pdf.save(folder / "paper.pdf")
    monkeypatch.chdir(folder)
    assert verify(folder / "paper.pdf").exit_code == 0
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.save(folder / "other.pdf")
    with pytest.raises(ReportgenError, match=r"other\.pdf: holds no report\.json"):
        verify(folder / "other.pdf")
    (folder / "none.pdf").write_text("no PDF")
    with pytest.raises(ReportgenError, match=r"none\.pdf: is not a PDF, or damaged; name a report\.pdf"):
        verify(folder / "none.pdf")
    with pytest.raises(ReportgenError, match="cannot be read"):
        verify(folder / "missing.pdf")
