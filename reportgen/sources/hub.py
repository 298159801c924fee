"""Runs on the Hugging Face Hub, through its own client and its own cache."""

from __future__ import annotations

import contextlib
import email.utils
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import httpx2
import huggingface_hub
from huggingface_hub import HfFileMetadata, constants, hf_hub_url
from huggingface_hub import errors as hub_errors
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # exported when they are asked for
    parse_ratelimit_headers,
    validate_repo_id,
)
from huggingface_hub.utils import tqdm as hub_tqdm  # type: ignore[attr-defined]

from reportgen import __version__
from reportgen.kinds import SourceRecord
from reportgen.model_list import HubSource
from reportgen.sources import Digests, Found, Unusable, hash_file, relative_parts, too_large
from reportgen.sources.line import Line, NoAnswer, Patience, Silence
from reportgen.text import one_line

__all__ = ["Hub", "quiet_client"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
# A name in the client's cache: whatever a server sends, it leads nowhere else.
_ETAG = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")
_CLIENT_WAITS = re.compile(r"Rate limited\. Waiting (\d+(?:\.\d+)?)s")
_TRY_AGAIN = {408, 429, 500, 502, 503, 504}


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


@dataclass(frozen=True, slots=True)
class _Copy:
    """A file in the client's cache."""

    path: Path
    commit: str
    digests: Digests


class _Again(Exception):  # noqa: N818 - never leaves this file
    """An answer that may be another one in a while; ``wait`` seconds, where the Hub says how long."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Hub:
    """Finds runs on the Hub; used by many threads at once.

    Token, cache and endpoint are the client's (``HF_TOKEN``, ``HF_HOME``, ``HF_ENDPOINT`` and the
    rest). An unchanged file costs one HEAD request, one at a commit that is in the cache none.

    Args:
        offline: Ask no network; ``HF_HUB_OFFLINE`` says the same.
        max_file_size: Bytes; asked before a file is fetched, and kept while it is.
        patience: With a Hub that fails.
        say: Called with a sentence when a pull waits.
        stop: Set when nobody wants the runs any more.
    """

    def __init__(
        self,
        *,
        offline: bool,
        max_file_size: int,
        patience: Patience,
        say: Callable[[str], None],
        stop: threading.Event,
    ) -> None:
        self._offline = offline or huggingface_hub.is_offline_mode()
        self._limit = max_file_size
        self._patience = patience
        self._say = say
        self._line = Line(patience, say, stop)
        self._revisions: dict[tuple[str, str], str] = {}

    def find(self, source: HubSource, name: str) -> Found:
        """The file of the run ``name``, from the Hub or from the cache.

        A copy in the cache serves at a commit, when offline, and when the Hub gives no answer; in the
        last two cases, unless at a commit, it is marked as not checked.

        Raises:
            Unusable: see ``Problem``.
        """
        place = _place(source, name)
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

    def hold(self, seconds: float) -> None:
        """Lets no run ask for a while: the Hub asked the client for it, which waits by itself."""
        with contextlib.suppress(NoAnswer):  # Too long, which every run hears from the line.
            self._line.hold(seconds)

    def _ask(self, place: _Place, cached: _Copy | None) -> Found:
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
                    _note(place, cached, commit)
                    found = _found(place, cached, commit, checked=True)
                else:
                    newer = True
                    fetched = self._fetch(place, head)
                    found = _found(place, fetched, fetched.commit, checked=True)
            except (_Again, Silence) as error:
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
        except _Again as error:
            if error.wait is not None:
                self._line.hold(error.wait)
            raise

    def _wait(self, place: _Place, failures: int, reason: str, wait: float | None) -> None:
        if wait is not None:
            self._line.hold(wait)
            return
        self._line.sleep(0.0)  # Nobody is told of a pause that comes to nothing.
        pause = self._patience.pause(failures)
        self._say(f"{place}: {reason}; trying again in {pause:.1f} s")
        self._line.sleep(pause)

    def _cached(self, place: _Place) -> _Copy | None:
        """The copy in the cache; one that is damaged is thrown away."""
        try:
            revision = self._revision(place)
            pointer = huggingface_hub.try_to_load_from_cache(place.repo, place.file, revision=revision)
        except (OSError, ValueError):
            return None
        if not isinstance(pointer, str):
            return None
        path = Path(pointer)
        copy = _Copy(path, _commit_of(path, place), hash_file(path, str(place), self._limit, git=True))
        # The cache names contents by their etag. Without links (Windows) there is no such name to ask.
        if path.is_symlink() and not _matches(copy.digests, path.readlink().name):
            _discard(path)
            return None
        return copy

    def _revision(self, place: _Place) -> str:
        """The commit of a branch in the cache when this build first looked; where there was none, its name.

        A file that is fetched moves the branch for all files of its repository, also for those that were
        not looked for yet.
        """
        branch = (place.repo, place.revision)
        if branch not in self._revisions:
            folder = repo_folder_name(repo_id=place.repo, repo_type="model")
            ref = Path(constants.HF_HUB_CACHE) / folder / "refs" / place.revision
            self._revisions.setdefault(branch, ref.read_text() if ref.is_file() else place.revision)
        return self._revisions[branch]

    def _fetch(self, place: _Place, head: HfFileMetadata) -> _Copy:
        """Fetches a file into the client's cache and sees that it is what was promised."""
        try:
            path = self._attend(lambda on_bytes: _download(place, _meter(on_bytes, head.size or self._limit)))
        except _TooMuch:
            if head.size is None:
                raise Unusable("too_large", too_large(str(place), self._limit + 1, self._limit)) from None
            raise _Again("the Hub sent more than it had promised") from None
        copy = _Copy(path, _commit_of(path, place), hash_file(path, str(place), self._limit, git=True))
        if copy.commit != head.commit_hash:
            raise _Again("the file changed while it was fetched")
        if not _agrees(copy.digests, head):
            _discard(path)
            raise _Again("the Hub sent another file than it had promised")
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


