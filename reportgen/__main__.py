"""``python -m reportgen``."""

from __future__ import annotations

import gc
import io
import sys

from reportgen import cli

__all__ = ["main"]


def main() -> int:
    """The command as a process of its own: ``cli.main``, and a quick end."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Standard error escapes what its encoding lacks; a name must not end the command on the other either.
        sys.stdout.reconfigure(errors="backslashreplace")
    code = cli.main()
    # At its end Python looks through every object once more. What is frozen it passes over: 0.04 s
    # less, and 0.4 s where torch was loaded.
    gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(main())
