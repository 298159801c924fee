"""The one error that a user can fix, and what a build in Python warns of."""

from __future__ import annotations

__all__ = ["ReportgenError", "ReportgenWarning"]


class ReportgenError(Exception):
    """A failure whose text tells the user what to change.

    Anything else that is raised is a bug and keeps its traceback.

    Attributes:
        exit_code: What the command exits with: 1 (nothing written) or 2 (bad command line or
            model list).
    """

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class ReportgenWarning(UserWarning):
    """What the command would warn of: a run that could not be used, a format that could not be made."""
