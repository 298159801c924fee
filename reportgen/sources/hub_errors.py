"""What the errors of the Hub's client mean: for one run, for all, or nothing but to ask again."""

from __future__ import annotations

import email.utils
import re
import time
from typing import Protocol

import httpx2
from huggingface_hub import errors as hub_errors
from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]  # exported when asked for

from reportgen.sources.asking import Again, CannotAsk
from reportgen.sources.files import Unusable
from reportgen.sources.line import Silence
from reportgen.text import in_words, one_line

__all__ = ["detail", "meaning"]

_TRY_AGAIN = {408, 429, 500, 502, 503, 504}


class Asked(Protocol):
    """What was asked for."""

    @property
    def repo(self) -> str: ...

    @property
    def revision(self) -> str: ...


def meaning(
    error: BaseException, place: Asked, own: Exception, proxy: str | None = None
) -> Unusable | Again | Silence | Exception:
    """What an error of the client means: ``Unusable``, ``Again`` or ``Silence``, else ``own``.

    Args:
        error: Any.
        place: What was asked for.
        own: Stands for trouble on this machine, which depends on what the client was doing.
        proxy: What a person calls the proxy on the way, None where there is none.
    """
    if isinstance(error, hub_errors.LocalEntryNotFoundError) and error.__cause__ is not None:
        return meaning(error.__cause__, place, own, proxy)
    if isinstance(error, hub_errors.HfHubHTTPError):
        if error.response.status_code == 407:
            return _proxy_refuses(proxy)
        return _refusal(error, place)
    if isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol):
        return Unusable("network", f"{place}: HF_ENDPOINT is not the address of a Hub; correct it")
    if isinstance(error, httpx2.ProxyError):
        if "407" in str(error):
            return _proxy_refuses(proxy)
        return Silence(f"the proxy of {proxy} fails: {one_line(str(error))}")
    if isinstance(error, httpx2.RequestError):
        return Silence(_how(error, proxy))
    if isinstance(error, hub_errors.FileMetadataError):
        return Again("its answer is incomplete")
    return _of_no_request(error, own)


def _of_no_request(error: BaseException, own: Exception) -> Exception:
    """The meaning of an error that is none of the connection."""
    if isinstance(error, UnicodeError) or (isinstance(error, OSError) and error.errno is not None):
        return own
    if isinstance(error, RuntimeError):
        return Again("its store of large files failed")
    if isinstance(error, OSError):
        return Again("the Hub sent fewer bytes than announced")
    if isinstance(error, ValueError | OverflowError | LookupError | TypeError | AttributeError):
        return Again("its answer is not valid")
    return own


def _proxy_refuses(proxy: str | None) -> CannotAsk:
    return CannotAsk(
        f"the proxy of {proxy or 'this machine'} asks for a password (407); "
        "write it into its address, http://NAME:PASSWORD@HOST:PORT"
    )


def detail(error: BaseException) -> str:
    """The system's own words for it; not the whole message, which names files."""
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or in_words(error)


def _refusal(error: hub_errors.HfHubHTTPError, place: Asked) -> Exception:
    repo = one_line(place.repo)
    status = error.response.status_code
    if isinstance(error, hub_errors.GatedRepoError):
        return Unusable("refused", f"{repo} is gated; ask for access on its page and set HF_TOKEN")
    if isinstance(error, hub_errors.RepositoryNotFoundError):
        return Unusable(
            "missing", f"the Hub has no repository {repo}, or hides it; correct the name, or set HF_TOKEN"
        )
    if isinstance(error, hub_errors.DisabledRepoError):
        return Unusable("refused", f"the Hub has disabled {repo}; remove the run from the list")
    if isinstance(error, hub_errors.RevisionNotFoundError):
        return Unusable("missing", f"{repo} has no revision {one_line(place.revision)}; correct `revision`")
    if isinstance(error, hub_errors.RemoteEntryNotFoundError) or status == 404:
        return Unusable("missing", f"{place} does not exist; correct `file`, or remove the run from the list")
    if status in _TRY_AGAIN:
        return Again(f"the Hub answers {status}", _asked_wait(error.response.headers, status))
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


def _how(error: httpx2.RequestError, proxy: str | None) -> str:
    """A sentence's half about a connection that failed; no address, which may hold a secret."""
    if isinstance(error, httpx2.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx2.TooManyRedirects):
        return "too many redirects"
    if isinstance(error, httpx2.ConnectError):
        way = f" through the proxy of {proxy}" if proxy else ""
        return f"no connection{way}: " + re.sub(r"^\[Errno -?\d+\] ", "", str(error))
    return "the connection was lost"
