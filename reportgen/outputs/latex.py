r"""A family -> a LaTeX table: booktabs rules, siunitx columns, ready for ``\input``.

Text over 200 characters is cut here; the CSV beside it has all of it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen import tables
from reportgen.notation import MINUS, SUPERSCRIPTS
from reportgen.outputs import words
from reportgen.text import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportgen.report import FamilyReport, RunReport
    from reportgen.tables import Cell, Column, Table

__all__ = ["escape", "render", "render_crossed", "render_groups"]

_LONG_TABLE = 40  # rows; about what a page holds
_LONGEST = 200
_LONGEST_CAPTION = 1000
_WIDE = 40  # characters; a wider column has its text broken into lines

_USUAL = (
    "label",
    "name",
    "trained_steps",
    "avg_final_loss",
    "listed_avg_final_loss",
    "min_loss",
    "spikes",
    "marks",
)

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    '"': r"\texttt{\char34}",  # babel gives a bare one other meanings
    "\n": " ",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "\u2018": r"\textquoteleft{}",
    "\u2019": r"\textquoteright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "…": r"\textellipsis{}",
    "×": r"$\times$",
    "±": r"$\pm$",
    "−": "$-$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "÷": r"$\div$",
    "≠": r"$\neq$",
}
# Letters with these, up to this one, are known to LaTeX whatever the font encoding.
_LAST_ACCENTED = "\u017f"
_ACCENTS = frozenset("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327")
_SUPERSCRIPTS = str.maketrans(SUPERSCRIPTS, "-0123456789")
_SHOWN = re.compile(rf"({MINUS}?)([\d,]+)(?:\.(\d+))?(?:×10([{SUPERSCRIPTS}]+))?")
# Characters that not every engine can set: XeTeX and LuaTeX ask the font, pdfTeX says which it was.
_OTHER_CHARACTERS = (
    r"\ifdefined\Umathchar\DeclareRobustCommand\reportgenchar[2]{#1}"
    r"\else\DeclareRobustCommand\reportgenchar[2]{U+#2}\fi"
)
_MARK = r"\textsuperscript{$\ast$}"


@dataclass(frozen=True, slots=True)
class _Number:
    """The parts of a decimal number, as siunitx aligns them."""

    minus: str
    whole: str
    fraction: str
    exponent: int | None

    @property
    def text(self) -> str:
        return (
            f"{self.minus}{self.whole}"
            + (f".{self.fraction}" if self.fraction else "")
            + ("" if self.exponent is None else f"e{self.exponent}")
        )


def render(family: FamilyReport, *, synthetic: bool = False) -> str:
    r"""The table of a family: of the columns that its list names, else those that a page has room for.

    It compiles as it is in a document that loads booktabs and siunitx, with pdfLaTeX, XeLaTeX and
    LuaLaTeX; over 40 rows it is a longtable, whose package it then needs too.

    Args:
        family: Its name is the caption's first word, its slug is in the label ``tab:<slug>``.
        synthetic: Whether the runs are made up, which the caption then says.
    """
    table = tables.family_table(family, family.spec.columns or _usual(family.runs))
    marked = any(cell.agrees is False for row in table.rows for cell in row.cells)
    return _rendered(table, _caption(family, synthetic=synthetic, marked=marked), family.slug)


def render_groups(family: FamilyReport, *, synthetic: bool = False) -> str:
    """The table of a family's groups, as :func:`render` makes that of runs; label ``tab:<slug>-groups``."""
    caption = escape(one_line(words.groups_caption(family), _LONGEST_CAPTION))
    if synthetic:
        caption += " The runs are synthetic."
    return _rendered(tables.groups_table(family), caption, f"{family.slug}-groups")


def render_crossed(table: Table, caption: str, label: str, *, synthetic: bool = False) -> str:
    """A table that the list asks for; it is made narrower where it is wider than the text.

    Args:
        table: As people read it.
        caption: In plain words.
        label: After ``tab:``.
        synthetic: Whether the runs are made up, which the caption then says.
    """
    said = escape(one_line(caption, _LONGEST_CAPTION)) + (" The runs are synthetic." if synthetic else "")
    made = _rendered(table, said, label)
    begin, end = r"  \begin{tabular}", r"  \end{tabular}"
    fits = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
    return (
        made.replace(begin, f"  {fits}\n{begin}", 1)
        .replace(f"{end}\n", f"{end}}}\n", 1)
        .replace("siunitx}", "siunitx,graphicx}", 1)
    )


def _rendered(table: Table, caption: str, label: str) -> str:
    kept = [i for i, column in enumerate(table.columns) if column.kind != "sparkline"]
    columns = [table.columns[i] for i in kept]
    rows = [[row.cells[i] for i in kept] for row in table.rows]
    numbers = [[_number(row[i], column) for row in rows] for i, column in enumerate(columns)]
    body = [
        " & ".join(_cell(cell, numbers[i][r], columns[i]) for i, cell in enumerate(row)) + r" \\"
        for r, row in enumerate(rows)
    ]
    head = " & ".join(f"{{{escape(column.title)}}}" for column in columns) + r" \\"
    layout = "".join(
        "\n    " + _layout(column, numbers[i], [row[i] for row in rows]) for i, column in enumerate(columns)
    )
    caption = rf"\caption{{{caption}}}\label{{tab:{label}}}"
    long = len(rows) > _LONG_TABLE
    made = _longtable(caption, layout, head, body) if long else _floating(caption, layout, head, body)
    packages = "booktabs,longtable,siunitx" if long else "booktabs,siunitx"
    other = f"{_OTHER_CHARACTERS}\n" if r"\reportgenchar" in made else ""
    return f"% Needs in the preamble: \\usepackage{{{packages}}}\n{other}{made}"


