"""The Hub by pattern: repositories of an owner, files and folders inside one, runs inside a store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from reportgen.model_list import HubSource, unsafe_found
from reportgen.patterns import NAME, Pattern, Template
from reportgen.sources import Access, Found, Listing
from reportgen.sources.directory import listed_in_store
from reportgen.sources.files import Unusable
from reportgen.sources.folders import is_checkpoint, is_environment
from reportgen.sources.hub_cache import HubCache
from reportgen.sources.hub_client import Repository, Tree
from reportgen.sources.hub_place import Place
from reportgen.sources.walk import unpacked

__all__ = ["listed"]

_OFFLINE = "this build is offline, so only the Hub's cache was searched"


class _Hub(Protocol):
    """What a listing needs of the Hub."""

    @property
    def is_offline(self) -> bool: ...

    def find(
        self, source: HubSource, name: str, files: Sequence[str] = (), *, found: bool = False
    ) -> Found: ...

    def tree(self, place: Place) -> Tree: ...

    def repositories(self, owner: Place, limit: int) -> Sequence[Repository]: ...


def listed(hub: _Hub, access: Access, source: HubSource, pattern: Pattern, limit: int) -> Listing:
    """The names of the runs of ``source`` that the pattern fits.

    Raises:
        Unusable: There is no listing, and why.
    """
    if NAME in source.repo:
        return _repositories(hub, access, source, pattern, limit)
    if NAME in source.file:
        return _files(hub, access, source, pattern, limit)
    return listed_in_store(access, source, hub.find(source, "").files, pattern, limit)


def _repositories(hub: _Hub, access: Access, source: HubSource, pattern: Pattern, limit: int) -> Listing:
    template, file = Template(source.repo), Template(source.file)
    whole = file.text in (".", "*")
    owner = source.repo.partition("/")[0]
    if NAME in owner:
        raise Unusable("refused", f"`repo` does not name an owner; write it, as in owner/x_{NAME}")
    place = Place(owner, "", "main", "main", source.repo_type)
    problem = ""
    try:
        if hub.is_offline:
            raise Unusable("network", _OFFLINE)
        known: Iterable[Repository] = hub.repositories(place, limit + 1)
    except Unusable as unusable:
        if unusable.kind != "network":
            raise
        problem = str(unusable)
        known = [Repository(name, ()) for name in HubCache.repositories(source.repo_type)]
    names: dict[str, None] = {}
    passed = seen = 0
    for repository in known:
        seen += 1
        name = template.name_at(repository.name)
        if name is None or not pattern.fits(name) or _left_out(name, pattern):
            continue
        # The listing tells the files of the main branch; those of another show when they are asked for.
        told = repository.files if source.revision == "main" else ()
        if told and not (any(map(access.likely, told)) if whole else _has(told, file.place(name))):
            passed += 1
        else:
            names[name] = None
    if not problem and seen > limit:
        return Listing(tuple(names)[:limit], passed, f"{owner} has over {limit:,} repositories", "too_large")
    return Listing(tuple(names), passed, problem, "network")


def _has(files: Sequence[str], file: str) -> bool:
    """Whether a repository has the file, or any where a folder of it is the run."""
    if file.endswith("/*"):
        return any(one.startswith(file[:-1]) for one in files)
    return any(one == file or unpacked(one) == file for one in files)


def _files(hub: _Hub, access: Access, source: HubSource, pattern: Pattern, limit: int) -> Listing:
    place = Place(
        source.repo, source.file, source.commit or source.revision, source.revision, source.repo_type
    )
    tree = hub.tree(place)
    is_folder = source.file.endswith("/*")
    template = Template(source.file.removesuffix("/*"))
    names: dict[str, None] = {}
    passed: set[str] = set()
    for candidate, files in _candidates(tree, folders=is_folder):
        name = template.name_at(candidate)
        if name is None or name in names or not pattern.fits(name) or _left_out(name, pattern):
            continue
        # Nothing is fetched to look into it: what a file's name does not tell shows when it is read.
        if is_folder and not any(map(access.likely, files)):
            passed.add(name)
        else:
            names[name] = None
    problem = "" if tree.checked else _OFFLINE if hub.is_offline else "the Hub gave no answer"
    if len(names) > limit:
        return Listing(tuple(names)[:limit], len(passed), f"there are over {limit:,} runs", "too_large")
    return Listing(tuple(names), len(passed), problem, "network")


def _candidates(tree: Tree, *, folders: bool) -> Iterable[tuple[str, list[str]]]:
    """Files, or folders with the names of the files in them."""
    if not folders:
        yield from ((unpacked(file), [file]) for file in tree.files)
        return
    inside: dict[str, list[str]] = {}
    for file in tree.files:
        parts = file.split("/")
        for end in range(1, len(parts)):
            inside.setdefault("/".join(parts[:end]), []).append("/".join(parts[end:]))
    yield from inside.items()


def _left_out(name: str, pattern: Pattern) -> bool:
    """Whether a name is none that a run has, unless the pattern's own words name it."""
    parts = name.split("/")
    return (
        unsafe_found(name) is not None
        or (
            not any(part.startswith(".") for part in pattern.text.split("/"))
            and any(map(is_environment, parts))
        )
        or ("checkpoint" not in pattern.text and any(map(is_checkpoint, parts)))
    )
