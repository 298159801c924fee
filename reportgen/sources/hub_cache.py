"""The cache of the Hub's client, as it lies on the disk: all that we know of its layout is here.

::

    models--owner--name/
        refs/main                        the commit of a branch or tag
        snapshots/<commit>/<file>        a link to blobs/<etag>; a file of its own where there are no links
        blobs/<etag>                     the bytes, or a link on to a store that repositories share
    .locks/models--owner--name/<etag>.lock
"""

from __future__ import annotations

import contextlib
import glob
import os
import time
from dataclasses import dataclass
from pathlib import Path

import filelock
from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name

from reportgen.sources.files import Digests, hash_file

__all__ = ["Copy", "HubCache"]


@dataclass(frozen=True, slots=True)
class Copy:
    """A file in the cache.

    Attributes:
        path: In the snapshot of a commit.
        etag: What the server called the bytes; None where the cache does not tell.
    """

    path: Path
    commit: str
    digests: Digests
    etag: str | None


class HubCache:
    """One repository in the cache.

    Args:
        repo: Owner and name.
        repo_type: ``model``, ``dataset`` or ``space``.
    """

    def __init__(self, repo: str, repo_type: str = "model") -> None:
        folder = repo_folder_name(repo_id=repo, repo_type=repo_type)
        self._root = Path(constants.HF_HUB_CACHE) / folder
        self._locks = Path(constants.HF_HUB_CACHE) / ".locks" / folder

    def commit_of(self, revision: str) -> str:
        """The commit that a branch or tag had last time; the revision itself where none is known.

        Raises:
            OSError, ValueError: The cache cannot be read.
        """
        ref = self._root / "refs" / revision
        return ref.read_text().strip() if ref.is_file() else revision

    def copy(self, file: str, commit: str, name: str, limit: int) -> Copy | None:
        """The copy of a file at a commit; None where there is none.

        Raises:
            Unusable: It cannot be read.
        """
        path = self._root / "snapshots" / commit / file
        return self.copy_at(path, file, name, limit) if path.is_file() else None

    def copy_at(self, path: Path, file: str, name: str, limit: int) -> Copy:
        """The copy that the client says it put at ``path``.

        Raises:
            Unusable: It cannot be read.
        """
        digests = hash_file(path, name, limit, others=True)
        etag = path.readlink().name if path.is_symlink() else None
        return Copy(path, path.parts[-1 - len(file.split("/"))], digests, etag)

    def blob(self, etag: str, file: str, name: str, limit: int) -> Copy | None:
        """The bytes that the server calls ``etag``, whatever file they were; None where there are none."""
        path = self._root / "blobs" / etag
        if not path.is_file():
            return None
        for pointer in (self._root / "snapshots").glob(f"*/{glob.escape(file)}"):
            if pointer.is_symlink() and pointer.readlink().name == etag:
                return self.copy_at(pointer, file, name, limit)
        return None

    def move(self, revision: str, commit: str) -> None:
        """Lets a branch or tag be at a commit, all of whose files that were wanted are in the cache now."""
        ref = self._root / "refs" / revision
        with contextlib.suppress(OSError):
            ref.parent.mkdir(parents=True, exist_ok=True)
            ref.write_text(commit)

    def files(self, commit: str) -> list[str]:
        """Names of the files that the cache has at a commit."""
        root = self._root / "snapshots" / commit
        with contextlib.suppress(OSError):
            return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
        return []

    def note(self, copy: Copy, file: str, commit: str) -> None:
        """Lets the client know a file at another commit too: nobody has to ask for it there.

        The branch stays where it is. It moves for all files of a repository at once, and those that this
        build did not ask for would be lost to whoever is offline.
        """
        pointer = self._root / "snapshots" / commit / file
        # Where it is there already, or the cache cannot be written, nothing is lost but a request later.
        with contextlib.suppress(OSError):
            pointer.parent.mkdir(parents=True, exist_ok=True)
            if copy.path.is_symlink():
                pointer.symlink_to(copy.path.readlink())
            else:
                pointer.hardlink_to(copy.path)

    def discard(self, path: Path) -> None:
        """Takes a file out of the cache, and all that its link leads to: the bytes lie at the end."""
        for _ in range(8):  # a ring of links is none of ours, and ends
            following = None
            with contextlib.suppress(OSError):
                following = path.parent / path.readlink()
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            if following is None:
                return
            path = following

    @staticmethod
    def trouble() -> str | None:
        """Why the cache can hold nothing, and how to fix it; None where it can."""
        variable = next((name for name in ("HF_HUB_CACHE", "HF_HOME") if os.environ.get(name)), None)
        said = f"the folder that {variable} names" if variable else "its usual folder"
        fix = f"correct {variable}" if variable else "set HF_HOME to a folder of yours"
        folder = Path(constants.HF_HUB_CACHE)
        for there in (folder, *folder.parents):
            if not os.path.lexists(there):
                continue
            if not there.is_dir():
                return f"the Hub's cache cannot be in {said}: {there.name} is not a folder; {fix}"
            if not os.access(there, os.R_OK | os.X_OK if there == folder else os.W_OK | os.X_OK):
                return f"the Hub's cache cannot be in {said}: {there.name or '/'} cannot be entered; {fix}"
            return None
        return None

    def lock_held(self, etag: str) -> tuple[Path, float] | None:
        """The lock that somebody holds on these bytes, and its age in seconds; None where nobody does."""
        lock = self._locks / f"{etag}.lock"
        if not lock.is_file():
            return None
        try:
            with filelock.FileLock(lock, timeout=0):
                return None
        except filelock.Timeout:
            pass
        except NotImplementedError:
            pass  # no locks on this file system: the client takes the file itself for one
        except OSError:
            return None
        with contextlib.suppress(OSError):
            return lock, max(0.0, time.time() - lock.stat().st_mtime)
        return None

    @staticmethod
    def repositories(repo_type: str = "model") -> list[str]:
        """The repositories that the cache knows."""
        start = f"{repo_type}s--"
        with contextlib.suppress(OSError):
            names = (path.name for path in Path(constants.HF_HUB_CACHE).iterdir() if path.is_dir())
            return sorted(
                name.removeprefix(start).replace("--", "/", 1) for name in names if name.startswith(start)
            )
        return []
