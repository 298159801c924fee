"""Figures as files, through a real Chrome: what they hold, that they repeat, and what if Chrome fails."""

from __future__ import annotations

import contextlib
import http.server
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pypdf
import pytest
from choreographer.browsers import Chromium
from PIL import Image

from reportgen.curves.summary import Curve
from reportgen.figure_kinds import figure_kinds
from reportgen.figures.draw import draw
from reportgen.figures.style import Figure
from reportgen.outputs.images import ChromeError, Drawer, Images, key
from tests import families, samples

pytestmark = pytest.mark.usefixtures("chromium")
SVG = "{http://www.w3.org/2000/svg}"
signals = pytest.mark.skipif(os.name == "nt", reason="stops and kills Chrome by POSIX signals")


def tiny(width: int = 300, height: int = 200) -> Figure:
    data = [{"type": "scatter", "x": [0, 1, 2], "y": [1, 3, 2], "mode": "lines"}]
    return {"data": data, "layout": {"width": width, "height": height}}


def full_size() -> Figure:
    """Eleven synthetic runs of 80,000 steps, 800 points each, as restless as real ones."""
    runs = []
    for i in range(11):
        run = samples.run_report(f"add_d{5 + i}_l2_h3_t80K_s372001", samples.losses(30), label=f"d{5 + i}")
        random = np.random.default_rng(i)
        step = np.linspace(0, 79_999, 800).round().astype(np.int64)
        mean = np.geomspace(2.9, 1e-8, 800) * np.exp(random.normal(0, 0.8, 800))
        curve = Curve(
            80_000, step, mean, mean * random.uniform(0.05, 1, 800), mean * random.uniform(1, 20, 800)
        )
        runs.append(samples.with_summary(run, curve=curve))
    return families.drawn("log", samples.family_report("Addition", runs))


def legend_below(width_mm: int) -> Figure:
    """Eight runs whose names do not fit beside the plot, 学习率 among them, with a long last tick."""
    names = ["model=resnet50 lr=0.1", "model=学习率一", *(f"model=MOMENTUM_WARMUP_{i}" for i in range(6))]
    runs = [samples.run_report(f"run-{i}", samples.losses(300), label=name) for i, name in enumerate(names)]
    plot = figure_kinds()["log"].plot(samples.family_report("Names", runs))
    assert plot is not None
    return draw(plot, width_mm)


@pytest.fixture(scope="module")
def made() -> dict[str, Figure]:
    report = samples.sample_report()
    return {
        "addition-log": families.drawn("log", report.families[0]),
        "addition-linear": families.drawn("linear", report.families[0]),
        "overview": families.overview(report),
        "panels": families.panels(*report.runs),
        "full": full_size(),
        "hostile": families.drawn("log", samples.hostile_report().families[0]),
    }


@pytest.fixture(scope="module")
def drawn(made: dict[str, Figure]) -> dict[str, Images]:
    with Drawer() as drawer:
        return drawer.draw(made)


def test_svg_is_a_figure_of_its_size_with_text_in_our_font(
    made: dict[str, Figure], drawn: dict[str, Images]
) -> None:
    assert list(drawn) == list(made)
    for name, images in drawn.items():
        root = ET.fromstring(images.svg)
        assert root.tag == f"{SVG}svg"
        layout = made[name]["layout"]
        assert (float(root.attrib["width"]), float(root.attrib["height"])) == (
            layout["width"],
            layout["height"],
        )
        texts = [each for each in root.iter(f"{SVG}text") if "".join(each.itertext()).strip()]
        assert texts
        assert all("Source Sans 3" in each.attrib["style"] for each in texts)
        assert not list(root.iter(f"{SVG}image"))
    shown = "".join(ET.fromstring(drawn["addition-log"].svg).itertext())
    for text in ("d5", "d6", "d10", "10⁻⁸", "Training step", "Training loss"):
        assert text in shown


