"""What is asked of the Hub's own client: heads, files, listings; and what its settings lack."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import huggingface_hub
from huggingface_hub import HfApi, HfFileMetadata, constants, hf_hub_url
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # exported when they are asked for
    build_hf_headers,
    get_session,
    hf_raise_for_status,
)
from huggingface_hub.utils import tqdm as hub_tqdm  # type: ignore[attr-defined]

from reportgen import __version__
from reportgen.sources.asking import CannotAsk
from reportgen.sources.files import Unusable
from reportgen.sources.hub_errors import detail, meaning
from reportgen.sources.hub_place import COMMIT, Place
from reportgen.text import one_line

__all__ = [
    "Entry",
    "Repository",
    "TooMuch",
    "Tree",
    "download",
    "head_of",
    "meter",
    "quiet_client",
    "repositories_of",
    "settings_trouble",
    "tree_of",
]

# A name in the client's cache: whatever a server sends, it leads nowhere else.
_ETAG = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+=-]{0,127}")
_CLIENT_WAITS = re.compile(r"Rate limited\. Waiting (\d+(?:\.\d+)?)s")
_SETTINGS = "check HF_TOKEN and the settings of proxies and certificates"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a repository; size in bytes and name of its contents, None where nobody told."""

    size: int | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a repository at a commit.

    Attributes:
        files: By name.
        checked: False where only the cache was looked at.
    """

    commit: str
    files: dict[str, Entry]
    checked: bool = True


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of a listing, with the names of its files on the main branch."""

    name: str
    files: tuple[str, ...]


class TooMuch(Exception):  # noqa: N818 - never leaves the sources
    """More bytes came than are allowed."""


def head_of(place: Place) -> HfFileMetadata:
    """What the Hub says of a file.

    Raises:
        Again, Silence, CannotAsk, Unusable: as ``meaning`` tells.
    """
    url = hf_hub_url(place.repo, place.file, repo_type=place.repo_type, revision=place.revision)
    with _understood(place):
        head = huggingface_hub.get_hf_file_metadata(
            url, library_name="reportgen", library_version=__version__
        )
    if not COMMIT.fullmatch(head.commit_hash or "") or not _ETAG.fullmatch(head.etag or ""):
        fix = "check HF_ENDPOINT and the proxy"
        raise Unusable("network", f"{place}: the answer is not the Hub's; {fix}")
    return head


def tree_of(place: Place) -> Tree:
    """The files of a repository, in one request.

    Raises:
        Again, Silence, CannotAsk, Unusable: as ``meaning`` tells.
    """
    with _understood(place):
        api = HfApi(library_name="reportgen", library_version=__version__)
        info = api.repo_info(
            place.repo,
            revision=place.revision,
            repo_type=place.repo_type,
            files_metadata=True,
            timeout=constants.HF_HUB_ETAG_TIMEOUT,
        )
        files = {}
        for one in getattr(info, "siblings", None) or ():
            etag = one.lfs.sha256 if one.lfs is not None else one.blob_id
            known = etag if etag is not None and _ETAG.fullmatch(etag) else None
            files[str(one.rfilename)] = Entry(one.size, known)
        commit = str(info.sha)
    if not COMMIT.fullmatch(commit):
        fix = "check HF_ENDPOINT and the proxy"
        raise Unusable("network", f"{place}: the answer is not the Hub's; {fix}")
    return Tree(commit, files)


def repositories_of(owner: str, place: Place, limit: int) -> list[Repository]:
    """The repositories of an owner, with the names of their files, in as few requests as the Hub allows.

    Raises:
        Again, Silence, CannotAsk, Unusable: as ``meaning`` tells.
    """
    found: list[Repository] = []
    query = urllib.parse.urlencode([("author", owner), ("expand", "siblings"), ("expand", "sha")])
    page: str | None = f"{constants.ENDPOINT}/api/{place.repo_type}s?{query}"
    # Page by page, not by the client's own way, which asks a Hub that is down for minutes.
    with _understood(place):
        while page and len(found) < limit:
            answer = get_session().get(page, headers=_headers(), timeout=constants.HF_HUB_ETAG_TIMEOUT)
            hf_raise_for_status(answer)
            found += [
                Repository(
                    str(one["id"]), tuple(str(file["rfilename"]) for file in one.get("siblings") or ())
                )
                for one in answer.json()
            ]
            following = answer.links.get("next", {}).get("url")
            # The token goes nowhere else.
            page = following if str(following).startswith(f"{constants.ENDPOINT}/") else None
    return found[:limit]


