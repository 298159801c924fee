"""No secret of a configuration gets into what a build writes."""

from __future__ import annotations

import json
from pathlib import Path

import reportgen
from tests.lists import FAMILY

HF = "hf_" + "Qq7" * 11


def test_nothing_that_a_build_writes_holds_a_secret(tmp_path: Path) -> None:
    config = {"lr": 0.1, "hub": {"token": "open-sesame"}, "argv": f"--key {HF}", "pad_token": "<pad>"}
    for name, rate in (("a", 0.1), ("b", 0.2)):
        document = {"TrainingLoss": [1.0, 0.5, 0.25], "Config": {**config, "lr": rate}}
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    (tmp_path / "list.toml").write_text(
        f'[source]\ntype = "directory"\npath = "{{name}}.json"\n{FAMILY}runs = ["a", "b"]'
    )
    out = tmp_path / "out"
    report = reportgen.build(
        str(tmp_path / "list.toml"), out, formats=("html",), cache_dir=tmp_path / "cache"
    )
    assert report.masked == 4
    made = json.loads((out / "report.json").read_text())
    assert made["masked"] == 4
    assert [run["label"] for run in made["families"][0]["runs"]] == ["lr=0.1", "lr=0.2"]
    written = [file for file in out.rglob("*") if file.is_file()]
    assert len(written) > 5
    for file in written:
        assert b"open-sesame" not in file.read_bytes(), file
        assert HF.encode() not in file.read_bytes(), file
    assert "4 secrets in configurations" in (out / "report.html").read_text(encoding="utf-8")
