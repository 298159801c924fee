"""What a command needs before anything else is imported; the package imports it first.

``python -m`` imports the package before the module that it runs, so this could stand in no command's own
module. Nothing is imported here that Python has not loaded already, until the folder is off the path.
"""

import os
import sys

__all__ = ["loaded"]


def _module() -> str:
    """What ``python -m`` is about to run; empty where it was not asked to."""
    if sys.argv[:1] != ["-m"]:  # So it stands there until the module has been found.
        return ""
    word = sys.orig_argv[-len(sys.argv)]  # What follows are the module's own words; -mMODULE is one word.
    return word.partition("m")[2] if word.startswith("-") else word


def _forget_the_folder() -> None:
    """Takes the current folder, which holds data and never code, off the path where ``-m`` has put it."""
    try:
        folder = os.getcwd()
        ours = os.path.samefile(folder, os.path.dirname(os.path.dirname(__file__)))
    except OSError:  # It is gone, and so it is not on the path.
        return
    if not ours and not sys.flags.safe_path and sys.path[0] in ("", folder):
        del sys.path[0]


_is_module = _module().partition(".")[0] == "reportgen"
if _is_module:
    _forget_the_folder()

import signal  # noqa: E402 - now it is Python's own
from types import FrameType  # noqa: E402


def _quiet(_number: int, _frame: FrameType | None) -> None:
    os._exit(130)


def loaded() -> None:
    """From here on Ctrl-C unwinds; before, there is nothing to unwind, and a traceback would tell nothing."""
    if signal.getsignal(signal.SIGINT) is _quiet:
        signal.signal(signal.SIGINT, signal.default_int_handler)


_is_command = _is_module or os.path.basename(sys.argv[0]) in ("reportgen", "reportgen.exe")
if _is_command and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _quiet)
