"""The lock, the licences and the audit of what the project is built on."""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.supply.audit import audit, judged
from tests.supply.licences import ALLOWED, PAGE, is_free
from tests.supply.lock import LOCK, ROOT, normal, project, read_lock


def requirements() -> dict[str, list[Requirement]]:
    """By the extra that wants them, "" for all that is always needed."""
    found = {"": project()["dependencies"], **project()["optional-dependencies"]}
    return {extra: [Requirement(text) for text in texts] for extra, texts in found.items()}


def test_every_dependency_is_bounded_below_and_above() -> None:
    build = re.search(r"^requires = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(), re.M)
    assert build
    every = [one for wanted in requirements().values() for one in wanted]
    every += [Requirement(text) for text in json.loads(f"[{build[1]}]")]
    assert len(every) > 20
    for one in every:
        operators = {specifier.operator for specifier in one.specifier}
        assert "==" in operators or operators >= {">=", "<"}, str(one)


def test_the_lock_satisfies_every_extra() -> None:
    locked = read_lock()
    for extra, wanted in requirements().items():
        for one in wanted:
            version = locked[normal(one.name)]
            assert one.specifier.contains(version, prereleases=True), f"{extra}: {one}, {version}"


def test_the_lock_has_what_its_packages_need() -> None:
    """And versions that they accept, of those that are installed here in the version locked."""
    locked, seen = read_lock(), 0
    for name, version in locked.items():
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        if found.version != version:
            continue
        seen += 1
        for text in found.requires or []:
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                assert normal(need.name) in locked, f"{name} needs {need}"
                assert need.specifier.contains(locked[normal(need.name)], prereleases=True), text
    assert seen, "nothing here is of the lock"


def test_the_lock_says_where_it_holds_and_no_place_to_download_from() -> None:
    text = LOCK.read_text()
    assert re.match(r"# By `make lock` for \w+ \w+, CPython 3\.\d+, .*PyTorch", text)
    assert "://" not in text and "--index" not in text and "--find-links" not in text
    names = [line.split("==")[0] for line in text.splitlines() if not line.startswith("#")]
    assert names == sorted(set(names)), "each once, in order"


def test_every_locked_package_is_listed_with_a_licence_that_goes_with_mit() -> None:
    rows = re.findall(
        r"^\| ([\w.-]+) \| (\S+) \| (.+?) \| (?:direct)? ?\|$", PAGE.read_text(), re.M
    )
    listed = {name: (version, licence) for name, version, licence in rows if name != "package"}
    locked = read_lock()
    assert {name: version for name, (version, _) in listed.items()} == locked
    for name, (_, licence) in listed.items():
        assert is_free(licence) or ALLOWED.get(name), f"{name}: {licence}"


@pytest.mark.parametrize(
    ("expression", "free"),
    [
        ("MIT", True),
        ("Apache-2.0 WITH LLVM-exception AND (MIT OR GPL-3.0-only)", True),
        ("(MPL-2.0 AND (Apache-2.0 OR MIT))", True),
        ("GPL-2.0-or-later", False),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-only OR SSPL-1.0", False),
        ("LGPL-2.1-only", False),
        ("CC-BY-NC-4.0", False),
        ("Proprietary", False),
        ("unknown", False),
    ],
)
def test_which_licences_go_with_mit(expression: str, free: bool) -> None:
    assert is_free(expression) == free


def answer(*packages: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": list(packages), "fixes": []}


FINE = {"name": "a", "version": "1.0", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "Dependency not found"}
FAULTY = {
    "name": "c",
    "version": "2.0",
    "vulns": [
        {"id": "PYSEC-1", "fix_versions": ["2.1", "3.0"], "aliases": [], "description": "..."},
        {"id": "PYSEC-2", "fix_versions": [], "aliases": [], "description": "..."},
    ],
}


def test_what_an_answer_means() -> None:
    good = judged(answer(FINE, SKIPPED))
    assert (good.bad, good.lines) == (False, ["audit: no known fault in 1 of 2 packages"])
    bad = judged(answer(FINE, FAULTY))
    assert bad.bad and len(bad.lines) == 3
    assert bad.lines[0].startswith("error: c 2.0: PYSEC-1, mended in 2.1, 3.0; ")
    assert bad.lines[1].startswith("error: c 2.0: PYSEC-2, open; ")
    nobody = judged(answer(SKIPPED))
    assert not nobody.bad
    assert nobody.lines == ["audit: skipped: the advisory service knows none of the packages"]


def program(folder: Path, text: str) -> tuple[str, ...]:
    """A stand-in for pip-audit at the end of its own process: what it answers cannot be had from
    the service at will."""
    (folder / "audit.py").write_text(text)
    return sys.executable, str(folder / "audit.py")


def test_a_service_that_does_not_answer_is_left_after_its_time(tmp_path: Path) -> None:
    found = audit(program(tmp_path, "import time; time.sleep(30)"), probe=0.5)
    assert found.lines == ["audit: skipped: no answer from the advisory service in 0.5 s"]
    assert not found.bad
    found = audit(program(tmp_path, "raise SystemExit('ServiceError: no route')"))
    assert not found.bad and found.lines == ["audit: skipped: ServiceError: no route"]
    assert "skipped" in audit((str(tmp_path / "missing"),)).lines[0]


def test_a_service_that_answers_is_asked_about_all(tmp_path: Path) -> None:
    command = program(
        tmp_path,
        "import json, sys\n"
        "given = sys.argv[sys.argv.index('-r') + 1]\n"
        "pins = [line.split('==') for line in open(given).read().split()]\n"
        "told = [dict(name=n, version=v, vulns=[]) for n, v in pins]\n"
        "if len(told) > 1: told[0]['vulns'] = [dict(id='X', fix_versions=['9'])]\n"
        "json.dump(dict(dependencies=told), open(sys.argv[sys.argv.index('-o') + 1], 'w'))\n",
    )
    found = audit(command)
    assert found.bad and found.lines[-1] == f"audit: 1 known faults in {len(read_lock())} packages"
