"""``summary.md``: rendered by another Markdown, then read as a person would."""

from __future__ import annotations

import math
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reportgen import changes, tables
from reportgen.document import report_document
from reportgen.kinds import Problem
from reportgen.outputs import html, summary
from reportgen.report import Check, Report
from reportgen.text import one_line
from tests.samples import HOSTILE, family_report, hostile_report, losses, report, run_report, sample_report

OWN = {"h2", "h3", "p", "strong", "ul", "li", "code", "table", "thead", "tbody", "tr", "th", "td"}


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def rendered(text: str) -> Page:
    """As GitHub would: raw HTML is let through, so that unescaped HTML shows as tags here."""
    return Page(markdown(text))


def markdown(text: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)


def test_the_first_line_says_whether_all_is_well() -> None:
    good = report([family_report("A", [run_report("r")])])
    assert summary.render(good).splitlines()[0] == "## 1 run, no problems."
    first = summary.render(sample_report()).splitlines()[0]
    assert first.startswith("## 1 of 9 runs could not be used")
    assert "1 expectation failed" in first


def test_the_first_line_says_how_many_runs_the_hub_was_not_asked_about() -> None:
    unasked = run_report("r", marks=("not_checked",))
    one = summary.render(report([family_report("A", [unasked])]))
    assert one.splitlines()[0] == "## 1 run; 1 from the cache, not checked with the Hub."
    two = summary.render(report([family_report("A", [unasked, run_report("s")])]))
    assert two.splitlines()[0] == "## 2 runs; 1 from the cache, not checked with the Hub."


def test_an_outage_does_not_say_that_nothing_changed() -> None:
    known = report_document(report([family_report("A", [run_report("r")])]))
    unasked = changes.against(report([family_report("A", [run_report("r", marks=("not_checked",))])]), known)
    since = "Nothing is known to have changed since"
    assert f"{since} 2026-01-02T03:04:05Z." in summary.render(unasked).splitlines()[0]
    page = html.render(unasked)
    assert (
        f"{since} the report of 2 January 2026, 03:04 UTC: 1 run came from the cache and was not checked."
        in page
    )
    assert '<p class="status unsure">' in page


def test_the_first_line_says_whether_anything_changed() -> None:
    old = report([family_report("A", [run_report("r")])])
    new = report([family_report("A", [run_report("r"), run_report("s")])])
    same = changes.against(old, report_document(old))
    assert summary.render(same).splitlines()[0].endswith("Nothing changed since 2026-01-02T03:04:05Z.")
    assert "### What changed" not in summary.render(same)
    more = summary.render(changes.against(new, report_document(old)))
    assert more.splitlines()[0].endswith("1 change since 2026-01-02T03:04:05Z.")
    assert "**New runs (1)**\n\n- `s` (A): Mean at the end " in more


def test_a_run_that_still_cannot_be_read_is_no_change() -> None:
    made = report(
        [family_report("A", [run_report("r")])], problems=[Problem("A", "s", "network", "no answer")]
    )
    text = summary.render(changes.against(made, report_document(made)))
    assert text.splitlines()[0].endswith("Nothing changed since 2026-01-02T03:04:05Z.")
    assert "What changed" not in text
    assert "\n### Runs that still could not be read (1)\n\n- `s` (A): no answer\n" in text


def test_a_run_that_could_not_be_used_is_told_once() -> None:
    made = sample_report()
    name = made.problems[0].run
    assert summary.render(made).count(f"`{name}`") == 1
    assert summary.render(changes.against(made, report_document(made))).count(f"`{name}`") == 1


