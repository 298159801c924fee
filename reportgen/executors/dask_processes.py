"""Processes of Dask on this machine that live as long as a build: a scheduler and its workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import reportgen
from reportgen.errors import ReportgenError
from reportgen.text import one_line

__all__ = ["own_workers"]

_START = 30.0
# Dask has glibc hand back what is freed at once, and each run's arrays would be filled with zeros page by
# page, which takes twice as long as all that is computed in them (see ``reportgen.memory``).
_KEEP_FREED = {"MALLOC_TRIM_THRESHOLD_": str(2**30), "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20)}


@contextmanager
def own_workers(workers: int) -> Iterator[str]:
    """A scheduler and workers on this machine, for as long as the context lasts.

    Args:
        workers: Processes, each of one thread.

    Yields:
        The scheduler's address; the workers may be on their way.

    Raises:
        ReportgenError: They do not start.
    """
    with tempfile.TemporaryDirectory(prefix="reportgen-dask-") as name, ExitStack() as stack:
        place = Path(name)
        file = place / "scheduler.json"
        # Should this process be killed, both end by themselves. Memory is bounded as it is here: not at all.
        scheduler = ["scheduler", "--port", "0", "--scheduler-file", str(file), "--idle-timeout", "120s"]
        own = ["worker", "--scheduler-file", str(file), "--nworkers", str(workers), "--nthreads", "1"]
        own += ["--memory-limit", "0", "--death-timeout", "60", "--local-directory", name]
        processes = [stack.enter_context(_process(words, place)) for words in (scheduler, own)]
        deadline = time.monotonic() + _START
        while not (address := _written(file)):
            if time.monotonic() > deadline or any(process.poll() is not None for process in processes):
                log = place / "log"
                last = (log.read_text(errors="replace").splitlines() or [""])[-1]
                raise ReportgenError(
                    f"--workers: Dask does not start here ({one_line(last, 200)}); build without it"
                )
            time.sleep(0.05)
        yield address


@contextmanager
def _process(words: Sequence[str], place: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of Dask with all that it starts, ended at the end."""
    inherited = {key: value for key, value in os.environ.items() if key != "HF_TOKEN"}
    # Neither the folder of the build nor ours is one to import from.
    paths = [str(Path(reportgen.__file__).parents[1]), inherited.get("PYTHONPATH", "")]
    environment = {
        **_KEEP_FREED,
        **inherited,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION": "1.0",
        # It would look at each worker's stack a hundred times a second.
        "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    }
    with (place / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dask", *words, "--host", "127.0.0.1", "--no-dashboard"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=place,
            env=environment,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()


def _written(file: Path) -> str | None:
    try:
        return str(json.loads(file.read_bytes())["address"])
    except (OSError, ValueError):
        return None  # Not yet, or not all of it.
