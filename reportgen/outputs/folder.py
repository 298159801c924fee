"""The output folder: what a build writes there appears whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from reportgen.errors import ReportgenError

__all__ = ["MANIFEST", "Content", "amend", "check", "is_current", "publish", "read_manifest"]

MANIFEST = "manifest.json"
Content = bytes | Callable[[], bytes]
"""Of a file, or what makes it once it is written: of ten thousand curves one is in memory at a time."""

_STAGING = ".reportgen-new"
_LOCK = ".reportgen.lock"
# A reader who opens the folder while it is written meets the new page last, beside its new parts.
_LAST = ("report.html", MANIFEST)
_LOCK_SECONDS = 120


def check(out: Path, names: Iterable[str]) -> None:
    """Refuses an output folder that a build could not or should not write to, before anything slow.

    Args:
        out: The output folder.
        names: Files that the build will write, as far as they are known.

    Raises:
        ReportgenError: ``out`` is a file (exit code 2), or holds a file of one of ``names`` that is not
            of a build, or a link in place of a folder.
    """
    try:
        if out.exists() and not out.is_dir():
            raise ReportgenError(f"-o {out}: is a file; name a folder", exit_code=2)
        _refuse_links(out, names)
        _refuse_to_overwrite(out, names)
    except OSError as error:
        raise ReportgenError(_shown(error, out)) from error


def read_manifest(out: Path) -> dict[str, Any] | None:
    """The manifest of the build that wrote ``out``; None where there is none that can be read."""
    try:
        if not (out / MANIFEST).is_file():
            return None  # A pipe of that name would be waited for.
        manifest = orjson.loads((out / MANIFEST).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        return None
    return manifest


def is_current(out: Path, manifest: Mapping[str, Any], inputs: str) -> bool:
    """Whether ``out`` holds, untouched, what a build from ``inputs`` would write.

    Args:
        out: The output folder.
        manifest: Of ``read_manifest``.
        inputs: Digest of inputs, options and versions.
    """
    if manifest.get("inputs_digest") != inputs:
        return False
    for name, digest in manifest["files"].items():
        target = _inside(out, name)
        try:
            if (
                target is None
                or not target.is_file()
                or hashlib.sha256(target.read_bytes()).hexdigest() != digest
            ):
                return False
        except OSError:
            return False
    return True


def publish(
    out: Path,
    files: Mapping[str, Content],
    manifest: Mapping[str, Any],
    *,
    stays: Callable[[str], bool] = lambda _: False,
) -> None:
    """Writes ``files`` and the manifest into ``out``, then removes what earlier builds left over.

    Where no build has written before, no file is written over.

    Every file is first written whole under ``.reportgen-new`` and then renamed, so a build that
    dies leaves either the old file or the new one. ``report.html`` and the manifest come last.

    Args:
        out: Made if it does not exist.
        files: Path relative to ``out``, with ``/``, to content.
        manifest: What else the manifest says; ``files`` is added, and ``stale``: files of earlier builds
            that stay, each with the time of the report that it belongs to.
        stays: Whether a file of an earlier build that this one did not make stays.

    Raises:
        ReportgenError: The folder cannot be written, or holds a file that is not of a build; the old
            report is whole.
        KeyboardInterrupt: Ctrl-C; where it comes during the renames, the new report is whole.
    """
    content = [*files, MANIFEST]
    staging = out / _STAGING
    left = "what was there before is untouched"
    try:
        out.mkdir(parents=True, exist_ok=True)
        _refuse_to_overwrite(out, content)
        _refuse_links(out, content)
        _refuse_obstacles(out, content)
        with _locked(out):
            old = _made_before(read_manifest(out))
            stale = {name: when for name, when in old.items() if name not in content and stays(name)}
            if staging.exists():
                shutil.rmtree(staging)
            try:
                digests: dict[str, str] = {}
                for name, made in files.items():
                    data = made() if callable(made) else made
                    digests[name] = hashlib.sha256(data).hexdigest()
                    _write(staging / PurePosixPath(name), data, durable="/" not in name)
                _write(staging / MANIFEST, _manifest(digests, manifest, stale), durable=True)
            except BaseException:
                shutil.rmtree(staging, ignore_errors=True)
                raise
            with _uninterrupted():
                for place in _folders(content):
                    (out / place).mkdir(exist_ok=True)
                # Where this ends half-way, what is left of the staging folder tells the next build that the
                # other half is a build's.
                left = "part of the new report is there already; fix this and build again"
                for name in sorted(
                    content, key=lambda name: (name in _LAST, _LAST.index(name) if name in _LAST else 0)
                ):
                    (staging / PurePosixPath(name)).replace(out / PurePosixPath(name))
                shutil.rmtree(staging, ignore_errors=True)
                _remove_stale(out, set(old) - set(content) - set(stale))
    except OSError as error:
        raise ReportgenError(f"{_shown(error, out)}; {left}") from error


def amend(out: Path, name: str, data: bytes) -> None:
    """Exchanges a file of a report that nobody reads yet, and its digest in the manifest."""
    manifest = read_manifest(out)
    assert manifest is not None
    manifest["files"][name] = hashlib.sha256(data).hexdigest()
    _write(out / name, data, durable=False)
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    _write(out / MANIFEST, orjson.dumps(manifest, option=options), durable=True)


def _manifest(digests: Mapping[str, str], manifest: Mapping[str, Any], stale: Mapping[str, str]) -> bytes:
    document = {**manifest, "files": dict(sorted(digests.items())), "stale": dict(sorted(stale.items()))}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _made_before(manifest: Mapping[str, Any] | None) -> dict[str, str]:
    """Files of earlier builds, each with the time of its report; a manifest may be anybody's."""
    if manifest is None:
        return {}
    stale = manifest.get("stale")
    known = {name: str(when) for name, when in stale.items()} if isinstance(stale, dict) else {}
    return known | dict.fromkeys(manifest["files"], str(manifest.get("created")))


