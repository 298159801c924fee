"""The JSON Schema of a list, for editors that complete and check TOML by one."""

from __future__ import annotations

from typing import Any

__all__ = ["json_schema"]

_ID = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a whole list, its tables in place.

    It says what each table may hold. What takes more than one table to see, and names of runs, paths and
    patterns, is checked by ``reportgen check``. A plug-in's source has keys of its own, so an unknown
    ``type`` is let pass.
    """
    from reportgen.model_list import schema

    tables = {
        "source": {
            "oneOf": [
                *(_table(model) for model in (schema.HubTable, schema.DirectoryTable, schema.UrlTable)),
                {
                    "type": "object",
                    "required": ["type"],
                    "properties": {"type": {"not": {"enum": ["hub", "directory", "url"]}}},
                },
            ]
        },
        "format": _table(schema.FormatTable),
        "smoothing": _table(schema.SmoothingTable),
        "figures": _table(schema.FiguresTable),
        "pdf": _table(schema.PdfTable),
        "theme": _table(schema.ThemeTable),
        "series": {"type": "object", "additionalProperties": _table(schema.SeriesTable)},
        "names": _table(schema.NamesTable),
        "attributes": {"type": "object", "additionalProperties": {"type": "string"}},
        "family": _table(schema.FamilyTable),
        "run": _table(schema.RunTable),
        "table": _table(schema.TableTable),
        "waive": {"type": "object"},  # a metric may be tables within tables
    }
    references = {name: {"$ref": f"#/$defs/{name}"} for name in tables}

    def placed(table: dict[str, Any], *names: str) -> None:
        """Puts references where a table holds others."""
        for name in names:
            described = table["properties"][name].get("description")
            table["properties"][name] = references[name] | ({"description": described} if described else {})

    for source in tables["source"]["oneOf"][:3]:
        placed(source, "format")
    for name, key in (("format", "pattern"), ("figures", "width_mm")):
        _or_one(tables[name]["properties"][key])
    _or_one(tables["series"]["additionalProperties"]["properties"]["from"])
    placed(tables["family"], "smoothing", "waive")
    placed(tables["run"], "source", "waive")
    tables["family"]["properties"]["runs"]["items"] = {"anyOf": [{"type": "string"}, references["run"]]}
    tables["family"]["properties"]["table"]["items"] = references["table"]
    whole = _table(schema.ListTable)
    placed(whole, "source", "smoothing", "figures", "pdf", "theme", "series", "names", "attributes")
    whole["properties"]["family"]["items"] = references["family"]
    return {"$schema": _ID, "title": "A model list of reportgen", **whole, "$defs": tables}


def _table(model: Any) -> dict[str, Any]:
    """The schema of one table, with the sentences that its author reads of a wrong value."""
    found: dict[str, Any] = model.model_json_schema(by_alias=True)
    found.pop("title", None)
    found["description"] = " ".join((model.__doc__ or "").split()).replace("``", "`")
    for one in found.get("properties", {}).values():
        one.pop("title", None)
    return found


def _or_one(several: dict[str, Any]) -> None:
    """One value is as good as a list of one."""
    lists = [one for one in several.pop("anyOf", [several.copy()]) if one.get("type") == "array"]
    kept = {key: several[key] for key in ("default", "description") if key in several}
    several.clear()
    several.update(kept | {"anyOf": [lists[0]["items"], lists[0]]})
