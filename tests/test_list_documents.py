"""Lists as ``report.json`` holds them, and a report built again from there."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen import resources
from reportgen.document import report_document
from reportgen.errors import ReportgenError
from reportgen.kinds import Problem
from reportgen.model_list import DirectorySource, HubSource, ModelList, RunSpec, load, to_dict
from reportgen.outputs.data import json_bytes
from reportgen.pull import Pulled, PullOptions, pull
from tests.lists import DIRECTORY, FAMILY, from_dict, mistakes, read
from tests.samples import family_report, report, run_report, run_spec, sample_report

EVERYTHING = """
title = "T"
description = "D"
synthetic = true
[source]
type = "hub"
repo = "org/x_{name}"
[smoothing]
window = 7
[figures]
width_mm = 85
runs = ["a"]
[pdf]
runs = "none"
[theme]
accent = "#1f4e79"
logo = "logo.svg"
[[family]]
name = "F"
label = "{op}"
x_range = [0, 5]
y_range = [1e-9, 1]
columns = ["label"]
order = "digits"
figures = []
expect = { spikes = "< 3" }
runs = [
  "a,b",
  { name = "c", revision = "v2", note = "", listed = { avg_final_loss = "1.0e-6" }, extra = { x = 1 } },
  { name = "a", source = { type = "directory", path = "runs/{name}.json" } },
]
[[family]]
name = "f"
runs = ["a"]
"""


def test_a_list_survives_json(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg/>", encoding="utf-8")
    one = read(tmp_path, EVERYTHING)
    written = json.dumps(to_dict(one), allow_nan=False)
    assert str(tmp_path) not in written
    assert from_dict(json.loads(written), str(tmp_path)) == one


@pytest.mark.parametrize(
    ("name", "kind", "start", "end"),
    [("logo.svg", "svg+xml", b"<svg><!--", b"--></svg>"), ("logo.PNG", "png", b"\x89PNG\r\n\x1a\n", b"")],
)
def test_a_report_has_its_logo_wherever_it_is_read(
    name: str, kind: str, start: bytes, end: bytes, tmp_path: Path
) -> None:
    data = start + b"x" * (2**20 - len(start + end)) + end  # as large as a logo may be
    (tmp_path / name).write_bytes(data)
    one = read(tmp_path, f"theme.logo = '{name}'\n{DIRECTORY}{FAMILY}runs = ['a']")
    (tmp_path / "elsewhere").mkdir()
    made = dataclasses.replace(report([family_report("F", [])]), lists=(one,))
    (again,) = load([str(write(tmp_path / "elsewhere", report_document(made)))])
    head, _, body = str(again.theme.logo).partition(",")
    assert (head, base64.b64decode(body)) == (f"data:image/{kind};base64", data)


@pytest.mark.parametrize(
    ("logo", "wrong"),
    [
        ("data:image/gif;base64,AAAA", "is not an image in base64; use a report.json that was not edited"),
        ("data:image/png,AAAA", "is not an image in base64; use a report.json that was not edited"),
        ("data:image/png;base64,AAA", "is not an image in base64; use a report.json that was not edited"),
        ("data:image/png;base64,", "is not an image in base64; use a report.json that was not edited"),
        ("data:image/png;base64,AA AA", "is not an image in base64; use a report.json that was not edited"),
        ("data:image/png;base64," + "AAAA" * 350_000, "is over 1 MiB; a logo must be smaller"),
        ("data:image/png;base64,AAAA", "is not a PNG; export it as one"),
        (
            "data:image/svg+xml;base64," + base64.b64encode(b'<svg><image href="http://a"/></svg>').decode(),
            'refers to "http://a", which a report never fetches; embed it in the file',
        ),
        ("../logo.png", 'holds ".." as a folder; a logo must lie in the list\'s folder'),
        ("gone.svg", "is not a file next to this list; put it there"),
    ],
)
def test_a_logo_of_a_report_is_held_to_the_checks_of_a_file(logo: str, wrong: str, tmp_path: Path) -> None:
    document = _with(["lists", 0, "theme"], {"logo": logo})
    (line,) = mistakes(tmp_path, json.dumps(document), "report.json")
    assert line.startswith("lists[0].theme.logo: ")
    assert line.endswith(wrong)


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("runs/{name}/x.json", "runs/{name}/x.json"),
        ("../runs/{name}.json", "../runs/{name}.json"),
        ("/data/me/{name}/x.json", "{name}/x.json"),
        ("/data/me/run_{name}.json", "run_{name}.json"),
        ("C:/data/{name}.json", "{name}.json"),
        ("//server/share/{name}.json", "{name}.json"),
    ],
)
def test_folders_of_this_machine_are_not_written(path: str, written: str, tmp_path: Path) -> None:
    source = f'[source]\ntype = "directory"\npath = "{path}"\n'
    document = to_dict(read(tmp_path, f'{source}{FAMILY}runs = ["a"]'))
    assert document["source"] == {"type": "directory", "path": written}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5))
def test_from_dict_raises_nothing_else(value: Any) -> None:
    good = to_dict(sample_report().lists[0])
    for key in good:
        with contextlib.suppress(ReportgenError):
            assert isinstance(from_dict(good | {key: value}, "/nowhere"), ModelList)


def write(folder: Path, document: Any) -> Path:
    file = folder / "report.json"
    file.write_bytes(json_bytes(document) if isinstance(document, dict) else document)
    return file


def test_a_report_gives_its_lists_at_the_commits_it_read(tmp_path: Path) -> None:
    made = sample_report()
    lists = load([str(write(tmp_path, report_document(made)))])
    read_before = {(run.spec.name, run.source.requested_revision): run.source for run in made.runs}
    runs = [run for one in lists for family in one.families for run in family.runs]
    assert len(runs) == sum(len(family.spec.runs) for family in made.families)
    for run in runs:
        assert isinstance(run.source, HubSource)
        record = read_before.get((run.name, run.source.revision))
        assert run.source.commit == (record.revision if record else None)
        assert run.sha256 == (record.sha256 if record else None)
    unpinned = [
        dataclasses.replace(
            one,
            families=tuple(
                dataclasses.replace(
                    family,
                    runs=tuple(
                        dataclasses.replace(
                            run, sha256=None, source=dataclasses.replace(run.source, commit=None)
                        )
                        for run in family.runs
                    ),
                )
                for family in one.families
            ),
        )
        for one in lists
    ]
    assert [to_dict(one) for one in unpinned] == [to_dict(one) for one in made.lists]
    assert [to_dict(one) for one in lists] == [to_dict(one) for one in made.lists]


def test_two_revisions_of_a_run_keep_their_own_commits(tmp_path: Path) -> None:
    name = "add_d5_l2_h3_t15K_s372001"
    sources = [
        HubSource("PhilipQuirke/QuantaMaths_{name}", "training_loss.json", word) for word in ("v1", "v2")
    ]
    runs = [
        run_report(
            name, spec=run_spec(name, source=source), revision=str(number) * 40, sha256=str(number) * 64
        )
        for number, source in enumerate(sources)
    ]
    # A report may order its runs otherwise than their list does.
    made = report([dataclasses.replace(family_report("F", runs), runs=tuple(reversed(runs)))])
    (one,) = load([str(write(tmp_path, report_document(made)))])
    pins = [(run.source.revision, run.source.commit, run.sha256) for run in one.families[0].runs]  # type: ignore[union-attr]
    assert pins == [("v1", "0" * 40, "0" * 64), ("v2", "1" * 40, "1" * 64)]


def directory_report(folder: Path) -> Path:
    source = DirectorySource("runs/{name}/training_loss.json", "/elsewhere")
    made = report([family_report("F", [run_report("a", spec=run_spec("a", source=source))])])
    return write(folder, report_document(made))


def base_of(one: ModelList) -> str:
    source = one.families[0].runs[0].source
    assert isinstance(source, DirectorySource)
    return source.base


def test_runs_of_a_folder_are_looked_for_beside_the_report_then_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    monkeypatch.chdir(here)
    file = str(directory_report(there))
    assert base_of(load([file])[0]) == str(there)
    (here / "runs" / "a").mkdir(parents=True)
    (here / "runs" / "a" / "training_loss.json").write_text("{}", encoding="utf-8")
    assert base_of(load([file])[0]) == str(here)
    (there / "runs" / "a").mkdir(parents=True)
    (there / "runs" / "a" / "training_loss.json").write_text("{}", encoding="utf-8")
    (one,) = load([file])
    assert base_of(one) == str(there)
    assert one.families[0].runs[0].sha256 == "ab" * 32


def test_a_folder_that_no_system_has_is_looked_for_all_the_same(tmp_path: Path) -> None:
    source = DirectorySource("x" * 300 + "/{name}.json", "/elsewhere")
    made = report([family_report("F", [run_report("a", spec=run_spec("a", source=source))])])
    assert base_of(load([str(write(tmp_path, report_document(made)))])[0]) == str(tmp_path)


@pytest.mark.parametrize("path", ["runs/{name}.json", "{here}/runs/{name}.json"])
def test_a_run_that_is_not_beside_its_report_is_missing_with_the_place_to_build_in(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = DirectorySource(path.replace("{here}", tmp_path.as_posix()), str(tmp_path))
    made = report([family_report("F", [run_report("a", spec=run_spec("a", source=source))])])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (one,) = load([str(write(tmp_path / "elsewhere", report_document(made)))])
    (problem,) = pull([("F", run) for run in one.families[0].runs], PullOptions(jobs=1))
    assert isinstance(problem, Problem)
    file = path.replace("{here}/runs/", "").replace("{name}", "a")
    assert problem.message == (
        f"{file} does not exist; build again in the folder where this path starts: "
        "it is searched for next to the report.json, then in the current folder"
    )


@pytest.mark.parametrize(
    ("path", "beside"),
    [
        ("runs/{name}.json", "."),
        ("./runs/{name}.json", "."),
        ("runs//./x-{name}.json", "."),
        ("../{name}/loss.json", "runs"),
        ("{here}/runs/{name}.json", "runs"),
        ("{here}/./runs/x-{name}/loss.json", "runs"),
    ],
)
def test_a_file_of_a_folder_is_held_to_its_hash_however_its_path_is_written(
    path: str, beside: str, tmp_path: Path
) -> None:
    base = tmp_path / beside
    source = DirectorySource(path.replace("{here}", tmp_path.as_posix()), str(base))
    file = base / source.path.replace("{name}", "a")
    base.mkdir(exist_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('{"TrainingLoss": [1]}')
    options = PullOptions(jobs=1)
    (read_before,) = pull([("F", RunSpec("a", source))], options)
    assert isinstance(read_before, Pulled)
    made = dataclasses.replace(run_report("a", spec=read_before.spec), source=read_before.source)
    (one,) = load([str(write(base, report_document(report([family_report("F", [made])]))))])
    again = [("F", one.families[0].runs[0])]
    assert isinstance(pull(again, options)[0], Pulled)
    file.write_text('{"TrainingLoss": [2]}')
    (changed,) = pull(again, options)
    assert isinstance(changed, Problem)
    assert "is no longer the file of that report" in changed.message


def test_a_report_of_a_list_that_ships_finds_its_runs(tmp_path: Path) -> None:
    (demo,) = load(["demo"])
    made = dataclasses.replace(
        report([family_report(family.name, []) for family in demo.families]), lists=(demo,)
    )
    (again,) = load([str(write(tmp_path, report_document(made)))])
    assert again.families[0].runs[0].source == demo.families[0].runs[0].source
    assert base_of(again) == str(resources.folder("model_lists"))


def test_a_report_and_a_list_share_no_slug(tmp_path: Path) -> None:
    (tmp_path / "list.toml").write_text(f'{DIRECTORY}{FAMILY}runs = ["a"]', encoding="utf-8")
    lists = load([str(directory_report(tmp_path)), str(tmp_path / "list.toml")])
    assert [family.slug for one in lists for family in one.families] == ["f", "f-2"]


def _with(path: list[Any], value: Any) -> dict[str, Any]:
    """The sample report's document with one value changed."""
    document = json.loads(json_bytes(report_document(sample_report())))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b"[]", "is an empty list; must be a table"),
        (b"null", "is null; use a report.json that was not edited"),
        (b"{", "line 1, column 2: "),
        (b'{"a": NaN}', "line 1, column 7: "),
        (b"\xff", "line 1, column 1: "),
        (_with(["schema"], 2), "schema: is 2; must be 1, the version that this reportgen reads"),
        (_with(["lists"], 5), "lists: is 5; must be lists as reportgen writes them"),
        (_with(["lists", 0], 5), "lists[0]: is not a list with a file, but 5; use a report.json"),
        (_with(["lists", 0, "titel"], 5), 'lists[0].titel: unknown key; did you mean "title"?'),
        (
            _with(["lists", 0, "family", 1, "runs", 0, "name"], "../x"),
            'lists[0].family[1].runs[0].name: "../x" holds ".." as a folder',
        ),
        (_with(["families", 0, "name"], "X"), "families: are not those of lists; use a report.json"),
        (
            _with(["families", 0, "runs", 0, "source", "sha256"], "X"),
            'families[0].runs[0].source.sha256: is "X"; families must be families as reportgen writes them',
        ),
        (
            _with(["families", 0, "runs", 0, "source", "revision"], "main"),
            'families[0].runs[0].source.revision: is "main"; families must be families as reportgen',
        ),
    ],
)  # fmt: skip
def test_reports_that_are_none(document: Any, expected: str, tmp_path: Path) -> None:
    file = write(tmp_path, document)
    found = mistakes(tmp_path, file.read_bytes(), "report.json")
    assert expected in found[0]


def test_deep_json_is_a_mistake(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, b'{"schema": ' + b"[" * 50_000, "report.json")
    assert "a report.json that was not edited" in line
