"""The report's PDF as a build makes it, in one process and from figures that are there already."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pikepdf

from reportgen.outputs import pdf
from reportgen.outputs.placeholders import embed
from reportgen.report import Report


def render(
    report: Report,
    figures: Mapping[str, bytes],
    *,
    paper_size: pdf.Paper = "a4",
    templates: Path | None = None,
    attachments: Mapping[str, bytes] | None = None,
) -> bytes:
    """Laid out, with each figure, a PDF of one page, in its place."""
    sizes = {name: _size_mm(figure) for name, figure in figures.items()}
    laid_out = pdf.lay_out(report, sizes, paper_size=paper_size, templates=templates, attachments=attachments)
    return embed(laid_out, figures)


def _size_mm(figure: bytes) -> pdf.Size:
    with pikepdf.open(io.BytesIO(figure)) as document:
        left, bottom, right, top = (float(edge) for edge in document.pages[0].mediabox)
    return (right - left) / 72 * 25.4, (top - bottom) / 72 * 25.4
