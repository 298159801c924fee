"""A scheduler of Dask and workers as processes on the loopback address; the workers meet with accidents."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Cluster", "cluster"]

_SECONDS = 300.0

# What the name of a run does to the worker that reads it; in the place tests and workers leave word.
_ACCIDENTS = """
import os, signal, sqlite3, time
from pathlib import Path

import reportgen
from reportgen import formats, work

place = Path(os.environ["PLACE"])
reportgen.__version__ = os.environ.get("OTHER_VERSION", reportgen.__version__)
if os.environ.get("OTHER_FORMAT"):
    formats.plugged_in = lambda: ((os.environ["OTHER_FORMAT"], "2"),)
measured = getattr(work, "without_accidents", work.measured)  # It is loaded twice.
work.without_accidents = measured


def wait(until):
    while not until():
        time.sleep(0.02)


def end(process=None):
    os.kill(process or os.getpid(), signal.SIGKILL)


def once():
    try:
        (place / "ended-once").open("x").close()
    except FileExistsError:
        return
    end()


def kept():
    try:
        with sqlite3.connect(place / "cache" / "builds.sqlite3") as cache:
            return cache.execute("SELECT COUNT(*) FROM entries").fetchone()[0]
    except sqlite3.Error:
        return 0


def without_scheduler():
    wait(kept)
    end(int((place / "scheduler.pid").read_text()))
    time.sleep(3600)


def until_told():
    (place / "began").touch()
    wait((place / "go-on").exists)


accidents = {
    "ends-once": once,
    "ends": end,
    "hangs": lambda: time.sleep(3600),
    "ends-the-scheduler": without_scheduler,
    "waits": until_told,
}


def with_accidents(batch, device):
    for run in batch:
        accidents.get(run.name, int)()
    return measured(batch, device)


work.measured = with_accidents
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What runs.

    Attributes:
        place: Where workers and tests leave word.
        file: The scheduler's.
        processes: The scheduler first; each leads a group.
    """

    place: Path
    file: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return str(json.loads(self.file.read_bytes())["address"])

    def said(self) -> str:
        """All that scheduler and workers have written."""
        return "".join(file.read_text() for file in sorted(self.place.glob("*.log")))

    def start(self, name: str, *words: str | Path, disk: Path | None = None, **environment: str) -> None:
        """Starts the scheduler or a worker; ``disk`` is the folder that it works in."""
        with (self.place / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *map(str, words), "--host", "127.0.0.1", "--no-dashboard"],
                stdout=log,
                stderr=log,
                cwd=disk or self.place,
                start_new_session=True,
                env={
                    **{key: value for key, value in os.environ.items() if key != "HF_TOKEN"},
                    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
                    "PLACE": str(self.place),
                    "XDG_CACHE_HOME": str(self.place / f"{name}-cache"),
                    "PYTHONWARNINGS": "ignore",
                    **environment,
                },
            )
        self.processes.append(process)


@contextlib.contextmanager
def cluster(
    place: Path,
    workers: Sequence[Mapping[str, str]] = ({}, {}),
    *,
    disks: Sequence[Path] = (),
    starts_again: bool = False,
) -> Iterator[Cluster]:
    """A scheduler and two workers, or those that are described.

    Args:
        place: Made.
        workers: The environment of each; ``OTHER_VERSION`` and ``OTHER_FORMAT`` give it other software.
        disks: The folder that each works in.
        starts_again: Whether a worker that ends is started again.
    """
    place.mkdir()
    made = Cluster(place, place / "scheduler.json")
    (place / "accidents.py").write_text(_ACCIDENTS)
    try:
        # It asks a worker that has just ended for this long.
        patience = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s"}
        made.start("scheduler", "scheduler", "--port", "0", "--scheduler-file", made.file, **patience)
        (place / "scheduler.pid").write_text(str(made.processes[0].pid))
        for number, environment in enumerate(workers):
            made.start(
                f"worker-{number}",
                *("worker", "--scheduler-file", made.file, "--nthreads", "1", "--memory-limit", "0"),
                "--nanny" if starts_again else "--no-nanny",
                *("--local-directory", place / f"worker-{number}", "--preload", place / "accidents.py"),
                disk=disks[number] if disks else None,
                **environment,
            )
        _wait_for(made, len(workers))
        yield made
    finally:
        for process in reversed(made.processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in made.processes:
            process.wait()


def _wait_for(made: Cluster, workers: int) -> None:
    deadline = time.monotonic() + _SECONDS
    while not made.file.exists() or made.said().count("Starting established connection") < 2 * workers:
        assert all(process.poll() is None for process in made.processes), made.said()
        assert time.monotonic() < deadline, made.said()
        time.sleep(0.05)
