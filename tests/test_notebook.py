"""The guide for notebooks, run as one: each cell puts out what the guide shows."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

GUIDE = Path(__file__).parents[1] / "docs" / "notebook.md"
CELL = re.compile(r"```python\n(.*?)```(?:\n+```text\n(.*?)```)?", re.DOTALL)


def said(cell: nbformat.NotebookNode) -> str:
    """What a reader sees under a cell, as text; warnings and bars are on standard error."""
    shown = [one["text"] for one in cell.outputs if one.get("name") == "stdout"]
    shown += [one["data"]["text/plain"] for one in cell.outputs if "data" in one]
    return "".join(shown).strip("\n")


@pytest.mark.filterwarnings("default")  # Of Jupyter's own.
def test_the_guide_shows_what_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    work = tmp_path / "work"
    work.mkdir()
    cells = CELL.findall(GUIDE.read_text(encoding="utf-8"))
    assert len(cells) >= 6
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code, _ in cells])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(work)}}).execute()
    shown = [said(cell) for cell in notebook.cells]
    assert shown == [expected.strip("\n") for _, expected in cells]
    assert (work / "report" / "report.html").is_file()
    errors = [one for cell in notebook.cells for one in cell.outputs if one.get("name") == "stderr"]
    assert errors == []
