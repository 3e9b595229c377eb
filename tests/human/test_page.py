"""The page is blind, whole, and the same every time."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from experiments.human.key import RATE, Key
from experiments.human.page import Shown, of_side, png, render, wav

from .conftest import make_key, make_page


def content_of(page: str) -> Any:
    (found,) = re.findall(r'<script type="application/json" id="content">(.*)</script>', page)
    return json.loads(found)


def test_no_run_is_named_on_the_page(key: Key) -> None:
    page = make_page(key)
    for run in key.runs:
        model, _, number = run.name.partition("/")
        for secret in (run.name, number, str(run.folder), model, model.partition("-")[0]):
            # Base64 of a picture may hold any few letters by chance.
            text = re.sub(r"data:image/png;base64,[\w+/=]*", "", page)
            assert len(secret) < 3 or secret not in text, secret
    assert "outputs" not in page and "key.json" not in page


def test_pictures_are_those_of_their_code(key: Key) -> None:
    content = content_of(make_page(key))
    assert content["page"] == key.page
    assert [caption["text"] for caption in content["captions"]] == key.captions
    for number, (caption, codes) in enumerate(zip(content["captions"], key.codes, strict=True)):
        assert [picture["code"] for picture in caption["pictures"]] == list(codes)
        for picture in caption["pictures"]:
            assert list(picture) == ["code", "shown"]
            (shown,) = picture["shown"]
            (uri,) = shown.values()
            image = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
            assert image.info == {} and image.format == "PNG"
            assert image.getpixel((0, 0)) == (90 * codes[picture["code"]], 20 * number, 0)


def test_the_same_key_gives_the_same_page_and_another_seed_another() -> None:
    assert make_page(make_key()) == make_page(make_key())
    assert make_page(make_key()) != make_page(make_key(seed=1))


def test_nothing_is_loaded_from_elsewhere_and_captions_are_no_markup(key: Key) -> None:
    page = make_page(key)
    assert "default-src 'none'" in page
    assert not re.search(r'(src|href)="(?!data:)', page) and "://" not in page
    assert "<b>wings" not in page and page.count("</script>") == 2


def test_pictures_of_another_side_are_enlarged_smoothly() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[:, 1] = 200
    file = png(pixels)
    assert of_side(file, 2) == file
    larger = np.asarray(Image.open(io.BytesIO(of_side(file, 8))))
    assert larger.shape == (8, 8, 3)
    assert larger[0, 0, 0] < 30 and larger[0, 7, 0] > 170 and 60 < larger[0, 4, 0] < 140


@pytest.mark.parametrize("runs", [2, 3])
def test_the_order_on_the_page_is_no_order_of_the_runs(runs: int) -> None:
    key = make_key(captions=20, runs=runs)
    firsts = [next(iter(codes.values())) for codes in key.codes]
    assert max(firsts.count(run) for run in range(runs)) <= -(-20 // runs)


def test_sounds_are_in_the_page_and_nothing_of_their_runs() -> None:
    key = make_key(captions=2, runs=2, form=RATE, questions=["How real?", "How fit?"], most=5)
    tone = np.sin(np.arange(800) / 9)
    made = [[[Shown(sound=wav(tone * (run + 1) / 4, 8000))] for run in (0, 1)] for _ in (0, 1)]
    asked = [Shown(picture=png(np.zeros((4, 4, 3), np.uint8)))] * 2
    page = render(key, made, asked)
    content = content_of(page)
    assert content["form"] == RATE and content["most"] == 5 and content["what"] == "Sound"
    assert content["questions"] == ["How real?", "How fit?"]
    assert "media-src data:" in page and "://" not in page
    assert not any(text in page for text in key.captions), "names of records are for the key"
    for caption, codes in zip(content["captions"], key.codes, strict=True):
        assert set(caption) == {"image", "pictures"}
        for picture in caption["pictures"]:
            (shown,) = picture["shown"]
            head, _, data = shown["sound"].partition(",")
            assert head == "data:audio/wav;base64"
            values, rate = soundfile.read(io.BytesIO(base64.b64decode(data)))
            assert rate == 8000 and len(values) == 800
            loud = (codes[picture["code"]] + 1) / 4
            assert np.abs(values - tone * loud).max() < 1e-3


def test_a_sound_beyond_its_scale_is_turned_down() -> None:
    values, _ = soundfile.read(io.BytesIO(wav(np.array([0.0, 4.0, np.nan, -2.0]), 8000)))
    assert values == pytest.approx([0, 1, 0, -0.5], abs=1e-3)
