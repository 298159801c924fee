"""The command as a user types it: exit codes, streams, and what is not imported on the way."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reportgen import cli
from reportgen.errors import ReportgenError
from reportgen.outputs import folder
from reportgen.terminal import make_log
from tests.processes import processes_below, wait_for_the_end_of

SLOW = {"numpy", "torch", "pandas", "plotly", "weasyprint", "kaleido", "huggingface_hub", "jinja2"}

GOOD = """
[source]
type = "directory"
path = "runs/{name}.json"
[[family]]
name = "F"
runs = ["a", "b"]
"""


def reportgen(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "reportgen", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A list of two short runs."""
    (tmp_path / "runs").mkdir()
    for name, last in (("a", 1e-9), ("b", 2e-9)):
        losses = [2.9 / 2**i for i in range(30)] + [last] * 5
        (tmp_path / "runs" / f"{name}.json").write_text(json.dumps({"Config": {}, "TrainingLoss": losses}))
    file = tmp_path / "list.toml"
    file.write_text(GOOD)
    return file


@pytest.mark.parametrize("words", [("--help",), ("check", "demo"), ("runs", "demo"), ("build", "--help")])
def test_short_answers_import_nothing_slow(words: tuple[str, ...]) -> None:
    script = (
        "import sys; from reportgen.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        f"print(sorted({SLOW!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


def test_a_page_made_on_the_cpu_loads_neither_torch_nor_what_the_pdf_needs(
    good: Path, tmp_path: Path
) -> None:
    script = (
        "import sys; from reportgen.cli import main; code = main(sys.argv[1:])\n"
        "print(code, sorted({'torch', 'pandas', 'plotly', 'weasyprint', 'kaleido'} & set(sys.modules)))"
    )
    words = [
        "build",
        str(good),
        "-o",
        str(tmp_path / "out"),
        "--format",
        "html",
        "--no-cache",
        "--device",
        "cpu",
    ]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_a_build_that_changes_nothing_imports_nothing_slow(good: Path, tmp_path: Path) -> None:
    words = ["build", str(good), "-o", str(tmp_path / "out"), "--format", "html", "--no-cache", "--quiet"]
    assert cli.main(words) == 0
    script = (
        "import sys; from reportgen.cli import main; main(sys.argv[1:])\n"
        f"print(sorted({SLOW!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


def test_version_and_help() -> None:
    assert reportgen("--version").stdout.startswith("reportgen 0.")
    assert "build a report" in reportgen("--help").stdout


def test_alone_it_shows_help_with_an_example() -> None:
    done = reportgen()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == reportgen("--help").stdout
    assert "reportgen build demo " in done.stdout


def test_a_report_goes_into_the_folder_report(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["build", str(good), "--format", "html", "--no-cache", "--quiet"]) == 0
    assert (tmp_path / "report" / "report.html").is_file()


def test_runs_go_to_standard_output(good: Path) -> None:
    done = reportgen("runs", good)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["FAMILY", "RUN", "SOURCE"],
        ["F", "a", "runs/a.json"],
        ["F", "b", "runs/b.json"],
    ]


def test_check_names_every_mistake(tmp_path: Path) -> None:
    file = tmp_path / "list.toml"
    file.write_text(GOOD.replace("path", "pth").replace('"b"', '{ name = "b", lable = "x" }'))
    done = reportgen("check", file)
    assert done.returncode == 2
    assert 'list.toml: source.pth: unknown key; did you mean "path"?' in done.stdout
    assert 'list.toml: family[0].runs[1].lable: unknown key; did you mean "label"?' in done.stdout


def test_check_names_a_list_alike_with_and_without_mistakes(tmp_path: Path) -> None:
    one, two = tmp_path / "lists" / "one.toml", tmp_path / "lists" / "two.toml"
    one.parent.mkdir()
    one.write_text(GOOD.replace('"a", ', ""))
    two.write_text(GOOD + '[[family]]\nname = "G"\nruns = ["a"]\n')
    for name in ("a", "b"):
        (one.parent / "runs").mkdir(exist_ok=True)
        (one.parent / "runs" / f"{name}.json.gz").write_bytes(b"")
    done = reportgen("check", one.parent, "demo")
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            f"{one}: 1 family, 1 run, no mistakes; 1 run found",
            f"{two}: 2 families, 3 runs, no mistakes; 3 runs found",
            "demo.toml: 3 families, 10 runs, no mistakes; 10 runs found",
        ],
    )
    one.write_text("family = 1")
    assert reportgen("check", one.parent).stdout.startswith(f"{one}: family: ")


def test_check_looks_at_files_on_disk(good: Path, tmp_path: Path) -> None:
    (tmp_path / "runs" / "b.json").unlink()
    done = reportgen("check", good)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.splitlines() == [
        f"{good}: 1 family, 2 runs, no mistakes; 1 of 2 runs found",
        f"{good}: F: b: runs/b.json does not exist",
    ]
    good.write_text(GOOD.replace('["a", "b"]', '["*", "x*"]'))
    (tmp_path / "runs" / "note.json").write_text("1")
    done = reportgen("check", good)
    assert done.returncode == 3
    first, second = done.stdout.splitlines()
    assert first.startswith(
        f"{good}: 1 family, 2 patterns, no mistakes; F: * found 1 run, 1 other place without a series"
    )
    assert second == f"{good}: F: x* finds no run; correct the pattern or the source"


def test_check_says_which_found_runs_lack_what_they_are_ranked_by(tmp_path: Path) -> None:
    for name, text in {
        "a": "step,loss\n1,3\n2,2\n",
        "b": "step,loss\n1,4\n2,3\n",
        "c": "step,learning_rate\n1,0.1\n2,0.2\n",
        "d": "step,loss\n",
        "e": "a page",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "log.csv").write_text(text)
    place = tmp_path / "list.toml"
    place.write_text(
        '[source]\ntype = "directory"\npath = "{name}/log.csv"\n[[family]]\nname = "F"\nruns = ["*"]\n'
    )
    done = reportgen("check", place)
    assert (done.returncode, done.stderr) == (3, "")
    first, second = done.stdout.splitlines()
    assert first.endswith("; 3 runs found, 1 without a loss, 2 other places without a series"), first
    assert second == (
        f"{place}: F: c: has no training loss; name it under [series.loss] from = [...]; "
        "its series: learning_rate"
    )


def test_a_build_speaks_on_standard_error_only(good: Path, tmp_path: Path) -> None:
    done = reportgen("build", good, "-o", tmp_path / "out", "--format", "html", "--no-cache")
    assert (done.returncode, done.stdout) == (0, "")
    assert "2 runs, 0 problems" in done.stderr
    assert "\x1b" not in done.stderr and "\r" not in done.stderr


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("bild", "demo"), 'reportgen: no command "bild"; did you mean "build"? See reportgen --help\n'),
        (("build",), "reportgen build: the following arguments are required: LIST; see"),
        (
            ("build", "demo", "-o", "out", "--formt=html"),
            'reportgen build: unknown option --formt; did you mean "--format"? See reportgen build --help\n',
        ),
        (("build", "demo", "-o", "out", "--format", "pfd"), '"pfd" is not known; did you mean "pdf"? See'),
        (("build", "demo", "-o", "out", "--quiet", "--verbose"), "not allowed with"),
        (("build", "demo", "-o", "out", "quanta-maths"), 'reportgen build: unexpected "quanta-maths"; see'),
        (("diff", "--old", "a", "b"), 'reportgen diff: unknown option --old; known: "--help", "-h"; see'),
        (("build", "demo", "-o", "out", "--device", "gpu"), "not one of auto, cpu, cuda"),
        (("build", "demo", "-o", "out", "--jobs", "0"), "whole number of 1 or more"),
        (("build", "demo", "-o", "out", "--timeout", "nan"), "seconds above 0"),
        (("build", "demo", "-o", "out", "--max-file-size", "big"), "such as 900K"),
        (("build", "demo", "-o", "out", "--max-file-size", "9" * 5000), "such as 900K"),
        (("build", "demo", "-o", "out", "--jobs", "9" * 5000), "whole number of 1 or more"),
        (("build", "demo", "-o", "out", "--title", "   "), "argument --title: is empty; must be text; see"),
        (("build", "demo", "-o", ""), "argument -o/--out: is empty; name a folder; see"),
        (("build", "demo", "-o", "out", "--paper", "A5"), 'it must be "a4" or "letter"; see'),
        (("build", "dmeo", "-o", "out"), "demo"),
        (("build", "demo", "-o", "out", "--family", "Additon by digits"), "Addition by digits"),
        (("build", "demo", "-o", "out", "--run", "nobody"), "no such name"),
        (("build", "demo", "-o", "out", "--run", "nobody*"), "fits the name of no run in the lists"),
        (
            (
                *("build", "demo", "-o", "out", "--run", "sub_d4_l2_h3_t10K_s372001"),
                *("--family", "addition-by-digits"),
            ),
            'is in no family that --family names, but in "Mixed and subtraction"',
        ),
    ],
)
def test_a_bad_command_line_is_2_and_says_what_would_be_right(
    words: tuple[str, ...], part: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reportgen", *words], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert part in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="words of a command are text on Windows")
@pytest.mark.parametrize("option", [None, "--title", "--templates"])
def test_a_word_that_is_not_utf8_is_a_mistake(good: Path, tmp_path: Path, option: str | None) -> None:
    word = os.fsdecode(b"caf\xe9")
    words = ["build", word] if option is None else ["build", good, option, word]
    done = reportgen(*words, "-o", tmp_path / "out")
    said = f'argument {option or "LIST"}: "caf\\udce9" holds a byte that is not UTF-8; write it in UTF-8'
    assert (done.returncode, done.stderr) == (2, f"reportgen build: {said}; see reportgen build --help\n")


@pytest.mark.skipif(os.name == "nt", reason="names of files are text on Windows")
def test_a_list_whose_name_is_not_utf8_is_a_mistake(good: Path, tmp_path: Path) -> None:
    good.rename(tmp_path / os.fsdecode(b"caf\xe9.toml"))
    done = reportgen("check", tmp_path)
    said = f"{tmp_path}/caf\\udce9.toml: has a name that is not UTF-8; rename it\n"
    assert (done.returncode, done.stdout) == (2, said)


@pytest.mark.parametrize("epoch", ["abc", "-1", "99999999999999", "9" * 5000])
def test_a_source_date_epoch_that_is_no_time_is_a_mistake(good: Path, tmp_path: Path, epoch: str) -> None:
    done = reportgen("build", good, "-o", tmp_path / "out", SOURCE_DATE_EPOCH=epoch)
    assert done.returncode == 2
    assert done.stderr.startswith(f'reportgen: SOURCE_DATE_EPOCH: "{epoch[:14]}')
    assert done.stderr.endswith("is not a number of seconds from 0 to 253402300799; set one, or unset it\n")
    assert len(done.stderr.splitlines()) == 1


def test_what_the_terminal_cannot_write_is_an_escape(good: Path) -> None:
    good.write_text(GOOD.replace('"F"', '"é😀"'), encoding="utf-8")
    done = reportgen("runs", good, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].split() == ["\\xe9\\U0001f600", "a", "runs/a.json"]


def test_a_mistake_of_the_command_line_is_told_as_any_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert cli.main(["diff", "a", "b", "\x1b[2J\n"]) == 2
    said = 'reportgen diff: unexpected "\\x1b[2J"; see reportgen diff --help'
    assert capsys.readouterr().err == f"::error::{said}\n"
    with pytest.raises(SystemExit) as helped:
        cli.main(["build", "--help"])
    assert helped.value.code == 0


def test_an_output_folder_that_is_a_file_or_holds_files_of_others_is_found_at_once(
    good: Path, tmp_path: Path
) -> None:
    done = reportgen("build", good, "-o", good)
    assert (done.returncode, done.stderr) == (2, f"reportgen: -o {good}: is a file; name a folder\n")
    assert good.read_text() == GOOD
    for name in ("report.html", "report.json", "summary.md", "manifest.json"):
        (tmp_path / name).write_text("mine")
        done = reportgen("build", good, "-o", tmp_path, "--format", "html")
        said = f"{tmp_path / name}: exists, and no build wrote it; move it, or choose another -o"
        assert (done.returncode, done.stderr) == (1, f"reportgen: {said}\n")
        assert (tmp_path / name).read_text() == "mine"
        (tmp_path / name).unlink()
    (tmp_path / "report.pdf").write_text("mine")
    done = reportgen("build", good, "-o", tmp_path, "--format", "html", "--no-cache")
    assert done.returncode == 0
    assert done.stderr.endswith(f": {tmp_path / 'report.html'}\n")
    assert (tmp_path / "report.pdf").read_text() == "mine"


def test_a_missing_run_is_3_unless_allowed(good: Path, tmp_path: Path) -> None:
    (tmp_path / "runs" / "b.json").unlink()
    words = ["build", good, "-o", tmp_path / "out", "--format", "html", "--no-cache"]
    done = reportgen(*words)
    assert done.returncode == 3
    said = "warning: F: b: runs/b.json does not exist; put it there, or remove the run from the list"
    assert done.stderr.splitlines().count(said) == 1
    again = reportgen(*words)
    assert again.returncode == 3
    assert again.stderr.splitlines()[1:] == [
        said,
        f"{tmp_path / 'out'}: nothing changed since the last build; nothing is rewritten",
    ]
    assert reportgen(*words, "--allow-missing").returncode == 0


def test_no_usable_run_is_1_and_writes_nothing(good: Path, tmp_path: Path) -> None:
    for file in (tmp_path / "runs").iterdir():
        file.unlink()
    done = reportgen("build", good, "-o", tmp_path / "out", "--format", "html")
    assert done.returncode == 1
    assert "not one of 2 runs could be used" in done.stderr
    assert not (tmp_path / "out").exists()
    done = reportgen("build", good, "-o", tmp_path / "out", "--format", "html", "--run", "a")
    assert "pull 1 run: " in done.stderr
    assert "the one run could not be used, so nothing is written; a: runs/a.json does not" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize(
    ("where", "form", "made"),
    [
        ("2>&-", "text", "pdf"),
        ("0<&- 2>&-", "json", "html"),
        ("2>/dev/full", "text", "pdf"),
        ("2>/dev/full", "json", "html"),
        ("2>&1 >/dev/null | true", "text", "html"),
    ],
)
def test_a_log_that_cannot_be_written_costs_no_report(
    good: Path, tmp_path: Path, where: str, form: str, made: str
) -> None:
    words = ["build", good, "-o", tmp_path / "out", "--no-cache", "--format", made, "--log-format", form]
    command = shlex.join(map(str, [sys.executable, "-m", "reportgen", *words]))
    script = f"{{ {command}; echo $? > {shlex.quote(str(tmp_path / 'code'))}; }} {where}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.stderr) == ("", "")
    assert (tmp_path / "code").read_text() == "0\n"
    assert (tmp_path / "out" / f"report.{made}").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["runs", "check"])
