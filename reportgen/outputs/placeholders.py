"""Figures into a finished PDF: laid out as small images first, exchanged for vectors afterwards.

A page layout that reads SVG draws it point by point, every time. A figure that already exists as PDF
only needs its place: so the document is laid out with one placeholder image a figure, and ``embed``
puts the figure's own page where the placeholder was.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pikepdf

__all__ = ["embed", "placeholder"]

_PIXELS = (8, 4)


def placeholder(name: str) -> bytes:
    """A PNG for the figure ``name``; like no other figure's, so that it is found again.

    Its few pixels have no shape to speak of: give its place a width and a height.
    """
    from PIL import Image

    out = io.BytesIO()
    Image.frombytes("RGB", _PIXELS, _pixels(name)).save(out, "PNG")
    return out.getvalue()


def embed(pdf: bytes, figures: Mapping[str, bytes]) -> bytes:
    """Exchanges placeholders for figures.

    Everything else stays: text, tags with their alternative texts, bookmarks, attachments, metadata.

    Args:
        pdf: A document that shows ``placeholder(name)`` for some of the names.
        figures: Name to the figure as a PDF of one page; it is stretched to the placeholder's place.

    Returns:
        The document, the same bytes for the same input.
    """
    import pikepdf

    names = {_pixels(name): name for name in figures}
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for image in document.objects:
            if isinstance(image, pikepdf.Stream) and image.get("/Subtype") == "/Image":
                name = names.get(_pixels_of(image))
                if name is not None:
                    _become(document, image, figures[name])
        _name_the_tool(document)
        out = io.BytesIO()
        document.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return out.getvalue()


def _name_the_tool(document: pikepdf.Pdf) -> None:
    """Its producer is what the document says made it; the layout engine is among the report's versions."""
    made_by = document.docinfo.get("/Creator")
    if made_by is None:
        return
    document.docinfo["/Producer"] = made_by
    with document.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
        metadata["pdf:Producer"] = str(made_by)


def _pixels(name: str) -> bytes:
    """The placeholder's pixels, three bytes each, row by row."""
    return hashlib.shake_256(name.encode()).digest(3 * _PIXELS[0] * _PIXELS[1])


def _pixels_of(image: pikepdf.Stream) -> bytes:
    """An image's pixels, if it has a placeholder's size."""
    same_size = image.get("/Width") == _PIXELS[0] and image.get("/Height") == _PIXELS[1]
    return image.read_bytes() if same_size else b""


def _become(document: pikepdf.Pdf, image: pikepdf.Stream, figure: bytes) -> None:
    """Turns an image into a form that shows the figure in the unit square, where images are drawn.

    The object itself is changed, so whatever refers to it, from however many places, shows the figure.
    """
    import pikepdf

    with pikepdf.open(io.BytesIO(figure)) as source:
        page = source.pages[0]
        left, bottom, right, top = (float(edge) for edge in page.mediabox)
        form = document.copy_foreign(page.as_form_xobject())
    width, height = right - left, top - bottom
    # Two forms, one in the other: PDFium takes the outer one's scale for the size of the text in it, and
    # reads letters as small as that as one on top of the other.
    image.stream_dict = pikepdf.Dictionary(
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Form,
        BBox=[0, 0, 1, 1],
        Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(Figure=form)),
        Group=pikepdf.Dictionary(S=pikepdf.Name.Transparency),
    )
    square = (1 / width, 0, 0, 1 / height, -left / width, -bottom / height)
    image.write(f"{' '.join(f'{number:.9f}' for number in square)} cm /Figure Do".encode())
