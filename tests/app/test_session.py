"""The session: what is drawn, kept, found and liked, without any page."""

from __future__ import annotations

import io
import json
import shlex
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made import BLUE, RED, request_of
from PIL import Image

from experiments import __version__, command
from experiments.app.refusal import Refused
from experiments.app.session import Session
from experiments.app.wish import Recording, Wish
from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.sample.command import draw_to_folder

Open = Callable[..., Session]


def picture(side: int = 20, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((side, side)).save(file, kind)
    return file.getvalue()


def tone(seconds: float = 1.0) -> Recording:
    return Recording(np.sin(np.arange(int(16_000 * seconds)) ** 1.3 / 9).astype(np.float32), 16_000)


def test_a_model_says_what_it_takes_and_makes(open_session: Open) -> None:
    session = open_session("attends", "plain", "listens", "styled")
    attends, simple, listens, styled = session.models
    assert [about.name for about in session.models] == [
        *("attngan", "gan_int_cls", "s2igan", "style_encoder")
    ]
    assert attends.takes == ("caption",) and attends.makes == "picture" and attends.attends
    assert attends.stages == (16, 32, 64) and attends.examples == (RED, BLUE)
    assert not simple.attends and simple.stages == (64,)
    assert listens.takes == ("speech",)
    assert styled.styled and not simple.styled
    assert attends.run == "aaaaaaaaaa" and attends.version == __version__
    assert attends.card.startswith("#") and "attngan" in attends.card


def test_runs_of_one_model_have_names_of_their_own(
    served: Callable[[str], Path], tmp_path: Path
) -> None:
    run = served("plain")
    link, copy = tmp_path / "x" / "link", tmp_path / "x" / "copy"
    copy.parent.mkdir()
    link.symlink_to(run)  # the same run, which is served once
    shutil.copytree(run, copy)  # as an export of it
    session = Session(request_of(run, link, copy))
    assert [about.name for about in session.models] == [
        "gan_int_cls bbbbb",
        "gan_int_cls bbbbb 2",
    ]
    session.close()


def test_what_is_drawn_is_every_stage_and_where_each_word_looks(open_session: Open) -> None:
    session = open_session()
    drawing = session.draw("attngan", Wish(f"  {RED}  zebra", seed=5, count=3))
    assert drawing.wish.caption == f"{RED} zebra"
    assert drawing.words == (*RED.split(), "zebra") and drawing.unknown == ("zebra",)
    assert [made.seed for made in drawing.made] == [5, 6, 7]
    for made in drawing.made:
        assert [stage.shape for stage in made.stages] == [(s, s, 3) for s in (16, 32, 64)]
        assert made.maps is not None
        assert [m.shape for m in made.maps] == [(8, 16, 16), (8, 32, 32)]
        for maps in made.maps:  # attention is a softmax over the words of each place
            np.testing.assert_allclose(maps.sum(0), 1, atol=1e-4)
    alone = session.draw("attngan", Wish(f"{RED} zebra", seed=6, count=1)).made[0]
    for one, other in zip(alone.stages, drawing.made[1].stages, strict=True):
        assert np.abs(one.astype(int) - other.astype(int)).max() <= 1


def test_the_file_is_the_one_that_its_command_draws(open_session: Open) -> None:
    """Byte by byte: pixels, and what the picture says of itself."""
    session = open_session()
    drawing = session.draw("attngan", Wish('"red" bird, it\'s [a] \\"crown\\"', seed=3, count=2))
    name, content = session.file(drawing, 1)
    words = shlex.split(session.command(drawing, 1))
    assert words[:3] == ["python", "run.py", "task=sample"]
    told = command.read(words[2:]).overrides
    written = draw_to_folder(plain(checked_compose([*told, "launch.threads=1"])))
    (path,) = [path for path in written if path.name == "seed-4.png"]
    assert path.read_bytes() == content
    with Image.open(io.BytesIO(content)) as image:
        assert image.text == {  # type: ignore[attr-defined]
            "caption": '"red" bird, it\'s [a] \\"crown\\"',
            "seed": "4",
            "run": "aaaaaaaaaa",
            "version": __version__,
        }
        np.testing.assert_array_equal(np.asarray(image), drawing.made[1].stages[-1])
    assert name.endswith("-seed-4.png") and "/" not in name


def test_words_are_known_or_near_to_one(open_session: Open) -> None:
    session = open_session("attends", "listens")
    words = session.words("attngan", "a smal Red brid xqzzk")
    assert [(word.text, word.known) for word in words] == [
        *(("a", True), ("smal", False), ("red", True), ("brid", False), ("xqzzk", False))
    ]
    assert words[3].nearest == "bird" and words[4].nearest is None
    assert session.words("s2igan", "a red bird") == ()
    many = session.words("attngan", " ".join(f"bird{letter}" for letter in "acefghijkl"))
    assert [word.nearest for word in many] == ["bird"] * 8 + [None] * 2  # it costs time


def test_a_model_that_listens_takes_the_recording_or_a_voice(open_session: Open) -> None:
    pytest.importorskip("espeakng_loader")
    session = open_session("listens")
    heard = session.draw("s2igan", Wish(recording=tone(), count=2))
    assert len(heard.made) == 2 and heard.made[0].stages[-1].shape == (64, 64, 3)
    said = session.draw("s2igan", Wish(RED, count=1))
    assert "sample.voice=espeak/f3" in session.command(said)
    assert "sample.speech=recording.wav" in session.command(heard)
    other = session.draw("s2igan", Wish(recording=tone(), count=1)).made[0].stages[-1]
    assert not np.array_equal(other, said.made[0].stages[-1])
    with pytest.raises(Refused, match="draws of a recording of speech"):
        open_session("listens", voice=None).draw("s2igan", Wish(RED))


def test_a_caption_in_the_style_of_a_picture(open_session: Open) -> None:
    session = open_session("styled", "plain")
    light, dark = picture(), picture(90, "JPEG")
    made = session.styled("style_encoder", light, RED, [3, 4])
    assert [one.seed for one in made.made] == [3, 4]
    assert made.made[0].stages[0].shape == (64, 64, 3)
    other = session.styled("style_encoder", dark, BLUE, [3])
    assert not np.array_equal(other.made[0].stages[0], made.made[0].stages[0])
    with pytest.raises(Refused, match="reads no styles"):
        session.styled("gan_int_cls", light, RED)
    with pytest.raises(Refused, match="seeds: give some"):
        session.styled("style_encoder", light, RED, [])
    with pytest.raises(Refused, match="a caption with a picture"):
        session.draw("style_encoder", Wish(RED))


def test_the_way_between_two_captions(open_session: Open) -> None:
    session = open_session()
    walk = session.between("attngan", RED, BLUE, seed=2, steps=5)
    ends = [session.draw("attngan", Wish(text, seed=2, count=1)) for text in (RED, BLUE)]
    for place, end in zip((0, -1), ends, strict=True):
        near = walk.pictures[place].astype(int) - end.made[0].stages[-1].astype(int)
        assert np.abs(near).max() <= 1
    with Image.open(io.BytesIO(walk.gif)) as gif:
        assert gif.n_frames == 8  # there and back
    with Image.open(io.BytesIO(walk.strip)) as strip:
        assert strip.width > 5 * 64 and strip.text["seed"] == "2"  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="2 to 32"):
        session.between("attngan", RED, BLUE, steps=1000)


