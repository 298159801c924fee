"""A folder of one's own templates: what of it is used, and what a build says of the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from reportgen import cli
from reportgen.errors import ReportgenError
from reportgen.outputs import own_templates


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("_heading.html.j2", '; did you mean "_head.html.j2"?'),
        ("_problem.html.j2", '; did you mean "_problems.html.j2"?'),
        ("_header.html", '; did you mean "_header.html.j2"?'),
        ("page.css", '; did you mean "page/page.css"?'),
        ("other/paper.css", '; did you mean "paper.css"?'),
        ("zzz", ""),
    ],
)
def test_a_file_of_no_shipped_name_is_a_warning_with_the_nearest(
    tmp_path: Path, name: str, near: str
) -> None:
    write(tmp_path, {"_header.html.j2": "", "page/page.css": "", "README.md": "", ".git/HEAD": "", name: ""})
    said = f"--templates {tmp_path}: {name} is not used, since no shipped file has this name{near}"
    assert own_templates.check(tmp_path) == (said,)


def test_a_part_and_a_font_that_another_file_names_are_used(tmp_path: Path) -> None:
    write(tmp_path, {"_header.html.j2": "{% include 'parts/logo.html.j2' %}", "parts/logo.html.j2": "logo"})
    write(tmp_path, {"paper.css": "@font-face { src: url(font:Mine.ttf) }", "fonts/Mine.ttf": "font"})
    assert own_templates.check(tmp_path) == ()


def test_many_files_of_no_use_are_a_few_lines(tmp_path: Path) -> None:
    write(tmp_path, {f"{number}.dat": "" for number in range(7)})
    said = [line.removeprefix(f"--templates {tmp_path}: ") for line in own_templates.check(tmp_path)]
    assert [line.split()[0] for line in said[:5]] == [f"{number}.dat" for number in range(5)]
    assert said[5:] == ["2 more files are not used either"]


def test_a_template_of_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "paper.css").write_bytes("a {}\n/* é */".encode("latin-1"))
    with pytest.raises(ReportgenError) as refused:
        own_templates.check(tmp_path)
    assert str(refused.value) == f"--templates {tmp_path}: paper.css: line 2: is not UTF-8; save it as UTF-8"
    assert refused.value.exit_code == 2


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """A build of one short run."""
    (tmp_path / "a.json").write_text(json.dumps({"Config": {}, "TrainingLoss": [1.0, 0.5, 0.25]}))
    (tmp_path / "list.toml").write_text(
        '[source]\ntype = "directory"\npath = "{name}.json"\n[[family]]\nname = "F"\nruns = ["a"]\n'
    )
    options = ["--format", "html", "--no-cache", "--quiet", "--templates", str(tmp_path / "mine")]
    return ["build", str(tmp_path / "list.toml"), "-o", str(tmp_path / "out"), *options]


@pytest.mark.parametrize("made", [False, True])
def test_a_folder_that_is_none_is_a_mistake(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str], made: bool
) -> None:
    if made:
        (tmp_path / "mine").touch()
    assert cli.main(words) == 2
    wrong = "is a file" if made else "does not exist"
    said = f"reportgen: --templates {tmp_path / 'mine'}: {wrong}; name a folder\n"
    assert capsys.readouterr().err == said
    assert not (tmp_path / "out").exists()


def test_a_build_warns_of_a_file_it_will_not_use_and_uses_the_others(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "mine", {"_heading.html.j2": "", "_problems.html.j2": "<p>of my own</p>"})
    for _ in range(2):  # The second time nothing is rewritten, and it is no less true.
        assert cli.main(words) == 0
        assert capsys.readouterr().err.startswith(
            f"warning: --templates {tmp_path / 'mine'}: _heading.html.j2 is"
        )
    assert "<p>of my own</p>" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_template_that_fails_ends_the_build_in_one_line(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "mine", {"page/page.css": "a {}\n{{ 1 / 0 }}"})
    assert cli.main(words) == 1
    fails = "template page/page.css: line 2: ZeroDivisionError: division by zero; see docs/templates.md"
    assert capsys.readouterr().err == f"reportgen: {fails}\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [("{% include '_header.html.j2' %}", "RecursionError: "), ("{{ figure() }}", "TypeError: ")],
)
def test_a_template_that_calls_itself_or_calls_wrongly_is_one_line(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    write(tmp_path / "mine", {"_header.html.j2": text})
    assert cli.main(words) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"reportgen: template _header.html.j2: line 1: {said}")