def test_an_answer_that_cannot_be_written_is_one_line_and_1(good: Path, command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "reportgen", command, good], stdout=full, stderr=subprocess.PIPE, text=True
        )
    said = "reportgen: standard output cannot be written (No space left on device); send it elsewhere\n"
    assert (done.returncode, done.stderr) == (1, said)


def test_a_failed_expectation_is_4(good: Path, tmp_path: Path) -> None:
    good.write_text(GOOD + 'expect = { avg_final_loss = "<= 1.5e-9" }\n')
    words = ["build", good, "-o", tmp_path / "out", "--format", "html", "--no-cache"]
    done = reportgen(*words)
    assert done.returncode == 4
    said = "warning: F: b: AvgFinalLoss is 2.00×10⁻⁹, expected ≤ 1.5×10⁻⁹"
    assert [line for line in done.stderr.splitlines() if "AvgFinalLoss" in line] == [said]
    again = reportgen(*words)
    assert again.returncode == 4
    assert said in again.stderr.splitlines()


def test_the_last_line_says_how_much_changed_since_the_baseline(good: Path, tmp_path: Path) -> None:
    def build(out: str, *since: str | Path) -> str:
        words = ["build", good, "-o", tmp_path / out, "--format", "html", "--no-cache", *since]
        done = reportgen(*words, SOURCE_DATE_EPOCH="0")
        assert done.returncode == 0
        return done.stderr.splitlines()[-1]

    since = ("--baseline", tmp_path / "one" / "report.json")
    epoch = "1970-01-01T00:00:00Z"
    assert build("one") == f"2 runs, 0 problems: {tmp_path / 'one' / 'report.html'}"
    said = f"2 runs, 0 problems, nothing changed since {epoch}: {tmp_path / 'two' / 'report.html'}"
    assert build("two", *since) == said
    good.write_text(GOOD.replace(', "b"', ""))
    assert build("three", *since).startswith(f"1 run, 0 problems, 1 change since {epoch}: ")


