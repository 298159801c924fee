"""Figures as data: what they show, worked out again from the runs."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reportgen.curves.summary import THRESHOLDS
from reportgen.figure_kinds import figure_kinds
from reportgen.figures.draw import draw
from reportgen.figures.families import run_line
from reportgen.figures.overview import avg_final_loss
from reportgen.figures.runs import run_early, run_whole
from reportgen.figures.style import MOST_NAMED, Figure, category
from reportgen.figures.traces import Drawn, band, line, lone, thinned
from reportgen.report import RunReport
from tests import samples
from tests.families import drawn, family, one, overview, panels


def values(array: Any) -> list[Any]:
    """Plotly's typed array, or a list, as a list; missing is NaN."""
    if not isinstance(array, dict):
        return list(array)
    return np.frombuffer(base64.b64decode(array["bdata"]), "<" + array["dtype"]).tolist()


def lines_of(figure: Figure) -> list[dict[str, Any]]:
    """What the legend names: no spikes, no runs behind their groups."""
    return [
        trace
        for trace in figure["data"]
        if trace["mode"].startswith("lines") and trace.get("showlegend") is not False
    ]


def bands_of(figure: Figure) -> list[dict[str, Any]]:
    return [trace for trace in figure["data"] if trace["mode"] == "none"]


def names_of(figure: Figure) -> list[str]:
    return [trace["name"] for trace in lines_of(figure)]


# What Plotly accepts


def early(run: RunReport) -> Figure:
    return draw(run_early(samples.family_report("F", [run]), run))


def whole(run: RunReport) -> Figure:
    return draw(run_whole(samples.family_report("F", [run]), run))


EVERY: dict[str, Callable[[], Figure]] = {
    **{
        f"{kind}, {n} runs": lambda kind=kind, n=n: drawn(kind, family(n))  # type: ignore[misc]
        for kind in ("all", "end", "log", "linear")
        for n in (1, 3, 20, 40)
    },
    "narrow": lambda: drawn("all", family(11), 40.0),
    "narrow, names at the ends": lambda: drawn("end", family(40), 85.0),
    "seeds": lambda: drawn("seeds", samples.sample_report().families[1]),
    "thresholds": lambda: drawn("thresholds", samples.sample_report().families[0]),
    "digits": lambda: overview(samples.sample_report()),
    "rows": lambda: overview(samples.sample_report(), "run"),
    "hostile": lambda: drawn("all", samples.hostile_report().families[0]),
    "hostile panels": lambda: panels(*samples.hostile_report().runs),
    "hostile labels": lambda: overview(samples.hostile_report()),
    "run, all steps": lambda: whole(samples.sample_report().runs[1]),
    "run, first steps": lambda: early(samples.sample_report().runs[1]),
    "panels": lambda: panels(*samples.sample_report().runs),
    "one panel": lambda: panels(samples.sample_report().runs[0]),
    "all NaN": lambda: drawn("all", one([math.nan] * 20)),
    "all NaN, linear": lambda: drawn("linear", one([math.nan] * 20)),
    "all NaN, log": lambda: drawn("log", one([math.nan] * 20)),
    "all NaN, panels": lambda: panels(*one([math.nan] * 20).runs),
    "all zero": lambda: drawn("log", one([0.0] * 20)),
    "negative": lambda: drawn("all", one([-1.0, 2.0, -3.0])),
    "constant": lambda: drawn("log", one([0.25] * 20)),
    "one step": lambda: drawn("all", one([2.5])),
    "one step, end": lambda: drawn("end", one([2.5])),
    "one step, run": lambda: early(one([2.5]).runs[0]),
    "tiny": lambda: drawn("log", one([1e-300, 5e-324])),
    "huge": lambda: drawn("linear", one([1e300, 1.0])),
}


@pytest.mark.parametrize("name", EVERY)
def test_plotly_accepts_every_figure(name: str) -> None:
    figure = EVERY[name]()
    go.Figure(figure)  # Raises on any property or value that plotly.js would drop silently.
    assert figure == EVERY[name]()


