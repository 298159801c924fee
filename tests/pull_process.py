"""Pulls runs in a process of its own and tells on standard output what came of it.

The Hub's client reads its environment when it is imported. Standard input is JSON: ``runs`` (type,
source's fields, name), ``options`` and ``patience`` (fields of theirs).
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time

from reportgen.model_list import DirectorySource, HubSource, RunSpec
from reportgen.pull import Pulled, PullOptions, pull
from reportgen.sources.line import Patience


def main() -> None:
    job = json.load(sys.stdin)
    runs = []
    for family, name, source, more in job["runs"]:
        kind = HubSource if source["type"] == "hub" else DirectorySource
        runs.append((family, RunSpec(name, kind(**source), **more)))
    options = dict(job["options"])
    if "seconds" in options:
        options["deadline"] = time.monotonic() + options.pop("seconds")
    waits: list[str] = []
    done: list[str] = []
    began = time.monotonic()
    outcomes = pull(
        runs,
        PullOptions(**options, patience=Patience(**job["patience"])),
        on_done=done.append,
        on_wait=waits.append,
    )
    told = [
        {
            "path": str(one.path),
            "checked": one.checked,
            "source": dataclasses.asdict(one.source),
        }
        if isinstance(one, Pulled)
        else dataclasses.asdict(one)
        for one in outcomes
    ]
    modules = [name for name in ("torch", "huggingface_hub", "pandas", "plotly") if name in sys.modules]
    seconds = time.monotonic() - began
    print(json.dumps({"outcomes": told, "waits": waits, "done": done, "seconds": seconds, "modules": modules}))


if __name__ == "__main__":
    main()
