"""Options of a build: declared once, read alike from the command and from Python."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import pytest

import reportgen
from reportgen import BuildOptions, ReportgenError, cli, options, provenance


def parsed(*words: str) -> dict[str, Any]:
    """What the command makes of its words, without what was left out."""
    parser = argparse.ArgumentParser()
    cli.add_build_options(parser)
    given = vars(parser.parse_args(words))
    names = {one.name for one in dataclasses.fields(BuildOptions)}
    return {name: value for name, value in given.items() if name in names and value is not None}


@pytest.mark.parametrize(
    ("words", "given", "read"),
    [
        (("--format", "PDF"), {"formats": "pdf"}, ("pdf",)),
        (("--format", "pdf", "--format", "html"), {"formats": ["pdf", "html"]}, ("html", "pdf")),
        (("--paper", "A4"), {"paper": "A4"}, "a4"),
        (("--jobs", "3"), {"jobs": "3"}, 3),
        (("--jobs", "3"), {"jobs": 3}, 3),
        (("--max-file-size", "900K"), {"max_file_size": 900 * 1024}, 900 * 1024),
        (("--max-file-size", "2G"), {"max_file_size": "2G"}, 2 * 2**30),
        (("--timeout", "0.5"), {"timeout": 0.5}, 0.5),
        (("--family", "one"), {"families": "one"}, ("one",)),
        (("--run", "a", "--run", "b"), {"runs": ["a", "b"]}, ("a", "b")),
        (("--baseline", "a/report.json"), {"baseline": "a/report.json"}, Path("a/report.json")),
        (("--cache-dir", "c"), {"cache_dir": Path("c")}, Path("c")),
        (("--no-cache",), {"use_cache": False}, False),
        (("--offline",), {"offline": True}, True),
        (("--device", "cuda:1"), {"device": "cuda:1"}, "cuda:1"),
    ],
)
def test_the_command_and_python_read_an_option_alike(
    words: tuple[str, ...], given: dict[str, Any], read: Any
) -> None:
    (name,) = given
    assert getattr(BuildOptions(**given), name) == read
    assert BuildOptions(**parsed(*words)) == BuildOptions(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"formats": ["latex"]}, 'formats: "latex" is not known; it must be "html" or "pdf"'),
        ({"formats": "pfd"}, 'formats: "pfd" is not known; did you mean "pdf"?'),
        ({"formats": []}, 'formats: is empty; name "html" or "pdf", or omit it'),
        ({"paper": "A5"}, 'paper: "A5" is not known; it must be "a4" or "letter"'),
        ({"jobs": "many"}, 'jobs: "many" is not a whole number of 1 or more'),
        ({"jobs": True}, "jobs: a value of type bool is not accepted"),
        ({"timeout": float("nan")}, 'timeout: "nan" is not a number of seconds above 0'),
        ({"device": "cuda:" + "1" * 5000}, None),
        ({"title": "  "}, "title: is empty; must be text"),
        ({"offline": "no"}, 'offline: "no" is neither True nor False'),
        ({"family": "F"}, 'no option "family"; did you mean "families"?'),
    ],
)
def test_a_wrong_option_in_python_is_a_line(given: dict[str, Any], said: str | None, tmp_path: Path) -> None:
    with pytest.raises(ReportgenError) as failed:
        reportgen.build("demo", tmp_path / "out", **given)
    assert failed.value.exit_code == 2
    assert said is None or str(failed.value) == said
    assert len(str(failed.value).splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_what_shaped_a_report_is_printed_as_the_command_takes_it() -> None:
    given = BuildOptions(
        formats="pdf",
        device="cpu",
        title="--family",
        families=("A", "B"),
        paper="letter",
        offline=True,
        baseline=Path("/x/y/report.json"),
        templates=Path("/x/y/own"),
        jobs=3,
        use_cache=False,
    )
    words = options.command_words(given)
    assert words == [
        *("--format", "pdf", "--device", "cpu", "--title", "--family", "--family", "A", "--family", "B"),
        *("--paper", "letter", "--offline", "--baseline", "report.json", "--templates", "own"),
    ]
    assert options.command_words(BuildOptions()) == []
    assert options.command_words(BuildOptions(formats=("pdf", "html"))) == []


def test_the_names_of_the_package_are_what_the_contract_says() -> None:
    assert reportgen.BuildOptions is BuildOptions
    assert callable(reportgen.build)
    assert "build" not in {path.stem for path in Path(reportgen.__file__).parent.glob("*.py")}


def test_templates_inside_the_package_are_digested_once() -> None:
    package, apart = Path("/p/reportgen"), Path("/p/templates")
    assert provenance._outermost([package, package / "templates"]) == [package]
    assert provenance._outermost([package, apart]) == [package, apart]
