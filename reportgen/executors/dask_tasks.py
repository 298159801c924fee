"""Pieces of work at a scheduler of Dask: sent, heard of, sent elsewhere, given up."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from reportgen.errors import ReportgenError
from reportgen.executors.dask_worker import INSTALL, Answer, Lacking
from reportgen.notation import count
from reportgen.text import one_line

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["DONE_STAYS", "Failed", "Piece", "Tasks"]

DONE_STAYS = "what was measured stays in the build cache"
_WITHOUT_WORKERS = 30.0
_TICK = 1.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of work.

    Attributes:
        number: Tells it from others.
        do: A function of ``dask_worker``.
        arguments: Of it.
        workers: Where it is to be done, by address; empty for anywhere.
        only: Nowhere else, though none of them were left.
        lacking: Workers that do not have its files.
    """

    number: int
    do: Callable[..., Answer]
    arguments: tuple[Any, ...]
    workers: frozenset[str] = frozenset()
    only: bool = False
    lacking: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Failed:
    """Why nothing came of a piece, of which the runs are not known to be at fault."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Sent:
    piece: Piece
    future: Future


@dataclass(frozen=True, slots=True)
class _Said:
    """What a worker says meanwhile; empty for a mere sign of life."""

    sentence: str


class Tasks:
    """The pieces of one step of a build.

    Args:
        client: Of the scheduler.
        address: The scheduler's.
        patience: Seconds without any result or sign of life after which workers that still have work hang.
        say: Told what workers say meanwhile.
        deadline: ``time.monotonic()`` at which the rest is given up, None for never.
    """

    def __init__(
        self,
        client: Client,
        address: str,
        patience: float,
        say: Callable[[str], None] = lambda _: None,
        deadline: float | None = None,
    ) -> None:
        self._client, self._address, self._patience = client, address, patience
        self._say, self._deadline = say, deadline
        self.topic = f"reportgen-{uuid4().hex}"
        self._submitted = 0
        self._heard: SimpleQueue[str | _Said] = SimpleQueue()
        self._waiting: dict[str, _Sent] = {}
        self._hanging: set[str] = set()
        self._last_sign = self._last_worker = time.monotonic()
        self.is_late = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hears what workers say meanwhile; at the end nothing of this step is begun any more."""
        self._client.subscribe_topic(self.topic, lambda event: self._heard.put(_Said(str(event[1]))))
        try:
            yield
        finally:
            with suppress(Exception):
                self._client.unsubscribe_topic(self.topic)
            self._cancel()

    def workers(self) -> set[str]:
        """Addresses of those that are there and do not hang."""
        return {str(worker) for worker in self._client.nthreads()} - self._hanging

    def results(
        self,
        pieces: Sequence[Piece],
        parts: Callable[[Piece], Sequence[Piece]],
        at_once: int | None = None,
    ) -> Iterator[tuple[Piece, Any]]:
        """Each piece, or each part of it, with its result as it happens, or ``Failed``.

        A piece that ended its workers, or waited at one that was given up, comes last, in parts, one after
        the other. What there is no time left for does not come: ``is_late`` says so.

        Args:
            pieces: To be done.
            parts: What a piece is cut into.
            at_once: Most pieces that are sent and not done.

        Raises:
            ReportgenError: The scheduler is gone, there are no workers, or one cannot do the work at all.
        """
        suspects: list[Piece] = []
        for piece, made in self._outcomes(pieces, at_once):
            if isinstance(made, Failed):
                suspects.append(piece)
            else:
                yield piece, made
        for piece in sorted(suspects, key=lambda one: one.number):
            for part in parts(piece):
                yield from self._outcomes([part])

    def _cancel(self) -> None:
        with suppress(Exception):
            self._client.cancel([sent.future for sent in self._waiting.values()])
        self._waiting.clear()

    def _outcomes(self, pieces: Sequence[Piece], at_once: int | None = None) -> Iterator[tuple[Piece, Any]]:
        """Of all pieces what came of each, or ``Failed``."""
        self._last_sign = self._last_worker = time.monotonic()
        left = iter(pieces)
        while not self.is_late:
            while (at_once is None or len(self._waiting) < at_once) and (piece := next(left, None)):
                self._submit(piece)
            if not self._waiting:
                return
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self.is_late = True
                self._cancel()
                return
            try:
                heard = self._heard.get(timeout=_TICK)
            except Empty:
                yield from self._look_after()
                continue
            self._last_sign = time.monotonic()
            if isinstance(heard, _Said):
                if heard.sentence:
                    self._say(heard.sentence)
            # Of what was sent elsewhere meanwhile there is nothing to hear any more.
            elif sent := self._waiting.pop(heard, None):
                answer = self._answer(sent.future)
                made = answer.result if isinstance(answer, Answer) else answer
                if isinstance(answer, Answer) and isinstance(made, Lacking):
                    made = self._at_another(sent.piece, answer.worker, made.reason)
                if made is not None:
                    yield sent.piece, made
                self._last_sign = self._last_worker = time.monotonic()

    def _at_another(self, piece: Piece, worker: str, reason: str) -> Failed | None:
        """Sends a piece to workers that may have its files; why none of them has."""
        lacking = piece.lacking | {worker}
        others = frozenset(self.workers() - lacking)
        if not others:
            return Failed(f"is not at any worker any more ({reason})")
        self._submit(replace(piece, workers=others, only=False, lacking=lacking))
        return None

    def _submit(self, piece: Piece) -> None:
        workers: set[str] | None = None
        if piece.workers or self._hanging:
            there = self.workers()
            if not there and self._hanging:
                raise ReportgenError(f"{self._address}: all workers hang; {DONE_STAYS}; start others")
            # Of those that it is for some may be gone by now.
            workers = (there & piece.workers) or (set(piece.workers) if piece.only else there)
        self._submitted += 1
        future = self._client.submit(
            piece.do,
            *piece.arguments,
            key=f"{self.topic}-{self._submitted}",
            workers=None if workers is None else sorted(workers),
            allow_other_workers=workers is not None and not piece.only and not self._hanging,
            retries=0,
            pure=False,
        )
        self._waiting[future.key] = _Sent(piece, future)
        future.add_done_callback(lambda done: self._heard.put(done.key))

    def _answer(self, future: Future) -> Answer | Failed:
        from distributed import KilledWorker

        if future.status == "cancelled":
            raise self._lost()
        try:
            answer: Answer = future.result(timeout=self._patience)
        except KilledWorker as error:
            return Failed(f"stopped {count(error.allowed_failures + 1, 'worker')} that read it")
        except (ImportError, AttributeError) as error:
            raise ReportgenError(
                f"{self._address}: a worker cannot load this reportgen ({one_line(str(error), 200)}); "
                f"{INSTALL}"
            ) from None
        except TimeoutError:  # Its worker was gone with the answer, and nobody else has it by now.
            return self._not_done
        except (OSError, CancelledError):
            raise self._lost() from None
        if answer.bug:
            raise RuntimeError(f"{answer.worker}: {answer.bug}")
        if answer.mistake:
            said = answer.mistake.removeprefix(f"{answer.worker}: ")
            raise ReportgenError(f"{answer.worker}: {said}", exit_code=answer.exit_code)
        for path in answer.unseen:
            if path.exists():
                raise ReportgenError(
                    f"{answer.worker}: this worker does not see {one_line(str(path))}; "
                    "put the runs where every worker finds them under the same path"
                )
        return answer

    def _look_after(self) -> Iterator[tuple[Piece, Failed]]:
        """Sees to a scheduler and workers that are gone, and to workers that hang."""
        if self._client.status != "running" or any(
            sent.future.status == "cancelled" for sent in self._waiting.values()
        ):
            raise self._lost()
        now = time.monotonic()
        try:
            processing = {str(worker): set(keys) for worker, keys in self._client.processing().items()}
        except OSError:
            raise self._lost() from None
        if processing.keys() - self._hanging:
            self._last_worker = now
            yield from self._of_gone(processing.keys())
        elif now - self._last_worker > _WITHOUT_WORKERS:
            raise ReportgenError(
                f"{self._address}: no worker is left; {DONE_STAYS}; start workers and build again"
            )
        if now - self._last_sign > self._patience:
            # What is not at a worker waits for others' work: that is no reason to give it up.
            stuck = {key for keys in processing.values() for key in keys} & self._waiting.keys()
            if stuck:
                self._hanging |= {worker for worker, keys in processing.items() if keys & stuck}
                yield from self._elsewhere(stuck)
            elif not any(processing.values()):
                raise ReportgenError(
                    f"{self._address}: its workers take no work; {DONE_STAYS}; see what their logs say"
                )
            self._last_sign = now

    def _of_gone(self, there: Collection[str]) -> Iterator[tuple[Piece, Failed]]:
        """Gives up what only a worker could do that is gone."""
        for key, sent in list(self._waiting.items()):
            if sent.piece.only and sent.piece.workers.isdisjoint(there):
                del self._waiting[key]
                self._client.cancel([sent.future])
                yield sent.piece, Failed("its worker is gone")

    def _elsewhere(self, stuck: Collection[str]) -> Iterator[tuple[Piece, Failed]]:
        """Gives up what hangs, and sends the rest to workers that do not."""
        left, self._waiting = self._waiting, {}
        self._client.cancel([sent.future for sent in left.values()])
        for key, sent in left.items():
            if key not in stuck:
                self._submit(sent.piece)
        for key in stuck:
            yield left[key].piece, self._not_done

    @property
    def _not_done(self) -> Failed:
        return Failed(f"was not done by a worker in {self._patience:,.0f} s")

    def _lost(self) -> ReportgenError:
        return ReportgenError(
            f"{self._address}: the connection to the scheduler was lost; {DONE_STAYS}; "
            "start the scheduler and build again"
        )
