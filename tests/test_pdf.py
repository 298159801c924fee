"""The report on paper, read back with PDF libraries that did not make it."""

from __future__ import annotations

import dataclasses
import http.server
import io
import itertools
import json
import os
import pickle
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pikepdf
import pypdf
import pypdfium2
import pytest

from reportgen.changes import against
from reportgen.document import report_document
from reportgen.errors import ReportgenError
from reportgen.kinds import Problem, SourceRecord
from reportgen.model_list import PdfOptions
from reportgen.outputs import pdf
from reportgen.outputs.data import json_bytes
from reportgen.outputs.images import Drawer
from reportgen.outputs.paper import panels
from reportgen.report import Report
from tests import samples
from tests.families import drawn as drawn_figure
from tests.printed import render
from tests.samples import losses

DATA = b'{"schema": 1}'
MM = 72 / 25.4


def drawing(width_mm: float, height_mm: float) -> bytes:
    """A figure as the browser makes them: one page, a line, a label in an embedded font."""
    import weasyprint

    return weasyprint.HTML(
        string=f"<html lang=en><style>@page {{ size: {width_mm}mm {height_mm}mm; margin: 0 }}</style>"
        f'<svg viewBox="0 0 100 50" style="width: 100%"><path d="M0 0 L100 50" stroke="#123"/>'
        '<text x="5" y="20" font-size="4">drawn once</text></svg>'
    ).write_pdf()


@pytest.fixture(scope="module")
def figure() -> bytes:
    return drawing(178, 100)


def figures_of(report: Report, figure: bytes) -> dict[str, bytes]:
    names = ["all-avg-final-loss", *(each.name for each in panels(report))]
    names += [f"{family.slug}-{kind}" for family in report.families for kind in ("log", "linear")]
    return dict.fromkeys(names, figure)


def read(document: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(document))


def text_of(document: bytes) -> list[str]:
    """The text of each page, as a reader copies it."""
    pages = pypdfium2.PdfDocument(document)
    try:
        return [page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in pages]
    finally:
        pages.close()


@pytest.fixture(scope="module")
def report() -> Report:
    return samples.sample_report(title="Finite affine flows", description="A *first* official file.")


@pytest.fixture(scope="module")
def printed(report: Report, figure: bytes) -> bytes:
    return render(report, figures_of(report, figure), attachments={"report.json": DATA})


@pytest.fixture(scope="module")
def pages(printed: bytes) -> list[str]:
    return text_of(printed)


@pytest.mark.parametrize(("paper", "width", "height"), [("a4", 210, 297), ("letter", 215.9, 279.4)])
def test_paper_has_the_size_asked_for(
    report: Report, figure: bytes, paper: pdf.Paper, width: float, height: float
) -> None:
    for page in read(render(report, figures_of(report, figure), paper_size=paper)).pages:
        assert float(page.mediabox.width) == pytest.approx(width * MM, abs=0.5)
        assert float(page.mediabox.height) == pytest.approx(height * MM, abs=0.5)


def test_metadata_name_the_report_and_its_maker(printed: bytes, report: Report) -> None:
    found = read(printed)
    assert found.metadata is not None
    assert found.metadata.title == report.title
    assert found.metadata.author is None, "the list names none"
    assert found.metadata.producer == f"reportgen {report.version}"
    assert found.metadata.creation_date is not None
    assert found.metadata.creation_date.isoformat() == "2026-01-02T03:04:05+00:00"
    assert found.trailer["/Root"]["/Lang"] == "en"


def test_the_data_is_attached(printed: bytes) -> None:
    assert read(printed).attachments == {"report.json": [DATA]}


