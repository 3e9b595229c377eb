"""Make an environment and install this clone into it: with uv, which is fast, or else with pip.

    python3 install.py .venv                     core dependencies
    python3 install.py .venv --extras dev,track --torch cpu

uv reads none of pip's settings. Where pip has some that say what is installed, or where from, pip
installs, and so it does where uv fails. `make` calls this; it needs no package.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent
INDEX = "https://download.pytorch.org/whl"  # /cpu, /cu126, ...: builds of PyTorch
PATIENCE = 10  # s for an answer of it
OLDEST = (3, 11)
# Settings of pip that change neither what is installed nor where it comes from.
HARMLESS = """
break-system-packages cache-dir compile default-timeout disable-pip-version-check keyring-provider
log no-cache-dir no-color no-compile no-input no-python-version-warning no-warn-script-location
progress-bar quiet require-virtualenv resume-retries retries root-user-action timeout verbose yes
"""
LEFT_OUT = "birdsong"  # what this distribution was called before


def environment_of(folder: Path) -> Path:
    """The Python of the environment in `folder`."""
    inside = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    return folder.absolute() / inside


def settings(listed: str) -> list[str]:
    """The names in an answer of `pip config list` that only pip obeys."""
    keys = (line.partition("=")[0] for line in listed.splitlines() if "=" in line)
    names = {key.rpartition(".")[2].strip().lower().replace("_", "-") for key in keys}
    return sorted(names.difference(HARMLESS.split()))


def answers(url: str) -> bool:
    """Whether a page can be reached."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE):
            return True
    except (OSError, ValueError):
        return False


def main(arguments: list[str]) -> int:
    """Install; the exit code."""
    parser = argparse.ArgumentParser(description="make an environment with this clone in it")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--extras", default="", help="of pyproject.toml: dev,track")
    parser.add_argument("--torch", default="", help="a build of PyTorch: cpu, cu128, auto (uv)")
    parser.add_argument("--installer", default="", choices=["", "uv", "pip"])
    asked = parser.parse_args(arguments)
    if sys.version_info < OLDEST:
        return failed(f"Python {sys.version.split()[0]} is older than 3.11; choose another")
    python = environment_of(asked.folder)
    if not python.exists() and run([sys.executable, "-m", "venv", str(asked.folder)]):
        return failed("no virtual environment; on Debian: apt-get install python3-venv")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    mine = settings(output([*pip, "config", "list"]))
    pip.append("--quiet")
    if f": {ROOT}" in output([*pip[:-1], "show", LEFT_OUT]):  # its "Editable project location"
        run([*pip, "uninstall", "--yes", LEFT_OUT])
    wanted = ["-e", f"{ROOT}[{asked.extras}]" if asked.extras else str(ROOT)]
    if asked.installer == "uv" or (not asked.installer and not mine):
        if with_uv(python, pip, wanted, asked.torch):
            return 0
        tell("uv could not install; now pip")
    elif not asked.installer:
        tell(f"pip installs, since it has settings that uv does not read: {', '.join(mine)}")
    return with_pip(python, pip, wanted, asked.torch)


def with_uv(python: Path, pip: list[str], wanted: list[str], torch: str) -> bool:
    """Whether uv, installed first where it is not there, could do it."""
    if run([*pip, "install", "uv"]):
        return False
    backend = ["--torch-backend", torch] if torch else []
    uv = [str(python), "-m", "uv", "pip", "install", "--quiet", "--python", str(python)]
    return run([*uv, *backend, *wanted]) == 0


def with_pip(python: Path, pip: list[str], wanted: list[str], torch: str) -> int:
    """The exit code. A build of PyTorch comes from PyTorch's own index beside those of the user,
    who is told where it could not."""
    more: list[str] = []
    if torch == "auto":
        tell("TORCH=auto is uv's; pip takes the build that its index has")
    elif torch and answers(f"{INDEX}/{torch}/torch/"):
        more = ["--extra-index-url", f"{INDEX}/{torch}"]
    if run([*pip, "install", *more, *wanted]):
        return failed("pip could not install; what it said is above. The same command tries again")
    version = "from importlib.metadata import version; print(version('torch'))"
    found = output([str(python), "-c", version]).strip()
    if torch not in ("", "auto") and not found.endswith(f"+{torch}"):
        tell(f"TORCH={torch}: {INDEX}/{torch} has none for here, or does not answer; got {found}")
    return 0


def run(command: list[str]) -> int:
    """The exit code of a command that speaks for itself."""
    try:
        return subprocess.run(command, cwd=ROOT).returncode
    except OSError as error:
        tell(f"{command[0]}: {error.strerror}")
        return 1


def output(command: list[str]) -> str:
    """What a command says; nothing where it fails."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout


def tell(line: str) -> None:
    """Say a line at once."""
    sys.stderr.write(f"install: {line}\n")
    sys.stderr.flush()


def failed(line: str) -> int:
    """Say what went wrong."""
    sys.stderr.write(f"error: {line}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