def test_a_legend_names_every_line_within_the_figure() -> None:
    """Plotly clips a legend that needs more rows than there is room for."""
    figures = {f"names-{width}": legend_below(width) for width in (85, 130, 178)}
    with Drawer() as drawer:
        images = drawer.draw(figures, without_png=figures)

    def place(group: ET.Element) -> list[float]:
        return [float(number) for number in re.findall(r"[-\d.]+", group.attrib["transform"])]

    for name, figure in figures.items():
        root = ET.fromstring(images[name].svg)
        (legend,) = (group for group in root.iter(f"{SVG}g") if group.get("class") == "legend")
        entries = [group for group in legend.iter(f"{SVG}g") if group.get("class") == "traces"]
        assert len(entries) == 8
        for entry in entries:
            (box,) = (each for each in entry if each.get("class") == "legendtoggle")
            right = place(legend)[0] + place(entry)[0] + float(box.attrib["width"])
            bottom = place(legend)[1] + place(entry)[1] + 0.5 * float(box.attrib["height"])
            assert right <= figure["layout"]["width"] + 1
            assert bottom <= figure["layout"]["height"] + 1


def test_ids_are_unique_over_all_figures(drawn: dict[str, Images]) -> None:
    """Several can stand in one page; what refers to an id refers to one of its own figure."""
    seen: set[str] = set()
    for images in drawn.values():
        text = images.svg.decode()
        own = set(re.findall(r'\bid="([^"]+)"', text))
        assert own
        assert not own & seen
        assert set(re.findall(r"url\(['\"]?#([^)'\"]+)", text)) <= own
        seen |= own


def test_a_figure_of_eleven_full_runs_is_light(drawn: dict[str, Images]) -> None:
    assert len(drawn["full"].svg) < 300_000
    assert len(drawn["full"].pdf) < 300_000


def test_pdf_is_one_page_of_the_figures_size_with_text_and_its_font(
    made: dict[str, Figure], drawn: dict[str, Images]
) -> None:
    for name, images in drawn.items():
        layout = made[name]["layout"]
        with pikepdf.open(io.BytesIO(images.pdf)) as document:
            (page,) = document.pages
            left, bottom, right, top = (float(edge) for edge in page.mediabox)
            assert (right - left, top - bottom) == pytest.approx(
                (layout["width"] * 0.75, layout["height"] * 0.75)
            )
            assert "/Info" not in document.trailer
            objects = list(document.objects)
            assert not [o for o in objects if isinstance(o, pikepdf.Stream) and o.get("/Subtype") == "/Image"]
            fonts = [
                o
                for o in objects
                if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/FontDescriptor"
            ]
            drawing = [o for o in objects if isinstance(o, pikepdf.Dictionary) and "/CharProcs" in o]
            described = [str(o.FontDescriptor.FontName) for o in drawing if "/FontDescriptor" in o]
            assert fonts
            # A font that draws its letters itself (Type 3, which Chrome makes of some) needs no file.
            own = [font for font in fonts if str(font.FontName) not in described]
            assert all("/FontFile2" in font or "/FontFile3" in font for font in own)
            if name != "hostile":
                assert all("SourceSans3" in str(font.FontName) for font in fonts)
    text = pypdf.PdfReader(io.BytesIO(drawn["addition-log"].pdf)).pages[0].extract_text()
    for expected in ("d5", "d10", "10⁻⁸", "Training step"):
        assert expected in text


def test_png_is_the_page_at_300_dots_an_inch_on_white(
    made: dict[str, Figure], drawn: dict[str, Images]
) -> None:
    for name, images in drawn.items():
        with Image.open(io.BytesIO(images.png)) as picture:
            width = made[name]["layout"]["width"] / 96 * 300
            assert picture.width == pytest.approx(width, abs=2)
            assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
            assert picture.mode == "RGB"
            assert picture.getpixel((2, 2)) == (255, 255, 255)
            inked = np.asarray(picture.convert("L")) < 250
            assert 0.005 < inked.mean() < 0.9


def test_the_still_is_the_png_at_a_third_of_its_size_and_light(drawn: dict[str, Images]) -> None:
    for name, images in drawn.items():
        with Image.open(io.BytesIO(images.png)) as picture, Image.open(io.BytesIO(images.still)) as still:
            assert still.size == pytest.approx([side / 3 for side in picture.size], abs=1)
            small = picture.convert("L").resize(still.size)
            difference = np.asarray(small, dtype=float) - np.asarray(still.convert("L"), dtype=float)
            assert np.abs(difference).mean() < 6, name
        assert len(images.still) < 60_000, name


