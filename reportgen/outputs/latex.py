r"""A family -> a LaTeX table: booktabs rules, siunitx columns, ready for ``\input``.

Tables fit the text of LaTeX's ``article``: columns for which there is no room are left out, and text over
200 characters is cut; the CSV of the same name has all of it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from reportgen import tables
from reportgen.notation import MINUS, SUPERSCRIPTS
from reportgen.outputs import words
from reportgen.outputs.type_widths import points
from reportgen.text import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from reportgen.report import FamilyReport
    from reportgen.tables import Cell, Column, Table

__all__ = ["LONG_TABLE", "SPECIAL", "escape", "render", "render_crossed", "render_groups"]

LONG_TABLE = 40
"""Rows, about what a page holds; a longer table goes on over the next pages."""

_LONGEST = 200
_LONGEST_CAPTION = 1000
_WIDE = 40  # characters; a wider column has its text broken into lines
_BROKEN = 12  # characters of a word after which such a column may break it
_PARAGRAPH = 142.0  # points, 5 cm
_TEXT = 345.0  # points, the text of ``article`` at 10 pt
_BOTH_COLUMNS = 469.0  # points, the same with the option ``twocolumn``: what a ``table*`` has
_BETWEEN = 12.0  # points between two columns
_TOGETHER = MappingProxyType({"low": "high", "high": "low"})  # half an interval says nothing

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

SPECIAL: Mapping[str, str] = MappingProxyType(
    {
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
)
"""Characters that LaTeX has commands for."""
# Letters with these, up to this one, are known to LaTeX whatever the font encoding.
_LAST_ACCENTED = "\u017f"
_ACCENTS = frozenset("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327")
_SUPERSCRIPTS = str.maketrans(SUPERSCRIPTS, "-0123456789")
_SHOWN = re.compile(rf"({MINUS}?)([\d,]+)(?:\.(\d+))?(?:×10([{SUPERSCRIPTS}]+))?")
# Characters that not every engine can set: XeTeX and LuaTeX ask the font, pdfTeX says which it was.
_OTHER_CHARACTERS = (
    r"\ifdefined\Umathchar\DeclareRobustCommand\reportgenchar[2]{#1}"
    r"\else\DeclareRobustCommand\reportgenchar[2]{\allowbreak U+#2}\fi"
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


def render(family: FamilyReport, *, synthetic: bool = False, wide: bool = False) -> str:
    r"""The table of a family: of the columns that its list names, else those that the text has room for.

    It compiles as it is in a document that loads booktabs and siunitx, with pdfLaTeX, XeLaTeX and
    LuaLaTeX; over 40 rows it is a longtable, whose package it then needs too.

    Args:
        family: Its name is the caption's first word, its slug is in the label ``tab:<slug>``.
        synthetic: Whether the runs are made up, which the caption then says.
        wide: As wide as both columns of a document of two, with the runs' names; not over 40 rows, since
            what spans both columns cannot go on over the next page.
    """
    keys = family.spec.columns or _usual(family, names=wide)
    table = tables.family_table(family, keys)
    marked = any(cell.agrees is False for row in table.rows for cell in row.cells)
    return _rendered(
        table,
        _caption(family, synthetic=synthetic, marked=marked),
        f"{family.slug}-wide" if wide else family.slug,
        wide=wide,
        first=() if family.ranking is None else (family.ranking.metric,),
        chosen=bool(family.spec.columns),
    )


def render_groups(family: FamilyReport, *, synthetic: bool = False) -> str:
    """The table of a family's groups, as :func:`render` makes that of runs; label ``tab:<slug>-groups``."""

    def caption(columns: Container[str]) -> str:
        said = escape(one_line(words.groups_caption(family, columns), _LONGEST_CAPTION))
        return said + (" The runs are synthetic." if synthetic else "")

    return _rendered(tables.groups_table(family), caption, f"{family.slug}-groups", first=("mean", "low"))


def render_crossed(table: Table, caption: str, label: str, *, synthetic: bool = False) -> str:
    """A table that the list asks for; it is made smaller where it is wider than the text.

    Args:
        table: As people read it.
        caption: In plain words.
        label: After ``tab:``.
        synthetic: Whether the runs are made up, which the caption then says.
    """
    said = escape(one_line(caption, _LONGEST_CAPTION)) + (" The runs are synthetic." if synthetic else "")
    return _rendered(table, said, label, chosen=True)


