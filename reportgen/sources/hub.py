"""Runs on the Hugging Face Hub, through its own client and its own cache."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from queue import Empty, SimpleQueue
from typing import Any

import huggingface_hub
from huggingface_hub import HfFileMetadata, hf_hub_url
from huggingface_hub import errors as hub_errors
from huggingface_hub.utils import tqdm as hub_tqdm  # type: ignore[attr-defined]  # exported when asked for
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

from reportgen import __version__
from reportgen.model_list import HubSource
from reportgen.sources import (
    THREAD,
    Access,
    Digests,
    Found,
    FoundFile,
    Listing,
    SourceRecord,
    Unusable,
    digest_of,
    relative_parts,
    too_large,
)
from reportgen.sources.hub_cache import Copy, HubCache
from reportgen.sources.hub_errors import Again, detail, meaning
from reportgen.sources.line import Line, NoAnswer, Silence
from reportgen.sources.patterns import Pattern
from reportgen.text import one_line

__all__ = ["Hub", "HubType", "quiet_client"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
# A name in the client's cache: whatever a server sends, it leads nowhere else.
_ETAG = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")
_CLIENT_WAITS = re.compile(r"Rate limited\. Waiting (\d+(?:\.\d+)?)s")


@dataclass(frozen=True, slots=True)
class _Place:
    """A file on the Hub, at a branch, tag or commit.

    Attributes:
        requested: The list's revision; another than ``revision`` where a report is built again.
    """

    repo: str
    file: str
    revision: str
    requested: str

    def __str__(self) -> str:
        return one_line(f"{self.repo}/{self.file} at {self.revision}")


class Hub:
    """Finds runs on the Hub; used by many threads at once.

    Token, cache and endpoint are the client's (``HF_TOKEN``, ``HF_HOME``, ``HF_ENDPOINT`` and the
    rest). An unchanged file costs one HEAD request, one at a commit that is in the cache none.

    Args:
        access: ``HF_HUB_OFFLINE`` says offline too.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._offline = access.offline or huggingface_hub.is_offline_mode()
        self._limit = access.max_file_size
        self._patience = access.patience
        self._line = Line(access.patience, access.say, access.stop)
        self._revisions: dict[tuple[str, str], str] = {}

    def find(self, source: HubSource, name: str, files: Sequence[str] = (), *, found: bool = False) -> Found:
        """The file of the run ``name``, from the Hub or from the cache.

        A copy in the cache serves at a commit, when offline, and when the Hub gives no answer; in the
        last two cases, unless at a commit, it is marked as not checked.

        Raises:
            Unusable: see ``Problem``.
        """
        place = _place(source, name, found=found)
        cached = self._cached(place)
        pinned = _COMMIT.fullmatch(place.revision) is not None
        if cached is not None and (pinned or self._offline):
            return _found(place, cached, cached.commit, checked=pinned)
        if self._offline:
            raise Unusable(
                "network",
                f"{place} is not in the Hub's cache; build once without --offline and HF_HUB_OFFLINE",
            )
        return self._ask(place, cached)

    def discover(self, source: HubSource, pattern: Pattern, limit: int) -> Listing:
        """The names of the runs that the pattern fits."""
        raise NotImplementedError

    def hold(self, seconds: float) -> None:
        """Lets no run ask for a while: the Hub asked the client for it, which waits by itself."""
        with contextlib.suppress(NoAnswer):  # Too long, which every run hears from the line.
            self._line.hold(seconds)

    def _ask(self, place: _Place, cached: Copy | None) -> Found:
        """Asks and fetches until it works or ``Patience`` ends; then the cache serves, if it may."""
        newer = False
        reason = ""
        wait: float | None = None
        for attempt in range(self._patience.attempts):
            try:
                if attempt:
                    self._wait(place, attempt, reason, wait)
                head = self._line.ask(str(place), lambda: self._head(place))
                if head.size is not None and head.size > self._limit:
                    raise Unusable("too_large", too_large(str(place), head.size, self._limit))
                if cached is not None and _agrees(cached.digests, head):
                    commit = str(head.commit_hash)
                    HubCache(place.repo).note(cached, place.file, commit)
                    found = _found(place, cached, commit, checked=True)
                else:
                    newer = True
                    fetched = self._fetch(place, head)
                    found = _found(place, fetched, fetched.commit, checked=True)
            except (Again, Silence) as error:
                reason = one_line(str(error))
                wait = getattr(error, "wait", None)
                self._line.failed(str(place), reason)
            except NoAnswer as error:
                reason = one_line(str(error))
                break
            except Unusable:
                self._line.got_through()
                raise
            else:
                self._line.got_through()
                return found
        # Once the Hub has told of another file, the copy in the cache is known to be an old one.
        if cached is not None and not newer:
            return _found(place, cached, cached.commit, checked=False)
        raise Unusable("network", f"{place}: the Hub cannot be read ({reason}); build again later")

    def _head(self, place: _Place) -> HfFileMetadata:
        """Asks for the head; where all are to wait, they do so before the next one asks."""
        try:
            return _head(place)
        except Again as error:
            if error.wait is not None:
                self._line.hold(error.wait)
            raise

    def _wait(self, place: _Place, failures: int, reason: str, wait: float | None) -> None:
        if wait is not None:
            self._line.hold(wait)
            return
        self._line.sleep(0.0)  # Nobody is told of a pause that comes to nothing.
        pause = self._patience.pause(failures)
        self._access.say(f"{place}: {reason}; trying again in {pause:.1f} s")
        self._line.sleep(pause)

    def _cached(self, place: _Place) -> Copy | None:
        """The copy in the cache; one that is damaged is thrown away."""
        cache = HubCache(place.repo)
        try:
            copy = cache.copy(place.file, self._revision(place), str(place), self._limit)
        except (OSError, ValueError):
            return None
        # The cache names contents by their etag. Without links (Windows) there is no such name to ask.
        if copy is not None and copy.etag is not None and not _matches(copy.digests, copy.etag):
            cache.discard(copy.path)
            return None
        return copy

    def _revision(self, place: _Place) -> str:
        """The commit of a branch in the cache when this build first looked; where there was none, its name.

        A file that is fetched moves the branch for all files of its repository, also for those that were
        not looked for yet.
        """
        branch = (place.repo, place.revision)
        if branch not in self._revisions:
            self._revisions.setdefault(branch, HubCache(place.repo).commit_of(place.revision))
        return self._revisions[branch]

    def _fetch(self, place: _Place, head: HfFileMetadata) -> Copy:
        """Fetches a file into the client's cache and sees that it is what was promised."""
        try:
            path = self._attend(lambda on_bytes: _download(place, _meter(on_bytes, head.size or self._limit)))
        except _TooMuch:
            if head.size is None:
                raise Unusable("too_large", too_large(str(place), self._limit + 1, self._limit)) from None
            raise Again("the Hub sent more than it had promised") from None
        copy = HubCache(place.repo).copy_at(path, place.file, str(place), self._limit)
        if copy.commit != head.commit_hash:
            raise Again("the file changed while it was fetched")
        if not _agrees(copy.digests, head):
            HubCache(place.repo).discard(path)
            raise Again("the Hub sent another file than it had promised")
        return copy

    def _attend(self, fetch: Callable[[Callable[[], None]], Path]) -> Path:
        """Fetches in a thread of its own, which is left behind when nothing comes of it.

        The client asks for the head once more and, when that fails, goes on asking for minutes.

        Raises:
            NoAnswer: the line went down.
            Silence: nothing came for too long.
        """
        events: SimpleQueue[Path | BaseException | None] = SimpleQueue()

        def work() -> None:
            try:
                events.put(fetch(lambda: events.put(None)))
            except BaseException as error:  # noqa: BLE001 - raised again by the attending thread
                events.put(error)

        threading.Thread(target=work, name=threading.current_thread().name, daemon=True).start()
        moved = time.monotonic()
        while True:
            try:
                event = events.get(timeout=0.25)
            except Empty:
                self._line.sleep(0.0)
                # While all are to wait, the client does too.
                if time.monotonic() - max(moved, self._line.held_until) > self._patience.stalled:
                    raise Silence("nothing came in time") from None
                continue
            if isinstance(event, BaseException):
                raise event
            if event is not None:
                return event
            moved = time.monotonic()


