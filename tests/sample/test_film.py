"""Clips of a trained run: what task=sample writes, and what `load(run).sample` gives."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from experiments import load
from experiments.clip.decode import read_clip
from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.human.study import write as write_study
from experiments.sample.command import draw_to_folder
from experiments.sample.filmed import given_of
from experiments.terminal.error import UserError
from tests.data.films import train

TEXT = "digit 3 is moving up and down"


@pytest.fixture(scope="module")
def of_captions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("captions"), 4)


@pytest.fixture(scope="module")
def of_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("pictures"), 4, "picture")


@pytest.fixture(scope="module")
def of_noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("noise"), 4, "noise")


def drawn(run: Path, *words: str) -> list[Path]:
    config: dict[str, Any] = plain(checked_compose(["task=sample", f"run={run}", *words]))
    config["launch"] |= {"device": "cpu", "threads": 1}
    return draw_to_folder(config)


def by_name(written: list[Path]) -> dict[str, Path]:
    return {path.name: path for path in written}


def test_python_gets_frames(of_captions: Path) -> None:
    model = load(of_captions)
    first, second = model.sample([TEXT, TEXT], seed=7)
    assert first.dtype == np.uint8 and first.shape == (4, 8, 8, 3)
    assert np.array_equal(model.sample([TEXT], seed=8)[0], second)
    assert not np.array_equal(first, second)


def test_a_caption_becomes_gif_mp4_strip_and_what_made_it(of_captions: Path) -> None:
    pytest.importorskip("av")
    written = drawn(of_captions, f"text={TEXT}", "num_samples=2", "seed=5")
    found = by_name(written)
    names = [f"seed-{n}{suffix}" for n in (5, 6) for suffix in (".gif", ".json", ".mp4", ".png")]
    assert sorted(found) == sorted([*names, next(n for n in found if n.startswith("sheet-"))])
    frames = load(of_captions).sample([TEXT], seed=5)[0]
    strip = np.asarray(Image.open(found["seed-5.png"]))
    assert np.array_equal(strip, np.concatenate(list(frames), axis=1))
    clip = read_clip(found["seed-5.gif"])
    assert clip.frames.shape == frames.shape and clip.rate == pytest.approx(10)
    assert np.abs(clip.frames.astype(int) - frames).mean() < 4  # of 256 colours
    assert len(read_clip(found["seed-5.mp4"]).frames) == 4
    assert json.loads(found["seed-5.json"].read_text()) == {
        "run": "0",
        "images": 4,
        "caption": TEXT,
        "picture": None,
        "seed": 5,
        "frames": 4,
        "height": 8,
        "width": 8,
        "rate": 10.0,
        "files": ["seed-5.gif", "seed-5.mp4", "seed-5.png"],
    }


def test_words_that_were_never_seen_are_told(
    of_captions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn(of_captions, f"text={TEXT} upp", "num_samples=1")
    assert "words that the model has never seen: upp" in capsys.readouterr().out


def test_stages_are_what_a_clip_is_composed_of(of_captions: Path) -> None:
    found = by_name(drawn(of_captions, f"text={TEXT}", "num_samples=1", "sample.stages=true"))
    parts = [f"seed-0-{part}.gif" for part in ("foreground", "mask", "background")]
    assert set(parts) < set(found)
    assert set(parts) < set(json.loads(found["seed-0.json"].read_text())["files"])


def test_gifs_need_no_extra(
    of_captions: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("experiments.sample.film.VIDEO", "av_that_is_missing")
    found = by_name(drawn(of_captions, f"text={TEXT}", "num_samples=1", "seed=9"))
    assert "seed-9.gif" in found and "seed-9.mp4" not in found
    assert "MP4: left out, as PyAV is missing" in capfd.readouterr().out


def test_a_picture_becomes_a_clip(of_pictures: Path, tmp_path: Path) -> None:
    path = tmp_path / "bird.png"
    Image.new("RGB", (12, 9), (200, 30, 30)).save(path)
    found = by_name(drawn(of_pictures, f"sample.picture={path}", "num_samples=1"))
    told = json.loads(found["seed-0.json"].read_text())
    assert (told["picture"], told["caption"]) == ("bird.png", None)
    (frames,) = load(of_pictures).sample(picture=[path], seed=0)
    strip = np.asarray(Image.open(found["seed-0.png"]))
    assert np.array_equal(strip, np.concatenate(list(frames), axis=1))


def test_noise_becomes_clips(of_noise: Path) -> None:
    found = by_name(drawn(of_noise, "num_samples=3"))
    assert {f"seed-{n}.gif" for n in range(3)} < set(found)
    (frames,) = load(of_noise).sample(seed=2)
    strip = np.asarray(Image.open(found["seed-2.png"]))
    assert np.array_equal(strip, np.concatenate(list(frames), axis=1))


@pytest.mark.parametrize(
    ("run", "words", "said"),
    [
        (
            "of_noise",
            ["text=a bird"],
            "^text: run=.* makes no clip of a caption: num_samples alone",
        ),
        ("of_captions", [], "^text: run=.* makes no clip of noise alone: 'text=a red bird lands'"),
        (
            "of_pictures",
            ["sample.picture=nowhere.png"],
            "^sample.picture=nowhere.png: there is no such file",
        ),
        ("of_captions", ["sample.picture=a.png"], "^sample.picture: run=.* no clip of a picture"),
        (
            "of_captions",
            [f"text={TEXT}", "num_samples=1", "sample.between=noise"],
            "^sample.between=noise: .* needs num_samples=2",
        ),
        (
            "of_captions",
            [f"text={TEXT}", "sample.between=sentence"],
            "^sample.between=.* two or more",
        ),
        (
            "of_noise",
            ["num_samples=2", "sample.between=noise"],
            "^sample.between: run=.* on the way between captions alone",
        ),
    ],
)
def test_what_a_run_cannot_be_asked_for(
    run: str, words: list[str], said: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(UserError, match=said):
        drawn(request.getfixturevalue(run), *words)


def test_what_completes_clips_is_asked_in_python(tmp_path: Path) -> None:
    config: dict[str, Any] = plain(checked_compose(["task=sample", "run=here"]))
    with pytest.raises(UserError, match=r"completes clips, .* load\(run\)\.sample\(clip="):
        given_of(tmp_path, config, [("clip",)])


def test_people_are_shown_clips_and_real_ones_beside(of_captions: Path, tmp_path: Path) -> None:
    config: dict[str, Any] = plain(checked_compose(["task=human_study", f"run={of_captions}"]))
    cache = of_captions.parents[1] / "cache"
    config["paths"] = {"outputs": str(tmp_path), "cache": str(cache)}
    config["human"] |= {"form": "rate", "captions": 2}
    config["launch"] |= {"device": "cpu", "threads": 1}
    page = write_study(config).read_text()
    assert "<title>Marks for clips</title>" in page and "watch all of it" in page
    files = re.findall(r"data:image/gif;base64,([A-Za-z0-9+/=]+)", page.replace("\\u002b", "+"))
    assert len(files) == 4 and "data:image/png" not in page
    for file in files:
        with Image.open(io.BytesIO(base64.b64decode(file))) as clip:
            assert (clip.size, clip.n_frames) == ((8, 8), 4)  # type: ignore[attr-defined]


@pytest.mark.parametrize("run", ["of_pictures", "of_noise"])
def test_people_are_shown_clips_of_pictures_and_of_noise(
    run: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = request.getfixturevalue(run)
    config: dict[str, Any] = plain(checked_compose(["task=human_study", f"run={place}"]))
    config["paths"] = {"outputs": str(tmp_path), "cache": str(place.parents[1] / "cache")}
    config["human"] |= {"form": "rate", "captions": 3, "real": True}
    config["launch"] |= {"device": "cpu", "threads": 1}
    page = write_study(config).read_text().replace("\\u002b", "+")
    gifs = re.findall(r"data:image/gif;base64,([A-Za-z0-9+/=]+)", page)
    assert len(gifs) == 6 and len(set(gifs)) == 6, "every item has clips of its own"
    pictures = page.count("data:image/png;base64,")
    if run == "of_pictures":
        assert pictures == 3 and "You will get 3 pictures" in page
        assert "How well does it fit the picture that it begins with" in page
    else:
        assert pictures == 0 and "programs made, 3 times" in page and "How real is it?" in page
    config["text"] = "a bird"
    with pytest.raises(UserError, match=r"^text: these runs are not told captions"):
        write_study(config)


def test_runs_that_are_asked_by_different_things_are_not_compared(
    of_captions: Path, of_noise: Path
) -> None:
    runs = [str(of_captions), str(of_noise)]
    config: dict[str, Any] = plain(checked_compose(["task=human_study"])) | {"run": runs}
    with pytest.raises(UserError, match=r"make clips of different things"):
        write_study(config)


def test_a_way_from_caption_to_caption_begins_and_ends_with_their_clips(of_captions: Path) -> None:
    other = "digit 1 is moving left and right"
    asked = [f"text=[{TEXT},{other}]", "num_samples=2", "seed=5", "sample.between=sentence"]
    written = drawn(of_captions, *asked, "sample.steps=3")
    found = by_name(written)
    assert len(found) == 2 * 3 + 1 and "leg-1.png" in found
    assert written[0].parent.name.startswith("sentence-digit-3-is-moving-up-and-down")
    model = load(of_captions)
    for row, seed in enumerate((5, 6), start=1):
        ways = [read_clip(found[f"leg-1-row-{row}-step-{step}.gif"]).frames for step in (1, 2, 3)]
        ends = [model.sample([text], seed=seed)[0] for text in (TEXT, other)]
        for way, end in zip((ways[0], ways[2]), ends, strict=True):
            assert way.shape == end.shape and np.abs(way.astype(int) - end).mean() < 4
        apart = [np.abs(ways[1].astype(int) - way).mean() for way in (ways[0], ways[2])]
        assert min(apart) > 0
