"""The JSON Schema of a list, held to lists that are read and lists that are refused."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import jsonschema
import pytest

from reportgen import resources
from reportgen.model_list import json_schema
from tests.lists import DIRECTORY, FAMILY, HUB
from tests.test_list_keys import EVERYTHING

SCHEMA = json_schema()


def valid(text: str) -> bool:
    # TOML's dates are text to JSON.
    document: Any = json.loads(json.dumps(tomllib.loads(text), default=str))
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(document)


def test_it_is_a_schema_and_strict_json() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    json.dumps(SCHEMA, allow_nan=False)


@pytest.mark.parametrize("name", ["demo", "quanta-maths"])
def test_lists_that_ship_are_valid(name: str) -> None:
    assert valid((resources.folder("model_lists") / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        f'{HUB}{FAMILY}runs = ["a"]',
        EVERYTHING,
        f'{DIRECTORY}{FAMILY}runs = [{{ name = "a", note = "n", source = {{ type = "s3", bucket = "b" }} }}]',
    ],
)
def test_lists_that_are_read_are_valid(text: str) -> None:
    assert valid(text)


@pytest.mark.parametrize(
    "text",
    [
        HUB,
        f"{HUB}{FAMILY}runs = []",
        f"{HUB}{FAMILY}runs = [5]",
        f'titel = "x"\n{HUB}{FAMILY}runs = ["a"]',
        f'{HUB}{FAMILY}runs = ["a"]\nfigures = "all"',
        f'{HUB}{FAMILY}runs = ["a"]\nsmoothing = {{ windw = 1 }}',
        f'{HUB}{FAMILY}runs = ["a"]\n[[family.table]]\nname = "x"',
        f'{HUB}{FAMILY}runs = [{{ name = "a", lable = "x" }}]',
        f'{HUB}[source.format]\nstps = "x"\n{FAMILY}runs = ["a"]',
        f'[source]\ntype = "hub"\n{FAMILY}runs = ["a"]',
        f'{HUB}[series.acc]\nbetter = "up"\n{FAMILY}runs = ["a"]',
        f'{HUB}[smoothing]\nwindow = 0\n{FAMILY}runs = ["a"]',
    ],
)
def test_lists_that_are_refused_are_not(text: str) -> None:
    assert not valid(text)


def test_every_key_is_described() -> None:
    for name in ("family", "run", "smoothing", "figures", "pdf", "theme", "names", "format"):
        for key, one in SCHEMA["$defs"][name]["properties"].items():
            assert one.get("description"), (name, key)