def _place(source: HubSource, name: str) -> _Place:
    place = _Place(
        source.repo.replace("{name}", name),
        source.file.replace("{name}", name),
        source.commit or source.revision,
        source.revision,
    )
    for part in (place.repo, place.file, place.revision):
        relative_parts(part)
    try:
        validate_repo_id(place.repo)
    except hub_errors.HFValidationError:
        raise Unusable(
            "refused",
            f"{one_line(place.repo)} cannot be a repository on the Hub; correct the run's name or `repo`",
        ) from None
    return place


def _found(place: _Place, copy: _Copy, commit: str, *, checked: bool) -> Found:
    record = SourceRecord("hub", place.repo, place.requested, commit, place.file, copy.digests.sha256)
    return Found(copy.path, copy.digests.size, record, checked)


def _commit_of(pointer: Path, place: _Place) -> str:
    return pointer.parts[-1 - len(place.file.split("/"))]


def _head(place: _Place) -> HfFileMetadata:
    url = hf_hub_url(place.repo, place.file, revision=place.revision)
    try:
        head = huggingface_hub.get_hf_file_metadata(
            url, library_name="reportgen", library_version=__version__
        )
    except Exception as error:  # noqa: BLE001 - what has no meaning is raised as it is
        mend = "check HF_TOKEN and the settings of proxies and certificates"
        own = Unusable("network", f"{place}: the Hub's client cannot ask ({_detail(error)}); {mend}")
        raise _meaning(error, place, own) from None
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


def _note(place: _Place, copy: _Copy, commit: str) -> None:
    """Lets the client's cache know a file at another commit too: nobody has to ask for it there.

    The branch stays where it is. It moves for all files of a repository at once, and those that this
    build did not ask for would be lost to whoever is offline.
    """
    snapshots = copy.path.parents[len(place.file.split("/"))]
    pointer = snapshots / commit / place.file
    # Where it is there already, or the cache cannot be written, nothing is lost but a request later.
    with contextlib.suppress(OSError):
        pointer.parent.mkdir(parents=True, exist_ok=True)
        if copy.path.is_symlink():
            pointer.symlink_to(copy.path.readlink())
        else:
            pointer.hardlink_to(copy.path)


