"""Every kind of mistake of a list, and the very words that are said of it."""

# Each message stands on one line, as its reader sees it.
# ruff: noqa: E501, ISC004

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lists import DIRECTORY, FAMILY, HUB, mistakes, read

# Each bad text in place of a family's runs, in a list on the Hub, with all that is said of it.
RUNS = {
    '["a", "b", "a"]': ['runs[2]: "a" is runs[0] too; remove one, or give it another revision'],
    '["a", { name = "a", revision = "main" }]': [
        'runs[1]: "a" is runs[0] too; remove one, or give it another revision'
    ],
    "[]": ["runs: is an empty list; must be a list of one or more runs"],
    '"a"': ['runs: is "a"; must be a list of one or more runs'],
    "[1, [], 1979-05-27]": [
        "runs[0]: is 1; must be a name, a pattern or a table",
        "runs[1]: is an empty list; must be a name, a pattern or a table",
        "runs[2]: is a date or a time; must be a name, a pattern or a table",
    ],
    '["a b"]': [
        'runs[0]: "a b" makes the repository "org/x_a b", which the Hub does not allow; correct the name'
    ],
    '["a/b"]': [
        'runs[0]: "a/b" makes the repository "org/x_a/b", which the Hub does not allow; correct the name'
    ],
    '["a--b"]': [
        'runs[0]: "a--b" makes the repository "org/x_a--b", which the Hub does not allow; correct the name'
    ],
    '["a,b,c"]': ['runs[0]: "a,b,c" holds 3 names; write "name" or "name,insert_name"'],
    "[{}]": ["runs[0].name: is missing; must be text"],
    "[{ name = 5 }]": ["runs[0].name: is 5; must be text"],
    '[{ name = "a", lable = "x" }]': ['runs[0].lable: unknown key; did you mean "label"?'],
    '[{ name = "a", label = " " }]': ["runs[0].label: is empty; must be text"],
    '[{ name = "a", label = "d{digit}" }, { name = "b", label = "{x" }]': [
        'runs[1].label: "{x" has an unmatched brace; placeholders look like {lr}',
    ],
    '[{ name = "a", title = "x" }]': [
        "runs[0].title: unknown key here; title belongs at the top of the file, before the first [table]"
    ],
    '[{ name = "a", note = 1 }]': ["runs[0].note: is 1; must be text"],
    '[{ name = "a", listed = "5e-6" }]': [
        'runs[0].listed: is "5e-6"; must be a table, { avg_final_loss = "5.6e-06" }'
    ],
    '[{ name = "a", listed = { avg_final_loss = 5.6e-06 } }]': [
        "runs[0].listed.avg_final_loss: is 5.6e-06; "
        'must be a number as its author wrote it, in quotes: "5.6e-06"'
    ],
    '[{ name = "a", listed = { avg_final_loss = "3.5-09" } }]': [
        'runs[0].listed.avg_final_loss: is "3.5-09"; '
        'must be a number as its author wrote it, in quotes: "5.6e-06"'
    ],
    '[{ name = "a", listed = { avg_loss = "1" } }]': [
        'runs[0].listed.avg_loss: nothing is compared with "avg_loss"; did you mean "avg_final_loss"?'
    ],
    '[{ name = "a", extra = { x = nan, y = [1], z = 0xffffffffffffffff, "" = 1 } }]': [
        "runs[0].extra.x: is nan; must be text, true, false or a number of up to 64 bits",
        "runs[0].extra.y: is a list; must be text, true, false or a number of up to 64 bits",
        "runs[0].extra.z: is 18446744073709551615; must be text, true, false or a number of up to 64 bits",
        'runs[0].extra."": is not a name for a column; write one',
    ],
    '[{ name = "a", extra = { digits = 1, "extra.digits" = 2, "extra.x" = 3 } }]': [
        'runs[0].extra."extra.digits": is the name of the column of extra = { digits = ... }; '
        "choose another name"
    ],
    '[{ name = "a", expect = { avg_loss = "<= 1" } }]': [
        'runs[0].expect.avg_loss: unknown metric "avg_loss"; did you mean "avg_final_loss"?'
    ],
    '[{ name = "a", expect = { steps_to = "<= 1" } }]': [
        'runs[0].expect.steps_to: unknown metric "steps_to"; did you mean "steps"?'
    ],
    '[{ name = "a", expect.steps_to."1e-9" = "<= 1" }]': [
        'runs[0].expect."steps_to.1e-9": unknown metric "steps_to.1e-9"; did you mean "steps_to.1e-8"?'
    ],
    '[{ name = "a", expect = { spikes = 3 } }]': [
        'runs[0].expect.spikes: is 3; must be text, such as "<= 1e-8"'
    ],
    '[{ name = "a", expect = { spikes = "3" } }]': [
        'runs[0].expect.spikes: "3" is not an expectation; '
        'write <=, <, >=, >, == or != and a number, as "<= 1e-8"'
    ],
    '[{ name = "a", revision = "a b" }]': [
        'runs[0].revision: "a b" cannot be a revision; it must be a branch, a tag or a commit'
    ],
    '[{ name = "a", revision = "../x" }]': [
        'runs[0].revision: "../x" cannot be a revision; it must be a branch, a tag or a commit'
    ],
    '[{ name = "a", revision = "a|b" }, { name = "a", revision = "aux" }]': [
        'runs[0].revision: "a|b" holds |, which Windows does not allow in names; name the commit instead',
        'runs[1].revision: "aux" is the name of a device on Windows; name the commit instead',
    ],
    '[{ name = "a", revision = 5 }]': [
        "runs[0].revision: is 5; must be a branch, a tag or a commit, as text"
    ],
    '[{ name = "a", source = { type = "hub", repo = "x" } }]': [
        'runs[0].source.repo: "x" is not a repository of the Hub; write owner/name, in letters, digits, - _ and .'
    ],
    '[{ name = "a", revision = "v1", source = { type = "directory", path = "{name}" } }]': [
        "runs[0].revision: is given, but a directory has none; remove it"
    ],
}


