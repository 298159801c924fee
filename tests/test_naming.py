"""Names of runs, Config, and what they say together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.kinds import Scalar
from reportgen.naming import QUANTA_MATHS, question_shares
from tests.samples import HOSTILE

ATTRIBUTES = QUANTA_MATHS.keys
NOTHING: dict[str, Scalar | None] = dict.fromkeys(ATTRIBUTES)
attributes_of = QUANTA_MATHS.read
merge = QUANTA_MATHS.merge


def known(*values: Scalar | None) -> dict[str, Scalar | None]:
    return dict(zip(ATTRIBUTES, values, strict=True))


# Any JSON, as a stranger's Config may hold it, NaN and huge numbers included.
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
CONFIG_KEYS = (
    "n_digits",
    "n_layers",
    "n_heads",
    "training_seed",
    "n_training_steps",
    "grokfast",
    "insert_mode",
    "perc_add",
    "perc_sub",
    "perc_mult",
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("add_d5_l1_h3_t15K_s372001", ("add", 5, 1, 3, 372001, 15, False, 0)),
        ("add_d10_l2_h3_t40K_gf_s572091", ("add", 10, 2, 3, 572091, 40, True, 0)),
        ("sub_d6_l2_h3_t30K_s372001", ("sub", 6, 2, 3, 372001, 30, False, 0)),
        ("mul_d2_l12_h10_t5K_s000001", ("mul", 2, 12, 10, 1, 5, False, 0)),
        ("add_d5_l1_h3_t15K_s7", ("add", 5, 1, 3, 7, 15, False, 0)),
        ("add_d5_l1_h3_t15K_s1234567890", ("add", 5, 1, 3, 1234567890, 15, False, 0)),
        # Readers of JSON would round it.
        ("add_d5_l1_h3_t15K_s9007199254740993", ("add", 5, 1, 3, "9007199254740993", 15, False, 0)),
        ("mas_d99_l1_h1_t999K_gf_s999999", ("mas", 99, 1, 1, 999999, 999, True, 0)),
        ("ins1_mix_d6_l3_h4_t40K_s372001", ("mix", 6, 3, 4, 372001, 40, False, 1)),
        ("ins5_mix_d6_l2_h4_t30K_s775824", ("mix", 6, 2, 4, 775824, 30, False, 5)),
    ],
)
def test_attributes(name: str, expected: tuple[Any, ...]) -> None:
    assert tuple(attributes_of(name).values()) == expected


def test_attributes_are_those_of_the_contract() -> None:
    assert ATTRIBUTES == ("op", "digits", "layers", "heads", "seed", "steps_k", "grokfast", "insert_mode")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "my_run",
        "add_d5_l2_h3_t15K_s",
        "add_d5_l2_h3_t15_s372001",
        "add_d5_l2_h3_t1500K_s372001",
        "add_d500_l2_h3_t15K_s372001",
        "div_d5_l2_h3_t15K_s372001",
        "ins0_mix_d6_l3_h4_t40K_s372001",
        "ins6_mix_d6_l3_h4_t40K_s372001",
        "ins_mix_d6_l3_h4_t40K_s372001",
        "add_d5_l2_h3_t15K_gf_gf_s372001",
        "ADD_d5_l2_h3_t15K_s372001",
        "add_d5_l2_h3_t15K_s372001\n",
        " add_d5_l2_h3_t15K_s372001",
        "x_add_d5_l2_h3_t15K_s372001",
        "add_d\u0665_l2_h3_t15K_s372001",  # a digit, but an Arabic one
        *HOSTILE,
    ],
)
def test_a_name_that_no_pattern_fits_says_nothing(name: str) -> None:
    assert attributes_of(name) == NOTHING


@given(
    insert=st.integers(0, 5),
    op=st.sampled_from(["add", "sub", "mul", "mix", "mas"]),
    numbers=st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 999)),
    grokfast=st.booleans(),
    seed=st.integers(0, 999_999),
)
def test_a_name_gives_back_what_it_was_made_of(
    insert: int, op: str, numbers: tuple[int, int, int, int], grokfast: bool, seed: int
) -> None:
    digits, layers, heads, steps = numbers
    name = f"{op}_d{digits}_l{layers}_h{heads}_t{steps}K{'_gf' * grokfast}_s{seed:06}"
    if insert:
        name = f"ins{insert}_{name}"
    assert attributes_of(name) == known(op, digits, layers, heads, seed, steps, grokfast, insert)


def test_config_fills_what_the_name_leaves_open() -> None:
    config = {
        "n_digits": 7,
        "n_layers": 2.0,
        "n_heads": 3,
        "training_seed": 5,
        "n_training_steps": 45_000,
        "grokfast": True,
        "insert_mode": 2,
    }
    assert merge(NOTHING, config) == (known(None, 7, 2, 3, 5, 45, True, 2), ())


def test_the_name_wins_and_what_differs_is_told() -> None:
    name = attributes_of("add_d5_l2_h3_t15K_s372001")
    config = {
        "n_digits": 6,
        "n_layers": 2,
        "n_heads": 4,
        "training_seed": 1,
        "n_training_steps": 15_500,
        "grokfast": True,
        "insert_mode": 1,
    }
    merged, conflicts = merge(name, config)
    assert merged == name
    assert sorted(conflicts) == [
        ("digits", 5, 6),
        ("grokfast", False, True),
        ("heads", 3, 4),
        ("insert_mode", 0, 1),
        ("seed", 372001, 1),
        ("steps_k", 15, 15.5),
    ]


@pytest.mark.parametrize(
    ("name", "recorded", "differs"),
    [
        ("ins5_mix_d6_l3_h4_t30K_s775824", 0, False),  # the training code knew no mode 5
        ("ins5_mix_d6_l3_h4_t30K_s775824", 4, True),
        ("ins4_mix_d6_l4_h3_t40K_s372001", 0, True),
        ("ins4_mix_d6_l4_h3_t40K_s372001", 4, False),
        ("mix_d6_l3_h4_t40K_s372001", 0, False),
    ],
)
def test_insert_mode_five_was_recorded_as_none(name: str, recorded: int, differs: bool) -> None:
    _, conflicts = merge(attributes_of(name), {"insert_mode": recorded})
    assert bool(conflicts) is differs


@pytest.mark.parametrize(
    "wrong", ["7", None, True, [7], {"a": 7}, 7.5, float("nan"), float("inf"), -7, 10**400, 1e300]
)
def test_values_of_a_wrong_type_say_nothing(wrong: object) -> None:
    keys = ("n_digits", "n_layers", "n_heads", "training_seed", "n_training_steps", "insert_mode")
    assert merge(NOTHING, dict.fromkeys(keys, wrong)) == (NOTHING, ())


@pytest.mark.parametrize("wrong", [0, 1, "true", None, []])
def test_grokfast_is_true_or_false(wrong: object) -> None:
    assert merge(NOTHING, {"grokfast": wrong}) == (NOTHING, ())


def test_broken_thousands_of_steps_are_no_steps_k() -> None:
    assert merge(NOTHING, {"n_training_steps": 15_500})[0]["steps_k"] is None


@given(
    st.dictionaries(st.sampled_from(CONFIG_KEYS) | st.text(max_size=5), json_values),
    st.sampled_from(["", "add_d5_l2_h3_t15K_s372001", "ins3_mas_d5_l2_h3_t15K_s372001"]),
)
def test_no_config_breaks_anything(config: dict[str, Any], name: str) -> None:
    named = attributes_of(name)
    merged, conflicts = merge(named, config)
    for attribute in ATTRIBUTES:
        before, after = named[attribute], merged[attribute]
        assert after == before if before is not None else after is None or type(after) in (int, bool)
    assert {entry[0] for entry in conflicts} <= set(ATTRIBUTES)
    shares = question_shares(merged, config)
    assert shares is None or (
        sum(shares) == pytest.approx(100) and all(0 <= share <= 100 for share in shares)
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("add_d5_l2_h3_t15K_s372001", (100, 0, 0)),
        ("sub_d6_l2_h3_t30K_s372001", (0, 100, 0)),
        ("mul_d6_l2_h3_t30K_s372001", (0, 0, 100)),
        ("mix_d6_l3_h4_t40K_s372001", (34, 66, 0)),
        ("ins1_mix_d6_l3_h4_t40K_s372001", (20, 80, 0)),
        ("mas_d6_l3_h4_t40K_s372001", (20, 30, 50)),
        ("ins2_mas_d6_l3_h4_t40K_s372001", (20, 30, 50)),
        ("my_run", None),
    ],
)
def test_shares_by_operation(name: str, expected: tuple[int, int, int] | None) -> None:
    assert question_shares(attributes_of(name), {}) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"perc_add": 34, "perc_sub": 66, "perc_mult": 0}, (34, 66, 0)),
        ({"perc_add": 1, "perc_sub": 20, "perc_mult": 30}, (50, 20, 30)),  # %Add is what remains
        ({"perc_sub": 12.5}, (87.5, 12.5, 0)),  # %Mult by the operation
        ({"perc_sub": "66", "perc_mult": None}, (100, 0, 0)),
        ({"perc_sub": -1, "perc_mult": True}, (100, 0, 0)),
        ({"perc_sub": float("nan")}, (100, 0, 0)),
        ({"perc_sub": 70, "perc_mult": 70}, None),  # more than all
    ],
)
def test_shares_of_config_win(config: dict[str, Any], expected: tuple[float, float, float] | None) -> None:
    assert question_shares(attributes_of("add_d5_l2_h3_t15K_s372001"), config) == expected


def test_shares_of_a_name_that_says_nothing_need_both_numbers() -> None:
    assert question_shares(NOTHING, {"perc_sub": 66}) is None
    assert question_shares(NOTHING, {"perc_sub": 66, "perc_mult": 4}) == (30, 66, 4)
