"""What the tests need on top of reportgen's parts: the library that Playwright's driver is linked with.

``python -m tests.system_parts`` answers for both, as ``python -m reportgen.system_parts`` does for its own.
"""

from __future__ import annotations

import subprocess
import sys

from reportgen import system_parts
from reportgen.system_parts import Part

__all__ = ["LIBATOMIC", "missing"]

LIBATOMIC = Part(
    name="libatomic",
    needed_for="test in a browser",
    debian=("libatomic1",),
    snap=False,
    elsewhere={"Linux": "your system's libatomic package (dnf install libatomic)"},
)


def missing() -> tuple[Part, ...]:
    """reportgen's missing parts, and libatomic where Playwright's driver does not start for want of it."""
    command = [sys.executable, "-m", "playwright", "--version"]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return (*system_parts.missing(), *((LIBATOMIC,) if "libatomic" in asked.stderr else ()))


if __name__ == "__main__":
    sys.exit(system_parts.main(missing=missing))