@pytest.mark.parametrize("runs", RUNS)
def test_mistakes_of_runs(runs: str, tmp_path: Path) -> None:
    expected = [f"family[0].{line}" for line in RUNS[runs]]
    assert mistakes(tmp_path, f"{HUB}{FAMILY}runs = {runs}") == expected


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("", "is empty"),
        ("..", 'holds ".." as a folder'),
        ("../a", 'holds ".." as a folder'),
        ("a/../../b", 'holds ".." as a folder'),
        (".", 'holds "." as a folder'),
        ("/etc/passwd", "starts or ends with a slash, or holds two in a row"),
        ("a//b", "starts or ends with a slash, or holds two in a row"),
        ("a/", "starts or ends with a slash, or holds two in a row"),
        ("a\\b", "holds a backslash"),
        ("a\x00b", "holds a control character"),
        ("a\x1b[31m", "holds a control character"),
        ("a\x85", "holds a control character"),
        *(
            (f"a/b{character}", f"holds {character}, which Windows does not allow in names")
            for character in ':"<>|'
        ),
        ("C:a", "holds :, which Windows does not allow in names"),
        ("nul", "is the name of a device on Windows"),
        ("a/CON.txt", "is the name of a device on Windows"),
        ("com1 .x", "is the name of a device on Windows"),
        ("lpt²", "is the name of a device on Windows"),
        ("a.", "has a part that ends in a dot or a space"),
        (".. /a", "has a part that ends in a dot or a space"),
        ("a" * 256, "has a part of over 255 bytes"),
        ("é" * 128, "has a part of over 255 bytes"),
        ("a/" * 500 + "a", "is over 1,000 characters long"),
    ],
)
def test_names_that_could_leave_their_folder(name: str, wrong: str, tmp_path: Path) -> None:
    quoted = '"' + "".join(f"\\u{ord(character):04x}" for character in name) + '"'
    for runs, place in ((quoted, "runs[0]"), (f"{{ name = {quoted} }}", "runs[0].name")):
        for text in (runs, runs.replace(quoted, '"fine, ' + quoted[1:])):
            for source in (HUB, DIRECTORY):
                (line,) = mistakes(tmp_path, f"{source}{FAMILY}runs = [{text}]")
                assert line.startswith(f"family[0].{place}: ")
                assert line.endswith(f" {wrong}; a run's name must be a plain name that stays in its folder")


