"""A Report -> report.pdf: WeasyPrint lays the document out, the figures are put in afterwards as vectors."""

from __future__ import annotations

import contextlib
import datetime
import io
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from markupsafe import Markup

from reportgen import resources, system_parts
from reportgen.errors import ReportgenError
from reportgen.outputs.context import context
from reportgen.outputs.paper import LONGEST_TEXT, TEXT_WIDTH_MM, paper_names
from reportgen.outputs.placeholders import placeholder
from reportgen.outputs.templating import environment, filled
from reportgen.outputs.views import FigureView
from reportgen.report import Report
from reportgen.text import one_line

if TYPE_CHECKING:
    from weasyprint.urls import URLFetcher

__all__ = ["Paper", "Size", "document", "lay_out", "weasyprint"]

Paper = Literal["a4", "letter"]
Size = tuple[float, float]
"""Width and height of a figure, mm."""

_FONT_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.(?:ttf|otf|woff2?)")


def document(
    report: Report,
    sizes: Mapping[str, Size],
    *,
    paper_size: Paper = "a4",
    templates: Path | None = None,
) -> str:
    """The HTML that ``lay_out`` lays out; ``figure:NAME`` and ``font:FILE`` stand for what it hands over.

    Args:
        report: The report.
        sizes: Figure name -> size; of a figure that is not here the document says that it is missing.
        paper_size: Of the pages.
        templates: Folder of templates that go before the shipped ones.
    """

    def figure(view: FigureView) -> Markup:
        if view.name not in sizes:
            return Markup('<p class="missing">This figure could not be drawn.</p>')
        width, height = sizes[view.name]
        scale = min(1.0, TEXT_WIDTH_MM / width)
        return Markup('<img src="{}" alt="{}" style="width:{:.2f}mm;height:{:.2f}mm">').format(
            f"figure:{view.name}", view.finding, width * scale, height * scale
        )

    names = context(report, medium="paper", figure=figure, paper_size=paper_size)
    made = environment(templates, longest=LONGEST_TEXT)
    return filled(made, "report.html.j2", names | paper_names(report, names, sizes, paper_size))


def lay_out(
    report: Report,
    sizes: Mapping[str, Size],
    *,
    paper_size: Paper = "a4",
    templates: Path | None = None,
    attachments: Mapping[str, bytes] | None = None,
) -> bytes:
    """The report as a tagged PDF (PDF/UA-1), with a placeholder for each figure.

    ``placeholders.embed`` exchanges them, so the figures may still be drawn. The same arguments give the
    same bytes.

    Args:
        report: The report.
        sizes: Figure name -> size.
        paper_size: Of the pages.
        templates: Folder of templates, stylesheets and fonts that go before the shipped ones.
        attachments: File name -> bytes of a file that is attached inside the PDF.

    Raises:
        ReportgenError: Pango is missing, or the templates ask for a URL, which is never fetched.
    """
    made_by = weasyprint()
    created = datetime.datetime.fromisoformat(report.created)
    attached = [
        made_by.Attachment(string=data, name=name, description=name, created=created, modified=created)
        for name, data in sorted((attachments or {}).items())
    ]
    refused: list[str] = []
    html = made_by.HTML(
        string=document(report, sizes, paper_size=paper_size, templates=templates),
        url_fetcher=_fetcher(sizes, templates, refused),
    )
    pdf: bytes = html.write_pdf(pdf_variant="pdf/ua-1", attachments=attached)
    if refused:
        raise ReportgenError(
            f"report.pdf: a template asks for {one_line(refused[0])}, which is never fetched; "
            "use figure(...), font:FILE for a file in the folder fonts, or a data: URL"
        )
    return pdf


def weasyprint() -> ModuleType:
    """The library, loaded.

    Raises:
        ReportgenError: Pango is missing.
    """
    try:
        # What is missing, WeasyPrint tells standard output, at length; one line is enough.
        with contextlib.redirect_stdout(io.StringIO()):
            import weasyprint
    except OSError as error:
        raise ReportgenError(
            f"Pango, which WeasyPrint needs, cannot be loaded ({str(error).split(':')[0]}); "
            f"get it ({system_parts.how_to_get(system_parts.PANGO)}), or ask for --format html"
        ) from error
    return weasyprint  # type: ignore[no-any-return]


def _fetcher(figures: Mapping[str, Size], templates: Path | None, refused: list[str]) -> URLFetcher:
    """Hands out placeholders of figures and fonts of the templates; adds every other URL to ``refused``."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Fetcher(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            scheme, _, name = url.partition(":")
            if scheme == "data":
                return super().fetch(url, headers)
            if scheme == "figure" and name in figures:
                return URLFetcherResponse(url, placeholder(name), {"Content-Type": "image/png"})
            if scheme == "font" and (font := _font(name, templates)) is not None:
                return URLFetcherResponse(url, font.read_bytes())
            refused.append(url)
            raise ValueError(f"{url} is never fetched")

    return Fetcher(allowed_protocols=("data",), allow_redirects=False)


def _font(name: str, templates: Path | None) -> Path | None:
    """A font's file: of the user's templates, else of the shipped ones."""
    if _FONT_FILE.fullmatch(name) is None:
        return None
    folders = [folder for folder in (templates, resources.folder("templates")) if folder is not None]
    return next((file for folder in folders if (file := folder / "fonts" / name).is_file()), None)
