"""The documents say what the code does."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import get_args

import pytest

from reportgen import BuildOptions, cli, model_list, tables
from reportgen.changes import against
from reportgen.document import report_document
from reportgen.formats import quanta_maths
from reportgen.kinds import ProblemKind
from reportgen.naming import QUANTA_MATHS
from reportgen.outputs.data import json_bytes
from tests.samples import report, sample_report

DOCS = Path(__file__).parents[1] / "docs"


def _named(text: str) -> set[str]:
    """Words set as code."""
    return set(re.findall(r"`\"?([\w.-]+)\"?`", text))


def test_every_key_of_report_json_is_described() -> None:
    named = _named((DOCS / "report-json.md").read_text(encoding="utf-8"))
    made = against(sample_report(), report_document(report([])))
    document = json.loads(json_bytes(report_document(made)))
    run = document["families"][2]["runs"][1]
    for part in (
        document,
        document["changes"],
        document["families"][0],
        run,
        run["source"],
        run["attributes"],
        run["metrics"],
        run["series"]["loss"],
        run["series"]["loss"]["metrics"],
        run["checks"][0],
        document["problems"][0],
        *document["changes"]["new"],
    ):
        assert set(part) <= named
    assert set(tables.MARKS) <= named
    assert set(get_args(ProblemKind)) <= named


def test_every_option_is_in_the_contract() -> None:
    text = (DOCS / "contract.md").read_text(encoding="utf-8")
    for command in cli._parser()._subparsers._group_actions[0].choices.values():  # type: ignore[union-attr]
        for action in command._actions:
            for option in action.option_strings:
                assert option in ("-h", "--help") or option in text, option


def test_the_run_file_of_the_reference_is_read_as_it_says() -> None:
    text = (DOCS / "model-lists.md").read_text(encoding="utf-8")
    section = text.split("\n## A run's file\n")[1].split("\n## ")[0]
    (example,) = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    made = quanta_maths.read(example.encode(), "example")
    assert made.series["loss"].values.tolist() == [2.94, 2.71, 2.38, 2.2]
    assert made.config["n_training_steps"] == 4
    assert QUANTA_MATHS.of("mine", made.config)[0] == dict.fromkeys(QUANTA_MATHS.keys) | {"digits": 5}
    assert made.recorded["avg_final_loss"] == pytest.approx((2.94 + 2.71 + 2.38 + 2.2) / 4, abs=5e-10)
    keys = {"lr", "weight_decay", "batch_size", "perc_sub", "perc_mult", "n_training_steps", "model_name"}
    keys |= {"TrainingLoss", "Config", "FinalLoss", "AvgFinalLoss", "final_loss", "avg_final_loss"}
    assert keys <= _named(section)
    assert made.config.keys() - keys == {"n_digits"}  # Of the table of names.


def test_every_guide_is_a_link_away_from_the_readme() -> None:
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    more = readme.split("\n## More\n")[1]
    assert {f"docs/{page.name}" for page in DOCS.glob("*.md")} <= set(re.findall(r"\]\((docs/[^)#]+)", more))
    assert "(model-lists.md)" in (DOCS / "contract.md").read_text(encoding="utf-8")


def test_python_takes_every_option_of_the_command_under_its_name() -> None:
    shown = {"out", "open", "quiet", "verbose", "log_format", "help"}  # Of the command alone.
    renamed = {"format": "formats", "family": "families", "no_cache": "use_cache"}
    build = cli._parser()._subparsers._group_actions[0].choices["build"]  # type: ignore[union-attr,index]
    options = {renamed.get(action.dest, action.dest) for action in build._actions if action.option_strings}
    assert options - shown == {field.name for field in dataclasses.fields(BuildOptions)}


def test_the_architecture_names_every_module() -> None:
    package = DOCS.parent / "reportgen"
    drawn = (DOCS / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    named = set(re.findall(r"\w+\.py|(?m:^\w+/)", drawn))
    modules = {file.name for file in package.glob("*.py")} - {"__init__.py"}
    packages = {f"{file.parent.name}/" for file in package.glob("*/__init__.py")}
    assert modules | packages <= named
    assert {name for name in named if name.endswith(".py")} <= {file.name for file in package.rglob("*.py")}


def test_the_contracts_list_is_read_without_a_mistake(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", (DOCS / "contract.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    (tmp_path / "example.toml").write_text(found[1].replace("<commit>", "0" * 40), encoding="utf-8")
    (tmp_path / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    (one,) = model_list.load([str(tmp_path / "example.toml")])
    assert [run.name for run in one.families[0].runs][-1] == "my_run"
