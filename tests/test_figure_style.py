"""How figures look, by the rules of print: colours, axes, text."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from hypothesis import given
from hypothesis import strategies as st

from reportgen.figures.axes import tick_texts, ticks
from reportgen.figures.overview import avg_final_loss, draw_marks
from reportgen.figures.ruler import Ruler
from reportgen.figures.style import line_styles, named_styles, plain, text_width
from reportgen.kinds import FloatArray
from reportgen.outputs import images
from reportgen.report import FamilyReport
from tests import samples
from tests.families import family

# Colours


def linear(colour: str) -> FloatArray:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def colours(n: int, theme: str, by: str | None) -> list[str]:
    return [getattr(style, theme) for style in line_styles(family(n, color_by=by))]


@pytest.mark.parametrize("n", [1, 2, 5, 11, 45, 300])
@pytest.mark.parametrize("by", ["digits", None])
def test_every_line_stands_out_from_the_page(n: int, by: str | None) -> None:
    for theme, page in (("light", "#ffffff"), ("dark", "#1e2127")):
        found = colours(n, theme, by)
        assert len(found) == n
        assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in found)
        assert min(contrast(colour, page) for colour in found) >= 3, theme


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_more_digits_are_lighter_whatever_the_order(theme: str) -> None:
    whole = family(11, color_by="digits")
    runs = tuple(whole.runs[i] for i in (7, 2, 10, 0, 5, 1, 9, 3, 8, 6, 4))
    in_order = [getattr(style, theme) for style in line_styles(whole)]
    mixed = [getattr(style, theme) for style in line_styles(FamilyReport(whole.spec, runs))]
    assert mixed == [in_order[whole.runs.index(run)] for run in runs]
    lightness = [luminance(colour) ** (1 / 3) for colour in in_order]
    steps = np.diff(lightness)
    assert steps.min() > 0, "grey print loses the order"
    assert steps.max() < 3 * steps.min()


# Machado, Oliveira and Fernandes (2009), severity 1.
SEEN_WITHOUT = {
    "red cones": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "green cones": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}


def lab(light: FloatArray) -> FloatArray:
    """CIELAB under D65 of linear sRGB."""
    rows = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    found = np.array(rows) @ light / [0.95047, 1, 1.08883]
    x, y, z = np.where(found > 216 / 24389, np.cbrt(found), (24389 / 27 * found + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def difference(one: FloatArray, other: FloatArray) -> float:
    """CIEDE2000 of two CIELAB colours (Sharma, Wu and Dalal, 2005)."""
    mean = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    stretch = 1.5 - 0.5 * math.sqrt(mean**7 / (mean**7 + 25**7))
    (a1, b1), (a2, b2) = ((a * stretch, b) for a, b in (one[1:], other[1:]))
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = (math.degrees(math.atan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    hue = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    light, chroma = (one[0] + other[0]) / 2, (c1 + c2) / 2
    at = h1 + h2 if c1 * c2 == 0 else (h1 + h2) / 2 + (180 if abs(h1 - h2) > 180 else 0)
    cosines = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63))
    t = 1 + sum(size * math.cos(math.radians(times * at + by)) for size, times, by in cosines)
    wide = 1 + 0.015 * (light - 50) ** 2 / math.sqrt(20 + (light - 50) ** 2)
    parts = ((other[0] - one[0]) / wide, (c2 - c1) / (1 + 0.045 * chroma), hue / (1 + 0.015 * chroma * t))
    angle = math.radians(60 * math.exp(-((((at % 360) - 275) / 25) ** 2)))
    turned = -2 * math.sqrt(chroma**7 / (chroma**7 + 25**7)) * math.sin(angle)
    return math.sqrt(sum(part**2 for part in parts) + turned * parts[1] * parts[2])


def test_the_difference_is_that_of_its_authors() -> None:
    """Pairs 1, 7, 16 and 25 of their table 1."""
    for one, other, known in (
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ):
        assert difference(np.array(one), np.array(other)) == pytest.approx(known, abs=5e-5)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colour_blind_eyes_tell_colours_apart(theme: str) -> None:
    """Those without an order by 12 and more; neighbours on a scale differ by their dashes too."""
    found = sorted(set(colours(60, theme, None)))
    assert len(found) == 7
    for eyes in (np.eye(3), *map(np.array, SEEN_WITHOUT.values())):
        seen = [lab(np.clip(eyes @ linear(colour), 0, 1)) for colour in found]
        assert min(difference(a, b) for a, b in itertools.combinations(seen, 2)) >= 12
        scale = [lab(np.clip(eyes @ linear(colour), 0, 1)) for colour in colours(7, theme, "digits")]
        assert min(difference(a, b) for a, b in itertools.combinations(scale, 2)) > 2.5


@pytest.mark.parametrize("by", ["digits", None])
def test_any_number_of_lines_differ_by_something(by: str | None) -> None:
    styles = line_styles(family(28, color_by=by))
    assert len({(style.light, style.dash) for style in styles}) == 28


def test_neighbours_on_a_scale_differ_by_their_dashes() -> None:
    styles = line_styles(family(11, color_by="digits"))
    assert all(a.dash != b.dash for a, b in itertools.pairwise(styles))


@given(st.lists(st.text(min_size=1), min_size=2, max_size=40, unique=True))
def test_a_run_keeps_its_colour_where_another_joins_at_the_end(names: list[str]) -> None:
    styles = named_styles(names)
    assert styles[:-1] == named_styles(names[:-1])
    assert len({(style.light, style.dash) for style in styles}) == len(names)
    assert len({style.light for style in styles}) == min(len(names), 7)


def test_a_run_whose_colour_is_free_has_it_whoever_came_before() -> None:
    alone = {name: named_styles([name])[0] for name in ("a", "b", "c", "d", "e", "f", "g", "h")}
    first, other = next(
        pair for pair in itertools.permutations(alone, 2) if alone[pair[0]].light != alone[pair[1]].light
    )
    assert named_styles([first, other]) == (alone[first], alone[other])
    first, same = next(
        pair for pair in itertools.permutations(alone, 2) if alone[pair[0]].light == alone[pair[1]].light
    )
    styles = named_styles([first, same])
    assert styles[0] == alone[first]
    assert styles[1].light != alone[same].light


def test_a_lists_own_palette_is_taken() -> None:
    styles = line_styles(family(9, palette=("#123456", "#654321")))
    assert {style.light for style in styles} == {style.dark for style in styles} == {"#123456", "#654321"}


# Axes


def as_number(text: str) -> float:
    """What a tick says."""
    if text.startswith("−"):
        return -as_number(text[1:])
    superscripts = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    if power := re.fullmatch(r"(?:([\d.]+)×)?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text):
        return float(f"{power[1] or 1}e{power[2].translate(superscripts)}")
    return float(text.replace(",", ""))


@given(st.floats(1e-300, 1e290), st.floats(1.01, 1e12), st.integers(2, 30))
def test_ticks_of_a_log_axis_are_true_and_few(low: float, times: float, most: int) -> None:
    high = low * times
    found = ticks(low, high, most, log=True)
    assert 1 <= len(found) <= max(3, most + 1)
    assert found == sorted(set(found))
    assert all(low * (1 - 1e-8) <= value <= high * (1 + 1e-8) for value in found)
    for value, text in zip(found, tick_texts(found, log=True), strict=True):
        assert as_number(text) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (
            1e-9,
            2.9,
            15,
            ["10⁻⁹", "10⁻⁸", "10⁻⁷", "10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰"],
        ),
        (0.3, 3.0, 8, ["0.5", "1.0", "2.0"]),
        (1.5, 60.0, 8, ["2", "5", "10", "20", "50"]),
        (0.009, 20, 8, ["0.01", "0.1", "1", "10"]),
        (2e-7, 6e-6, 8, ["2×10⁻⁷", "5×10⁻⁷", "10⁻⁶", "2×10⁻⁶", "5×10⁻⁶"]),
        (3.27, 3.35, 4, ["3.28", "3.30", "3.32", "3.34"]),
    ],
)
def test_a_log_axis_has_one_notation(low: float, high: float, most: int, texts: list[str]) -> None:
    assert tick_texts(ticks(low, high, most, log=True), log=True) == texts


@given(st.floats(-1e6, 1e300), st.floats(1e-3, 1e6), st.integers(2, 30))
def test_ticks_of_a_linear_axis_are_true_and_few(low: float, span: float, most: int) -> None:
    high = max(low + span, low * 1.001)
    found = ticks(low, high, most)
    assert 1 <= len(found) <= most + 1
    assert all(low - 1e-6 * (high - low) <= tick <= high + 1e-6 * (high - low) for tick in found)
    for value, text in zip(found, tick_texts(found), strict=True):
        assert as_number(text) == pytest.approx(value, rel=1e-6, abs=1e-6 * (high - low))


@given(st.integers(0, 10**7), st.integers(1, 10**8), st.integers(2, 20))
def test_ticks_of_steps_are_whole(first: int, more: int, most: int) -> None:
    found = ticks(first, first + more, most, whole=True)
    assert all(tick == round(tick) and first <= tick <= first + more for tick in found)
    assert [as_number(text) for text in tick_texts(found)] == found or max(found) > 1e6


# Text


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_text_from_strangers_is_one_plain_line(text: str) -> None:
    shown = plain(text, 40)
    assert not re.search(r"[<>]", shown)
    assert not re.search(r"&(?!amp;|lt;|gt;)", shown)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    unescaped = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert len(unescaped) <= 40
    if text.isascii() and text.isprintable() and len(text) <= 40:
        assert unescaped == " ".join(text.split())


class TestRuler:
    """Widths of text, in the font that draws it."""

    def test_other_scripts_are_as_wide_as_their_font_says(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A font of this test's own, which fontconfig would name: 学 is 1.234 times its size wide."""
        made = FontBuilder(1000, isTTF=True)
        made.setupGlyphOrder([".notdef", "learn"])
        made.setupCharacterMap({ord("学"): "learn"})
        made.setupGlyf({name: TTGlyphPen(None).glyph() for name in (".notdef", "learn")})
        made.setupHorizontalMetrics({".notdef": (500, 0), "learn": (1234, 0)})
        made.setupHorizontalHeader()
        made.setupPost()
        made.save(tmp_path / "own.ttf")
        program = tmp_path / "fc-match"
        program.write_text(f"#!/bin/sh\nprintf '%s\\t0' '{tmp_path / 'own.ttf'}'\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert Ruler()("学学") == pytest.approx(2.468)
        assert Ruler()("习") == 1.0  # which that font lacks
        assert Ruler().stand_ins("a学") == [str(tmp_path / "own.ttf")]

    @pytest.mark.parametrize(("text", "least"), [("学习率", 3.0), ("مرحبا", 1.5), ("🚀", 1.0), ("กิ", 0.3)])
    def test_without_fontconfig_the_estimate_is_no_narrower(
        self, text: str, least: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "")
        assert Ruler()(text) >= least

    def test_a_figure_is_another_where_another_font_draws_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        figure = {"data": [], "layout": {"title": "学"}}
        monkeypatch.setattr(Ruler, "stand_ins", lambda *_: ["a.ttf"])
        first = images.key(figure)
        monkeypatch.setattr(Ruler, "stand_ins", lambda *_: ["b.ttf"])
        assert images.key(figure) != first
        assert images.key({"data": []}) == images.key({"data": []})


@pytest.mark.parametrize("width_mm", [40, 60, 85, 120, 178])
@pytest.mark.parametrize("font_pt", [6.0, 8.0, 10.0])
def test_words_below_an_axis_are_all_there_and_none_is_on_another(width_mm: float, font_pt: float) -> None:
    """Widths of text are those of the font; a line is a level of the axis."""
    models = ["MOMENTUM_WARMUP_A", "gpt2", "resnet50", "vit", "学习率一"]
    runs = [
        samples.run_report(f"run {i}", [3.0 + i] * 9, slug=f"r{i}", attrs={"model": model})
        for i, model in enumerate(models)
    ]
    shown = avg_final_loss(samples.report([samples.family_report("Models", runs)]))
    assert shown is not None
    layout = draw_marks(shown, width_mm, by="model", font_pt=font_pt)["layout"]
    axis, margin = layout["xaxis"], layout["margin"]
    assert len(axis["tickvals"]) == len(axis["ticktext"]) == len(models)
    low, high = axis["range"]
    levels: dict[int, list[tuple[float, float]]] = {}
    for place, text, model in zip(axis["tickvals"], axis["ticktext"], models, strict=True):
        word = text.replace("<br>", "")
        assert model.startswith(word.rstrip("…"))
        assert len(word) > 1
        at = margin["l"] + (place - low) / (high - low) * (layout["width"] - margin["l"] - margin["r"])
        half = text_width(word, font_pt * 96 / 72) / 2
        assert at - half >= 0
        assert at + half <= layout["width"]
        levels.setdefault(text.count("<br>"), []).append((at - half, at + half))
    assert margin["b"] > font_pt * 96 / 72 * (len(levels) + 1)
    for boxes in levels.values():
        assert all(one[1] < other[0] for one, other in itertools.pairwise(boxes))
