"""The documents say what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

from reportgen import cli, model_list, tables
from reportgen.changes import against
from reportgen.document import report_document
from reportgen.outputs.data import json_bytes
from reportgen.report import ProblemKind
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


def test_the_contracts_list_is_read_without_a_mistake(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", (DOCS / "contract.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    (tmp_path / "example.toml").write_text(found[1].replace("<commit>", "0" * 40), encoding="utf-8")
    (tmp_path / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    (one,) = model_list.load([str(tmp_path / "example.toml")])
    assert [run.name for run in one.families[0].runs][-1] == "my_run"
