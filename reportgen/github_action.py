"""What ``action.yml`` runs: its inputs into a build, the build into its outputs.

Inputs are environment variables, so that no text of a caller's ever becomes part of a script.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from reportgen import cli, nightly
from reportgen.model_list.mistakes import shown
from reportgen.terminal import make_log

__all__ = ["main", "outputs"]

# A report was written: with runs missing (3) or without one of its formats (5), which the log has said.
_WRITTEN = (0, 3, 5)
_EXPECTATION_FAILED = 4
_BAD_INPUT = 2


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Builds the report that ``LISTS``, ``FORMATS``, ``BASELINE``, ``OUT``, ``SITE`` and ``URL`` ask for.

    Returns:
        0 where a report was written and nothing failed, else the build's exit code.
    """
    try:
        arguments = shlex.split(environment["LISTS"])
    except ValueError as error:
        wrong = f"lists: {shown(environment['LISTS'])}: {str(error).lower()}"
        make_log().error(f"{wrong}; quote a name that holds a quote or a backslash")
        nightly.summarise(None, _BAD_INPUT)
        return _tell(None, _BAD_INPUT)
    for name in environment["FORMATS"].split():
        arguments = cli.with_options(arguments, "--format", name)
    if environment["BASELINE"]:
        arguments = cli.with_options(arguments, "--baseline", environment["BASELINE"])
    if site := environment["SITE"]:
        code, folder = nightly.run(Path(site), arguments, environment["URL"])
    else:
        code = cli.main(cli.with_options(["build", *arguments], "-o", environment["OUT"]))
        # An older report that a failed build left in place is not this build's.
        folder = Path(environment["OUT"]) if code in (*_WRITTEN, _EXPECTATION_FAILED) else None
        nightly.summarise(folder, code)
    return _tell(folder, code)


def _tell(folder: Path | None, code: int) -> int:
    """Writes the action's outputs; returns its exit code."""
    nightly.tell("GITHUB_OUTPUT", "".join(f"{key}={value}\n" for key, value in outputs(folder, code).items()))
    return 0 if code in _WRITTEN else code


def outputs(folder: Path | None, code: int) -> dict[str, str]:
    """The action's outputs.

    Args:
        folder: Of the report, None where none was written.
        code: Exit code of the build.
    """
    night = None if folder is None else nightly.read(folder)
    if folder is None or night is None:
        return {"exit-code": str(code)}
    files = {kind: folder / f"report.{kind}" for kind in ("html", "pdf", "json")}
    return {
        "exit-code": str(code),
        "folder": str(folder),
        **{kind: str(path) for kind, path in files.items() if path.exists()},
        "runs": str(night.runs),
        "problems": str(night.problems),
        "failed": str(night.failed),
    }


if __name__ == "__main__":
    sys.exit(main())
