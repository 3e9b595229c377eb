"""The page in a real browser: what a person types, says, points at, compares and keeps."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import BLUE, RED, request_of
from PIL import Image
from visitor import ENTER, ESCAPE, NAMELESS, PHONE, RIGHT, TAB, Visitor

from experiments.app.page.wire import png_url
from experiments.app.session import Session
from experiments.app.wish import Wish
from experiments.data.voice import speak
from experiments.frontend.wave import write_wave
from tests.conftest import CHROMIUM

pytestmark = pytest.mark.browser
pytest.importorskip("gradio", reason="needs the extra app")
SAID = "this bird has a red crown and a white belly"
MICROPHONE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def session(served: Callable[[str], Path], place: Path) -> Iterator[Session]:
    runs = served("attends"), served("plain"), served("styled")
    session = Session(request_of(*runs, preferences=str(place / "preferences.jsonl")))
    yield session
    session.close()


@pytest.fixture(scope="module")
def url(session: Session) -> Iterator[str]:
    from experiments.app.serve import address_of, listening, served

    with listening("127.0.0.1", 0) as listener, served(session, listener):
        yield address_of(listener)


@pytest.fixture(scope="module")
def said(place: Path) -> Path:
    """What the microphone hears."""
    pytest.importorskip("espeakng_loader", reason="needs the extra speech")
    return write_wave(place / "said.wav", *speak("espeak/m3", SAID))


@pytest.fixture(scope="module")
def driver(place: Path, said: Path) -> Iterator[Any]:
    """One browser for all: it takes seconds to start."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    heard = f"--use-file-for-fake-audio-capture={said}"
    for argument in [*CHROMIUM, *MICROPHONE, heard, f"--user-data-dir={place / 'user'}"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(programs[1]))
    saving = {"behavior": "allow", "downloadPath": str(place / "saved")}
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", saving)
    yield driver
    driver.quit()


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


def draw(visitor: Visitor, caption: str = RED, count: int = 4) -> None:
    visitor.write("#describe textarea", caption + ENTER)
    visitor.some("#describe .shot:not(.waiting) img", count)


def test_words_are_marked_while_they_are_typed(visitor: Visitor) -> None:
    visitor.write("#describe textarea", "a gred bird with a black crown")
    hint = visitor.one("#describe .hint", "gred")
    assert visitor.run("return document.querySelector('.echo mark').textContent") == "gred"
    assert hint.text == "gred is new to this model; nearest: red"
    visitor.click("#describe .near")
    assert visitor.one("#describe textarea").get_attribute("value") == RED
    visitor.gone("#describe .unknown")


def test_a_picture_is_looked_into_and_kept(visitor: Visitor, session: Session, place: Path) -> None:
    draw(visitor)
    visitor.all("#describe .large")[1].click()
    about = session.models[0]
    assert len(visitor.some("#describe .thumbs .thumb", 1)) == len(about.stages)
    words = visitor.some("#describe .word", 7)
    assert [word.text for word in words] == RED.split()

    light = "return document.querySelector('#describe .light').className"
    assert visitor.run(light) == "light"
    visitor.hover(words[1])
    assert visitor.run(light) == "light on" and "on" in words[1].get_attribute("class")
    shades = visitor.run(
        "const c = document.querySelector('#describe .light');"
        "return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    drawing = session.draw(about.name, Wish(RED, seed=1, count=1))
    maps = drawing.made[0].maps
    assert maps is not None
    expected = 0.86 * 255 * (1 - maps[-1][1] / maps[-1][1].max())
    assert np.allclose(np.array(shades).reshape(*expected.shape, 4)[..., 3], expected, atol=3)
    visitor.hover(visitor.one("#top h1"))
    assert visitor.run(light) == "light"

    command = visitor.one("#describe .detail .tool", "Copy as command").get_attribute("title")
    assert "task=sample" in command and RED in command and about.run in command
    visitor.click("#describe .detail .tool", "Download")
    with Image.open(visitor.saved(place / "saved", "png")) as image:
        told = image.info
        assert np.array_equal(np.asarray(image), drawing.made[0].stages[-1])
    assert (told["caption"], told["seed"], told["run"]) == (RED, "1", about.run)
    assert told["version"] == about.version

    visitor.click("#describe .detail .tool", "Keep")
    visitor.one("#told", "Kept")
    visitor.open()  # it is still kept when the page is opened again
    visitor.tab("Explore")
    visitor.click("#explore .keep .thumb")
    assert visitor.one("#explore .chosen .said").text == RED


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
    assert (told["caption"], told["seed"]) == (RED, 1)
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


def test_what_is_said_is_written_and_drawn(visitor: Visitor) -> None:
    pytest.importorskip("pocketsphinx", reason="needs the extra app")
    visitor.click("#describe .recorder .tool")
    visitor.one("#describe .clock", "4 s")
    assert visitor.one("#describe .recorder .tool").get_attribute("aria-pressed") == "true"
    visitor.click("#describe .recorder .tool")
    heard = visitor.one("#describe .status", "Heard").text
    caption = visitor.one("#describe textarea").get_attribute("value")
    assert f"“{caption}”" in heard
    assert len(set(caption.split()) & set(SAID.split())) >= 6, caption
    assert len(visitor.all("#describe .shot img")) == 4


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


def test_words_that_are_typed_take_the_place_of_a_recording(
    driver: Any, served: Callable[[str], Path], said: Path
) -> None:
    from experiments.app.serve import address_of, listening
    from experiments.app.serve import served as serving

    session = Session(request_of(served("listens")))
    with listening("127.0.0.1", 0) as listener, serving(session, listener):
        visitor = Visitor(driver, address_of(listener))
        visitor.open()
        field = "return document.querySelector('#describe .tools input[type=file]')"
        visitor.run(field).send_keys(str(said))
        by_voice = visitor.some("#describe .shot:not(.waiting) img", 4)[0].get_attribute("src")
        assert visitor.one("#describe .holding .name").text == "said.wav"
        visitor.write("#describe textarea", "a blue bird")
        visitor.gone("#describe .holding")
        draw(visitor, "a blue bird")
        visitor.one("#describe .status", "4 drawn")
        typed = session.draw("s2igan", Wish("a blue bird"))
        assert png_url(typed.made[0].stages[-1]) != by_voice
        shown = visitor.all("#describe .shot img")[0].get_attribute("src")
        assert shown == png_url(typed.made[0].stages[-1])
    session.close()


def test_a_refusal_is_told_in_a_line(visitor: Visitor) -> None:
    draw(visitor, count=1)
    visitor.run("document.querySelector('#describe textarea').removeAttribute('maxlength')")
    area = visitor.one("#describe textarea")
    visitor.run("arguments[0].value = 'red '.repeat(200)", area)
    area.send_keys(ENTER)
    visitor.one("#told.fault", "letters")
    assert visitor.all("#describe .shot") == []


def test_the_picture_of_a_data_address_is_that_of_the_array() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (8, 6, 3), dtype=np.uint8)
    kind, _, data = png_url(pixels).partition(",")
    assert kind == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert np.array_equal(np.asarray(image), pixels)
