"""Builds that die: killed at any moment, without space, without leave to write, without Chrome.

What is promised: a report that was there stays readable whole, no half file has a final name, and the
next build recovers.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pikepdf
import pytest

from reportgen.outputs import folder
from tests.processes import processes_below, wait_for_the_end_of

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills and permissions as POSIX has them")

LIST = """
[source]
type = "directory"
path = "runs/{{name}}.json"
[[family]]
name = "F"
runs = ["add_d5_l2_h3_t1K_s100001", "add_d6_l2_h3_t1K_s100001"]
description = "Generation {generation}."
"""


def write_list(folder: Path, generation: int) -> Path:
    """A list of two short synthetic runs whose losses tell which generation they are of."""
    (folder / "runs").mkdir(exist_ok=True, parents=True)
    for name, digits in (("add_d5_l2_h3_t1K_s100001", 5), ("add_d6_l2_h3_t1K_s100001", 6)):
        losses = [2.9 * 0.98**step for step in range(1000)] + [float(f"{digits}.{generation}e-8")] * 5
        (folder / "runs" / f"{name}.json").write_text(json.dumps({"Config": {}, "TrainingLoss": losses}))
    file = folder / "list.toml"
    file.write_text(LIST.format(generation=generation))
    return file


def build(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A build into ``folder/out`` that may take as long as it needs."""
    return subprocess.run(
        _words(folder, *words),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )


def _words(folder: Path, *words: str) -> list[str]:
    options = ["-o", str(folder / "out"), "--cache-dir", str(folder / "cache"), *words]
    return [sys.executable, "-m", "reportgen", "build", str(folder / "list.toml"), *options]


def bound_by_modes(words: list[str]) -> list[str]:
    """The same command, bound by modes of files as anybody but root is."""
    if os.geteuid() != 0:
        return words
    if shutil.which("setpriv") is None:
        pytest.skip("root may read and write everywhere, and there is no setpriv to be bound by modes")
    # Still root, who may read a checkout in its home.
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *words]


def generation_of(page: Path) -> str:
    """The generation that a whole page tells of; fails on half a page."""
    text = page.read_text(encoding="utf-8")
    assert text.rstrip().endswith("</html>")
    found = {n for n in "123456789" if f"Generation {n}." in text}
    assert len(found) == 1
    return found.pop()


def assert_whole(out: Path) -> str:
    """Every file under a final name is whole; returns the generation of the page."""
    json.loads((out / "report.json").read_bytes())
    json.loads((out / "manifest.json").read_bytes())
    with pikepdf.open(out / "report.pdf") as document:
        assert len(document.pages) > 1
    for csv in (out / "curves").glob("*.csv"):
        lines = csv.read_text().splitlines()
        assert lines[0] == "step,mean,min,max" and lines[-1].startswith("1004,")
    for svg in (out / "figures").rglob("*.svg"):
        assert svg.read_text().rstrip().endswith("</svg>")
    return generation_of(out / "report.html")


