"""Places on the Hub, and whether bytes are those that a server promised: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from huggingface_hub import HfFileMetadata
from huggingface_hub import errors as hub_errors
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # exported when asked for

from reportgen.model_list import HubSource
from reportgen.sources.files import Digests, Unusable, relative_parts
from reportgen.sources.hub_cache import Copy
from reportgen.text import one_line

__all__ = ["COMMIT", "Place", "folder_of", "is_same", "may_be", "place_of"]

COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Place:
    """A file on the Hub, or a folder of files, at a branch, tag or commit.

    Attributes:
        repo: ``owner/name``; an owner alone where its repositories are meant.
        file: Empty where all repositories of an owner are meant.
        repo_type: ``model``, ``dataset`` or ``space``.
        requested: The list's revision; another than ``revision`` where a report is built again.
    """

    repo: str
    file: str
    revision: str
    requested: str
    repo_type: str = "model"

    def __str__(self) -> str:
        if not self.file:
            return one_line(f"the repositories of {self.repo}")
        return one_line(f"{self.repo}/{self.file} at {self.revision}")

    @property
    def is_pinned(self) -> bool:
        """Whether it can never change."""
        return COMMIT.fullmatch(self.revision) is not None


def place_of(source: HubSource, name: str, *, found: bool) -> Place:
    """Where a run is.

    Raises:
        Unusable: ``refused``: its name leads elsewhere, or is none that the Hub has.
    """
    place = Place(
        source.repo.replace("{name}", name),
        source.file.replace("{name}", name),
        source.commit or source.revision,
        source.revision,
        source.repo_type,
    )
    folder = folder_of(place.file)
    for part in (place.repo, place.revision, *((place.file,) if folder is None else (folder,))):
        if part != ".":
            relative_parts(part, found=found)
    try:
        validate_repo_id(place.repo)
    except hub_errors.HFValidationError:
        raise Unusable(
            "refused",
            f"{one_line(place.repo)} cannot be a repository on the Hub; correct the run's name or `repo`",
        ) from None
    return place


def folder_of(file: str) -> str | None:
    """The folder that ``file`` stands for: ``.`` is the whole repository; None where it is a file."""
    return "." if file in (".", "*") else file.removesuffix("/*") if file.endswith("/*") else None


def is_same(cached: Copy, head: HfFileMetadata) -> bool:
    """Whether the Hub still has the bytes of a copy in the cache."""
    if head.size not in (None, cached.digests.size):
        return False
    etag = str(head.etag)
    # A name that proves nothing tells at least that it is the same as last time.
    return etag in cached.digests.names or (etag == cached.etag and may_be(cached.digests, etag))


def may_be(digests: Digests, etag: str) -> bool:
    """Whether bytes may be those that a server calls so: proven by a digest, or not told at all.

    What has the form of a digest and is none of these bytes is the name of others, or a mirror's own.
    """
    return etag in digests.names or not _DIGEST.fullmatch(etag)
