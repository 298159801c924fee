"""Tables of what varies and of what differs between two runs."""

from __future__ import annotations

import dataclasses
from typing import Any

from reportgen.attributes import varied_of
from reportgen.tables import Table
from reportgen.varied_tables import choice, common, differences_table, sides, varied_table
from tests.samples import family_report, losses, run_report


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
        ["opt.name", "adam, sgd", "9", ""],
        ["lr", "0.0003, 0.001", "9", ""],
        ["min_lr", "3e-5, 1e-4", "9", "lr"],
        ["seed", "2, 10", "8", ""],
    ]


def test_many_values_are_counted() -> None:
    configs = [{"width": 2**index} for index in range(20)]
    runs = [run_report(f"r{index}") for index in range(20)]
    family = dataclasses.replace(family_report("F", runs), varied=varied_of(configs))
    ((key, values, different),) = texts(varied_table(family))  # all known, and nothing follows
    assert (key, different) == ("width", "20")
    assert values == "1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, …"


def test_nothing_varies() -> None:
    family = dataclasses.replace(family_report("F", [run_report("r")]), varied=varied_of([{"a": 1}]))
    assert varied_table(family).rows == ()


def test_only_what_differs_between_two_runs() -> None:
    first = {"model": {"name": "vit", "depth": 12}, "lr": 0.0001234, "amp": True, "gone": "x"}
    second = {"model": {"name": "vit", "depth": "24"}, "lr": 0.0001235, "amp": False, "new": [1, 2]}
    table = differences_table([("a", first), ("b", second)])
    assert [column.title for column in table.columns] == ["Key", "a", "b"]
    assert texts(table) == [
        ["model.depth", "12", "24"],
        ["lr", "0.0001234", "0.0001235"],
        ["amp", "true", "false"],
        ["gone", "x", "–"],
        ["new", "–", "[1, 2]"],
    ]
    assert differences_table([("a", first), ("b", first)]).rows == ()


def test_two_groups_differ_in_what_each_has_in_common() -> None:
    first = common([{"lr": 1, "seed": 1, "o": {"k": "x"}}, {"lr": 1, "seed": 2, "o": {"k": "x"}}])
    second = common([{"lr": 2, "seed": 1, "o": {"k": "x"}}, {"lr": 2, "seed": 2, "o": {"k": "x"}}])
    assert first == {"lr": 1, "o.k": "x"}
    assert texts(differences_table([("a", first), ("b", second)])) == [["lr", "1", "2"]]
    assert common([]) == {}


def told(configs: list[dict[str, Any]], **fields: Any) -> Any:
    """A family of runs with these configurations."""
    runs = [
        run_report(
            f"r{at}",
            losses(seed=at),
            config=config,
            attrs={key: value for key, value in config.items() if key != "opt"},
            label=f"r{at}",
            slug=f"r{at}",
        )
        for at, config in enumerate(configs)
    ]
    return family_report("F", runs, **fields)


def test_two_runs_are_compared_and_more_are_not() -> None:
    two = told([{"lr": 1, "opt": "x"}, {"lr": 2, "opt": "x"}])
    assert [name for name, _ in sides(two)] == ["r0", "r1"]
    assert texts(differences_table(sides(two))) == [["lr", "1", "2"]]
    assert sides(told([{"lr": lr} for lr in (1, 2, 3)])) == ()


def test_a_reference_stands_before_a_few_others() -> None:
    made = sides(told([{"lr": lr} for lr in (1, 2, 3)], reference={"lr": 2}))
    assert [config["lr"] for _, config in made] == [2, 1, 3]
    assert [config["lr"] for _, config in sides(told([{"lr": 1}, {"lr": 2}], reference="r1"))] == [2, 1]
    assert sides(told([{"lr": lr} for lr in range(9)], reference={"lr": 2})) == ()


def test_groups_are_compared_by_what_their_runs_share() -> None:
    made = sides(told([{"lr": lr, "seed": seed} for lr in (1, 2) for seed in (1, 2)]))
    assert [config for _, config in made] == [{"lr": 1}, {"lr": 2}]


def test_any_two_runs_can_be_chosen_from_what_differs_among_all() -> None:
    made = choice(told([{"lr": 1, "opt": {"b": 0.9}}, {"lr": 2, "opt": {"b": 0.9}}, {"lr": 1}]))
    assert made.paths == ("lr", "opt.b")
    assert made.words == (("1", "2"), ("0.9",))
    assert made.places == ((0, 1, 0), (0, 0, -1))
