"""What a file is that no format reads, in words for its owner."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from reportgen.formats.packed import plain_name
from reportgen.formats.reading import WEB_PAGE, integer, is_page, looks_like_text, number
from reportgen.kinds import Head

__all__ = ["refusal"]

# First bytes of what may lie where a log is expected.
_MAGIC = (
    (b"version https://git-lfs", "is a Git LFS pointer; run git lfs pull"),
    (b"SQLite format 3\0", "is an SQLite database, but not one of MLflow or Trackio"),
    (b"PK\x03\x04", "is a ZIP archive, such as PyTorch weights, not a log"),
    (b"\x80\x02", "is a pickle, which is never opened; save the log as CSV or JSON Lines"),
    (b"\x80\x03", "is a pickle, which is never opened; save the log as CSV or JSON Lines"),
    (b"\x80\x04", "is a pickle, which is never opened; save the log as CSV or JSON Lines"),
    (b"\x80\x05", "is a pickle, which is never opened; save the log as CSV or JSON Lines"),
    (b"\x89HDF\r\n", "is an HDF5 file, such as Keras weights, not a log"),
    (b"\x93NUMPY", "is a NumPy array; save it as CSV, with a column of steps"),
    (b"\x89PNG", "is a picture, not a log"),
    (b"\xff\xd8\xff", "is a picture, not a log"),
    (b"%PDF", "is a PDF, not a log"),
    (b"\x1f\x8b", "is damaged (gzip); copy or compress it again"),
    (b"\x28\xb5\x2f\xfd", "is damaged (Zstandard); copy or compress it again"),
    (b"PAR1", "is a Parquet file that holds no training series"),
)
_TEXT = (
    "is text in no known format; say how to read its lines: "
    """[source.format] type = "text", pattern = '...'"""
)
_SHOWN = 8
_LOOKED_AT = 20
_LOGS = (".json", ".jsonl", ".csv", ".tsv", ".txt", ".log", ".parquet", ".db", ".sqlite", ".wandb")
# Keys by which a file is known that lies in run folders and holds no series.
_CONFIGURATION = frozenset(
    {"architectures", "model_type", "peft_type", "hidden_size", "vocab_size", "base_model"}
)


def refusal(files: Sequence[str], head: Head) -> tuple[str, str]:
    """Why no format reads a run.

    Args:
        files: Of the run, relative to its folder, or the one file's name.
        head: Gives the first bytes of one of them.

    Returns:
        The file that was most likely meant to be the log, empty where none stands out, and the second half
        of a sentence that its name, or that of the folder, begins.
    """
    if not files:
        return "", "is an empty folder; put the run's log there, or remove the run from the list"
    likely = sorted((file for file in files if _may_be_a_log(file)), key=_unlikely)[:_LOOKED_AT]
    found = {file: _of_one(head(file)) for file in likely or (files if len(files) == 1 else ())}
    for file, words in found.items():
        if "Git LFS" in words or "final results" in words:
            return file, words
    for file, words in found.items():
        if words != _TEXT or len(files) == 1:  # Of several files a text need not be the log.
            return file, words
    shown = ", ".join(sorted(files)[:_SHOWN]) + (
        f" and {len(files) - _SHOWN:,} more" if len(files) > _SHOWN else ""
    )
    return "", (
        f"holds no file in a known format; it has: {shown}; "
        "name the file in `path`, or remove the run from the list"
    )


def _may_be_a_log(file: str) -> bool:
    return "tfevents" in file or plain_name(PurePosixPath(file).name.lower()).endswith(_LOGS)


def _unlikely(file: str) -> tuple[bool, str]:
    name = PurePosixPath(file).name
    return ("config" in name or "token" in name, file)


def _of_one(head: bytes) -> str:
    known = next((words for magic, words in _MAGIC if head.startswith(magic)), None)
    if known:
        return known
    if not head.strip(b"\0 \t\r\n"):
        return (
            "is empty; write it again, or remove the run from the list" if not head else "holds only blanks"
        )
    if is_page(head[:100].decode("utf-8", "replace")):
        return WEB_PAGE
    if not looks_like_text(head):
        return "is a binary file of no known format"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
        return _of_json(head)
    return _TEXT


def _of_json(head: bytes) -> str:
    text = head.decode("utf-8-sig", "replace")
    try:
        found: Any = json.loads(text, parse_int=integer)
    except json.JSONDecodeError as error:
        if re.match(r"[\[{]\s*'", text.lstrip()):
            return "holds Python dictionaries, not JSON; write each with json.dumps, one a line"
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and lines[0].rstrip().endswith("}"):
            return "is JSON Lines without a step or a loss"
        if error.msg == "Extra data" and text[error.pos :].lstrip().startswith("{"):
            return "holds JSON documents one after the other; write each on a line of its own"
        return "is JSON, but not a training history of a known format"
    except RecursionError:
        return "is nested too deeply to be a training history"
    if not isinstance(found, dict):
        return "is JSON, but not a training history of a known format"
    if not _CONFIGURATION.isdisjoint(found):
        return "is a configuration, not a log"
    if any(number(value) is not None for value in found.values()):
        return "holds final results only: one number for each name, no series"
    return "is JSON, but not a training history of a known format"
