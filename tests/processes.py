"""Processes that a build has started: Chrome and the typesetter lead groups of their own."""

from __future__ import annotations

import subprocess
import time

__all__ = ["processes_below", "wait_for_the_end_of"]


def processes_below(process: int) -> set[int]:
    """Numbers of all processes that ``process`` has started, and those that they have, and so on."""
    below = {process}
    rows = _rows()
    while more := {number for number, parent in rows.items() if parent in below} - below:
        below |= more
    return below - {process}


def wait_for_the_end_of(processes: set[int], seconds: float = 10) -> None:
    """Returns once none of ``processes`` runs; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while left := processes & set(_rows()):
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)


def _rows() -> dict[int, int]:
    """Number -> parent of every process that is not merely waiting to be asked after."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return {int(number): int(parent) for number, parent, state in rows if not state.startswith("Z")}
