"""Birds to look at and to listen to, and the sheet of their songs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.data.reader.plumage import COLOURS
from experiments.data.reader.plumage.motif import MOTIFS
from experiments.data.reader.plumage_song import PlumageSong
from experiments.frontend.wave import read_wave
from experiments.sample.songbook import HIGH, LONG, TOP, WIDE, main, motifs, spectrogram, telling
from experiments.terminal.error import USER_ERROR


def test_birds_their_songs_and_a_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("soundfile")  # the extra `speech`
    assert main(["--out", str(tmp_path), "--count", "2", "--noise", "0"]) == 0
    written = [Path(line) for line in capsys.readouterr().out.split()]
    assert sorted(written) == sorted(tmp_path.iterdir()) and len(written) == 7
    reader = PlumageSong(images_per_species=1, captions=1, noise=0)
    names = reader.class_names()
    for number, record in enumerate(telling(reader, 2), start=1):
        stem = f"{number:02d}-{names[record.label].replace(' ', '-')}"
        wave = read_wave(tmp_path / f"{stem}.wav", 16_000)
        assert np.abs(wave - reader.sound(record)[0]).max() < 1e-4
        picture = np.asarray(Image.open(tmp_path / f"{stem}.png"))
        assert np.array_equal(picture, reader.image(record, 256))
    assert [path.name for path in written[-3:]] == ["motifs.wav", "motifs.png", "songs.png"]
    every = read_wave(tmp_path / "motifs.wav", 16_000)
    for start, count, name, colour in motifs()[1]:
        assert MOTIFS[colour].__name__ == name
        quiet = every[start - 300 : start]
        assert np.abs(every[start : start + count]).max() > 0.3 > 1e-3 > np.abs(quiet).max()


def test_the_page_says_how_to_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("soundfile")
    page = (Path(__file__).parents[2] / "docs" / "plumage_song.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", page, re.S)
    assert code is not None
    monkeypatch.chdir(tmp_path)
    exec(code[1], {})
    wave = read_wave(tmp_path / "bird.wav", 16_000)
    assert 2 < len(wave) / 16_000 < 3 and Image.open(tmp_path / "bird.png").size == (256, 256)
    for colour, motif in MOTIFS.items():
        assert f"| {colour} | `{motif.__name__}` |" in page


def test_five_birds_show_every_motif_rhythm_and_register() -> None:
    reader = PlumageSong(images_per_species=1, captions=1)
    birds = telling(reader, 5)
    assert len({bird.label for bird in birds}) == 5 and {b.split for b in birds} == {"test"}
    worn = {bird.attributes[part] for bird in birds for part in reader.colour_attributes()}
    assert worn == set(COLOURS)
    values = reader.attribute_values()
    for name in ("pattern", "size"):
        assert {bird.attributes[name] for bird in birds} == set(values[name])


def test_a_tone_is_dark_at_its_time_and_height() -> None:
    time = np.arange(16_000) / 16_000
    tone = np.sin(2 * np.pi * 3000 * time) * ((time > 0.4) & (time < 0.6))
    dark = 255 - np.asarray(spectrogram(tone.astype(np.float32)))[..., 0].astype(int)
    row, column = np.unravel_index(dark.argmax(), dark.shape)
    assert row == pytest.approx(HIGH * (1 - 3000 / TOP), abs=3)
    assert 0.4 < column / WIDE * LONG < 0.6
    line = dark[row] > dark.max() / 2
    assert np.flatnonzero(line) / WIDE * LONG == pytest.approx(
        np.linspace(0.4, 0.6, line.sum()), abs=0.02
    )


def test_a_count_out_of_range_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path), "--count", "0"]) == USER_ERROR
    said = capsys.readouterr()
    assert "--count=0: use a number from 1 to 100" in said.out + said.err