def test_a_failure_and_a_divergence_are_named_once() -> None:
    """As what changed on the night that they begin, and below on the nights after it."""
    fails = Check("A", "fails", "end", "<= 1e-9", 0.5, "failed")
    values = losses(40)
    with_nan = [*values[:39], math.nan]

    def made(*, begun: bool) -> Report:
        runs = [
            run_report("fails", checks=[fails] if begun else []),
            run_report("diverges", with_nan if begun else values),
            run_report("new", with_nan) if begun else run_report("other"),
        ]
        # A run in two families is news once.
        return report([family_report("A", runs), family_report("B", runs[:2])])

    before = report_document(made(begun=False))
    first = changes.against(made(begun=True), before)
    text = summary.render(first).partition("### Families")[0].partition("### Findings")[0]
    assert [text.count(f"`{name}`") for name in ("fails", "diverges", "new")] == [1, 1, 1]
    assert "still" not in text
    second = summary.render(changes.against(made(begun=True), report_document(first)))
    assert "What changed" not in second
    assert "### Expectations that still fail (2)\n\n- `fails` (A): Mean at the end is " in second
    assert "### Runs that diverged before (3)\n\n- `diverges` (A)\n- `new` (A)\n- `diverges` (B)\n" in second


def test_what_a_person_reads() -> None:
    text = rendered(summary.render(sample_report())).text
    assert "Sample report, 2026-01-02T03:04:05Z, cpu, reportgen 0.1.0" in text
    assert "The runs are synthetic." in text
    assert (
        "mix_d8_l3_h4_t30K_s572091 (Mixed): PhilipQuirke/QuantaMaths_mix_d8_l3_h4_t30K_s572091 does not exist"
        in text
    )
    assert "mix_d7_l3_h4_t30K_s572091 (Mixed): NaN or infinite is 20, expected = 0" in text
    assert "Runs that diverged (1)" in text


def test_metrics_are_called_what_columns_are_called() -> None:
    old, new = (
        report([family_report("A", [run_report("r", [loss] * 9, sha256=digit * 64)])])
        for loss, digit in ((0.5, "0"), (0.25, "1"))
    )
    text = rendered(summary.render(changes.against(new, report_document(old)))).text
    for title in ("Mean at the end", "AvgFinalLoss", "Final loss"):
        assert f"{title} 0.500 → 0.250" in text


def test_lowest_and_highest_of_each_family() -> None:
    runs = [run_report(name, losses(40, end=end)) for name, end in [("b", 1e-5), ("a", 1e-8), ("c", 1e-2)]]
    lines = summary.render(report([family_report("F", runs), family_report("G", runs[:1])])).splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    assert rows[0] == ["Family", "Runs", "Ranked by", "Lowest", "", "Highest", ""]
    assert [row[:4] for row in rows[2:]] == [
        ["F", "3", "Mean at the end", "a"],
        ["G", "1", "Mean at the end", "b"],
    ]
    assert rows[2][5] == "c"
    assert rows[3][5:] == ["", ""]


def test_hostile_text_is_text() -> None:
    made = hostile_report()
    against = changes.against(made, report_document(sample_report()))
    for one in (made, against):
        page = rendered(summary.render(one))
        assert set(page.tags) <= OWN
        for text in HOSTILE:
            assert " ".join(one_line(text, 100).split()) in " ".join(page.text.split())
        assert not any(character in summary.render(one) for character in "\x1b\x00\u202e\u2066\r")


# What GitHub, in its Markdown or afterwards, makes links, mentions, pictures and formulas of.
LINKED = [
    "https://example.org",
    "ftp://example.org",
    "www.example.org",
    "WWW.example.org",
    "a@b.org",
    "mailto:a@b.org",
    "xmpp:a@b.org/x",
    "@octocat",
    "#12",
    "GH-4",
    "a/b#12",
    "0123abc",
    "a-deadbeef",
    "1234567",
    ":octocat:",
    "$x$",
    "~~a~~",
    "&lt;b&gt;",
    "a\\|b",
]