@pytest.mark.parametrize("name", EVERY)
def test_text_is_8_pt_and_no_title_stands_inside(name: str) -> None:
    layout = EVERY[name]()["layout"]
    least = 7 if "panel" in name else 8
    sizes = [layout["font"]["size"]]
    sizes += [
        note["font"]["size"] for note in layout.get("annotations", []) if "size" in note.get("font", {})
    ]
    sizes += [
        axis["title"]["font"]["size"] for key, axis in layout.items() if "axis" in key and "title" in axis
    ]
    assert min(sizes) >= least * 96 / 72 - 1e-9
    assert "title" not in layout


def test_width_on_paper_is_the_one_asked_for() -> None:
    for width in (86.0, 140.0, 178.0):
        figure = drawn("log", family(3), width)
        assert figure["layout"]["width"] / 96 * 25.4 == pytest.approx(width, abs=0.2)


def test_figures_need_no_plotly() -> None:
    slow = "{'plotly', 'kaleido', 'torch', 'pandas'}"
    code = f"import sys, reportgen.figures.draw; print({slow} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


# What lines and bands show


@st.composite
def curves(draw: st.DrawFn) -> Drawn:
    """A curve with losses of all sizes, gaps, zeros and spikes, its extremes around its mean."""
    loss = st.one_of(
        st.floats(1e-12, 1e3), st.sampled_from([math.nan, 0.0, -1.0, 1e9]), st.floats(1e-9, 1e-8)
    )
    mean = np.array(draw(st.lists(loss, min_size=1, max_size=120)))
    down, up = (
        np.array(draw(st.lists(st.floats(0, 1), min_size=len(mean), max_size=len(mean)))) for _ in "du"
    )
    gaps = np.array(draw(st.lists(st.integers(1, 50), min_size=len(mean), max_size=len(mean))))
    step = np.cumsum(gaps) - gaps[0]
    return Drawn(step, mean, mean - down * np.abs(mean), mean + up * np.abs(mean))


@given(curves(), st.integers(2, 40), st.booleans())
def test_thinning_loses_no_spike(curve: Drawn, points: int, log: bool) -> None:
    """Each point of the curve belongs to the nearest point that is kept, whose range holds its own."""
    shown = thinned(curve, curve.step.astype(float), log=log, points=points)
    assert len(shown.step) == len(curve.step) if len(curve.step) <= points else 1 < len(shown.step) <= points
    assert (shown.step[0], shown.step[-1]) == (curve.step[0], curve.step[-1])
    places = [int(np.flatnonzero(curve.step == step)[0]) for step in shown.step]
    low = [math.nan] * len(places)
    high = [math.nan] * len(places)
    for i in range(len(curve.step)):
        nearest = min(range(len(places)), key=lambda k: (abs(places[k] - i), k))
        for mine, found, better in ((low, curve.low[i], min), (high, curve.high[i], max)):
            if not math.isnan(found) and (found > 0 or not log):
                mine[nearest] = found if math.isnan(mine[nearest]) else better(mine[nearest], found)
    np.testing.assert_array_equal(shown.low, low)
    np.testing.assert_array_equal(shown.high, high)
    expected = [curve.mean[k] if curve.mean[k] > 0 or not log else math.nan for k in places]
    np.testing.assert_array_equal(shown.mean, expected)


@given(curves())
def test_the_band_is_the_area_between_the_extremes(shown: Drawn) -> None:
    """The polygons' areas (Gauss) are those of the trapezoids between neighbours that both exist."""
    trace = band(shown, shown.step.astype(float), "#336699", 0.2)
    x, y = np.array(values(trace["x"])), np.array(values(trace["y"]))
    np.testing.assert_array_equal(np.isnan(x), np.isnan(y))
    pieces = [
        list(group) for gap, group in itertools.groupby(range(len(x)), lambda i: math.isnan(x[i])) if not gap
    ]
    area = math.fsum(
        (x[a] * y[b] - x[b] * y[a]) / 2
        for piece in pieces
        for a, b in zip(piece, piece[1:] + piece[:1], strict=True)
    )
    widths = np.diff(shown.step)
    heights = shown.high - shown.low
    trapezoids = [w * (a + b) / 2 for w, a, b in zip(widths, heights, heights[1:], strict=False)]
    expected = math.fsum(part for part in trapezoids if not math.isnan(part))
    scale = 1 + float(np.nanmax(np.abs(y), initial=0.0)) * float(shown.step[-1])
    assert area == pytest.approx(expected, rel=1e-6, abs=1e-9 * scale)