def test_a_name_is_judged_where_it_is_put(tmp_path: Path) -> None:
    source = '[source]\ntype = "directory"\npath = "runs/{name}./x"\n'
    text = f'{source}{FAMILY}runs = ["a"]'
    assert mistakes(tmp_path, text) == [
        'source.path: "runs/{name}./x": the part from {name} on has a part that ends in a dot or a space; '
        "it must stay in its folder"
    ]
    source = '[source]\ntype = "directory"\npath = "runs/co{name}"\n'
    assert mistakes(tmp_path, f'{source}{FAMILY}runs = ["m1"]') == [
        'family[0].runs[0]: "m1" makes the path "com1", which is the name of a device on Windows; correct the name'
    ]


SOURCES = {
    "": ['source: is missing; must be a table with type = "hub", "directory" or "url"'],
    "source = 5": ["source: is 5; must be a table, [source]"],
    "[source]": ['source.type: is missing; must be "hub", "directory" or "url"'],
    '[source]\ntype = "s3"': ['source.type: is "s3"; must be "hub", "directory" or "url"'],
    '[source]\ntype = "hub"': [
        'source.repo: is missing; must be a repository of the Hub, such as "org/model_{name}"'
    ],
    '[source]\ntype = "hub"\nrepo = "o/{name}"\nrevison = "x"\npath = "y"': [
        'source.revison: unknown key; did you mean "revision"?',
        'source.path: unknown key; known: "file", "format", "repo", "repo_type", "revision", "type"',
    ],
    '[source]\ntype = "hub"\nrepo = "o/{nam}"': [
        'source.repo: unknown placeholder "{nam}"; did you mean "name"?'
    ],
    '[source]\ntype = "hub"\nrepo = "o/{digits}"': [
        'source.repo: unknown placeholder "{digits}"; known: "name"'
    ],
    '[source]\ntype = "hub"\nrepo = "o/{name"': [
        'source.repo: "o/{name" has an unmatched brace; placeholders look like {name}'
    ],
    '[source]\ntype = "hub"\nrepo = "o/{name}"\nformat = { type = "txt", steps = "x" }': [
        'source.format.steps: unknown key; did you mean "step"?',
    ],
    '[source]\ntype = "hub"\nrepo = "o/{name}"\nformat = { type = "txt" }': [
        'source.format.type: no format is called "txt"; did you mean "text"?',
    ],
    '[source]\ntype = "hub"\nrepo = "o/{name}"\nformat = { pattern = ["(?P<a>x)", "(x)"], repeats = "run" }': [
        'source.format.pattern[1]: "(x)" has no named group; write (?P<name>...) around what is to be read',
        'source.format.repeats: is "run"; must be "runs"',
    ],
    '[source]\ntype = "hub"\nrepo = "o/{name}"\nformat = { pattern = "(" }': [
        'source.format.pattern: the pattern "(" is not valid (missing ): (); correct it',
    ],
    "[source]\ntype = 'hub'\nrepo = 'o/{name}'\nformat = { pattern = '(?P<a>x)(?=y)' }": [
        'source.format.pattern: the pattern "(?P<a>x)(?=y)" is not valid (invalid perl operator: (?=); patterns are '
        "RE2's, without look-around and backreferences: say what to match without them",
    ],
    '[source]\ntype = "hub"\nrepo = "o/{name}"\nformat = { type = "text" }': [
        "source.format.pattern: a text needs a pattern with a named group for each series: "
        r"pattern = 'step (?P<step>\d+) loss (?P<loss>\S+)'",
    ],
    '[source]\ntype = "url"\nurl = "host/{name}"': [
        'source.url: "host/{name}" is not an address; write one such as "https://host/{name}/log.csv"'
    ],
    '[source]\ntype = "url"\nurl = "https://me:secret@host/{name}"': [
        "source.url: holds a password; put it in the environment, as in ~/.netrc"
    ],
    '[source]\ntype = "url"\nurl = "https://host/{nam}"': [
        'source.url: unknown placeholder "{nam}"; did you mean "name"?'
    ],
    '[source]\ntype = "hub"\nrepo = "o/{name}"\nfile = "../x"': [
        'source.file: "../x" holds ".." as a folder; it must be a file such as "training_loss.json"'
    ],
    '[source]\ntype = "hub"\nrepo = "o/{name}.git"': [
        'source.repo: "o/{name}.git" is not a repository of the Hub; write owner/name, in letters, digits, - _ and .'
    ],
    '[source]\ntype = "directory"': [
        'source.path: is missing; must be a path, such as "runs/{name}/training_loss.json", or that of a store of many runs'
    ],
    '[source]\ntype = "directory"\npath = "a\\\\{name}"': [
        'source.path: "a\\{name}" holds a backslash; write / between folders, on Windows too'
    ],
    '[source]\ntype = "directory"\npath = "a/{name}/../../x"': [
        'source.path: "a/{name}/../../x": the part from {name} on holds ".." as a folder; it must stay in its folder'
    ],
    '[source]\ntype = "directory"\npath = "\\u0000/{name}"': [
        'source.path: "\\x00/{name}" holds a character that cannot be printed; remove it'
    ],
    '[source]\ntype = "directory"\npath = "~/runs/{name}.json"': [
        'source.path: "~/runs/{name}.json": ~ is not expanded; write the path out, absolute or relative to this file'
    ],
    '[source]\ntype = "directory"\npath = "~somebody/{name}.json"': [
        'source.path: "~somebody/{name}.json": ~ is not expanded; write the path out, absolute or relative to this file'
    ],
    '[source]\ntype = "directory"\npath = "{name}"\ntitle = "x"\nsynthetic = true\nsmoothing.window = 5': [
        "source.title: unknown key here; title belongs at the top of the file, before the first [table]",
        "source.synthetic: unknown key here; synthetic belongs at the top of the file, before the first [table]",
        "source.smoothing: unknown key here; [smoothing] is a table of its own, for the whole list",
    ],
    '[source]\ntype = "directory"\npath = "{name}"\nrevision = "x"': [
        'source.revision: unknown key; known: "format", "path", "type"'
    ],
}


