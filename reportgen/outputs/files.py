"""A Report -> every file that a build writes."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reportgen import document, paper_tables, reference_tables, tables
from reportgen.errors import ReportgenError
from reportgen.figure_kinds import figure_kinds
from reportgen.figures.draw import draw
from reportgen.figures.frame import size_mm
from reportgen.figures.overview import avg_final_loss, draw_marks
from reportgen.figures.plot import Effects, Plot
from reportgen.figures.runs import panels_axis, run_early, run_panels, run_whole
from reportgen.figures.series import family_series
from reportgen.figures.style import Figure
from reportgen.log import Log
from reportgen.model_list import FigureOptions
from reportgen.notation import count
from reportgen.outputs import data, html, latex, paper, summary
from reportgen.outputs.folder import Content
from reportgen.outputs.paper_limits import printed_families
from reportgen.outputs.placeholders import embed
from reportgen.outputs.svg_fonts import with_fonts
from reportgen.report import Report
from reportgen.text import one_line

if TYPE_CHECKING:
    from reportgen.cache import Cache
    from reportgen.curves.summary import Curve
    from reportgen.outputs.images import Drawer, Images
    from reportgen.outputs.typesetter import Typesetter

__all__ = ["Made", "make_files"]

_LONGEST_LINE = 1000
_OVERVIEW = "all-avg-final-loss"
_RATIO, _RUN_RATIO = 0.5, 0.45
"""Height of a figure to its width, of a comparison and of one run."""


@dataclass(frozen=True, slots=True)
class Made:
    """The files of a build.

    Attributes:
        files: Path relative to OUT, with ``/``, to content; curves are made as they are written.
        missing_formats: Format that was asked for and could not be made, to the reason.
    """

    files: Mapping[str, Content]
    missing_formats: Mapping[str, str]


def make_files(
    report: Report,
    *,
    formats: tuple[str, ...],
    templates: Path | None,
    paper_size: Literal["a4", "letter"],
    printers: tuple[Drawer, Typesetter] | None,
    store: Cache,
    log: Log,
) -> Made:
    """Makes every file of the contract, in memory; curves when they are written.

    Args:
        report: The report.
        formats: ``html``, ``pdf``.
        templates: Folder of templates that go before the shipped ones.
        paper_size: Of the PDF.
        printers: Draw the figures and lay out the PDF; None where no PDF is asked for.
        store: Holds figures that were drawn before.
        log: Where progress goes.
    """
    document_bytes = data.json_bytes(document.report_document(report))
    files: dict[str, Content] = {"report.json": document_bytes, **dict(_data_files(report))}
    wrong: list[str] = []
    drawn: dict[str, Images] = {}
    with _printing(report, printers, store, templates, paper_size, document_bytes) as printing:
        if printing is not None:
            try:
                with log.step(f"draw {count(printing.figures, 'figure')}"):
                    drawn = printing.drawing.result()
                log.info(one_line(f"redrawn: {', '.join(printing.anew) or 'none'}", _LONGEST_LINE))
                files |= _figure_files(drawn, printing.only_in_pdf)
            except ReportgenError as error:
                wrong.append(str(error))
        if "html" in formats:
            with log.step("render the page"):
                pictures = {name: images.still for name, images in drawn.items()}
                files["report.html"] = html.render(report, templates=templates, pictures=pictures).encode()
        if printing is not None:
            try:
                with log.step("lay out the PDF"):
                    pages = printing.laying_out.result()
                    # Waited for even without figures: what else is missing is said at once.
                    if not wrong:
                        pictured = {name: images.pdf for name, images in drawn.items()}
                        files["report.pdf"] = embed(pages, pictured)
            except ReportgenError as error:
                wrong.append(str(error))
    missing = {"pdf": "; and ".join(wrong)} if wrong else {}
    if missing:
        files["summary.md"] = summary.render(report, missing).encode()
    return Made(files, missing)


def _data_files(report: Report) -> Iterator[tuple[str, Content]]:
    yield "summary.md", summary.render(report).encode()
    every = ("family", *tables.all_columns(report.runs))
    yield "tables/runs.csv", data.table_csv(tables.runs_table(report, every)).encode()
    synthetic = {family.slug for one in report.lists if one.synthetic for family in one.families}
    for family in report.families:
        table = tables.family_table(family, tables.all_columns(family.runs))
        yield f"tables/{family.slug}.csv", data.table_csv(table).encode()
        yield f"tables/{family.slug}.tex", latex.render(family, synthetic=family.slug in synthetic).encode()
        if len(family.runs) <= latex.LONG_TABLE:
            wide = latex.render(family, synthetic=family.slug in synthetic, wide=True)
            yield f"tables/{family.slug}-wide.tex", wide.encode()
        if (groups := tables.groups_table(family)).rows:
            yield f"tables/{family.slug}-groups.csv", data.table_csv(groups).encode()
            yield (
                f"tables/{family.slug}-groups.tex",
                latex.render_groups(family, synthetic=family.slug in synthetic).encode(),
            )
        for kind, said, against in reference_tables.tables_of(family):
            name = f"{family.slug}-{kind}"
            yield f"tables/{name}.csv", data.table_csv(against).encode()
            yield (
                f"tables/{name}.tex",
                latex.render_crossed(against, said, name, synthetic=family.slug in synthetic).encode(),
            )
        for slug, spec, made in paper_tables.named(family):
            crossed, caption = paper_tables.shown(family, spec, made), paper_tables.caption(spec, made)
            yield f"tables/{slug}.csv", data.table_csv(paper_tables.in_full(family, spec, made)).encode()
            yield f"tables/{slug}.md", summary.table(crossed).encode()
            yield (
                f"tables/{slug}.tex",
                latex.render_crossed(crossed, caption, slug, synthetic=family.slug in synthetic).encode(),
            )
        smoother = family.spec.smoothing.smoother
        for run in family.runs:
            for name, one in run.series.items():
                if file := run.curve_of(name):
                    yield file, partial(_curve_file, one.summary.curve, smoother)


def _curve_file(curve: Curve, smoother: str) -> bytes:
    return data.curves_csv(curve, smoother).encode()


@dataclass(frozen=True, slots=True)
class _Printing:
    """What goes on beside the build.

    Attributes:
        figures: How many are drawn.
        drawing: Figure name -> images.
        laying_out: The PDF, with placeholders for the figures.
        anew: Names of the figures that the cache did not have, once they are drawn.
        only_in_pdf: Names of figures without files of their own.
    """

    figures: int
    drawing: Future[dict[str, Images]]
    laying_out: Future[bytes]
    anew: list[str]
    only_in_pdf: Container[str]


@contextmanager
def _printing(
    report: Report,
    printers: tuple[Drawer, Typesetter] | None,
    store: Cache,
    templates: Path | None,
    paper_size: Literal["a4", "letter"],
    document_bytes: bytes,
) -> Iterator[_Printing | None]:
    """Begins to draw every figure on paper and to lay out the report's PDF, both at once."""
    if printers is None:
        yield None
        return
    drawer, typesetter = printers
    shown = paper.panels(report)
    shared = {
        family.slug: panels_axis(family) for family in {one.family.slug: one.family for one in shown}.values()
    }
    panels = {one.name: run_panels(one.family, one.runs, shared[one.family.slug]) for one in shown}
    wanted = dict(_figures(report)) | panels
    anew: list[str] = []
    waiting = ThreadPoolExecutor(2, "print")
    try:
        yield _Printing(
            len(wanted),
            waiting.submit(
                drawer.draw,
                wanted,
                without_png=panels,
                cached=store.get,
                store=store.put,
                on_drawn=anew.append,
            ),
            waiting.submit(
                typesetter.lay_out,
                report,
                {name: size_mm(figure) for name, figure in wanted.items()},
                paper_size=paper_size,
                templates=templates,
                attachments={"report.json": document_bytes},
            ),
            anew,
            panels,
        )
    finally:
        # An interrupt waits for neither: the printers' own contexts end them, and so these threads.
        waiting.shutdown(wait=False, cancel_futures=True)


