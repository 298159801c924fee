"""Figures put into a laid-out document: seen as pixels, and read back as objects."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
import pikepdf
import pypdfium2
import pytest

from reportgen.outputs.placeholders import embed, placeholder

WIDTH, HEIGHT = 120, 60  # mm on the page
PAGE = """<html lang="en"><title>T</title>
<style>@page {{ size: 200mm; margin: 10mm }} body {{ margin: 0 }}
img {{ width: 120mm; height: 60mm; display: block }}</style>
<h1>Heading</h1>{body}</html>"""


def figure(colour: str, left: float = 0) -> bytes:
    """A one-page PDF: half of it coloured, text on top; its page does not begin at the origin."""
    import weasyprint

    drawn = weasyprint.HTML(
        string=f"<style>@page {{ size: 60mm 30mm; margin: 0 }} body {{ margin: 0 }}</style>"
        f'<svg viewBox="0 0 200 100" style="width: 60mm"><rect width="100" height="100" fill="{colour}"/>'
        '<text x="10" y="50" font-size="20">inside</text></svg>'
    ).write_pdf()
    with pikepdf.open(io.BytesIO(drawn)) as document:
        page = document.pages[0]
        right, top = (float(edge) for edge in list(page.mediabox)[2:])
        page.mediabox = pikepdf.Array([left, 0, left + right, top])
        page.contents_add(f"1 0 0 1 {left} 0 cm".encode(), prepend=True)
        out = io.BytesIO()
        document.save(out)
    return out.getvalue()


def document(body: str) -> bytes:
    import weasyprint

    return weasyprint.HTML(string=PAGE.format(body=body)).write_pdf(pdf_variant="pdf/ua-1")


def image(name: str) -> str:
    data = base64.b64encode(placeholder(name)).decode()
    return f'<img src="data:image/png;base64,{data}" alt="about {name}">'


def streams(pdf: bytes, subtype: str) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return sum(
            isinstance(each, pikepdf.Stream) and each.get("/Subtype") == subtype for each in opened.objects
        )


def pixels(pdf: bytes, page: int = 0) -> npt.NDArray[np.uint8]:
    opened = pypdfium2.PdfDocument(pdf)
    try:
        return np.asarray(opened[page].render(scale=2).to_pil().convert("RGB"))
    finally:
        opened.close()


def coloured(
    picture: npt.NDArray[np.uint8], colour: tuple[int, int, int]
) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of an area, mm."""
    rows, columns = np.nonzero((np.abs(picture.astype(int) - colour) < 8).all(axis=2))
    mm = 25.4 / 144
    return (columns.min() * mm, rows.min() * mm, (columns.max() + 1) * mm, (rows.max() + 1) * mm)


@pytest.mark.parametrize("left", [0, 37])
def test_a_figure_fills_its_placeholders_place(left: float) -> None:
    laid_out = document(image("a"))
    made = embed(laid_out, {"a": figure("#c00000", left)})
    assert streams(laid_out, "/Image") == 1
    assert streams(made, "/Image") == 0
    box = coloured(pixels(made), (0xC0, 0, 0))
    assert box[2] - box[0] == pytest.approx(WIDTH / 2, abs=0.4)
    assert box[3] - box[1] == pytest.approx(HEIGHT, abs=0.4)
    assert box[0] == pytest.approx(10, abs=0.4)


def test_each_placeholder_takes_its_own_figure_wherever_it_stands() -> None:
    see_through = f'<div style="opacity: 0.99">{image("b")}</div>'
    body = f'{image("a")}{see_through}<p style="break-before: page; margin: 0">{image("a")}'
    drawn = {"b": figure("#0000c0"), "a": figure("#c00000"), "unused": figure("#00c000")}
    made = embed(document(body), drawn)
    red, blue = (coloured(pixels(made), colour) for colour in ((0xC0, 0, 0), (2, 2, 0xC0)))
    assert blue[1] == pytest.approx(red[3], abs=0.4)
    assert coloured(pixels(made, 1), (0xC0, 0, 0))[1] == pytest.approx(10, abs=0.4)
    assert streams(made, "/Image") == 0


def test_everything_else_stays() -> None:
    made = embed(document(image("a")), {"a": figure("#c00000")})
    with pikepdf.open(io.BytesIO(made)) as opened:
        with opened.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
        assert opened.Root.Lang == "en"
        with opened.open_outline() as outline:
            assert [item.title for item in outline.root] == ["Heading"]
        alternatives = [
            str(each.Alt)
            for each in opened.objects
            if isinstance(each, pikepdf.Dictionary) and each.get("/S") == "/Figure"
        ]
        assert alternatives == ["about a"]
    opened = pypdfium2.PdfDocument(made)
    assert "inside" in opened[0].get_textpage().get_text_range()
    opened.close()


def test_a_placeholder_without_a_figure_and_other_images_stay() -> None:
    laid_out = document(image("a") + image("b"))
    assert streams(embed(laid_out, {"a": figure("#c00000")}), "/Image") == 1
    assert streams(embed(laid_out, {}), "/Image") == 2


def test_the_same_input_gives_the_same_bytes() -> None:
    laid_out, drawn = document(image("a")), figure("#c00000")
    assert embed(laid_out, {"a": drawn}) == embed(laid_out, {"a": drawn})
    assert placeholder("a") == placeholder("a") != placeholder("b")
