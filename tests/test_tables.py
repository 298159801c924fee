"""Tables of runs: what is in a cell, how a number is written, and groups of seeds."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace

import pytest

from reportgen import notation, tables
from reportgen.model_list import HubSource
from reportgen.model_list.building import COLUMNS
from reportgen.naming import QUANTA_MATHS
from reportgen.report import RunReport
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


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.3e-9, "3.30×10⁻⁹"),
        (2.9, "2.90"),
        (9.996e-5, "1.00×10⁻⁴"),
        (123456.0, "123,456"),
        (0.12, "0.120"),
        (3.2773, "3.28"),
        (2.5e7, "2.50×10⁷"),
        (9.99e-4, "9.99×10⁻⁴"),
        (5e-324, "4.94×10⁻³²⁴"),
        (-0.5, "−0.500"),
        (0.0, "0"),
        (-0.0, "0"),
        (None, "–"),
        (math.nan, "–"),
        (-math.inf, "–"),
    ],
)
def test_loss(value: float | None, text: str) -> None:
    assert notation.loss(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(3e-9, "3×10⁻⁹"), (0.12, "0.12"), (0.123456, "0.123"), (0.0, "0"), (None, "–")],
)
def test_a_recorded_loss_has_no_more_digits_than_its_file_gives(value: float | None, text: str) -> None:
    assert notation.recorded(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("5.6e-06", "5.6×10⁻⁶"),
        ("0.20", "2.0×10⁻¹"),
        ("0.002002", "2.002×10⁻³"),
        ("2e-09", "2×10⁻⁹"),
        ("-12", "−1.2×10¹"),
        ("2.0", "2.0"),
        ("0.000", "0"),
        ("3.5-09", "3.5-09"),
        ("nan", "nan"),
        ("", ""),
        ("1e999999999999999999999", "1e999999999999999999999"),
    ],
)
def test_a_listed_loss_keeps_its_authors_digits(value: str, text: str) -> None:
    assert notation.written(value) == text


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip() not in ("+1+1", "-1+1")])
def test_what_is_no_number_is_left_alone(text: str) -> None:
    assert notation.written(text) == text


def test_counts_and_numbers() -> None:
    assert notation.grouped(85_000) == "85,000"
    assert notation.grouped(-1234) == "−1,234"
    assert notation.grouped(None) == "–"
    assert notation.number(0.999999) == "0.999999"
    assert notation.number(1.5e-07) == "1.5×10⁻⁷"
    assert notation.number(-3) == "−3"
    assert notation.power_of_ten("1e-6") == "10⁻⁶"


def _texts(table: tables.Table, key: str) -> list[str]:
    i = [column.key for column in table.columns].index(key)
    return [row.cells[i].text for row in table.rows]


def _cells(table: tables.Table, key: str) -> list[tables.Cell]:
    i = [column.key for column in table.columns].index(key)
    return [row.cells[i] for row in table.rows]


def test_recorded_listed_and_recomputed_stand_side_by_side() -> None:
    values = [0.5] * 5 + [0.2, 0.2, 0.2, 0.2, 0.3]  # mean of the last five: 0.22
    spec = run_spec("add_d5_l2_h3_t15K_s372001", listed={"avg_final_loss": "0.21"})
    run = run_report(spec.name, values, spec=spec, recorded={"final_loss": 0.3, "avg_final_loss": 0.22})
    table = tables.family_table(family_report("A", [run]))
    (avg,) = _cells(table, "avg_final_loss")
    assert avg.value == pytest.approx(0.22, rel=1e-15)
    assert (avg.text, avg.agrees) == ("0.220", None)
    assert _cells(table, "recorded_avg_final_loss") == [tables.Cell(0.22, "0.22", True)]
    assert _cells(table, "listed_avg_final_loss") == [tables.Cell("0.21", "0.21", False)]
    assert "listed loss differs" in _texts(table, "marks")[0]


def test_a_step_count_that_differs_is_marked() -> None:
    run = run_report("r", marks=("steps_differ",))
    (cell,) = _cells(tables.family_table(family_report("A", [run])), "trained_steps")
    assert (cell.text, cell.agrees) == ("60", False)


def test_usual_columns_leave_out_what_no_run_has() -> None:
    plain = family_report("A", [run_report("add_d5_l2_h3_t15K_s1", label="short")])
    keys = {column.key for column in tables.family_table(plain).columns}
    assert {"label", "name", "trained_steps", "avg_final_loss", "final_loss", "min_loss", "spikes"} <= keys
    assert not {"recorded_avg_final_loss", "listed_avg_final_loss", "checks", "marks"} & keys
    full = [column.key for column in tables.runs_table(sample_report()).columns]
    assert full[0] == "family"
    same = [column.key for column in tables.family_table(family_report("A", [run_report("r")])).columns]
    assert same[0] == "label"
    assert "name" not in same
    assert {"recorded_avg_final_loss", "listed_avg_final_loss", "checks", "marks"} <= set(full)


def test_anybodys_runs_show_what_varied_steps_and_rank() -> None:
    runs = [run_report(name, attrs={"lr": lr}) for name, lr in (("a", 1e-3), ("b", 3e-4))]
    family = family_report("A", runs)
    table = tables.family_table(family)
    assert [column.key for column in table.columns] == ["label", "lr", "sparkline", "trained_steps", "end"]
    assert [row.cells[1].text for row in table.rows] == ["0.001", "0.0003"]
    assert "digits" not in tables.all_columns(family.runs)
    listed = run_report("a", spec=run_spec("a", listed={"avg_final_loss": "0.1"}))
    assert "listed_avg_final_loss" in tables.usual_columns(family_report("A", [listed]).runs)


def test_a_list_chooses_columns_and_their_order() -> None:
    run = run_report(
        "add_d5_l2_h3_t15K_s372001", spec=run_spec("add_d5_l2_h3_t15K_s372001", extra={"nines": 6})
    )
    chosen = ("avg_final_loss", "nines", "seed", "steps_to.1e-6", "grokfast")
    table = tables.family_table(family_report("A", [run], columns=chosen))
    assert tuple(column.key for column in table.columns) == chosen
    assert [column.kind for column in table.columns] == ["loss", "count", "integer", "count", "boolean"]
    assert [cell.text for cell in table.rows[0].cells][1:3] == ["6", "372001"]
    assert table.rows[0].cells[-1].text == "no"


def test_a_lists_own_columns_are_united_in_order() -> None:
    extras = [{"b": 1, "a": True}, {"c": "x", "b": 2.5}, {"label": 7, "c": 1}]
    runs = [run_report(f"r{i}", spec=run_spec(f"r{i}", extra=extra)) for i, extra in enumerate(extras)]
    table = tables.family_table(family_report("A", runs))
    own = [
        (column.key, column.kind) for column in table.columns if column.key in ("a", "b", "c", "extra.label")
    ]
    assert own == [("b", "number"), ("a", "boolean"), ("c", "text"), ("extra.label", "count")]
    assert _texts(table, "b") == ["1.0", "2.5", "–"]
    assert _texts(table, "a") == ["yes", "–", "–"]
    assert _texts(table, "c") == ["", "x", "1"]
    assert _texts(table, "extra.label") == ["–", "–", "7"]
    assert _texts(table, "label") == ["r0", "r1", "r2"]


def test_every_column_can_be_filled() -> None:
    made = sample_report()
    table = tables.runs_table(made, ("family", *tables.all_columns(made.runs)))
    assert len(table.rows) == 8
    assert len(table.columns) == len(tables.COLUMNS) + 2
    filled = {
        column.key for i, column in enumerate(table.columns) if any(row.cells[i].text for row in table.rows)
    }
    assert {column.key for column in table.columns} - filled == {"initialised_from", "sparkline"}
    for row in table.rows:
        assert row.run is not None
        assert row.cells[2].value == row.run.spec.name


def test_lists_may_name_every_column() -> None:
    assert {"family", *COLUMNS, *QUANTA_MATHS.keys} == set(tables.COLUMNS)


def test_a_failed_expectation_is_named_as_columns_are_and_by_its_key_for_programs() -> None:
    table = tables.runs_table(sample_report())
    assert "fails NaN or infinite = 0" in _texts(table, "checks")
    assert "nonfinite not == 0" in tables.dataframe(table)["checks"].dropna().tolist()
    assert set(_texts(table, "checks")) <= {"", "met", "fails NaN or infinite = 0"}


def test_thresholds_that_any_run_reached() -> None:
    fast = run_report("fast", losses(60, end=1e-4))
    slow = run_report("slow", losses(60, end=1e-2))
    table = tables.thresholds_table(family_report("A", [fast, slow]))
    keys = [column.key for column in table.columns]
    assert keys == ["label", "steps_to.1e-1", "steps_to.1e-2", "steps_to.1e-3"]
    assert _texts(table, "steps_to.1e-3")[1] == "–"
    assert _texts(table, "steps_to.1e-1") == [
        str(run.summary.metrics.steps_to["1e-1"]) for run in (fast, slow)
    ]


def test_hostile_text_stays_as_it_is_for_the_outputs_to_escape() -> None:
    made = hostile_report()
    table = tables.runs_table(made)
    assert _texts(table, "label") == list(HOSTILE)


def test_a_dataframe_holds_values_in_full() -> None:
    made = sample_report()
    frame = tables.dataframe(
        tables.runs_table(made, ("name", "steps", "avg_final_loss", "grokfast", "sparkline"))
    )
    assert list(frame.columns) == ["name", "steps", "avg_final_loss", "grokfast"]
    assert list(frame.dtypes.astype(str)) == ["string", "Int64", "Float64", "boolean"]
    for run, (_, row) in zip(made.runs, frame.iterrows(), strict=True):
        assert row["steps"] == run.summary.metrics.steps
        if run.summary.metrics.avg_final_loss is None:
            assert row.isna()["avg_final_loss"]
        else:
            assert row["avg_final_loss"] == run.summary.metrics.avg_final_loss


def _seeded(name: str, level: float, **fields: object) -> RunReport:
    return run_report(name, [level] * 6, **fields)  # type: ignore[arg-type]


def test_seeds_of_one_configuration_are_grouped() -> None:
    runs = [
        _seeded("add_d5_l2_h3_t10K_s000001", 1e-3),
        _seeded("add_d5_l2_h3_t10K_s000002", 1e-5),
        _seeded("add_d5_l2_h3_t15K_s000003", 1e-5),  # longer training
        _seeded("add_d5_l2_h3_t10K_gf_s000004", 1e-5),  # GrokFast
        _seeded("add_d5_l2_h3_t10K_s000005", math.nan),  # diverged
        _seeded("no pattern fits", 1e-5),
        _seeded("neither here", 1e-5),
    ]
    family = family_report("A", runs)
    (group,) = family.grouping.groups
    assert group.label == "add d5 l2 h3 t10K"
    assert [runs[run].attributes["seed"] for run in group.runs] == [1, 2, 5]
    assert group.estimate is not None
    assert group.estimate.n == 2
    assert group.estimate.mean == pytest.approx(
        1e-4, rel=1e-12
    )  # halfway between 1e-3 and 1e-5 on a log axis
    assert group.estimate.range == pytest.approx((1e-5, 1e-3), rel=1e-12)
    assert {runs[one.run].spec.name: one.why for one in family.grouping.alone} == {
        "add_d5_l2_h3_t15K_s000003": "no other run differs only in the seed",
        "add_d5_l2_h3_t10K_gf_s000004": "no other run differs only in the seed",
        "no pattern fits": "no seed",
        "neither here": "no seed",
    }
    (row,) = tables.groups_table(family).rows
    assert [cell.text for cell in row.cells[:3]] == ["add d5 l2 h3 t10K", "2 of 3", "1.00×10⁻⁴"]
    assert [cell.text for cell in row.cells[6:]] == ["1.00×10⁻⁵", "1.00×10⁻³"]


def test_a_spread_that_is_not_1_is_not_shown_as_1() -> None:
    # The geometric standard deviation of 1 and 1.004 is exp(ln(1.004) / sqrt(2)) = 1.0028.
    runs = [_seeded(f"add_d5_l2_h3_t10K_s00000{i}", value) for i, value in enumerate((1.0, 1.004))]
    (row,) = tables.groups_table(family_report("A", runs)).rows
    assert row.cells[3].text == "×1.0028"


def test_steps_that_are_epochs_are_called_so() -> None:
    def counting(unit: str) -> RunReport:
        run = run_report("a")
        return replace(run, series={"loss": replace(run.series["loss"], step_unit=unit)})

    def titles(*units: str) -> list[str]:
        family = family_report("A", [counting(unit) for unit in units])
        keys = ("trained_steps", "best_step", "min_loss", "steps_to.1e-3")
        return [column.title for column in tables.family_table(family, keys).columns]

    assert titles("epoch", "epoch")[:2] == ["Epochs", "Epoch of best value"]
    assert titles("epoch", "step")[:2] == titles("step")[:2] == ["Steps", "Step of best value"]
    assert titles("epoch")[2:] == titles("step")[2:]


def test_another_revision_or_another_start_is_another_group() -> None:
    names = [f"ins1_mix_d6_l3_h4_t40K_s00000{i}" for i in range(5)]
    starts = [
        "add_d6_l2_h3_t15K_s000001",
        "add_d6_l2_h3_t15K_s000002",
        "add_d6_l2_h3_t20K_s000003",
        None,
        None,
    ]
    runs = [
        _seeded(name, 1e-3 * (1 + i), spec=run_spec(name, initialised_from=start))
        for i, (name, start) in enumerate(zip(names, starts, strict=True))
    ]
    (first, second) = family_report("A", runs).grouping.groups
    assert [names[run] for run in first.runs] == names[:2]
    assert [names[run] for run in second.runs] == names[3:]
    source = replace(runs[4].spec.source, revision="v1")
    runs[4] = replace(runs[4], spec=replace(runs[4].spec, source=source))
    assert len(family_report("A", runs).grouping.groups) == 1


def test_commits_that_a_rebuild_pins_part_no_group() -> None:
    runs = []
    for i in range(2):
        spec = run_spec(f"add_d5_l2_h3_t10K_s00000{i}")
        assert isinstance(spec.source, HubSource)
        pinned = replace(spec, source=replace(spec.source, commit=f"{i:040x}"))
        runs.append(_seeded(spec.name, 1e-3 * (1 + i), spec=pinned))
    assert len(family_report("A", runs).grouping.groups) == 1


def test_a_seed_counts_once() -> None:
    name = "add_d5_l2_h3_t10K_s000001"
    runs = [_seeded(name, 1e-3), _seeded(name, 1e-4)]
    assert family_report("A", runs).grouping.groups == ()
    assert tables.groups_table(family_report("A", runs)).rows == ()


def test_label_of_an_inserted_run() -> None:
    name = "ins1_mix_d6_l3_h4_t40K_gf_s372001"
    assert QUANTA_MATHS.read(name)["grokfast"]
    runs = [_seeded(name, 1.0), _seeded(name.replace("372001", "372002"), 2.0)]
    assert family_report("A", runs).grouping.groups[0].label == "ins1 mix d6 l3 h4 t40K gf"


def test_an_empty_report_has_empty_tables() -> None:
    made = report([family_report("A", [])])
    assert tables.runs_table(made).rows == ()
    assert tables.thresholds_table(made.families[0]).rows == ()


def test_tables_and_their_outputs_import_nothing_slow() -> None:
    modules = "reportgen.tables, reportgen.outputs.data, reportgen.outputs.latex, reportgen.outputs.summary"
    code = f"import sys, {modules}; print({{'torch', 'pandas', 'plotly', 'weasyprint'}} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_a_small_spread_on_logarithms_is_seen_in_the_digits() -> None:
    """Groups of 1.604 and 1.608, and of 0.455 and 0.457: their minimum and maximum read differently."""
    levels = {"t10K": (1.604, 1.608), "t20K": (0.455, 0.457)}
    runs = [
        _seeded(f"add_d5_l2_h3_{length}_s00000{seed}", value)
        for length, values in levels.items()
        for seed, value in enumerate(values)
    ]
    rows = tables.groups_table(family_report("A", runs)).rows
    texts = [[cell.text for cell in row.cells[-2:]] for row in rows]
    assert [float(text) for some in texts for text in some] == [1.604, 1.608, 0.455, 0.457]