@pytest.mark.parametrize("source", SOURCES)
def test_mistakes_of_sources(source: str, tmp_path: Path) -> None:
    assert mistakes(tmp_path, f'{source}\n{FAMILY}runs = ["a"]') == SOURCES[source]


FAMILIES = {
    "label = 5": ['label: is 5; must be a template such as "d{digits}"'],
    'label = "{}"': ['label: "{}" has an unmatched brace; placeholders look like {lr}'],
    'label = "}"': ['label: "}" has an unmatched brace; placeholders look like {lr}'],
    'label = ""': ["label: is empty; must be text"],
    "linear_steps = 0": ["linear_steps: is 0; must be a whole number from 1 to 1,000,000,000"],
    "linear_steps = true": ["linear_steps: is true; must be a whole number from 1 to 1,000,000,000"],
    "linear_steps = 1e3": ["linear_steps: is 1000.0; must be a whole number from 1 to 1,000,000,000"],
    "smoothing = { windw = 1 }": ['smoothing.windw: unknown key; did you mean "window"?'],
    'smoothing = { edges = "clip" }': ['smoothing.edges: is "clip"; must be "partial" or "trim"'],
    'smoothing = { smoother = "mode" }': [
        'smoothing.smoother: is "mode"; must be "mean", "median", "ema" or "geometric"'
    ],
    'figures = ["log", "lin"]': ['figures[1]: unknown figure "lin"; did you mean "linear"?'],
    'figures = ["log", "log"]': ['figures: holds "log" twice; name it once'],
    "x_range = [5, 1]": ["x_range: goes from 5.0 to 1.0; the lower number comes first"],
    "x_range = [0, 1e30]": ["x_range: goes to 1e+30; the last step must be 9,007,199,254,740,992 at most"],
    "x_range = [1]": [
        "x_range: holds 1 value; must be two steps from 0 on, the lower first, such as [0, 40000]"
    ],
    "x_range = [1, 2, 3]": [
        "x_range: holds 3 values; must be two steps from 0 on, the lower first, such as [0, 40000]"
    ],
    "x_range = []": [
        "x_range: is an empty list; must be two steps from 0 on, the lower first, such as [0, 40000]"
    ],
    "x_range = [-1, 1]": [
        "x_range[0]: is -1; x_range must be two steps from 0 on, the lower first, such as [0, 40000]"
    ],
    "y_range = [1, inf]": [
        "y_range[1]: is inf; y_range must be two numbers, the lower first, such as [1e-9, 3]"
    ],
    'figures = ["end", "log"]\ny_range = [0, 1]': [
        "y_range: starts at 0, which a log axis cannot show; it must start above 0"
    ],
    "columns = []": ["columns: is an empty list; must be a list of names of columns"],
    'order = ""': ["order: is empty; must be text"],
    'group_by = "lr"': [
        'group_by: is "lr"; must be a list of attributes; an empty one makes the whole family one group'
    ],
    'rank_by = "eval_loss.bst"': ['rank_by: unknown metric "eval_loss.bst"; did you mean "eval_loss.best"?'],
    'rank_by.eval_loss = "bst"': ['rank_by: unknown metric "eval_loss.bst"; did you mean "eval_loss.best"?'],
    "rank_by = 1": ['rank_by: is 1; must be a metric, such as "eval_loss.best"'],
    "target = inf": ["target: is inf; must be a number"],
    "reference = {}": ["reference: is empty; name a run, or attributes, such as { lr = 1e-3 }"],
    "reference = { lr = [1] }": [
        "reference.lr: is a list; must be text, true, false or a number of up to 64 bits"
    ],
    "reference = 3": ["reference: is 3; must be the name of a run, or a table of attributes, { lr = 1e-3 }"],
    'scale = "log10"': ['scale: is "log10"; must be "log" or "linear"'],
    'bands = "yes"': ['bands: is "yes"; must be true or false'],
    'exclude = ["../*"]': [
        'exclude[0]: "../*" holds ".." as a folder; it must be a name or a pattern such as "*-old"'
    ],
    'waive = { avg_final_los = { until = "2026-12-31", reason = "known" } }': [
        'waive.avg_final_los: unknown metric "avg_final_los"; did you mean "avg_final_loss"?'
    ],
    'waive = { eval_loss.best = { until = "2026-02-30", reason = "" } }': [
        'waive."eval_loss.best".until: is "2026-02-30"; must be a day, such as "2026-12-31"',
        'waive."eval_loss.best".reason: is empty; must be text',
    ],
    "waive = { spikes = 3 }": ["waive.spikes: is 3; must be a table"],
    'table = [{ name = "T", rows = [], value = "best" }]': [
        "table[0].rows: is an empty list; must be a list of one or more attributes"
    ],
    'table = [{ name = "T", rows = ["lr"], columns = ["lr"], value = "bst" }]': [
        'table[0].value: unknown metric "bst"; did you mean "best"?',
        'table[0].columns: holds "lr", which is in rows; name it once',
    ],
    'expect.eval_loss.bset = "<= 1"': [
        'expect."eval_loss.bset": unknown metric "eval_loss.bset"; did you mean "eval_loss.best"?'
    ],
    'expect = { final_loss = "<= x" }': [
        'expect.final_loss: "<= x" is not an expectation; '
        'write <=, <, >=, >, == or != and a number, as "<= 1e-8"'
    ],
    'titel = "x"': ["titel: unknown key"],
    'title = "x"\ntheme.accent = "#000000"': [
        "title: unknown key here; title belongs at the top of the file, before the first [table]",
        "theme: unknown key here; [theme] is a table of its own, for the whole list",
    ],
    'nam = "x"': ['nam: unknown key; did you mean "name"?'],
}


