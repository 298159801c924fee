"""One table of a list against what it must be, in words for its author."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reportgen.model_list.mistakes import Mistakes, did_you_mean, key, shown

__all__ = ["read_outer_table", "read_table"]

_AnyTable = TypeVar("_AnyTable", bound=BaseModel)


def read_table(model: type[_AnyTable], value: object, place: str, mistakes: Mistakes) -> _AnyTable | None:
    """Checks one table; what is wrong goes to ``mistakes``, and then there is none.

    Args:
        model: What it must be.
        value: As TOML or JSON gave it.
        place: Of the table: ``family[0]``, empty for the whole file.
        mistakes: Those of the file.
    """
    table, wrong_keys = _checked(model, value, place, mistakes)
    return None if wrong_keys else table


def read_outer_table(
    model: type[_AnyTable],
    value: object,
    place: str,
    mistakes: Mistakes,
    *,
    lone: bool = False,
    **empty: object,
) -> _AnyTable:
    """The same for a table that holds others: what is right of it is kept, so that those are checked too.

    Args:
        model: What it must be.
        value: As TOML or JSON gave it.
        place: Of the table.
        mistakes: Those of the file.
        lone: The list wrote the only value instead of a table, so the place of both is one.
        **empty: What stands for keys that must be there and are not.
    """
    return _checked(model, value, place, mistakes, lone=lone, empty=empty)[0]


def _checked(
    model: type[_AnyTable],
    value: object,
    place: str,
    mistakes: Mistakes,
    *,
    lone: bool = False,
    empty: Mapping[str, object] = MappingProxyType({}),
) -> tuple[_AnyTable, set[str]]:
    """The table, and the keys that are wrong, which it lacks."""
    try:
        return model.model_validate(value), set()
    except ValidationError as error:
        wrong_keys, seen = set(), set()
        for wrong in error.errors(include_url=False):
            wrong["loc"] = _place(wrong["loc"], value)
            where = place
            for part in () if lone else wrong["loc"]:
                where += f"[{part}]" if isinstance(part, int) else f".{key(part)}" if where else key(part)
            if where not in seen:
                mistakes.add(where, _text_of(model, wrong))
            seen.add(where)
            wrong_keys.add(str(wrong["loc"][0]) if wrong["loc"] else "")
    right = value if isinstance(value, dict) else {}
    kept = {key: given for key, given in right.items() if key not in wrong_keys}
    return model.model_construct(**{**empty, **kept}), wrong_keys


def _place(parts: tuple[int | str, ...], value: object) -> tuple[int | str, ...]:
    """The place of an error, less what names one of several kinds, or an item where no list was written."""
    place: list[int | str] = []
    for part in parts:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            continue
        place.append(part)
    return tuple(place)


# What stands for a table of these kinds, too.
_WHOLE = {"RunTable": "a name, a pattern or a table"}


def _text_of(model: type[BaseModel], wrong: ErrorDetails) -> str:
    if wrong["type"] == "mistake":
        return str(wrong["ctx"]["text"])
    name = str(wrong["loc"][0]) if wrong["loc"] else ""
    if wrong["type"] == "extra_forbidden":
        return _unknown_key(model, name)
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    right = fields[name].description if name else _WHOLE.get(model.__name__, "a table")
    if wrong["type"] == "missing":
        return f"is missing; must be {right}"
    given = wrong["input"]
    if wrong["type"] in ("too_short", "too_long") and len(given) > 0:
        return f"holds {len(given)} value{'s' * (len(given) > 1)}; must be {right}"
    whole = f"{name} " if len(wrong["loc"]) > 1 else ""
    return f"is {shown(given)}; {whole}must be {right}"


def _unknown_key(model: type[BaseModel], name: str) -> str:
    """TOML gives a key to the table above it, so one of the whole list may stand too low in the file."""
    from reportgen.model_list.schema import ListTable

    known = [field.alias or name for name, field in model.model_fields.items()]
    if model is ListTable or name not in ListTable.model_fields:
        return "unknown key" + did_you_mean(name, known)
    heading = re.search(r"\[+\w+\]+", ListTable.model_fields[name].description or "")
    if heading:
        return f"unknown key here; {heading[0]} is a table of its own, for the whole list"
    return f"unknown key here; {name} belongs at the top of the file, before the first [table]"
