"""Describe and look, in a real browser: what a person types, says, points at and keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import RED, request_of
from PIL import Image
from visitor import ENTER, SAID, Visitor, draw

from experiments.app.page.wire import png_url
from experiments.app.session import Session
from experiments.app.wish import Wish

pytestmark = pytest.mark.browser
pytest.importorskip("gradio", reason="needs the extra app")


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
    visitor.until(light, "light on")
    assert "on" in words[1].get_attribute("class")
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
    visitor.until(light, "light")

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