def _discard(pointer: Path) -> None:
    """Takes a file and what its link leads to out of the client's cache."""
    with contextlib.suppress(OSError):
        blob = pointer.parent / pointer.readlink()
        blob.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        pointer.unlink(missing_ok=True)


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
        own = Unusable("unreadable", f"{place}: the Hub's cache cannot take it ({_detail(error)}); {mend}")
        raise _meaning(error, place, own) from None
    return Path(pointer)


def _meaning(error: BaseException, place: _Place, own: Unusable) -> BaseException:
    """What an error of the client means: ``Unusable``, ``_Again`` or ``Silence``; else the error itself.

    Args:
        error: Any.
        place: What was asked for.
        own: Stands for trouble on this machine, which depends on what the client was doing.
    """
    if isinstance(error, hub_errors.LocalEntryNotFoundError) and error.__cause__ is not None:
        return _meaning(error.__cause__, place, own)
    if isinstance(error, hub_errors.HfHubHTTPError):
        return _refusal(error, place)
    if isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol):
        return Unusable("network", f"{place}: the Hub has no such address; correct HF_ENDPOINT")
    if isinstance(error, httpx2.RequestError):
        return Silence(_how(error))
    if isinstance(error, hub_errors.FileMetadataError):
        return _Again("its answer lacks what the Hub would say")
    if isinstance(error, RuntimeError):
        return _Again("its store of large files failed")
    if isinstance(error, UnicodeError) or (isinstance(error, OSError) and error.errno is not None):
        return own
    if isinstance(error, OSError):
        return _Again("the Hub sent less than it had promised")
    if isinstance(error, ValueError | OverflowError):
        return _Again("its answer makes no sense")
    return error


def _detail(error: BaseException) -> str:
    """The system's own words for it; not the whole message, which names files."""
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or type(error).__name__


def _refusal(error: hub_errors.HfHubHTTPError, place: _Place) -> Exception:
    repo = one_line(place.repo)
    status = error.response.status_code
    if isinstance(error, hub_errors.GatedRepoError):
        return Unusable("refused", f"{repo} is gated; ask for access on its page and set HF_TOKEN")
    if isinstance(error, hub_errors.RepositoryNotFoundError):
        return Unusable(
            "missing", f"the Hub has no repository {repo}, or hides it; correct the name, or set HF_TOKEN"
        )
    if isinstance(error, hub_errors.DisabledRepoError):
        return Unusable("refused", f"the Hub has disabled {repo}; take the run out of the list")
    if isinstance(error, hub_errors.RevisionNotFoundError):
        return Unusable("missing", f"{repo} has no revision {one_line(place.revision)}; correct `revision`")
    if isinstance(error, hub_errors.RemoteEntryNotFoundError) or status == 404:
        return Unusable("missing", f"{place} does not exist; correct `file`, or take the run out of the list")
    if status in _TRY_AGAIN:
        return _Again(f"it answers {status}", _asked_wait(error.response.headers, status))
    if status in (401, 403):
        return Unusable("refused", f"the Hub refuses access to {repo} ({status}); check HF_TOKEN")
    return Unusable("refused", f"the Hub refuses to answer for {place} ({status}); check the list")


def _asked_wait(headers: httpx2.Headers, status: int) -> float | None:
    """Seconds that the Hub asks to wait, and one more because it rounds; None where it does not ask."""
    limits = parse_ratelimit_headers(headers) if status == 429 else None
    if limits is not None and limits.remaining == 0:
        return float(min(limits.reset_in_seconds, 10**9)) + 1.0
    after = headers.get("Retry-After", "").strip()
    if after.isdecimal():
        return float(after) + 1.0
    try:
        return max(0.0, email.utils.parsedate_to_datetime(after).timestamp() - time.time()) + 1.0
    except (ValueError, OverflowError):
        return None


def _how(error: httpx2.RequestError) -> str:
    """A sentence's half about a connection that failed; no address, which may hold a secret."""
    if isinstance(error, httpx2.TimeoutException):
        return "nothing came in time"
    if isinstance(error, httpx2.TooManyRedirects):
        return "it leads in circles"
    if isinstance(error, httpx2.ConnectError):
        return "no connection: " + re.sub(r"^\[Errno -?\d+\] ", "", str(error))
    return "the connection broke"
