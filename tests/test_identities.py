"""Runs of a family and their configurations: attributes, labels, secrets, and what an author is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reportgen.identities import Identified, identify
from reportgen.masking import MASK
from tests.lists import DIRECTORY, read

QUANTA = ["add_d5_l2_h3_t15K_s1", "add_d6_l2_h3_t15K_s1"]


def identified(
    tmp_path: Path, configs: dict[str, dict[str, Any]], family: str = "", before: str = ""
) -> Identified:
    """The runs of a list with one family, by name."""
    runs = ", ".join(f'"{name}"' for name in configs)
    text = f'{DIRECTORY}{before}\n[[family]]\nname = "F"\nruns = [{runs}]\n{family}'
    (spec,) = read(tmp_path, text).families
    return identify(spec, [(run, configs[run.name]) for run in spec.runs])


def test_runs_of_anybody(tmp_path: Path) -> None:
    found = identified(
        tmp_path,
        {
            "x": {"opt": {"lr": 1e-3}, "seed": 1, "hub": {"token": "abc"}, "steps": 5, "width": 8},
            "y": {"opt": {"lr": 1e-4}, "seed": 2, "hub": {"token": "def"}, "steps": 9, "width": 8},
        },
    )
    assert found.labels == ("lr=0.001", "lr=0.0001")
    assert [one.key for one in found.varied.free] == ["lr", "config.steps"]
    assert found.varied.columns == ("lr", "config.steps")
    assert (found.masked, found.configs[0]["hub"]) == ((1, 1), {"token": MASK})
    unknown = dict.fromkeys(("op", "digits", "layers", "heads", "steps_k", "grokfast", "insert_mode"))
    assert found.attributes[0] == {**unknown, "seed": 1, "lr": 1e-3, "config.steps": 5}
    assert found.warnings == ()


def test_runs_of_quanta_maths_keep_their_labels_and_columns(tmp_path: Path) -> None:
    configs = {name: {"n_digits": int(name[5]), "lr": lr} for name, lr in zip(QUANTA, (1, 2), strict=True)}
    found = identified(tmp_path, configs)
    assert found.labels == ("d5", "d6")
    assert list(found.attributes[1].items())[:3] == [("op", "add"), ("digits", 6), ("layers", 2)]
    assert found.attributes[1]["lr"] == 2
    assert "n_digits" not in {one.path for one in found.varied.attributes}


def test_what_hides_an_attribute_is_told(tmp_path: Path) -> None:
    configs = {"a": {"o": {"lr": 1}, "end": 3}, "b": {"o": {"lr": 2}, "end": 4}}
    names = "[names]\npattern = '(?P<lr>[ab])'\n[attributes]\nlr = \"o.lr\"\n"
    (spec,) = read(
        tmp_path,
        f'{DIRECTORY}{names}\n[[family]]\nname = "F"\nruns = ["a", "b"]\n'
        'columns = ["lr", "config.o.lr", "config.end"]\n',
    ).families
    found = identify(spec, [(run, configs[run.name]) for run in spec.runs], ["loss"])
    assert [one.key for one in found.varied.attributes] == ["lr", "config.o.lr", "config.end"]
    assert found.warnings == ("attributes.lr: the name is taken; it is config.o.lr",)


def test_a_list_reads_names(tmp_path: Path) -> None:
    names = "[names]\npattern = '(?P<model>[a-z]+)-lr(?P<lr>[0-9.e-]+)-s(?P<seed>[0-9]+)'\n"
    configs = {"vit-lr1e-3-s1": {"lr": 7}, "vit-lr3e-4-s1": {"lr": 8}, "vit-lr3e-4-s10": {"lr": 8}}
    found = identified(tmp_path, configs, before=names)
    assert found.labels == ("lr=0.001", "lr=0.0003 seed=1", "lr=0.0003 seed=10")
    assert [found.attributes[index]["lr"] for index in range(3)] == [1e-3, 3e-4, 3e-4]
    # What the name hides has the path for a name.
    assert found.attributes[0]["config.lr"] == 7
    assert found.warnings == ()
    odd = identified(tmp_path, {**configs, "other": {"lr": 1}, "more": {"lr": 1}}, before=names)
    assert odd.warnings == ('names.pattern: does not match the whole of "other" and 1 more name',)
    assert odd.attributes[3]["seed"] is None


@pytest.mark.parametrize(
    ("family", "warning"),
    [
        ('order = "lrr"', 'order: no run has the attribute or column "lrr"; did you mean "lr"?'),
        ('columns = ["label", "batch"]', 'columns: no run has the attribute or column "batch"'),
        ('label = "d{digits}"', 'label: no run has the attribute or column "digits"'),
        ('color_by = "hedas"', 'color_by: no run has the attribute or column "hedas"'),
        ('reference = "aa"', 'reference: no run is called "aa"; did you mean "a"?'),
        (
            "reference = { lrn = 1 }",
            'reference: no run has the attribute or column "lrn"; did you mean "lr"?',
        ),
    ],
)
def test_names_that_no_run_has_are_told_at_build_time(family: str, warning: str, tmp_path: Path) -> None:
    (found,) = identified(tmp_path, {"a": {"lr": 1}, "b": {"lr": 2}}, family).warnings
    assert found.startswith(warning)


@pytest.mark.parametrize(
    "family",
    [
        'order = "label"',
        'order = "lr"',
        'columns = ["label", "opt.lr", "config.opt.lr", "eval_loss.best", "at.100", "marks"]',
        'label = "{lr} {name}"',
        'group_by = ["lr"]\nrank_by = "end"',
    ],
)
def test_names_that_are_there_are_not(family: str, tmp_path: Path) -> None:
    configs = {"a": {"opt": {"lr": 1}}, "b": {"opt": {"lr": 2}}}
    assert identified(tmp_path, configs, family).warnings == ()


def test_a_path_that_no_configuration_has_is_told(tmp_path: Path) -> None:
    configs = {"a": {"opt": {"lr": 1}}, "b": {"opt": {"lr": 2}}}
    found = identified(tmp_path, configs, before='[attributes]\nrate = "opt.lrr"\n')
    assert found.warnings == ('attributes.rate: no configuration has "opt.lrr"; did you mean "opt.lr"?',)
    renamed = identified(tmp_path, configs, before='[attributes]\nrate = "opt.lr"\n')
    assert (renamed.labels, renamed.varied.columns, renamed.warnings) == (("rate=1", "rate=2"), ("rate",), ())


def test_a_column_of_extra_hides_the_configuration(tmp_path: Path) -> None:
    family = '[[family]]\nname = "F"\nruns = [{ name = "a", extra = { lr = 5 } }, "b"]\ncolumns = ["lr"]'
    (spec,) = read(tmp_path, DIRECTORY + family).families
    found = identify(spec, [(run, {"lr": index}) for index, run in enumerate(spec.runs)])
    assert [one.key for one in found.varied.attributes] == ["config.lr"]
    assert found.labels == ("lr=0", "lr=1")


def test_no_run_is_no_mistake(tmp_path: Path) -> None:
    (spec,) = read(tmp_path, f'{DIRECTORY}[[family]]\nname = "F"\nruns = ["a"]\norder = "x"').families
    found = identify(spec, [])
    assert (found.labels, found.warnings, found.varied.attributes) == ((), (), ())


def test_series_that_no_run_has_are_told(tmp_path: Path) -> None:
    family = (
        'columns = ["label", "eval_lss.best", "eval_loss.best", "end"]\nexpect.acc.last = "> 0"\n'
        '[[family.table]]\nname = "T"\nrows = ["lr"]\nvalue = "val/loss.best"'
    )
    runs = '[[family]]\nname = "F"\nruns = ["a", "b"]\n'
    (spec,) = read(tmp_path, DIRECTORY + runs + family).families
    with_configs = [(run, {"lr": index}) for index, run in enumerate(spec.runs)]
    found = identify(spec, with_configs, {"loss", "eval_loss", "val/loss"})
    assert found.warnings == (
        'no run has the series of "eval_lss.best"; did you mean "eval_loss"?',
        'no run has the series of "acc.last"; known: "eval_loss", "loss", "val/loss"',
    )


def test_no_pattern_of_names_stalls_a_build(tmp_path: Path) -> None:
    names = "[names]\npattern = '(?P<a>(x+x+)+)y'\n"
    found = identified(tmp_path, {"x" * 200: {"lr": 1}}, before=names)
    assert len(found.warnings) == 1