def test_filters_keep_what_they_name(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert reportgen("build", good, "-o", out, "--format", "html", "--no-cache", "--run", "b").returncode == 0
    document = json.loads((out / "report.json").read_text())
    assert [run["name"] for family in document["families"] for run in family["runs"]] == ["b"]


def test_verbose_says_where_runs_came_from_and_what_was_made_anew(good: Path, tmp_path: Path) -> None:
    words = ["build", good, "-o", tmp_path / "out", "--format", "html", "--cache-dir", tmp_path / "cache"]

    def said(*options: str) -> list[str]:
        done = reportgen(*words, *options)
        assert done.returncode == 0
        return [line for line in done.stderr.splitlines() if not line.endswith(" s")][:-1]

    places = [f"F: {name}: {tmp_path.resolve() / 'runs' / name}.json" for name in ("a", "b")]
    assert said("--verbose") == [*places, "computed: a, b"]
    assert said("--verbose") == places
    assert said("--verbose", "--title", "T") == [*places, "computed: none"]
    assert said("--title", "U") == []


def test_a_cache_that_cannot_be_used_is_one_warning(good: Path, tmp_path: Path) -> None:
    place = good / "cache"
    done = reportgen("build", good, "-o", tmp_path / "out", "--format", "html", "--cache-dir", place)
    assert done.returncode == 0
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert warnings == [
        f"warning: {place}: cannot hold the build cache, so this build goes without; name a --cache-dir"
    ]


def test_json_logs_are_one_object_a_line(good: Path, tmp_path: Path) -> None:
    (tmp_path / "runs" / "b.json").unlink()
    done = reportgen(
        "build", good, "-o", tmp_path / "out", "--format", "html", "--no-cache", "--log-format", "json"
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {"time", "level", "message"} <= set(lines[0])
    assert any(line["level"] == "warning" and "F: b" in line["message"] for line in lines)
    done = reportgen("build", tmp_path / "nothing.toml", "-o", tmp_path / "out", "--log-format", "json")
    assert json.loads(done.stderr)["level"] == "error"


def test_github_reads_annotations_and_groups(good: Path, tmp_path: Path) -> None:
    (tmp_path / "runs" / "b.json").unlink()
    done = reportgen(
        "build", good, "-o", tmp_path / "out", "--format", "html", "--no-cache", GITHUB_ACTIONS="true"
    )
    lines = done.stderr.splitlines()
    assert any(line.startswith("::warning") and "F: b" in line for line in lines)
    assert not any(line.startswith("::error") for line in lines)
    assert lines.count("::endgroup::") == sum(line.startswith("::group::") for line in lines) > 0


def test_github_shows_nine_annotations_of_a_kind_and_one_that_counts_the_rest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub shows ten of each a step, and drops the others without a word."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    log = make_log()
    for i in range(12):
        log.warn(f"run {i}")
    log.fail("one")
    log.close()
    lines = capsys.readouterr().err.splitlines()
    warnings = [line for line in lines if line.startswith("::warning::")]
    assert warnings == [
        *(f"::warning::run {i}" for i in range(9)),
        "::warning::and 3 more warnings; the log has all",
    ]
    assert [line for line in lines if not line.startswith("::")] == [f"warning: run {i}" for i in (9, 10, 11)]
    assert [line for line in lines if line.startswith("::error::")] == ["::error::one"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_github_takes_no_text_of_a_list_for_a_command(good: Path, tmp_path: Path, form: str) -> None:
    """Neither where a line begins nor within it, whichever command says it."""
    own = ("::warning", "::group::", "::endgroup::")
    evil = "::error file=x::pwned ##[error]b"
    good.write_text(GOOD.replace('"F"', f'"{evil}"').replace('"b"', '"b", "gone"'))
    out = tmp_path / "out"
    build = ("build", good, "-o", out, "--format", "html", "--no-cache", "--log-format", form)
    said = [reportgen(*build, GITHUB_ACTIONS="true").stderr]
    old = tmp_path / "old.json"
    shutil.copy(out / "report.json", old)
    good.write_text(good.read_text().replace('"b", "gone"', '"b", { name = "c", label = "' + evil + '" }'))
    (tmp_path / "runs" / "b.json").rename(tmp_path / "runs" / "c.json")
    said.append(reportgen(*build, GITHUB_ACTIONS="true").stderr)
    said += [reportgen("runs", good).stdout, reportgen("diff", old, out / "report.json").stdout]
    good.write_text(f'"{evil}" = 1')
    said.append(reportgen("check", good).stdout)
    for text in said:
        assert "pwned" in text
        for line in text.splitlines():
            assert "##[" not in line
            assert not line.lstrip().startswith("::") or line.startswith(own)
    if form == "json":
        assert f"{evil}: gone" in "".join(json.loads(line)["message"] for line in said[0].splitlines())


def test_github_reads_a_failed_expectation_as_an_error(good: Path, tmp_path: Path) -> None:
    good.write_text(GOOD + 'expect = { avg_final_loss = "<= 1.5e-9" }\n')
    words = ["build", good, "-o", tmp_path / "out", "--format", "html", "--no-cache"]
    for _ in range(2):
        lines = reportgen(*words, GITHUB_ACTIONS="true").stderr.splitlines()
        assert "::error::F: b: AvgFinalLoss is 2.00×10⁻⁹, expected ≤ 1.5×10⁻⁹" in lines
        assert not any(line.startswith("::warning") for line in lines)


def test_a_time_limit_ends_the_build(good: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    done = reportgen("build", good, "-o", tmp_path / "out", "--no-cache", "--timeout", "0.5")
    assert done.returncode == 1
    assert "--timeout 0.5 s" in done.stderr
    assert time.monotonic() - started < 10
    assert not (tmp_path / "out" / "report.html").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no POSIX signals")
def test_an_interrupt_while_files_are_renamed_says_that_the_report_was_written(
    good: Path, tmp_path: Path
) -> None:
    script = (
        "import os, signal, sys; from reportgen.cli import main\n"
        "def at_a_rename(event, _):\n"
        "    if event == 'os.rename': os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.addaudithook(at_a_rename)\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    out = tmp_path / "out"
    words = ["build", str(good), "-o", str(out), "--format", "html", "--no-cache", "--device", "cpu"]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "interrupted; the report was written"
    manifest = json.loads((out / "manifest.json").read_bytes())
    assert all((out / name).is_file() for name in manifest["files"])


@pytest.mark.parametrize(
    ("written", "said"), [(True, "the report was written"), (False, "nothing was written")]
)
def test_a_time_limit_says_whether_the_report_was_written(tmp_path: Path, written: bool, said: str) -> None:
    def build() -> None:
        with cli._time_limit(0.3), cli._saying_what_was_written(tmp_path):
            if written:
                folder.publish(tmp_path, {"report.html": b"new"}, {})
            time.sleep(20)

    folder.publish(tmp_path, {"report.html": b"old"}, {})
    with pytest.raises(ReportgenError, match=f"^the build took longer than --timeout 0.3 s; {said}$"):
        build()


def test_an_interrupt_within_exec_is_130_too(tmp_path: Path) -> None:
    lines = [
        "import sys",
        "from reportgen import cli",
        "cli._entry.loaded = lambda: exec('raise KeyboardInterrupt')",
        "sys.exit(cli.main(['check']))",
    ]
    (tmp_path / "within.py").write_text("\n".join(lines))
    done = subprocess.run([sys.executable, "-m", "within"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no POSIX signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupted_build_stops_at_once_and_leaves_nothing_running(
    good: Path, tmp_path: Path, name: str
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "reportgen", "build", str(good), "-o", str(tmp_path / "out"), "--no-cache"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert process.stderr is not None
    assert "pull" in process.stderr.readline()
    # Chrome and the typesetter, at least, and the typesetter's folder.
    while len(below := processes_below(process.pid)) < 2 or not list(temporary.glob("reportgen-*")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(getattr(signal, name))
    started = time.monotonic()
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - started < 2
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    wait_for_the_end_of(below, seconds=0.5)
    assert not list(temporary.glob("reportgen-*"))  # The typesetter's.


@pytest.mark.skipif(os.name == "nt", reason="Windows has no POSIX signals")
@pytest.mark.parametrize("module", ["reportgen", "reportgen.nightly"])
def test_an_interrupt_while_it_is_still_loading_is_130_and_quiet(tmp_path: Path, module: str) -> None:
    """A library that the package imports is played by one that waits for the interrupt."""
    began = tmp_path / "began"
    (tmp_path / "orjson.py").write_text(f"open({str(began)!r}, 'w').close()\nimport time; time.sleep(30)")
    places = os.pathsep.join((str(tmp_path), str(Path(cli.__file__).parents[1])))
    process = subprocess.Popen(
        [sys.executable, "-m", module, "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": places},
    )
    while not began.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert (process.returncode, said) == (130, b"")


@pytest.mark.parametrize("words", [("reportgen", "check", "demo"), ("reportgen.nightly", "--help")])
def test_no_module_is_imported_from_the_folder_it_is_started_in(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    for name in ("orjson", "numpy", "pydantic", "dataclasses", "signal", "tomllib", "argparse", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(9)")
    places = str(Path(cli.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": places},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_checkout_runs_from_its_own_folder() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    root = Path(cli.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "reportgen", "--version"], cwd=root, env=environment, capture_output=True
    )
    assert done.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no nohup")
def test_under_nohup_a_build_goes_on(good: Path, tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from reportgen.cli import main\n"
        "def at_a_rename(event, _):\n"
        "    if event == 'os.rename': os.kill(os.getpid(), signal.SIGHUP)\n"
        "sys.addaudithook(at_a_rename)\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    words = ["build", good, "-o", tmp_path / "out", "--format", "html", "--no-cache", "--device", "cpu"]
    done = subprocess.run(
        ["nohup", sys.executable, "-c", script, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_an_unexpected_failure_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(cli.model_list, "load", broken)
    with pytest.raises(RuntimeError):
        cli.main(["runs", "demo"])
    monkeypatch.setattr(
        cli.model_list, "load", lambda _: (_ for _ in ()).throw(ReportgenError("mend it", exit_code=2))
    )
    assert cli.main(["runs", "demo"]) == 2