def test_bookmarks_lead_to_the_pages_that_hold_their_titles(
    printed: bytes, pages: list[str], report: Report
) -> None:
    found = read(printed)
    titles = []
    labels = [run.label for run in report.runs]
    for entry in flat(found.outline):
        number = found.get_destination_page_number(entry)
        assert number is not None
        # A run's label stands in its picture.
        assert entry.title in labels or squeezed(entry.title) in squeezed(pages[number])
        titles.append(entry.title)
    assert sorted(title for title in titles if title in labels) == sorted(labels)
    assert "Figure 2. Addition: training loss over all steps" in titles
    assert any(re.fullmatch(r"Table \d+. Addition: runs", title) for title in titles)
    for wanted in ("Problems", "All runs", "Addition", "Seeds", "Mixed", "Run by run"):
        assert wanted in titles


def test_the_contents_give_the_right_pages(pages: list[str]) -> None:
    entries = re.findall(r"^(.+?)(?: ?\.){3,}\s*(\d*)$", "\n".join(pages[:2]), re.MULTILINE)
    assert len(entries) >= 8
    for title, number in entries:
        assert number, f"{title} has no page"
        assert squeezed(title) in squeezed(pages[int(number) - 1])


def test_every_page_but_the_first_says_where_it_is(pages: list[str], report: Report) -> None:
    for number, page in enumerate(pages[1:], start=2):
        assert f"{number} / {len(pages)}" in page
        assert report.title in page
    assert f"1 / {len(pages)}" not in pages[0]


def test_text_is_copied_as_it_reads(pages: list[str]) -> None:
    whole = "\n".join(pages)
    for text in ("Finite affine flows", "first official file", "AvgFinalLoss", "×10⁻⁹", "8 × 10⁻⁵"):
        assert text in whole or text.replace(" ", "") in squeezed(whole)
    assert not set(whole) & set("ﬀﬁﬂﬃﬄ\ufffd")


def test_fonts_are_the_shipped_ones_and_embedded(printed: bytes) -> None:
    with pikepdf.open(io.BytesIO(printed)) as found:
        names = set()
        for each in found.objects:
            if isinstance(each, pikepdf.Dictionary) and each.get("/Type") == "/FontDescriptor":
                assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(each.keys()), each.FontName
                names.add(str(each.FontName).split("+")[-1])
    own = {name for name in names if name.startswith("Report-")}
    assert own >= {"Report-Sans", "Report-Serif-Semi-Bold"}


def test_figures_are_vectors_beside_their_captions(printed: bytes, pages: list[str], report: Report) -> None:
    """No image is left, and each page holds as many figures as captions."""
    with pikepdf.open(io.BytesIO(printed)) as found:
        assert not [
            each
            for each in found.objects
            if isinstance(each, pikepdf.Stream) and each.get("/Subtype") == "/Image"
        ]
    shown = pypdfium2.PdfDocument(printed)
    drawn = [
        sum(each.type == pypdfium2.raw.FPDF_PAGEOBJ_FORM for each in page.get_objects(max_depth=1))
        for page in shown
    ]
    shown.close()
    captions = [len(re.findall(r"^Figure \d+\. ", page, re.MULTILINE)) for page in pages]
    with_runs = {each.family.slug for each in panels(report)}
    first = next(number for number, page in enumerate(pages) if re.search("^Run by run$", page, re.MULTILINE))
    assert drawn[:first] == captions[:first]
    assert sum(captions) == 1 + 2 * len(report.families) + len(with_runs)
    assert sum(drawn) == 1 + 2 * len(report.families) + len(panels(report))


def test_tags_hold_what_a_screen_reader_needs(printed: bytes) -> None:
    with pikepdf.open(io.BytesIO(printed)) as found:
        assert found.Root.MarkInfo.Marked
        assert found.Root.ViewerPreferences.DisplayDocTitle
        assert b'pdfuaid:part="1"' in found.Root.Metadata.read_bytes()
        elements = list(structure(found.Root.StructTreeRoot))
        for page in found.pages:
            assert not untagged(page)
    kinds = [str(each.S) for each in elements]
    headings = [int(kind[2]) for kind in kinds if re.fullmatch(r"/H\d", kind)]
    assert headings[0] == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(headings))
    figures = [each for each in elements if each.S == "/Figure"]
    assert figures
    assert all("AvgFinalLoss" in str(each.Alt) or "finite" in str(each.Alt) for each in figures)
    assert {"/Table", "/THead", "/TH", "/TD", "/Caption", "/Link", "/L"} <= set(kinds)


