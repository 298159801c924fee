"""What a report came from: versions, and the digest by which a build knows that nothing changed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from reportgen import model_list, plugins, resources, waivers
from reportgen.kinds import Problem
from reportgen.model_list import ModelList
from reportgen.pull import Pulled

__all__ = ["inputs_digest", "versions"]

_NAMED_VERSIONS = ("numpy", "torch", "kaleido", "weasyprint", "huggingface_hub", "jinja2")


def versions() -> dict[str, str]:
    """Package to version, of what makes numbers and figures; those that are not installed are left out."""
    found = {"python": platform.python_version()}
    for name in _NAMED_VERSIONS:
        with suppress(metadata.PackageNotFoundError):  # torch is an extra.
            found[name] = metadata.version(name)
    return found


def inputs_digest(
    lists: Sequence[ModelList],
    pulled: Sequence[Pulled | Problem],
    command: Sequence[str],
    templates: Path | None,
    baseline: tuple[Mapping[str, Any] | None, Mapping[str, str]],
    now: str,
) -> str:
    """Digest of all that decides what a build writes, the code included.

    Args:
        lists: As built.
        pulled: What became of each run.
        command: Options that shape the report.
        templates: The user's own.
        baseline: The report to compare with, and its curves, name to digest.
        now: The report's time, by which waivers are judged; the time itself is no input.
    """
    # In a wheel our templates lie inside the package.
    folders = dict.fromkeys((Path(__file__).parent.resolve(), resources.folder("templates").resolve()))
    code = [entry for place in _outermost(folders) for entry in _hashed(place)]
    code += _hashed(templates) if templates is not None else []
    runs = [
        [dataclasses.asdict(one.source), one.checked]
        if isinstance(one, Pulled)
        else [one.family, one.run, one.kind, one.message]
        for one in pulled
    ]
    document = [
        [model_list.to_dict(one) for one in lists],
        runs,
        command,
        baseline,
        os.environ.get("SOURCE_DATE_EPOCH"),
        waivers.states(lists, now),
        code,
        versions(),
        plugins.installed(),
        sys.platform,
    ]
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _outermost(folders: Collection[Path]) -> list[Path]:
    """Those that lie in no other one."""
    return [one for one in folders if not any(other in one.parents for other in folders)]


def _hashed(folder: Path) -> list[list[str]]:
    """Path and SHA-256 of every file in ``folder``."""
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        here = Path(place)
        inside = here.relative_to(folder).as_posix()
        found += [
            [f"{inside}/{name}", hashlib.sha256(file.read_bytes()).hexdigest()]
            for name in files
            if (file := here / name).is_file()
        ]
    return sorted(found)
