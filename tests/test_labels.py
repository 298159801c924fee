"""Labels of a family's runs."""

# Each case stands on one line.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.attributes import varied_of
from reportgen.kinds import Scalar
from reportgen.model_list import labels_of
from reportgen.naming import QUANTA_MATHS, Attributes
from tests.samples import family_report, run_spec


def labels(names: list[str], template: str | None = None, own: dict[int, str] | None = None) -> list[str]:
    family = family_report("F", [], label=template).spec
    runs = [run_spec(name, label=(own or {}).get(index)) for index, name in enumerate(names)]
    return labels_of(family, [(run, QUANTA_MATHS.read(run.name)) for run in runs])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], []),
        (["add_d5_l2_h3_t15K_s372001", "add_d10_l2_h3_t15K_s372001"], ["d5", "d10"]),
        # The first attribute that differs, in the contract's order, for those that are alike only.
        (
            ["add_d5_l2_h3_t10K_s372001", "add_d5_l2_h3_t10K_s173289", "add_d6_l2_h3_t10K_s173289"],
            ["d5 s372001", "d5 s173289", "d6"],
        ),
        (["add_d5_l2_h3_t15K_s372001", "add_d5_l2_h3_t40K_s372001"], ["d5 t15K", "d5 t40K"]),
        (["add_d4_l2_h3_t15K_s372001", "sub_d4_l2_h3_t40K_s173289"], ["d4 add", "d4 sub"]),
        (["add_d5_l1_h3_t15K_s372001", "add_d5_l2_h4_t15K_s372001"], ["d5 l1", "d5 l2"]),
        (["add_d5_l1_h3_t15K_s372001", "add_d5_l1_h4_t15K_s372001"], ["d5 h3", "d5 h4"]),
        # Names leave out what was not done, and so do labels.
        (["mix_d10_l3_h4_t75K_s173289", "mix_d10_l3_h4_t75K_gf_s173289"], ["d10", "d10 gf"]),
        (["mix_d6_l3_h4_t40K_s372001", "ins1_mix_d6_l3_h4_t40K_s372001"], ["d6", "d6 ins1"]),
        # Again, where one attribute does not tell all apart.
        (
            ["add_d6_l2_h3_t15K_s372001", "add_d6_l2_h3_t20K_s173289", "add_d6_l2_h3_t40K_s372001"],
            ["d6 s372001 t15K", "d6 s173289", "d6 s372001 t40K"],
        ),
        # Nothing differs: the name, then a number.
        (["add_d5_l2_h3_t15K_s372001"] * 3, [
            "add_d5_l2_h3_t15K_s372001",
            "add_d5_l2_h3_t15K_s372001 (2)",
            "add_d5_l2_h3_t15K_s372001 (3)",
        ]),
        (["mine", "add_d5_l2_h3_t15K_s372001", "yours"], ["mine", "add_d5_l2_h3_t15K_s372001", "yours"]),
    ],
)  # fmt: skip
def test_the_usual_label(names: list[str], expected: list[str]) -> None:
    assert labels(names) == expected


@pytest.mark.parametrize(
    ("template", "name", "expected"),
    [
        ("{op} d{digits}", "mix_d4_l3_h4_t15K_s372001", "mix d4"),
        ("{name}", "mix_d4_l3_h4_t15K_s372001", "mix_d4_l3_h4_t15K_s372001"),
        ("{layers}/{heads}, {steps_k}K, {seed}", "mix_d4_l3_h4_t15K_s372001", "3/4, 15K, 372001"),
        ("m{insert_mode} {grokfast}", "ins2_mix_d4_l3_h4_t15K_gf_s372001", "m2 gf"),
        ("m{insert_mode} {grokfast}", "mix_d4_l3_h4_t15K_s372001", "m0"),
        ("{grokfast}", "mix_d4_l3_h4_t15K_s372001", "mix_d4_l3_h4_t15K_s372001"),
        ("{seed}", "mine", "mine"),
        ("all", "mine", "all"),
    ],
)
def test_templates(template: str, name: str, expected: str) -> None:
    assert labels([name], template) == [expected]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("the  best", "the  best"),
        ("d{digits}, the best", "d5, the best"),
        ("{op} {grokfast} {name}", "add add_d5_l2_h3_t15K_s372001"),
    ],
)
def test_a_runs_own_label_is_a_template_too(own: str, expected: str) -> None:
    names = ["add_d5_l2_h3_t15K_s372001", "add_d6_l2_h3_t15K_s372001"]
    assert labels(names, own={0: own}) == [expected, "d6"]


def test_a_run_without_the_attribute_of_its_own_label_is_called_by_its_name() -> None:
    assert labels(["mine"], own={0: "d{digits}"}) == ["mine"]


def test_own_labels_that_are_alike_are_told_apart_too() -> None:
    names = ["add_d5_l2_h3_t15K_s372001", "add_d6_l2_h3_t15K_s372001"]
    assert labels(names, own={0: "d6"}) == ["d6 d5", "d6 d6"]


def test_attributes_of_config_count() -> None:
    family = family_report("F", [], label="d{digits}").spec
    runs = [(run_spec("mine"), {"digits": 5, "seed": 1}), (run_spec("yours"), {"digits": 5})]
    assert labels_of(family, runs) == ["d5 s1", "d5"]