class Prose(Page):
    """The text of a page outside of code."""

    def __init__(self, html: str) -> None:
        self.within = False
        self.outside = ""
        super().__init__(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        self.within = self.within or tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self.within = self.within and tag != "code"

    def handle_data(self, data: str) -> None:
        super().handle_data(data)
        self.outside += "" if self.within else data


@pytest.mark.parametrize("text", [*HOSTILE, *LINKED])
def test_text_is_shown_as_it_is(text: str) -> None:
    page = rendered(f"text {summary.prose(text)}")
    assert set(page.tags) <= {"p", "code"}
    assert page.text.strip() == f"text {one_line(text)}".strip()
    made = report([family_report(text, [run_report(text, slug="r")])])
    (row,) = [line for line in summary.render(made).splitlines() if line.startswith("|")][2:]
    cell = rendered(f"| a | b | c | d | e | f |\n| - | - | - | - | - | - |\n{row}")
    assert cell.tags.count("td") == 6
    assert cell.text.count(one_line(text, 100).strip()) >= 2


@pytest.mark.parametrize("text", LINKED)
def test_nothing_that_github_links_is_outside_of_code(text: str) -> None:
    for around in ("{}", "see {} now", "({}),", "“{}”."):
        shown = Prose(markdown(f"text {summary.prose(around.format(text))}"))
        assert text not in shown.outside
        assert not set(shown.outside) & set("@#/_:~$&\\|1")


def test_words_numbers_and_times_are_no_code() -> None:
    for text in (
        "1 run of 9 could not be used, and “that” isn't all: 1,080 of them.",
        "AvgFinalLoss 5.00×10⁻⁴ → −2.5 (50%); nothing since 2026-01-02T03:04:05Z.",
        "Überlänge – früher…",
        "Loss 0.25 → 0.5 (+100 %); again (−100 %);",
        "3.2 ± 0.1, a factor of ×1.5, ≤ −2×10⁻⁸",
    ):
        assert summary.prose(text) == text


@given(st.text(max_size=60))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    page = rendered(f"text {summary.prose(text)}.")
    assert set(page.tags) <= {"p", "code"}
    assert page.text.strip() == f"text {one_line(text)}."
    span = rendered(f"text {summary.code(text)}.")
    assert span.tags == ["p", "code"]
    assert span.text.strip() == f"text {one_line(text, 100) or '–'}."


@given(st.text(alphabet="`a \\|*", max_size=12))
def test_code_of_ticks(text: str) -> None:
    page = rendered(f"- {summary.code(text)}: x")
    assert page.tags == ["ul", "li", "code"]
    assert page.text.strip() == f"{one_line(text, 100) or '–'}: x".strip()


def test_its_length_is_bounded() -> None:
    problems = [Problem("A", f"run{i}" + "x" * 10_000, "network", "&" * 10_000) for i in range(3000)]
    made = report([family_report(f"family {i}", [run_report("r")]) for i in range(50)], problems=problems)
    made = changes.against(made, report_document(report([])))
    text = summary.render(made)
    assert len(text.encode()) < 2**17
    assert "- and 2,980 more" in text
    assert "and 30 more" in text


def test_marks_of_a_sentence_stand_outside_of_code():
    assert summary.prose("the next, lr=0.001, is (run002).") == "the next, `lr=0.001`, is (`run002`)."


def test_a_run_that_goes_on_after_a_nan_did_not_diverge() -> None:
    values = losses(200)
    made = report(
        [family_report("A", [run_report("a"), run_report("b", [*values[:20], math.nan, *values[21:]])])]
    )
    text = summary.render(made)
    assert "### Runs with losses that are not finite (1)\n\n- `b` (A)\n" in text
    assert "diverged" not in text
    marks = [
        cell.text for row in tables.family_table(made.families[0], ("marks",)).rows for cell in row.cells
    ]
    assert marks == ["", "losses not finite"]


def test_a_pdf_that_could_not_be_made_is_named() -> None:
    text = summary.render(report([family_report("A", [run_report("a")])]), {"pdf": "no Chrome was found"})
    assert "**The PDF is missing:** no Chrome was found\n" in text
    assert text.index("The PDF is missing") < text.index("### Families")
