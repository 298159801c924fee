"""Secrets in configurations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.masking import MASK, masked, masked_text

HF = "hf_" + "aB3" * 11
OPENAI = "sk-proj-" + "x" * 24


@pytest.mark.parametrize(
    "config",
    [
        {"token": "x"},
        {"hub": {"api_key": "x"}},
        {"hub.secret": "x"},
        {"db": [{"password": "hunter2"}]},
        {"password": ["a"]},
        {"Api-Key": "x"},
        {"apiKey": "x"},
        {"openai_api_key": "x"},
        {"hub_token": "0123456789abcdef"},
        {"harmless": HF},
        {"harmless": OPENAI},
    ],
)
def test_secrets_are_masked_and_counted(config: dict[str, Any]) -> None:
    found, count = masked(config)
    assert count == 1
    assert MASK in json.dumps(found)
    assert found.keys() == config.keys()


@pytest.mark.parametrize(
    "config",
    [
        {"token": ""},
        {"token": 5, "password": 1.5, "secret": None, "api_key": True},
        {"token": "<|begin_of_text|>", "hub_token": "<HUB_TOKEN_OF_THE_TRAINER>"},
        {"pad_token": "[PAD]", "eos_token": "</s>", "mask_token": "0123456789abcde"},
        {"tokens": "a", "tokenizer": "gpt2", "max_tokens": "many", "secretary": "x", "key": "x"},
        {"model": "hf_transformers", "task": "sk-learn", "desk-aaaaaaaaaaaaaaaaaaaaaaa": "x"},
        {"name": "task-aaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {"url": "https://host:8080/a@b", "mail": "someone@host"},
    ],
)
def test_what_is_no_secret_stays(config: dict[str, Any]) -> None:
    assert masked(config) == (config, 0)


def test_only_the_secret_of_a_text_is_masked() -> None:
    found, count = masked({"argv": ["--token", HF, f"--hub={HF},{OPENAI}"], "db": "pg://me:pa%20ss@host/x"})
    assert found == {
        "argv": ["--token", MASK, f"--hub={MASK},{MASK}"],
        "db": f"pg://me:{MASK}@host/x",
    }
    assert count == 3
    assert masked_text(f"see {HF}!") == f"see {MASK}!"


def test_masking_twice_masks_no_more() -> None:
    once, _ = masked({"argv": HF, "db": "pg://me:secret@host"})
    assert masked(once) == (once, 0)


def test_endless_nesting_ends() -> None:
    config: dict[str, Any] = {}
    inner = config
    for _ in range(5000):
        inner["a"] = {}
        inner = inner["a"]
    masked(config)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=8), values), st.sampled_from([HF, OPENAI]), st.text(max_size=5))
def test_no_secret_gets_through(config: dict[str, Any], secret: str, key: str) -> None:
    found, count = masked({**config, key: {"x": [f"a {secret}"]}})
    assert secret not in json.dumps(found)
    assert count >= 1
