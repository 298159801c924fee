"""The project's chores: ``nox -s report`` builds a report, ``nox -l`` lists the rest."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["report"]

ROOT = Path(__file__).resolve().parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")

# Where a GPU is seen, the package takes what uses it: hundreds of megabytes to gigabytes.
EXTRA = (
    "[gpu]" if shutil.which("nvidia-smi") or (sys.platform, platform.machine()) == ("darwin", "arm64") else ""
)

# A report was written: with runs missing (3) or without one of its formats (5), which reportgen has said.
WRITTEN = (0, 3, 5)


# What writes the files in tests/data, each as it is today: tests/tools/make_<tool>.py.
TOOLS = {
    "keras": ("keras", "torch"),
    "lightning": ("lightning",),
    "mlflow": ("mlflow",),
    "tensorboard": ("tensorboard", "lightning", "transformers", "accelerate"),
    "trackio": ("trackio",),
    "transformers": ("transformers", "accelerate"),
    "wandb": ("wandb",),
}


def install(session: nox.Session, *groups: str, package: bool = True) -> None:
    """Installs the package and dependency groups, pinned; does nothing where nothing has changed."""
    wanted = [
        *(["--editable", f".{EXTRA}"] if package else []),
        *nox.project.dependency_groups(PROJECT, *groups),
    ]
    inputs = [(ROOT / name).read_text() for name in ("pyproject.toml", "constraints.txt")]
    stamp = hashlib.sha256(repr([wanted, inputs]).encode()).hexdigest()
    installed = Path(session.virtualenv.location) / "reportgen-installed"
    if not installed.exists() or installed.read_text() != stamp:
        # Bytecode is written when a module is first used; that of all packages is a quarter of an environment
        # and half of the CPU seconds that it takes.
        session.install("--no-compile", "--constraint", "constraints.txt", *wanted)
        installed.write_text(stamp)


def install_system_parts(session: nox.Session, of: str = "reportgen") -> None:
    """Chrome or Chromium and Pango: installed where that needs no question, else one line says how."""
    if sys.platform == "darwin":
        # Homebrew's libraries lie where no interpreter but its own looks.
        session.env["DYLD_FALLBACK_LIBRARY_PATH"] = "/opt/homebrew/lib:/usr/local/lib:/usr/lib"
    session.run("python", "-m", f"{of}.system_parts", "--install", success_codes=[0, 1])


def with_output(arguments: list[str], folder: str) -> list[str]:
    """``arguments`` of ``reportgen build``, with ``-o folder`` where they name no output."""
    named = any(argument.startswith(("-o", "--out")) for argument in arguments)
    return arguments if named else [*arguments, "-o", folder]


@nox.session
def report(session: nox.Session) -> None:
    """Build the demo into report/; `-- LIST... [OPTIONS]` goes to `reportgen build`."""
    install(session)
    install_system_parts(session)
    arguments = with_output(session.posargs or ["demo", "--offline"], "report")
    session.run("python", "-m", "reportgen", "build", *arguments, success_codes=WRITTEN)
    if not session.posargs:
        command = sys.argv[0] if not Path(sys.argv[0]).is_absolute() else "nox"
        session.log(f"The report: {(ROOT / 'report' / 'report.html').as_uri()}")
        session.log(f"Quanta Maths, from the Hugging Face Hub: {command} -s report -- quanta-maths")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; `-- ARGS` goes to pytest."""
    install(session, "tests")
    install_system_parts(session, of="tests")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting with ruff, and that rooms import only from rooms below them."""
    install(session, "lint", package=False)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy, strict."""
    install(session, "types", "tests", "benchmarks")
    session.run("mypy")


@nox.session(reuse_venv=False)
def build(session: nox.Session) -> None:
    """Build the wheel, then the demo from it: in an empty environment, outside the checkout."""
    with tempfile.TemporaryDirectory() as empty:
        session.run("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", empty, ".")
        (wheel,) = Path(empty).glob("*.whl")
        inside = set(zipfile.ZipFile(wheel).namelist())
        shipped = session.run("git", "ls-files", "templates", "model_lists", external=True, silent=True)
        missing = [name for name in str(shipped).splitlines() if f"reportgen/{name}" not in inside]
        if missing:
            session.error(f"not in the wheel: {', '.join(missing)}")
        session.install("--constraint", "constraints.txt", str(wheel))
        session.chdir(empty)
        install_system_parts(session)
        session.run("reportgen", "build", "demo", "--offline", "-o", "report")
        session.run("reportgen", "check", "quanta-maths")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure against the notebook's way and others; `-- --gpu` adds the CUDA rows."""
    install(session, "benchmarks")
    install_system_parts(session)
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def nightly(session: nox.Session) -> None:
    """Build tonight's Quanta Maths report, compare it with last night's and file both under nightly/."""
    install(session)
    install_system_parts(session)
    arguments = session.posargs or ["quanta-maths"]
    session.run("python", "-m", "reportgen.nightly", "nightly", *arguments, success_codes=WRITTEN)


@nox.session
def faults(session: nox.Session) -> None:
    """Kill a real build at 50 random moments; `-- --kills N` for another number."""
    install(session, "tests")
    install_system_parts(session)
    session.run("python", "-m", "pytest", "-m", "faults", *(session.posargs or ["--kills", "50"]))


@nox.session
def tools(session: nox.Session) -> None:
    """Write the tests' files of real tools again; `-- TOOL...` names them."""
    for tool in session.posargs or TOOLS:
        session.install("--upgrade", *TOOLS[tool])
        session.run("python", f"tests/tools/make_{tool}.py")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz the readers for 10 minutes each; `-- ARGS` goes to the fuzzer."""
    install(session, "fuzz")
    session.run("python", "-m", "tests.fuzz", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """Run the tests with the oldest dependencies that pyproject.toml allows."""
    project = PROJECT["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    oldest = [line.split(",")[0].replace(">=", "==") for line in (*project["dependencies"], *extras)]
    groups = nox.project.dependency_groups(PROJECT, "tests")
    session.install("--editable", ".", *oldest, *groups)
    install_system_parts(session, of="tests")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def latest(session: nox.Session) -> None:
    """Run the tests with the newest versions of all dependencies, whatever constraints.txt says."""
    groups = nox.project.dependency_groups(PROJECT, "tests")
    session.install("--upgrade", "--upgrade-strategy", "eager", "--editable", ".", *groups)
    install_system_parts(session, of="tests")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def audit(session: nox.Session) -> None:
    """Look up known vulnerabilities of the pinned versions."""
    install(session, "audit", package=False)
    # Strict: a version that nothing is known about fails, rather than passing for a safe one.
    pins = ("--requirement", "constraints.txt", "--no-deps", "--disable-pip")
    session.run("pip-audit", "--strict", *pins, *session.posargs)


@nox.session
def workflows(session: nox.Session) -> None:
    """Check the workflows and the action: their schema, then their security, offline."""
    install(session, "workflows", package=False)
    guide = (ROOT / "docs" / "nightly.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(name: .*?)```", guide, re.DOTALL)
    example = Path(session.create_tmp()) / ".github" / "workflows" / "nightly.yml"
    example.parent.mkdir(parents=True, exist_ok=True)
    example.write_text(shown.replace("@COMMIT", f"@{'0' * 40}"), encoding="utf-8")
    files = [*sorted(str(path) for path in Path(".github/workflows").glob("*.yml")), str(example)]
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files)
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")
    session.run("zizmor", "--offline", "--persona", "pedantic", *files, "action.yml")
