"""Lists as files: what good ones become, and where they are looked for."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from reportgen.errors import ReportgenError
from reportgen.model_list import (
    DirectorySource,
    FigureOptions,
    HubSource,
    PdfOptions,
    Smoothing,
    TableSpec,
    Theme,
    load,
    schema,
)
from tests.lists import DIRECTORY, FAMILY, HUB, mistakes, read


def test_a_list_with_everything(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg/>", encoding="utf-8")
    one = read(
        tmp_path,
        r"""
        title = "T"
        description = "*D*"
        synthetic = true
        [source]
        type = "hub"
        repo = "org/old"
        file = "{name}_train.json"
        revision = "v1"
        [smoothing]
        window = 100
        edges = "trim"
        [figures]
        width_mm = 85
        runs = ["a"]
        [pdf]
        runs = "all"
        [theme]
        title_font = "Source Serif 4, serif"
        accent = "#1f4e79"
        logo = "logo.svg"
        [[family]]
        name = "Ünïted: 1"
        description = "d"
        label = "{op} d{digits}"
        linear_steps = 10
        smoothing = { window = 7, smoother = "median" }
        figures = ["log"]
        x_range = [0, 5.5]
        y_range = [1e-9, 1]
        columns = ["label", "steps_to.1e-6", "acc", "extra.digits"]
        order = "avg_final_loss"
        expect = { nonfinite = "== 0", steps_to.1e-6 = "< 9" }
        runs = [
          "a, b",
          { name = "c", label = "C", note = "n", revision = "deadbeef", \
            listed = { avg_final_loss = "5.6e-06" }, \
            extra = { acc = 0.99, "text" = "t", yes = true, digits = 3 }, \
            expect = { nonfinite = "<= 1", spikes = "< 3" } },
          { name = "a", source = { type = "directory", path = "/data/{name}.json" } },
        ]
        """.replace("\\\n", ""),
    )
    assert (one.file, one.title, one.description, one.synthetic) == ("list.toml", "T", "*D*", True)
    assert one.figures == FigureOptions((85,), ("a",))
    assert one.pdf == PdfOptions("all")
    logo = f"data:image/svg+xml;base64,{base64.b64encode(b'<svg/>').decode()}"
    assert one.theme == Theme("Source Serif 4, serif", "#1f4e79", logo)
    (family,) = one.families
    assert (family.name, family.slug, family.label) == ("Ünïted: 1", "united-1", "{op} d{digits}")
    assert family.smoothing == Smoothing(7, "trim", "median")
    assert (family.linear_steps, family.figures, family.order) == (10, ("log",), "avg_final_loss")
    assert (family.x_range, family.y_range) == ((0, 5.5), (1e-9, 1))
    assert family.columns == ("label", "steps_to.1e-6", "acc", "extra.digits")
    first, second, third = family.runs
    assert (first.name, first.initialised_from) == ("a", "b")
    assert first.source == HubSource("org/old", "{name}_train.json", "v1")
    assert dict(first.expect) == {"nonfinite": "== 0", "steps_to.1e-6": "< 9"}
    assert (second.label, second.note) == ("C", "n")
    assert second.source == HubSource("org/old", "{name}_train.json", "deadbeef")
    assert dict(second.listed) == {"avg_final_loss": "5.6e-06"}
    assert dict(second.extra) == {"acc": 0.99, "text": "t", "yes": True, "digits": 3}
    assert dict(second.expect) == {"nonfinite": "<= 1", "steps_to.1e-6": "< 9", "spikes": "< 3"}
    assert third.source == DirectorySource("/data/{name}.json", str(tmp_path))


def test_defaults(tmp_path: Path) -> None:
    one = read(tmp_path, f'{HUB}{FAMILY}runs = ["a"]')
    (family,) = one.families
    (run,) = family.runs
    assert (one.title, one.description, one.synthetic, one.shipped) == (None, "", False, False)
    assert (one.figures, one.pdf) == (FigureOptions((178,), ()), PdfOptions("figures"))
    assert one.theme == Theme(None, None, None)
    assert (family.description, family.label, family.linear_steps) == ("", None, 15_000)
    assert family.smoothing == Smoothing("auto", "partial", "mean")
    assert family.figures == ("all", "end", "by")
    assert (family.x_range, family.y_range, family.columns, family.order) == (None, None, None, None)
    assert run.source == HubSource("org/x_{name}", "training_loss.json", "main")
    assert (run.initialised_from, run.label, run.note, run.sha256) == (None, None, None, None)
    assert (run.listed, run.extra, run.expect) == ({}, {}, {})


def test_runs_may_be_tables_of_an_array(tmp_path: Path) -> None:
    one = read(tmp_path, f'{HUB}{FAMILY}[[family.runs]]\nname = "a"\nlisted.avg_final_loss = "1e-9"')
    assert dict(one.families[0].runs[0].listed) == {"avg_final_loss": "1e-9"}


def test_a_byte_order_mark_and_windows_lines_are_let_pass(tmp_path: Path) -> None:
    text = f'{HUB}{FAMILY}runs = ["a"]\n'.replace("\n", "\r\n")
    assert read(tmp_path, b"\xef\xbb\xbf" + text.encode()).families[0].name == "F"


def test_one_run_stands_in_two_families_or_twice_at_two_revisions(tmp_path: Path) -> None:
    runs = 'runs = ["a", { name = "a", revision = "v2" }]\n'
    one = read(tmp_path, HUB + FAMILY + runs + FAMILY + runs)
    assert [run.name for family in one.families for run in family.runs] == ["a"] * 4


def test_names_that_look_dangerous_and_are_not(tmp_path: Path) -> None:
    names = [
        "..a",
        "a..b",
        "con1",
        "console",
        "a/b",
        "aux_run",
        "a'b",
        "{name}",
        "&lt;b&gt;",
        "a b",
        "é",
        "~",
        "-rf",
    ]
    one = read(tmp_path, f"{DIRECTORY}{FAMILY}runs = {names!r}")
    assert [run.name for run in one.families[0].runs] == names


def test_words_with_dots_are_no_keys(tmp_path: Path) -> None:
    text = 'note = "1.3.6.1.4.1.311.21.20 and a.b.c.d.e.f.g.h.i.j"'
    read(tmp_path, f'{HUB}{FAMILY}runs = [{{ name = "a", {text} }}]')


def test_all_mistakes_of_all_lists_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("titel = 1\n[source]\ntype = 's3'\n[[family]]\nruns = ['..', 5]\n")
    (tmp_path / "b.toml").write_text("a = \n")
    with pytest.raises(ReportgenError) as caught:
        load([str(tmp_path), "nowhere.toml", "dem"])
    places = [
        line.removeprefix(f"{tmp_path}{os.sep}").split(": ")[:2] for line in str(caught.value).splitlines()
    ]
    assert places == [
        ["a.toml", "titel"],
        ["a.toml", "source.type"],
        ["a.toml", "family[0].name"],
        ["a.toml", "family[0].runs[0]"],
        ["a.toml", "family[0].runs[1]"],
        ["b.toml", "line 1, column 5"],
        ["nowhere.toml", "no file, folder or list that ships has this name; the lists that ship"],
        ["dem", 'no file, folder or list that ships has this name; did you mean "demo"?'],
    ]


def test_a_million_mistakes_are_a_hundred(tmp_path: Path) -> None:
    lines = mistakes(tmp_path, f"{HUB}{FAMILY}runs = [{'1,' * 300_000}]")
    assert len(lines) == 101
    assert lines[-1] == "there are more mistakes; correct these first"


def test_many_runs_are_read(tmp_path: Path) -> None:
    names = ", ".join(f'"r{number}"' for number in range(20_000))
    assert len(read(tmp_path, f"{HUB}{FAMILY}runs = [{names}]").families[0].runs) == 20_000


def test_a_folder_is_its_lists_in_name_order(tmp_path: Path) -> None:
    for name in ("b.toml", "a.toml", "sub/c.toml", ".d.toml", "e.txt", "f.toml.bak"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f'{HUB}{FAMILY}runs = ["a"]')
    (tmp_path / "g.toml").mkdir()
    lists = load([str(tmp_path)])
    assert [one.file for one in lists] == ["a.toml", "b.toml"]
    assert [family.slug for one in lists for family in one.families] == ["f", "f-2"]


def test_a_folder_without_lists(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    said = r"holds no list \(\*\.toml with a \[\[family\]\]\); `reportgen init` writes one"
    with pytest.raises(ReportgenError, match=said):
        load([str(tmp_path)])
    # Named itself, it is a list with a mistake.
    with pytest.raises(ReportgenError, match=r"family: is missing"):
        load([str(tmp_path / "pyproject.toml")])


def test_a_folder_has_other_files_of_toml(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(f'{HUB}{FAMILY}runs = ["a"]')
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert [one.file for one in load([str(tmp_path)])] == ["a.toml"]
    (tmp_path / "broken.toml").write_text("[[family]\n")
    with pytest.raises(ReportgenError, match=r"broken\.toml"):
        load([str(tmp_path)])


def test_a_list_that_ships_wins_over_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine.toml").write_text(f'{HUB}{FAMILY}runs = ["a"]')
    assert [one.file for one in load(["demo", "./demo"])] == ["demo.toml", "mine.toml"]


def test_the_nearest_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text(f'{HUB}{FAMILY}runs = ["a"]')
    with pytest.raises(ReportgenError) as caught:
        load([str(tmp_path / "model.toml")])
    assert str(caught.value).endswith(f'; did you mean "{tmp_path / "models.toml"}"?')


@pytest.mark.parametrize("name", ["", "\x00", "x" * 5000, "no\x1b[31m\u202ered", "a\nb", "/dev/zero/x"])
def test_names_of_nothing(name: str) -> None:
    with pytest.raises(ReportgenError) as caught:
        load([name])
    assert caught.value.exit_code == 2
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReportgenError, match="is not a regular file"):
        load([str(tmp_path / "pipe")])


def test_no_list_at_all() -> None:
    with pytest.raises(ReportgenError, match="no list is given"):
        load([])


def test_slugs_of_families_are_unique_and_leave_the_table_of_runs_alone(tmp_path: Path) -> None:
    names = ["Runs", "A b", "a B", "A-b-2", "con", "???", "Ä"]
    families = "".join(f"[[family]]\nname = {name!r}\nruns = ['x']\n" for name in names)
    one = read(tmp_path, HUB + families)
    assert [family.slug for family in one.families] == [
        "runs-2",
        "a-b",
        "a-b-2",
        "a-b-2-2",
        "con-run",
        "unnamed",
        "a",
    ]


def test_reading_lists_imports_nothing_slow() -> None:
    code = (
        "import sys; from reportgen import model_list; model_list.load(['demo', 'quanta-maths']); "
        "slow = {'torch', 'pandas', 'plotly', 'weasyprint', 'kaleido', 'huggingface_hub'}; "
        "print(sorted(slow & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


DOCS = Path(__file__).parents[1] / "docs" / "model-lists.md"


@pytest.mark.parametrize(
    ("heading", "tables"),
    [
        ("The whole file", [schema.ListTable]),
        ("`[source]`", [schema.HubTable, schema.DirectoryTable, schema.UrlTable]),
        ("`[source.format]`", [schema.FormatTable]),
        ("`[series.NAME]`", [schema.SeriesTable]),
        ("`[smoothing]`", [schema.SmoothingTable]),
        ("`[figures]`", [schema.FiguresTable]),
        ("`[pdf]`", [schema.PdfTable]),
        ("`[theme]`", [schema.ThemeTable]),
        ("`[[family]]`", [schema.FamilyTable]),
        ("Runs", [schema.RunTable]),
    ],
)
def test_the_reference_has_every_key(heading: str, tables: list[type[BaseModel]]) -> None:
    section = DOCS.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [
        line.strip("| ").split(" | ") for line in section.split("\n### ")[0].splitlines() if line[:3] == "| `"
    ]
    described = {row[0].strip("`"): row[2] for row in rows}
    fields = {field.alias or name: field for table in tables for name, field in table.model_fields.items()}
    assert set(described) == set(fields)
    for name, field in fields.items():
        assert described[name].startswith("needed") == (
            field.is_required() or field.description == "a table, [source]"
        )


def test_the_defaults_of_the_reference_are_those_of_an_empty_list(tmp_path: Path) -> None:
    """Each default that the reference writes in TOML, written into a list, changes nothing."""
    text = DOCS.read_text(encoding="utf-8")

    def told(heading: str) -> str:
        section = re.split(r"\n###? ", text.split(f"\n## {heading}\n")[1])[0]
        found = re.findall(r"^\| `(\w+)` \| [^|]+ \| `([^|]+)` \|", section, re.MULTILINE)
        return "".join(f"{key} = {value}\n" for key, value in found)

    keys = told("The whole file"), told("`[smoothing]`"), told("`[figures]`"), told("`[pdf]`")
    explicit = (
        f"{keys[0]}{HUB}{told('`[source]`')}[smoothing]\n{keys[1]}[figures]\n{keys[2]}[pdf]\n{keys[3]}"
        f"{FAMILY}{told('`[[family]]`')}[[family.runs]]\nname = 'a'\n{told('Runs')}"
    )
    assert explicit.count(" = ") > 20
    plain = read(tmp_path, f"{HUB}{FAMILY}runs = ['a']")
    assert read(tmp_path, explicit) == plain


def test_the_examples_of_the_reference_are_lists(tmp_path: Path) -> None:
    smallest, names, table, runs = re.findall(
        r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL
    )
    assert len(read(tmp_path, smallest).families[0].runs) == 2
    assert len(read(tmp_path, HUB + FAMILY + runs).families[0].runs) == 3
    (family,) = read(tmp_path, HUB + names + FAMILY + "runs = ['a']\n" + table).families
    assert dict(family.paths) == {"rate": "optimizer.lr"}
    assert family.tables == (TableSpec("Loss by rate", ("model",), ("lr",), "eval_loss.best"),)
