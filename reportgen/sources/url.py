"""Runs at addresses, read through fsspec: http, s3, gs and whatever else it and its plug-ins know."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from reportgen.cache import mark_used, prune
from reportgen.model_list import UrlSource, unsafe_found
from reportgen.patterns import Pattern, Template
from reportgen.sources import Access, Found, Listing, SourceRecord
from reportgen.sources.asking import Again, Asking, CannotAsk, Unanswered
from reportgen.sources.directory import listed_in_store
from reportgen.sources.files import (
    FoundFile,
    Unusable,
    digest_of,
    hash_file,
    is_web_page,
    read_head,
    relative_parts,
    too_large,
)
from reportgen.sources.folders import is_checkpoint, is_environment, unpacked_head
from reportgen.sources.line import CircuitBreaker, Silence
from reportgen.sources.walk import unpacked
from reportgen.text import in_words, one_line

__all__ = ["Url", "UrlType"]

_CHUNK = 2**20
_CONNECT, _READ = 10.0, 30.0  # seconds
_TRY_AGAIN = {408, 429, 500, 502, 503, 504}
_MOST_FILES = 10_000
_KEPT = 4 * 2**30  # bytes of fetched files, from one build to the next
_MISSING = "correct `url`, or remove the run from the list"


@dataclass(frozen=True, slots=True)
class _State:
    """What a server says of a file: its size and what it calls the contents, None where it does not say."""

    size: int | None
    mark: str | None


class UrlType:
    """Addresses as a kind of source."""

    type = "url"

    @contextlib.contextmanager
    def open(self, access: Access) -> Iterator[Url]:
        if access.cache is not None:
            folder = access.cache / "urls"
        else:
            folder = Path(tempfile.mkdtemp(prefix="reportgen-urls-"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
        # Before the build, never after: what it fetches is read when this is closed.
        prune(folder, _KEPT)
        yield Url(access, folder)


class Url:
    """Finds runs at addresses; used by many threads at once.

    A file is fetched into a folder of ours, and again where the server calls its contents by another name
    than last time. Without a name from the server it is fetched every time.

    Args:
        access: What may be done.
        folder: Where files are kept.
    """

    def __init__(self, access: Access, folder: Path) -> None:
        self._access = access
        self._folder = folder
        self._lines: dict[str, Asking] = {}
        self._lock = threading.Lock()

    def find(self, source: UrlSource, name: str, files: Sequence[str] = (), *, found: bool = False) -> Found:
        """The files of the run ``name``.

        Raises:
            Unusable: see ``Problem``.
        """
        address = _address(source, name, found=found)
        if not _is_folder(address):
            file, revision, checked = self._file(address, PurePosixPath(unquote(urlsplit(address).path)).name)
            record = SourceRecord("url", None, None, revision, address, file.sha256)
            return Found((file,), record, checked)
        base = address.removesuffix("*")
        names = list(files) or self._names(base)
        kept: dict[str, tuple[FoundFile, str | None, bool]] = {}

        def part(one: str) -> tuple[FoundFile, str | None, bool]:
            if one not in kept:
                parts = "/".join(relative_parts(one, found=True))
                kept[one] = self._file(base + _quoted(base, parts), one)
            return kept[one]

        taken = files or self._access.fits(source, names, lambda one: unpacked_head(part(one)[0].path, one))
        if not taken:
            raise Unusable("missing", f"{one_line(address)}: there is no file in a known format; {_MISSING}")
        whole = [part(one) for one in sorted(taken)]
        every = tuple(one[0] for one in whole)
        record = SourceRecord("url", None, None, None, address, digest_of(every), tuple(sorted(taken)))
        return Found(every, record, all(one[2] for one in whole))

    def discover(self, source: UrlSource, pattern: Pattern, limit: int) -> Listing:
        """The names of the runs that the pattern fits, where the server lists its folders."""
        template = Template(source.url)
        if template.is_store:
            return listed_in_store(self._access, source, self.find(source, "").files, pattern, limit)
        base = source.url[: source.url.index("{")].rpartition("/")[0] + "/"
        rest = Template(source.url[len(base) :].removesuffix("*").removesuffix("/"))
        is_folder = _is_folder(source.url)
        names: dict[str, None] = {}
        passed: set[str] = set()
        for place, files in _candidates(self._names(base), folders=is_folder):
            name = rest.name_at(place)
            if name is None or name in names or not pattern.fits(name) or unsafe_found(name) is not None:
                continue
            parts = name.split("/")
            if any(map(is_environment, parts)) or any(map(is_checkpoint, parts)):
                continue
            if is_folder and not any(map(self._access.likely, files)):
                passed.add(name)
            else:
                names[name] = None
        problem = f"there are over {limit:,} runs" if len(names) > limit else ""
        return Listing(tuple(names)[:limit], len(passed), problem, "too_large")

    # One file.

    def _file(self, address: str, name: str) -> tuple[FoundFile, str | None, bool]:
        """A file, what the server calls it, and whether it was asked."""
        path = self._folder / hashlib.sha256(address.encode()).hexdigest()
        cached = self._cached(path, name)
        shown = one_line(address)
        if self._access.offline:
            if cached is None:
                raise Unusable("network", f"{shown} was not fetched before; build once without --offline")
            return cached[0], cached[1].mark, False
        try:
            return self._asking(address).persist(shown, lambda: self._fresh(address, name, path, cached))
        except Unanswered as unanswered:
            if cached is not None:
                return cached[0], cached[1].mark, False
            raise _no_answer(shown, unanswered) from None

    def _fresh(
        self, address: str, name: str, path: Path, cached: tuple[FoundFile, _State] | None
    ) -> tuple[FoundFile, str | None, bool]:
        with _understood(address):
            system, place = _opened(address)
            state = _state_of(system.info(place))
            limit = self._access.max_file_size
            if state.size is not None and state.size > limit:
                raise Unusable(
                    "too_large", too_large(one_line(address), state.size, self._access.max_file_size)
                )
            if cached is not None and state.mark is not None and state == cached[1]:
                return cached[0], state.mark, True
            self._fetch(system, place, address, path, state)
        file = self._cached(path, name)
        if file is None:
            raise Again("the fetched file changed immediately")
        return file[0], state.mark, True

    def _fetch(self, system: Any, place: str, address: str, path: Path, state: _State) -> None:
        """Fetches a file; it takes its place when it is whole, and what it is stands beside it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=path.parent)
        try:
            received = 0
            digest = hashlib.sha256()
            # A stream: what has no length, or lies about it, is cut at the limit.
            stream_only = {"block_size": 0} if urlsplit(address).scheme in ("http", "https") else {}
            with os.fdopen(handle, "wb") as file, system.open(place, "rb", **stream_only) as stream:
                while chunk := stream.read(_CHUNK):
                    received += len(chunk)
                    if received > self._access.max_file_size:
                        limit = self._access.max_file_size
                        raise Unusable("too_large", too_large(one_line(address), limit + 1, limit))
                    digest.update(chunk)
                    file.write(chunk)
            if state.size not in (None, received):
                raise Again("it sent fewer or more bytes than announced")
            if is_web_page(read_head(Path(partial), address, 2**12), urlsplit(address).path):
                raise Again("it sent a web page instead of the file")
            known = {"size": state.size, "mark": state.mark, "sha256": digest.hexdigest()}
            beside = path.with_suffix(".json")
            beside.unlink(missing_ok=True)
            Path(partial).replace(path)
            beside.write_text(json.dumps(known), encoding="utf-8")
        finally:
            Path(partial).unlink(missing_ok=True)

    def _cached(self, path: Path, name: str) -> tuple[FoundFile, _State] | None:
        """The file that was fetched last; None where there is none, or it is damaged."""
        try:
            known = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            digests = hash_file(path, name, self._access.max_file_size)
            if digests.sha256 != known["sha256"]:
                return None
            state = _State(known["size"], known["mark"])
        except (OSError, ValueError, LookupError, TypeError, Unusable):
            return None
        mark_used(path)
        return FoundFile(name, path, digests.size, digests.sha256), state

    def _names(self, base: str) -> list[str]:
        """The files beneath a folder, relative to it."""
        shown = one_line(base)
        if self._access.offline:
            raise Unusable("network", f"{shown}: this build is offline, and addresses cannot be listed")

        def request() -> list[str]:
            with _understood(base):
                system, place = _opened(base)
                start = str(system._strip_protocol(place)).rstrip("/") + "/"  # noqa: SLF001 - fsspec's own way
                found = (str(one) for one in system.find(place.rstrip("/") + "/", maxdepth=6))
                return [unquote(one[len(start) :]) for one in found if one.startswith(start)][:_MOST_FILES]

        try:
            return self._asking(base).persist(shown, request)
        except Unanswered as unanswered:
            raise _no_answer(shown, unanswered) from None

    def _asking(self, address: str) -> Asking:
        """The line to the address's host."""
        host = urlsplit(address).netloc or urlsplit(address).scheme
        with self._lock:
            if host not in self._lines:
                access = self._access
                line = CircuitBreaker(access.patience, access.say, access.stop, one_line(host))
                self._lines[host] = Asking(line, access.patience, access.say)
            return self._lines[host]