def _figures(report: Report) -> Iterator[tuple[str, Figure]]:
    """Figures for papers by name, at the widths that their list asks for; of very many families the first.

    Files of all widths but the first say theirs in their names.
    """
    options = {family.slug: one.figures for one in report.lists for family in one.families}
    overview = avg_final_loss(report)
    if overview is not None:
        for suffix, width, font_pt in _sizes(report.lists[0].figures):
            yield _OVERVIEW + suffix, draw_marks(overview, width, font_pt=font_pt)
    for family in printed_families(report):
        own = options[family.slug]
        plots: dict[str, Plot | Effects | None] = {
            f"{family.slug}-{key}": kind.plot(family)
            for key, kind in figure_kinds().items()
            if key in family.spec.figures and family.runs
        }
        plots |= {f"{family.slug}-{end}": plot for end, plot, _ in family_series(family)}
        for run in family.runs:
            if run.spec.name in own.runs:
                plots[f"runs/{run.slug}-log"] = run_whole(family, run)
                plots[f"runs/{run.slug}-linear"] = run_early(family, run)
        for name, plot in plots.items():
            if plot is None:
                continue
            ratio = _RUN_RATIO if isinstance(plot, Plot) and plot.raw else _RATIO
            for suffix, width, font_pt in _sizes(own):
                yield name + suffix, draw(plot, width, font_pt=font_pt, ratio=ratio)


def _sizes(options: FigureOptions) -> Iterator[tuple[str, float, float]]:
    """End of a name, width and size of text of each size in which figures are drawn."""
    for number, width in enumerate(options.widths_mm):
        yield f"-{width:g}mm" if number else "", width, options.font_pt


def _figure_files(drawn: Mapping[str, Images], only_in_pdf: Container[str]) -> dict[str, bytes]:
    return {
        f"figures/{name}.{kind}": with_fonts(images.svg) if kind == "svg" else getattr(images, kind)
        for name, images in drawn.items()
        if name not in only_in_pdf
        for kind in ("svg", "pdf", "png")
    }
