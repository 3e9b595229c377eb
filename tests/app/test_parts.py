"""What parts of the page answer, without a browser: to people, and to who sends anything."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import BLUE, RED
from PIL import Image

from experiments.app.session import Session
from experiments.frontend.wave import encoded

pytest.importorskip("gradio", reason="needs the extra app")
from experiments.app.page.about import PICTURE
from experiments.app.page.compare import best_of, compare
from experiments.app.page.describe import drawing, typing
from experiments.app.page.desk import Desk
from experiments.app.page.explore import heat
from experiments.app.page.look import looking
from experiments.app.page.shown import Shown
from experiments.app.page.wire import map_answer, png_url, told
from experiments.app.refusal import Refused

Open = Callable[..., Session]


def asked(session: Session, **more: Any) -> dict[str, Any]:
    model = session.models[0].name
    nothing = {"caption": "", "sound": None, "picture": None, "seed": 0, "count": 1}
    return {"model": model, **nothing, **more}


def test_a_model_that_listens_takes_the_recording_itself(open_session: Open) -> None:
    session = open_session("listens")
    (draw,) = drawing(Desk(session))
    wave = np.sin(np.arange(16_000) / 9).astype(np.float32)
    sound = base64.b64encode(encoded(wave, 16_000)).decode()
    found = draw(asked(session, sound=sound, count=2))
    assert [one["seed"] for one in found["made"]] == [0, 1] and found["caption"] == ""
    assert found["made"][0]["url"].startswith("data:image/png;base64,")


def test_a_style_is_that_of_a_picture_that_is_sent(open_session: Open) -> None:
    session = open_session("styled")
    (draw,) = drawing(Desk(session))
    file = io.BytesIO()
    Image.new("RGB", (80, 40), "red").save(file, "PNG")
    given = asked(session, caption=RED, picture=base64.b64encode(file.getvalue()).decode())
    assert len(draw(given)["made"]) == 1
    refused = told(draw)(given | {"picture": None})["refused"]
    assert "picture" in refused


@pytest.mark.parametrize(
    "values",
    [
        None,
        "text",
        [],
        {},
        {"model": 3},
        {"model": "/etc/passwd"},
        {"caption": ["a"]},
        {"seed": "0"},
        {"seed": 1.5},
        {"seed": True},
        {"seed": -1},
        {"count": 10**9},
        {"caption": "red " * 10_000},
        {"caption": ""},
        {"sound": "no base64!"},
        {"sound": base64.b64encode(b"RIFF????WAVEbroken").decode()},
        {"sound": "A" * 28_000_000},
    ],
)
def test_who_sends_anything_is_told_why_not(open_session: Open, values: Any) -> None:
    session = open_session("attends")
    (draw,) = drawing(Desk(session))
    part = isinstance(values, dict) and values
    sent = asked(session, **{"caption": RED, **values}) if part else values
    assert set(told(draw)(sent)) == {"refused"}
    for function in typing(Desk(session)):
        assert "refused" in told(function)(values) or isinstance(values, dict)


def test_a_fault_of_ours_is_in_the_terminal_and_too_much_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(values: Any) -> Any:
        raise values

    with pytest.raises(ZeroDivisionError):
        told(broken)(ZeroDivisionError("ours"))
    assert "ZeroDivisionError: ours" in capsys.readouterr().err
    assert "ask for fewer pictures" in told(broken)(MemoryError())["refused"]
    assert capsys.readouterr().err == ""


def test_who_asks_for_what_was_not_shown_gets_nothing(open_session: Open) -> None:
    session = open_session("attends")
    desk = Desk(session)
    (draw,), (detail, file) = drawing(desk), looking(desk)
    found = draw(asked(session, caption=BLUE))
    assert detail({"id": found["id"], "number": 0})["words"] == BLUE.split()
    for sent in ({"id": found["id"], "number": 1}, {"id": "guessed", "number": 0}):
        assert "refused" in told(detail)(sent) and "refused" in told(file)(sent)


def test_what_is_shown_is_bounded_in_number_and_in_bytes() -> None:
    held = Shown(most=3, bytes=100)
    names = [held.add(f"thing {n}", 10) for n in range(3)]
    assert held.get(names[0], str) == "thing 0"  # used: now the newest
    held.add("another", 10)
    assert held.get(names[0], str) == "thing 0"
    with pytest.raises(Refused, match="draw it again"):
        held.get(names[1], str)
    with pytest.raises(Refused, match="draw it again"):
        held.get(names[0], int)
    held.add("large", 95)
    assert len(held) == 1
    assert held.add("larger than all", 500) and len(held) == 1


def test_drawings_are_held_up_to_the_memory_of_the_option(open_session: Open) -> None:
    held = Desk(open_session("attends", memory=3)).held
    names = [held.add("a drawing", 1 << 20) for _ in range(4)]
    assert held.get(names[1], str) and len(held) == 3
    with pytest.raises(Refused, match="draw it again"):
        held.get(names[0], str)


def test_models_are_compared_that_draw_of_a_caption_alone(open_session: Open) -> None:
    session = open_session("attends", "listens", "styled", "sings")
    models = Desk(session).facts()["models"]
    assert [one["name"] for one in models if one["compares"]] == ["attngan", "s2igan"]


def test_comparisons_count_what_they_hold_and_two_clicks_are_one_preference(
    open_session: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session, sizes, asked_at_once = open_session("attends", "plain"), [], list[str]()
    add = Shown.add

    def added(self: Shown[Any], thing: Any, size: int) -> str:
        sizes.append((type(thing).__name__, size))
        return add(self, thing, size)

    monkeypatch.setattr(Shown, "add", added)
    functions = {each.__name__: each for each in compare(Desk(session)).server_fns}
    names = [about.name for about in session.models]
    found = functions["compare"](asked(session, models=names, caption=RED, hidden=True))
    assert "names" not in found
    of_all = sum(size for kind, size in sizes if kind == "Drawing")
    assert [size for kind, size in sizes if kind == "Comparison"] == [of_all] and of_all > 12_288
    choice = {"id": found["id"], "row": 0, "choice": 1}

    def click() -> None:
        asked_at_once.append(functions["prefer"](choice).get("refused", ""))

    clicks = [threading.Thread(target=click) for _ in range(8)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join(20)
    assert sorted(asked_at_once)[:2] == ["", "this was chosen already"]
    assert len((tmp_path / "preferences.jsonl").read_text().splitlines()) == 1


def test_maps_reach_from_nothing_to_the_most_of_their_word() -> None:
    answer = map_answer(np.array([[[0.0, 0.1], [0.05, 0.2]], [[0, 0], [0, 0]]], np.float32))
    values = np.frombuffer(base64.b64decode(answer["data"]), np.uint8)
    assert values.tolist() == [0, 128, 64, 255, 0, 0, 0, 0] and (answer["h"], answer["w"]) == (2, 2)


def test_a_difference_is_paper_where_nothing_changed() -> None:
    shades = heat(np.array([[0.0, 0.25, 1.0]])).astype(int)
    assert shades[0, 0].tolist() == [246, 244, 239] and shades[0, 2].tolist() == [11, 79, 92]
    assert np.allclose(shades[0, 1], (shades[0, 0] + shades[0, 2]) / 2, atol=1)


def test_the_better_score_is_the_lower_one_of_a_distance() -> None:
    assert best_of("frechet/x", [3.0, 2.0]) == 1 and best_of("r_precision/x", [0.3, 0.2]) == 0
    assert best_of("frechet/x", [2.0, 2.0]) is None and best_of("frechet/x", [None, 2.0]) is None


def test_pictures_of_a_card_are_left_out_as_nobody_may_ask_for_files() -> None:
    assert PICTURE.sub("", "a\n![samples](sample.png)\nb ![x](y)") == "a\n\nb ![x](y)"


def test_the_picture_of_a_data_address_is_that_of_the_array() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (8, 6, 3), dtype=np.uint8)
    kind, _, data = png_url(pixels).partition(",")
    assert kind == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert np.array_equal(np.asarray(image), pixels)