def test_a_word_replaced_shows_its_difference(open_session: Open) -> None:
    session = open_session()
    drawing = session.draw("attngan", Wish(RED, seed=1, count=3))
    same = session.replaced(drawing, 2, RED)
    assert same.made[0].seed == 3 and same.difference is not None
    assert same.difference.shape == (64, 64) and same.difference.max() <= 1 / 255 + 1e-6
    other = session.replaced(drawing, 2, BLUE)
    assert other.difference is not None and 0 < other.difference.mean() <= 1
    before, after = drawing.made[2].stages[-1], other.made[0].stages[-1]
    place = np.unravel_index(other.difference.argmax(), (64, 64))
    expected = np.abs(before[place].astype(float) - after[place]).mean() / 255
    assert other.difference[place] == pytest.approx(expected, abs=1e-6)


def test_a_preference_is_one_line_that_human_rank_reads(open_session: Open, tmp_path: Path) -> None:
    from experiments.human.preference import read_preferences

    session = open_session("attends", "plain")
    drawings = session.compare(["attngan", "gan_int_cls"], Wish(RED, seed=9, count=1))
    session.prefer(drawings, 1)
    session.prefer(drawings, None, hidden=True)
    time.sleep(0.002)
    session.prefer(drawings, 1)  # somebody else, in the same second
    path = tmp_path / "preferences.jsonl"
    first, second, _ = map(json.loads, path.read_text().splitlines())
    assert first["caption"] == RED and first["seed"] == 9
    assert first["runs"] == ["aaaaaaaaaa", "bbbbbbbbbb"] and first["choice"] == "bbbbbbbbbb"
    assert second["choice"] is None and (first["hidden"], second["hidden"]) == (False, True)
    assert [one.choice for one in read_preferences([path]).lines] == [
        "bbbbbbbbbb",
        None,
        "bbbbbbbbbb",
    ]
    with pytest.raises(Refused, match="two models or more"):
        session.prefer(drawings[:1], 0)
    other = session.draw("gan_int_cls", Wish(BLUE, seed=9, count=1))
    with pytest.raises(Refused, match="several captions or seeds"):
        session.prefer([drawings[0], other], 0)


