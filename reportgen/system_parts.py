"""The two parts that pip does not bring: a Chrome (figures for paper) and Pango (the PDF).

``python -m reportgen.system_parts`` says what is missing and how to get it, one line each;
``--install`` first installs it where that needs nobody's leave: as root, or in CI, with apt-get.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CHROME", "PANGO", "Part", "how_to_get", "install", "main", "missing"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the system.

    Attributes:
        name: In words.
        needed_for: What there is none of without it.
        debian: Its packages, on Debian; on Ubuntu too, unless ``snap``.
        snap: Ubuntu's package is a snap, which no container can run.
        elsewhere: How to get it on ``Darwin``, ``Windows`` and other ``Linux``.
    """

    name: str
    needed_for: str
    debian: tuple[str, ...]
    snap: bool
    elsewhere: dict[str, str]


CHROME = Part(
    name="Chrome or Chromium",
    needed_for="PDF and no figure files",
    debian=("chromium",),
    snap=True,
    elsewhere={
        "Darwin": "brew install --cask google-chrome",
        "Windows": "winget install Google.Chrome",
        "Linux": f"{Path(sys.executable).with_name('kaleido_get_chrome')}, or your system's Chromium package",
    },
)
PANGO = Part(
    name="Pango",
    needed_for="PDF",
    debian=("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"),
    snap=False,
    elsewhere={
        "Darwin": "brew install pango",
        "Windows": "winget install MSYS2.MSYS2, then in its shell: pacman -S mingw-w64-ucrt-x86_64-pango",
        "Linux": "your system's pango package (dnf install pango, pacman -S pango, apk add pango)",
    },
)


def missing() -> tuple[Part, ...]:
    """The parts that are not there: asked of Kaleido and WeasyPrint, as those will look for them."""
    return (*(() if _has_chrome() else (CHROME,)), *(() if _has_pango() else (PANGO,)))


def how_to_get(part: Part) -> str:
    """The command that gets ``part`` on this system, or words where there is no such command."""
    distribution = _distribution()
    if distribution == "debian" or (distribution == "ubuntu" and not part.snap):
        sudo = "" if os.geteuid() == 0 else "sudo "
        return f"{sudo}apt-get install {' '.join(part.debian)}"
    return part.elsewhere.get(platform.system(), part.elsewhere["Linux"])


def install(parts: tuple[Part, ...]) -> bool:
    """Installs ``parts`` with apt-get.

    Returns:
        Whether apt-get was run: not where there is none, nor where it would need a password or
        a person's leave, nor where it has none of the parts.
    """
    distribution = _distribution()
    packages = [name for part in parts if distribution == "debian" or not part.snap for name in part.debian]
    if distribution is None or not packages or shutil.which("apt-get") is None:
        return False
    if os.geteuid() == 0:
        apt = ["apt-get"]
    elif os.environ.get("CI") and shutil.which("sudo"):
        apt = ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    else:
        return False
    sys.stderr.write(f"installing {', '.join(part.name for part in parts)} with apt-get\n")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        # A failure leaves the part missing, which is said next.
        asked = [*apt, "-qq", *command]
        subprocess.run(asked, env=environment, stdout=subprocess.DEVNULL, check=False)
    return True


def main(arguments: list[str] | None = None, missing: Callable[[], tuple[Part, ...]] = missing) -> int:
    """Says what is missing.

    Args:
        arguments: Of the command line; None takes the process's.
        missing: Looks for the parts; called again after an installation.

    Returns:
        0 when nothing is, else 1.
    """
    parser = argparse.ArgumentParser(prog="python -m reportgen.system_parts", description=__doc__)
    parser.add_argument("--install", action="store_true", help="install what is missing, where possible")
    options = parser.parse_args(arguments)
    absent = missing()
    if absent and options.install and install(absent):
        absent = missing()
    for part in absent:
        sys.stderr.write(f"{part.name} is missing, so no {part.needed_for}: {how_to_get(part)}\n")
    return 1 if absent else 0


def _has_chrome() -> bool:
    from choreographer.browsers.chromium import Chromium

    path = Chromium.find_browser(skip_local=False)
    if path is None:
        return False
    if platform.system() != "Linux":
        return Path(path).exists()
    # Ubuntu's chromium-browser is a stub that only names the snap. (Chrome on Windows opens a window here.)
    try:
        asked = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
        return asked.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _has_pango() -> bool:
    # In a process of its own: a library that was missing once is not looked for again in the same one.
    found = subprocess.run(
        [sys.executable, "-c", "import weasyprint"], capture_output=True, timeout=120, check=False
    )
    return found.returncode == 0


def _distribution() -> str | None:
    """``debian`` or ``ubuntu`` where packages come from one of them, else None."""
    if platform.system() != "Linux":
        return None
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return None
    family = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    return next((name for name in family if name in ("ubuntu", "debian")), None)


if __name__ == "__main__":
    sys.exit(main())