def test_missing_losses_break_the_line_and_a_lone_one_is_a_dot() -> None:
    mean = np.array([3.0, 2.0, math.nan, 1.0, math.nan, math.nan, 0.5])
    step = np.arange(7)
    trace = line(Drawn(step, mean, mean, mean), step.astype(float), "#000000")
    np.testing.assert_array_equal(values(trace["y"]), mean)
    alone = [size > 0 for size in values(trace["marker"]["size"])]
    assert alone == [False, False, False, True, False, False, True]
    unbroken = line(Drawn(step[:2], mean[:2], mean[:2], mean[:2]), step[:2].astype(float), "#000000")
    assert unbroken["mode"] == "lines"


def test_a_family_shows_every_run_whole() -> None:
    """The longest run's last step is there, and each line is its run's smoothed mean."""
    runs = [
        samples.run_report(f"add_d{5 + n}_l2_h3_t15K_s372001", samples.losses(40 + 30 * n)) for n in (3, 0, 1)
    ]
    figure = drawn("log", samples.family_report("F", runs))
    assert figure["layout"]["xaxis"]["range"] == [0, 130]
    assert names_of(figure) == ["d8", "d5", "d6"]
    for trace, run in zip(lines_of(figure), runs, strict=True):
        assert values(trace["x"]) == run.summary.curve.step.tolist()
        np.testing.assert_array_equal(values(trace["y"]), run.summary.curve.mean)
    low, high = (10**end for end in figure["layout"]["yaxis"]["range"])
    assert low < min(run.summary.curve.min.min() for run in runs)
    assert high > max(run.summary.curve.max.max() for run in runs)
    assert [trace["fillcolor"][:5] for trace in bands_of(figure)] == ["rgba("] * 3


def test_lists_choose_axes() -> None:
    figure = drawn("log", family(2, x_range=(10.0, 30.0), y_range=(1e-6, 10.0)))
    assert figure["layout"]["xaxis"]["range"] == [10, 30]
    assert figure["layout"]["yaxis"]["range"] == pytest.approx([-6, 1])
    linear = drawn("linear", family(2, linear_steps=25))
    assert linear["layout"]["xaxis"]["range"] == [0, 25]
    assert linear["layout"]["yaxis"]["range"][0] == 0


def test_losses_outside_the_steps_shown_do_not_stretch_the_axis() -> None:
    losses = samples.losses(60)
    losses[50] = 1e6
    shown = drawn("log", one(losses, x_range=(0.0, 30.0)))
    assert shown["layout"]["yaxis"]["range"][1] < 2


def test_zero_and_below_are_missing_on_the_log_axis_alone() -> None:
    losses = [1.0] * 10 + [0.0] * 10 + [-1.0] * 10
    assert math.isnan(values(lines_of(drawn("log", one(losses)))[0]["y"])[-1])
    assert values(lines_of(drawn("linear", one(losses)))[0]["y"])[-1] == -1.0


def test_a_family_without_a_loss_to_show_says_so() -> None:
    for losses, text in (([math.nan] * 9, "No finite loss"), ([math.nan] * 9, "No loss above zero")):
        figure = drawn("linear" if text == "No finite loss" else "log", one(losses))
        assert [note["text"] for note in figure["layout"]["annotations"]] == [text]
    zero = drawn("log", one([0.0] * 9))
    assert [note["text"] for note in zero["layout"]["annotations"]] == ["No loss above zero"]
    beyond = drawn("log", one([1.0] * 9, x_range=(50.0, 60.0)))
    assert [note["text"] for note in beyond["layout"]["annotations"]] == ["Nothing to show"]


def test_single_losses_are_a_line_since_a_band_of_them_has_no_area() -> None:
    few, many = (samples.run_report("r", [1.0, 0.5] * half) for half in (3, 900))
    assert [trace["mode"] for trace in whole(few)["data"]] == ["lines", "lines"]
    assert [trace["mode"] for trace in whole(many)["data"]] == ["none", "lines"]


