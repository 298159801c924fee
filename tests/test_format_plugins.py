"""A format that another package brings, from the entry point to the report."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.page_reader import Page

PLUGIN = '''
import numpy as np
from reportgen.kinds import RunFile, Series, Unreadable


class Dots:
    """A line of a loss and dots: as many dots as the step."""

    name = "dots"
    version = 3

    def fits(self, files, head):
        return tuple(file for file in files if head(file).startswith(b"dots\\n"))

    def runs(self, files, options):
        return None

    def read(self, files, name, options):
        with files[0].open() as stream:
            lines = stream.read().decode().split()[1:]
        if not lines:
            raise Unreadable(files[0].name, "holds no dots; write some")
        values = np.array([float(line.strip(":")) for line in lines]) * options.get("times", 1)
        steps = np.array([line.count(":") for line in lines])
        return RunFile({"loss": Series("loss", values, steps)}, {"lr": 0.5}, format="dots")
'''


@pytest.fixture
def place(tmp_path: Path) -> Path:
    installed = tmp_path / "site" / "dots-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: dots\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[reportgen.formats]\ndots = dots_format:Dots\n")
    (tmp_path / "site" / "dots_format.py").write_text(PLUGIN)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "a.txt").write_text("dots\n3.5:\n2.5::::\n2.25:::::::\n")
    (tmp_path / "runs" / "none.txt").write_text("dots\n")
    (tmp_path / "list.toml").write_text(
        '[source]\ntype = "directory"\npath = "runs/{name}.txt"\n[source.format]\ntype = "dots"\n'
        '[[family]]\nname = "F"\nruns = ["a", "none"]\ncolumns = ["label", "trained_steps", "best"]\n'
    )
    return tmp_path


def build(place: Path, *words: str, plugged_in: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(place / "site") if plugged_in else ""}
    command = [
        sys.executable,
        "-m",
        "reportgen",
        "build",
        "list.toml",
        "-o",
        "out",
        "--format",
        "html",
        *words,
    ]
    return subprocess.run(
        [*command, *words],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_format_of_another_package_is_in_list_table_json_and_page(place: Path) -> None:
    done = build(place, "--no-cache")
    assert done.returncode == 3, done.stderr
    document = json.loads((place / "out" / "report.json").read_bytes())
    (run,) = document["families"][0]["runs"]
    assert (run["format"], run["config"]) == ("dots", {"lr": 0.5})
    assert run["metrics"]["trained_steps"] == 7
    assert run["series"]["loss"]["metrics"]["best_step"] == 7
    (problem,) = document["problems"]
    assert problem["message"] == "runs/none.txt holds no dots; write some"
    with (place / "out" / "tables" / "f.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["trained_steps"], row["best"]) == ("7", "2.25")
    assert "2.25" in Page((place / "out" / "report.html").read_text(encoding="utf-8")).text


def test_its_version_is_part_of_what_the_cache_knows_a_run_by(place: Path) -> None:
    words = ("--cache-dir", "cache", "--verbose")
    assert "computed: a" in build(place, *words).stderr
    assert "computed: none" in build(place, *words, "--title", "T").stderr.replace("computed: none, ", "")
    file = place / "site" / "dots_format.py"
    file.write_text(file.read_text().replace("version = 3", "version = 4"))
    assert "computed: a" in build(place, *words, "--title", "U").stderr


def test_without_it_the_list_says_so(place: Path) -> None:
    done = build(place, plugged_in=False)
    assert done.returncode == 2
    assert "dots" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_one_that_cannot_be_loaded_is_one_line(place: Path) -> None:
    (place / "site" / "dots_format.py").write_text("raise RuntimeError('no')")
    done = build(place, "--no-cache")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert 'the format "dots" cannot be loaded (runtime error); install its package again' in done.stderr
