"""``report.json`` and CSV: read back by other readers, with hostile text in every place."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reportgen import tables
from reportgen.curves import Curve
from reportgen.document import strict
from reportgen.model_list import DirectorySource
from reportgen.outputs import data
from tests.samples import (
    HOSTILE,
    family_report,
    hostile_report,
    losses,
    report,
    run_report,
    run_spec,
    sample_report,
)


def _refuse(token: str) -> Any:
    raise AssertionError(f"{token} is not strict JSON")


def _read(made: bytes) -> Any:
    return json.loads(made, parse_constant=_refuse)


def test_report_json_holds_what_the_contract_names() -> None:
    made = sample_report()
    document = _read(data.json_bytes(data.report_document(made)))
    assert document["schema"] == 1
    assert {"title", "created", "reportgen", "device", "lists", "families", "problems"} <= set(document)
    assert "changes" not in document
    assert [family["name"] for family in document["families"]] == ["Addition", "Seeds", "Mixed"]
    assert [len(family["runs"]) for family in document["families"]] == [3, 3, 2]
    run = document["families"][0]["runs"][1]
    assert set(run["attributes"]) == {
        "op", "digits", "layers", "heads", "seed", "steps_k", "grokfast", "insert_mode",
    }  # fmt: skip
    assert run["attributes"]["digits"] == 6
    assert set(run["source"]) == {
        "kind",
        "repo",
        "requested_revision",
        "revision",
        "file",
        "files",
        "sha256",
        "beside",
    }
    assert run["curve"] == "curves/add_d6_l2_h3_t15K_s372001.csv"
    values = losses(60, end=1e-9 * 6, seed=6, spikes=(30,))
    metrics = run["metrics"]
    assert metrics["final_loss"] == values[-1]
    assert metrics["avg_final_loss"] == math.fsum(values[-5:]) / 5
    assert metrics["min_loss"] == values.min()
    assert metrics["min_loss_step"] == values.argmin()
    assert metrics["spikes"] == [30]
    assert (metrics["nonfinite"], metrics["first_nonfinite_step"]) == (0, None)
    assert list(metrics["steps_to"]) == [
        "1e-1",
        "1e-2",
        "1e-3",
        "1e-4",
        "1e-5",
        "1e-6",
        "1e-7",
        "1e-8",
        "target",
    ]
    assert metrics["listed_avg_final_loss"] == f"{math.fsum(values[-5:]) / 5:.1e}"
    (problem,) = document["problems"]
    assert (problem["family"], problem["run"], problem["kind"]) == (
        "Mixed",
        "mix_d8_l3_h4_t30K_s572091",
        "missing",
    )
    (check,) = document["checks"]
    assert (check["family"], check["run"], check["outcome"]) == (
        "Mixed",
        "mix_d8_l3_h4_t30K_s572091",
        "not_checked",
    )


def test_a_diverged_run_gives_strict_json() -> None:
    document = _read(data.json_bytes(data.report_document(sample_report())))
    run = document["families"][2]["runs"][1]
    assert run["metrics"]["avg_final_loss"] is None
    assert (run["metrics"]["nonfinite"], run["metrics"]["first_nonfinite_step"]) == (20, 40)
    assert run["config"] == {"n_digits": 7, "avg_final_loss": None, "nested": {"deep": [1, None, None]}}
    assert run["checks"] == [
        {"metric": "nonfinite", "expected": "== 0", "actual": 20, "outcome": "failed", "note": ""},
    ]


def test_equal_reports_give_equal_bytes() -> None:
    made = [data.json_bytes(data.report_document(sample_report())) for _ in range(2)]
    assert made[0] == made[1]


def test_changes_are_there_with_a_baseline() -> None:
    made = data.report_document(sample_report(changes={"new": []}))
    assert made["changes"] == {"new": []}


def test_hostile_text_reads_back_as_it_was() -> None:
    document = _read(data.json_bytes(data.report_document(hostile_report())))
    runs = document["families"][0]["runs"]
    assert [run["name"] for run in runs] == list(HOSTILE)
    assert [run["note"] for run in runs] == list(HOSTILE)
    assert [run["config"]["model_name"] for run in runs] == list(HOSTILE)
    assert [list(run["extra"].items()) for run in runs] == [[(text, text)] for text in HOSTILE]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, None),
        (-math.inf, None),
        (2**63, 2**63),
        (2**64, float(2**64)),
        (-(2**63) - 1, float(-(2**63))),
        (10**400, None),
        ("\ud800", "\\ud800"),
        ({"\udc80": "é"}, {"\\udc80": "é"}),
        ((1, [2.5]), [1, [2.5]]),
        ({1: True}, {"1": True}),
        ({"a": object()}, {"a": None}),
    ],
)
def test_strict(value: Any, expected: Any) -> None:
    made = strict(value)
    assert made == expected
    assert type(made) is type(expected)
    assert _read(data.json_bytes({"value": made})) == {"value": expected}


def test_strict_bounds_depth() -> None:
    deep: Any = "bottom"
    for _ in range(50_000):
        deep = [deep]
    shallow: Any = "bottom"
    for _ in range(100):
        shallow = [shallow]
    assert "bottom" not in json.dumps(strict(deep))
    assert strict(shallow) == shallow


def test_curve_as_pandas_reads_it() -> None:
    values = losses(60)
    values[:10] = math.nan
    curve = run_report("r", values).summary.curve
    text = data.curves_csv(curve)
    frame = pd.read_csv(io.StringIO(text), dtype=str)
    assert list(frame.columns) == ["step", "mean", "min", "max"]
    for name in frame.columns:
        np.testing.assert_array_equal(frame[name].astype(float), getattr(curve, name))
    first = text.splitlines()[1]
    assert first == "0,,,"
    last = text.splitlines()[-1].split(",")
    assert last == [str(curve.step[-1]), *(repr(float(c[-1])) for c in (curve.mean, curve.min, curve.max))]


def test_another_smoothers_line_is_a_column_of_its_own() -> None:
    curve = Curve(2, np.array([0, 1]), *(np.array([float(i), i + 0.5]) for i in range(4)))
    text = data.curves_csv(curve, "median")
    assert text == "step,mean,min,max,median\n0,0.0,1.0,2.0,3.0\n1,0.5,1.5,2.5,3.5\n"


def test_table_as_pandas_reads_it() -> None:
    made = sample_report()
    text = data.table_csv(tables.runs_table(made, ("family", *tables.all_columns(made.runs))))
    frame = pd.read_csv(io.StringIO(text), dtype={"avg_final_loss": str})
    assert "sparkline" not in frame.columns
    assert list(frame["name"]) == [run.spec.name for run in made.runs]
    expected = [run.summary.metrics.avg_final_loss for run in made.runs]
    np.testing.assert_array_equal(
        frame["avg_final_loss"].astype(float), [math.nan if x is None else x for x in expected]
    )
    assert list(frame["steps"]) == [60, 60, 60, 50, 50, 50, 60, 60]
    assert list(frame["fails_per_million"][:3]) == [15, 18, 30]
    assert list(frame["grokfast"]) == [False] * 8
    assert frame["listed_avg_final_loss"][2] == 0.5


def test_negative_numbers_stay_numbers_and_listed_ones_keep_their_digits() -> None:
    spec = run_spec("r", listed={"avg_final_loss": "-0.20"}, extra={"delta": -3, "share": -0.5, "text": "-3"})
    made = family_report("A", [run_report("r", [-1.0] * 6, spec=spec)])
    table = tables.family_table(made, ("avg_final_loss", "listed_avg_final_loss", "delta", "share", "text"))
    assert data.table_csv(table).splitlines()[1] == "-1.0,-0.20,-3,-0.5,'-3"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;=1", "a;'=1"),
        ('a; "=1', "a;' \"=1"),
        ("a;\uff1d1;-1", "a;'\uff1d1;'-1"),
        ("\n=1", "'\n'=1"),
        ('"=1', "'\"=1"),
        ("a;b=c, d=-1; e", "a;b=c, d=-1; e"),
    ],
)
def test_formulas_are_text_where_semicolons_part_cells(text: str, expected: str) -> None:
    """Such a reader takes a quote for one only where a cell begins, so quoting a cell does not help."""
    spec = run_spec("r", note=text)
    table = tables.family_table(family_report("F", [run_report("r", spec=spec)]), ("name", "note"))
    assert list(csv.reader(io.StringIO(data.table_csv(table))))[1] == ["r", expected]
    for line in data.table_csv(table).splitlines():
        for cell in line.split(";"):
            assert not re.match(r"[\s\"]*[=+\-@\uff1d]", cell)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-1+1", "@SUM(1)", " =1+1", "\uff1d1+1", "=cmd|' /C calc'!A0", "-", "+"]
)
def test_formulas_are_text(text: str) -> None:
    spec = run_spec(text, note=text, listed={"avg_final_loss": text}, extra={text: text})
    made = family_report(text, [run_report(text, spec=spec, label=text)])
    rows = list(
        csv.reader(io.StringIO(data.table_csv(tables.family_table(made, ("name", "note", "label", text)))))
    )
    assert rows == [["name", "note", "label", f"'{text}"], [f"'{text}"] * 4]


def test_hostile_text_in_every_cell() -> None:
    made = hostile_report()
    columns = ("family", "name", "note", "listed_avg_final_loss", *HOSTILE)
    text = data.table_csv(tables.runs_table(made, columns))
    rows = list(csv.reader(io.StringIO(text)))
    assert [len(row) for row in rows] == [len(columns)] * (len(HOSTILE) + 1)
    assert not any(character in text for character in "\x1b\x07\x00\x7f\x9b\u202e\u2066\ufeff\r\t")
    assert "\\x1b[31mred" in text
    for row in rows:
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_no_machine_path_is_written() -> None:
    base = "/home/somebody/lists"
    source = DirectorySource("runs/{name}/training_loss.json", base)
    made = report([family_report("A", [run_report("r", spec=run_spec("r", source=source))])])
    text = data.json_bytes(data.report_document(made))
    assert b"runs/r/training_loss.json" in text
    assert base.encode() not in text


def test_an_empty_report() -> None:
    document = _read(data.json_bytes(data.report_document(report([]))))
    assert document["families"] == []