@pytest.mark.parametrize("key", FAMILIES)
def test_mistakes_of_families(key: str, tmp_path: Path) -> None:
    expected = [f"family[0].{line}" for line in FAMILIES[key]]
    assert mistakes(tmp_path, f'{HUB}{FAMILY}{key}\nruns = ["a"]') == expected


TABLES = {
    'titel = "x"': ['titel: unknown key; did you mean "title"?'],
    'title = ""': ["title: is empty; must be text"],
    "description = 1": ["description: is 1; must be text"],
    "synthetic = 1": ["synthetic: is 1; must be true or false"],
    "smoothing = 1": ["smoothing: is 1; must be a table, [smoothing]"],
    "smoothing.window = 0": [
        'smoothing.window: is 0; must be a whole number from 1 to 1,000,000,000, or "auto"'
    ],
    "figures.width_mm = 1000": [
        "figures.width_mm: is 1000; must be a width from 40 to 500, in mm, or a list of up to 4"
    ],
    "figures.width_mm = nan": [
        "figures.width_mm: is nan; must be a width from 40 to 500, in mm, or a list of up to 4"
    ],
    "figures.width_mm = [85, 30]": [
        "figures.width_mm[1]: is 30; width_mm must be a width from 40 to 500, in mm, or a list of up to 4"
    ],
    "figures.width_mm = [85, 85]": ["figures.width_mm: holds 85.0 twice; name it once"],
    'figures.palette = ["#000000", "red"]': [
        'figures.palette[1]: is "red"; palette must be a list of two or more colours such as "#1f4e79"'
    ],
    'names.pattern = "(a"': ['names.pattern: the pattern "(a" is not valid (missing ): (a); correct it'],
    'names.pattern = "a(?P<label>b)"': [
        'names.pattern: the group "label" has the name of another column; rename it'
    ],
    "attributes.lr = 3": ['attributes.lr: is 3; must be a path into the configuration, as "optimizer.lr"'],
    'attributes.steps = "a.b"': [
        "attributes.steps: is the name of another column; give the attribute another name"
    ],
    'series.loss = { form = "x" }': ['series.loss.form: unknown key; did you mean "from"?'],
    "series.loss = { from = [] }": [
        "series.loss.from: is an empty list; must be a name in the files, or a list of names"
    ],
    'series.acc.better = "up"': ['series.acc.better: is "up"; must be "lower" or "higher"'],
    'figures.runs = ["b"]': ['figures.runs[0]: no run of this list is called "b"; known: "a"'],
    'pdf.runs = "some"': ['pdf.runs: is "some"; must be "none", "figures" or "all"'],
    'theme.accent = "red"': ['theme.accent: is "red"; must be a colour such as "#1f4e79"'],
    'theme.title_font = "x; } body { display: none"': [
        'theme.title_font: is "x; } body { display: none"; must be names of fonts, with commas between them'
    ],
    'theme.logo = "/etc/logo.png"': [
        'theme.logo: "/etc/logo.png" starts or ends with a slash, or holds two in a row; '
        "a logo must lie in the list's folder"
    ],
    'theme.logo = "logo.gif"': ['theme.logo: "logo.gif" is not an .svg or .png file, which a logo must be'],
    'theme.logo = "logo.png"': ['theme.logo: "logo.png" is not a file next to this list; put it there'],
}


