"""Runs in a folder."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

from reportgen.kinds import SourceRecord
from reportgen.model_list import DirectorySource
from reportgen.sources import PUT_IT_THERE, Found, hash_file, relative_parts

__all__ = ["find"]

# A report names no folder of the machine that built it, so words do.
_BUILD_THERE = (
    "build again in the folder where this path starts: it is looked for beside the report.json, "
    "then in the current folder"
)


def find(source: DirectorySource, name: str, max_file_size: int) -> Found:
    """The file of the run ``name``.

    The part of ``source.path`` before the first ``{``, up to its last slash, is the folder that no
    name leads out of. That is a rule on the words of the path: links inside the folder are followed
    wherever they lead, for whoever may put a link there may put a file there.

    Raises:
        Unusable: the name is refused, or the file is missing, refused, unreadable or too large.
    """
    folder = _folder(source.path)
    parts = relative_parts(source.path[len(folder) :].replace("{name}", name))
    # An absolute folder is a matter of this machine, so outputs name the file from there on.
    relative = not PureWindowsPath(folder).anchor
    file = str(PurePosixPath(folder.replace(os.sep, "/") if relative else "", *parts))
    path = Path(source.base, folder, *parts)
    mend = _BUILD_THERE if source.reported else PUT_IT_THERE
    digests = hash_file(path, file, max_file_size, mend=mend)
    record = SourceRecord("directory", None, None, None, file, digests.sha256)
    return Found(path, digests.size, record, checked=True)


def _folder(path: str) -> str:
    fixed = path.partition("{")[0]
    ends = [fixed.rfind(separator) for separator in ("/", os.sep)]
    return fixed[: max(ends) + 1]
