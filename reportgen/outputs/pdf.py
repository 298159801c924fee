"""A Report -> report.pdf: WeasyPrint lays the document out, the figures are put in afterwards as vectors."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from markupsafe import Markup

from reportgen import resources
from reportgen.errors import ReportgenError
from reportgen.outputs import paper
from reportgen.outputs.context import FigureView, context
from reportgen.outputs.placeholders import embed, placeholder
from reportgen.outputs.templating import environment
from reportgen.report import Report

if TYPE_CHECKING:
    from weasyprint.urls import URLFetcher

__all__ = ["Paper", "document", "render"]

Paper = Literal["a4", "letter"]

_FIGURE, _FONT = "figure:", "font:"
_FONT_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.(?:ttf|otf|woff2?)")


def document(
    report: Report,
    figures: Mapping[str, bytes],
    *,
    paper_size: Paper = "a4",
    templates: Path | None = None,
) -> str:
    """The HTML that ``render`` lays out; ``figure:NAME`` and ``font:FILE`` stand for what it hands over.

    Args:
        report: The report.
        figures: Name -> figure; of one that is not here the document says that it is missing.
        paper_size: Of the pages.
        templates: Folder of templates that go before the shipped ones.
    """

    def figure(view: FigureView) -> Markup:
        if view.name not in sizes:
            return Markup('<p class="missing">This figure could not be drawn.</p>')
        width, height = sizes[view.name]
        scale = min(1.0, paper.TEXT_WIDTH_MM / width)
        return Markup('<img src="{}" alt="{}" style="width:{:.2f}mm;height:{:.2f}mm">').format(
            _FIGURE + view.name, view.finding, width * scale, height * scale
        )

    sizes = {name: _size_mm(figure) for name, figure in figures.items()}

    names = context(report, medium="paper", figure=figure, paper_size=paper_size)
    return environment(templates).get_template("report.html.j2").render(names | paper.names(report, names))


def render(
    report: Report,
    figures: Mapping[str, bytes],
    *,
    paper_size: Paper = "a4",
    templates: Path | None = None,
    attachments: Mapping[str, bytes] | None = None,
) -> bytes:
    """The report as a tagged PDF (PDF/UA-1). The same arguments give the same bytes.

    Args:
        report: The report.
        figures: Figure name -> the figure as a PDF of one page; each is drawn once, as vectors.
        paper_size: Of the pages.
        templates: Folder of templates, stylesheets and fonts that go before the shipped ones.
        attachments: File name -> bytes of a file that is attached inside the PDF.

    Raises:
        ReportgenError: WeasyPrint is there and Pango is not.
    """
    try:
        import weasyprint
    except OSError as error:
        raise ReportgenError(f"Pango cannot be loaded ({error}); install it, or ask for --format html") from error

    created = datetime.datetime.fromisoformat(report.created)
    html = weasyprint.HTML(
        string=document(report, figures, paper_size=paper_size, templates=templates),
        url_fetcher=_fetcher(figures, templates),
    )
    pdf: bytes = html.write_pdf(
        pdf_variant="pdf/ua-1",
        attachments=[
            weasyprint.Attachment(
                string=data, name=name, description=f"{name} of this report", created=created, modified=created
            )
            for name, data in sorted((attachments or {}).items())
        ],
    )
    return embed(pdf, figures)


def _size_mm(figure: bytes) -> tuple[float, float]:
    """Width and height of a PDF's first page."""
    import pikepdf

    with pikepdf.open(io.BytesIO(figure)) as pdf:
        left, bottom, right, top = (float(edge) for edge in pdf.pages[0].mediabox)
    return (right - left) / 72 * 25.4, (top - bottom) / 72 * 25.4


def _fetcher(figures: Mapping[str, bytes], templates: Path | None) -> URLFetcher:
    """Hands out placeholders of figures and fonts from the templates; refuses every other URL."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Fetcher(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            if url.startswith("data:"):
                return super().fetch(url, headers)
            if url.startswith(_FIGURE) and url.removeprefix(_FIGURE) in figures:
                content = placeholder(url.removeprefix(_FIGURE))
                return URLFetcherResponse(url, content, {"Content-Type": "image/png"})
            if url.startswith(_FONT):
                return URLFetcherResponse(url, _font(url.removeprefix(_FONT), templates))
            raise ValueError(f"{url}: nothing is fetched but figures and fonts of the templates")

    return Fetcher(allowed_protocols=("data",), allow_redirects=False)


def _font(name: str, templates: Path | None) -> bytes:
    if _FONT_FILE.fullmatch(name) is None:
        raise ValueError(f"{name}: not the name of a font file")
    for folder in ([] if templates is None else [templates]) + [resources.folder("templates")]:
        if (file := folder / "fonts" / name).is_file():
            return file.read_bytes()
    raise ValueError(f"{name}: no such font")