class HubType:
    """The Hub as a kind of source."""

    type = "hub"

    @contextlib.contextmanager
    def open(self, access: Access) -> Iterator[Hub]:
        hub = Hub(access)
        with quiet_client(THREAD, hub.hold):
            yield hub


@contextlib.contextmanager
def quiet_client(thread_name: str, hold: Callable[[float], None]) -> Iterator[None]:
    """Keeps what the client logs in our threads off the terminal; the rest of the program keeps its logs.

    When the limit on requests meets a body and not a head, the client waits by itself: its log is the
    only place that tells, and ``hold`` is called with the seconds.
    """
    logger = logging.getLogger("huggingface_hub")

    def passes(record: logging.LogRecord) -> bool:
        if record.threadName != thread_name:
            return True
        told = _CLIENT_WAITS.search(record.getMessage())
        if told:
            hold(float(told[1]))
        return False

    # Who asked for more than warnings wants to see them.
    handlers = list(logger.handlers) if logger.getEffectiveLevel() >= logging.WARNING else []
    for handler in handlers:
        handler.addFilter(passes)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(passes)


def _place(source: HubSource, name: str, *, found: bool) -> _Place:
    place = _Place(
        source.repo.replace("{name}", name),
        source.file.replace("{name}", name),
        source.commit or source.revision,
        source.revision,
    )
    for part in (place.repo, place.file, place.revision):
        relative_parts(part, found=found)
    try:
        validate_repo_id(place.repo)
    except hub_errors.HFValidationError:
        raise Unusable(
            "refused",
            f"{one_line(place.repo)} cannot be a repository on the Hub; correct the run's name or `repo`",
        ) from None
    return place


