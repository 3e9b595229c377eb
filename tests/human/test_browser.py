"""The page in a browser without a screen: ranked by mouse and by keyboard, saved, and counted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.human.answers import collect
from experiments.human.key import PAGE, RATE, Key, write_key
from experiments.human.page import Shown, png, render, wav

from .conftest import make_key

pytestmark = pytest.mark.browser
# Each of the sounds is played after the one before; how long they are.
PLAY = """
const [sounds, done] = arguments, lengths = [];
(async () => {
  for (const one of sounds) { one.muted = true; await one.play(); lengths.push(one.duration); }
  done(lengths);
})().catch((error) => done(String(error)));
"""
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


class Reader:
    """A person in front of the page, who likes the last run best and the first least."""

    def __init__(self, driver: Any, key: Key) -> None:
        self.driver, self.key = driver, key

    def by_id(self, name: str) -> Any:
        return self.driver.find_element("id", name)

    def press(self, keys: str) -> None:
        self.driver.switch_to.active_element.send_keys(keys)

    def start(self, name: str) -> None:
        field = self.by_id("participant")
        field.clear()
        field.send_keys(name + "\ue007")  # Enter

    def wanted(self, number: int) -> list[int]:
        """Places on the screen of caption `number`, the best first."""
        places = list(self.key.codes[number].values())
        return [places.index(run) for run in reversed(range(len(places)))]

    def click(self, number: int) -> None:
        cards = self.driver.find_elements("css selector", ".card")
        for place in self.wanted(number):
            if cards[place].get_attribute("aria-pressed") == "false":
                cards[place].click()

    def places(self) -> list[str]:
        return [found.text for found in self.driver.find_elements("css selector", ".place")]

    def shows(self, count: str) -> None:
        """Chromium may hand what the page stored to its next process a moment later."""
        end = time.monotonic() + 20
        while self.by_id("count").text != count:
            assert time.monotonic() < end, f"not {count}"
            time.sleep(0.5)
            if self.by_id("count").text != count:
                self.driver.refresh()

    def fits(self) -> bool:
        """Nothing lies beyond the right edge of the screen."""
        script = "return document.documentElement.scrollWidth <= window.innerWidth"
        return bool(self.driver.execute_script(script))

    def save(self, folder: Path) -> Path:
        before = set(folder.glob("*.json"))
        self.by_id("save").click()
        end = time.monotonic() + 20
        # The browser holds the name with an empty file until it has all.
        while not (new := {p for p in folder.glob("*.json") if p.stat().st_size} - before):
            assert time.monotonic() < end, "nothing was saved"
            time.sleep(0.05)
        return new.pop()


def test_by_mouse_and_by_keyboard(
    browser: Any, key: Key, folder: Path, tmp_path: Path, save: Callable[..., Path]
) -> None:
    reader, url, saved = Reader(browser, key), (folder / PAGE).as_uri(), tmp_path / "saved"
    browser.get(url)
    reader.start("Ada <i>L</i>")
    assert reader.by_id("caption").text == key.captions[0]  # no markup
    assert not reader.by_id("next").is_enabled() and reader.fits()
    reader.click(0)
    # The last picture has its place by itself; a click takes a place back.
    assert sorted(reader.places()) == ["1", "2", "3"]
    browser.find_elements("css selector", ".card")[reader.wanted(0)[1]].click()
    assert sorted(reader.places()) == ["", "1", "2"]
    reader.by_id("undo").click()
    reader.click(0)
    reader.by_id("next").click()
    reader.click(1)

    # The page is closed, and opened again on a phone.
    browser.get("about:blank")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    browser.get(url)
    reader.shows("2 of 4")
    assert reader.fits()
    assert sorted(reader.places()) == ["1", "2", "3"]
    reader.press("\ue014")  # right
    for number in (2, 3):
        reader.press("ABC"[reader.wanted(number)[2]])
        reader.press("\ue003")  # Backspace
        for place in reader.wanted(number)[:2]:
            reader.press("ABC"[place].lower())
        reader.press("\ue007")
    first = reader.save(saved)
    assert first.name == f"{key.page}-Ada-i-L-i.json"

    reader.by_id("again").click()
    browser.switch_to.alert.accept()
    reader.start("ben")
    for number in range(4):
        assert reader.places() == ["", "", ""]
        reader.click(number)
        reader.by_id("next").click()
    second = reader.save(saved)

    found = collect([first, second], folder.parent)
    assert found.refused == [] and found.folder == folder
    assert [answers.participant for answers in found.answers] == ["Ada <i>L</i>", "ben"]
    for answers in found.answers:
        assert all(0 < seconds < 60 for seconds in answers.seconds)
        for (ranks,), codes in zip(answers.given, key.codes, strict=True):
            assert [ranks[code] for code in sorted(codes, key=codes.__getitem__)] == [3, 2, 1]
    assert browser.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    requests = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    asked = [request["request"]["url"] for request in requests if request["documentURL"] == url]
    assert url in asked and all(link == url or link.startswith("data:") for link in asked)


def test_marks_for_sounds(browser: Any, tmp_path: Path) -> None:
    """Sounds play from a file of the disk, one at a time; marks are saved, and remembered."""
    key = make_key(2, form=RATE, questions=["How real?", "How <b>fit</b>?"])
    folder = tmp_path / "human" / key.page
    folder.mkdir(parents=True)
    write_key(key, folder)
    tone = np.sin(np.arange(16_000) / 9)
    made = [[[Shown(sound=wav(tone / (run + 1), 16_000))] for run in range(3)] for _ in range(2)]
    asked = [Shown(picture=png(np.zeros((8, 8, 3), np.uint8)), sound=wav(tone, 16_000))] * 2
    (folder / PAGE).write_text(render(key, made, asked))
    reader, saved = Reader(browser, key), tmp_path / "saved"
    browser.get((folder / PAGE).as_uri())
    reader.start("ada")
    assert reader.by_id("caption").text == "This picture" and reader.fits()
    questions = [one.text for one in browser.find_elements("css selector", "#questions p")]
    assert questions == ["1. How real?", "2. How <b>fit</b>?"]
    sounds = browser.find_elements("css selector", "audio")
    assert len(sounds) == 4, "that of the record, and those of three runs"
    lengths = browser.execute_async_script(PLAY, sounds)
    assert lengths == pytest.approx([1.0] * 4, abs=0.01)
    playing = [not browser.execute_script("return arguments[0].paused", one) for one in sounds]
    assert playing == [False, False, False, True]

    for number in range(2):
        assert not reader.by_id("next").is_enabled()
        for code, run in key.codes[number].items():
            for question, mark in ((0, run), (1, 3 - run)):
                name = f"input[name='{code}-{question}'][value='{mark}']"
                browser.find_element("css selector", name).click()
        assert reader.by_id("status").text == "All marks are given."
        if number == 0:
            browser.get("about:blank")  # the page is closed, and opened again
            browser.get((folder / PAGE).as_uri())
            assert len(browser.find_elements("css selector", "input:checked")) == 6
        reader.by_id("next").click()
    path = reader.save(saved)
    (answers,) = collect([path], folder.parent).answers
    for given, codes in zip(answers.given, key.codes, strict=True):
        assert given == [dict(codes), {code: 3 - run for code, run in codes.items()}]
    assert browser.get_log("browser") == []


def test_sounds_are_ranked_by_several_questions(browser: Any, tmp_path: Path) -> None:
    key = make_key(1, questions=["How real?", "How fit?"])
    folder = tmp_path / "human" / key.page
    folder.mkdir(parents=True)
    write_key(key, folder)
    tone = wav(np.sin(np.arange(800) / 9), 8000)
    (folder / PAGE).write_text(render(key, [[[Shown(sound=tone)]] * 3]))
    reader, saved = Reader(browser, key), tmp_path / "saved"
    browser.get((folder / PAGE).as_uri())
    reader.start("ada")
    places = reader.wanted(0)
    for number, order in enumerate((places, places[::-1])):
        (question,) = browser.find_elements("css selector", "#questions p")
        assert question.text == key.questions[number]
        buttons = browser.find_elements("css selector", ".pick")
        for place in order[:2]:
            buttons[place].click()
        reader.by_id("next").click()
    (answers,) = collect([reader.save(saved)], folder.parent).answers
    by_run = [
        [one[c] for c in sorted(one, key=key.codes[0].__getitem__)] for one in answers.given[0]
    ]
    assert by_run == [[3, 2, 1], [1, 2, 3]]
    assert browser.get_log("browser") == []