def test_nothing_is_cut_off(drawn: dict[str, Images]) -> None:
    """The outermost pixels of every figure are paper."""
    for name, images in drawn.items():
        with Image.open(io.BytesIO(images.png)) as picture:
            grey = np.asarray(picture.convert("L"))
        edge = np.concatenate(
            [grey[:3].ravel(), grey[-3:].ravel(), grey[:, :3].ravel(), grey[:, -3:].ravel()]
        )
        assert (edge == 255).all(), name


def test_text_of_strangers_is_shown_and_not_obeyed(drawn: dict[str, Images]) -> None:
    root = ET.fromstring(drawn["hostile"].svg)
    shown = "".join(root.itertext())
    assert "<script>alert(1)</script>" in shown
    assert "[click](javas" in shown
    known = {"svg", "g", "path", "text", "tspan", "rect", "defs", "clipPath", "style"}
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= known


def test_two_browsers_draw_the_same_bytes(made: dict[str, Figure], drawn: dict[str, Images]) -> None:
    """Also alone and in another order: a figure does not depend on its company."""
    with Drawer() as drawer:
        alone = drawer.draw({"x": made["panels"]})["x"]
        again = drawer.draw(dict(reversed(made.items())))
    assert alone == drawn["panels"]
    assert again == drawn


def test_nothing_is_asked_of_the_network() -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/x.png"
        figure = tiny()
        figure["layout"]["images"] = [{"source": url, "x": 0, "y": 1, "sizex": 1, "sizey": 1}]
        with Drawer(time_limit=20) as drawer, contextlib.suppress(ChromeError):
            drawer.draw({"linked": figure})
        server.shutdown()
    assert asked == []


# The cache


def test_what_was_drawn_needs_no_chrome_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept: dict[str, bytes] = {}
    anew: list[str] = []
    with Drawer() as drawer:
        first = drawer.draw(
            {"a": tiny(), "b": tiny(310), "c": tiny()},
            cached=kept.get,
            store=kept.__setitem__,
            on_drawn=anew.append,
        )
    assert sorted(anew) == ["a", "b"]
    assert first["a"] == first["c"] != first["b"]
    assert sorted(kept) == sorted(
        f"{key(figure)}.{kind}" for figure in (tiny(), tiny(310)) for kind in ("svg", "pdf", "png", "still")
    )
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-chrome"))
    with Drawer() as drawer:
        again = drawer.draw({"b": tiny(310), "a": tiny()}, cached=kept.get, on_drawn=anew.append)
        assert again == {"b": first["b"], "a": first["a"]}
        assert len(anew) == 2
        with pytest.raises(ChromeError):
            drawer.draw({"new": tiny(320)}, cached=kept.get)
        assert drawer.draw({}) == {}


def test_pictures_are_made_only_where_asked_for() -> None:
    kept: dict[str, bytes] = {}
    with Drawer() as drawer:
        first = drawer.draw({"a": tiny(), "b": tiny(310)}, without_png=("b",), store=kept.__setitem__)
        assert (first["a"].png != b"", first["b"].png) == (True, b"")
        assert (first["a"].still != b"", first["b"].still) == (True, b"")
        assert drawer.draw({"b": tiny(310)}, without_png=("b",), cached=kept.get) == {"b": first["b"]}
        again = drawer.draw({"b": tiny(310)}, cached=kept.get)["b"]
    assert again.png
    assert (again.svg, again.pdf) == (first["b"].svg, first["b"].pdf)


def test_the_key_follows_all_of_a_figure() -> None:
    base = tiny()
    changed = tiny()
    changed["data"][0]["y"] = [1, 3, 2.5]
    assert len({key(base), key(changed), key(tiny(301))}) == 3
    assert key(base) == key({"layout": base["layout"], "data": base["data"]})


# When Chrome fails


def test_a_missing_chrome_is_one_line_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-chrome"))
    with Drawer() as drawer, pytest.raises(ChromeError, match=r"^BROWSER_PATH names no file") as named:
        drawer.draw({"a": tiny()})
    monkeypatch.delenv("BROWSER_PATH")
    monkeypatch.setattr(Chromium, "find_browser", lambda **_: None)
    with Drawer() as drawer, pytest.raises(ChromeError, match="apt install chromium") as caught:
        drawer.draw({"a": tiny()})
    assert "\n" not in str(named.value) + str(caught.value)