def _found(place: _Place, copy: Copy, commit: str, *, checked: bool) -> Found:
    file = FoundFile(PurePosixPath(place.file).name, copy.path, copy.digests.size, copy.digests.sha256)
    record = SourceRecord("hub", place.repo, place.requested, commit, place.file, digest_of((file,)))
    return Found((file,), record, checked)


def _head(place: _Place) -> HfFileMetadata:
    url = hf_hub_url(place.repo, place.file, revision=place.revision)
    try:
        head = huggingface_hub.get_hf_file_metadata(
            url, library_name="reportgen", library_version=__version__
        )
    except Exception as error:  # noqa: BLE001 - what has no meaning is raised as it is
        mend = "check HF_TOKEN and the settings of proxies and certificates"
        own = Unusable("network", f"{place}: the Hub's client cannot ask ({detail(error)}); {mend}")
        raise meaning(error, place, own) from None
    if not _COMMIT.fullmatch(head.commit_hash or "") or not _ETAG.fullmatch(head.etag or ""):
        mend = "check HF_ENDPOINT and the proxy"
        raise Unusable("network", f"{place}: the answer is none that the Hub would give; {mend}")
    return head


def _agrees(digests: Digests, head: HfFileMetadata) -> bool:
    return head.size in (None, digests.size) and _matches(digests, str(head.etag))


def _matches(digests: Digests, etag: str) -> bool:
    """Whether the etag is that of the bytes: sha256 of a large file, git's hash of another."""
    if re.fullmatch(r"[0-9a-f]{64}", etag):
        return etag == digests.sha256
    return etag == digests.git or not _COMMIT.fullmatch(etag)


class _TooMuch(Exception):  # noqa: N818 - never leaves this file
    """More bytes came than are allowed."""


def _meter(on_bytes: Callable[[], None], limit: int) -> type[Any]:
    """A progress bar for the client that shows nothing, and stops a body that does not end."""

    class Meter(hub_tqdm):  # type: ignore[misc, unused-ignore]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})  # type: ignore[no-untyped-call]
            self.received = float(kwargs.get("initial") or 0)

        def update(self, n: float | None = 1) -> None:
            on_bytes()
            self.received += n or 0
            if self.received > limit:
                raise _TooMuch

    return Meter


def _download(place: _Place, meter: type[Any]) -> Path:
    # The branch, not the commit that the head told: only so does the cache learn what the branch is.
    try:
        pointer = huggingface_hub.hf_hub_download(
            place.repo,
            place.file,
            revision=place.revision,
            library_name="reportgen",
            library_version=__version__,
            tqdm_class=meter,
        )
    except _TooMuch:
        raise
    except Exception as error:  # noqa: BLE001 - what has no meaning is raised as it is
        mend = "see to the folder that HF_HOME names"
        own = Unusable("unreadable", f"{place}: the Hub's cache cannot take it ({detail(error)}); {mend}")
        raise meaning(error, place, own) from None
    return Path(pointer)