def _address(source: UrlSource, name: str, *, found: bool) -> str:
    parts = urlsplit(source.url)
    if parts.password or ("@" in parts.netloc and ":" in parts.netloc.rpartition("@")[0]):
        raise Unusable("refused", "`url` holds a password; leave it to the environment, as in ~/.netrc")
    if source.is_per_run:
        relative_parts(name, found=found)
    return Template(source.url).place(_quoted(source.url, name))


def _quoted(address: str, name: str) -> str:
    """A name as the address needs it."""
    return quote(name) if urlsplit(address).scheme in ("http", "https") else name


def _is_folder(address: str) -> bool:
    return address.endswith(("/", "/*"))


def _candidates(names: Iterable[str], *, folders: bool) -> Iterator[tuple[str, list[str]]]:
    """Files, or folders with the files in them."""
    if not folders:
        yield from ((unpacked(name), [name]) for name in names)
        return
    inside: dict[str, list[str]] = {}
    for name in names:
        parts = name.split("/")
        for end in range(1, len(parts)):
            inside.setdefault("/".join(parts[:end]), []).append("/".join(parts[end:]))
    yield from inside.items()


def _opened(address: str) -> tuple[Any, str]:
    """The file system of an address, and the place in it."""
    try:
        import fsspec
    except ImportError:
        raise CannotAsk("addresses are read with fsspec; pip install 'reportgen-runs[url]'") from None
    options: dict[str, Any] = {}
    if urlsplit(address).scheme in ("http", "https"):
        import aiohttp

        times = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=_READ)
        # Proxies and passwords are the environment's.
        options = {"client_kwargs": {"trust_env": True, "timeout": times}}
    try:
        system, place = fsspec.core.url_to_fs(address, **options)
    except ValueError:
        raise Unusable(
            "network", f"{one_line(address)} is of a kind that fsspec does not know; {_MISSING}"
        ) from None
    return system, str(place)