@pytest.mark.parametrize("gone", ["argument", "method", "script"])
def test_a_kaleido_that_nobody_knows_is_named_with_what_to_install(
    gone: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A later version may rename what is used of it."""

    class Later:
        def __init__(self, *, path: str, page_generator: Any, **rest: Any) -> None:
            if gone == "argument" and "channel_cls" in rest:
                raise TypeError("unexpected keyword argument 'channel_cls'")
            if gone == "script":
                page_generator.generate_index()

    monkeypatch.setattr("kaleido.Kaleido", Later)
    if gone == "script":
        monkeypatch.setattr("kaleido.__file__", str(tmp_path / "__init__.py"))
    says = r"Kaleido \d[\d.]+ is not one .* pip install .kaleido>=1.5,<1.6"
    with Drawer() as drawer, pytest.raises(ChromeError, match=says):
        drawer.draw({"tiny": tiny()})


def test_a_chrome_that_does_not_start_fails_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", sys.executable)  # Ends at once: it knows none of Chrome's options.
    began = time.monotonic()
    with Drawer(time_limit=5) as drawer, pytest.raises(ChromeError, match="failed twice"):
        drawer.draw({"a": tiny()})
    assert time.monotonic() - began < 25


def alive(group: int) -> list[str]:
    """Processes of a group, but for the dead that nobody has asked after."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True)
    rows = [row.split(None, 2) for row in listed.stdout.splitlines()]
    return [" ".join(row) for row in rows if row[0] == str(group) and not row[1].startswith("Z")]


def group_of(drawer: Drawer) -> int:
    assert drawer._browser is not None
    process = drawer._browser._process()
    assert process is not None
    return process.pid


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    """A drawer whose Chrome has drawn once."""
    with Drawer(time_limit=20) as one:
        one.draw({"first": tiny()})
        yield one


@signals
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_chrome_that_crashes_or_hangs_is_replaced_once(drawer: Drawer, how: signal.Signals) -> None:
    drawer._time_limit = 3
    first = group_of(drawer)
    os.killpg(first, how)
    drawn = drawer.draw({"after": tiny(310), "more": tiny(320)})
    assert [len(images.pdf) > 0 for images in drawn.values()] == [True, True]
    assert group_of(drawer) != first
    assert alive(first) == []


@signals
@pytest.mark.parametrize("failing", [False, True])
def test_nothing_of_chrome_is_left(failing: bool) -> None:
    with contextlib.suppress(KeyError), Drawer() as drawer:
        drawer.draw({"a": tiny()})
        group = group_of(drawer)
        assert alive(group)
        if failing:
            raise KeyError
    assert alive(group) == []
    assert not [thread for thread in threading.enumerate() if thread.name in ("chrome", "png_0")]


def test_a_drawer_may_be_left_before_chrome_is_up() -> None:
    began = time.monotonic()
    with Drawer():
        pass
    assert time.monotonic() - began < 2


SCRIPT = """
import sys
from reportgen.figures.style import Figure
from reportgen.outputs.images import Drawer
figure = {"data": [{"type": "scatter", "y": [1, 2]}], "layout": {"width": 300, "height": 200}}
with Drawer() as drawer:
    drawer.draw({"a": figure})
    print(drawer._browser._process().pid, flush=True)
    n = 0
    while True:
        n += 1
        drawer.draw({"a": figure | {"layout": {"width": 300 + n, "height": 200}}})
"""


@signals
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_leaves_no_chrome(how: signal.Signals) -> None:
    """Ctrl-C ends within two seconds; even a build that is killed takes Chrome along."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as process:
        assert process.stdout is not None
        group = int(process.stdout.readline())
        time.sleep(0.3)
        assert alive(group)
        began = time.monotonic()
        process.send_signal(how)
        process.wait(10)
        assert time.monotonic() - began < 2
    deadline = time.monotonic() + (0 if how is signal.SIGINT else 5)
    while alive(group) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alive(group) == []