def _rendered(
    table: Table,
    caption: str | Callable[[Container[str]], str],
    label: str,
    *,
    wide: bool = False,
    first: Sequence[str] = (),
    chosen: bool = False,
) -> str:
    """A table as LaTeX.

    Args:
        table: As people read it.
        caption: In LaTeX; or what makes it of the keys of the columns that stay.
        label: After ``tab:``.
        wide: Over both columns of a document of two.
        first: Keys of columns that stay, with the first one, where there is little room.
        chosen: The list names the columns: all stay, and the table is made smaller where it can be.
    """
    long = len(table.rows) > LONG_TABLE
    room = _BOTH_COLUMNS if wide else _TEXT
    widths = [_width(column, [row.cells[i] for row in table.rows]) for i, column in enumerate(table.columns)]
    shown = [i for i, column in enumerate(table.columns) if column.kind != "sparkline"]
    fits = sum(widths[i] + _BETWEEN for i in shown) - _BETWEEN <= room
    kept = shown if chosen and not long else _fitting(table.columns, shown, widths, room, first)
    columns = [table.columns[i] for i in kept]
    if not isinstance(caption, str):
        caption = caption({column.key for column in columns})
    rows = [[row.cells[i] for i in kept] for row in table.rows]
    numbers = [[_number(row[i], column) for row in rows] for i, column in enumerate(columns)]
    broken = [_is_broken([row[i] for row in rows]) for i in range(len(columns))]
    body = [
        " & ".join(_cell(cell, numbers[i][r], columns[i], broken=broken[i]) for i, cell in enumerate(row))
        + r" \\"
        for r, row in enumerate(rows)
    ]
    head = " & ".join(f"{{{escape(column.title)}}}" for column in columns) + r" \\"
    layout = "".join(
        "\n    " + _layout(column, numbers[i], [row[i] for row in rows]) for i, column in enumerate(columns)
    )
    if any(column.key == "avg_final_loss" for column in columns):
        caption += " AvgFinalLoss is the mean of the last 5 losses."
    caption = rf"\caption{{{caption}}}\label{{tab:{label}}}"
    if long:
        made, packages = _longtable(caption, layout, head, body), "booktabs,longtable,siunitx"
    else:
        made = _floating(caption, layout, head, body, wide=wide, smaller=chosen and not fits)
        packages = "booktabs,siunitx" + (",graphicx" if chosen and not fits else "")
    left = [table.columns[i].title for i in shown if i not in kept]
    less = f"% Omitted, too wide: {one_line('; '.join(left), _LONGEST)}\n" if left else ""
    other = f"{_OTHER_CHARACTERS}\n" if r"\reportgenchar" in made else ""
    return f"% Needs in the preamble: \\usepackage{{{packages}}}\n{less}{other}{made}"


def _fitting(
    columns: Sequence[Column],
    shown: Sequence[int],
    widths: Sequence[float],
    room: float,
    first: Sequence[str],
) -> list[int]:
    """The columns that there is room for: the first one and ``first``, then in their order."""
    rank = {key: place for place, key in enumerate(first)}
    order = sorted(shown, key=lambda i: (i != shown[0], rank.get(columns[i].key, len(rank))))
    kept: list[int] = []
    for i in order:
        other = [k for k in shown if columns[k].key == _TOGETHER.get(columns[i].key)]
        more = [k for k in (i, *other) if k not in kept]
        if sum(widths[k] + _BETWEEN for k in (*kept, *more)) - _BETWEEN <= room:
            kept += more
    return sorted(kept)


def _usual(family: FamilyReport, *, names: bool) -> tuple[str, ...]:
    """The usual columns and what runs are ranked by; names where labels are not unique, else if ``names``."""
    labels = [run.label for run in family.runs]
    alike = len(set(labels)) < len(labels)
    own = {key for run in family.runs for key in run.columns}
    usual = [
        key
        for key in tables.usual_columns(family.runs)
        if key in _USUAL or key in own or key not in tables.COLUMNS
    ]
    if family.ranking is not None and family.ranking.metric not in usual:
        usual.insert(1, family.ranking.metric)
    if alike and "name" not in usual:
        usual.insert(1, "name")
    return tuple(key for key in usual if key != "name" or alike or names)


