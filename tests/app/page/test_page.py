"""The rest of the page in a real browser: explore and compare, on a phone, and by keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made import BLUE, RED
from PIL import Image
from visitor import ENTER, ESCAPE, NAMELESS, PHONE, RIGHT, TAB, Visitor, draw

from experiments.app.session import Session

pytestmark = pytest.mark.browser
pytest.importorskip("gradio", reason="needs the extra app")


def test_words_are_replaced_and_captions_walked(visitor: Visitor, place: Path) -> None:
    draw(visitor, count=1)
    visitor.all("#describe .large")[0].click()
    visitor.click("#describe .detail .tool", "Explore")
    visitor.some("#explore .chip", 7)
    visitor.click("#explore .chip .tool", "Strike out black")
    assert visitor.one("#explore .result .said").text == "a red bird with a black crown"
    assert visitor.one("#explore .result del").text == "black"
    assert len(visitor.some("#explore .result .shot img", 3)) == 3
    changed = visitor.one("#explore .result figcaption", "what changed").text
    assert 0 < float(changed.split()[2]) < 100

    visitor.click("#explore .quiet", "Draw the next seeds")
    seeds = visitor.some("#explore .look .shot:not(.waiting) figcaption", 8)
    assert [one.text for one in seeds] == [f"seed {n}" for n in range(1, 9)]

    assert visitor.one("#explore .composer textarea").get_attribute("value") == BLUE
    visitor.click("#explore .composer .go", "Walk")
    assert len(visitor.some("#explore .strip img", 9)) == 9
    first = visitor.one("#explore .way > .large img").get_attribute("src")
    visitor.click("#explore .strip .thumb", "Step 1 of 9")
    assert visitor.one("#explore .way > .large img").get_attribute("src") != first
    assert visitor.one("#explore .share").text == "0 %"
    visitor.click("#explore .way .tool", "Film")
    with Image.open(visitor.saved(place / "saved", "gif")) as film:
        assert getattr(film, "n_frames", 1) >= 9


def test_a_kept_caption_takes_the_style_of_a_picture(visitor: Visitor, place: Path) -> None:
    draw(visitor, count=1)
    visitor.all("#describe .large")[0].click()
    visitor.click("#describe .detail .tool", "Explore")
    Image.new("RGB", (80, 40), "red").save(place / "style.png")
    visitor.one("#explore .part h2", "In the style of a picture")
    field = "return document.querySelector('#explore input[type=file]')"
    visitor.run(field).send_keys(str(place / "style.png"))
    drawn = visitor.some("#explore .part:last-child .shot:not(.waiting) .large", 4)
    assert drawn[0].get_attribute("aria-label") == f"“{RED}”, seed 0: open"
    drawn[0].click()
    assert "style" in visitor.one("#explore .part:last-child .facts").text.lower()
    # What was drawn of a picture that is not kept stands as it was kept.
    visitor.click("#explore .part:last-child .detail .tool", "Explore")
    visitor.one("#explore .chosen .note", "style")
    assert not visitor.all("#explore .chip") and visitor.all("#explore .part")
    # And a run that is not served is not mistaken for another of its model.
    visitor.run(
        "birdsong.kept.add({ ...birdsong.kept.all()[0], key: 'x', model: 'attngan', run: 'gone',"
        "caption: 'of another run', title: 'AttnGAN', url: '', seed: 0 })"
    )
    visitor.click("#explore .keep .thumb", "of another run")
    visitor.one("#told.fault", "run=gone")


def test_runs_are_compared_without_their_names(
    visitor: Visitor, session: Session, place: Path
) -> None:
    visitor.tab("Compare")
    visitor.write("#compare textarea", RED)
    visitor.click("#compare .check input[type=checkbox]:not(fieldset *)")
    visitor.click("#compare .go")
    visitor.some("#compare .row", 3)
    table = visitor.one("#compare .versus").get_attribute("outerHTML")
    assert not any(about.name in table or about.run in table for about in session.models)
    assert not visitor.all("#compare .scores table")
    visitor.click("#compare .prefer", "Prefer B, seed 1")
    visitor.one("#compare .note", "Noted: A 0, B 1, no difference 0.")
    (line,) = (place / "preferences.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["caption"], told["seed"], told["hidden"]) == (RED, 1, True)
    assert sorted(told["runs"]) == sorted(about.run for about in session.models[:2])
    assert visitor.focus.get_attribute("aria-label") == "Prefer A, seed 0"  # keys go on from there

    visitor.all("#compare .large")[0].click()
    assert visitor.one("#compare .detail h3").text == "A, seed 0" == visitor.focus.text
    assert visitor.all("#compare .large")[0].get_attribute("aria-expanded") == "true"
    visitor.press(ESCAPE)
    visitor.gone("#compare .detail")
    assert visitor.focus.get_attribute("aria-label") == "A, seed 0: open"
    visitor.click("#compare .tool", "Show names")
    visitor.gone("#compare .versus > .acts .tool")
    heads = "return [...document.querySelectorAll('#compare .heads h3')].map((e) => e.innerText)"
    names = visitor.run(heads)
    by_run = {about.run: about.name for about in session.models}
    assert names == [by_run[run] for run in told["runs"]] and told["choice"] == told["runs"][1]
    visitor.click("#compare .prefer", f"Prefer {names[0]}, seed 0")
    visitor.one("#compare .note", f"Noted: {names[0]} 1")
    _, known = (place / "preferences.jsonl").read_text().splitlines()
    assert json.loads(known)["hidden"] is False


def test_on_a_phone_in_the_dark(visitor: Visitor, driver: Any) -> None:
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    visitor.open()
    draw(visitor)
    visitor.all("#describe .large")[0].click()
    visitor.one("#describe .word")
    assert visitor.fits() and visitor.run(NAMELESS) == []
    shade = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    assert max(visitor.run(shade)) < 60
    visitor.click("#top button")
    assert min(visitor.run(shade)) > 200
    visitor.open()  # the choice is remembered
    assert min(visitor.run(shade)) > 200
    visitor.run("localStorage.clear()")
    for name, css in (("Explore", "#explore h2"), ("Find", "#find textarea"), ("About", "h1")):
        if not any(name in one.text for one in visitor.all("button[role=tab]")):
            continue  # in the menu of those that have no room
        visitor.tab(name)
        visitor.one(css)
        assert visitor.fits() and visitor.run(NAMELESS) == [], name
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_by_the_keyboard_alone(visitor: Visitor) -> None:
    def reach(css: str) -> None:
        for _ in range(40):
            if visitor.run("return document.activeElement.matches(arguments[0])", css):
                return
            visitor.press(TAB)
        raise AssertionError(f"{css} is not reached")

    visitor.run("document.body.focus()")
    reach("#describe textarea")
    visitor.press(RED, ENTER)
    visitor.some("#describe .shot:not(.waiting) img", 4)
    reach("#describe .large")
    visitor.press(ENTER)
    assert visitor.one("#describe .detail h3").text == "Seed 0"
    visitor.press(RIGHT)
    visitor.one("#describe .detail h3", "Seed 1")
    reach("#describe .word")
    assert visitor.run("return document.querySelector('#describe .light').className") == "light on"
    assert "looked for in the" in visitor.focus.get_attribute("aria-label")
    visitor.press(ESCAPE)
    visitor.gone("#describe .detail")
    assert visitor.focus.get_attribute("aria-label") == f"“{RED}”, seed 1: open"
