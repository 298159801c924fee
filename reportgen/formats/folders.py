"""A run that is a folder: which of its files count, what stands in two of them, and its configuration.

One run is often recorded two or three times: in ``trainer_state.json``, a table and event files. The first in
the order of preference counts; series that only a later one has are added.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from reportgen.formats.reading import document, number, sound, text_of
from reportgen.formats.series_names import is_evaluation, parts
from reportgen.kinds import RunFile, Series, Unreadable
from reportgen.text import one_line

if TYPE_CHECKING:
    from reportgen.kinds import InputFile

__all__ = [
    "PREFERENCE",
    "configuration",
    "is_checkpoint",
    "is_configuration",
    "is_no_log",
    "merged",
    "needed",
]

PREFERENCE = ("trainer_state", "trainer_log", "wandb", "table", "history", "tensorboard")
"""Formats in the order in which they count where several record one run."""

_CHECKPOINT = re.compile(r"checkpoint-\d+")
_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".txt", ".log")
_PACKED = (".gz", ".zst")
# What lies in run folders, ends like a log and holds none.
_NO_LOGS = re.compile(
    r"(?:.*config|.*tokenizer.*|vocab|added_tokens|special_tokens_map|.*\.index|all_results|(?:train|eval|test|predict)"
    r"_results|package|package-lock|dvclive|preprocessor.*|processor.*|chat_template|.*predictions.*|requirements.*"
    r"|merges|wandb-.*|debug(?:-internal|-core)?|.*-manifest|manifest|report)\.(?:json|txt|csv|jsonl|log)"
)
# Where each lies in the configuration: the settings of the run itself at the top.
_CONFIGURATIONS = {
    "hparams.yaml": "",
    "args.yaml": "",
    "training_args.yaml": "",
    "opt.yaml": "",
    "hyp.yaml": "",
    "config.yaml": "",
    "hparams.json": "",
    "args.json": "",
    "params.json": "",
    "config.json": "model",
    "adapter_config.json": "adapter",
    "README.md": "",
}
_HYDRA = ".hydra/config.yaml"
_MOST_BYTES = 1 << 20
_MOST_VALUES = 20_000
# Of a card: what describes the model to its users.
_CARD_LEFT_OUT = frozenset(
    {"tags", "language", "widget", "model-index", "metrics", "license", "pipeline_tag", "inference"}
)
_HYPERPARAMETERS = re.compile(r"^#+ Training hyperparameters\s*$(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"^[-*] ([\w .-]{1,80}): (.+)$", re.MULTILINE)
# Float32 in one file and float64 in the other.
_FLOAT32 = 1e-6
# Summaries that Transformers writes to event files too, as one point each.
_SUMMARIES = re.compile(r"(?:train/)?(?:train_loss|total_flos|.*_runtime|.*_per_second)")


def is_checkpoint(name: str) -> bool:
    """Whether a folder of this name, as a path or alone, is a checkpoint of Transformers and no run."""
    return bool(_CHECKPOINT.fullmatch(PurePosixPath(name).name))


def is_no_log(name: str) -> bool:
    """Whether a file's name is that of one which lies in run folders and holds no series."""
    return bool(_NO_LOGS.fullmatch(PurePosixPath(name).name.lower()))


def is_configuration(name: str) -> bool:
    """Whether a file of a run's folder holds its configuration."""
    path = PurePosixPath(name)
    inside = len(path.parts) == 1 or is_checkpoint(str(path.parent))
    return (path.name in _CONFIGURATIONS and inside) or name == _HYDRA


def needed(names: Iterable[str]) -> tuple[str, ...]:
    """The files of a run's folder that may be read: logs by their names, and its configuration.

    A source may fetch only these. Weights, tokenizers and what lies deeper inside checkpoints are not
    among them; ``training_args.bin`` is a pickle and never is. Content decides later.
    """
    every = sorted(names)
    own = [name for name in every if is_configuration(name)]
    logs = [name for name in every if _may_be_a_log(name) and name not in own]
    top = {name for name in own if "/" not in name}
    # A checkpoint repeats the configuration of its run: the last one's, where the run's own is missing.
    by_name: dict[str, str] = {}
    for name in own:
        if name not in top and PurePosixPath(name).name not in top:
            kept = by_name.setdefault(PurePosixPath(name).name, name)
            by_name[PurePosixPath(name).name] = max(kept, name, key=_number)
    return (*logs, *sorted(top | set(by_name.values())))


