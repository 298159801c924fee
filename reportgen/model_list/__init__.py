"""TOML -> ModelList: what a report is made of, as its author wrote it."""

from __future__ import annotations

from reportgen.model_list.defaults import naming_of, with_runs
from reportgen.model_list.document import to_dict
from reportgen.model_list.json_schema import json_schema
from reportgen.model_list.labels import labels_of
from reportgen.model_list.mistakes import did_you_mean
from reportgen.model_list.reading import (
    lists_in,
    load,
    load_named,
    load_text,
    shipped_file,
    shipped_names,
)
from reportgen.model_list.slugs import slugify, unsafe_found, unsafe_path
from reportgen.model_list.specs import (
    DirectorySource,
    FamilySpec,
    FigureOptions,
    FormatSpec,
    HubSource,
    ModelList,
    PdfOptions,
    PluginSource,
    RunSpec,
    SeriesSpec,
    Smoothing,
    Source,
    TableSpec,
    Theme,
    UrlSource,
    Waiver,
    title_of,
)

__all__ = [
    "DirectorySource",
    "FamilySpec",
    "FigureOptions",
    "FormatSpec",
    "HubSource",
    "ModelList",
    "PdfOptions",
    "PluginSource",
    "RunSpec",
    "SeriesSpec",
    "Smoothing",
    "Source",
    "TableSpec",
    "Theme",
    "UrlSource",
    "Waiver",
    "did_you_mean",
    "json_schema",
    "labels_of",
    "lists_in",
    "load",
    "load_named",
    "load_text",
    "naming_of",
    "shipped_file",
    "shipped_names",
    "slugify",
    "title_of",
    "to_dict",
    "unsafe_found",
    "unsafe_path",
    "with_runs",
]
