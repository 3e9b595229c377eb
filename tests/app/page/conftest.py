"""One browser in front of one page, for all tests of it: both take seconds to start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made import request_of
from visitor import SAID, Visitor

from experiments.app.session import Session
from experiments.data.voice import speak
from experiments.frontend.wave import write_wave
from tests.conftest import chromium

MICROPHONE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="session")
def session(served: Callable[[str], Path], place: Path) -> Iterator[Session]:
    runs = served("attends"), served("plain"), served("styled")
    session = Session(request_of(*runs, preferences=str(place / "preferences.jsonl")))
    yield session
    session.close()


@pytest.fixture(scope="session")
def url(session: Session) -> Iterator[str]:
    from experiments.app.serve import address_of, listening, served

    with listening("127.0.0.1", 0) as listener, served(session, listener):
        yield address_of(listener)


@pytest.fixture(scope="session")
def said(place: Path) -> Path:
    """What the microphone hears."""
    pytest.importorskip("espeakng_loader", reason="needs the extra speech")
    return write_wave(place / "said.wav", *speak("espeak/m3", SAID))


@pytest.fixture(scope="session")
def driver(place: Path, said: Path) -> Iterator[Any]:
    """One browser for all: it takes seconds to start."""
    heard = f"--use-file-for-fake-audio-capture={said}"
    with chromium(place, *MICROPHONE, heard) as driver:
        yield driver


@pytest.fixture
def visitor(driver: Any, url: str) -> Iterator[Visitor]:
    """In front of the page as it is opened; at the end nothing was wrong, and nobody else asked."""
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.get("about:blank")
    driver.get_log("performance")
    driver.get_log("browser")
    visitor = Visitor(driver, url)
    visitor.open()
    yield visitor
    asked = visitor.asked()
    assert f"{url}/" in asked and all(one.startswith(url) for one in asked)
    assert driver.get_log("browser") == []
