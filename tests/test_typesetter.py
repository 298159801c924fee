"""The process that lays out the PDF: what it gives back, how it fails, and that nothing of it is left."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reportgen.errors import ReportgenError
from reportgen.outputs import pdf
from reportgen.outputs.typesetter import Typesetter
from reportgen.report import Report
from tests import samples
from tests.processes import processes_below, wait_for_the_end_of

FAILED = r"^the process that lays out the PDF failed \(exit code (-9|1)\)$"
SIZES = {"addition-log": (160.0, 80.0)}


def lay_out(typesetter: Typesetter, report: Report, templates: Path | None = None) -> bytes:
    attachments = {"report.json": b"{}"}
    return typesetter.lay_out(
        report, SIZES, paper_size="letter", templates=templates, attachments=attachments
    )


def process_of(typesetter: Typesetter) -> subprocess.Popen[bytes]:
    assert typesetter._process is not None
    return typesetter._process


@pytest.fixture
def typesetter() -> Iterator[Typesetter]:
    with Typesetter() as one:
        yield one


def test_it_lays_out_what_this_process_would(typesetter: Typesetter) -> None:
    report = samples.sample_report()
    expected = pdf.lay_out(report, SIZES, paper_size="letter", attachments={"report.json": b"{}"})
    assert lay_out(typesetter, report) == expected


def test_nothing_of_it_stays_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Typesetter() as typesetter:
        assert lay_out(typesetter, samples.sample_report()).startswith(b"%PDF-")
        (own,) = tmp_path.iterdir()
        assert list(own.glob("weasyprint-*"))  # WeasyPrint's fonts, of which the process does not tidy up.
    assert list(tmp_path.iterdir()) == []


def test_strangers_text_goes_there_and_back(typesetter: Typesetter) -> None:
    assert lay_out(typesetter, samples.hostile_report()).startswith(b"%PDF-")


def test_a_mistake_is_said_as_this_process_would(typesetter: Typesetter, tmp_path: Path) -> None:
    (tmp_path / "paper.css").write_text("body { background: url(https://example.org/x.png) }")
    with pytest.raises(ReportgenError, match=r"https://example\.org/x\.png, which is never fetched"):
        lay_out(typesetter, samples.sample_report(), tmp_path)


def test_it_imports_nothing_from_the_folder_it_is_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "pickle", "weasyprint", "reportgen"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    with Typesetter() as typesetter:
        assert lay_out(typesetter, samples.sample_report()).startswith(b"%PDF-")


@pytest.mark.parametrize("when", ["loading", "loaded"])
def test_a_process_that_dies_is_one_line(typesetter: Typesetter, when: str) -> None:
    if when == "loaded":
        time.sleep(2)
    process_of(typesetter).kill()
    with pytest.raises(ReportgenError, match=FAILED):
        lay_out(typesetter, samples.sample_report())


def test_a_failure_there_is_one_line_here_and_keeps_its_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with Typesetter() as typesetter, pytest.raises(ReportgenError, match=FAILED):
        lay_out(typesetter, "no report")  # type: ignore[arg-type]
    assert "AttributeError" in capfd.readouterr().err


def test_a_process_that_cannot_be_started_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/python")
    with Typesetter() as typesetter, pytest.raises(ReportgenError, match="could not be started"):
        lay_out(typesetter, samples.sample_report())


def test_it_may_be_left_unasked_at_any_moment(capfd: pytest.CaptureFixture[str]) -> None:
    for seconds in (0.0, 0.3, 1.5):
        began = time.monotonic()
        with Typesetter() as typesetter:
            time.sleep(seconds)
            process = process_of(typesetter)
        assert time.monotonic() - began < seconds + 1
        assert process.poll() is not None
    assert capfd.readouterr().err == ""


def test_a_layout_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_endless_library(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("reportgen.outputs.typesetter._LONGEST", 2.0)
    with Typesetter() as typesetter:
        while not (tmp_path / "begun-loaded").exists():  # however long its process takes to start
            time.sleep(0.05)
        began = time.monotonic()
        with pytest.raises(
            ReportgenError, match=r"^report\.pdf: its layout took longer than 2 s and was ended;"
        ):
            lay_out(typesetter, samples.sample_report())
    assert 2 <= time.monotonic() - began < 20


BUILD = """
import sys, threading, time
sys.path.insert(0, {folder!r})
from reportgen.outputs.typesetter import Typesetter
from tests import samples
with Typesetter() as typesetter:
    words = {{"paper_size": "a4", "templates": None, "attachments": {{}}}}
    if {busy}:
        threading.Thread(target=typesetter.lay_out, args=(samples.report([]), {{}}), kwargs=words).start()
    while True:
        time.sleep(1)
"""
ENDLESS = """
import pathlib, time
pathlib.Path({file!r} + "-loaded").touch()
Attachment = dict
class Anything:
    def __init__(self, **words): pass
class HTML(Anything):
    def write_pdf(self, **words):
        pathlib.Path({file!r}).touch()
        time.sleep(60)
"""


def write_endless_library(folder: Path) -> None:
    """A weasyprint that touches ``begun-loaded``, then ``begun`` as it lays out for a minute."""
    library = folder / "weasyprint"
    library.mkdir()
    (library / "__init__.py").write_text(ENDLESS.format(file=str(folder / "begun")))
    (library / "urls.py").write_text(
        "from weasyprint import Anything as URLFetcher, Anything as URLFetcherResponse"
    )


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX has it")
@pytest.mark.parametrize("busy", [False, True])
def test_it_ends_when_its_build_is_killed(busy: bool, tmp_path: Path) -> None:
    """Idle, or in the middle of a layout that would take a minute."""
    begun = tmp_path / "begun"
    if busy:
        write_endless_library(tmp_path)
    script = BUILD.format(folder=str(tmp_path), busy=busy)
    build = subprocess.Popen(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[1], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    try:
        while not (below := processes_below(build.pid)) or (busy and not begun.exists()):
            assert time.monotonic() < deadline and build.poll() is None
            time.sleep(0.05)
    finally:
        build.send_signal(signal.SIGKILL)
        _, errors = build.communicate()
    wait_for_the_end_of(below)
    assert errors == ""


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_request_that_is_cut_off_ends_it_quietly(share: float, capfd: pytest.CaptureFixture[str]) -> None:
    """As when the build is killed while it asks."""
    request = pickle.dumps((samples.sample_report(), SIZES, {}))
    with Typesetter() as typesetter:
        process = process_of(typesetter)
        process.communicate(request[: int(share * len(request))], timeout=60)
    assert process.returncode == 0
    assert capfd.readouterr().err == ""