def _usual(runs: Sequence[RunReport]) -> tuple[str, ...]:
    usual = tables.usual_columns(runs)
    return tuple(key for key in usual if key in _USUAL or key not in tables.COLUMNS)


def _floating(caption: str, layout: str, head: str, body: Sequence[str]) -> str:
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering\setlength{\belowcaptionskip}{6pt}",
            rf"  {caption}",
            rf"  \begin{{tabular}}{{@{{}}{layout}",
            r"  @{}}",
            r"    \toprule",
            f"    {head}",
            r"    \midrule",
            *(f"    {row}" for row in body),
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _longtable(caption: str, layout: str, head: str, body: Sequence[str]) -> str:
    return "\n".join(
        [
            rf"\begin{{longtable}}{{@{{}}{layout}",
            r"  @{}}",
            rf"  {caption}\\",
            rf"  \toprule {head} \midrule \endfirsthead",
            rf"  \toprule {head} \midrule \endhead",
            r"  \bottomrule \endfoot",
            *(f"  {row}" for row in body),
            r"\end{longtable}",
            "",
        ]
    )


def _caption(family: FamilyReport, *, synthetic: bool, marked: bool) -> str:
    runs = len(family.runs)
    said = f"{escape(one_line(family.name, _LONGEST))}: {runs} {'run' if runs == 1 else 'runs'}."
    said += " AvgFinalLoss is the mean of the last 5 losses."
    if marked:
        said += f" {_MARK}\\,differs from what the losses give."
    return said + (" The runs are synthetic." if synthetic else "")


def _layout(column: Column, numbers: Sequence[_Number | None], cells: Sequence[Cell]) -> str:
    """A column's entry in the table's preamble, wide enough for its widest number."""
    found = [number for number in numbers if number is not None]
    if not found:
        if any(len(cell.text) > _WIDE for cell in cells):
            return r"p{6cm}"
        return "r" if column.numeric else "l"
    exponents = [number.exponent for number in found if number.exponent is not None]
    form = "-" if any(number.minus for number in found) else ""
    form += str(max(len(number.whole) for number in found))
    fraction = max(len(number.fraction) for number in found)
    form += f".{fraction}" if fraction else ""
    if exponents:
        form += "e-" if min(exponents) < 0 else "e"
        form += str(max(len(str(abs(exponent))) for exponent in exponents))
    options = f"table-format={form}"
    if any(cell.agrees is False for cell in cells):
        options += f",table-space-text-post={{{_MARK}}}"
    return f"S[{options}]"


def _number(cell: Cell, column: Column) -> _Number | None:
    """A cell's number as people read it; None where it is text, missing, or a name (a seed), not aligned."""
    if cell.value is None or isinstance(cell.value, bool) or column.kind not in ("count", "loss", "number"):
        return None
    found = _SHOWN.fullmatch(cell.text)
    if found is None:
        return None
    minus, whole, fraction, exponent = found.groups()
    raised = None if exponent is None else int(exponent.translate(_SUPERSCRIPTS))
    return _Number("-" if minus else "", whole.replace(",", ""), fraction or "", raised)


def _cell(cell: Cell, number: _Number | None, column: Column) -> str:
    if number is not None:
        return number.text + (f" {{{_MARK}}}" if cell.agrees is False else "")
    text = escape(cell.text[:_LONGEST] + "…" * (len(cell.text) > _LONGEST))
    if column.key == "name":
        text = rf"\texttt{{{text}}}"
    if cell.bold:
        text = rf"\textbf{{{text}}}"
    return f"{{{text}}}" + (_MARK if cell.agrees is False else "")


def escape(text: str) -> str:
    """Text that LaTeX shows as it is, for a place between braces: no command, no control character.

    Long words may be broken every 32 characters.
    """
    plain = unicodedata.normalize("NFC", printable(text))
    parts = re.split(f"([{SUPERSCRIPTS}]+)", plain)
    return "".join(
        f"$^{{{part.translate(_SUPERSCRIPTS)}}}$" if i % 2 else _escape_words(part)
        for i, part in enumerate(parts)
    )


def _escape_words(text: str) -> str:
    pieces = re.findall(r"\S{1,32}|\s+", text)
    made: list[str] = []
    for i, piece in enumerate(pieces):
        if i and not piece.isspace() and not pieces[i - 1].isspace():
            made.append(r"\allowbreak{}")
        made.append("".join(map(_escape_character, piece)))
    return re.sub(r"([-,])(?=\1)", r"\1{}", "".join(made))  # two in a row would become one character


def _escape_character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii() or character.isspace():
        return character if character.isascii() else " "
    parts = unicodedata.normalize("NFD", character)
    if character <= _LAST_ACCENTED and len(parts) == 2 and parts[0].isascii() and parts[1] in _ACCENTS:
        return character
    return rf"\reportgenchar{{{character}}}{{{ord(character):04X}}}"
