"""A film to pictures and back, and pairs that the readers of published sets read."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.clip import frames, pairs
from experiments.clip.decode import read_clip
from experiments.clip.still import read_still, stills_of
from experiments.clip.write import write_clip
from experiments.data.reader.sub_urmp import SubURMP
from experiments.data.reader.youtubers import Youtubers
from experiments.data.record import Record
from tests.clip.made import numbered, numbers, tone, write_film

pytest.importorskip("av")  # the extra `video`


def seen(folder: Path) -> list[int]:
    return numbers(np.stack([read_still(path) for path in stills_of(folder)]))


def run(*arguments: object) -> int:
    return frames.main([str(argument) for argument in arguments])


def test_pictures_of_a_variable_rate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = write_film(tmp_path / "a.mp4", numbered(4), [0.0, 0.1, 0.5, 0.6])
    assert run(film, "--every", 0.1, "--out", tmp_path / "out") == 0
    # From 0.1 to 0.5 s the second frame is seen.
    assert seen(tmp_path / "out")[:7] == [0, 1, 1, 1, 1, 2, 3]
    said = json.loads((tmp_path / "out/frames.json").read_text())
    assert said["times"][:3] == [0.0, 0.1, 0.2] and said["of"] == "a.mp4"
    assert "pictures, and frames.json" in capsys.readouterr().out


def test_by_number_by_part_and_all(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", numbered(21))
    assert run(film, "--count", 5, "--out", tmp_path / "five") == 0
    assert seen(tmp_path / "five") == [0, 5, 10, 15, 20]
    assert run(film, "--count", 4, "--start", 2, "--out", tmp_path / "more") == 0
    assert seen(tmp_path / "more") == [20, 20, 20, 20]
    assert run(film, "--start", 0.5, "--end", 0.8, "--out", tmp_path / "part") == 0
    assert seen(tmp_path / "part") == [5, 6, 7]
    options = ("--side", 16, "--format", "jpg", "--end", 0.2)
    assert run(film, *options, "--out", tmp_path / "small") == 0
    with Image.open(tmp_path / "small/000001.jpg") as image:
        assert image.size == (24, 16)


def test_there_and_back(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.2, 0.6, 0.7]
    film = write_film(tmp_path / "a.mp4", numbered(5), times)
    assert run(film, "--out", tmp_path / "out") == 0
    assert run(tmp_path / "out", "--out", tmp_path / "b.mp4") == 0
    clip = read_clip(tmp_path / "b.mp4")
    assert numbers(clip.frames) == [0, 1, 2, 3, 4] and clip.times == pytest.approx(times, abs=2e-3)
    assert run(tmp_path / "out", "--rate", 5, "--out", tmp_path / "c.gif") == 0
    assert read_clip(tmp_path / "c.gif").seconds == pytest.approx(1.0)
    many = tmp_path / "many"  # of somebody else, without zeros before the numbers
    many.mkdir()
    for number, pixels in enumerate(numbered(12)):
        Image.fromarray(pixels).save(many / f"frame{number}.png")
    assert run(many, "--out", tmp_path / "d.webm") == 0
    assert numbers(read_clip(tmp_path / "d.webm").frames) == list(range(12))


def test_mistakes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = write_clip(numbered(3), tmp_path / "a.gif")
    (tmp_path / "text.mp4").write_text("no")
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "full/1.png")
    Image.new("RGB", (6, 4)).save(tmp_path / "full/2.png")
    for arguments, line in (
        ((tmp_path / "text.mp4", "--out", tmp_path / "x"), "text.mp4: not a video"),
        ((tmp_path / "gone.mp4", "--out", tmp_path / "x"), "gone.mp4: file is missing"),
        ((film, "--out", tmp_path / "full"), "full: is there already"),
        ((film, "--out", tmp_path / "x", "--start", 9), "shows nothing from --start"),
        ((film, "--out", tmp_path / "x", "--every", 0), "0 is not above 0"),
        ((film, "--out", tmp_path / "x", "--rate", 3), "--rate: is of a folder"),
        ((tmp_path / "empty", "--out", tmp_path / "x.gif"), "no picture (jpg"),
        ((tmp_path / "full", "--out", tmp_path / "x.gif"), "2.png: is 6 x 4 px"),
        ((tmp_path / "full", "--out", tmp_path / "x.mov"), ".mov is none of"),
    ):
        assert run(*arguments) == 2, line
        told = capsys.readouterr().err
        errors = [text for text in told.splitlines() if text.startswith("error: ")]
        assert len(errors) == 1 and line in errors[0], told
    assert not list(tmp_path.glob("x*")) and not list(tmp_path.glob(".*partial*"))


def film_with_sound(path: Path) -> Path:
    """Four seconds: frame k is seen at k / 10 s; silent until 2 s, then a tone."""
    sound = np.concatenate([np.zeros(32_000, np.float32), tone(2.0)])
    return write_film(path, numbered(40, 32, 32), sound=sound)


@pytest.mark.parametrize("layout", ["sub_urmp", "youtubers"])
def test_pairs_are_read_as_published_sets_are(
    layout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one_a", "two"):
        film_with_sound(tmp_path / "cello" / f"{name}.mp4")
    root = tmp_path / "set"
    videos = [str(tmp_path / "cello" / f"{name}.mp4") for name in ("one_a", "two")]
    command = [*videos, "--every", "0.5", "--sound", "0.5", "--out", str(root), "--layout", layout]
    assert pairs.main(command) == 0
    told = capsys.readouterr()
    assert f"data={layout} data.root=" in told.out and "silent" in told.err
    reader = SubURMP(str(root)) if layout == "sub_urmp" else Youtubers(str(root))
    reader.check()
    records = [record for record in reader.read() if isinstance(record, Record)]
    assert reader.class_names() == ["cello"]
    # Moments 0.5, 1, ..., 3.5: seven of each video, of which the last is to test on.
    assert len(records) == 14 and sum(r.split == "test" for r in records) == 2
    assert {r.more["pose"] for r in records} == {"one-a", "two"}
    by_number = {int(r.key.rpartition("_")[2]): r for r in records if r.more["pose"] == "two"}
    assert sorted(by_number) == [1, 2, 3, 4, 5, 6, 7] and by_number[7].split == "test"
    for number, record in by_number.items():
        # Frame 5 n is what is seen at n / 2 s, and the sound about it.
        assert abs(int(reader.image(record, 32)[28, 28, 0]) - (20 + 8 * (5 * number % 28))) < 8
        path = reader.sound(record)
        assert path is not None
        with wave.open(str(path)) as file:
            rate, count = file.getframerate(), file.getnframes()
            samples = np.frombuffer(file.readframes(count), "<i2") / 32767
        assert rate == (44_100 if layout == "sub_urmp" else 16_000) and count == rate // 2
        loud = np.abs(samples).mean()
        # 2.0 s, the fourth, is half silent: a tone has the mean 0.5 * 2 / pi.
        expected = 0.0 if number < 4 else 0.5 * 0.318 if number == 4 else 0.318
        assert loud == pytest.approx(expected, abs=0.03), number


def test_pairs_add_up_and_never_overwrite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film, silent = film_with_sound(tmp_path / "a.mp4"), write_film(tmp_path / "b.mp4", numbered(9))
    root = tmp_path / "set"
    command = [
        str(film),
        "--every",
        "1",
        "--sound",
        "1",
        "--out",
        str(root),
        "--label",
        "oboe d'or",
    ]
    assert pairs.main(command) == 0
    assert len(list((root / "img/train/oboe-d-or").iterdir())) == 2
    before = sorted(path.name for path in root.rglob("*"))
    assert pairs.main(command) == 2
    assert "has pairs of this video" in capsys.readouterr().err
    assert pairs.main([str(silent), *command[1:]]) == 2
    assert "b.mp4: nothing is heard in it" in capsys.readouterr().err
    assert pairs.main([str(film), str(film), *command[1:]]) == 2
    assert sorted(path.name for path in root.rglob("*")) == before