def _number(name: str) -> int:
    digits = re.findall(r"\d+", PurePosixPath(name).parent.name)
    return int(digits[-1]) if digits else -1


def _may_be_a_log(name: str) -> bool:
    path = PurePosixPath(name)
    if path.name == "trainer_state.json":
        return len(path.parts) == 1 or all(is_checkpoint(part) for part in path.parts[:-1])
    if any(part.startswith(".") or is_checkpoint(part) for part in path.parts):
        return False
    if "tfevents" in path.name:
        return True
    plain = path.name.lower()
    plain = next((plain[: -len(packed)] for packed in _PACKED if plain.endswith(packed)), plain)
    inside = len(path.parts) == 1 or path.parts[:2] == ("plots", "metrics") or path.parts[-2] == "vis_data"
    return inside and plain.endswith(_ENDINGS) and not _NO_LOGS.fullmatch(plain)


def merged(runs: Sequence[RunFile]) -> RunFile:
    """One run, recorded in several formats.

    Args:
        runs: As each format read it, settled, in the order of preference; one or more.

    Returns:
        The first, with the series that only later ones have. Where two have one series and differ by more
        than float32 rounds, the first counts and a note says so.
    """
    first, *others = runs
    series = dict(first.series)
    known = {_key(one): one for one in series.values()}
    notes = list(first.notes)
    config = dict(first.config)
    for other in others:
        added, differing = [], []
        for one in other.series.values():
            if first.format == "trainer_state" and _SUMMARIES.fullmatch(one.source_name):
                continue
            mine = known.get(_key(one))
            if mine is not None:
                if not _agree(mine, one):
                    differing.append(mine.name)
                continue
            name = one.name if one.name not in series else f"{one.source_name} ({other.format})"
            series[name] = replace(one, name=name, table=f"{other.format}/{one.table}")
            known[_key(one)] = series[name]
            added.append(name)
        if added:
            notes.append(f"Only in {other.format}: {_few(added)}.")
        if differing:
            notes.append(
                f"{_few(differing)}: the values in {other.format} differ from those in {first.format}; "
                "the latter are shown."
            )
        config |= {key: value for key, value in other.config.items() if key not in config}
        notes += other.notes
    marks = tuple(dict.fromkeys(mark for run in runs for mark in run.marks))
    return replace(first, series=series, config=config, marks=marks, notes=tuple(notes))


def _few(names: Sequence[str], most: int = 6) -> str:
    shown = [one_line(name, 80) for name in names[:most]]
    return ", ".join(shown) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def _key(one: Series) -> tuple[str, ...]:
    """What a series is of, however its file spells it: ``train/grad_norm`` and ``grad_norm``."""
    if one.name in {"loss", "eval_loss", "learning_rate"}:
        return (one.name,)
    said = parts(one.source_name or one.name)
    core = tuple(part for part in said if part not in {"train", "training"} and not is_evaluation(part))
    return ("evaluation", *core) if one.evaluation or is_evaluation(one.source_name) else core


def _agree(mine: Series, theirs: Series) -> bool:
    """Whether two agree at the steps that both have."""
    one, other = (
        {int(s): float(v) for s, v in zip(_steps(s_), s_.values, strict=True)} for s_ in (mine, theirs)
    )
    both = [(one[step], other[step]) for step in one.keys() & other.keys()]
    if not both:
        return False
    a, b = np.array(both).T
    with np.errstate(invalid="ignore"):
        close = (np.abs(a - b) <= _FLOAT32 * np.maximum(np.abs(a), np.abs(b))) | (a == b)
    return bool((close | (np.isnan(a) & np.isnan(b))).all())


def _steps(one: Series) -> Any:
    return range(len(one.values)) if one.steps is None else one.steps


# Configuration


