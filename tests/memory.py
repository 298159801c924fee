"""The most memory that a process has held; as a command, that of ``reportgen`` itself.

Not what ``os.wait4`` tells: on Linux, a child starts from the peak of the process that started it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from reportgen.cli import main

__all__ = ["peak_memory", "peak_of"]

ROOT = Path(__file__).resolve().parent.parent


def peak_memory() -> int:
    """Bytes that this process has held at most; 0 on Windows, where Python cannot ask."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        assert found is not None
        return int(found[1]) * 1024
    if os.name == "nt":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def peak_of(*words: str | Path) -> int:
    """Bytes that ``reportgen`` with these words, all of them right, has held at most."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.memory", *map(str, words)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=240,
    )
    return int(done.stdout)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.write(str(peak_memory()))
    sys.exit(code)
