"""The lists that ship, against what the notebook and the demonstration's own files say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from reportgen import model_list, resources
from reportgen.model_list import DirectorySource, FamilySpec, HubSource, ModelList, RunSpec
from reportgen.naming import QUANTA_MATHS
from tests.lists import from_dict

DATA = Path(__file__).parent / "data"

# Losses that comments of Part 1A tell; one of them stands there without its e.
LOSSES = {
    "add_d5_l2_h3_t15K_s372001": "1.6e-08",
    "add_d5_l2_h3_t40K_s372001": "2e-09",
    "add_d6_l2_h3_t15K_s372001": "1.7e-08",
    "add_d6_l2_h3_t20K_s173289": "1.5e-08",
    "add_d6_l2_h3_t20K_s572091": "7e-09",
    "add_d6_l2_h3_t40K_s372001": "2e-09",
    "add_d7_l2_h3_t45K_s173289": "3e-09",
    "add_d8_l2_h3_t45K_s173289": "3e-09",
    "add_d9_l2_h3_t45K_s173289": "3e-09",
    "add_d10_l2_h3_t40K_s572091": "7e-09",
    "add_d10_l2_h3_t40K_gf_s572091": "3.5e-09",
    "add_d11_l2_h3_t50K_s572091": "8e-09",
    "add_d12_l2_h3_t50K_s572091": "5e-09",
    "add_d13_l2_h3_t50K_s572091": "6.3e-08",
    "add_d14_l2_h3_t60K_s572091": "5.6e-06",
    "add_d15_l2_h3_t80K_s572091": "8.6e-08",
    "add_d20_l2_h3_t80K_s572091": "0.20",
    "sub_d6_l2_h3_t30K_s372001": "5.8e-06",
    "sub_d10_l2_h3_t75K_s173289": "0.002002",
    "sub_d10_l2_h3_t75K_gf_s173289": "0.001197",
    "mix_d5_l3_h4_t40K_s372001": "9e-09",
    "mix_d6_l3_h4_t40K_s372001": "5e-09",
    "mix_d7_l3_h4_t50K_s372001": "2e-08",
    "mix_d8_l3_h4_t60K_s173289": "4.7e-08",
    "mix_d9_l3_h4_t60K_s173289": "3.2e-07",
    "mix_d10_l3_h4_t75K_s173289": "1.125e-06",
    "mix_d10_l3_h4_t75K_gf_s173289": "8.85e-07",
    "mix_d11_l3_h4_t80K_s572091": "3.9e-08",
    "ins1_mix_d6_l2_h3_t40K_s572091": "2.4e-08",
    "ins1_mix_d6_l3_h3_t40K_s572091": "1.8e-08",
    "ins1_mix_d6_l3_h3_t80K_s572091": "1.6e-08",
    "ins1_mix_d6_l3_h4_t40K_s372001": "8e-09",
    "ins1_mix_d6_l3_h4_t40K_s173289": "1.4e-08",
    "ins1_mix_d6_l3_h4_t50K_s572091": "2.9e-08",
    "ins1_mix_d10_l3_h3_t50K_s572091": "6.3e-07",
    "ins1_mix_d10_l3_h3_t50K_gf_s572091": "4.0e-06",
    "ins2_mix_d6_l4_h4_t40K_s372001": "1.7e-08",
    "ins3_mix_d6_l4_h3_t40K_s372001": "3.0e-04",
    "ins4_mix_d6_l4_h3_t40K_s372001": "4.7e-06",
}

PART_3B = [
    "add_d5_l2_h3_t40K_s372001",
    "add_d6_l2_h3_t40K_s372001",
    "add_d7_l2_h3_t45K_s173289",
    "add_d8_l2_h3_t45K_s173289",
    "add_d9_l2_h3_t45K_s173289",
    "add_d10_l2_h3_t40K_s572091",
    "add_d11_l2_h3_t50K_s572091",
    "add_d12_l2_h3_t50K_s572091",
    "add_d13_l2_h3_t50K_s572091",
    "add_d14_l2_h3_t60K_s572091",
    "add_d15_l2_h3_t80K_s572091",
]

PART_3C = [
    "mix_d5_l3_h4_t40K_s372001",
    "mix_d6_l3_h4_t40K_s372001",
    "mix_d7_l3_h4_t50K_s372001",
    "mix_d8_l3_h4_t60K_s173289",
    "mix_d9_l3_h4_t60K_s173289",
    "mix_d10_l3_h4_t75K_s173289",
    "mix_d11_l3_h4_t80K_s572091",
    "mix_d12_l3_h4_t85K_s572091",
    "mix_d13_l3_h4_t85K_s572091",
]

PART_3D = [
    "ins1_mix_d5_l2_h3_t40K_s572091",
    "ins1_mix_d6_l3_h4_t40K_s372001",
    "ins1_mix_d7_l3_h4_t50K_s572091",
    "ins1_mix_d8_l3_h4_t70K_s572091",
    "ins1_mix_d9_l3_h4_t70K_s572091",
    "ins1_mix_d10_l3_h3_t50K_s572091",
    "ins1_mix_d11_l3_h4_t75K_s572091",
]

NINES = {"Two": 0.99, "Three": 0.999, "Four": 0.9999, "Five": 0.99999, "Six": 0.999999}


def part_1a() -> dict[str, dict[str, str]]:
    """Part 1A of the notebook: group -> model -> its comment, word for word."""
    groups: dict[str, dict[str, str]] = {}
    for line in (DATA / "part_1a.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            group = groups.setdefault(line[2:], {})
        else:
            name, comment = line.split(" | ")
            group[name] = comment
    return groups


COMMENTS = {name: comment for group in part_1a().values() for name, comment in group.items()}


def _load(name: str) -> ModelList:
    (found,) = model_list.load([name])
    return found


@pytest.fixture(scope="module")
def quanta() -> ModelList:
    return _load("quanta-maths")


@pytest.fixture(scope="module")
def demo() -> ModelList:
    return _load("demo")


def _names(family: FamilySpec) -> list[str]:
    return [run.name for run in family.runs]


def _runs(one: ModelList) -> dict[str, RunSpec]:
    return {run.name: run for family in one.families for run in family.runs}


def test_the_lists_that_ship() -> None:
    assert model_list.shipped_names() == ("demo", "quanta-maths")
    assert _load("demo").shipped
    assert _load(str(resources.folder("model_lists") / "demo.toml")) == _load("demo")


def test_what_is_copied_from_the_notebook_is_whole() -> None:
    assert [len(group) for group in part_1a().values()] == [18, 3, 10, 13, 1, 1, 1, 2]
    assert len(COMMENTS) == 49
    assert len(LOSSES) == 39
    assert set(LOSSES) == {name for name, comment in COMMENTS.items() if "Loss" in comment}
    written = LOSSES | {"add_d10_l2_h3_t40K_gf_s572091": "3.5-09"}
    for name, loss in written.items():
        assert re.search(rf"Loss ?=? ?{re.escape(loss)}(?:[.!]? |[.!]?$|\. )", COMMENTS[name]), name


def test_every_model_is_listed_once(quanta: ModelList) -> None:
    assert sorted(run.name for family in quanta.families for run in family.runs) == sorted(COMMENTS)


def test_the_plotted_families_come_first_and_whole(quanta: ModelList) -> None:
    assert [family.name for family in quanta.families[:3]] == ["Addition", "Mixed", "Inited Mixed"]
    assert [_names(family) for family in quanta.families[:3]] == [PART_3B, PART_3C, PART_3D]
    assert [len(part) for part in (PART_3B, PART_3C, PART_3D)] == [11, 9, 7]


def test_the_rest_is_grouped_and_ordered_as_in_part_1a(quanta: ModelList) -> None:
    plotted = {*PART_3B, *PART_3C, *PART_3D}
    rest = [[name for name in group if name not in plotted] for group in part_1a().values()]
    assert [_names(family) for family in quanta.families[3:]] == rest


@pytest.mark.parametrize("name", COMMENTS)
def test_a_model_carries_its_comment(quanta: ModelList, name: str) -> None:
    run, comment = _runs(quanta)[name], COMMENTS[name]
    assert run.note == comment
    assert run.listed.get("avg_final_loss") == LOSSES.get(name)
    assert len(run.listed) == (name in LOSSES)
    add = re.search(r"Add(?:/Sub)?Accuracy=(Two|Three|Four|Five|Six)(?:9[sS]|s\b)", comment)
    sub = re.search(r"(?:Add/SubAccuracy=\w+/|\bSubAccuracy=)(Two|Three|Four|Five|Six)9s", comment)
    assert run.extra.get("add_accuracy") == (NINES[add[1]] if add else None)
    assert run.extra.get("sub_accuracy") == (NINES[sub[1]] if sub else None)
    counts = [int(count) for count in re.findall(r"(\d+)/M fail", comment)]
    if "mix" in name and len(counts) == 1 and "e.g." not in comment:
        counts = []  # of addition or of subtraction: the comment does not say
    columns = ("add_fails_per_million", "sub_fails_per_million")
    assert [run.extra[column] for column in columns if column in run.extra] == counts


def test_a_count_is_of_what_the_comment_tells_it_of(quanta: ModelList) -> None:
    runs = _runs(quanta)
    assert runs["sub_d10_l2_h3_t75K_s173289"].extra["sub_fails_per_million"] == 6672
    assert runs["add_d14_l2_h3_t60K_s572091"].extra["add_fails_per_million"] == 199
    # The question beside the count is an addition; the one beside "8 fails" and "3120 fails", which do
    # not say of how many, is a subtraction.
    assert runs["ins2_mix_d6_l4_h4_t40K_s372001"].extra["add_fails_per_million"] == 3
    assert runs["ins3_mix_d6_l4_h3_t40K_s372001"].extra["add_fails_per_million"] == 17
    assert runs["mix_d10_l3_h4_t75K_s173289"].extra["add_fails_per_million"] == 2
    assert runs["mix_d10_l3_h4_t75K_s173289"].extra["sub_fails_per_million"] == 295


def test_the_hub_is_asked_where_the_models_are(quanta: ModelList) -> None:
    source = HubSource("PhilipQuirke/QuantaMaths_{name}", "training_loss.json", "main")
    assert {run.source for run in _runs(quanta).values()} == {source}


@pytest.mark.parametrize("name", ["demo", "quanta-maths"])
def test_every_name_fits_the_pattern_and_labels_are_unique(name: str) -> None:
    for family in _load(name).families:
        runs = [(run, QUANTA_MATHS.read(run.name)) for run in family.runs]
        assert all(attributes["op"] is not None for _, attributes in runs)
        labels = model_list.labels_of(family, runs)
        assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("name", ["demo", "quanta-maths"])
def test_lists_that_ship_survive_a_report(name: str) -> None:
    one = _load(name)
    again = from_dict(json.loads(json.dumps(model_list.to_dict(one))), "/nowhere")
    assert again == one


def _losses(run: RunSpec) -> pd.Series[float]:
    assert isinstance(run.source, DirectorySource)
    file = Path(run.source.base, run.source.path.replace("{name}", run.name))
    return pd.Series(json.loads(file.read_bytes())["TrainingLoss"])


def test_the_demonstration_holds_all_of_its_runs(demo: ModelList) -> None:
    folder = resources.folder("model_lists") / "demo"
    assert set(_runs(demo)) == {file.name for file in folder.iterdir()}
    assert len(_runs(demo)) == 9
    assert len(demo.families) == 3
    listed = [name for family in demo.families for name in _names(family)]
    assert (len(listed), len(listed) - len(set(listed))) == (10, 1)
    assert "Nine" in demo.description
    assert demo.description.endswith("One model is in two families: 10 runs in all.\n")
    for name, run in _runs(demo).items():
        assert len(_losses(run)) == 1000 * int(QUANTA_MATHS.read(name)["steps_k"] or 0)


def test_the_demonstration_expects_nothing(demo: ModelList) -> None:
    assert all(not run.expect for run in _runs(demo).values())


def test_what_the_demonstration_says_of_itself_is_true(demo: ModelList) -> None:
    runs = _runs(demo)
    folder = resources.folder("model_lists") / "demo"
    configs = [json.loads((folder / name / "training_loss.json").read_bytes())["Config"] for name in runs]
    assert {config["d_model"] for config in configs} == {96}
    assert {config["lr"] for config in configs} == {1e-3}
    smoothed = {
        name: _losses(run).rolling(500, center=True, min_periods=1).mean() for name, run in runs.items()
    }
    addition, _, mixed = demo.families
    first_below = [int((smoothed[name] < 1e-3).to_numpy().argmax()) for name in _names(addition)]
    said = re.findall(r"\d,\d{3}", addition.description)
    assert [f"{step:,}" for step in first_below] == said
    shares = {(config["perc_add"], config["perc_sub"]) for config in configs}
    assert shares == {(100, 0), (0, 100), (34, 66)}
    subtraction = mixed.runs[2]
    assert subtraction.note is not None
    assert "above 1e-3" in subtraction.note
    assert smoothed[subtraction.name].min() > 1e-3
    other_seed = addition.runs[3]
    assert other_seed.note is not None
    assert "15,000 steps, with another seed" in other_seed.note
    seeds = [QUANTA_MATHS.read(name)["seed"] for name in _names(addition)]
    assert seeds[3] not in seeds[:3]
    assert len(set(seeds[:3])) == 1
    assert [len(_losses(run)) for run in addition.runs] == [10_000, 10_000, 10_000, 15_000]
