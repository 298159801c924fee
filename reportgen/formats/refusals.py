"""What a file is that no format reads, in words for its owner."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from reportgen.formats.reading import integer, looks_like_text, number
from reportgen.kinds import Head

__all__ = ["refusal"]

# First bytes of what may lie where a log is expected.
_MAGIC = (
    (b"version https://git-lfs", "is a Git LFS pointer; run git lfs pull"),
    (b"SQLite format 3\0", "is an SQLite database, but none of MLflow or Trackio"),
    (b"PK\x03\x04", "is a ZIP archive, as PyTorch saves weights, and no log"),
    (b"\x80\x02", "is a pickle, which is never opened, and no log"),
    (b"\x80\x03", "is a pickle, which is never opened, and no log"),
    (b"\x80\x04", "is a pickle, which is never opened, and no log"),
    (b"\x80\x05", "is a pickle, which is never opened, and no log"),
    (b"\x89HDF\r\n", "is an HDF5 file of weights, say, and no log"),
    (b"\x93NUMPY", "is a NumPy array; write it as a table with a column of steps"),
    (b"\x89PNG", "is a picture"),
    (b"\xff\xd8\xff", "is a picture"),
    (b"%PDF", "is a PDF"),
    (b"\x1f\x8b", "is packed with gzip, and what is inside is no log"),
    (b"\x28\xb5\x2f\xfd", "is packed with Zstandard, and what is inside is no log"),
    (b"PAR1", "is a Parquet file that holds no training series"),
)
_PAGE = (b"<!doctype html", b"<html", b"<?xml")
_SHOWN = 8
# Keys by which a file is known that lies in run folders and holds no series.
_CONFIGURATION = frozenset(
    {"architectures", "model_type", "peft_type", "hidden_size", "vocab_size", "base_model"}
)


def refusal(files: Sequence[str], head: Head) -> str:
    """Why no format reads a run: the second half of a sentence that its name begins.

    Args:
        files: Of the run, relative to its folder, or the one file's name.
        head: Gives the first bytes of one of them.
    """
    if len(files) == 1:
        return _of_one(head(files[0]))
    if not files:
        return "is an empty folder"
    for file in sorted(files, key=_likely):
        words = _of_one(head(file))
        if "Git LFS" in words or "final results" in words:
            return f"holds no series; its {file} {words}"
    shown = ", ".join(sorted(files)[:_SHOWN]) + (
        f" and {len(files) - _SHOWN:,} more" if len(files) > _SHOWN else ""
    )
    return f"is a folder in which no format finds a series; it has: {shown}"


def _likely(file: str) -> tuple[bool, str]:
    name = PurePosixPath(file).name
    return (not name.endswith((".json", ".jsonl", ".csv")) or "config" in name or "token" in name, file)


def _of_one(head: bytes) -> str:
    known = next((words for magic, words in _MAGIC if head.startswith(magic)), None)
    if known:
        return known
    if not head.strip(b"\0 \t\r\n"):
        return (
            "is empty; write it again, or take the run out of the list"
            if not head
            else "holds nothing but blanks"
        )
    if head.lstrip()[:15].lower().startswith(_PAGE):
        return "is a web page or XML; perhaps an error page was saved in place of the file"
    if not looks_like_text(head):
        return "is no log that a format knows: its bytes are no text"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
        return _of_json(head)
    return (
        "is a text in which no format finds a series; say how to read its lines: "
        """[source.format] type = "text", pattern = '...'"""
    )


def _of_json(head: bytes) -> str:
    text = head.decode("utf-8-sig", "replace")
    try:
        found: Any = json.loads(text, parse_int=integer)
    except json.JSONDecodeError as error:
        if re.match(r"[\[{]\s*'", text.lstrip()):
            return (
                "holds dictionaries as Python prints them, and no JSON; write each with json.dumps, on a line"
            )
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and lines[0].rstrip().endswith("}"):
            return "is JSON Lines of something else than training: no step and no loss"
        if error.msg == "Extra data" and text[error.pos :].lstrip().startswith("{"):
            return "holds JSON documents one after the other; write each on a line of its own"
        return "is JSON, but no history of training that a format knows"
    except RecursionError:
        return "is nested too deeply to be a history"
    if not isinstance(found, dict):
        return "is JSON, but no history of training that a format knows"
    if not _CONFIGURATION.isdisjoint(found):
        return "is a configuration, and no log"
    if any(number(value) is not None for value in found.values()):
        return "holds final results only: one number for each name, no series"
    return "is JSON, but no history of training that a format knows"
