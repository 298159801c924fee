"""The process that lays out the PDF: what it gives back, how it fails, and that nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reportgen.errors import ReportgenError
from reportgen.outputs import pdf
from reportgen.outputs.typesetter import Typesetter
from reportgen.report import Report
from tests import samples

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


def test_it_may_be_left_unasked_at_any_moment() -> None:
    for seconds in (0.0, 0.3, 1.5):
        with Typesetter() as typesetter:
            time.sleep(seconds)
            process = process_of(typesetter)
        assert process.returncode is not None


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX has it")
def test_it_ends_when_its_build_is_killed() -> None:
    script = (
        "import time\nfrom reportgen.outputs.typesetter import Typesetter\n"
        "with Typesetter() as typesetter:\n    print(typesetter._process.pid, flush=True)\n    time.sleep(60)"
    )
    build = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert build.stdout is not None
    number = int(build.stdout.readline())
    build.send_signal(signal.SIGKILL)
    build.communicate()
    deadline = time.monotonic() + 20
    while _runs(number):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(process: int) -> bool:
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
    )
    return bool(listed.stdout.strip()) and not listed.stdout.startswith("Z")
