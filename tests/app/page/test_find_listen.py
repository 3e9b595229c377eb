"""Find, listen and move in a real browser: real pictures by words, songs and their birds, clips."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made import RED, request_of
from PIL import Image
from visitor import ENTER, NAMELESS, PHONE, SAID, Visitor

from experiments.app.session import Session
from experiments.app.wish import Wish

pytestmark = pytest.mark.browser
pytest.importorskip("gradio", reason="needs the extra app")
RECALL = {"picture_recall_at_5/damsm/real": 0.25, "picture_recall_at_5/damsm/chance": 0.1}
FIELD = "return document.querySelectorAll('#listen input[type=file]')[arguments[0]]"
PICK = """
const select = document.querySelector(`${arguments[0]} .pick select`);
select.value = arguments[1];
select.dispatchEvent(new Event("change"));
"""


@pytest.fixture(scope="module")
def session(served: Callable[[str], Path], place: Path) -> Iterator[Session]:
    """One that searches and whose run says how well, one that sings, one that moves."""
    runs = served("attends"), served("sings"), served("moves")
    told = {"images": 32, "scores": RECALL, "skipped": {}, "protocol": {}}
    scores = runs[0] / "scores.json"
    scores.write_text(json.dumps(told))
    session = Session(request_of(*runs, preferences=str(place / "preferences.jsonl")))
    scores.unlink()  # other tests have the same run
    yield session
    session.close()


@pytest.fixture(scope="module")
def url(session: Session) -> Iterator[str]:
    """Of this session, not of the one that other tests of the page share."""
    from experiments.app.serve import address_of, listening
    from experiments.app.serve import served as serving

    with listening("127.0.0.1", 0) as listener, serving(session, listener):
        yield address_of(listener)


def test_words_find_real_pictures(visitor: Visitor, session: Session) -> None:
    visitor.tab("Find")
    note = visitor.one("#find .note").text
    assert "R@5, pictures found (damsm) 25.0 % (chance 10.0 %)" in note.replace("\xa0", " ")
    # Of the three only one has encoders of words and pictures.
    assert not visitor.all("#find .pick select")
    visitor.write("#find textarea", RED + ENTER)
    shown = visitor.some("#find .found img", 12)
    found = session.find("attngan", RED, 12)
    assert [one.get_attribute("alt") for one in shown] == [
        f"{at}: {one.caption}" for at, one in enumerate(found, 1)
    ]
    near = [float(one.text) for one in visitor.all("#find .near-by")]
    assert near == sorted(near, reverse=True) and len(near) == 12
    assert visitor.one("#find .status").text == "The 12 nearest real pictures, the nearest first."
    visitor.write("#find textarea", "xqzzk" + ENTER)
    visitor.one("#told.fault", "no word is known")
    assert visitor.run(NAMELESS) == []


def test_what_is_said_finds_them_too(visitor: Visitor, said: Path) -> None:
    pytest.importorskip("pocketsphinx", reason="needs the extra app")
    visitor.tab("Find")
    field = "return document.querySelector('#find input[type=file]')"
    visitor.run(field).send_keys(str(said))
    visitor.some("#find .found img", 12)
    heard = visitor.one("#find textarea").get_attribute("value")
    assert len(set(heard.split()) & set(SAID.split())) >= 6, heard
    assert visitor.one("#find .status", "Heard").text.startswith(f"Heard “{heard}”")


def test_a_song_and_its_bird_both_ways(visitor: Visitor, session: Session, place: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(place / "bird.png")
    name = session.models[1].name
    picture = (place / "bird.png").read_bytes()
    sung = session.draw(name, Wish(picture=picture, count=1)).made[0].sound
    assert sung is not None
    (place / "song.wav").write_bytes(sung)
    visitor.tab("Listen")
    visitor.run(FIELD, 0).send_keys(str(place / "song.wav"))
    assert len(visitor.some("#listen .shot:not(.waiting) .large img", 2)) == 2
    assert visitor.one("#listen .holding .name").text == "song.wav"
    visitor.click("#listen .tool", "Hear the first one")
    songs = visitor.some("#listen .shot audio", 2)
    assert all(one.get_attribute("src").startswith("data:audio/wav") for one in songs)
    visitor.until("return document.querySelector('#listen .shot audio').duration > 0.5", True)
    visitor.run("document.querySelectorAll('#listen .grid')[1].querySelector('.large').click()")
    visitor.one("#listen .detail")
    visitor.click("#listen .detail .tool", "Download")
    visitor.saved(place / "saved", "wav")
    visitor.click("#listen .tool", "See the first one")
    visitor.one("#listen .holding .name", "-seed-0.wav")
    assert visitor.run(NAMELESS) == []


def test_clips_play_and_are_saved(visitor: Visitor, session: Session, place: Path) -> None:
    about = session.models[2]
    visitor.run(PICK, "#describe", about.name)
    visitor.write("#describe textarea", RED + ENTER)
    shown = visitor.some("#describe .shot:not(.waiting) img", 4)
    assert all(one.get_attribute("src").startswith("data:image/gif") for one in shown)
    visitor.all("#describe .large")[0].click()
    assert (
        visitor.one("#describe .detail .canvas img")
        .get_attribute("src")
        .startswith("data:image/gif")
    )
    visitor.click("#describe .detail .tool", "Download")
    path = visitor.saved(place / "saved", "gif")
    with Image.open(path) as film:
        assert getattr(film, "n_frames", 1) > 4
    assert f"caption: {RED}\nseed: 0\nrun: {about.run}".encode() in path.read_bytes()


def test_on_a_phone(visitor: Visitor, driver: Any) -> None:
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    visitor.open()
    for name, css in (("Find", "#find textarea"), ("Listen", "#listen h2")):
        visitor.tab(name)
        visitor.one(css)
        assert visitor.fits() and visitor.run(NAMELESS) == [], name
