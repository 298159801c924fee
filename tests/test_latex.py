"""LaTeX tables: taken apart here, and compiled where a TeX is installed."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.outputs import latex
from reportgen.report import FamilyReport
from reportgen.tables import metric_title
from reportgen.text import printable
from tests.samples import HOSTILE, family_report, hostile_report, losses, run_report, run_spec, sample_report
from tests.system_parts import has_latex

# What a command stands for; those that are not here may not come from a stranger's text.
_MEANINGS = {
    r"\textbackslash": "\\",
    r"\textasciitilde": "~",
    r"\textasciicircum": "^",
    r"\textless": "<",
    r"\textgreater": ">",
    r"\textbar": "|",
    r"\textasciigrave": "`",
    r"\textquotesingle": "'",
    r"\char": '"',
    r"\textendash": "–",
    r"\textemdash": "—",
    r"\textquoteleft": "\u2018",
    r"\textquoteright": "\u2019",
    r"\textquotedblleft": "“",
    r"\textquotedblright": "”",
    r"\textellipsis": "…",
    r"\times": "×",
    r"\pm": "±",
    r"\leq": "≤",
    r"\geq": "≥",
    r"\neq": "≠",
    r"\allowbreak": "",
    r"\texttt": "",
    r"\reportgenchar": "",
    **{f"\\{character}": character for character in "{}$&%#_"},
}


def shown(tex: str) -> str:
    """What LaTeX would show of an escaped text; fails on anything that it would take for a command."""
    tex = re.sub(r"\\reportgenchar\{(.)\}\{[0-9A-F]{4,6}\}", r"\1", tex)
    tex = re.sub(r"\\texttt\{\\char34\}", r"\\char{}", tex)
    tex = tex.replace("$-$", "−")
    out, depth, math = [], 0, False
    for token in re.findall(r"\\[A-Za-z]+|\\.|.", tex, re.DOTALL):
        if token.startswith("\\"):
            out.append(_MEANINGS[token])
        elif token in "{}":
            depth += 1 if token == "{" else -1
            assert depth >= 0
        elif token == "$":
            math = not math
        elif token == "^":
            assert math
        else:
            assert token not in "%#&~_"
            assert math or token not in "<>|`\"'"
            out.append(token)
    assert depth == 0
    assert not math
    return "".join(out)


def plain(text: str) -> str:
    """What should be shown: spaces of any kind are spaces."""
    text = unicodedata.normalize("NFC", printable(text))
    return "".join(" " if character.isspace() else character for character in text)


@pytest.mark.parametrize(
    "text", [*HOSTILE, "fi--nal---,,", "“a” \u2018b\u2019 – — … × ± − ≤ ≥ ≠", "ŠÉřīñ ß ø Ω 漢字", "a%b#c&d"]
)
def test_text_is_shown_as_it_is(text: str) -> None:
    assert shown(latex.escape(text)) == plain(text)


@given(
    st.text(max_size=80).filter(lambda text: not set("⁻⁰¹²³⁴⁵⁶⁷⁸⁹") & set(unicodedata.normalize("NFC", text)))
)
def test_any_text_is_shown_as_it_is(text: str) -> None:
    assert shown(latex.escape(text)) == plain(text)


def test_powers_are_set_as_powers() -> None:
    assert latex.escape("Steps to 10⁻⁶") == "Steps to 10$^{-6}$"


def _parts(tex: str) -> tuple[list[str], list[str], list[list[str]]]:
    """Columns of the layout, cells of the head, cells of each row."""
    layout = re.search(r"\\begin\{(?:tabular|longtable)\}\{@\{\}\n(.*?)\n\s*@\{\}\}", tex, re.DOTALL)
    assert layout is not None
    columns = [line.strip() for line in layout[1].splitlines()]
    lines = [line.strip() for line in tex.splitlines() if " & " in line]
    rows = [
        [cell.strip() for cell in re.split(r"(?<!\\)&", re.sub(r"\\toprule|\\midrule.*|\\\\", "", line))]
        for line in lines
    ]
    return columns, rows[0], rows[1:]


def test_a_caption_defines_what_its_columns_show() -> None:
    family = sample_report().families[0]
    other = replace(family, spec=replace(family.spec, columns=("label", "min_loss")))
    assert "AvgFinalLoss is the mean of the last 5 losses." in latex.render(family)
    assert "AvgFinalLoss" not in latex.render(other)


@pytest.mark.parametrize(
    "family", [*sample_report().families, *hostile_report().families], ids=lambda one: one.slug
)
def test_every_row_has_every_column(family: FamilyReport) -> None:
    tex = latex.render(family)
    columns, head, rows = _parts(tex)
    assert len(rows) == len(family.runs)
    assert {len(row) for row in [head, *rows]} == {len(columns)}
    assert tex.startswith("% Needs in the preamble: \\usepackage{booktabs,siunitx}\n")
    for name in ("table", "tabular"):
        assert tex.count(rf"\begin{{{name}}}") == tex.count(rf"\end{{{name}}}") == 1
    assert rf"\label{{tab:{family.slug}}}" in tex
    assert tex.count(r"\caption{") == 1
    for row in rows:
        for cell, column in zip(row, columns, strict=True):
            assert column.startswith("S[") or cell.startswith("{")


def test_numbers_of_siunitx() -> None:
    values = [0.5] * 5 + [0.2, 0.2, 0.2, 0.2, 0.3]
    spec = run_spec(
        "add_d5_l2_h3_t15K_s372001",
        listed={"avg_final_loss": "0.210"},
        extra={"accuracy": 0.999999, "fails": -12, "tiny": 2.5e-12},
    )
    run = run_report(spec.name, values, spec=spec)
    runs = [run, run_report("add_d6_l2_h3_t15K_s372001", losses(12_345, end=1e-12))]
    usual = (
        "label",
        "name",
        "trained_steps",
        "avg_final_loss",
        "listed_avg_final_loss",
        "min_loss",
        "spikes",
    )
    tex = latex.render(family_report("A", runs, columns=(*usual, "accuracy", "fails", "tiny", "marks")))
    columns, head, rows = _parts(tex)
    assert dict(zip(head, zip(columns, (row for row in rows[0]), strict=True), strict=True)) == {
        "{Label}": ("l", "{d5}"),
        "{Run}": ("l", r"{\texttt{add\_d5\_l2\_h3\_t15K\_s372001}}"),
        "{Steps}": ("S[table-format=5]", "10"),
        "{AvgFinalLoss}": ("S[table-format=1.2e-2]", "2.20e-1"),
        "{AvgFinalLoss, listed}": (
            r"S[table-format=1.3,table-space-text-post={\textsuperscript{$\ast$}}]",
            r"0.210 {\textsuperscript{$\ast$}}",
        ),
        "{Minimum loss}": ("S[table-format=1.2e-2]", "2.00e-1"),
        "{Spikes}": ("S[table-format=1]", "0"),
        "{Accuracy}": ("S[table-format=1.6]", "0.999999"),
        "{Fails}": ("S[table-format=-2]", "-12"),
        "{Tiny}": ("S[table-format=1.1e-2]", "2.5e-12"),
        "{Marks}": ("l", "{listed loss differs}"),
    }
    assert "differs from what the losses give" in tex
    assert rows[1][4] == r"{\textendash{}}"


def test_seeds_are_names_and_missing_numbers_are_dashes() -> None:
    run = run_report("add_d5_l2_h3_t15K_s372001", [float("nan")] * 3)
    tex = latex.render(family_report("A", [run], columns=("seed", "avg_final_loss", "sparkline", "grokfast")))
    columns, _, rows = _parts(tex)
    assert columns == ["r", "r", "l"]
    assert rows == [["{372001}", r"{\textendash{}}", "{no}"]]


def test_long_tables_repeat_their_head() -> None:
    runs = [run_report(f"add_d5_l2_h3_t15K_s{i}", losses(20), label=f"r{i}") for i in range(41)]
    tex = latex.render(family_report("A", runs))
    assert r"\usepackage{booktabs,longtable,siunitx}" in tex
    assert tex.count("{AvgFinalLoss}") == 2
    assert tex.index(r"\endfirsthead") < tex.index(r"\endhead") < tex.index("r0")
    assert r"\begin{table}" not in tex
    assert "longtable" not in latex.render(family_report("A", runs[:40]))


def test_made_up_runs_are_said_to_be() -> None:
    family = sample_report().families[0]
    assert "The runs are synthetic." in latex.render(family, synthetic=True)
    assert "synthetic" not in latex.render(family).lower()


def compiled(folder: Path, tables: list[str], options: str = "") -> list[str]:
    """What pdfLaTeX says of tables in an ``article``, which it must make; nothing where there is none."""
    body = "".join(f"\\input{{table{i}}}\\clearpage\n" for i in range(len(tables)))
    for i, table in enumerate(tables):
        (folder / f"table{i}.tex").write_text(table, encoding="utf-8")
    (folder / "paper.tex").write_text(
        f"\\documentclass{options}{{article}}\n\\usepackage{{booktabs,longtable,siunitx,graphicx}}\n"
        f"\\begin{{document}}\n{body}\\listoftables\n\\end{{document}}\n",
        encoding="utf-8",
    )
    if not has_latex():
        return []
    for _ in range(2):  # the second run reads the captions back from the list of tables
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
        made = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120
        )
        assert made.returncode == 0, made.stdout[-2000:]
    assert "Missing character" not in made.stdout
    # Of the list of tables, which is ours alone, too wide lines are no matter.
    return made.stdout.partition("(./paper.lot")[0].splitlines()


def too_wide(said: list[str]) -> list[str]:
    return [line for line in said if line.startswith("Overfull")]


@pytest.mark.parametrize("wide", [False, True])
def test_tables_compile_as_they_are_and_fit_the_text(tmp_path: Path, wide: bool) -> None:
    """Where no TeX is installed, taking them apart (above) is all that is done."""
    many = family_report("Many & more", [run_report(f"r_{i}", losses(20)) for i in range(60)])
    families = [*sample_report().families, *hostile_report().families, family_report("Empty", [])]
    names = [f"{kind}-gpt2-openwebtext-lr3e-5-warmup{i}00" for i, kind in enumerate(("MOMENTUM", "adam"))]
    families.append(family_report("Long", [run_report(n, losses(20), label=n, slug=n[:4]) for n in names]))
    shown = [latex.render(family, wide=wide) for family in families]
    if not wide:
        shown += [latex.render_groups(family) for family in families if family.grouping.groups]
        shown.append(latex.render(many))
    assert too_wide(compiled(tmp_path, shown, "[twocolumn]" if wide else "")) == []


def test_a_table_that_is_too_wide_is_seen(tmp_path: Path) -> None:
    table = latex.render(sample_report().families[0])
    wider = table.replace("{Label}", "{" + "Label " * 40 + "}")
    assert not has_latex() or len(too_wide(compiled(tmp_path, [wider]))) == 1


def test_what_a_list_names_stays_and_is_made_smaller(tmp_path: Path) -> None:
    """But for a table of many pages, whose comment says what it lacks."""
    keys = ("label", "name", "seed", "avg_final_loss", "min_loss", "min_loss_step", "final_loss", "digits")
    runs = [run_report(f"add_d5_l2_h3_t15K_s{i}", losses(20), label=f"r{i}") for i in range(41)]
    few = latex.render(family_report("A", runs[:5], columns=keys))
    assert len(_parts(few)[0]) == len(keys)
    assert few.splitlines()[0].endswith(r"\usepackage{booktabs,siunitx,graphicx}")
    many = latex.render(family_report("A", runs, columns=keys))
    left = many.splitlines()[1]
    assert left.startswith("% Omitted, too wide: ")
    assert len(_parts(many)[0]) == len(keys) - len(left.split(";"))
    assert too_wide(compiled(tmp_path, [few, many])) == []


def test_names_are_left_out_where_labels_tell_runs_apart() -> None:
    family = sample_report().families[0]
    assert r"\texttt" not in latex.render(family)
    assert r"\begin{table*}" in latex.render(family, wide=True)
    assert latex.render(family, wide=True).count(r"\texttt{add") == 3
    same = family_report("A", [run_report(f"r{i}", losses(20), label="same") for i in range(2)])
    assert latex.render(same).count(r"\texttt{r") == 2


def test_the_ranked_metric_stays_where_little_fits() -> None:
    extra = {f"A number that has a long title, {i}": i for i in range(4)}
    names = ["add_d5_l2_h3_t15K_s372001", "add_d6_l2_h3_t15K_s372001"]
    runs = [run_report(name, spec=run_spec(name, extra=extra)) for name in names]
    _, head, _ = _parts(latex.render(family_report("A", runs)))
    assert "{AvgFinalLoss}" in head


def test_a_stranger_s_table_has_what_runs_are_ranked_by() -> None:
    columns = ("label", "end_mean", "lr", "trained_steps")
    made = [run_report(f"lr{lr}-of-a-long-name", losses(20), label=f"lr={lr}") for lr in (1, 2)]
    runs = [replace(run, columns=columns) for run in made]
    family = family_report("A", runs)
    assert family.ranking is not None
    for wide in (False, True):
        _, head, rows = _parts(latex.render(family, wide=wide))
        assert f"{{{metric_title(family.ranking.metric)}}}" in head
        assert "{Mean at the end}" in head
        assert all(re.fullmatch(r"[-.e\d]+", row[head.index("{Mean at the end}")]) for row in rows)


def test_an_interval_is_whole_or_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [
        run_report(
            f"{r}-s{i}", losses(20, seed=i), attrs={"r": r, "seed": i}, label=f"{r} s{i}", slug=f"{r}{i}"
        )
        for r in (1, 2)
        for i in range(3)
    ]
    family = family_report("A", runs)
    assert family.grouping.groups
    seen = set()
    for room in range(150, 500, 10):
        monkeypatch.setattr(latex, "_TEXT", float(room))
        made = latex.render_groups(family)
        _, head, _ = _parts(made)
        assert ("{95 \\% from}" in head) == ("{95 \\% to}" in head), room
        assert ("{95 \\% to}" in head) == ("interval" in made), room
        assert ("{Standard deviation}" in head) == ("standard deviation" in made), room
        assert not ("{Standard deviation}" in head and "{95 \\% to}" not in head), room
        seen.add("{95 \\% to}" in head)
    assert seen == {True, False}
