"""What repositories an owner has on the Hub: what ``reportgen init hub:OWNER`` goes by."""

from __future__ import annotations

from pathlib import Path

from reportgen.discover import discover
from reportgen.model_list import FamilySpec, HubSource, ModelList, RunSpec, Smoothing
from reportgen.patterns import NAME
from reportgen.pull import PullOptions
from reportgen.survey import Survey, SurveyedRun, SurveyedSource

__all__ = ["survey_hub"]


def survey_hub(owner: str, prefix: str = "", options: PullOptions | None = None) -> Survey:
    """Looks through the repositories of an owner on the Hub; in one listing, and into none of them.

    Args:
        owner: A user or an organisation.
        prefix: What the repositories' names begin with; their runs are named by the rest.
        options: How, None as usual; without a network the cache is looked through.
    """
    repo = f"{owner}/{prefix}{NAME}"
    sources = {file: HubSource(repo, file, "main") for file in ("training_loss.json", ".")}
    patterns = tuple(RunSpec("*", one) for one in sources.values())
    family = FamilySpec("f", "f", "", None, 1, Smoothing(), patterns)
    found = discover([ModelList("hub", None, "", (family,))], options or PullOptions())
    by_file = {
        file: [run.name for run in found.lists[0].families[0].runs if run.source == source]
        for file, source in sources.items()
    }
    alone = set(by_file["training_loss.json"])
    by_file["."] = [name for name in by_file["."] if name not in alone]
    made = [
        SurveyedSource(
            {"type": "hub", "repo": repo, "file": file},
            "quanta_maths" if file != "." else "",
            tuple(SurveyedRun(name) for name in names),
        )
        for file, names in by_file.items()
        if names
    ]
    made.sort(key=lambda source: -len(source.runs))
    problem = next((one.message for one in found.problems if one.kind != "missing"), "")
    problem = problem.removeprefix("* cannot be searched for: ")
    return Survey(Path(), tuple(made), (), problem)