def download(place: Place, progress: type[Any]) -> Path:
    """Fetches a file into the client's cache.

    Raises:
        TooMuch: ``progress`` stopped it.
        Again, Silence, Unusable: as ``meaning`` tells.
    """
    # The branch, not the commit that the head told: only so does the cache learn what the branch is.
    try:
        pointer = huggingface_hub.hf_hub_download(
            place.repo,
            place.file,
            repo_type=place.repo_type,
            revision=place.revision,
            library_name="reportgen",
            library_version=__version__,
            tqdm_class=progress,
        )
    except TooMuch:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the client raises costs at most its run
        fix = "check the folder that HF_HOME names"
        own = Unusable(
            "unreadable", f"{place}: it cannot be written to the Hub's cache ({detail(error)}); {fix}"
        )
        raise meaning(error, place, own, proxy_in_use()) from None
    return Path(pointer)


def meter(on_bytes: Callable[[], None], limit: int) -> type[Any]:
    """A progress bar for the client that shows nothing, and stops a body that does not end."""

    class Meter(hub_tqdm):  # type: ignore[misc, unused-ignore]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})  # type: ignore[no-untyped-call]
            self.received = float(kwargs.get("initial") or 0)

        def update(self, n: float | None = 1) -> None:
            on_bytes()
            self.received += n or 0
            if self.received > limit:
                raise TooMuch

    return Meter


def settings_trouble() -> str | None:
    """What in this machine's settings keeps the client from asking at all, with its fix; None for nothing."""
    for scheme, address in urllib.request.getproxies().items():
        if scheme not in ("http", "https", "all"):
            continue
        name = _variable(scheme)
        kind = address.partition("://")[0].lower() if "://" in address else "http"
        if kind in ("socks5", "socks5h"):
            if find_spec("socksio") is None:
                return (
                    f"{name} names a SOCKS proxy, for which the package socksio is missing; "
                    "pip install socksio, or unset it"
                )
        elif kind not in ("http", "https"):
            return f'{name} names a proxy of an unknown kind, "{one_line(kind)}"; write http:// or socks5://'
        try:
            urllib.parse.urlsplit(address if "://" in address else f"http://{address}").port  # noqa: B018
        except ValueError:
            return f"{name} is not the address of a proxy; write http://HOST:PORT"
    certificates = os.environ.get("SSL_CERT_FILE")
    if certificates and not os.path.isfile(certificates):  # noqa: PTH113 - unlike pathlib's it never raises
        return "SSL_CERT_FILE names a file that is not there; correct it, or unset it"
    try:
        token = huggingface_hub.get_token() or ""
    except (OSError, ValueError) as error:
        return f"the token of the Hub cannot be read ({detail(error)}); check the folder that HF_HOME names"
    if not token.isascii() or not token.isprintable():
        return "the token of the Hub (HF_TOKEN) holds a character that no token has; copy it again"
    return None


def proxy_in_use() -> str | None:
    """What a person calls the proxy on the way to the Hub: its variable and host; None for none."""
    parts = urllib.parse.urlsplit(constants.ENDPOINT)
    proxies = urllib.request.getproxies()
    scheme = parts.scheme if parts.scheme in proxies else "all"
    address = proxies.get(scheme)
    if not address or urllib.request.proxy_bypass(parts.netloc):
        return None
    try:
        host = urllib.parse.urlsplit(address if "://" in address else f"http://{address}")
        shown = f"{host.hostname}:{host.port}" if host.port else str(host.hostname)
    except ValueError:
        return _variable(scheme)
    # Without its user and password.
    return f"{_variable(scheme)} ({one_line(shown)})"


def _variable(scheme: str) -> str:
    """The variable that names the proxy of a scheme."""
    names = (f"{scheme.upper()}_PROXY", f"{scheme}_proxy")
    return next((name for name in names if os.environ.get(name)), "the system's settings")


def _headers() -> dict[str, str]:
    return build_hf_headers(library_name="reportgen", library_version=__version__)


@contextlib.contextmanager
def _understood(place: Place) -> Iterator[None]:
    """Raises what an error of the client means."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever the client raises costs at most its run
        own = CannotAsk(f"the Hub's client fails ({detail(error)}); {_SETTINGS}")
        raise meaning(error, place, own, proxy_in_use()) from None


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