def test_eleven_runs_take_few_points() -> None:
    figure = drawn("log", family(11, steps=900))
    assert {len(values(trace["x"])) for trace in lines_of(figure)} == {400}
    assert len(values(lines_of(drawn("log", family(300)))[0]["x"])) <= 60


def test_many_runs_are_muted_and_named_at_their_ends() -> None:
    many = family(40)
    figure = drawn("log", many)
    assert len(lines_of(figure)) == 40
    assert bands_of(figure) == []
    assert not figure["layout"]["showlegend"]
    notes = figure["layout"]["annotations"]
    height = figure["layout"]["height"] - figure["layout"]["margin"]["t"] - figure["layout"]["margin"]["b"]
    places = [note["y"] * height - note["ay"] for note in notes]
    assert all(b - a >= 12 for a, b in itertools.pairwise(places)), "names stand on one another"
    assert places[0] >= -1
    assert places[-1] <= height + 1
    ends = {run.label: run.summary.curve.mean[-1] for run in many.runs}
    assert {min(ends, key=ends.__getitem__), max(ends, key=ends.__getitem__)} <= {
        note["text"] for note in notes
    }


@pytest.mark.parametrize("n", [1, 2, 11, 14, 15, 27, 39])
def test_all_of_fewer_runs_are_in_the_legend_with_bands(n: int) -> None:
    figure = drawn("log", family(n))
    assert names_of(figure) == [f"run {i}" for i in range(n)]
    assert len(bands_of(figure)) == (n if n <= 3 else 0)
    assert len(bands_of(drawn("log", family(n, bands=True)))) == n
    assert figure["layout"]["showlegend"]
    room = figure["layout"]["height"] - figure["layout"]["margin"]["t"]
    if figure["layout"]["legend"].get("orientation") != "h":
        assert 19 * n <= room


def test_long_names_leave_the_plot_its_width() -> None:
    names = ["d5", "x" * 60]
    runs = [samples.run_report("run", samples.losses(60), label=name) for name in names]
    beside, below = (drawn("log", samples.family_report("F", [run]))["layout"] for run in runs)
    for layout in (beside, below):
        assert layout["width"] - layout["margin"]["l"] - layout["margin"]["r"] > 0.6 * layout["width"]
    assert (beside["legend"].get("orientation"), below["legend"]["orientation"]) == (None, "h")


# What runs come to


def test_avg_final_loss_stands_at_its_digits() -> None:
    report = samples.sample_report()
    figure = overview(report)
    shown = {
        trace["name"]: sorted(
            (round(x), y) for x, y in zip(values(trace["x"]), values(trace["y"]), strict=True)
        )
        for trace in figure["data"]
    }
    expected = {
        family.name: sorted(
            (run.attributes["digits"], run.summary.metrics.avg_final_loss)
            for run in family.runs
            if run.summary.metrics.avg_final_loss is not None
        )
        for family in report.families
    }
    assert shown == expected
    assert len({(t["marker"]["color"], t["marker"]["symbol"]) for t in figure["data"]}) == len(
        report.families
    )
    places = [set(values(trace["x"])) for trace in figure["data"]]
    assert sum(map(len, places)) == len(set.union(*places)), "a family's mark hides another's"
    assert all(abs(x - round(x)) <= 0.25 for x in set.union(*places))


def test_a_family_alone_stands_where_its_digits_are() -> None:
    figure = overview(samples.report([family(3)]))
    assert all(x == round(x) for x in values(figure["data"][0]["x"]))


def test_a_log_axis_leaves_zero_out_and_a_linear_one_does_not() -> None:
    runs = [
        samples.run_report(f"add_d{d}_l2_h3_t15K_s372001", [loss] * 9)
        for d, loss in ((5, 0.0), (6, 1e-8), (7, 1e-2))
    ]
    figure = overview(samples.report([samples.family_report("F", runs)]))
    assert figure["layout"]["yaxis"]["type"] == "log"
    assert values(figure["data"][0]["x"]) == [6, 7]
    zero = overview(samples.report([samples.family_report("F", runs[:2])]))
    assert "type" not in zero["layout"]["yaxis"]
    assert values(zero["data"][0]["x"]) == [5, 6]