def _state_of(info: dict[str, Any]) -> _State:
    size = info.get("size")
    for kind, keys in (("etag", ("ETag", "etag", "e_tag")), ("version", ("VersionId", "generation"))):
        for key in keys:
            mark = re.sub(r"[^!-~]", "", str(info.get(key) or "")).strip('"')
            if mark:
                return _State(size if isinstance(size, int) else None, f"{kind}:{mark[:250]}")
    return _State(size if isinstance(size, int) else None, None)


@contextlib.contextmanager
def _understood(address: str) -> Iterator[None]:
    """Raises what an error of fsspec, or of what it uses, means."""
    try:
        yield
    except (Unusable, Again, Silence, CannotAsk):
        raise
    except Exception as error:  # noqa: BLE001 - whatever is raised costs at most this run
        raise _meaning(error, address) from None


def _meaning(error: BaseException, address: str) -> Exception:
    """What an error means; no text of its own, which may hold secrets."""
    shown = one_line(address)
    if isinstance(error, FileNotFoundError):
        # By http this is what fsspec makes of every error of a request.
        if error.__cause__ is not None and (met := _of_http(error.__cause__, shown)) is not None:
            return met
        return Unusable("missing", f"{shown} does not exist; {_MISSING}")
    if isinstance(error, PermissionError):
        return _refused(shown)
    if isinstance(error, ImportError):
        package = error.name or "a package that is not installed"
        return CannotAsk(f"{urlsplit(address).scheme} needs {package}; pip install it")
    if (met := _of_http(error, shown)) is not None:
        return met
    fix = "check the address, and the environment's proxies and passwords"
    return Unusable("network", f"{shown} cannot be read ({in_words(error)}); {fix}")


def _of_http(error: BaseException, shown: str) -> Exception | None:
    """What an error of a request means; None where it is none."""
    status = getattr(error, "status", None)
    if status == 404:
        return Unusable("missing", f"{shown} does not exist; {_MISSING}")
    if status in (401, 403, 407):
        return _refused(shown)
    if status in _TRY_AGAIN:
        return Again(f"the server answers {status}", _wait(getattr(error, "headers", None)))
    if isinstance(status, int) and status >= 400:
        return Unusable("refused", f"{shown} is refused ({status}); {_MISSING}")
    if isinstance(error, TimeoutError):
        return Silence("no answer in time")
    name = type(error).__name__
    if "Disconnected" in name or "Payload" in name:
        return Silence("the connection was lost")
    if isinstance(error, ConnectionError) or "Connect" in name:
        return Silence(f"no connection: {_reason(error)}")
    return None


def _reason(error: BaseException) -> str:
    """Why there is no connection, in the system's words."""
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    return getattr(error, "strerror", None) or in_words(error)


def _refused(shown: str) -> Unusable:
    return Unusable(
        "refused", f"access to {shown} is denied; put a password for it in the environment, as in ~/.netrc"
    )


def _wait(headers: Any) -> float | None:
    """Seconds that a server asks to wait."""
    after = str((headers or {}).get("Retry-After", "")).strip()
    return float(after) + 1.0 if after.isdecimal() and len(after) < 10 else None


def _no_answer(shown: str, unanswered: Unanswered) -> Unusable:
    if unanswered.whole:
        return Unusable("network", f"{shown}: {unanswered}")
    return Unusable("network", f"{shown} cannot be read ({unanswered}); build again later")
