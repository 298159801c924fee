"""What the project says about itself, held against what it is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import reportgen
from reportgen import resources

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = [text for extra in PROJECT["optional-dependencies"].values() for text in extra]
REQUIREMENTS = {canonicalize_name(r.name): r for r in map(Requirement, [*PROJECT["dependencies"], *EXTRAS])}
PINS = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
WORKFLOWS = [*sorted((ROOT / ".github" / "workflows").glob("*.yml")), ROOT / "action.yml"]


def imported_names() -> set[str]:
    """Top-level names that the package imports from outside, lazily or not."""
    names: set[str] = set()
    for file in (ROOT / "reportgen").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names - {"reportgen"} - set(sys.stdlib_module_names)


def test_dependencies_are_what_the_package_imports() -> None:
    owners = metadata.packages_distributions()
    imported = {canonicalize_name(owners[name][0]) for name in imported_names() if name in owners}
    # Triton comes with PyTorch where there is CUDA; the others are faces of Kaleido, Jinja2 and pydantic.
    faces = {"triton", "choreographer", "markupsafe", "pydantic-core"}
    assert imported - faces == set(REQUIREMENTS)


@pytest.mark.parametrize("name", sorted(REQUIREMENTS))
def test_dependency_has_a_lower_bound_and_a_pin_within_its_range(name: str) -> None:
    requirement = REQUIREMENTS[name]
    assert [s.operator for s in requirement.specifier if s.operator != "<"] == [">="]
    pins = {canonicalize_name(pinned): version for pinned, version in PINS.items()}
    assert requirement.specifier.contains(pins[name])


def test_docs_give_each_dependency_a_reason() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").split("## For")[0]
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\S[^|]*) \|", text, re.MULTILINE)
    assert {name for name, _ in rows} == set(REQUIREMENTS)


def test_version_is_said_once_and_agrees_everywhere() -> None:
    version = reportgen.__version__
    assert PROJECT["dynamic"] == ["version"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    shown = subprocess.run(
        [sys.executable, "-m", "reportgen", "--version"], capture_output=True, text=True, check=True
    )
    assert shown.stdout == f"reportgen {version}\n"


def test_shipped_folders_are_found() -> None:
    assert (resources.folder("templates") / "report.html.j2").is_file()
    assert (resources.folder("model_lists") / "demo.toml").is_file()


def test_readme_opens_with_the_two_lines_and_ci_runs_the_second() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    install = "python3 -m venv .venv && .venv/bin/pip install nox && .venv/bin/nox -s"
    assert f"\n{install} report\n" in readme
    assert f"\n{install} tests\n" in readme
    pattern = re.search(r"grep -m 1 '(.+)' README.md", (ROOT / ".ci" / "run").read_text())
    assert pattern
    assert re.findall(rf"(?m)^.*{pattern[1]}", readme)[0] == f"{install} tests"


def test_readme_list_works_as_it_stands(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    (run,) = re.findall(r"```json\n(.*?)```", readme, re.DOTALL)
    assert shown.count("\n") == 6
    (tmp_path / "my-runs.toml").write_text(shown)
    for name in tomllib.loads(shown)["family"][0]["runs"]:
        file = tmp_path / "runs" / name / "training_loss.json"
        file.parent.mkdir(parents=True)
        file.write_text(run)
    build = [sys.executable, "-m", "reportgen", "build", "my-runs.toml", "-o", "my-report"]
    options = ["--format", "html", "--no-cache"]
    built = subprocess.run([*build, *options], cwd=tmp_path, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "my-report" / "report.html").is_file()


@pytest.mark.parametrize(
    "page", sorted(p.relative_to(ROOT).as_posix() for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
)
def test_links_lead_somewhere(page: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in t]
    assert [t for t in targets if t and not (ROOT / page).parent.joinpath(t).exists()] == []


def test_contributing_names_every_session() -> None:
    sessions = {
        node.name
        for node in ast.parse((ROOT / "noxfile.py").read_text()).body
        if isinstance(node, ast.FunctionDef) and any("session" in ast.unparse(d) for d in node.decorator_list)
    }
    table = (ROOT / "CONTRIBUTING.md").read_text().split("## Where")[0]
    assert sessions <= set(re.findall(r"`([a-z]+)`", table))


def test_actions_are_pinned_by_commit_and_alike() -> None:
    files = [*WORKFLOWS, ROOT / "docs" / "nightly.md"]
    uses = [
        line
        for file in files
        for line in re.findall(r"uses: (\S.*)", file.read_text())
        if "/reportgen@" not in line
    ]
    pinned = [re.fullmatch(r"([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", line) for line in uses]
    assert len(uses) > 10
    assert all(pinned), uses
    repositories = {(m[1].split("/")[1], m[2], m[3]) for m in pinned if m}
    assert len({name for name, _, _ in repositories}) == len(repositories)


@pytest.mark.parametrize(
    "file", [path for path in WORKFLOWS if path.name != "action.yml"], ids=lambda path: path.name
)
def test_workflows_get_no_permission_but_what_a_job_names(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] == {}
    writing = {
        (name, scope)
        for name, job in workflow["jobs"].items()
        for scope, level in job["permissions"].items()
        if level == "write"
    }
    assert writing <= {("publish", "pages"), ("publish", "id-token")}


def test_action_hands_over_every_input_and_output() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    steps = {step["id"]: step for step in action["runs"]["steps"]}
    given = {*steps["install"]["env"], *steps["build"]["env"]} - {"PYTHON"}
    assert given == {name.upper() for name in action["inputs"]}
    module = (ROOT / "reportgen" / "github_action.py").read_text()
    assert set(re.findall(r'environment\["([A-Z]+)"\]', module)) == given - {"VERSION"}