@pytest.mark.parametrize("key", TABLES)
def test_mistakes_of_other_tables(key: str, tmp_path: Path) -> None:
    assert mistakes(tmp_path, f'{key}\n{HUB}{FAMILY}runs = ["a"]') == TABLES[key]


WHOLE = "a report never fetches; embed it in the file"
XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
SVGS = {
    "notes": "x",
    "page": "<html/>",
    "image": '<svg><g><image href=" http://127.0.0.1/x.png"/></g></svg>',
    "use": f'<svg {XLINK}><use xlink:href="#a"/><use xlink:href="other.svg#a"/></svg>',
    "style": '<svg><style>a { fill: url(#b) } @import url("//127.0.0.1/x.css");</style></svg>',
    "fill": "<svg><path style=\"fill: URL( 'x.svg#a')\"/></svg>",
    "entity": '<!DOCTYPE svg [<!ENTITY a "file:///etc/passwd">]><svg><image href="&a;"/></svg>',
}


def test_a_logo_may_refer_to_itself(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text(
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd">'
        f'<svg xmlns="http://www.w3.org/2000/svg" {XLINK}><title>url(x), curl()</title><a href=""/>'
        '<style>path { fill: url("#a") }</style><path id="b" fill="url(#a)"/><use xlink:href="#b"/>'
        '<image href="data:image/png;base64,AAAA" style="mask: url( data:image/png;base64,AAAA )"/></svg>'
    )
    one = read(tmp_path, f'theme.logo = "logo.svg"\n{HUB}{FAMILY}runs = ["a"]')
    assert str(one.theme.logo).startswith("data:image/svg+xml;base64,")


@pytest.mark.parametrize(
    ("logo", "wrong"),
    [
        ("../secret.png", 'holds ".." as a folder; a logo must lie in the list\'s folder'),
        ("data:image/png;base64,AAAA.png", "holds :, which Windows does not allow in names; a logo must lie in the list's folder"),
        ("notes.txt", "is not an .svg or .png file, which a logo must be"),
        ("gone.png", "is not a file next to this list; put it there"),
        ("folder.png", "is not a file next to this list; put it there"),
        ("ring.png", "is not a file next to this list; put it there"),
        ("linked.svg", "leads out of its folder; put the file itself there"),
        ("large.PNG", "is over 1 MiB; a logo must be smaller"),
        ("notes.png", "is not a PNG; export it as one"),
        ("notes.svg", "is not an SVG; export it as one"),
        ("page.svg", "is not an SVG; export it as one"),
        ("image.svg", f'refers to "http://127.0.0.1/x.png", which {WHOLE}'),
        ("use.svg", f'refers to "other.svg#a", which {WHOLE}'),
        ("style.svg", f'refers to "//127.0.0.1/x.css", which {WHOLE}'),
        ("fill.svg", f'refers to "x.svg#a", which {WHOLE}'),
        ("entity.svg", f'refers to "file:///etc/passwd", which {WHOLE}'),
    ],
)  # fmt: skip
def test_a_logo_is_a_picture_in_the_lists_folder(logo: str, wrong: str, tmp_path: Path) -> None:
    folder = tmp_path / "list"
    (folder / "folder.png").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(b"\x89PNG")
    (tmp_path / "secret.svg").write_text("<svg/>")
    (folder / "linked.svg").symlink_to(tmp_path / "secret.svg")
    (folder / "ring.png").symlink_to(folder / "ring.png")
    (folder / "notes.txt").write_text("x")
    (folder / "notes.png").write_text("x")
    (folder / "large.PNG").write_bytes(bytes(2**20 + 1))
    for name, held in SVGS.items():
        (folder / f"{name}.svg").write_text(held)
    text = f'theme.logo = "{logo}"\n{HUB}{FAMILY}runs = ["a"]'
    assert mistakes(folder, text) == [f'theme.logo: "{logo}" {wrong}']


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["family: is missing; must be one or more tables, [[family]]"]),
        ("family = []", ["family: is an empty list; must be one or more tables, [[family]]"]),
        ("[family]", ["family: is a table; must be one or more tables, [[family]]"]),
        (
            f"{HUB}[[family]]",
            [
                "family[0].name: is missing; must be text",
                "family[0].runs: is missing; must be a list of one or more runs",
            ],
        ),
        ("family = [1]", ["family[0]: is 1; must be a table"]),
    ],
)
def test_mistakes_of_whole_lists(text: str, expected: list[str], tmp_path: Path) -> None:
    assert mistakes(tmp_path, text) == expected


