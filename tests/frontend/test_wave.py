"""Sound in files and arrays: whatever they are, a wave or a few words."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from experiments.frontend import wave as module
from experiments.frontend.wave import as_wave, read_wave, write_wave
from experiments.terminal.error import BadInput

soundfile = pytest.importorskip("soundfile")  # the extra `speech`


def tone(rate: int = 16000, seconds: float = 0.5, hertz: float = 440.0) -> np.ndarray:
    time = np.arange(int(rate * seconds)) / rate
    return (0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def same(found: np.ndarray, wanted: np.ndarray, most: float = 2e-3) -> None:
    """The same sound, apart from its first and last hundredth of a second."""
    assert found.dtype == np.float32 and found.shape == wanted.shape
    assert np.abs(found - wanted)[200:-200].max() < most


def header(rate: int, channels: int, size: int) -> bytes:
    """Of a wav of 16 bits that says it has `size` bytes of samples."""
    form = struct.pack("<HHIIHH", 1, channels, rate, 2 * rate * channels, 2 * channels, 16)
    sizes = struct.pack("<I", min(size + 36, 2**32 - 1)), struct.pack("<I", size)
    return b"RIFF" + sizes[0] + b"WAVEfmt \x10\0\0\0" + form + b"data" + sizes[1]


def reason(path: Path, **options: Any) -> str:
    with pytest.raises(BadInput) as caught:
        read_wave(path, 16000, **options)
    assert len(str(caught.value)) < 100 and str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3", "aiff"])
@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_every_kind_and_rate_gives_the_same_sound(kind: str, rate: int, tmp_path: Path) -> None:
    path = tmp_path / f"sound.{kind}"
    soundfile.write(path, np.stack([tone(rate)] * 2, 1), rate, format=kind.upper())
    same(read_wave(path, 16000), tone(), 0.05 if kind in ("ogg", "mp3") else 2e-3)


@pytest.mark.parametrize("rate", [8000, 12_000, 96_000, 192_000])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_rate_and_width_of_wav(rate: int, subtype: str, tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    soundfile.write(path, tone(rate), rate, subtype=subtype)
    same(read_wave(path, 16000), tone(), 1e-2 if subtype == "PCM_U8" else 2e-3)


def test_eight_channels_are_mixed_to_their_mean(tmp_path: Path) -> None:
    path, channels = tmp_path / "sound.wav", np.zeros((8000, 8), np.float32)
    channels[:, 2], channels[:, 5] = tone(), 3 * tone()
    soundfile.write(path, channels, 16000, subtype="FLOAT")
    same(read_wave(path, 16000), 0.5 * tone(), 1e-6)


def test_only_the_first_seconds_are_read(tmp_path: Path) -> None:
    path = tmp_path / "sound.flac"
    soundfile.write(path, tone(seconds=3), 16000)
    assert len(read_wave(path, 16000, 0.25)) == 4000
    assert len(read_wave(path, 22050, 0.25)) == 5513
    assert len(read_wave(path, 16000)) == 48_000


def test_resampling_is_that_of_the_whole_and_lets_no_alias_through(tmp_path: Path) -> None:
    """9 kHz do not exist at 16 kHz; a line between samples would leave them at 7 kHz."""
    path = tmp_path / "sound.wav"
    soundfile.write(path, tone(48000, 6, 440) + tone(48000, 6, 9000) * 0.9, 48000, subtype="FLOAT")
    same(read_wave(path, 16000), tone(seconds=6))
    assert np.array_equal(read_wave(path, 16000), as_wave(soundfile.read(path)[0], 48000, 16000))


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_blocks_are_one_sound(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sound"
    draw = np.random.default_rng(0).normal(0, 0.1, (40_000, 2))
    soundfile.write(path, draw, 44100, format=kind)
    whole = read_wave(path, 16000)
    monkeypatch.setattr(module, "BLOCK", 3000)
    assert np.abs(read_wave(path, 16000) - whole).max() < 1e-6


def test_a_wave_under_the_name_of_an_mp3_is_read(tmp_path: Path) -> None:
    for name in ("a.mp3", "a.raw", "a.txt", "a"):
        soundfile.write(tmp_path / name, tone(), 16000, format="WAV", subtype="FLOAT")
        same(read_wave(tmp_path / name, 16000), tone(), 1e-6)


def test_an_hour_of_silence_is_read_for_a_minute_and_is_no_speech(tmp_path: Path) -> None:
    path, size = tmp_path / "hour.wav", 3600 * 48000 * 2 * 2
    with path.open("wb") as file:
        file.write(header(48000, 2, size))
        file.truncate(44 + size)  # takes no room on the disk
    tracemalloc.start()
    assert reason(path) == "sound is silent"
    assert tracemalloc.get_traced_memory()[1] < 20e6, "a minute at 16 kHz is 4 MB, the hour 1.4 GB"
    tracemalloc.stop()


def test_a_word_before_an_hour_of_silence_is_kept(tmp_path: Path) -> None:
    path, size = tmp_path / "hour.wav", 3600 * 16000 * 2
    with path.open("wb") as file:
        file.write(header(16000, 1, size) + (tone() * 32767).astype("<i2").tobytes())
        file.truncate(44 + size)
    found = read_wave(path, 16000, 10)
    assert len(found) == 160_000
    same(found[:8000], tone())


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_what_ends_early_is_told(kind: str, tmp_path: Path) -> None:
    path, draw = tmp_path / f"sound.{kind}", np.random.default_rng(0)
    soundfile.write(path, tone(seconds=4) + draw.normal(0, 0.05, 64_000), 16000)
    content = path.read_bytes()
    for part in (0.3, 0.6, 0.9):
        path.write_bytes(content[: int(part * len(content))])
        assert reason(path) in (
            "sound ends before its header says",
            "sound cannot be decoded (flac decoder lost sync)",
        )


@pytest.mark.parametrize("said", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFF_F000])
def test_a_recorder_that_did_not_know_the_length_is_no_liar(said: int, tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(header(16000, 1, said) + (tone() * 32767).astype("<i2").tobytes())
    same(read_wave(path, 16000), tone())


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", "sound file is empty"),
        (b"<html><body>404</body></html>", "sound cannot be decoded (Format not recognised)"),
        (header(16000, 1, 0), "sound has no samples"),
        (header(16000, 1, 800) + bytes(800), "sound is silent"),
        (header(16000, 1, 800) + b"\x20\x03" * 400, "sound is silent"),  # a constant
        (header(16000, 1, 8000) + b"\x01\x20" * 400, "sound ends before its header says"),
        (header(2**31 - 1, 1, 800) + bytes(800), "sound has an impossible rate"),
        (header(16000, 512, 2048) + bytes(2048), "sound has too many channels"),
    ],
)
def test_what_is_refused_says_why(content: bytes, wanted: str, tmp_path: Path) -> None:
    (tmp_path / "sound.wav").write_bytes(content)
    assert reason(tmp_path / "sound.wav") == wanted


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e12])
def test_sound_that_is_no_number_is_refused(value: float, tmp_path: Path) -> None:
    wave = tone(48000)
    wave[777] = value
    soundfile.write(tmp_path / "sound.wav", wave, 48000, subtype="FLOAT")
    wanted = "sound is louder than any scale" if value == 1e12 else "sound is not finite"
    assert reason(tmp_path / "sound.wav") == wanted
    with pytest.raises(BadInput, match=wanted):
        as_wave(wave, 48000, 48000)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "device.wav").symlink_to("/dev/zero")
    for name in ("folder", "pipe", "device"):
        assert reason(tmp_path / f"{name}.wav") == "sound is not a file"
    assert reason(tmp_path / "none.wav") == "sound cannot be read (No such file or directory)"


def test_kinds_that_nobody_speaks_in_are_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "sound.wav", tone(), 16000, format="MAT5", subtype="PCM_16")
    assert reason(tmp_path / "sound.wav") == "sound is of a kind that is not read (MAT5)"


@pytest.mark.parametrize(
    ("dtype", "scale", "offset"),
    [("i2", 2**15, 0), ("i4", 2**31, 0), ("u1", 2**7, 2**7), ("f2", 1, 0), ("f8", 1, 0)],
)
def test_arrays_of_any_type(dtype: str, scale: float, offset: float) -> None:
    wave = tone()
    same(as_wave((wave * scale + offset).astype(dtype), 16000, 16000), wave, 2e-2)
    same(as_wave((wave * scale + offset).astype(dtype), 16000, 16000), wave, 1.01 / scale + 1e-3)


def test_arrays_have_time_on_their_longer_side() -> None:
    both = np.stack([tone(), 0 * tone()], 1)
    for given in (both, both.T, both.T.tolist(), torch.from_numpy(both).requires_grad_()):
        same(as_wave(given, 16000, 16000), 0.5 * tone(), 1e-6)
    same(as_wave(torch.from_numpy(tone()).bfloat16(), 16000, 16000), tone(), 2e-3)
    same(as_wave(tone(44100), 44100, 16000), tone())


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([], "no samples"),
        (np.zeros((2, 0)), "no samples"),
        (np.zeros((3, 2, 2)), "3 dimensions"),
        (0.5, "0 dimensions"),
        ([[1.0, 2.0], [1.0]], "no array"),
        (["a"], "type <U1"),
        ([True, False], "type bool"),
        ([1j], "type complex128"),
        (np.zeros(9), "silent"),
        (np.ones((100, 70)), "too many channels"),
    ],
)
def test_arrays_that_are_no_sound(given: Any, wanted: str) -> None:
    with pytest.raises(BadInput, match=wanted):
        as_wave(given, 16000, 8000)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    for name in ("a.wav", "a.flac", "a.ogg"):
        assert write_wave(tmp_path / name, tone(), 16000) == tmp_path / name
        same(read_wave(tmp_path / name, 16000), tone(), 0.05 if name == "a.ogg" else 1e-4)
    write_wave(tmp_path / "loud.wav", 10 * tone(), 16000)
    same(read_wave(tmp_path / "loud.wav", 16000), 2 * tone(), 1e-4)
    assert len(list(tmp_path.iterdir())) == 4, "nothing is left beside them"


def test_a_missing_package_is_told_with_its_extra(tmp_path: Path) -> None:
    """In a process that has no soundfile."""
    write_wave(tmp_path / "a.wav", tone(), 16000)
    code = (
        "import sys; sys.modules['soundfile'] = None\n"
        "from pathlib import Path; from experiments.frontend.wave import read_wave\n"
        "from experiments.terminal.error import UserError\n"
        "try: read_wave(Path(sys.argv[1]), 16000)\n"
        "except UserError as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.wav")]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    assert said.startswith("sound needs soundfile (") and "[speech]" in said
    assert len(said.splitlines()) == 1


def test_importing_it_needs_neither() -> None:
    code = (
        "import sys, experiments.frontend.wave\n"
        "print({'soundfile', 'soxr', 'torch'} & {*sys.modules})"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert found.stdout.strip() == "set()"
