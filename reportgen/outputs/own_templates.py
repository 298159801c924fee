"""The folder that ``--templates`` names, looked through before anything slow happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from reportgen import resources
from reportgen.errors import ReportgenError
from reportgen.model_list.mistakes import did_you_mean
from reportgen.notation import count
from reportgen.text import one_line

__all__ = ["check"]

_TEXT = (".j2", ".css", ".js")
_MOST = 5  # warnings: a wrong folder may hold any number of files


def check(own: Path) -> tuple[str, ...]:
    """Warns of files that no output will use.

    A file is used where a shipped one has its name, or where another file of the folder mentions it: a
    part that is included, say, or a font.

    Raises:
        ReportgenError: The folder is none, or one of its files cannot be read; exit code 2.
    """
    place = f"--templates {one_line(str(own))}"
    try:
        if not own.is_dir():
            wrong = "is a file" if own.exists() else "does not exist"
            raise ReportgenError(f"{place}: {wrong}; name a folder", exit_code=2)
        next(own.iterdir(), None)  # which complains where the next line would find nothing
        names = list(_names(own))
    except OSError as error:
        raise ReportgenError(
            f"{place}: cannot be read ({error.strerror}); check its permissions", exit_code=2
        ) from None
    shipped = set(_names(resources.folder("templates")))
    files = {name: _bytes(own, name, place) for name in names}
    held = {name: data for name, data in files.items() if not _is_note(name)}
    unused = [
        name
        for name in held
        if name not in shipped
        and not any(_last(name).encode() in data for other, data in held.items() if other != name)
    ]
    lines = [
        f"{place}: {one_line(name)} is not used, since no shipped file has this name{_nearest(name, shipped)}"
        for name in unused[:_MOST]
    ]
    if rest := unused[_MOST:]:
        lines.append(f"{place}: {count(len(rest), 'more file is', 'more files are')} not used either")
    return tuple(lines)


def _names(folder: Path) -> Iterator[str]:
    """Files by their path in ``folder``, with ``/``."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield file.relative_to(folder).as_posix()


def _is_note(name: str) -> bool:
    """Whether a file is for people, or hidden."""
    return "/." in f"/{name}" or name.endswith((".md", ".txt"))


def _bytes(own: Path, name: str, place: str) -> bytes:
    try:
        data = (own / name).read_bytes()
        if name.endswith(_TEXT):
            data.decode()
    except OSError as error:
        raise ReportgenError(
            f"{place}: {one_line(name)} cannot be read ({error.strerror}); check its permissions", exit_code=2
        ) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ReportgenError(
            f"{place}: {one_line(name)}: line {line}: is not UTF-8; save it as UTF-8", exit_code=2
        ) from None
    return data


def _last(name: str) -> str:
    return PurePosixPath(name).name


def _nearest(name: str, shipped: set[str]) -> str:
    """The shipped file that is meant, as far as one can tell: one of another folder goes first."""
    return did_you_mean(name, [one for one in shipped if _last(one) == _last(name)] or sorted(shipped))
