"""Figures of what was varied: what they show, what their captions say, and that words fit on paper."""

from __future__ import annotations

import json
import math
import statistics

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reportgen.figure_kinds import figure_kinds
from reportgen.figures.draw import draw
from reportgen.figures.panels import SHADES, shade_colour
from reportgen.figures.style import text_width
from reportgen.outputs import html
from tests import samples

KIND = figure_kinds()["by"]


def family(rows, **fields):
    """A family of runs, one for each mapping of attributes; ``end`` is what its losses come to."""
    runs = [
        samples.run_report(
            f"run{place}",
            np.full(30, row["end"]) if math.isfinite(row["end"]) else np.full(30, math.nan),
            attrs={key: value for key, value in row.items() if key != "end"},
            label=f"run {place}",
            slug=f"run-{place}",
        )
        for place, row in enumerate(rows)
    ]
    return samples.family_report("Sweep", runs, **fields)


def grid(lrs=(1e-4, 1e-3, 1e-2), wds=(0.0, 0.1), seeds=3):
    random = np.random.default_rng(1)
    return [
        {"lr": lr, "wd": wd, "seed": seed, "end": 3 + i / 10 + j / 20 + random.normal(0, 0.01)}
        for i, lr in enumerate(lrs)
        for j, wd in enumerate(wds)
        for seed in range(seeds)
    ]


def test_a_heat_map_has_the_means_and_spreads_of_pandas():
    rows = grid()
    (panel,) = KIND.plot(family(rows)).panels
    oracle = pd.DataFrame(rows).groupby(["lr", "wd"])["end"].agg(["mean", "std", "count"])
    assert panel.kind == "map"
    assert [name for _, name in panel.ticks] == ["0.0001", "0.001", "0.01"]
    assert panel.rows == ("0", "0.1")
    assert len(panel.spots) == len(oracle) == 6
    for spot in panel.spots:
        wanted = oracle.iloc[int(spot.place) * 2 + spot.row]
        assert spot.mean == pytest.approx(wanted["mean"], rel=1e-12)
        assert spot.texts[0] == f"{wanted['mean']:.4f}"
        assert spot.texts[1] == f"sd {wanted['std']:.4f}"
        assert spot.texts[2] == "n 3"
        assert len(spot.runs) == 3


def test_cells_of_one_run_each_do_not_repeat_that():
    plot = KIND.plot(family(grid(seeds=1)))
    assert {spot.texts[2] for spot in plot.panels[0].spots} == {""}
    uneven = KIND.plot(family([*grid(seeds=1), {"lr": 1e-4, "wd": 0.0, "seed": 1, "end": 3.1}]))
    assert {spot.texts[2] for spot in uneven.panels[0].spots} == {"n 1", "n 2"}


def test_the_best_cell_is_strongest_whichever_way_is_better():
    rows = grid()
    spots = KIND.plot(family(rows)).panels[0].spots
    best = min(spots, key=lambda spot: spot.mean)
    assert best.shade == 1
    assert [spot.shade for spot in sorted(spots, key=lambda spot: spot.mean)] == sorted(
        (spot.shade for spot in spots), reverse=True
    )


def test_a_cell_far_out_leaves_the_others_their_shades():
    rows = [row | {"end": 60.0 if row["lr"] == 1e-2 and row["wd"] == 0.1 else row["end"]} for row in grid()]
    spots = KIND.plot(family(rows)).panels[0].spots
    shades = sorted(spot.shade for spot in spots)
    assert shades[0] == 0
    assert shades[-1] - shades[1] > 0.5


def test_points_have_means_and_student_intervals():
    rows = [{"opt": name, "seed": seed, "end": 3 + seed / 100 + (name == "sgd")} for name in ("adam", "sgd")
            for seed in range(5)]  # fmt: skip
    shown = KIND.plot(family(rows))
    (panel,) = shown.panels
    assert (panel.kind, panel.means, panel.joined) == ("category", True, False)
    for spot in panel.spots:
        oracle = stats.t.interval(0.95, 4, loc=statistics.mean(spot.values), scale=stats.sem(spot.values))
        assert spot.interval == pytest.approx(oracle)
    text = KIND.says(family(rows), shown).text
    assert "Sweep: mean at the end by opt, linear axis." in text
    assert "their mean with Student's 95 % interval (n = 5 each)." in text


def test_a_rate_stands_on_a_log_axis_and_its_runs_are_joined():
    rows = [{"lr": 10.0**-k, "end": 3.0 + k} for k in range(1, 6)]
    shown = KIND.plot(family(rows))
    (panel,) = shown.panels
    assert (panel.kind, panel.log, panel.means, panel.joined) == ("number", True, False, True)
    assert (
        "Each mark is a run; the noise between runs is not estimated." in KIND.says(family(rows), shown).text
    )