def _refuse_to_overwrite(out: Path, names: Iterable[str]) -> None:
    """A folder is a build's where there is a manifest, or a lock or staging folder as builds leave them."""
    # The files first: one that another build has just written stands beside its lock or manifest.
    found = next((name for name in names if os.path.lexists(out / name)), None)
    if found is None or read_manifest(out) is not None:
        return
    if not (out / _LOCK).exists() and not (out / _STAGING).exists():
        raise ReportgenError(f"{out / found}: exists, and no build wrote it; move it, or choose another -o")


def _folders(names: Iterable[str]) -> list[PurePosixPath]:
    """Every folder below OUT that a build writes into, each before those inside it."""
    return sorted(
        {PurePosixPath(_STAGING), *(up for name in names for up in PurePosixPath(name).parents[:-1])}
    )


def _refuse_links(out: Path, names: Iterable[str]) -> None:
    """Through these a build would write elsewhere. OUT may be a link, and a link of a file is replaced."""
    for place in (PurePosixPath(_LOCK), *_folders(names)):
        if (out / place).is_symlink():
            raise ReportgenError(
                f"{out / place}: is a link, and a build writes nowhere but in its own folder; "
                "remove the link, or choose another -o"
            )


def _refuse_obstacles(out: Path, names: Iterable[str]) -> None:
    """What would stop a build half-way through its renames is found before the first."""
    for folder in (out, *(out / place for place in _folders(names))):
        if not folder.exists():
            continue
        if not folder.is_dir():
            raise ReportgenError(f"{folder}: is a file, and the report needs a folder there; move it")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ReportgenError(f"{folder}: not allowed to write here; choose another -o")
    for name in names:
        if (out / name).is_dir() and not (out / name).is_symlink():
            raise ReportgenError(f"{out / name}: is a folder, and the report needs a file there; move it")


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """A signal that ends a build waits until this is over, which takes a moment."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python handles no signal here.
        return
    came: list[int] = []
    ending = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    old = {number: signal.signal(number, lambda number, _: came.append(number)) for number in ending}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


@contextlib.contextmanager
def _locked(out: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        with FileLock(out / _LOCK, timeout=_LOCK_SECONDS):
            yield
    except Timeout:
        raise ReportgenError(
            f"{out}: another build has been writing here for {_LOCK_SECONDS} s; "
            "wait for it, or choose another -o"
        ) from None


def _write(path: Path, data: bytes, *, durable: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        if durable:
            # Without it a crash of the machine could leave a renamed file without its content. The
            # many small files go without: the manifest's digests tell the next build to fix them.
            file.flush()
            os.fsync(file.fileno())


def _remove_stale(out: Path, names: set[str]) -> None:
    """Where a file cannot be removed it stays: the report is whole without that."""
    for name in names:
        with contextlib.suppress(OSError):
            target = _inside(out, name)
            if target is None or not target.is_file():
                continue
            target.unlink(missing_ok=True)
            for folder in target.relative_to(out).parents:
                if folder != Path():
                    (out / folder).rmdir()  # Only an empty one goes.


def _inside(out: Path, name: object) -> Path | None:
    """``name`` as a path that stays in ``out``; a manifest may be anybody's."""
    if not isinstance(name, str) or "\\" in name or "\0" in name:
        return None
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or not relative.parts or ":" in relative.parts[0]:
        return None
    target = out / relative
    try:
        # A folder that was swapped for a link would lead the removal out of OUT.
        return target if target.parent.resolve().is_relative_to(out.resolve()) else None
    except (OSError, RuntimeError):  # A link to itself is a RuntimeError before Python 3.13.
        return None


def _shown(error: OSError, out: Path) -> str:
    # Of a rename the target: what stands in the way is there.
    named = error.filename2 or error.filename
    file = named if isinstance(named, str) else str(out)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{out}: no space left to write the report; free some, or choose another -o"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{file}: not allowed to write here ({error.strerror}); choose another -o"
    if error.errno in (errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY):
        return f"{file}: a file and a folder stand in each other's way ({error.strerror}); move one of them"
    return f"{file}: cannot be written ({error.strerror})"
