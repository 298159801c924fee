"""What the runs of a family are told apart by: hand-worked cases of each rule, and properties."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.attributes import (
    Attribute,
    Difference,
    as_number,
    differences,
    flatten,
    in_words,
    is_seed,
    varied_of,
)


def keys(*configs: dict[str, Any], **options: Any) -> list[str]:
    return [one.key for one in varied_of(configs, **options).attributes]


def free(*configs: dict[str, Any], **options: Any) -> list[str]:
    return [one.key for one in varied_of(configs, **options).free]


def test_a_nested_configuration_is_paths_in_its_order() -> None:
    config = {
        "model": {"name": "vit", "heads": {"n": 12}},
        "lr": 1e-3,
        "dropout": None,
        "sizes": [64, 64],
        "amp": True,
        "clip": math.inf,
        "seed": 2**64 + 1,
        "empty": {},
    }
    assert flatten(config) == {
        "model.name": "vit",
        "model.heads.n": 12,
        "lr": 1e-3,
        "sizes": "[64, 64]",
        "amp": True,
        "clip": "inf",
        "seed": "0x10000000000000001",
    }
    assert list(flatten(config)) == ["model.name", "model.heads.n", "lr", "sizes", "amp", "clip", "seed"]


def test_what_varies_is_an_attribute_and_what_does_not_is_shared() -> None:
    found = varied_of([{"lr": 0.1, "bs": 8, "amp": True}, {"lr": 0.2, "bs": 8, "amp": True}])
    assert found.attributes == (Attribute("lr", "lr", "number", (0.1, 0.2), varied=True),)
    assert found.shared == {"bs": 8, "amp": True}
    assert (found.columns, found.left_out, found.of_run(1)) == (("lr",), (), {"lr": 0.2})


def test_a_missing_key_is_a_value_and_null_is_missing() -> None:
    found = varied_of([{"a": 1, "b": 2}, {"a": 1, "b": None}, {"a": 1}])
    assert [(one.key, one.values, one.varied) for one in found.attributes] == [("b", (2, None, None), True)]


def test_runs_without_a_configuration_take_no_part() -> None:
    found = varied_of([{}, {"lr": 1, "bs": 4}, {"lr": 1, "bs": 2}])
    assert [(one.key, one.values) for one in found.attributes] == [("bs", (None, 4, 2))]
    assert found.shared == {"lr": 1}
    assert varied_of([{}, {}]).attributes == varied_of([]).attributes == ()


@pytest.mark.parametrize(
    ("configs", "expected"),
    [
        # The last part where it is unique among what varies.
        ([{"opt": {"lr": 1}, "sched": {"lr": 5}}, {"opt": {"lr": 2}, "sched": {"lr": 5}}], ["lr"]),
        (
            [{"opt": {"lr": 1}, "sched": {"lr": 5}}, {"opt": {"lr": 2}, "sched": {"lr": 7}}],
            ["opt.lr", "sched.lr"],
        ),
        # "name" alone says nothing.
        ([{"model": {"name": "a"}}, {"model": {"name": "b"}}], ["model.name"]),
        ([{"x": {"optim": {"type": "a"}}}, {"x": {"optim": {"type": "b"}}}], ["optim.type"]),
    ],
)
def test_keys(configs: list[dict[str, Any]], expected: list[str]) -> None:
    assert keys(*configs) == expected


def test_what_is_hidden_is_named_by_its_whole_path() -> None:
    configs = [{"train": {"steps": 10}, "acc": 1, "rate": 3}, {"train": {"steps": 20}, "acc": 2, "rate": 9}]
    named = [{"rate": 1}, {"rate": 5}]
    assert keys(*configs, named=named, taken={"steps", "acc"}) == [
        "rate",
        "config.train.steps",
        "config.acc",
        "config.rate",
    ]


def test_the_list_renames_a_path() -> None:
    configs = [{"o": {"lr": 1}, "k": "x"}, {"o": {"lr": 1}, "k": "y"}]
    found = varied_of(configs, paths={"rate": "o.lr"})
    assert [(one.key, one.path, one.varied) for one in found.attributes] == [
        ("rate", "o.lr", False),
        ("k", "k", True),
    ]


def test_a_name_that_fits_several_paths_is_the_shortest_and_warns() -> None:
    configs = [
        {"body": {"opt": {"lr": 1}}, "opt": {"lr": 3}},
        {"body": {"opt": {"lr": 2}}, "opt": {"lr": 5}},
    ]
    found = varied_of(configs, listed=["lr"])
    one = found.get("lr")
    assert one is not None
    assert (one.key, one.values) == ("opt.lr", (3, 5))
    assert found.warnings == ('"lr" is taken for opt.lr; write the path to mean body.opt.lr',)
    assert varied_of(configs, listed=["opt.lr", "body.opt.lr"]).warnings == ()


def test_a_name_prefers_what_varies_and_needs_no_path_then() -> None:
    configs = [{"a": {"lr": 1}, "lr": {"lr": 7}}, {"a": {"lr": 2}, "lr": {"lr": 7}}]
    found = varied_of(configs, listed=["lr"])
    assert [(one.key, one.path) for one in found.attributes] == [("lr", "a.lr")]
    assert found.warnings == ()


@pytest.mark.parametrize("name", ["config.out.steps", "out.steps", "width"])
def test_what_a_list_names_is_an_attribute_whatever_it_looks_like(name: str) -> None:
    configs = [{"out": {"steps": 5}, "width": 3}, {"out": {"steps": 5}, "width": 3}]
    found = varied_of(configs, listed=[name], taken={"steps"})
    one = found.get(name)
    assert one is not None
    assert not one.varied
    assert varied_of(configs, listed=["nothing"]).get("nothing") is None


@pytest.mark.parametrize(
    ("key", "first", "second", "why"),
    [
        ("_step", 1, 2, "its name begins with _"),
        ("wandb_id", "a1", "b2", "it is an identity, a time or a place"),
        ("id", "a1", "b2", "it is an identity, a time or a place"),
        ("train-runtime", 3.5, 4.5, "it is an identity, a time or a place"),
        ("samples_per_second", 3.5, 4.5, "it is an identity, a time or a place"),
        ("git_commit", "abc", "abd", "it is an identity, a time or a place"),
        ("master_port", 80, 81, "it is an identity, a time or a place"),
        ("host", "n1", "n2", "it is an identity, a time or a place"),
        ("output_dir", "x", "y", "it is an identity, a time or a place"),
        ("final_loss", 0.3, 0.2, "it is a result"),
        ("best_val_top5", 0.3, 0.2, "it is a result"),
        ("eval_f1", 0.3, 0.2, "it is a result"),
        ("best_acc", "0.91", "0.93", "it is a result"),
        ("started", "2026-11-27T10:00:01Z", "2026-11-28", "it is a date"),
        ("comment", "x" * 61, "y", "it is text of over 60 characters"),
        ("tag", "exp run-a", "exp run-b", "it holds the run's name"),
        ("data", "/scratch/1/train", "/scratch/2/train", "it is a path of each run's own"),
    ],
)
def test_none_are_attributes(key: str, first: Any, second: Any, why: str) -> None:
    found = varied_of([{key: first}, {key: second}], ["run-a", "run-b"])
    assert found.attributes == ()
    assert [(one.path, one.why) for one in found.left_out] == [(key, why)]
    assert varied_of([{key: first}, {key: second}], ["run-a", "run-b"], listed=[key]).get(key) is not None


@pytest.mark.parametrize(
    ("key", "first", "second"),
    [
        ("paid", "a", "b"),  # ends in the letters of an identity, not in the word
        ("eval_steps", 5, 10),
        ("val_split", 0.1, 0.2),
        ("final_layer", 3, 4),
        ("lossy", 1, 2),
        ("loss", "mse", "huber"),
        ("best_loss", "mse", "huber"),  # text: a choice
        ("warmup", "2026", "2027"),
        ("model", "org/a-7b", "org/b2.5-7b"),  # not paths of files
        ("comment", "x" * 60, "y"),
        ("tag", "xrun-a", "run-b2"),  # holds no run's name as a word
    ],
)
def test_others_are(key: str, first: Any, second: Any) -> None:
    assert free({key: first}, {key: second}, names=["run-a", "run-b"]) == [key]


def test_seeds_are_never_varied() -> None:
    configs = [{"seed": 1, "data": {"seed": 4}, "np_seed": 5, "random_state": 0, "seeded": 1}] * 2
    configs = [configs[0], {"seed": 2, "data": {"seed": 5}, "np_seed": 6, "random_state": 1, "seeded": 2}]
    found = varied_of(configs)
    assert [one.key for one in found.seeds] == ["seed", "data.seed", "np_seed", "random_state"]
    assert [one.key for one in found.free] == ["seeded"]
    assert is_seed("a.training_seed")
    (named,) = varied_of([{"rng": 1}, {"rng": 2}], paths={"seed": "rng"}).attributes
    assert (named.key, named.seed, named.varied) == ("seed", True, False)
    assert not is_seed("seed.value")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("16", 16),
        ("16.0", 16.0),
        ("-3", -3),
        ("1e-4", 1e-4),
        ("1e5", 1e5),
        ("2.50E+3", 2500.0),
        (".5", 0.5),
        ("007", 7),
        ("6037e443", None),
        ("12345e67", None),
        ("1e400", None),
        ("1234567890123456", None),
        ("nan", None),
        ("inf", None),
        ("1_000", None),
        ("0x10", None),
        ("", None),
        ("٣", None),
        ("1,5", None),
    ],
)
def test_text_that_is_a_number(text: str, number: float | None) -> None:
    assert as_number(text) == number


def test_text_is_a_number_only_where_it_is_one_in_every_run() -> None:
    (one,) = varied_of([{"bs": "16.0"}, {"bs": 16}, {"bs": "8"}]).attributes
    assert (one.kind, one.values) == ("number", (16.0, 16, 8))
    (one,) = varied_of([{"bs": "16.0"}, {"bs": "auto"}, {"bs": True}]).attributes
    assert (one.kind, one.values) == ("text", ("16.0", "auto", "true"))
    assert varied_of([{"bs": "16.0"}, {"bs": 16}]).attributes == ()
    (named,) = varied_of([{}, {}], named=[{"lr": "3e-4"}, {"lr": "0.001"}]).attributes
    assert (named.kind, named.values) == ("number", (3e-4, 1e-3))


def tied(*configs: dict[str, Any]) -> dict[str, str | None]:
    return {one.key: one.tied_to for one in varied_of(configs).attributes}


def test_what_follows_from_one_before_it_is_tied_to_it() -> None:
    # Sizes repeat, and with each its width; decay repeats otherwise.
    assert tied(
        {"size": "s", "width": 256, "wd": 0},
        {"size": "s", "width": 256, "wd": 1},
        {"size": "m", "width": 384, "wd": 0},
        {"size": "l", "width": 384, "wd": 1},
    ) == {"size": None, "width": "size", "wd": None}
    # Nothing repeats: a fixed multiple is tied, another is not.
    assert tied({"lr": 1.0, "min_lr": 0.1, "wd": 3}, {"lr": 2.0, "min_lr": 0.2, "wd": 5}) == {
        "lr": None,
        "min_lr": "lr",
        "wd": None,
    }
    # Equal text is told once, in the configuration's order.
    assert tied({"model": "a", "tokenizer": "a"}, {"model": "b", "tokenizer": "b"}) == {
        "model": None,
        "tokenizer": "model",
    }
    # Zero says nothing of a factor.
    assert tied({"a": 0, "b": 1}, {"a": 2, "b": 4}) == {"a": None, "b": None}
    assert tied({"a": 0, "b": 0}, {"a": 2, "b": 4}, {"a": 3, "b": 6}) == {"a": None, "b": "a"}


def test_tied_attributes_are_listed_and_no_columns() -> None:
    found = varied_of([{"lr": 1, "lr2": 2}, {"lr": 2, "lr2": 4}])
    assert [one.key for one in found.attributes] == ["lr", "lr2"]
    assert found.columns == ("lr",)


def test_at_most_six_are_columns() -> None:
    configs = [{f"k{i}": i * i for i in range(8)}, {f"k{i}": (i + 3) ** 3 for i in range(8)}]
    assert len(varied_of(configs).free) == 8
    assert varied_of(configs).columns == ("k0", "k1", "k2", "k3", "k4", "k5")


def test_keys_that_a_naming_took_are_not_told_twice() -> None:
    configs = [{"n_digits": 5, "lr": 1}, {"n_digits": 6, "lr": 1}]
    assert keys(*configs, named=[{"digits": 5}, {"digits": 6}], given={"n_digits"}) == ["digits"]


def words(*values: Any) -> tuple[str | None, ...]:
    return in_words(Attribute("k", "k", "number", values))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.1, 0.05), ("0.1", "0.05")),
        ((0.9, 0.99), ("0.9", "0.99")),
        ((0.99951, 1.0), ("0.9995", "1")),  # never 1 that is not
        ((1e-3, 3e-4, 1e-5), ("1e-3", "3e-4", "1e-5")),
        ((2.5e-5, 0.0), ("2.5e-5", "0")),
        ((16.0, 1000000), ("16", "1000000")),
        ((0.30000000000000004, 0.1), ("0.3", "0.1")),
        ((0.123456, 0.123457), ("0.123456", "0.123457")),
        ((1 / 3, 2 / 3, None), ("0.333", "0.667", None)),
        ((-0.5, 1e16), ("-0.5", "1e16")),
        ((1234.5, 0.25), ("1234.5", "0.25")),
    ],
)
def test_numbers_in_words(values: tuple[Any, ...], expected: tuple[str, ...]) -> None:
    assert words(*values) == expected


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53), min_size=1))
def test_different_numbers_have_different_words_near_their_values(values: list[float]) -> None:
    found = words(*values)
    assert len(set(found)) == len({float(value) for value in values})
    for value, text in zip(values, found, strict=True):
        assert text is not None
        assert float(text) == pytest.approx(float(value), rel=5e-3)
        assert (float(text) == 0) == (value == 0)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
configurations = st.dictionaries(
    st.sampled_from(["lr", "seed", "a.b", "_x", "final_loss", "id", "name"]) | st.text(max_size=4),
    st.recursive(
        scalars, lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=4
    ),
    max_size=5,
)


@given(
    st.lists(configurations, max_size=6), st.lists(st.sampled_from(["lr", "b", "x.y", "config.lr", "", "."]))
)
def test_no_configuration_breaks_anything(configs: list[dict[str, Any]], listed: list[str]) -> None:
    found = varied_of(configs, [f"r{i}" for i in range(len(configs))], listed=listed, taken={"name"})
    assert len({one.key for one in found.attributes}) == len(found.attributes)
    assert "name" not in {one.key for one in found.attributes}
    for one in found.attributes:
        assert len(one.values) == len(configs)
        assert not (one.seed and one.varied)
        assert len(in_words(one)) == len(configs)
        assert one.tied_to is None or one.tied_to in {free.key for free in found.free}
        json.dumps(one.values, allow_nan=False)
    assert varied_of(configs, [f"r{i}" for i in range(len(configs))], listed=listed, taken={"name"}) == found


@given(st.lists(configurations, min_size=1, max_size=5))
def test_runs_that_are_alike_vary_in_nothing(configs: list[dict[str, Any]]) -> None:
    assert varied_of([configs[0]] * 3).free == ()


def test_what_differs_between_two_configurations() -> None:
    first = {"opt": {"lr": 1e-3, "name": "adam"}, "bs": "16", "amp": True}
    second = {"opt": {"lr": 3e-4, "name": "adam"}, "bs": 16.0, "clip": 1}
    assert differences(first, second) == (
        Difference("opt.lr", 1e-3, 3e-4),
        Difference("amp", True, None),
        Difference("clip", None, 1),
    )
    assert differences(first, first) == ()
