"""``pdf.lay_out`` in a process of its own.

It loads WeasyPrint and its fonts while the build computes, and lays out while the build draws and
renders: in one process these would wait for each other, however many cores there are.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from reportgen.errors import ReportgenError
from reportgen.outputs import pdf
from reportgen.report import Report

__all__ = ["Typesetter"]

_LONGEST = 600.0  # seconds of one layout; 1,080 runs take 36 on two cores


class Typesetter:
    """Lays out one report; a context, during which the other process runs.

    It begins to load when the context is entered. Nothing of it is left when the context ends, however
    it ends; what another thread still waits for then fails. It ends by itself when this process is gone.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._files: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Typesetter:
        # What can be imported here can be imported there, and no more: -P keeps out the folder that the
        # build was started in, where a stranger's files may lie.
        places = os.pathsep.join(str(Path(place).resolve()) for place in sys.path)
        with contextlib.suppress(OSError):  # No process to be had: said when it is asked to lay out.
            # It ends without tidying up, so its files have a folder that is removed after it.
            self._files = TemporaryDirectory(prefix="reportgen-", ignore_cleanup_errors=True)
            temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self._files.name)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": places, **temporary},
                # In a group of its own it does not hear Ctrl-C, which this process answers for both.
                process_group=None if os.name == "nt" else 0,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(OSError), self._process:
                pass  # Closes its pipes, and waits for it.
        if self._files is not None:
            self._files.cleanup()

    def lay_out(
        self,
        report: Report,
        sizes: Mapping[str, pdf.Size],
        *,
        paper_size: pdf.Paper,
        templates: Path | None,
        attachments: Mapping[str, bytes],
    ) -> bytes:
        """As ``pdf.lay_out``, once, inside the with block.

        Raises:
            ReportgenError: As there; or the process could not be started, or failed, of which it may
                have said more on standard error; or took too long.
        """
        if self._process is None:
            raise ReportgenError("the process that lays out the PDF could not be started")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        options = {"paper_size": paper_size, "templates": templates, "attachments": attachments}
        answer = b""
        over = threading.Event()

        def stop(process: subprocess.Popen[bytes]) -> None:
            over.set()
            process.kill()

        limit = threading.Timer(_LONGEST, stop, [self._process])
        limit.daemon = True
        limit.start()
        with contextlib.suppress(OSError, ValueError):  # It has ended; its exit code says more.
            pickle.dump((report, dict(sizes), options), self._process.stdin)
            # Not closed: that would tell it that this process is gone.
            self._process.stdin.flush()
            answer = self._process.stdout.read()
        limit.cancel()
        if over.is_set() and not answer:
            raise ReportgenError(
                f"report.pdf: its layout took longer than {_LONGEST:g} s and was ended; "
                "report fewer runs or shorter texts, or ask for --format html"
            )
        if self._process.wait() or not answer:
            raise ReportgenError(
                f"the process that lays out the PDF failed (exit code {self._process.returncode})"
            )
        outcome: bytes | ReportgenError = pickle.loads(answer)  # noqa: S301 - our own process wrote it
        if isinstance(outcome, ReportgenError):
            raise outcome
        return outcome


def _main() -> None:
    """The other process: a request from standard input, the answer to standard output."""
    # Nothing but the answer goes there, whatever a library prints.
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with contextlib.suppress(ReportgenError):  # Said when it is asked to lay out.
        pdf.weasyprint()
    # It lays out once and ends. The collector frees next to nothing of that, and takes a quarter of the time.
    gc.disable()
    try:
        report, sizes, options = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own process wrote it
    except (EOFError, pickle.UnpicklingError):  # The build has ended, perhaps in the middle of its request.
        return
    threading.Thread(target=_end_with_the_build, daemon=True).start()
    outcome: bytes | ReportgenError
    try:
        outcome = pdf.lay_out(report, sizes, **options)
    except ReportgenError as error:
        outcome = error
    with contextlib.suppress(BrokenPipeError), answer:  # The build has ended and waits for nothing.
        pickle.dump(outcome, answer)
    os._exit(0)  # The build waits: what this process holds need not be taken apart.


def _end_with_the_build() -> None:
    """Standard input ends when the build does, however it does."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    _main()
