"""What a rebuild reads of a ``report.json``.

Apart from ``reportgen.baseline``, which compares with a report and so takes what a later version wrote: a
rebuild pulls what is written here, so that its commit, hashes and files must be of the one known shape.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from reportgen.model_list import fields

__all__ = ["ReportTable", "ReportedFamily", "ReportedRun", "ReportedSource"]


class _Reported(BaseModel):
    """What a rebuild reads of a ``report.json``; the rest of it is not looked at."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class ReportedSource(_Reported):
    """Where a run's bytes came from; see ``SourceRecord``."""

    repo: str | None
    requested_revision: str | None
    revision: Annotated[str, Field(pattern=r"^(?:[0-9a-f]{40}|(?:etag|version):[!-~]{1,300})$")] | None
    file: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    files: Annotated[list[Annotated[str, AfterValidator(fields.found_file)]], Field(max_length=10_000)] = []
    beside: Annotated[list[list[str]], Field(max_length=10)] = []


class ReportedRun(_Reported):
    """A run of a report."""

    name: str
    source: ReportedSource


class ReportedFamily(_Reported):
    """A family of a report."""

    name: str
    runs: list[ReportedRun]


class ReportTable(_Reported):
    """A ``report.json``."""

    schema_: Literal[1] = Field(alias="schema", description="1, the version that this reportgen reads")
    title: str = Field("", description="text")
    lists: list[Any] = Field(description="lists as reportgen writes them")
    families: list[ReportedFamily] = Field(description="families as reportgen writes them")