def configuration(files: Sequence[InputFile]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the configuration files of a run's folder say.

    Args:
        files: Those of :func:`needed` for which :func:`is_configuration` holds.

    Returns:
        The configuration, nested: settings of the run at the top, those of ``config.json`` under
        ``model`` and of ``adapter_config.json`` under ``adapter``; and a note of each file that
        could not be read. A file that is no configuration spoils no run.
    """
    found: dict[str, Any] = {}
    notes = []
    order = [*_CONFIGURATIONS]
    for file in sorted(files, key=lambda one: order.index(PurePosixPath(one.name).name)):
        name = PurePosixPath(file.name).name
        try:
            said = _read(file.read(), file.name)
        except Unreadable as reason:
            notes.append(f"{reason}, so it is not part of the configuration.")
            continue
        place = _CONFIGURATIONS[name]
        if said and place:
            found.setdefault(place, {}).update(said)
        else:
            found |= {key: value for key, value in said.items() if key not in found}
    return found, tuple(notes)


def _read(data: bytes, name: str) -> dict[str, Any]:
    if len(data) > _MOST_BYTES:
        raise Unreadable(name, "is larger than 1 MB")
    if name.endswith(".json"):
        found = document(data, name)
    elif name.endswith(".md"):
        found = _card(text_of(data, name, strict=False), name)
    else:
        found = _yaml(text_of(data, name, strict=False), name)
    if not isinstance(found, dict):
        raise Unreadable(name, "holds no named settings")
    found = _unwrapped(found)
    _count(found, [_MOST_VALUES], name)
    settings: dict[str, Any] = sound(found)
    return settings


def _unwrapped(found: dict[str, Any]) -> dict[str, Any]:
    """The values of W&B's own ``config.yaml``, whose settings are ``{desc: ..., value: ...}``."""
    own = {key: one for key, one in found.items() if key not in ("wandb_version", "_wandb")}
    wrapped = [one for one in own.values() if isinstance(one, dict) and "value" in one]
    if not own or len(wrapped) < len(own) or any(one.keys() - {"desc", "value"} for one in wrapped):
        return found
    return {key: one["value"] for key, one in own.items()}


def _count(value: Any, left: list[int], name: str) -> None:
    """Refuses what would grow beyond measure when written out: YAML may name one part many times."""
    below = [value]
    while below:
        one = below.pop()
        left[0] -= 1
        if left[0] < 0:
            raise Unreadable(name, f"holds over {_MOST_VALUES:,} settings")
        below.extend(
            one.values() if isinstance(one, Mapping) else one if isinstance(one, list | tuple) else ()
        )


def _yaml(text: str, name: str) -> Any:
    """YAML without running anything: Python's own tags give the plain values under them."""
    import yaml

    class Plain(yaml.SafeLoader):
        """Reads what a safe loader refuses: tuples as lists, objects as their members."""

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            own = len(node.value)
            super().flatten_mapping(node)
            if len(node.value) > max(own, _MOST_VALUES):  # merged again and again
                raise yaml.constructor.ConstructorError(problem="too many keys")

    def plain(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return node.value or suffix.rpartition(":")[2]

    Plain.add_multi_constructor("tag:yaml.org,2002:python/", plain)
    Plain.add_multi_constructor("!", plain)
    try:
        return _numbers(yaml.load(text, Loader=Plain), [_MOST_VALUES], name)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        raise Unreadable(name, f"is not valid YAML{where}") from None


def _numbers(value: Any, left: list[int], name: str) -> Any:
    """YAML 1.1 takes 1e-3 for text; everybody who writes it means a number."""
    left[0] -= 1
    if left[0] < 0:
        raise Unreadable(name, f"holds over {_MOST_VALUES:,} settings")
    if isinstance(value, dict):
        return {str(key): _numbers(item, left, name) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_numbers(item, left, name) for item in value]
    if isinstance(value, str) and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+", value):
        return float(value)
    return value


def _card(text: str, name: str) -> dict[str, Any]:
    """A model card: its front matter, and the hyperparameters that Transformers lists in it."""
    found: dict[str, Any] = {}
    front = re.match(r"---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", text, re.DOTALL)
    if front:
        matter = _yaml(front[1], name)
        if isinstance(matter, dict):
            found = {key: value for key, value in matter.items() if key not in _CARD_LEFT_OUT}
    section = _HYPERPARAMETERS.search(text)
    for key, said in _ITEM.findall(section[1]) if section else ():
        value = said.strip()
        parsed = number(value)
        whole = parsed is not None and re.fullmatch(r"[+-]?\d{1,15}", value)
        found[key.strip().replace(" ", "_")] = int(value) if whole else value if parsed is None else parsed
    return found
