"""Files that an analysis leaves beside a run: sound, hostile and none."""

from __future__ import annotations

import base64
import csv
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback_hub import LoopbackHub
from pull_process import pull_in_process

from reportgen.analysis import Analysis, Node, file_names, in_words, is_run_file, read
from reportgen.cli import main
from reportgen.kinds import Unreadable
from reportgen.model_list import HubSource, RunSpec
from reportgen.outputs.analysis_map import MapCell, analysis_map
from reportgen.outputs.map_on_paper import map_on_paper


def node(position: int, layer: int, num: int | None, *tags: str) -> dict[str, Any]:
    head = num is not None
    return {"position": position, "layer": layer, "is_head": head, "num": num or 0, "tags": list(tags)}


def told(*files: list[Any]) -> Analysis:
    return read([(f"{index}.json", json.dumps(nodes).encode()) for index, nodes in enumerate(files)])


BEHAVIORS = [
    node(9, 0, 1, "Fail%:1", "Impact:A654", "Attn:P8=52"),
    node(9, 0, None, "Fail%:12", "Impact:A65"),
    node(10, 1, 2, "Fail%:3.5", "Impact:A654", "Math.Add:S1"),
]
FEATURES = [
    node(9, 0, 1, "Algo:A5.SC"),
    node(10, 1, 2, "Algo:A5.SC", "Algo:A4.ST"),
    node(12, 1, None, "Algo:A4.ST"),
]


def test_nodes_of_both_files_are_one_model() -> None:
    one = told(BEHAVIORS, FEATURES)
    assert one.heads == (Node(9, 0, 1), Node(10, 1, 2))
    assert one.mlps == (Node(9, 0, None), Node(12, 1, None))
    assert list(one.sub_tasks.items()) == [("A4.ST", 2), ("A5.SC", 2)]
    assert one.fails == {Node(9, 0, 1): 1.0, Node(9, 0, None): 12.0, Node(10, 1, 2): 3.5}
    assert list(one.impact.items()) == [("A654", 2), ("A65", 1)]
    assert one.attributes == {
        "useful_heads": 2,
        "useful_mlps": 2,
        "sub_tasks": 2,
        "fail_percent": 12.0,
        "sub_task_nodes": "A4.ST (2 nodes), A5.SC (2 nodes)",
        "impact": "A654 (2 nodes), A65 (1 node)",
    }
    assert one.tasks == {
        Node(9, 0, 1): ("A5.SC",),
        Node(10, 1, 2): ("A5.SC", "A4.ST"),
        Node(12, 1, None): ("A4.ST",),
    }
    assert one.impacts == {Node(9, 0, 1): ("A654",), Node(9, 0, None): ("A65",), Node(10, 1, 2): ("A654",)}
    assert one.nodes == (Node(9, 0, 1), Node(9, 0, None), Node(10, 1, 2), Node(12, 1, None))
    assert in_words(one) == (
        ("Useful heads", "2"),
        ("Useful MLPs", "2"),
        ("Sub-tasks", "A4.ST (2 nodes), A5.SC (2 nodes)"),
        ("Fails without one node", "up to 12\N{NO-BREAK SPACE}%"),
        ("Impact", "A654 (2 nodes), A65 (1 node)"),
    )


def test_older_tags() -> None:
    assert told([node(1, 0, 0, "Fail:7", "MathAdd:S0", "Impact:A1")]).fails == {Node(1, 0, 0): 7.0}


def test_a_node_that_stands_twice_counts_once() -> None:
    one = told(BEHAVIORS, BEHAVIORS)
    assert (len(one.heads), len(one.mlps), one.impact) == (2, 1, {"A654": 2, "A65": 1})