def test_the_dice_gives_captions_of_the_test_split(open_session: Open) -> None:
    session = open_session()
    assert session.dice("attngan") in (RED, BLUE)
    session.warm()
    thrown = {session.dice("attngan") for _ in range(40)}
    assert len(thrown) > 5 and RED not in thrown


def test_names_are_no_paths_and_bounds_hold(open_session: Open) -> None:
    session = open_session("attends", "plain", pictures=2, letters=40, seconds=0.5, megabytes=0.001)
    for wish, told in (
        (Wish("a" * 41, count=1), "41 letters, and at most 40"),
        (Wish("  ", count=1), "text: caption is empty"),
        (Wish("xqzzk vvvv", count=1), "no word is known"),
        (Wish(RED, count=3), "ask for 1 to 2 at a time"),
        (Wish(RED, count=0), "ask for 1 to 2 at a time"),
        (Wish(RED, seed=-1, count=1), "give a whole number from 0"),
        (Wish(count=1), "draws of a caption; give it that"),
        (Wish(RED, recording=tone(1.0), count=1), "longer than 0.5 s"),
        (Wish(RED, picture=bytes(2000), count=1), "the file has 0.0 MB"),
    ):
        with pytest.raises(Refused, match=told):
            session.draw("attngan", wish)
    for name in ("../attngan", "/etc/passwd", "", "attngan\n"):
        with pytest.raises(Refused, match="is not here"):
            session.draw(name, Wish(RED))


def test_what_is_said_is_heard_once_and_drawn_by_all(open_session: Open) -> None:
    """A model that reads draws what was heard, one that listens the recording; both have one wish,
    so that a preference can be given."""
    pytest.importorskip("pocketsphinx")
    pytest.importorskip("espeakng_loader")
    from experiments.data.voice import speak

    session = open_session("attends", "listens")
    caption = "this bird has a red crown and a white belly"
    recording = Recording(*speak("espeak/m3", caption))
    heard = session.hear("attngan", recording)
    assert heard.seconds == pytest.approx(recording.seconds)
    assert {"bird", "red"} <= set(heard.text.split())
    reads, listens = session.compare(["attngan", "s2igan"], Wish(recording=recording, count=1))
    assert reads.wish.caption == listens.wish.caption == heard.text
    assert np.array_equal(
        reads.made[0].stages[-1],
        session.draw("attngan", Wish(heard.text, count=1)).made[0].stages[-1],
    )
    assert np.array_equal(
        listens.made[0].stages[-1],
        session.draw("s2igan", Wish(recording=recording, count=1)).made[0].stages[-1],
    )
    session.prefer([reads, listens], 0)
    with pytest.raises(Refused, match="silent"):
        session.hear("attngan", Recording(np.zeros(16_000, np.float32) + 0.2, 16_000))


def test_a_song_and_its_bird_both_ways(open_session: Open) -> None:
    sound = pytest.importorskip("soundfile")
    session = open_session("sings")
    (about,) = session.models
    assert set(about.ways) == {(("sound",), "picture"), (("picture",), "sound")}
    bird = session.draw("cmcgan", Wish(recording=tone(), seed=1, count=2))
    assert [made.seed for made in bird.made] == [1, 2] and bird.made[0].sound is None
    assert bird.made[0].stages[-1].shape[2] == 3
    song = session.draw("cmcgan", Wish(picture=picture(), seed=1, count=1))
    name, content = session.file(song, 0)
    assert name == "cmcgan-" + name.split("-")[1] + "-seed-1.wav"
    with sound.SoundFile(io.BytesIO(content)) as file:
        assert len(file) > 1000 and file.title == "seed 1"
        assert "run: ffffffffff" in file.comment and __version__ in file.software
    assert session.words("cmcgan", "a bird") == () and session.dice("cmcgan") == ""
    assert "sample.picture=picture.png" in session.command(song)
    with pytest.raises(Refused, match="draws of a recording, or of a picture; give it that"):
        session.draw("cmcgan", Wish(RED))


def test_clips_play_and_say_what_they_are_of(open_session: Open) -> None:
    session = open_session("moves")
    drawing = session.draw("tgans_c", Wish(RED, seed=4, count=1))
    name, content = session.file(drawing, 0)
    assert name.endswith("-seed-4.gif") and drawing.words == tuple(RED.split())
    with Image.open(io.BytesIO(content)) as gif:
        assert gif.n_frames > 1
        np.testing.assert_array_equal(gif.size, drawing.made[0].stages[0].shape[1::-1])
        gif.seek(gif.n_frames - 1)
    assert f"caption: {RED}\nseed: 4\nrun: 9999999999\nversion: {__version__}".encode() in content
