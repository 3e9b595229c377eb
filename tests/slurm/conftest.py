from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # what the tests here share

from one_node import OneNode, missing, one_node

RUNNING: list[OneNode] = []


@pytest.fixture(scope="session")
def cluster() -> Iterator[OneNode]:
    """A SLURM for the tests of this folder."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with one_node() as made:
        RUNNING.append(made)
        yield made
        RUNNING.clear()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """The logs of the cluster, where a test on it fails."""
    report = (yield).get_result()
    if report.failed and RUNNING and "cluster" in getattr(item, "fixturenames", ()):
        report.sections.append(("logs of the cluster", RUNNING[0].logs()))