def test_without_digits_runs_stand_by_what_they_differ_in_else_by_label() -> None:
    runs = [
        samples.run_report(f"run {i}", label=f"run {i}", attrs={"layers": layers})
        for i, layers in enumerate((2, 3))
    ]
    figure = overview(samples.report([samples.family_report("F", runs)]))
    assert values(figure["data"][0]["x"]) == [2, 3]
    runs = [dataclasses.replace(run, attributes={}) for run in runs]
    figure = overview(samples.report([samples.family_report("F", runs)]))
    assert values(figure["data"][0]["y"]) == [0, 1]
    assert figure["layout"]["yaxis"]["ticktext"] == ["run 0", "run 1"]
    assert values(figure["data"][0]["x"]) == [run.summary.metrics.avg_final_loss for run in runs]


def test_runs_that_are_too_many_to_name_stand_by_rank() -> None:
    runs = [
        samples.run_report(f"run {i}", [2.0 ** -(i % 7) * (1 + i)] * 9, attrs={})
        for i in range(MOST_NAMED + 1)
    ]
    report = samples.report([samples.family_report("F", runs)])
    figure = overview(report)
    places = values(figure["data"][0]["x"])
    assert sorted(places) == list(range(1, len(runs) + 1))
    by_rank = [loss for _, loss in sorted(zip(places, values(figure["data"][0]["y"]), strict=True))]
    assert by_rank == sorted(2.0 ** -(i % 7) * (1 + i) for i in range(len(runs)))


def test_no_avg_final_loss_no_figure() -> None:
    assert avg_final_loss(samples.report([one([math.nan] * 9)])) is None
    assert avg_final_loss(samples.report([])) is None


def test_seeds_are_one_line_their_geometric_mean() -> None:
    runs = [
        samples.run_report(f"add_d5_l2_h3_t10K_s{100_000 + i}", [loss] * 30, slug=f"s{i}")
        for i, loss in enumerate((1e-2, 1e-4, 1e-9))
    ]
    other = samples.run_report("add_d6_l2_h3_t10K_s100000", [1.0] * 30)
    figure = drawn("seeds", samples.family_report("F", [*runs, other]))
    (trace,) = lines_of(figure)
    (area,) = bands_of(figure)
    assert values(trace["y"]) == pytest.approx([1e-5] * 30)
    assert {round(math.log10(y), 6) for y in values(area["y"]) if not math.isnan(y)} == {-2, -9}
    assert trace["name"] == "add d5 l2 h3 t10K (3 runs)"
    assert figure_kinds()["seeds"].plot(samples.family_report("F", [runs[0], other])) is None


def test_five_seeds_have_the_interval_of_their_mean_as_a_band() -> None:
    """Student's, on logarithms, by SciPy; the caption and the page's words say what it is."""
    losses = (1e-3, 2e-3, 1.5e-3, 4e-3, 2.5e-3)
    runs = [
        samples.run_report(f"add_d5_l2_h3_t10K_s{100_000 + i}", [loss] * 30, slug=f"s{i}")
        for i, loss in enumerate(losses)
    ]
    made = samples.family_report("F", runs)
    (area,) = bands_of(drawn("seeds", made))
    logs = np.log(losses)
    low, high = stats.t.interval(0.95, 4, logs.mean(), stats.sem(logs))
    shown = {round(math.log(y), 9) for y in values(area["y"]) if not math.isnan(y)}
    assert sorted(shown) == pytest.approx([low, high], abs=1e-8)
    kind = figure_kinds()["seeds"]
    plot = kind.plot(made)
    assert plot is not None
    assert plot.words == ("Geometric mean", "95 % interval from", "95 % interval to")
    assert "Band: 95 % interval of the mean." in kind.says(made, plot).text


def test_seeds_of_different_lengths_end_with_the_shortest() -> None:
    runs = [
        samples.run_report(f"add_d5_l2_h3_t10K_s{100_000 + i}", [1e-3 * (1 + i)] * steps, slug=f"s{i}")
        for i, steps in enumerate((50, 48))
    ]
    figure = drawn("seeds", samples.family_report("F", runs))
    assert values(lines_of(figure)[0]["x"])[-1] == 47


