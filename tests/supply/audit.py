"""Known faults of the locked packages, asked of the advisory service through pip-audit.

Where it cannot be asked, that is said in a line and is no failure: work goes on without a network.
A fault that is known is one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.supply.lock import read_lock

PROBE, PATIENCE = 8.0, 240.0  # s; whether anybody answers for one package, then for all
FIRST = "pip"  # which everybody knows
COMMAND = (sys.executable, "-m", "pip_audit")


@dataclass(frozen=True)
class Audit:
    """What was found, as lines for a terminal, and whether it has to be mended."""

    lines: list[str]
    bad: bool = False


def audit(command: tuple[str, ...] = COMMAND, probe: float = PROBE) -> Audit:
    """Ask about every locked package, once one was answered within `probe` seconds. `command` is
    pip-audit."""
    # Of a build such as 2.13.0+cpu the service knows the version alone.
    pins = {name: version.partition("+")[0] for name, version in read_lock().items()}
    first = ask({FIRST: pins[FIRST]}, command, probe)
    if isinstance(first, str):
        return _skipped(first)
    if not any("vulns" in item for item in first["dependencies"]):
        return judged(first)
    answer = ask(pins, command, PATIENCE)
    return _skipped(answer) if isinstance(answer, str) else judged(answer)


def ask(pins: dict[str, str], command: tuple[str, ...], patience: float) -> dict[str, Any] | str:
    """What pip-audit says of these versions, in JSON; or in words, why it says nothing."""
    options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "5"]
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = Path(folder) / "asked.txt", Path(folder) / "answer.json"
        asked.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()))
        line = [*command, "-r", str(asked), *options, "-f", "json", "-o", str(answer)]
        try:
            told = subprocess.run(
                line, capture_output=True, text=True, timeout=patience, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return f"no answer from the advisory service in {patience:g} s"
        except OSError as error:
            return f"{command[0]}: {error.strerror}"
        if answer.exists():
            return dict(json.loads(answer.read_text()))
        words = [text for text in told.stderr.splitlines() if text.strip()]
        return words[-1].strip()[:200] if words else "pip-audit gave no answer"


def judged(answer: dict[str, Any]) -> Audit:
    """What an answer of pip-audit, in JSON, means."""
    known = [item for item in answer["dependencies"] if "skip_reason" not in item]
    if not known:
        return _skipped("the advisory service knows none of the packages")
    lines = [
        f"error: {item['name']} {item['version']}: {fault['id']}, "
        f"{'mended in ' + ', '.join(fault['fix_versions']) if fault['fix_versions'] else 'open'}; "
        f"raise its bound in pyproject.toml and run make lock"
        for item in known
        for fault in item["vulns"]
    ]
    total = len(answer["dependencies"])
    asked = str(total) if len(known) == total else f"{len(known)} of {total}"
    found = f"{len(lines)} known faults" if lines else "no known fault"
    return Audit([*lines, f"audit: {found} in {asked} packages"], bool(lines))


def _skipped(why: str) -> Audit:
    return Audit([f"audit: skipped: {why}"])