def assert_one_build(out: Path) -> None:
    """All files are those of the manifest, unaltered."""
    manifest = json.loads((out / "manifest.json").read_bytes())
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.faults
def test_killed_builds_leave_a_whole_report_and_the_next_recovers(tmp_path: Path, kills: int) -> None:
    write_list(tmp_path, 1)
    started = time.monotonic()
    assert build(tmp_path).returncode == 0
    length = time.monotonic() - started
    moments = random.Random(kills)
    generations = set()
    for number in range(kills):
        generation = 2 + number % 8
        write_list(tmp_path, generation)
        process = subprocess.Popen(
            _words(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        # The last tenth is where files are written; half of the kills fall there.
        share = moments.uniform(0.85, 1.05) if number % 2 else moments.uniform(0.0, 0.9)
        time.sleep(share * length)
        below = processes_below(process.pid)
        process.kill()
        process.wait()
        generations.add(assert_whole(tmp_path / "out"))
        wait_for_the_end_of(below)
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    assert assert_whole(tmp_path / "out") == str(generation)
    assert_one_build(tmp_path / "out")
    assert not (tmp_path / "out" / ".reportgen-new").exists()
    assert generations <= {str(number) for number in range(1, 10)}


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of 1 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("making a small disk needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_leaves_the_last_report(tmp_path: Path, small_disk: Path) -> None:
    write_list(tmp_path, 1)
    folder.publish(small_disk, {"report.html": b"the last report"}, {})
    words = [sys.executable, "-m", "reportgen", "build", str(tmp_path / "list.toml"), "-o", str(small_disk)]
    done = subprocess.run(
        [*words, "--format", "html", "--no-cache"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert "no space left" in done.stderr and "Traceback" not in done.stderr
    assert (small_disk / "report.html").read_text() == "the last report"
    left = sorted(path.name for path in small_disk.iterdir() if not path.name.startswith("."))
    assert left == ["manifest.json", "report.html"]


def test_a_full_cache_disk_is_no_reason_to_fail(tmp_path: Path, small_disk: Path) -> None:
    write_list(tmp_path, 1)
    (small_disk / "filler").write_bytes(b"0" * 1_000_000)
    words = [
        sys.executable,
        "-m",
        "reportgen",
        "build",
        str(tmp_path / "list.toml"),
        "-o",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(
        [*words, "--format", "html", "--cache-dir", str(small_disk)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("place", [".", "curves"])
def test_a_read_only_output_is_named(tmp_path: Path, place: str) -> None:
    write_list(tmp_path, 1)
    out = tmp_path / "out"
    folder.publish(out, {"report.json": b"the last report", "curves/mine.csv": b""}, {})
    (out / place).chmod(0o555)
    words = bound_by_modes(_words(tmp_path, "--format", "html", "--no-cache"))
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1, done.stderr
    said = f"reportgen: {out / place}: not allowed to write here; choose another -o"
    assert done.stderr.splitlines()[-1] == said
    assert (out / "report.json").read_text() == "the last report"
    assert sorted(path.name for path in out.glob("[!.]*")) == ["curves", "manifest.json", "report.json"]


@pytest.mark.parametrize(
    ("closed", "code", "said"),
    [
        (
            "runs",
            1,
            "runs/add_d5_l2_h3_t1K_s100001.json cannot be read (permission denied); change its permissions",
        ),
        ("mine", 2, "mine: cannot be read (Permission denied); check its permissions"),
        ("mine/note.txt", 2, "mine: note.txt cannot be read (Permission denied); check its permissions"),
        (
            "mine/_header.html.j2",
            2,
            "_header.html.j2 cannot be read (Permission denied); check its permissions",
        ),
    ],
)
def test_what_may_not_be_read_is_named(tmp_path: Path, closed: str, code: int, said: str) -> None:
    options = ("--format", "html", "--no-cache", "--quiet", "--templates", str(tmp_path / "mine"))
    write_list(tmp_path, 1)
    (tmp_path / "mine").mkdir()
    for name in ("note.txt", "_header.html.j2"):
        (tmp_path / "mine" / name).touch()
    assert build(tmp_path, *options).returncode == 0
    # Built again from its report.json, which looks for the folder of the runs.
    (tmp_path / "out" / "report.json").rename(tmp_path / "report.json")
    words = [word.replace("list.toml", "report.json") for word in _words(tmp_path, *options)]
    (tmp_path / closed).chmod(0)
    try:
        done = subprocess.run(bound_by_modes(words), capture_output=True, text=True, check=False, timeout=120)
    finally:
        (tmp_path / closed).chmod(0o755)
    assert done.returncode == code, done.stderr
    assert len(done.stderr.splitlines()) == 1 and said in done.stderr


def test_a_report_is_built_again_from_a_folder_that_was_removed(tmp_path: Path) -> None:
    options = ("--format", "html", "--no-cache", "--quiet")
    write_list(tmp_path, 1)
    assert build(tmp_path, *options).returncode == 0
    (tmp_path / "out" / "report.json").rename(tmp_path / "report.json")
    (tmp_path / "gone").mkdir()
    words = [word.replace("list.toml", "report.json") for word in _words(tmp_path, *options)]
    there = ["sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(tmp_path / "gone"), *words]
    # Python looks for its modules from here, as in a checkout.
    paths = {"PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(
        there, capture_output=True, text=True, check=False, timeout=120, env={**os.environ, **paths}
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_without_chrome_the_page_is_there_and_no_stale_pdf(tmp_path: Path) -> None:
    write_list(tmp_path, 1)
    assert build(tmp_path).returncode == 0
    write_list(tmp_path, 2)
    done = build(tmp_path, BROWSER_PATH="/nonexistent/chrome", PATH="/nonexistent")
    assert done.returncode == 5, done.stderr
    assert "Chrome" in done.stderr and "Traceback" not in done.stderr
    out = tmp_path / "out"
    assert generation_of(out / "report.html") == "2"
    assert not (out / "report.pdf").exists()
    assert not (out / "figures").exists()


@pytest.mark.parametrize("behaviour", ["exit 1", "kill -9 $$"])
def test_a_chrome_that_crashes_costs_the_pdf_only(tmp_path: Path, behaviour: str) -> None:
    write_list(tmp_path, 1)
    chrome = tmp_path / "chrome"
    chrome.write_text(f"#!/bin/sh\n{behaviour}\n")
    chrome.chmod(0o755)
    done = build(tmp_path, "--no-cache", BROWSER_PATH=str(chrome))
    assert done.returncode == 5, done.stderr
    assert "report.pdf and figures/ could not be made: Chrome failed twice: it did not start" in done.stderr
    assert "Traceback" not in done.stderr
    # Words, as no tuple of Python's holds them.
    assert "('" not in done.stderr and "', '" not in done.stderr
    assert generation_of(tmp_path / "out" / "report.html") == "1"


def test_two_missing_parts_are_said_at_once(tmp_path: Path) -> None:
    write_list(tmp_path, 1)
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango')\n")
    done = build(tmp_path, "--no-cache", PYTHONPATH=str(tmp_path), BROWSER_PATH=str(tmp_path / "none"))
    assert done.returncode == 5, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert line.startswith("warning: report.pdf and figures/ could not be made: BROWSER_PATH names no file")
    assert "; and Pango, which WeasyPrint needs, cannot be loaded" in line


@pytest.mark.parametrize("crash", ["os.abort()", "os.kill(os.getpid(), 9)", "raise RuntimeError('a bug')"])
def test_a_layout_that_crashes_costs_the_pdf_only(tmp_path: Path, crash: str) -> None:
    """A library that dies, played by one of its name."""
    write_list(tmp_path, 1)
    (tmp_path / "weasyprint.py").write_text(f"import os\n{crash}\n")
    done = build(tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 5, done.stderr
    assert "report.pdf could not be made: the process that lays out the PDF failed" in done.stderr
    assert generation_of(tmp_path / "out" / "report.html") == "1"
    assert not (tmp_path / "out" / "report.pdf").exists()


def test_two_builds_into_one_folder_leave_one_whole_report(tmp_path: Path) -> None:
    write_list(tmp_path, 3)
    processes = [
        subprocess.Popen(_words(tmp_path, "--format", "html"), stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert generation_of(tmp_path / "out" / "report.html") == "3"
    assert_one_build(tmp_path / "out")


def test_a_clock_that_jumps_back_changes_nothing(tmp_path: Path) -> None:
    write_list(tmp_path, 1)
    assert build(tmp_path, "--format", "html", SOURCE_DATE_EPOCH="4000000000").returncode == 0
    write_list(tmp_path, 2)
    assert build(tmp_path, "--format", "html", SOURCE_DATE_EPOCH="1").returncode == 0
    assert generation_of(tmp_path / "out" / "report.html") == "2"
    assert json.loads((tmp_path / "out" / "report.json").read_text())["created"] == "1970-01-01T00:00:01Z"


def test_runs_that_may_not_be_read_are_named_where_they_are_looked_for(tmp_path: Path) -> None:
    for name in ("a", "b", "closed"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "log.csv").write_text("step,loss\n0,2\n1,1\n")
    source = '[source]\ntype = "directory"\npath = "runs/{name}"\n'
    (tmp_path / "named.toml").write_text(f'{source}[[family]]\nname = "F"\nruns = ["a", "b"]\n')
    (tmp_path / "files.toml").write_text(
        f'{source.replace("name}", "name}/log.csv")}[[family]]\nname = "F"\nruns = ["*"]\n'
    )
    (tmp_path / "runs" / "a" / "log.csv").chmod(0)
    (tmp_path / "runs" / "closed").chmod(0)

    def said(*words: str) -> str:
        command = bound_by_modes([sys.executable, "-m", "reportgen", *words])
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path)
        assert "Traceback" not in done.stderr
        return str(done.stdout + done.stderr)

    try:
        words = "cannot be read (permission denied)"
        assert f"left out a/log.csv: {words}" in said("init", "runs")
        assert "left out closed: cannot be read (Permission denied)" in said("init", "runs")
        built = said("build", "named.toml", "--format", "html", "--no-cache")
        assert f"F: a: runs/a/log.csv {words}; change its permissions" in built
        assert f"F: a: runs/a/log.csv {words}; change its permissions" in said("check", "files.toml")
    finally:
        (tmp_path / "runs" / "closed").chmod(0o755)
