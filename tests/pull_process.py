"""Pulls runs in a process of its own: the Hub's client reads its environment when it is imported."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reportgen.discover import discover
from reportgen.kinds import Problem, SourceRecord
from reportgen.model_list import DirectorySource, FamilySpec, HubSource, ModelList, RunSpec, Smoothing
from reportgen.model_list.specs import FormatSpec
from reportgen.pull import Pulled, PullOptions, pull
from reportgen.sources import FoundFile
from reportgen.sources.line import Patience
from tests.memory import peak_memory

__all__ = ["Told", "command", "pull_in_process"]

ROOT = Path(__file__).resolve().parent.parent
SHORT = {"first_pause": 0.05}


class Told(NamedTuple):
    """What a process told of its pull.

    Attributes:
        outcomes: In the order of the runs.
        waits: Sentences, as they came.
        done: Names, as they came.
        seconds: Of the pull alone.
        modules: Slow modules that were loaded.
        peak: Most bytes of memory that it held; 0 on Windows.
        errors: All that went to standard error.
    """

    outcomes: list[Pulled | Problem]
    waits: list[str]
    done: list[str]
    seconds: float
    modules: list[str]
    peak: int
    errors: str

    @property
    def pulled(self) -> list[Pulled]:
        """The runs that were pulled."""
        return [one for one in self.outcomes if isinstance(one, Pulled)]

    @property
    def kinds(self) -> list[str]:
        """``checked``, ``not checked`` or the problem's kind, run by run."""
        words = {True: "checked", False: "not checked"}
        return [one.kind if isinstance(one, Problem) else words[one.checked] for one in self.outcomes]


def pull_in_process(
    runs: Sequence[RunSpec],
    environment: Mapping[str, str],
    *,
    patience: Mapping[str, float] | None = None,
    largest_file: int | None = None,
    **options: Any,
) -> Told:
    """Pulls runs of a family ``f``.

    Args:
        runs: What to pull.
        environment: On top of this process's own.
        patience: Fields of ``Patience``; short pauses without.
        largest_file: Bytes; the system lets the process write no larger file. Not on Windows.
        options: Fields of ``PullOptions``; ``seconds`` from now stands for ``deadline``.
    """
    process = subprocess.run(
        command(),
        input=job(runs, patience=patience, largest_file=largest_file, **options),
        env=os.environ | environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = json.loads(process.stdout)
    outcomes: list[Pulled | Problem] = []
    for spec, one in zip(runs, told["outcomes"], strict=True):
        if "kind" in one:
            outcomes.append(Problem(**one))
        else:
            source = SourceRecord(
                **one["source"]
                | {
                    "files": tuple(one["source"]["files"]),
                    "beside": tuple(map(tuple, one["source"]["beside"])),
                }
            )
            files = tuple(FoundFile(**file | {"path": Path(file["path"])}) for file in one["files"])
            outcomes.append(Pulled(spec, files, source, one["checked"]))
    facts = (told[key] for key in ("waits", "done", "seconds", "modules", "peak"))
    return Told(outcomes, *facts, process.stderr)


class Looked(NamedTuple):
    """What a process told of the runs that patterns found.

    Attributes:
        names: In order.
    """

    names: list[str]
    problems: list[Problem]
    waits: list[str]


def discover_in_process(
    runs: Sequence[RunSpec],
    environment: Mapping[str, str],
    *,
    patience: Mapping[str, float] | None = None,
    limit: int = 1000,
    **options: Any,
) -> Looked:
    """Looks for what the patterns among ``runs`` find."""
    process = subprocess.run(
        command(),
        input=job(runs, patience=patience, limit=limit, **options),
        env=os.environ | environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = json.loads(process.stdout)
    return Looked(told["names"], [Problem(**one) for one in told["problems"]], told["waits"])


def command() -> list[str]:
    """What starts this file; its job goes to standard input."""
    return [sys.executable, __file__]


def job(
    runs: Sequence[RunSpec],
    *,
    patience: Mapping[str, float] | None = None,
    largest_file: int | None = None,
    limit: int | None = None,
    **options: Any,
) -> str:
    """The job of such a process, as JSON."""
    specs = [dataclasses.asdict(spec) for spec in runs]
    patience = SHORT | dict(patience or {})
    asked = {"runs": specs, "options": options, "patience": patience, "largest_file": largest_file}
    return json.dumps(asked | {"limit": limit})


def main() -> None:
    """Does the job."""
    asked = json.load(sys.stdin)
    kinds = {"hub": HubSource, "directory": DirectorySource}
    runs = []
    for fields in asked["runs"]:
        given = fields.pop("source")
        pattern = tuple(given["format"].pop("pattern"))
        source = kinds[given["type"]](**given | {"format": FormatSpec(**given["format"], pattern=pattern)})
        runs.append(("f", RunSpec(source=source, **fields | {"files": tuple(fields["files"])})))
    if asked["largest_file"] is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["largest_file"],) * 2)
    options = asked["options"]
    if "seconds" in options:
        options["deadline"] = time.monotonic() + options.pop("seconds")
    if options.get("cache") is not None:
        options["cache"] = Path(options["cache"])
    waits: list[str] = []
    if asked["limit"] is not None:
        specs = tuple(spec for _, spec in runs)
        family = FamilySpec("f", "f", "", None, 1, Smoothing(), specs)
        lists = [ModelList("l.toml", None, "", (family,))]
        chosen = PullOptions(**options, patience=Patience(**asked["patience"]))
        found = discover(lists, chosen, on_wait=waits.append, limit=asked["limit"])
        names = [spec.name for spec in found.lists[0].families[0].runs]
        problems = [dataclasses.asdict(one) for one in found.problems]
        sys.stdout.write(json.dumps({"names": names, "problems": problems, "waits": waits}))
        return
    done: list[str] = []
    began = time.monotonic()
    outcomes = pull(
        runs,
        PullOptions(**options, patience=Patience(**asked["patience"])),
        on_done=done.append,
        on_wait=waits.append,
    )
    seconds = time.monotonic() - began
    told = [
        dataclasses.asdict(one)
        if isinstance(one, Problem)
        else {
            "files": [dataclasses.asdict(file) | {"path": str(file.path)} for file in one.files],
            "source": dataclasses.asdict(one.source),
            "checked": one.checked,
        }
        for one in outcomes
    ]
    slow = ("torch", "huggingface_hub", "pandas", "plotly", "weasyprint", "kaleido")
    modules = [name for name in slow if name in sys.modules]
    result = {
        "outcomes": told,
        "waits": waits,
        "done": done,
        "seconds": seconds,
        "modules": modules,
        "peak": peak_memory(),
    }
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
