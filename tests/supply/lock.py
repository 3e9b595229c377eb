"""`requirements.lock`: every package with its version and checksum, as pip resolves them here.

No place that packages come from is written: whoever installs from the lock uses their own.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
LINE = re.compile(r"([\w.-]+)==(\S+) --hash=sha256:([0-9a-f]{64})")


def project() -> dict[str, Any]:
    """The table `project` of pyproject.toml."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


def normal(name: str) -> str:
    """A name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(path: Path = LOCK) -> dict[str, str]:
    """Version by normal name; every line that is no comment must be a pin with a checksum."""
    found = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match, f"{path}: {line}"
            found[normal(match[1])] = match[2]
    return found


def write_lock() -> int:
    """Resolve the project with all of its extras anew, and write the lock; the number of packages.

    Raises `SystemExit` with what pip said where it finds no solution.
    """
    extras = ",".join(project()["optional-dependencies"])
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    wanted = ["--dry-run", "--ignore-installed", "--report", "-", "-e", f".[{extras}]"]
    told = subprocess.run([*pip, *wanted], cwd=ROOT, capture_output=True, text=True)
    if told.returncode:
        raise SystemExit(f"error: pip finds no solution: {told.stderr.strip()[-2000:]}")
    packages = {}
    for item in json.loads(told.stdout)["install"]:
        name, version = item["metadata"]["name"], item["metadata"]["version"]
        if normal(name) == project()["name"]:
            continue
        digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
        packages[normal(name)] = f"{normal(name)}=={version} --hash=sha256:{digest}"
    lines = [packages[name] for name in sorted(packages)]
    LOCK.write_text("\n".join([*about(lines), *lines]) + "\n")
    return len(packages)


def about(packages: list[str]) -> list[str]:
    """The comment at its head: what it is for, and where it holds."""
    python = ".".join(platform.python_version_tuple()[:2])
    machine = f"{platform.system()} {platform.machine()}"
    torch = next(line.split(" ")[0] for line in packages if line.startswith("torch=="))
    build = "the CPU build of PyTorch" if torch.endswith("+cpu") else torch
    return [
        f"# By `make lock` for {machine}, CPython {python}, {build}.",
        "# pip install --require-hashes -r requirements.lock && pip install --no-deps -e .",
    ]