def _floating(caption: str, layout: str, head: str, body: Sequence[str], *, wide: bool, smaller: bool) -> str:
    table = "table*" if wide else "table"
    return "\n".join(
        [
            rf"\begin{{{table}}}",
            r"  \centering\setlength{\belowcaptionskip}{6pt}",
            rf"  {caption}",
            *([r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"] if smaller else []),
            rf"  \begin{{tabular}}{{@{{}}{layout}",
            r"  @{}}",
            r"    \toprule",
            f"    {head}",
            r"    \midrule",
            *(f"    {row}" for row in body),
            r"    \bottomrule",
            r"  \end{tabular}}" if smaller else r"  \end{tabular}",
            rf"\end{{{table}}}",
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
    if marked:
        said += f" {_MARK}\\,differs from what the losses give."
    return said + (" The runs are synthetic." if synthetic else "")


def _layout(column: Column, numbers: Sequence[_Number | None], cells: Sequence[Cell]) -> str:
    """A column's entry in the table's preamble, wide enough for its widest number."""
    found = [number for number in numbers if number is not None]
    if not found:
        if _is_broken(cells):
            return r">{\raggedright\arraybackslash}p{5cm}"
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


def _is_broken(cells: Sequence[Cell]) -> bool:
    """Whether a column of text is so wide that its text is broken into lines."""
    return any(len(cell.text) > _WIDE for cell in cells)


def _width(column: Column, cells: Sequence[Cell]) -> float:
    """How wide a column is at 10 pt, points."""
    head = points(column.title)
    numbers = [_number(cell, column) for cell in cells]
    if not any(numbers) and _is_broken(cells):
        return max(head, _PARAGRAPH)
    widest = max((points(cell.text, typewriter=column.key == "name") for cell in cells), default=0.0)
    found = [number for number in numbers if number is not None]
    if found:  # aligned at their points, so that the widest parts add up
        parts = [
            max(points(part) for part in each)
            for each in zip(*((one.minus + one.whole, one.fraction) for one in found), strict=True)
        ]
        powers = [one.exponent for one in found if one.exponent is not None]
        raised = max((len(str(abs(power))) for power in powers), default=0)
        widest = max(widest, sum(parts) + 3 + (32 + 4 * raised if powers else 0))
    return max(head, widest) + (5 if any(cell.agrees is False for cell in cells) else 0)


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


def _cell(cell: Cell, number: _Number | None, column: Column, *, broken: bool = False) -> str:
    if number is not None:
        return number.text + (f" {{{_MARK}}}" if cell.agrees is False else "")
    text = cell.text[:_LONGEST] + "…" * (len(cell.text) > _LONGEST)
    text = escape(text, _BROKEN) if broken else escape(text)
    if column.key == "name":
        text = rf"\texttt{{{text}}}"
    if cell.bold:
        text = rf"\textbf{{{text}}}"
    return f"{{{text}}}" + (_MARK if cell.agrees is False else "")


def escape(text: str, breaks: int = 32) -> str:
    """Text that LaTeX shows as it is, for a place between braces: no command, no control character.

    Args:
        text: Anything.
        breaks: Characters of a word after which it may be broken.
    """
    plain = unicodedata.normalize("NFC", printable(text))
    parts = re.split(f"([{SUPERSCRIPTS}]+)", plain)
    return "".join(
        f"$^{{{part.translate(_SUPERSCRIPTS)}}}$" if i % 2 else _escape_words(part, breaks)
        for i, part in enumerate(parts)
    )


def _escape_words(text: str, breaks: int) -> str:
    pieces = re.findall(rf"\S{{1,{breaks}}}|\s+", text)
    made: list[str] = []
    for i, piece in enumerate(pieces):
        if i and not piece.isspace() and not pieces[i - 1].isspace():
            made.append(r"\allowbreak{}")
        made.append("".join(map(_escape_character, piece)))
    return re.sub(r"([-,])(?=\1)", r"\1{}", "".join(made))  # two in a row would become one character


def _escape_character(character: str) -> str:
    if character in SPECIAL:
        return SPECIAL[character]
    if character.isascii() or character.isspace():
        return character if character.isascii() else " "
    parts = unicodedata.normalize("NFD", character)
    if character <= _LAST_ACCENTED and len(parts) == 2 and parts[0].isascii() and parts[1] in _ACCENTS:
        return character
    return rf"\reportgenchar{{{character}}}{{{ord(character):04X}}}"
