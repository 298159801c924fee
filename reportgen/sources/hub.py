"""Runs on the Hugging Face Hub, through its own client and its own cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from queue import Empty, SimpleQueue
from typing import TypeVar

import huggingface_hub
from huggingface_hub import HfFileMetadata

from reportgen.cache import mark_used, prune
from reportgen.model_list import HubSource
from reportgen.patterns import NAME, Pattern
from reportgen.sources import THREAD, Access, Found, Listing, SourceRecord
from reportgen.sources.asking import Again, Asking, Unanswered
from reportgen.sources.files import (
    FoundFile,
    Unusable,
    digest_of,
    is_web_page,
    read_head,
    relative_parts,
    too_large,
)
from reportgen.sources.folders import is_environment, unpacked_head
from reportgen.sources.hub_cache import Copy, HubCache
from reportgen.sources.hub_client import (
    Entry,
    Repository,
    TooMuch,
    Tree,
    download,
    head_of,
    meter,
    quiet_client,
    repositories_of,
    settings_trouble,
    tree_of,
)
from reportgen.sources.hub_listing import listed
from reportgen.sources.hub_place import COMMIT, Place, folder_of, is_same, may_be, place_of
from reportgen.sources.line import CircuitBreaker, NoAnswer, Silence

__all__ = ["Hub", "HubType"]

_T = TypeVar("_T")
_LOOKS_AT_LOCKS = 3.0
_LISTINGS = 64 * 2**20  # bytes of listings, from one build to the next


class HubType:
    """The Hub as a kind of source."""

    type = "hub"

    @contextlib.contextmanager
    def open(self, access: Access) -> Iterator[Hub]:
        hub = Hub(access)
        with quiet_client(THREAD, hub.hold):
            yield hub


class Hub:
    """Finds runs on the Hub; used by many threads at once.

    Token, cache and endpoint are the client's (``HF_TOKEN``, ``HF_HOME``, ``HF_ENDPOINT`` and the
    rest). An unchanged file costs one HEAD request, one at a commit that is in the cache none; a run that
    is a folder costs one listing for its repository, and nothing for a file of it that has not changed.

    Args:
        access: ``HF_HUB_OFFLINE`` says offline too.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._offline = access.offline or huggingface_hub.is_offline_mode()
        self._limit = access.max_file_size
        self._patience = access.patience
        self._line = CircuitBreaker(access.patience, access.say, access.stop)
        self._asking = Asking(self._line, access.patience, access.say)
        self._lock = threading.Lock()
        self._revisions: dict[tuple[str, str, str], str] = {}
        self._trees: dict[tuple[str, str, str], Tree | Unusable] = {}
        self._tree_locks: dict[tuple[str, str, str], threading.Lock] = {}
        self._fetching: dict[str, int] = {}
        self._owned: dict[tuple[str, str, int], Sequence[Repository]] = {}
        self._settings: str | None = None if self._offline else settings_trouble()
        if self._settings:
            access.say(f"the Hub is not asked: {self._settings}")

    def find(self, source: HubSource, name: str, files: Sequence[str] = (), *, found: bool = False) -> Found:
        """The files of the run ``name``, from the Hub or from the cache.

        A copy in the cache serves at a commit, when offline, and when the Hub gives no answer; in the
        last two cases, unless at a commit, it is marked as not checked.

        Raises:
            Unusable: see ``Problem``.
        """
        place = place_of(source, name, found=found)
        if trouble := HubCache.trouble():
            raise Unusable("unreadable", f"{place}: {trouble}")
        folder = folder_of(place.file)
        if folder is not None:
            return self._find_folder(source, replace(place, file=folder), files)
        copy, commit, checked = self._file(place)
        file = FoundFile(PurePosixPath(place.file).name, copy.path, copy.digests.size, copy.digests.sha256)
        return Found((file,), _record(place, commit, place.file, (file,), ()), checked)

    def discover(self, source: HubSource, pattern: Pattern, limit: int) -> Listing:
        """The names of the runs that the pattern fits: repositories of an owner, or files inside one."""
        return listed(self, self._access, source, pattern, limit)

    def beside(
        self, source: HubSource, name: str, found: Found, names: Sequence[str], *, known: bool
    ) -> list[FoundFile]:
        """The files of these names beside the run's, at the same commit.

        One listing tells which there are, and is kept for that commit. What a report has read costs none, and
        neither does a commit that the list names: then what the cache has is all.
        """
        place = replace(place_of(source, name, found=True), revision=str(found.source.revision))
        start = place.file[: place.file.rfind("/") + 1]
        asks = found.checked and not COMMIT.fullmatch(source.commit or source.revision)
        there = self._json_files(place) if asks and not known else {}
        taken = []
        for one in names:
            at = replace(place, file=start + relative_parts(one, found=True)[-1])
            copy = (
                self._part(at, there.get(at.file, Entry())) if known or at.file in there else self._cached(at)
            )
            if copy is not None:
                taken.append(FoundFile(one, copy.path, copy.digests.size, copy.digests.sha256))
        if taken and asks and NAME in source.repo:
            # Of such a repository nothing else is asked for, so nothing is lost to whoever is offline.
            HubCache(place.repo, place.repo_type).move(source.revision, place.revision)
        return taken

    def _json_files(self, place: Place) -> dict[str, Entry]:
        """The JSON files of a repository at a commit, which never change: listed once, and kept."""
        name = hashlib.sha256(f"{place.repo_type}/{place.repo}/{place.revision}".encode()).hexdigest()
        kept = None if self._access.cache is None else self._access.cache / "listings" / f"{name}.json"
        if kept is not None:
            with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
                known = {str(file): Entry(*one) for file, one in json.loads(kept.read_bytes()).items()}
                mark_used(kept)
                return known
        files = {file: one for file, one in self.tree(place).files.items() if file.endswith(".json")}
        if kept is not None:
            with contextlib.suppress(OSError):
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps({file: [one.size, one.etag] for file, one in files.items()}))
                prune(kept.parent, _LISTINGS)
        return files

    @property
    def is_offline(self) -> bool:
        """Whether no network may be asked."""
        return self._offline

    def hold(self, seconds: float) -> None:
        """Lets no run ask for a while: the Hub asked the client for it, which waits by itself."""
        with contextlib.suppress(NoAnswer):  # Too long, which every run hears from the line.
            self._line.hold(seconds)

    def tree(self, place: Place) -> Tree:
        """The files of a repository, asked for once; those in the cache where nobody answers.

        Raises:
            Unusable: there is none.
        """
        key = (place.repo_type, place.repo, place.revision)
        with self._lock:
            lock = self._tree_locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._trees:
                try:
                    self._trees[key] = self._new_tree(place)
                except Unusable as unusable:
                    self._trees[key] = unusable
            tree = self._trees[key]
        if isinstance(tree, Unusable):
            raise Unusable(tree.kind, str(tree))
        return tree

    def repositories(self, owner: Place, limit: int) -> Sequence[Repository]:
        """The repositories of an owner, asked for once.

        Raises:
            Unusable: The Hub says no, or ``Patience`` ends before it answers (``network``).
        """
        with self._lock:
            lock = self._tree_locks.setdefault((owner.repo_type, owner.repo, ""), threading.Lock())
        with lock:
            key = (owner.repo_type, owner.repo, limit)
            if key not in self._owned:
                try:
                    found = self._persist(owner, lambda: repositories_of(owner.repo, owner, limit))
                except Unanswered as unanswered:
                    raise _no_answer(owner, unanswered) from None
                self._owned[key] = found
            return self._owned[key]

    def _find_folder(self, source: HubSource, place: Place, files: Sequence[str]) -> Found:
        start = f"{place.file}/" if place.file != "." else ""
        tree = Tree(place.revision, {}) if files and place.is_pinned else self.tree(place)

        def copy_of(name: str) -> Copy:
            parts = relative_parts(name, found=True)
            at = replace(place, file=start + "/".join(parts), revision=tree.commit)
            return self._part(at, tree.files.get(at.file, Entry()))

        names = [
            name.removeprefix(start)
            for name in tree.files
            if name.startswith(start) and not any(map(is_environment, name.split("/")[:-1]))
        ]
        taken = files or self._access.fits(
            source, names, lambda name: unpacked_head(copy_of(name).path, name)
        )
        if not taken:
            what = "it has no file in a known format" if names else "there is no such folder"
            fix = "correct `file`, or remove the run from the list"
            raise Unusable("missing", f"{place}: {what}; {fix}")
        found = []
        for name in sorted(taken):
            copy = copy_of(name)
            found.append(FoundFile(name, copy.path, copy.digests.size, copy.digests.sha256))
        if tree.checked and not place.is_pinned:
            HubCache(place.repo, place.repo_type).move(place.revision, tree.commit)
        record = _record(place, tree.commit, place.file, found, tuple(sorted(taken)))
        return Found(tuple(found), record, tree.checked)

    def _new_tree(self, place: Place) -> Tree:
        cache = HubCache(place.repo, place.repo_type)
        reason: Unusable | None = None
        if not self._offline:
            try:
                return self._persist(place, lambda: tree_of(place))
            except Unanswered as unanswered:
                reason = _no_answer(place, unanswered)
        with contextlib.suppress(OSError, ValueError):
            commit = cache.commit_of(place.revision)
            files = cache.files(commit)
            if files:
                return Tree(commit, dict.fromkeys(files, Entry()), checked=place.is_pinned)
        raise reason or _not_cached(place)

    def _part(self, place: Place, entry: Entry) -> Copy:
        """A file of a folder, at a commit: from the cache, if it has these bytes under any name."""
        if entry.size is not None and entry.size > self._limit:
            raise Unusable("too_large", too_large(str(place), entry.size, self._limit))
        cache = HubCache(place.repo, place.repo_type)
        cached = self._cached(place)
        if cached is None and entry.etag is not None:
            known = cache.blob(entry.etag, place.file, str(place), self._limit)
            if known is not None and entry.etag in known.digests.names:
                cache.note(known, place.file, place.revision)
                return known
        if cached is not None:
            return cached
        if self._offline:
            raise _not_cached(place)
        return self._ask(place, None)[0]

    def _file(self, place: Place) -> tuple[Copy, str, bool]:
        """A file, the commit that it is at, and whether the Hub was asked."""
        cached = self._cached(place)
        if cached is not None and (place.is_pinned or self._offline):
            return cached, cached.commit, place.is_pinned
        if self._offline:
            raise _not_cached(place)
        return self._ask(place, cached)

    def _ask(self, place: Place, cached: Copy | None) -> tuple[Copy, str, bool]:
        """Asks and fetches until it works or ``Patience`` ends; then the cache serves, if it may."""
        newer = False
        unproven: set[str] = set()

        def request() -> tuple[Copy, str, bool]:
            nonlocal newer
            head = self._head(place)
            if head.size is not None and head.size > self._limit:
                raise Unusable("too_large", too_large(str(place), head.size, self._limit))
            if cached is not None and is_same(cached, head):
                commit = str(head.commit_hash)
                HubCache(place.repo, place.repo_type).note(cached, place.file, commit)
                return cached, commit, True
            newer = True
            fetched = self._fetch(place, head, unproven)
            return fetched, fetched.commit, True

        try:
            return self._persist(place, request, asks_itself=True)
        except Unanswered as unanswered:
            # Once the Hub has told of another file, the copy in the cache is known to be an old one.
            if cached is not None and not newer:
                return cached, cached.commit, False
            raise _no_answer(place, unanswered) from None

    def _persist(self, place: Place, request: Callable[[], _T], *, asks_itself: bool = False) -> _T:
        if self._settings:
            raise Unanswered(self._settings, whole=True)
        return self._asking.persist(str(place), request, asks_itself=asks_itself)

    def _head(self, place: Place) -> HfFileMetadata:
        """Asks for the head; where all are to wait, they do so before the next one asks."""

        def ask() -> HfFileMetadata:
            try:
                return head_of(place)
            except Again as error:
                if error.wait is not None:
                    self._line.hold(error.wait)
                raise

        return self._line.ask(str(place), ask)

    def _cached(self, place: Place) -> Copy | None:
        """The copy in the cache; one that is damaged is thrown away."""
        cache = HubCache(place.repo, place.repo_type)
        try:
            copy = cache.copy(place.file, self._revision(place), str(place), self._limit)
        except (OSError, ValueError):
            return None
        # The cache names contents by their etag. Without links (Windows) there is no such name to ask.
        if copy is not None and copy.etag is not None and not may_be(copy.digests, copy.etag):
            cache.discard(copy.path)
            return None
        return copy

    def _revision(self, place: Place) -> str:
        """The commit of a branch in the cache when this build first looked; where there was none, its name.

        A file that is fetched moves the branch for all files of its repository, also for those that were
        not looked for yet.
        """
        branch = (place.repo_type, place.repo, place.revision)
        if branch not in self._revisions:
            known = HubCache(place.repo, place.repo_type).commit_of(place.revision)
            self._revisions.setdefault(branch, known)
        return self._revisions[branch]

    def _fetch(self, place: Place, head: HfFileMetadata, unproven: set[str]) -> Copy:
        """Fetches a file into the client's cache and sees that it is what was promised.

        A server may call it by a name of its own, which proves nothing: then its length and commit decide,
        and a body that comes twice the same.

        Args:
            place: Where it is.
            head: What the server said of it.
            unproven: Digests of bodies that came before; that of this one is added where it proves nothing.
        """
        etag = str(head.etag)
        try:
            path = self._attend(
                place, etag, lambda on_bytes: download(place, meter(on_bytes, head.size or self._limit))
            )
        except TooMuch:
            if head.size is None:
                raise Unusable("too_large", too_large(str(place), self._limit + 1, self._limit)) from None
            raise Again("the Hub sent more bytes than announced") from None
        cache = HubCache(place.repo, place.repo_type)
        copy = cache.copy_at(path, place.file, str(place), self._limit)
        if copy.commit != head.commit_hash:
            raise Again("the file changed while it was fetched")
        if etag in copy.digests.names and head.size in (None, copy.digests.size):
            return copy
        if is_web_page(read_head(path, place.file, 2**12), place.file):
            cache.discard(path)
            raise Again("the Hub sent a web page instead of the file")
        if head.size not in (None, copy.digests.size) or (
            not may_be(copy.digests, etag) and copy.digests.sha256 not in unproven
        ):
            unproven.add(copy.digests.sha256)
            cache.discard(path)
            raise Again("the Hub sent another file than announced")
        return copy

    def _attend(self, place: Place, etag: str, fetch: Callable[[Callable[[], None]], Path]) -> Path:
        """Fetches in a thread of its own, which is left behind when nothing comes of it.

        The client asks for the head once more and, when that fails, goes on asking for minutes.

        Raises:
            NoAnswer: the line went down.
            Silence: nothing came for too long.
            Unusable: another process keeps the cache locked.
        """
        events: SimpleQueue[Path | BaseException | None] = SimpleQueue()

        def work() -> None:
            try:
                events.put(fetch(lambda: events.put(None)))
            except BaseException as error:  # noqa: BLE001 - raised again by the attending thread
                events.put(error)

        with self._counted(f"{place.repo}/{etag}") as alone:
            # Whoever fetches holds it too: only one that is held beforehand is another's.
            locked = alone() and HubCache(place.repo, place.repo_type).lock_held(etag) is not None
            threading.Thread(target=work, name=threading.current_thread().name, daemon=True).start()
            moved = looked = time.monotonic()
            told = False
            while True:
                try:
                    event = events.get(timeout=0.25)
                except Empty:
                    self._line.sleep(0.0)
                    now = time.monotonic()
                    if locked and now - looked > _LOOKS_AT_LOCKS:
                        looked = now
                        told = self._look_at_lock(place, etag, now - moved, told)
                    # While all are to wait, the client does too.
                    if now - max(moved, self._line.held_until) > self._patience.stalled:
                        raise Silence("no answer in time") from None
                    continue
                if isinstance(event, BaseException):
                    raise event
                if event is not None:
                    return event
                moved = looked = time.monotonic()

    def _look_at_lock(self, place: Place, etag: str, waited: float, told: bool) -> bool:
        """Says whose lock a fetch waits for, once; whether that was said."""
        held = HubCache(place.repo, place.repo_type).lock_held(etag)
        if held is None:
            return told
        lock, age = held
        named = f"{lock.parent.name}/{lock.name}"
        shown = (
            f"{age:.0f} s" if age < 120 else f"{age / 60:.0f} min" if age < 7200 else f"{age / 3600:.0f} h"
        )
        if waited > self._patience.locked:
            raise Unusable(
                "unreadable",
                f"{place}: another process has held a lock in the Hub's cache for {shown}; end that "
                f"process, or delete .locks/{named} in the folder that HF_HOME names",
            )
        if not told:
            self._access.say(
                f"{place}: waiting for a lock in the Hub's cache that another process holds: "
                f".locks/{named}, for {shown}"
            )
        return True

    @contextlib.contextmanager
    def _counted(self, key: str) -> Iterator[Callable[[], bool]]:
        """Counts who fetches the same bytes here; gives what tells whether one is alone."""
        with self._lock:
            self._fetching[key] = self._fetching.get(key, 0) + 1
        try:
            yield lambda: self._fetching[key] == 1
        finally:
            with self._lock:
                self._fetching[key] -= 1


def _record(
    place: Place, commit: str, file: str, found: Sequence[FoundFile], files: tuple[str, ...]
) -> SourceRecord:
    return SourceRecord("hub", place.repo, place.requested, commit, file, digest_of(found), files)


def _not_cached(place: Place) -> Unusable:
    fix = "build once without --offline and HF_HUB_OFFLINE"
    return Unusable("network", f"{place} is not in the Hub's cache; {fix}")


def _no_answer(place: Place, unanswered: Unanswered) -> Unusable:
    if unanswered.whole:
        return Unusable("network", f"{place}: {unanswered}")
    return Unusable("network", f"{place}: the Hub cannot be read ({unanswered}); build again later")
