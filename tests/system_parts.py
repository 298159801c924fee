"""What the tests need on top of reportgen's parts: the library of Playwright's driver, and a LaTeX.

``python -m tests.system_parts`` answers for all, as ``python -m reportgen.system_parts`` does for its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from reportgen import system_parts
from reportgen.system_parts import Part

__all__ = ["LATEX", "LIBATOMIC", "has_latex", "missing"]

LIBATOMIC = Part(
    name="libatomic",
    needed_for="test in a browser",
    debian=("libatomic1",),
    snap=False,
    elsewhere={"Linux": "your system's libatomic package (dnf install libatomic)"},
)
LATEX = Part(
    name="LaTeX",
    needed_for="table compiled in a test",
    debian=("texlive-latex-extra", "texlive-science"),
    snap=False,
    elsewhere={
        "Darwin": "brew install --cask mactex-no-gui",
        "Windows": "winget install MiKTeX.MiKTeX",
        "Linux": "your system's TeX Live, with booktabs and siunitx",
    },
)


def has_latex() -> bool:
    """Whether pdfLaTeX is there, with the packages that tables need."""
    if not (shutil.which("pdflatex") and shutil.which("kpsewhich")):
        return False
    packages = ["siunitx.sty", "booktabs.sty", "longtable.sty", "graphicx.sty"]
    found = subprocess.run(["kpsewhich", *packages], capture_output=True, text=True, check=False)
    return len(found.stdout.split()) == len(packages)


def missing() -> tuple[Part, ...]:
    """reportgen's missing parts, libatomic where Playwright's driver does not start for want of it, LaTeX."""
    command = [sys.executable, "-m", "playwright", "--version"]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    ours = (*((LIBATOMIC,) if "libatomic" in asked.stderr else ()), *(() if has_latex() else (LATEX,)))
    return (*system_parts.missing(), *ours)


if __name__ == "__main__":
    sys.exit(system_parts.main(missing=missing))