def test_a_zero_among_rates_keeps_them_apart():
    rows = [{"wd": wd, "end": 3.0 + wd} for wd in (0.0, 0.001, 0.01, 0.1)]
    (panel,) = KIND.plot(family(rows)).panels
    assert [spot.place for spot in panel.spots] == [0, 1, 2, 3]
    assert [name for _, name in panel.ticks] == ["0", "0.001", "0.01", "0.1"]


def test_runs_without_a_value_are_marked_and_counted():
    rows = [{"lr": lr, "seed": seed, "end": math.nan if lr == 0.1 and seed < 2 else 3 + lr + seed / 100}
            for lr in (0.001, 0.01, 0.1) for seed in range(4)]  # fmt: skip
    of = family(rows)
    shown = KIND.plot(of)
    text = KIND.says(of, shown).text
    assert "Left out: 2 runs that diverged." in text
    assert "Crosses at the edge: runs without a value." in text
    crosses = [one for one in draw(shown)["data"] if one.get("marker", {}).get("symbol") == "x-thin"]
    assert len(crosses) == 1


def test_nothing_varied_is_no_figure_and_said_where_it_was_asked_for():
    of = family([{"lr": 0.1, "seed": seed, "end": 3.0 + seed} for seed in range(4)])
    assert KIND.plot(of) is None
    assert KIND.why_not(of) == ""
    asked = family([{"lr": 0.1, "seed": seed, "end": 3.0 + seed} for seed in range(4)], figures=("by",))
    assert KIND.why_not(asked) == "No figure by attribute: no attribute varies."


def test_it_is_shown_by_default_but_of_families_that_have_their_own():
    assert "by" in family(grid()).spec.figures
    runs = [samples.run_report(f"add_d{d}_l2_h3_t15K_s372001") for d in (5, 6, 7)]
    assert "by" not in samples.family_report("Addition", runs).spec.figures


@pytest.mark.parametrize("width", [178.0, 85.0])
@pytest.mark.parametrize("columns", [2, 4, 8, 10, 16])
def test_words_in_cells_fit_them(width, columns):
    of = family(grid(lrs=[10.0**-k for k in range(columns)], wds=(0.0, 0.1), seeds=2))
    shown = KIND.plot(of)
    figure = draw(shown, width)
    layout = figure["layout"]
    across = layout["xaxis"]["domain"]
    cell = (across[1] - across[0]) * layout["width"] / len(shown.panels[0].ticks)
    boxes = {(shape["x0"], shape["y0"]) for shape in layout["shapes"]}
    assert len(boxes) == len(shown.panels[0].spots)
    for note in layout["annotations"]:
        for text in note["text"].split("<br>"):
            plain = text.replace("<b>", "").replace("</b>", "")
            assert text_width(plain, note["font"]["size"]) <= cell
    assert layout["width"] == round(width / 25.4 * 96)


def test_panels_do_not_overlap_and_stay_on_the_sheet():
    rows = [
        {"a": a, "b": b, "c": c, "end": 3 + a + b / 10} for a in range(3) for b in range(3) for c in "xyz"
    ]
    figure = draw(KIND.plot(family(rows)), 85.0)
    layout = figure["layout"]
    boxes = [(*layout[f"xaxis{n}"]["domain"], *layout[f"yaxis{n}"]["domain"]) for n in ("", "2", "3")]
    for left, right, low, high in boxes:
        assert 0 <= left < right <= 1
        assert 0 <= low < high <= 1
    for one in range(3):
        for other in range(one):
            (left, right, low, high), (left2, right2, low2, high2) = boxes[one], boxes[other]
            assert right <= left2 or right2 <= left or high <= low2 or high2 <= low


def test_shades_run_through_their_stops():
    assert [shade_colour(place / 2) for place in range(3)] == list(SHADES["light"])
    assert shade_colour(2.0, "dark") == SHADES["dark"][-1]


def test_the_page_holds_what_paper_draws():
    of = family(grid())
    text = html.render(samples.report([of]))
    block = text.split('<script type="application/json" id="page-data">')[1].split("</script>")[0]
    made = json.loads(block)["figures"]["Sweep-by"]
    (panel,) = KIND.plot(of).panels
    assert [spot["mean"] for spot in made["panels"][0]["spots"]] == [spot.mean for spot in panel.spots]
    assert [spot["runs"] for spot in made["panels"][0]["spots"]] == [list(spot.runs) for spot in panel.spots]
