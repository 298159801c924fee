"""Chrome and Pango: seen when there, missed when not, installed only where that asks nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reportgen import system_parts
from reportgen.system_parts import CHROME, PANGO
from tests.system_parts import LATEX, LIBATOMIC, has_latex


def say(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``python -m reportgen.system_parts`` with ``environment`` on top of ours."""
    command = [sys.executable, "-m", "reportgen.system_parts", *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)


@pytest.fixture
def apt_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An apt-get that writes down what it is asked; returns its log."""
    log = tmp_path / "apt.log"
    script = tmp_path / "bin" / "apt-get"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    return log


def test_nothing_is_missing_where_the_tests_run() -> None:
    said = say()
    assert (said.returncode, said.stderr) == (0, "")


def test_a_browser_that_does_not_start_is_missing(tmp_path: Path) -> None:
    stub = tmp_path / "chromium"
    stub.write_text("#!/bin/sh\necho 'Please install the snap' >&2\nexit 1\n")
    stub.chmod(0o755)
    said = say(BROWSER_PATH=str(stub))
    assert said.returncode == 1
    assert said.stderr.count("\n") == 1
    assert said.stderr.startswith("Chrome or Chromium is missing, so no PDF and no figure files: ")


def test_a_library_that_does_not_load_is_missing(tmp_path: Path) -> None:
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library pango')\n")
    said = say(PYTHONPATH=str(tmp_path))
    assert said.returncode == 1
    assert said.stderr.startswith("Pango is missing, so no PDF: ")


def test_a_driver_that_lacks_its_library_is_missing_only_to_the_tests(tmp_path: Path) -> None:
    (tmp_path / "playwright.py").write_text("raise SystemExit('node: cannot open libatomic.so.1')\n")
    command = [sys.executable, "-m", "tests.system_parts"]
    said = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert said.returncode == 1
    lines = [f"libatomic is missing, so no test in a browser: {system_parts.how_to_get(LIBATOMIC)}"]
    if not has_latex():
        lines.append(f"LaTeX is missing, so no table compiled in a test: {system_parts.how_to_get(LATEX)}")
    assert said.stderr.splitlines() == lines
    assert say(PYTHONPATH=str(tmp_path)).returncode == 0


def test_a_build_without_pango_makes_the_page_and_says_one_line(tmp_path: Path) -> None:
    (tmp_path / "weasyprint.py").write_text(
        "print('-----')\nraise OSError('no libpango: not here.  Additionally')\n"
    )
    build = [sys.executable, "-m", "reportgen", "build", "demo", "--offline", "--no-cache"]
    built = subprocess.run(
        [*build, "--run", "add_d3_l2_h3_t10K_s372001", "-o", str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (built.returncode, built.stdout) == (5, "")
    (line,) = [line for line in built.stderr.splitlines() if "Pango" in line]
    assert "(no libpango)" in line and system_parts.how_to_get(PANGO) in line
    assert (tmp_path / "out" / "report.html").is_file() and not (tmp_path / "out" / "report.pdf").exists()


@pytest.mark.parametrize(
    ("distribution", "asked"),
    [
        ("debian", ["chromium", "libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"]),
        ("ubuntu", ["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"]),  # its chromium is a snap
    ],
)
def test_root_installs_with_apt_get(
    apt_get: Path, monkeypatch: pytest.MonkeyPatch, distribution: str, asked: list[str]
) -> None:
    monkeypatch.setattr(system_parts, "_distribution", lambda: distribution)
    assert system_parts.install((system_parts.CHROME, system_parts.PANGO))
    update, install = apt_get.read_text().splitlines()
    assert update == "-qq update"
    assert install.split() == ["-qq", "install", "-y", "--no-install-recommends", *asked]


def test_a_person_is_not_asked_for_a_password(apt_get: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_parts, "_distribution", lambda: "debian")
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.delenv("CI", raising=False)
    assert not system_parts.install((system_parts.CHROME, system_parts.PANGO))
    assert not apt_get.exists()


def test_nothing_is_run_where_apt_get_has_no_part(apt_get: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_parts, "_distribution", lambda: "ubuntu")
    assert not system_parts.install((CHROME,))
    monkeypatch.setattr(system_parts, "_distribution", lambda: None)
    assert not system_parts.install((PANGO,))
    assert not apt_get.exists()


@pytest.mark.parametrize(
    ("distribution", "system", "chrome", "pango"),
    [
        ("debian", "Linux", "apt-get install chromium", "apt-get install libpango-1.0-0"),
        ("ubuntu", "Linux", "kaleido_get_chrome", "apt-get install libpango-1.0-0"),
        (None, "Linux", "kaleido_get_chrome", "dnf install pango"),
        (None, "Darwin", "brew install --cask google-chrome", "brew install pango"),
        (None, "Windows", "winget install Google.Chrome", "pacman -S mingw-w64-ucrt-x86_64-pango"),
    ],
)
def test_one_line_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, distribution: str | None, system: str, chrome: str, pango: str
) -> None:
    monkeypatch.setattr(system_parts, "_distribution", lambda: distribution)
    monkeypatch.setattr(system_parts.platform, "system", lambda: system)
    assert chrome in system_parts.how_to_get(CHROME)
    assert pango in system_parts.how_to_get(PANGO)
