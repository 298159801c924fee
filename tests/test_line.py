"""The line that pulls share, without a server."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from reportgen.sources.line import CircuitBreaker, NoAnswer, Patience, Silence


class TestLine:
    """Requests that are answered or not, without a server."""

    PATIENCE = Patience(first_pause=0.02, longest_wait=5.0)

    def line(self, patience: Patience = PATIENCE) -> tuple[CircuitBreaker, list[str], threading.Event]:
        told: list[str] = []
        stop = threading.Event()
        return CircuitBreaker(patience, told.append, stop), told, stop

    @staticmethod
    def silent() -> None:
        raise Silence("no answer in time")

    def test_an_answer_is_passed_on(self) -> None:
        line, _, _ = self.line()
        assert line.ask("a", lambda: 7) == 7

    def test_two_askers_in_vain_take_it_down_for_all(self) -> None:
        line, _, _ = self.line()
        for asker in "aabb":
            with pytest.raises(Silence):
                line.ask(asker, self.silent)
        with pytest.raises(NoAnswer, match="no answer in time"):
            line.ask("c", lambda: 7)

    def test_one_asker_takes_nothing_down(self) -> None:
        line, _, _ = self.line()
        for _ in range(6):
            with pytest.raises(Silence):
                line.ask("a", self.silent)
        assert line.ask("b", lambda: 7) == 7

    def test_an_answer_opens_it_again(self) -> None:
        line, _, _ = self.line()
        for _ in range(3):
            for asker in "abc":
                with pytest.raises(Silence):
                    line.ask(asker, self.silent)
            assert line.ask("d", lambda: 7) == 7

    def test_an_error_is_an_answer(self) -> None:
        line, _, _ = self.line()
        for asker in "abc" * 3:
            with pytest.raises(Silence):
                line.ask(asker, self.silent)
            with pytest.raises(KeyError):
                line.ask("d", lambda: {}["x"])
        assert line.ask("a", lambda: 7) == 7

    def test_requests_go_one_by_one_while_nothing_is_heard_and_together_then(self) -> None:
        line, _, _ = self.line()
        together = 0
        most = 0
        lock = threading.Lock()
        heard = threading.Event()

        def request() -> None:
            nonlocal together, most
            with lock:
                together += 1
                if not heard.is_set():
                    most = max(most, together)
            try:
                if not heard.is_set():
                    time.sleep(0.02)
                    if most_failures.acquire(blocking=False):
                        raise Silence("no")
                    heard.set()
                else:
                    barrier.wait(5)
            finally:
                with lock:
                    together -= 1

        def ask(asker: str) -> None:
            for _ in range(3):
                try:
                    line.ask(asker, request)
                except Silence:
                    continue
                else:
                    return

        most_failures = threading.Semaphore(2)
        barrier = threading.Barrier(3)
        threads = [threading.Thread(target=ask, args=(str(number),)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert most == 1
        assert not barrier.broken

    def test_all_wait_when_the_server_asks(self) -> None:
        line, _, _ = self.line()
        began = time.monotonic()
        line.hold(0.3)
        line.ask("a", lambda: 7)
        assert time.monotonic() - began >= 0.3

    def test_a_wait_is_told_once(self) -> None:
        line, told, _ = self.line()
        for _ in range(3):
            line.hold(4.0)
        assert told == ["the Hub limits requests: waiting 4 s"]

    def test_nobody_waits_for_a_day(self) -> None:
        line, told, _ = self.line()
        for _ in range(2):
            with pytest.raises(NoAnswer, match="86,400 s"):
                line.hold(86_400.0)
        with pytest.raises(NoAnswer, match="86,400 s"):
            line.ask("a", lambda: 7)
        assert told == ["the Hub is not asked any more: the server asks to wait 86,400 s"]

    def test_several_waits_are_no_longer_than_one_may_be(self) -> None:
        line, _, _ = self.line(replace(self.PATIENCE, longest_wait=0.5))
        line.hold(0.3)
        time.sleep(0.3)
        line.got_through()
        line.hold(0.3)
        time.sleep(0.3)
        with pytest.raises(NoAnswer, match="asks to wait 1 s"):
            line.hold(0.3)

    def test_two_runs_that_give_up_and_a_third_take_it_down(self) -> None:
        line, told, _ = self.line()
        for asker in "aaaabbbb":
            line.failed(asker, "the Hub answers 503")
            assert line.ask("x", lambda: 7) == 7
        line.failed("c", "the Hub answers 503")
        with pytest.raises(NoAnswer, match="the Hub answers 503"):
            line.ask("x", lambda: 7)
        assert told == ["the Hub is not asked any more: the Hub answers 503"]

    @pytest.mark.parametrize("failures", ["aaaaaaaac", "aaaabbbbb", "aaaabbbcccb", "abcdefgh" * 4])
    def test_it_takes_two_that_give_up_and_another_one(self, failures: str) -> None:
        line, _, _ = self.line()
        for asker in failures:
            line.failed(asker, "the Hub answers 503")
        assert line.ask("x", lambda: 7) == 7

    def test_a_run_that_gets_through_begins_the_count_anew(self) -> None:
        line, _, _ = self.line()
        for asker in "aaaabbbb.cccc.dddd.e":
            if asker == ".":
                line.got_through()
            else:
                line.failed(asker, "the Hub answers 503")
        assert line.ask("x", lambda: 7) == 7

    def test_a_stop_ends_every_wait(self) -> None:
        line, _, stop = self.line()
        line.hold(4.0)
        threading.Timer(0.05, stop.set).start()
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            line.ask("a", lambda: 7)
        assert time.monotonic() - began < 1

    def test_pauses_grow_and_differ(self) -> None:
        pauses = [Patience(first_pause=1.0).pause(failures) for failures in (1, 2, 3, 4)]
        for pause, middle in zip(pauses, (1, 2, 4, 8), strict=True):
            assert middle / 2 <= pause <= middle * 1.5
        assert len({Patience().pause(1) for _ in range(5)}) > 1