CLOSE = 'close the quotes on this line; text of several lines goes between """ and """'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title = \n", "line 1, column 9: Invalid value; text goes in quotes: \"...\""),
        ("\n\ntitle 5", "line 3, column 7: Expected '=' after a key in a key/value pair; write key = value"),
        ('a = "x\nb = "y"\n', "line 1, column 7: Illegal character '\\n'; " + CLOSE),
        ("a = 'x\nb = 'y'\n", "line 1, column 7: Found invalid character '\\n'; " + CLOSE),
        ("a = 'x\n", "line 2, column 1: Expected \"'\"; close the quotes"),
        ('a = "x\r"', "line 1, column 7: Illegal character '\\r'; escape it, as \\r or \\u0000, or remove it"),
        ('a = "x', "line 1, column 7: Unterminated string; close the quotes"),
        ("a = 1\na = 2\n", "line 2, column 6: Cannot overwrite a value; give each key once"),
        ("[a]\n[a]\n", "line 2, column 3: Cannot declare ('a',) twice; give each table once; a further family is [[family]]"),
        ("a = [1", "line 1, column 7: Unclosed array; separate with commas, close with ]"),
        ("a = {b = 1", "line 1, column 11: Unclosed inline table; separate with commas, close with }"),
        ('a = "\\d"', "line 1, column 8: Unescaped '\\' in a string; write / or \\\\, or quote with '...'"),
        (b'a = "\x00"', "line 1, column 6: Illegal character '\\x00'; escape it, as \\r or \\u0000, or remove it"),
        ("a = 1 b = 2", "line 1, column 7: Expected newline or end of document after a statement; start a new line"),
        ("[a", "line 1, column 3: Expected ']' at the end of a table declaration; close the heading with as many brackets"),
        ("a = 1\n\xe9".encode("latin-1"), "line 2, column 1: byte 0xe9 is not UTF-8; save it as UTF-8"),
        ("a = 1".encode("utf-16"), "line 1, column 1: byte 0xff is not UTF-8; save it as UTF-8"),
        ("a = " + "[" * 5000, "lists or tables are nested hundreds deep; no list needs more than 4"),
        ("a = " + "{a=" * 5000, "lists or tables are nested hundreds deep; no list needs more than 4"),
        ("a = " + "9" * 5000, "holds a number with thousands of digits; shorten it"),
        ("\nx = 1\n" + "a." * 50_000 + "b = 1", "line 3, column 1: a key of over 8 parts; no key of a list has more than 5"),
        ("a = {" + '"\\"".' * 50_000 + "b = 1}", "line 1, column 5: a key of over 8 parts; no key of a list has more than 5"),
        (b"#" * (2 * 2**20 + 1), "is over 2 MiB, which no list needs; split it"),
    ],
)  # fmt: skip
def test_what_is_no_toml(text: str | bytes, expected: str, tmp_path: Path) -> None:
    assert mistakes(tmp_path, text) == [expected]