some = st.sampled_from([None, 1, 2])
attributes: st.SearchStrategy[dict[str, Scalar | None]] = st.fixed_dictionaries(
    {
        "op": st.sampled_from([None, "add", "sub"]),
        "digits": some,
        "layers": some,
        "seed": some,
        "grokfast": st.sampled_from([None, False, True]),
        "insert_mode": st.sampled_from([None, 0, 1]),
    }
)
words = st.sampled_from(["{name}", "{digits}", "a", "b", "d1", "d1 s1", "a (2)", "d1 (2)", "d1 gf"])


@given(
    template=st.sampled_from([None, "d{digits}", "{op} {seed}", "x", "{name}", "{grokfast}{insert_mode}"]),
    runs=st.lists(st.tuples(words, st.none() | words, attributes), max_size=30),
)
def test_labels_are_unique_and_none_is_empty(
    template: str | None, runs: list[tuple[str, str | None, Attributes]]
) -> None:
    family = family_report("F", [], label=template).spec
    found = labels_of(family, [(run_spec(name, label=own), attrs) for name, own, attrs in runs])
    assert len(found) == len(runs)
    assert len(set(found)) == len(found)
    assert all(label.strip() for label in found)


def told(
    configs: list[dict[str, Any]], names: list[str] | None = None, template: str | None = None
) -> list[str]:
    """Labels of runs with these configurations."""
    names = names or [f"exp-run-{index}" for index in range(len(configs))]
    family = family_report("F", [], label=template).spec
    varied = varied_of(configs, names)
    runs = [(run_spec(name), varied.of_run(index)) for index, name in enumerate(names)]
    return labels_of(family, runs, varied, [bool(config) for config in configs])


@pytest.mark.parametrize(
    ("configs", "expected"),
    [
        # In the configuration's order, seeds last.
        (
            [{"seed": s, "opt": {"lr": lr}, "bs": bs} for lr, bs in ((1e-3, 8), (3e-3, 4)) for s in (1, 2)],
            ["lr=0.001 seed=1", "lr=0.001 seed=2", "lr=0.003 seed=1", "lr=0.003 seed=2"],
        ),
        # An attribute only where it splits runs further.
        ([{"lr": 1, "wd": 0.1}, {"lr": 1, "wd": 0.2}, {"lr": 2, "wd": 0.2}], ["lr=1 wd=0.1", "lr=1 wd=0.2", "lr=2"]),
        ([{"model": {"name": "vit"}}, {"model": {"name": "resnet50"}}], ["model.name=vit", "model.name=resnet50"]),
        ([{"a": {"x": 1}, "b": {"x": 2}}, {"a": {"x": 1}, "b": {"x": 5}}, {"a": {"x": 3}, "b": {"x": 2}}],
         ["a.x=1 b.x=2", "a.x=1 b.x=5", "a.x=3"]),
        ([{"amp": True}, {"amp": False}], ["amp=true", "amp=false"]),
        ([{"drop": 0.1}, {"other": 1}], ["drop=0.1", "drop=none"]),
        ([{"steps": 100000}, {"steps": 1500000}], ["steps=100000", "steps=1500000"]),
        ([{"lr": "1e-5"}, {"lr": "3e-4"}], ["lr=1e-5", "lr=3e-4"]),
        # What is tied says nothing more.
        ([{"lr": 1, "min_lr": 10, "wd": 4}, {"lr": 2, "min_lr": 20, "wd": 9}], ["lr=1", "lr=2"]),
        # A run without a configuration, or labels that repeat: names.
        ([{"lr": 1}, {}], ["run-0", "run-1"]),
        ([{"lr": 1}, {"lr": 1}], ["run-0", "run-1"]),
        ([{"lr": 1}, {"lr": 1}, {"lr": 2}], ["run-0", "run-1", "run-2"]),
        ([{"lr": 1}], ["exp-run-0"]),
    ],
)  # fmt: skip
def test_the_label_of_anybodys_runs(configs: list[dict[str, Any]], expected: list[str]) -> None:
    assert told(configs) == expected


def test_templates_hold_attributes_of_configurations() -> None:
    configs = [{"o": {"lr": 1e-3}, "bs": 8}, {"o": {"lr": 1e-4}, "bs": 8}, {"bs": 4, "o": {"lr": 1e-3}}]
    assert told(configs, template="rate {lr}") == ["rate 0.001 bs=8", "rate 0.0001", "rate 0.001 bs=4"]
    assert told(configs, template="{nothing}") == ["exp-run-0", "exp-run-1", "exp-run-2"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "a-1", "b_2", "a-b-1"]),
            st.dictionaries(
                st.sampled_from(["lr", "seed", "m.name"]), st.integers(0, 2) | st.text(max_size=2)
            ),
        ),
        max_size=12,
    )
)
def test_labels_of_anybodys_runs_are_unique_and_none_is_empty(runs: list[tuple[str, dict[str, Any]]]) -> None:
    found = told([config for _, config in runs], [name for name, _ in runs]) if runs else []
    assert len(set(found)) == len(runs)
    assert all(label.strip() for label in found)