def test_thresholds_show_first_steps_below() -> None:
    report = samples.sample_report().families[0]
    figure = drawn("thresholds", report)
    for trace, run in zip(figure["data"], report.runs, strict=True):
        expected = [run.summary.metrics.steps_to[key] for key in THRESHOLDS]
        assert [None if math.isnan(y) else y for y in values(trace["y"])] == expected
    assert figure_kinds()["thresholds"].plot(one([2.0] * 9)) is None


# Single runs


def test_a_runs_figures_show_its_raw_losses() -> None:
    run = samples.run_report("r", samples.losses(2000, spikes=(700,)))
    first = early(run)
    assert values(lines_of(first)[0]["y"]) == run.summary.raw_early.tolist()
    everything = whole(run)
    shown = [y for y in values(bands_of(everything)[0]["y"]) if not math.isnan(y)]
    assert min(shown) == np.nanmin(run.summary.raw.min)
    assert max(shown) == np.nanmax(run.summary.raw.max)
    step, smooth = (np.array(values(lines_of(everything)[0][axis])) for axis in "xy")
    curve = run.summary.curve
    assert curve.mean[(curve.step > 698) & (curve.step < 702)].max() > 0.1
    assert smooth[(step > 650) & (step < 750)].max() < 1e-2, "the spike made a plateau"


def test_panels_show_every_run_twice_on_one_scale() -> None:
    runs: tuple[RunReport, ...] = samples.sample_report().runs
    figure = panels(*runs)
    axes = [key for key in figure["layout"] if key.startswith("yaxis")]
    assert len(axes) == 2 * len(runs)
    assert [note["text"] for note in figure["layout"]["annotations"]] == [run.label for run in runs]
    logs = {
        tuple(figure["layout"][key]["range"]) for key in axes if figure["layout"][key].get("type") == "log"
    }
    assert len(logs) == 1
    boxes = [(*figure["layout"][f"x{key[1:]}"]["domain"], *figure["layout"][key]["domain"]) for key in axes]
    assert all(0 <= low < high <= 1 for box in boxes for low, high in (box[:2], box[2:]))
    for a, b in itertools.combinations(boxes, 2):
        assert a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2], "panels overlap"


def test_panels_keep_the_spikes_of_the_first_steps() -> None:
    run = samples.sample_report().runs[0]
    raw = np.abs(np.random.default_rng(0).normal(2, 0.1, 1500))
    raw[[7, 700, 1499]] = (9.0, 0.001, 8.0)
    raw[300:310] = math.nan
    run = samples.with_summary(run, raw_early=raw, raw_early_step=np.arange(1500))
    shown = lines_of(panels(run))[0]
    found = dict(zip(values(shown["x"]), values(shown["y"]), strict=True))
    assert (found[7], found[700], found[1499]) == (9.0, 0.001, 8.0)
    assert len(found) < 400
    assert any(math.isnan(y) for x, y in found.items() if 300 <= x < 310)


def test_an_unsmoothed_line_goes_on_through_points_that_fall_on_missing_entries() -> None:
    """1,800 entries, every third missing, thinned to 800 points: no gap, and the values of the loop."""
    losses = np.linspace(3.0, 1.0, 1_800)
    losses[::3] = math.nan
    made = samples.run_report("r")
    run = samples.with_summary(made, summary=samples.summarise(losses, window=1))
    assert np.isnan(run.summary.curve.mean).any()
    shown = run_line(run, category(0), "r").curve
    assert np.isfinite(shown.mean[1:]).all()
    true = 3.0 - 2.0 * shown.step / 1_799
    assert shown.mean[1:] == pytest.approx(true[1:], abs=2e-3)


def test_raw_values_between_gaps_are_drawn() -> None:
    low = np.array([1.0, math.nan, 2.0, math.nan, 3.0])
    high = np.array([1.5, math.nan, 2.0, math.nan, 4.0])
    gaps = np.full(5, math.nan)
    bars, dots = lone(Drawn(np.arange(5), gaps, low, high), np.arange(5.0), "#777777")
    drawn_bars = values(bars["y"])
    assert drawn_bars[:2] == [1.0, 1.5] and drawn_bars[6:8] == [3.0, 4.0]
    assert [y for y in values(dots["y"]) if not math.isnan(y)] == [2.0]
    assert lone(Drawn(np.arange(2), gaps[:2], np.ones(2), np.ones(2)), np.arange(2.0), "#777777") == []