def test_the_same_report_gives_the_same_bytes(
    printed: bytes, report: Report, figure: bytes, tmp_path: Path
) -> None:
    """In another process too, whose sets and dictionaries hash in another order."""
    (tmp_path / "report.pickle").write_bytes(pickle.dumps((report, figures_of(report, figure))))
    code = (
        "import pickle, sys\n"
        "from tests.printed import render\n"
        "report, figures = pickle.loads(open('report.pickle', 'rb').read())\n"
        f"sys.stdout.buffer.write(render(report, figures, attachments={{'report.json': {DATA!r}}}))"
    )
    root = str(Path(__file__).parents[1])
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": root, "TZ": f"XXX-{seed}"}
        made = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=True
        )
        assert made.stdout == printed


def test_a_figure_that_could_not_be_drawn_is_said_to_be_missing(report: Report, figure: bytes) -> None:
    figures = figures_of(report, figure)
    del figures[f"{report.families[0].slug}-log"]
    found = text_of(render(report, figures))
    assert sum("This figure could not be drawn." in page for page in found) == 1


@pytest.mark.parametrize("runs", ["none", "figures", "all"])
def test_the_list_says_how_much_of_each_run_is_printed(
    report: Report, figure: bytes, runs: Literal["none", "figures", "all"]
) -> None:
    listed = dataclasses.replace(report.lists[0], pdf=PdfOptions(runs))
    asked = dataclasses.replace(report, lists=(listed,))
    whole = "\n".join(text_of(render(asked, figures_of(asked, figure))))
    rows = sum(-(-len(family.runs) // 2) for family in asked.families)
    assert len(panels(asked)) == (0 if runs == "none" else rows)
    assert ("Run by run" in whole) == (runs != "none")
    # Each family says once what is the same for all its runs, whatever is printed of each.
    assert (whole.count("n_digits") > len(asked.families)) == (runs == "all")


def test_of_files_without_commits_none_is_spoken_of(figure: bytes) -> None:
    source = SourceRecord("directory", None, None, None, "out/a", "a" * 64, ("trainer_state.json",))
    run = dataclasses.replace(samples.run_report("a", [0.5] * 8), source=source)
    made = samples.report([samples.family_report("hf", [run])])
    whole = "\n".join(text_of(render(made, figures_of(made, figure))))
    assert re.search(r"Run and source\s+SHA-256 of the file\na\s", whole)
    assert re.search(rf"a\s+out/a/trainer_state.json\s+{'a' * 64}", whole)


def test_what_changed_comes_first(report: Report, figure: bytes) -> None:
    old = report_document(samples.report(report.families[1:]))
    changed = against(report, json.loads(json_bytes(old)))
    pages = text_of(render(changed, figures_of(changed, figure)))
    for run in report.families[0].runs:
        assert f"{run.spec.name} in Addition" in pages[1]
    assert re.search(r"What changed\nCompared with the report of 2 January 2026", pages[1])


def test_27_runs_stay_under_30_pages_and_5_mb(figure: bytes) -> None:
    families = [
        samples.family_report(
            name,
            [samples.run_report(f"{op}_d{5 + k}_l2_h3_t30K_s372001", slug=f"{op}-{k}") for k in range(count)],
            description="A paragraph about these runs. " * 12,
        )
        for name, op, count in (("Addition", "add", 11), ("Mixed", "mix", 9), ("Inited Mixed", "ins1_mix", 7))
    ]
    report = samples.report(families)
    found = render(report, figures_of(report, figure))
    assert len(read(found).pages) < 30
    assert len(found) < 5_000_000


def empty_feet(document: bytes) -> list[float]:
    """Of each page the share of its text's height, from 25 mm to 277 mm, that is white at its foot."""
    found = []
    with pypdfium2.PdfDocument(document) as shown:
        for page in shown:
            dark = np.asarray(page.render(scale=0.5).to_pil().convert("L")) < 200
            rows = np.flatnonzero(dark[: round(277 / 297 * len(dark))].any(axis=1)) / len(dark) * 297
            found.append((277 - max(rows.max(), 25)) / 252)
    return found


def test_pages_are_filled() -> None:
    """Tables go before figures that do not fit; where that is reckoned wrongly, half of a page is empty."""
    families = [
        samples.family_report(
            f"Family {number}",
            [
                samples.run_report(
                    f"add_d{5 + k}_l2_h3_t30K_s{number}00{k}", losses(400, seed=k), slug=f"r-{number}-{k}"
                )
                for k in range(count)
            ],
            description="",
        )
        for number, count in enumerate((11, 9, 7, 12, 8, 10, 6, 13, 5, 14))
    ]
    report = samples.report(families)
    lists = (dataclasses.replace(report.lists[0], pdf=PdfOptions("none")),)
    report = dataclasses.replace(report, lists=lists)
    drawn = drawing(178, 86)
    feet = empty_feet(render(report, figures_of(report, drawn)))
    assert len(feet) > 15
    assert max(feet[:-1]) < 1 / 3, feet
    assert sum(feet[:-1]) / len(feet[:-1]) < 0.1, feet


def test_long_tables_repeat_their_headers_and_leave_no_row_alone(figure: bytes) -> None:
    """Tables of many lengths: where rows may stand alone, one of them does at one of these lengths."""
    families = []
    for count in range(17, 49):
        runs = [
            samples.run_report(f"run_{count}_{k}", [2.9], slug=f"run-{count}-{k}", label=f"seed {k}")
            for k in range(count)
        ]
        columns = ("label", "name")
        families.append(samples.family_report(f"Family {count}", runs, figures=(), columns=columns))
    report = samples.report(families)
    report = dataclasses.replace(
        report, lists=(dataclasses.replace(report.lists[0], pdf=PdfOptions("none")),)
    )
    broken = 0
    for page in text_of(render(report, figures_of(report, figure))):
        before = ""
        for is_row, lines in itertools.groupby(
            page.splitlines(), lambda line: " run_" in line and "seed" in line
        ):
            rows = list(lines)
            if is_row:
                assert len(rows) > 1, rows
                assert re.search(r"Run\s.{0,120}$", before, re.DOTALL), f"no header above {rows[0]}"
                broken += before.startswith(("Label", "Family\nLabel", "Family Label"))
            before = "\n".join(rows) + "\n"
    assert broken > 5


def test_headings_stay_with_what_follows(figure: bytes) -> None:
    """Short families, so that headings fall everywhere on the page."""
    families = [
        samples.family_report(
            f"Family {k}",
            [samples.run_report(f"add_d{k}_l2_h3_t1K_s100000", slug=f"run-{k}")],
            description="Text. " * (29 * k % 400),
        )
        for k in range(1, 25)
    ]
    report = samples.report(families)
    report = dataclasses.replace(report, lists=(dataclasses.replace(report.lists[0], pdf=PdfOptions("all")),))
    found = render(report, figures_of(report, figure))
    pages = read(found)
    shown = pypdfium2.PdfDocument(found)
    for entry in flat(pages.outline):
        number = pages.get_destination_page_number(entry)
        assert number is not None
        assert entry.top is not None
        page = shown[number].get_textpage()
        if entry.title.startswith("Figure") and not entry.title.endswith("run by run"):  # a caption below
            assert "drawn once" in page.get_text_bounded(bottom=float(entry.top)), entry.title
            continue
        below = page.get_text_bounded(top=float(entry.top) - 30, bottom=20 * MM)
        assert below.strip(), f"{entry.title} stands alone at the foot of page {number + 1}"
    shown.close()


def test_hostile_text_is_text(figure: bytes) -> None:
    report = samples.hostile_report()
    found = render(report, figures_of(report, figure))
    whole = squeezed("\n".join(text_of(found)))
    for text in (
        "<script>alert(1)</script>",
        "{{7*7}}",
        "\\input{/etc/passwd}",
        "\\x1b[31mred",
        "\\u202egnp.exe",
    ):
        assert text in whole
    links = [link["/A"] for page in read(found).pages for link in page.get("/Annots", []) if "/A" in link]
    assert not [
        link for link in links if str(link.get("/URI", "http")).partition(":")[0] not in ("http", "https")
    ]


def test_endless_text_is_cut(figure: bytes) -> None:
    """Ten thousand letters without a space neither stall the layout nor fill pages."""
    word = "x" * 10_000
    run = samples.run_report(
        word, spec=samples.run_spec(word, note=word, extra={word: word}), label=word, slug="x"
    )
    report = samples.report([samples.family_report(word, [run], slug="x")], title=word)
    pages = text_of(render(report, figures_of(report, figure)))
    assert len(pages) < 20
    assert "".join(pages).count("x") < 100_000
    assert "xxx…" in squeezed("".join(pages))


@pytest.mark.parametrize(
    "text",
    [
        "x" * 50_000,
        "a\n\n" * 3_333,
        "- a\n" * 12_500,
        "- - - - - - - a\n" * 3_000,
        "*a* " * 12_500,
        "a\\\n" * 15_000,
        "```\n" + "a\n" * 25_000,
        f"![{'x' * 50_000}](x.png)",
        "| a | b |\n| - | - |\n" + "| c | d |\n" * 5_000,
        f"|{'a|' * 400}\n|{'-|' * 400}\n" + f"|{'b|' * 400}\n" * 20,
    ],
)
def test_endless_descriptions_are_cut(text: str) -> None:
    """Whatever they are made of, two of them add a few pages, and say where the rest is."""
    family = samples.family_report("F", [samples.run_report("r")], description=text)
    report = dataclasses.replace(samples.report([family]), description=text)
    began = time.process_time()  # whatever else the machine does
    pages = text_of(render(report, {}))
    assert time.process_time() - began < 10  # a second or two; uncut, most of these took a minute
    assert len(pages) <= 12
    assert "\n".join(pages).count("The attached report.json has the whole text.") == 2


def test_a_description_of_some_length_is_whole() -> None:
    text = "\n\n".join(f"Paragraph {number}: " + "word " * 40 for number in range(12)) + "**the end**"
    report = dataclasses.replace(samples.report([]), description=text)
    whole = "\n".join(text_of(render(report, {})))
    assert "the end" in whole and "whole text" not in whole


def test_an_endless_configuration_is_cut() -> None:
    """After 5,000 characters: 500 keys with their values, of ten each."""
    listed = dataclasses.replace(samples.sample_report().lists[0], pdf=PdfOptions("all"))
    config = {f"key{number:05}": "vv" for number in range(16_000)}
    family = samples.family_report("F", [samples.run_report("r", config=config)])
    lists = (dataclasses.replace(listed, families=(family.spec,)),)
    whole = squeezed("".join(text_of(render(dataclasses.replace(samples.report([family]), lists=lists), {}))))
    assert "key00499vv" in whole and "key00500" not in whole
    assert "15,500moreintheattachedreport.json" in whole


def test_a_report_without_runs_or_figures_is_still_a_report() -> None:
    problem = Problem("Empty", "gone", "missing", "gone does not exist")
    family = samples.family_report("Empty", [], specs=(samples.run_spec("gone"),))
    pages = text_of(render(samples.report([family], problems=[problem]), {}))
    assert "gone does not exist" in "\n".join(pages)


@pytest.mark.parametrize(
    "wanted",
    [
        '<img src="file:///etc/passwd" alt="">',
        '<img src="{server}" alt="">',
        '<link rel="stylesheet" href="{server}">',
        '<link rel="attachment" href="file:///etc/passwd">',
        "<style>body {{ background: url({server}) }}</style>",
        "<style>@import url({server});</style>",
        "<style>@font-face {{ font-family: x; src: url({server}) }}</style>",
        "<style>@font-face {{ font-family: x; src: url(font:../../pyproject.toml) }}</style>",
        '<svg><image href="{server}" width="9" height="9"/></svg>',
        '<object data="{server}"></object>',
        '<img src="figure:no-such" alt="">',
    ],
)
def test_templates_fetch_nothing(tmp_path: Path, wanted: str) -> None:
    """Neither network nor disk; the user is told which URL it was."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/x"
        (tmp_path / "paper_front.html.j2").write_text(wanted.format(server=url))
        with pytest.raises(ReportgenError, match="which is never fetched"):
            render(samples.report([]), {}, templates=tmp_path)
        server.shutdown()
    assert asked == []


def test_a_drawn_figure_brings_its_font_and_no_tags(report: Report, chromium: str) -> None:
    """Tags inside a figure would stand where the report's own tag is."""
    with Drawer() as drawer:
        family = report.families[0]
        drawn = drawer.draw({f"{family.slug}-log": drawn_figure("log", family)})
    found = render(report, {name: images.pdf for name, images in drawn.items()})
    with pikepdf.open(io.BytesIO(found)) as document:
        streams = [each for each in document.objects if isinstance(each, pikepdf.Stream)]
        assert not [each for each in streams if each.get("/Subtype") == "/Image"]
        (form,) = [each for each in streams if "/Font" in each.get("/Resources", {})]
        assert b"MCID" not in form.read_bytes()
        for font in form.Resources.Font.values():
            assert "/ToUnicode" in font
            assert "/FontFile2" in font.DescendantFonts[0].FontDescriptor


def test_a_template_may_bring_a_font(report: Report, figure: bytes, tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    shipped = Path(__file__).parents[1] / "templates"
    font = (shipped / "fonts" / "SourceSans3-It.ttf").read_bytes()
    (tmp_path / "fonts" / "Own.ttf").write_bytes(font)
    css = (shipped / "paper.css").read_text()
    own = '@font-face { font-family: "Own"; src: url(font:Own.ttf) } h1 { font-family: "Own" !important }'
    (tmp_path / "paper.css").write_text(f"{css}\n{own}")
    found = render(report, figures_of(report, figure), templates=tmp_path)
    with pikepdf.open(io.BytesIO(found)) as document:
        names = {
            str(each.BaseFont)
            for each in document.objects
            if isinstance(each, pikepdf.Dictionary) and "/BaseFont" in each
        }
    assert any("+Own" in name for name in names), names


def flat(outline: list) -> Iterator[pypdf.generic.Destination]:
    for entry in outline:
        if isinstance(entry, list):
            yield from flat(entry)
        else:
            yield entry


def squeezed(text: str) -> str:
    """Without the spaces and breaks that a layout may put anywhere."""
    return re.sub(r"\s+", "", text)


def structure(element: pikepdf.Object) -> Iterator[pikepdf.Dictionary]:
    """Every structure element below this one, in reading order."""
    below = element.get("/K", [])
    for each in below if isinstance(below, pikepdf.Array) else [below]:
        if isinstance(each, pikepdf.Dictionary) and "/S" in each:
            yield each
            yield from structure(each)


def untagged(page: pikepdf.Page) -> list[str]:
    """Painting operators that are neither tagged nor said to be decoration."""
    marked: list[bool] = []
    found = []
    for operands, operator in pikepdf.parse_content_stream(page):
        name = str(operator)
        if name in ("BDC", "BMC"):
            marked.append(operands[0] == "/Artifact" or "/MCID" in operands[1])
        elif name == "EMC":
            marked.pop()
        elif name in ("Tj", "TJ", "S", "f", "f*", "B", "Do", "sh") and not any(marked):
            found.append(name)
    return found
