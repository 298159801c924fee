"""Tables of what varies and of what differs between two runs."""

from __future__ import annotations

import dataclasses

from reportgen.attributes import varied_of
from reportgen.tables import Table
from reportgen.varied_tables import common, differences_table, varied_table
from tests.samples import family_report, run_report


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_what_varies_over_which_values() -> None:
    configs = [
        {"opt": {"name": opt}, "lr": lr, "min_lr": lr / 10, "seed": seed, "bs": 8}
        for opt in ("sgd", "adam")
        for lr in (1e-3, 3e-4)
        for seed in (10, 2)
    ]
    configs.append({"opt": {"name": "sgd"}, "lr": 1e-3, "min_lr": 1e-4, "bs": 8})
    runs = [run_report(f"r{index}") for index in range(len(configs))]
    family = dataclasses.replace(family_report("F", runs), varied=varied_of(configs))
    assert texts(varied_table(family)) == [
        ["opt.name", "adam, sgd", "2", "9", ""],
        ["lr", "0.0003, 0.001", "2", "9", ""],
        ["min_lr", "3e-5, 1e-4", "2", "9", "lr"],
        ["seed", "2, 10", "2", "8", ""],
    ]


def test_many_values_are_counted() -> None:
    configs = [{"width": 2**index} for index in range(20)]
    runs = [run_report(f"r{index}") for index in range(20)]
    family = dataclasses.replace(family_report("F", runs), varied=varied_of(configs))
    ((key, values, different, known, follows),) = texts(varied_table(family))
    assert (key, different, known, follows) == ("width", "20", "20", "")
    assert values == "1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, …"


def test_nothing_varies() -> None:
    family = dataclasses.replace(family_report("F", [run_report("r")]), varied=varied_of([{"a": 1}]))
    assert varied_table(family).rows == ()


def test_only_what_differs_between_two_runs() -> None:
    first = {"model": {"name": "vit", "depth": 12}, "lr": 0.0001234, "amp": True, "gone": "x"}
    second = {"model": {"name": "vit", "depth": "24"}, "lr": 0.0001235, "amp": False, "new": [1, 2]}
    table = differences_table(first, second, ("a", "b"))
    assert [column.title for column in table.columns] == ["Key", "a", "b"]
    assert texts(table) == [
        ["model.depth", "12", "24"],
        ["lr", "0.0001234", "0.0001235"],
        ["amp", "true", "false"],
        ["gone", "x", "–"],
        ["new", "–", "[1, 2]"],
    ]
    assert differences_table(first, first, ("a", "b")).rows == ()


def test_two_groups_differ_in_what_each_has_in_common() -> None:
    first = common([{"lr": 1, "seed": 1, "o": {"k": "x"}}, {"lr": 1, "seed": 2, "o": {"k": "x"}}])
    second = common([{"lr": 2, "seed": 1, "o": {"k": "x"}}, {"lr": 2, "seed": 2, "o": {"k": "x"}}])
    assert first == {"lr": 1, "o.k": "x"}
    assert texts(differences_table(first, second, ("a", "b"))) == [["lr", "1", "2"]]
    assert common([]) == {}
