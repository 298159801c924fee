"""``reportgen init``, and ``build`` of a folder: what is written for runs that nobody wrote a list for."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from reportgen import cli, first_list, model_list
from reportgen.discover import discover
from reportgen.errors import ReportgenError
from reportgen.pull import PullOptions
from reportgen.survey import Survey, SurveyedRun, SurveyedSource
from reportgen.text import natural

DATA = Path(__file__).parent / "data"
TABLE = "step,loss\n1,2.0\n2,1.5\n3,1.0\n4,0.5\n"


def found(text: str, base: Path) -> list[list[str]]:
    """The runs that a list finds, by family."""
    expanded = discover((model_list.load_text(text, base, "list"),), PullOptions())
    assert expanded.problems == ()
    return [[run.name for run in family.runs] for family in expanded.lists[0].families]


def tables(folder: Path, *names: str, header: str = "loss") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(TABLE.replace("loss", header))


def names(report: dict[str, Any]) -> list[str]:
    """Of the runs of a report."""
    return [run["name"] for family in report["families"] for run in family["runs"]]


def quanta(folder: Path, *names: str) -> None:
    """Runs of one JSON file each, with a configuration that tells rate and seed."""
    for i, name in enumerate(names):
        file = folder / name / "training_loss.json"
        file.parent.mkdir(parents=True)
        config = {"lr": 10.0 ** -(1 + i // 2), "seed": i % 2, "output_dir": f"/x/{name}"}
        losses = [2.0 / (1 + i + step) for step in range(40)]
        file.write_text(json.dumps({"Config": config, "TrainingLoss": losses}))


@pytest.mark.parametrize("tool", ["transformers", "lightning", "wandb"])
def test_files_of_real_tools_make_a_list_that_finds_their_runs(tool: str, tmp_path: Path) -> None:
    shutil.copytree(DATA / tool, tmp_path / tool)
    made = first_list.of_folder(tmp_path / tool)
    (source,) = first_list.survey(tmp_path / tool).sources
    assert found(made.text, tmp_path / tool) == [[run.name for run in source.runs]]
    assert any(
        line.startswith(f"found {len(source.runs)} runs of format {source.format}") for line in made.said
    )


def test_it_says_what_differs_and_what_makes_groups() -> None:
    lines = first_list.of_folder(DATA / "transformers").text.splitlines()
    assert 'runs = ["*"]   # 4 runs: killed, lr0.001-s1, lr0.01-s1, lr0.01-s2' in lines
    assert "# differ by learning_rate: 0.001, 0.01" in lines
    assert "# runs that agree in all but seed form a group" in lines
    assert not any(line.startswith("[names]") for line in lines)
    assert len(lines) < 15


def test_runs_come_in_natural_order(tmp_path: Path) -> None:
    quanta(tmp_path / "out", "b", "a", "c10", "c2")
    text = first_list.of_folder(tmp_path / "out").text
    assert 'runs = ["*"]   # 4 runs: a, b, c2, c10' in text.splitlines()
    assert found(text, tmp_path / "out") == [["a", "b", "c2", "c10"]]


def test_where_no_configuration_says_it_names_do(tmp_path: Path) -> None:
    tables(
        tmp_path,
        *(
            f"lr{rate}-bs_{size}-s{seed}.csv"
            for rate in ("0.1", "1e-3")
            for size in (8, 16)
            for seed in (1, 2)
        ),
    )
    list_ = tomllib.loads(first_list.of_folder(tmp_path).text)
    assert list_["source"] == {"type": "directory", "path": "{name}.csv"}
    assert list_["names"]["pattern"] == "lr(?P<lr>[0-9.e-]+)-bs_(?P<bs>[0-9.e-]+)-s(?P<seed>[0-9.e-]+)"


@pytest.mark.parametrize(
    "names", [("version_0", "version_1"), ("1", "2"), ("vit-1", "resnet-2"), ("a1b", "a2b-3")]
)
def test_names_that_tell_no_setting_make_no_pattern(tmp_path: Path, names: tuple[str, ...]) -> None:
    tables(tmp_path, *(f"{name}.csv" for name in names))
    assert "names" not in tomllib.loads(first_list.of_folder(tmp_path).text)


def test_a_list_elsewhere_finds_the_same_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quanta(tmp_path / "a" / "out", "x", "y")
    (tmp_path / "lists").mkdir()
    file = tmp_path / "lists" / "mine.toml"
    assert cli.main(["init", str(tmp_path / "a" / "out"), "-o", str(file)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{file}: written; build it with: reportgen build {file}" in said.err
    assert tomllib.loads(file.read_text())["source"]["path"] == "../a/out/{name}"
    assert found(file.read_text(), file.parent) == [["x", "y"]]
    before = file.read_text()
    assert cli.main(["init", str(tmp_path / "a" / "out"), "-o", str(file)]) == 1
    assert "exists already, and is not overwritten" in capsys.readouterr().err
    assert file.read_text() == before


def test_runs_of_two_kinds_are_two_families(tmp_path: Path) -> None:
    quanta(tmp_path / "json", "x", "y", "z")
    tables(tmp_path, "csv/p.csv", "csv/q.csv", header="val_accuracy")
    text = first_list.of_folder(tmp_path).text
    assert found(text, tmp_path) == [["x", "y", "z"], ["p", "q"]]
    families = tomllib.loads(text)["family"]
    assert len({family["name"] for family in families}) == 2
    assert "rank_by" not in families[0]
    assert families[1]["rank_by"] == "val_accuracy.best"


def test_a_folder_without_runs_says_what_it_holds_instead(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"accuracy": 0.5}')
    with pytest.raises(ReportgenError) as failed:
        first_list.of_folder(tmp_path)
    assert failed.value.exit_code == 2
    assert str(failed.value).startswith(f"{tmp_path}: no run was found (results.json: ")
    with pytest.raises(ReportgenError, match=r"does not exist$"):
        first_list.of_folder(tmp_path / "nothing")


def test_building_a_folder_builds_that_list_twice_in_a_row_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quanta(tmp_path / "out", "a", "b", "c", "d")
    (tmp_path / "out" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    monkeypatch.chdir(tmp_path / "out")
    words = ["build", ".", "--format", "html", "--no-cache"]
    for _ in range(2):
        assert cli.main(words) == 0
        report = json.loads((tmp_path / "out" / "report" / "report.json").read_text())
        assert names(report) == ["a", "b", "c", "d"]
        assert report["title"] == "out"
    assert "nothing changed since the last build" in capsys.readouterr().err
    # What was found is in the report: it builds the same runs, though there are more by now.
    quanta(tmp_path / "out", "e")
    assert cli.main(["build", "report/report.json", "-o", "again", "--format", "html", "--no-cache"]) == 0
    again = json.loads((tmp_path / "out" / "again" / "report.json").read_text())
    assert names(again) == ["a", "b", "c", "d"]


def hub_source(repo: str, file: str, *names: str) -> SurveyedSource:
    runs = tuple(SurveyedRun(name) for name in names)
    return SurveyedSource({"type": "hub", "repo": repo, "file": file}, "", runs)


def test_an_owner_on_the_hub() -> None:
    sources = (
        hub_source("me/x_{name}", "training_loss.json", "a", "b"),
        hub_source("me/x_{name}", ".", "c"),
    )
    made = first_list.of_hub("me/x_", lambda *_: Survey(Path(), sources))
    list_ = tomllib.loads(made.text)
    assert (list_["source"]["repo"], list_["source"]["file"]) == ("me/x_{name}", "training_loss.json")
    assert list_["family"][0]["runs"] == ["*"]
    assert made.said == ("found 2 runs at me/x_{name}, training_loss.json", "found 1 run at me/x_{name}, .")
    model_list.load_text(made.text, Path(), "list")


@pytest.mark.parametrize(
    ("place", "repo"), [("someone", "someone/{name}"), ("some.one/x-", "some.one/x-{name}")]
)
def test_an_owner_that_could_not_be_looked_through(place: str, repo: str) -> None:
    made = first_list.of_hub(place, lambda *_: Survey(Path(), (), (), "no answer"))
    list_ = tomllib.loads(made.text)
    assert (list_["source"]["repo"], list_["source"]["file"]) == (repo, ".")
    assert made.said == ("the Hub could not be searched: no answer",)
    with pytest.raises(ReportgenError, match="no repository"):
        first_list.of_hub(place, lambda *_: Survey(Path(), ()))


@pytest.mark.parametrize("place", ["", "a/b/c", 'a"b', "a b"])
def test_no_owner_is_a_line(place: str) -> None:
    with pytest.raises(ReportgenError, match="write hub:OWNER"):
        first_list.of_hub(place)


def test_show_prints_a_list_that_ships(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", "demo"]) == 0
    shipped = model_list.shipped_file("demo")
    assert shipped is not None
    assert tomllib.loads(capsys.readouterr().out) == tomllib.loads(shipped.read_text(encoding="utf-8"))
    assert cli.main(["show", "dmeo"]) == 2
    assert 'no list that ships is called "dmeo"; did you mean "demo"?' in capsys.readouterr().err


def test_schema_prints_what_every_list_that_ships_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    for name in model_list.shipped_names():
        shipped = model_list.shipped_file(name)
        assert shipped is not None
        assert set(tomllib.loads(shipped.read_text(encoding="utf-8"))) <= set(schema["properties"])


def test_folders_that_several_runs_share_are_an_attribute(tmp_path: Path) -> None:
    tables(
        tmp_path,
        *(f"{model}/lr={lr}/log.csv" for model in ("resnet18", "vit-tiny") for lr in ("0.01", "0.5")),
    )
    made = tomllib.loads(first_list.of_folder(tmp_path).text)
    assert made["names"]["pattern"] == r"(?P<folder>[^/]+)/lr=(?P<lr>[0-9.e-]+)"


def test_folders_of_one_run_each_and_counted_ones_are_none(tmp_path: Path) -> None:
    tables(tmp_path, *(f"{model}/version_{n}/log.csv" for n, model in enumerate(("resnet", "vit", "mlp"))))
    assert "names" not in tomllib.loads(first_list.of_folder(tmp_path).text)
    tables(tmp_path, "vit/version_7/log.csv")
    made = tomllib.loads(first_list.of_folder(tmp_path).text)
    assert made["names"]["pattern"] == "(?P<folder>[^/]+)/[^/]+"


@pytest.mark.skipif(os.name == "nt", reason="Windows takes no such names")
def test_names_that_no_run_may_have_are_left_out_and_the_list_builds(tmp_path: Path) -> None:
    sound = ("a, b", "it's", 'quo"te', "run{1}", "[br]", "-dash")
    tables(tmp_path, *(f"{name}/log.csv" for name in (*sound, "star*x", "q?x", "tab\tx")))
    made = first_list.of_folder(tmp_path)
    assert found(made.text, tmp_path) == [sorted(sound, key=natural)]
    assert sum("rename it" in line for line in made.said) == 3


@pytest.mark.skipif(os.name == "nt", reason="Windows takes no such names")
def test_runs_that_only_names_tell_apart_are_those_that_a_list_can_name(tmp_path: Path) -> None:
    quanta(tmp_path, "x", "y")  # Two formats in one place: no pattern finds the runs of one alone.
    tables(tmp_path, "csv/p/log.csv", "csv/a, b/log.csv")
    made = first_list.of_folder(tmp_path)
    names = [name for family in found(made.text, tmp_path) for name in family]
    assert set(names) >= {"x", "y"}
    assert "csv/p" in names or "p" in names


def test_a_folder_that_is_itself_a_store_is_found_from_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "charts"
    folder.mkdir()
    for name in ("train_loss", "val_loss"):
        columns = [f"{run} - {name}{end}" for run in "ab" for end in ("", "__MIN", "__MAX")]
        rows = [[step, *[9 - step] * 3, *[8 - step] * 3] for step in range(8)]
        lines = [",".join(["Step", *columns]), *(",".join(map(str, row)) for row in rows)]
        (folder / f"{name}.csv").write_text("\n".join([*lines, ""]))
    monkeypatch.chdir(folder)
    made = first_list.of_folder(Path())
    assert made.text == first_list.of_folder(folder).text
    assert found(made.text, folder) == [["a", "b"]]
