"""Lists of runs that anybody trained: their keys, what they become, and that a report keeps them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportgen.model_list import (
    FigureOptions,
    FormatSpec,
    SeriesSpec,
    TableSpec,
    UrlSource,
    Waiver,
    to_dict,
    with_runs,
)
from tests.lists import DIRECTORY, FAMILY, from_dict, read

EVERYTHING = r"""
author = "A. Researcher"
[source]
type = "url"
url = "https://host/{name}/log.txt"
[source.format]
type = "text"
pattern = 'step (?P<step>\d+) loss (?P<loss>\S+)'
repeats = "runs"
[series.loss]
from = ["train/loss", "loss"]
title = "Training loss"
unit = "bits"
[series."val/top1"]
from = "val/top1"
better = "higher"
draw = false
[names]
pattern = '(?P<model>[a-z]+)-r(?P<rate>[0-9.]+)'
[attributes]
wd = "optimizer.weight_decay"
[smoothing]
window = "auto"
[figures]
width_mm = [178, 85]
palette = ["#112233", "#445566"]
font_pt = 7.5
[[family]]
name = "Sweep"
runs = ["a-r1", { name = "b/*", note = "found" }, { name = "c**", expect.eval_loss.best = "< 3" }]
exclude = ["*-old"]
figures = ["all", "end"]
group_by = []
rank_by.eval_loss = "best"
color_by = "rate"
target = 3.28
reference = { optimizer.lr = 1e-3, model = "a" }
scale = "log"
bands = false
y_range = [-1, 1]
expect.steps_to.1e-2 = "< 50"
waive.avg_final_loss = { until = 2030-01-31, reason = "known" }
waive.eval_loss.best = { until = "2031-02-28", reason = "known too" }
[[family.table]]
name = "By rate"
rows = ["model"]
columns = ["rate"]
value = "eval_loss.at.1000"
[[family.table]]
name = "Alone"
rows = ["model", "rate"]
value = "best"
"""


def test_every_key_is_read(tmp_path: Path) -> None:
    one = read(tmp_path, EVERYTHING)
    (family,) = one.families
    assert one.author == "A. Researcher"
    assert one.figures == FigureOptions((178, 85), (), ("#112233", "#445566"), 7.5)
    assert one.figures.width_mm == 178
    first, second, third = family.runs
    text = FormatSpec("text", None, (r"step (?P<step>\d+) loss (?P<loss>\S+)",), "runs")
    assert first.source == UrlSource("https://host/{name}/log.txt", text)
    assert text.options == {"pattern": [r"step (?P<step>\d+) loss (?P<loss>\S+)"], "repeats": "runs"}
    assert [run.is_pattern for run in family.runs] == [False, True, True]
    assert (second.note, dict(third.expect)) == (
        "found",
        {"steps_to.1e-2": "< 50", "eval_loss.best": "< 3"},
    )
    assert dict(family.series) == {
        "loss": SeriesSpec("loss", ("train/loss", "loss"), "Training loss", "bits"),
        "val/top1": SeriesSpec("val/top1", ("val/top1",), better="higher", draw=False),
    }
    assert family.naming == "(?P<model>[a-z]+)-r(?P<rate>[0-9.]+)"
    assert dict(family.paths) == {"wd": "optimizer.weight_decay"}
    assert (family.smoothing.window, family.figures) == ("auto", ("all", "end"))
    assert (family.exclude, family.group_by, family.rank_by) == (("*-old",), (), "eval_loss.best")
    assert (family.color_by, family.target, family.scale, family.bands) == ("rate", 3.28, "log", False)
    assert family.reference == {"optimizer.lr": 1e-3, "model": "a"}
    assert family.y_range == (-1, 1)
    assert dict(family.waive) == {
        "avg_final_loss": Waiver("2030-01-31", "known"),
        "eval_loss.best": Waiver("2031-02-28", "known too"),
    }
    assert first.waive == family.waive
    assert family.tables == (
        TableSpec("By rate", ("model",), ("rate",), "eval_loss.at.1000"),
        TableSpec("Alone", ("model", "rate"), (), "best"),
    )


def test_every_key_survives_a_report(tmp_path: Path) -> None:
    one = read(tmp_path, EVERYTHING)
    assert from_dict(json.loads(json.dumps(to_dict(one))), str(tmp_path)) == one


def test_a_comma_in_a_found_name_is_text(tmp_path: Path) -> None:
    document = to_dict(read(tmp_path, f'{DIRECTORY}{FAMILY}runs = ["a,b"]'))
    assert document["family"][0]["runs"] == [{"name": "a", "initialised_from": "b"}]
    document["family"][0]["runs"] = [{"name": "x:y,z", "found": True, "initialised_from": "c,d"}]
    (run,) = from_dict(document, str(tmp_path)).families[0].runs
    assert (run.name, run.initialised_from, run.found) == ("x:y,z", "c,d", True)
    again = to_dict(from_dict(document, str(tmp_path)))
    assert again["family"][0]["runs"] == document["family"][0]["runs"]


@pytest.mark.parametrize(
    "key", ["rank_by", "group_by", "target", "reference", "scale", "bands", "waive", "table"]
)
def test_what_a_list_does_not_say_is_not_in_its_report(key: str, tmp_path: Path) -> None:
    document = to_dict(read(tmp_path, f'{DIRECTORY}{FAMILY}runs = ["a"]'))
    assert key not in document["family"][0]


def test_defaults_follow_the_names_of_all_runs(tmp_path: Path) -> None:
    both = f'{DIRECTORY}{FAMILY}runs = ["add_d5_l2_h3_t15K_s1", "mine"]'
    (family,) = read(tmp_path, both).families
    assert family.rank_by is None
    assert with_runs(family, family.runs[:1]).rank_by == "avg_final_loss"
    (given,) = read(tmp_path, both.replace("runs =", 'rank_by = "last"\nruns =')).families
    assert with_runs(given, given.runs[:1]).rank_by == "last"
    (pattern,) = read(tmp_path, f'{DIRECTORY}{FAMILY}runs = ["add_*"]').families
    assert pattern.rank_by is None
    assert with_runs(pattern, family.runs[:1]).rank_by == "avg_final_loss"
