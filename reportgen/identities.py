"""A family's runs and their configurations -> attributes, labels, and what the list's author should know."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen import analysis
from reportgen.attributes import Varied, varied_of
from reportgen.kinds import Scalar
from reportgen.log_patterns import matcher_of
from reportgen.masking import masked
from reportgen.metrics import split
from reportgen.model_list import FamilySpec, RunSpec, did_you_mean, labels_of, naming_of
from reportgen.model_list.building import COLUMNS
from reportgen.model_list.labels import placeholders
from reportgen.model_list.values import wrong_metric
from reportgen.naming import QUANTA_MATHS, Conflict
from reportgen.text import one_line

__all__ = ["Identified", "identify"]

_TAKEN = frozenset(("family", *COLUMNS))


@dataclass(frozen=True, slots=True)
class Identified:
    """What the runs of a family are, each tuple in the runs' order.

    Attributes:
        configs: Without secrets.
        masked: How many secrets each had.
        attributes: Key to value: the eight of Quanta Maths first, None where unknown, then others.
        conflicts: On which name and configuration differ.
        labels: Unique.
        varied: What the runs are told apart by.
        warnings: What the list's author should know, a sentence each.
    """

    configs: tuple[dict[str, Any], ...]
    masked: tuple[int, ...]
    attributes: tuple[dict[str, Scalar | None], ...]
    conflicts: tuple[tuple[Conflict, ...], ...]
    labels: tuple[str, ...]
    varied: Varied
    warnings: tuple[str, ...]


def identify(
    family: FamilySpec,
    runs: Sequence[tuple[RunSpec, Mapping[str, Any]]],
    series: Collection[str] | None = None,
) -> Identified:
    """Tells the runs of a family apart.

    Args:
        family: Its list's words.
        runs: Those that were read, each with its configuration as recorded.
        series: Names of all series of these runs, their files' names among them; None where that is not
            known.
    """
    clean = [masked(config) for _, config in runs]
    configs = [config for config, _ in clean]
    specs = [spec for spec, _ in runs]
    merged = [QUANTA_MATHS.of(spec.name, config) for spec, config in zip(specs, configs, strict=True)]
    pattern = None if family.naming is None else matcher_of(family.naming)
    groups = [_groups(pattern, spec.name) for spec in specs]
    extra = {column for spec in specs for column in spec.extra}
    used: dict[str, str] = {}
    for name, place in _names_of(family, specs):
        used.setdefault(name, place)
    varied = varied_of(
        configs,
        [spec.name for spec in specs],
        [_named(spec, known, found) for spec, (known, _), found in zip(specs, merged, groups, strict=True)],
        paths=family.paths,
        listed=[name for name in used if name not in _TAKEN and name not in extra],
        taken={*_TAKEN, *extra},
        given=_given(configs, [known for known, _ in merged]),
    )
    attributes = tuple({**known, **varied.of_run(index)} for index, (known, _) in enumerate(merged))
    labels = labels_of(
        family, list(zip(specs, attributes, strict=True)), varied, [bool(config) for config in configs]
    )
    return Identified(
        configs=tuple(configs),
        masked=tuple(count for _, count in clean),
        attributes=attributes,
        conflicts=tuple(conflicts for _, conflicts in merged),
        labels=tuple(labels),
        varied=varied,
        warnings=(
            *_warnings(family, specs, groups, used, varied, extra),
            *(() if series is None else _without_series(family, specs, used, series, varied)),
        )
        if runs
        else (),
    )


def _groups(pattern: Any, name: str) -> dict[str, Scalar | None] | None:
    """What ``[names]`` reads from a name, as text; None where it does not fit, or there is none."""
    found = None if pattern is None else pattern.fullmatch(name)
    return None if found is None else dict(found.groupdict())


def _named(
    spec: RunSpec, known: Mapping[str, Scalar | None], groups: Mapping[str, Scalar | None] | None
) -> dict[str, Scalar | None]:
    """What name and list give of a run; of Quanta Maths, what its configuration adds, too."""
    if QUANTA_MATHS.fits(spec.name):
        return {**known, **{key: value for key, value in (groups or {}).items() if key not in known}}
    return {**(groups or {}), **{key: value for key, value in known.items() if key not in (groups or {})}}


def _given(
    configs: Sequence[Mapping[str, Any]], merged: Sequence[Mapping[str, Scalar | None]]
) -> frozenset[str]:
    """Keys of the configuration that the naming read in every run that has them."""
    return frozenset(
        one.config
        for one in QUANTA_MATHS.attributes
        if one.config is not None
        and all(
            known[one.key] is not None
            for config, known in zip(configs, merged, strict=True)
            if config.get(one.config) is not None
        )
    )


def _names_of(family: FamilySpec, specs: Sequence[RunSpec]) -> Iterator[tuple[str, str]]:
    """Every name of an attribute that the list uses, and where; metrics and columns are among them."""
    templates = dict.fromkeys((family.label, *(spec.label for spec in specs)))
    names: tuple[tuple[str, Collection[str]], ...] = (
        ("columns", family.columns or ()),
        ("order", (family.order,) if family.order else ()),
        ("group_by", family.group_by or ()),
        ("color_by", (family.color_by,) if family.color_by else ()),
        ("reference", family.reference if isinstance(family.reference, Mapping) else ()),
        ("table.rows", [name for table in family.tables for name in table.rows]),
        ("table.columns", [name for table in family.tables for name in table.columns]),
        ("label", [name for template in templates for name in placeholders(template or "")]),
    )
    yield from ((name, place) for place, several in names for name in several)


def _without_series(
    family: FamilySpec,
    specs: Sequence[RunSpec],
    used: Collection[str],
    series: Collection[str],
    varied: Varied,
) -> Iterator[str]:
    """Metrics of series that no run has; ``config.last`` may be an attribute."""
    expected = [key for spec in specs for key in spec.expect]
    names = [name for name in used if varied.get(name) is None]
    for name in dict.fromkeys((*names, *(table.value for table in family.tables), *expected)):
        found = split(name)
        if found is not None and found[0] is not None and found[0] not in series:
            yield f'no run has the series of "{one_line(name, 60)}"{did_you_mean(found[0], series)}'


def _warnings(
    family: FamilySpec,
    specs: Sequence[RunSpec],
    groups: Sequence[object | None],
    used: Mapping[str, str],
    varied: Varied,
    extra: Collection[str],
) -> Iterator[str]:
    yield from varied.warnings
    known = [one.key for one in varied.attributes if any(value is not None for value in one.values)]
    columns = [*known, *_TAKEN, *extra]
    for name, place in used.items():
        one = varied.get(name)
        if name in _TAKEN or name in extra or name.removeprefix("extra.") in extra:
            continue
        if wrong_metric(name) is None or (one is not None and one.key in known):
            continue
        if name in QUANTA_MATHS.keys and naming_of(specs) is not None:
            continue  # null is what these names say of it
        if name in analysis.TITLES:
            continue  # no file beside a run may tell it yet
        text = f'{place}: no run has the attribute or column "{one_line(name, 60)}"'
        yield text + did_you_mean(name, columns)
    if isinstance(family.reference, str) and family.reference not in {spec.name for spec in specs}:
        text = f'reference: no run is called "{one_line(family.reference, 100)}"'
        yield text + did_you_mean(family.reference, [spec.name for spec in specs])
    for key, path in family.paths.items():
        if any(one.path == path for one in varied.attributes):
            if (one := varied.get(key)) is None or one.path != path:
                yield f"attributes.{one_line(key, 60)}: the name is taken; it is config.{one_line(path, 100)}"
        else:
            text = f'attributes.{one_line(key, 60)}: no configuration has "{one_line(path, 100)}"'
            yield text + did_you_mean(path, [one.path for one in varied.attributes if one.path is not None])
    without = [spec.name for spec, found in zip(specs, groups, strict=True) if found is None]
    if family.naming is not None and without:
        rest = len(without) - 1
        others = f" and {rest:,} more {'name' if rest == 1 else 'names'}" if rest else ""
        yield f'names.pattern: does not match the whole of "{one_line(without[0], 100)}"{others}'
