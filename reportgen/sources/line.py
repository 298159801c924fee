"""The line to a server that many pulls share: whether it answers, and when it may be asked again."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["CircuitBreaker", "NoAnswer", "Patience", "Silence"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server that fails is asked again.

    Attributes:
        attempts: For one run, and for the line as a whole when nothing is heard.
        first_pause: Seconds; each further pause is twice as long, give or take half of it, so that
            pulls that failed together do not come back together.
        longest_wait: Seconds that a server may ask us to wait, at once or in several waits between which
            no run gets through; who asks for more is not waited for.
        stalled: Seconds after which a file of which nothing has come is given up.
        locked: Seconds that a lock of another process in the cache is waited for.
    """

    attempts: int = 4
    first_pause: float = 1.0
    longest_wait: float = 600.0
    stalled: float = 180.0
    locked: float = 60.0

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row, from 1."""
        return self.first_pause * 2.0 ** (failures - 1) * random.uniform(0.5, 1.5)


class Silence(Exception):  # noqa: N818 - the lack of an answer
    """A request that got no answer; the text says how."""


class NoAnswer(Exception):  # noqa: N818 - the lack of an answer
    """There is no point in asking on; the text says why."""


class CircuitBreaker:
    """Passes requests on, side by side while the server answers, one by one while it is silent.

    One request that gets no answer says little, and a hundred that wait for their time limits in
    turn say no more than four. So once nothing is heard, one pull at a time asks, after growing
    pauses; any answer opens the line again, and when at least two pulls have asked in vain, as often
    as ``Patience`` allows, the line is down for all.

    A server may also answer everybody and yet let no run through. When two runs have failed as often
    as they may, and the next one that asks fails too, the line is down as well. So one that is bad
    among good ones takes nothing down: whenever a run gets through, the count begins anew.

    Args:
        patience: How long to go on.
        say: Called with a sentence when all pulls are to wait, and when the line goes down.
        stop: Set when nobody wants the answers any more.
        who: What sentences call the server.
    """

    def __init__(
        self,
        patience: Patience,
        say: Callable[[str], None],
        stop: threading.Event,
        who: str = "the Hub",
    ) -> None:
        self._who = who
        self._patience = patience
        self._say = say
        self._stop = stop
        self._turn = threading.Lock()
        self._state = threading.Lock()
        self._answering = False
        self._heard = float("-inf")
        self._silent_since = float("-inf")
        self._failures = 0
        self._askers: set[str] = set()
        self._failed: Counter[str] = Counter()
        self._held = 0.0
        self._not_before = 0.0
        self._down: str | None = None

    def ask(self, asker: str, request: Callable[[], _T]) -> _T:
        """Makes a request when its turn comes.

        Args:
            asker: Tells the pulls apart.
            request: Raises ``Silence`` where it got no answer; an answer that is an error is an answer.

        Raises:
            NoAnswer: the line is down.
        """
        self._wait()
        if self._answering:
            return self._pass_on(asker, request)
        with self._turn:
            self._wait()
            if not self._answering:
                return self._pass_on(asker, request)
        return self._pass_on(asker, request)

    def got_through(self) -> None:
        """A run has its file, or knows that there is none for it."""
        with self._state:
            self._failed.clear()
            self._held = 0.0

    def failed(self, asker: str, how: str) -> None:
        """An attempt of a run came to nothing; the next one may not.

        Args:
            asker: Tells the pulls apart.
            how: The reason.
        """
        with self._state:
            gave_up = sum(count >= self._patience.attempts for count in self._failed.values())
            if gave_up > 1 and asker not in self._failed:
                self._take_down(how)
            self._failed[asker] += 1

    def hold(self, seconds: float) -> None:
        """Lets no request through for a while: the server asked for it.

        Raises:
            NoAnswer: it asks for longer than anyone would wait, and the line is down.
        """
        now = time.monotonic()
        with self._state:
            more = max(0.0, now + seconds - max(now, self._not_before))
            if self._held + more > self._patience.longest_wait:
                reason = f"the server asks to wait {self._held + more:,.0f} s"
                self._take_down(reason)
                raise NoAnswer(reason)
            self._held += more
            self._not_before = max(self._not_before, now + seconds)
        if more > 1.0:
            self._say(f"{self._who} limits requests: waiting {seconds:.0f} s")

    @property
    def held_until(self) -> float:
        """The ``time.monotonic()`` before which no request is let through."""
        return self._not_before

    def sleep(self, seconds: float) -> None:
        """Waits; ends early, with ``NoAnswer``, when the line goes down or nobody waits any more."""
        until = time.monotonic() + seconds
        while True:
            if self._down is not None:
                raise NoAnswer(self._down)
            left = until - time.monotonic()
            if left <= 0:
                return
            if self._stop.wait(min(left, 0.25)):
                raise NoAnswer("the build was stopped")

    def _wait(self) -> None:
        self.sleep(0.0)
        while (left := self._not_before - time.monotonic()) > 0:
            self.sleep(left)

    def _pass_on(self, asker: str, request: Callable[[], _T]) -> _T:
        asked = time.monotonic()
        try:
            answer = request()
        except Silence as silence:
            self._heard_nothing(asker, asked, str(silence))
            raise
        except Exception:
            self._heard_something()
            raise
        self._heard_something()
        return answer

    def _heard_something(self) -> None:
        with self._state:
            self._answering = True
            self._heard = time.monotonic()

    def _heard_nothing(self, asker: str, asked: float, how: str) -> None:
        with self._state:
            if self._heard > asked or asked < self._silent_since:
                return  # others are heard, or this was asked before the silence was noticed
            now = time.monotonic()
            if self._answering:
                self._answering, self._silent_since = False, now
                self._failures = 0
                self._askers.clear()
            self._failures += 1
            self._askers.add(asker)
            if self._failures < self._patience.attempts:
                self._not_before = max(self._not_before, now + self._patience.pause(self._failures))
            elif len(self._askers) > 1:
                self._take_down(how)

    def _take_down(self, reason: str) -> None:
        if self._down is None:
            self._down = reason
            self._say(f"{self._who} is not asked any more: {reason}")