def test_no_nodes() -> None:
    one = told([])
    assert one.attributes == {"useful_heads": 0, "useful_mlps": 0, "sub_tasks": 0}
    assert in_words(one) == (("Useful heads", "0"), ("Useful MLPs", "0"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"{}", "is not an array of nodes"),
        (b"null", "is not an array of nodes"),
        (b"[1]", "has no node at place 0"),
        (json.dumps([node(1, 0, 0), {"position": 1}]).encode(), "has no node at place 1"),
        (json.dumps([node(1, 0, 0) | {"position": "1"}]).encode(), "has no node at place 0"),
        (json.dumps([node(1, 0, 0) | {"layer": -1}]).encode(), "has no node at place 0"),
        (json.dumps([node(1, 0, 0) | {"num": 10**400}]).encode(), "has no node at place 0"),
        (json.dumps([node(1, 0, 0) | {"is_head": 1}]).encode(), "has no node at place 0"),
        (json.dumps([node(1, 0, 0) | {"tags": "Algo:x"}]).encode(), "has no node at place 0"),
        (json.dumps([node(1, 0, 0) | {"tags": [1]}]).encode(), "has no node at place 0"),
        (json.dumps([node(i, 0, 0) for i in range(10_001)]).encode(), "over 10,000 nodes"),
    ],
)
def test_what_is_no_such_file(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read([("behaviors.json", data)])
    assert str(refused.value).startswith("behaviors.json ")
    assert words in str(refused.value)


@pytest.mark.parametrize("minor", ["", "101", "-1", "nan", "1e3", "x", "9" * 90])
def test_a_share_that_is_none_is_not_told(minor: str) -> None:
    assert told([node(1, 0, 0, f"Fail%:{minor}")]).fails == {}


@given(st.lists(st.text(max_size=120), max_size=6))
def test_tags_of_strangers_print(tags: list[str]) -> None:
    told = in_words(read([("x", json.dumps([node(1, 0, 0, *tags, "Algo:\x1b[31m\n")]).encode())]))
    for _, text in told:
        assert text.replace("\N{NO-BREAK SPACE}", " ").isprintable()
        text.encode()


def test_the_map_places_each_node_once() -> None:
    """Against a grid worked out by hand from the files."""
    shown = analysis_map(told(BEHAVIORS, FEATURES))
    assert shown is not None
    assert shown.layers == (("Layer 0", 2), ("Layer 1", 2))
    assert shown.parts == ("H1", "MLP", "H2", "MLP")
    first = MapCell(("A5.SC",), 0, "1\N{NO-BREAK SPACE}%", 1)
    assert shown.rows == (
        ("P9", (first, MapCell((), 0, "12\N{NO-BREAK SPACE}%", 2), None, None)),
        ("P10", (None, None, MapCell(("A5.SC", "A4.ST"), 0, "3.5\N{NO-BREAK SPACE}%", 1), None)),
        ("P12", (None, None, None, MapCell(("A4.ST",), 0, "", 0))),
    )
    assert not shown.cut
    assert not shown.wide
    assert analysis_map(told([])) is None


@pytest.mark.parametrize(
    ("fails", "shade"), [("0", 1), ("4.9", 1), ("5", 2), ("24.9", 2), ("25", 3), ("100", 3)]
)
def test_the_map_is_darker_where_more_fails(fails: str, shade: int) -> None:
    shown = analysis_map(told([node(1, 0, 0, f"Fail%:{fails}")]))
    assert shown is not None
    assert shown.rows[0][1][0] == MapCell((), 0, f"{fails}\N{NO-BREAK SPACE}%", shade)


def picture(found: Analysis) -> tuple[ElementTree.Element, str]:
    """The map on paper, as its SVG and its words; both must be sound."""
    shown = analysis_map(found)
    assert shown is not None
    image = ElementTree.fromstring(re.match(r"<img[^>]*>", map_on_paper(shown, found))[0][:-1] + "/>")  # type: ignore[index]
    data = image.attrib["src"].partition("base64,")[2]
    return ElementTree.fromstring(base64.b64decode(data)), image.attrib["alt"]


def test_the_map_on_paper_says_what_the_table_says() -> None:
    drawn, words = picture(told(BEHAVIORS, FEATURES))
    texts = [one.text for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    heads = ["Layer 0", "Layer 1", "H1", "MLP", "H2", "MLP"]
    cells = ["P9", "A5.SC", "12\N{NO-BREAK SPACE}%", "P10", "A5.SC", "A4.ST", "P12", "A4.ST"]
    assert texts == [*heads, *cells]
    assert "P9 layer 0 head 1, A5.SC, 1 % fail without it; P9 layer 0 MLP, 12 %" in words


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**31 - 1),
            st.integers(0, 99),
            st.none() | st.integers(0, 99),
            st.text(max_size=40),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_maps_of_strangers_are_bounded_and_sound(nodes: list[tuple[int, int, int | None, str]]) -> None:
    found = told([node(at, layer, num, f"Algo:{tag}", f"Algo:x{tag}") for at, layer, num, tag in nodes])
    shown = analysis_map(found)
    assert shown is not None
    assert len(shown.rows) <= 40
    assert sum(columns for _, columns in shown.layers) == len(shown.parts) <= 20
    assert all(len(cells) == len(shown.parts) for _, cells in shown.rows)
    drawn, words = picture(found)
    assert float(drawn.attrib["viewBox"].split()[3]) <= 215
    assert len(words) <= 1000


def test_a_map_too_large_says_so() -> None:
    found = told([node(at, at % 7, at % 30, *(f"Algo:{n}" for n in range(9))) for at in range(500)])
    shown = analysis_map(found)
    assert shown is not None
    assert shown.cut == " Shown are the first 40 of 500 positions and the first 20 of 210 heads and MLPs."
    tall = told([node(at, 0, 0, *(f"Algo:{n}" for n in range(9))) for at in range(40)])
    shown = analysis_map(tall)
    assert shown is not None
    assert not shown.cut
    # 215 mm less a head of 7 mm hold 17 rows of four lines, 11.9 mm each.
    assert map_on_paper(shown, tall).endswith(" The map ends at P16; 23 more do not fit a page.")


def test_names() -> None:
    assert file_names("r") == ("behaviors.json", "features.json", "r_behavior.json", "r_maths.json")
    assert [is_run_file(name) for name in ("a/training_loss.json", "r_train.json", "log.csv")] == [
        True,
        True,
        False,
    ]


class TestBuild:
    """From files in a folder to the table."""

    LIST = """
[source]
type = "directory"
path = "runs/{name}/training_loss.json"
[[family]]
name = "F"
order = "useful_heads"
runs = ["add_d5_l2_h3_t1K_s372001", "add_d6_l2_h3_t1K_s372001"]
"""

    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
        losses = json.dumps({"TrainingLoss": [2.0 / step for step in range(1, 40)]})
        for name in ("add_d5_l2_h3_t1K_s372001", "add_d6_l2_h3_t1K_s372001"):
            file = tmp_path / "runs" / name / "training_loss.json"
            file.parent.mkdir(parents=True)
            file.write_text(losses)
        (tmp_path / "l.toml").write_text(self.LIST)
        return tmp_path

    def build(self, folder: Path, out: str, source: str = "l.toml") -> dict[str, Any]:
        where = ("-o", str(folder / out), "--cache-dir", str(folder / "cache"), "--format", "html")
        assert main(["build", str(folder / source), *where]) == 0
        document: dict[str, Any] = json.loads((folder / out / "report.json").read_bytes())
        return document

    def test_facts_are_attributes_and_columns(self, folder: Path) -> None:
        before = self.build(folder, "before")
        place = folder / "runs" / "add_d5_l2_h3_t1K_s372001"
        (place / "behaviors.json").write_text(json.dumps(BEHAVIORS))
        (place / "features.json").write_text(json.dumps(FEATURES))
        after = self.build(folder, "after")
        first, second = after["families"][0]["runs"]
        assert first["attributes"]["useful_heads"] == 2
        assert first["analysis"]["sub_tasks"] == {"A4.ST": 2, "A5.SC": 2}
        assert first["analysis"]["nodes"][1] == {
            "position": 9,
            "layer": 0,
            "head": None,
            "fails": 12.0,
            "sub_tasks": [],
            "impact": ["A65"],
        }
        assert [name for name, _ in first["source"]["beside"]] == ["behaviors.json", "features.json"]
        assert "analysis" not in second
        with (folder / "after" / "tables" / "f.csv").open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert [row["useful_heads"] for row in rows] == ["2", ""]
        assert [row["fail_percent"] for row in rows] == ["12.0", ""]
        assert [row["impact"] for row in rows] == ["A654 (2 nodes), A65 (1 node)", ""]
        assert first["metrics"] == before["families"][0]["runs"][0]["metrics"]
        page = (folder / "after" / "report.html").read_text(encoding="utf-8")
        assert "A4.ST (2 nodes), A5.SC (2 nodes)" in page
        assert "Useful heads" in page
        assert page.count('<table class="map">') == 1
        # What came later is none of that report.
        (place / f"{place.name}_maths.json").write_text(json.dumps(BEHAVIORS))
        (folder / "again.json").write_bytes((folder / "after" / "report.json").read_bytes())
        assert self.build(folder, "again", "again.json")["families"] == after["families"]

    def test_a_broken_file_changes_nothing_else(self, folder: Path) -> None:
        before = self.build(folder, "before")
        (folder / "runs" / "add_d5_l2_h3_t1K_s372001" / "behaviors.json").write_text("{")
        after = self.build(folder, "after")
        first = after["families"][0]["runs"][0]
        assert "analysis" not in first
        assert first["attributes"] == before["families"][0]["runs"][0]["attributes"]
        manifest = json.loads((folder / "after" / "manifest.json").read_bytes())
        words = "no analysis of the model: behaviors.json is not JSON"
        assert any(words in one and "add_d5_l2_h3_t1K_s372001" in one for one in manifest["warnings"])


class TestHub:
    """What looking for them costs on the Hub."""

    LOSS = b'{"TrainingLoss": [2.9, 0.5, 1e-09]}'

    def run(self, revision: str = "main") -> RunSpec:
        return RunSpec("r", HubSource("me/x_{name}", "training_loss.json", revision))

    def names(self, hub: LoopbackHub, folder: Path, run: RunSpec, **options: Any) -> list[str]:
        cache = str(folder / "cache")
        told = pull_in_process([run], hub.environment(folder / "hf"), analyses=True, cache=cache, **options)
        return [file for one in told.pulled for file, _ in one.source.beside]

    def test_one_listing_for_a_commit(self, loopback_hub: LoopbackHub, tmp_path: Path) -> None:
        hub = loopback_hub
        hub.put("me/x_r", "training_loss.json", self.LOSS)
        assert self.names(hub, tmp_path, self.run()) == []
        assert hub.count(match="/api/") == 1
        hub.recover()
        assert self.names(hub, tmp_path, self.run()) == []
        assert [asked.method for asked in hub.requests] == ["HEAD"]
        hub.put("me/x_r", "behaviors.json", json.dumps(BEHAVIORS).encode())
        commit = hub.put("me/x_r", "r_maths.json", json.dumps(FEATURES).encode(), large=True)
        hub.recover()
        assert self.names(hub, tmp_path, self.run()) == ["behaviors.json", "r_maths.json"]
        assert hub.count(match="/api/") == 1
        for pinned, options in ((self.run(commit), {}), (self.run(), {"offline": True})):
            hub.recover()
            assert self.names(hub, tmp_path, pinned, **options) == ["behaviors.json", "r_maths.json"]
            assert hub.count(match="/api/") == 0
        hub.recover()
        assert self.names(hub, tmp_path / "other", self.run(commit)) == []
        assert hub.count(match="/api/") == 0
