"""Asks a server until it answers or patience ends; a source's own way of asking is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reportgen.sources.files import Unusable
from reportgen.sources.line import CircuitBreaker, NoAnswer, Patience, Silence
from reportgen.text import one_line

__all__ = ["Again", "Asking", "CannotAsk", "Unanswered"]

_T = TypeVar("_T")


class Again(Exception):  # noqa: N818 - an answer, not an error
    """An answer that may be another one in a while; ``wait`` seconds, where the server says how long."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class CannotAsk(NoAnswer):
    """This machine keeps the client from asking; the text is a sentence with its fix."""


class Unanswered(Exception):  # noqa: N818 - the lack of an answer
    """Nobody answered; the text is a reason, or a whole sentence where this machine is at fault."""

    def __init__(self, reason: str, *, whole: bool) -> None:
        super().__init__(reason)
        self.whole = whole


class Asking:
    """Repeats what is asked, with pauses, over a line that all runs share.

    Args:
        line: To the server.
        patience: How often, and how long between.
        say: Called with a sentence before each pause.
    """

    def __init__(self, line: CircuitBreaker, patience: Patience, say: Callable[[str], None]) -> None:
        self.line = line
        self._patience = patience
        self._say = say

    def persist(self, asker: str, request: Callable[[], _T], *, asks_itself: bool = False) -> _T:
        """Asks until it works.

        Args:
            asker: What sentences call the run; tells runs apart.
            request: Raises ``Again``, ``Silence``, ``NoAnswer`` or ``Unusable``.
            asks_itself: Whether it asks the line, for each of its requests.

        Raises:
            Unanswered: Nobody answered.
            Unusable: The server says no.
        """
        reason = ""
        wait: float | None = None
        for attempt in range(self._patience.attempts):
            try:
                if attempt:
                    self._wait(asker, attempt, reason, wait)
                result = request() if asks_itself else self.line.ask(asker, request)
            except (Again, Silence) as error:
                reason = one_line(str(error))
                wait = getattr(error, "wait", None)
                self.line.failed(asker, reason)
            except NoAnswer as error:
                raise Unanswered(one_line(str(error)), whole=isinstance(error, CannotAsk)) from None
            except Unusable:
                self.line.got_through()
                raise
            else:
                self.line.got_through()
                return result
        raise Unanswered(reason, whole=False)

    def _wait(self, asker: str, failures: int, reason: str, wait: float | None) -> None:
        if wait is not None:
            self.line.hold(wait)
            return
        self.line.sleep(0.0)  # Nobody is told of a pause that comes to nothing.
        pause = self._patience.pause(failures)
        self._say(f"{asker}: {reason}; trying again in {pause:.1f} s")
        self.line.sleep(pause)
