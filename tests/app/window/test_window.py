"""The window itself, on a display of its own (Debian's xvfb): what a person does, and sees."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("tkinter")

from experiments.app.session import Session
from experiments.app.window import open_window
from experiments.app.window.frame import RECORD, STOP, Window
from experiments.data.store.dataset import Dataset
from experiments.data.voice import speak
from experiments.frontend.wave import write_wave
from experiments.terminal.error import UserError

PATIENCE = 60.0  # s
Open = Callable[..., Session]


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A screen that nobody sees."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("needs Xvfb (Debian: xvfb)")
    read, write = os.pipe()
    screen = [program, "-displayfd", str(write), "-screen", "0", "1000x760x24"]
    process = subprocess.Popen(
        [*screen, "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    try:
        yield f":{os.read(read, 16).decode().strip()}"
    finally:
        process.terminate()
        process.wait()
        os.close(read)


@pytest.fixture
def window(
    display: str, open_session: Open, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Window]]:
    """`window("attends", ...)`: open, with its models there."""
    monkeypatch.setenv("DISPLAY", display)
    opened: list[Window] = []

    def of(*kinds: str) -> Window:
        opened.append(Window(lambda: open_session(*kinds), 5.0))
        done(opened[-1])
        return opened[-1]

    yield of
    while opened:
        opened.pop().close()
    gc.collect()  # what is of Tk goes in the thread of Tk


def done(window: Window) -> None:
    """Wait until nothing runs beside the window any more."""
    began = time.monotonic()
    while window.work.busy or window.session is None:
        assert time.monotonic() - began < PATIENCE, window.status["text"]
        window.root.update()
        time.sleep(0.01)
    window.root.update()


def test_what_is_typed_is_drawn_and_kept(
    window: Callable[..., Window], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = window("attends")
    assert shown.text.get(), "it begins with an example"
    shown.text.set("a red bird with a zebra crown")
    shown.seed.set("3")
    shown.draw()
    done(shown)
    assert [tile.told["text"].partition(",")[0] for tile in shown.tiles] == ["seed 3", "seed 4"]
    assert shown.status["text"] == "Drawn without words that the model does not know: zebra"
    place = tmp_path / "kept.png"
    frame = "experiments.app.window.frame.filedialog.asksaveasfilename"
    monkeypatch.setattr(frame, lambda **asked: str(place))
    shown.tiles[1].save.invoke()
    with Image.open(place) as picture:
        assert picture.info["caption"] == "a red bird with a zebra crown"
        drawn = shown.tiles[1].drawing
        assert drawn is not None
        np.testing.assert_array_equal(np.asarray(picture), drawn.made[1].stages[-1])
    assert shown.status["text"] == f"Saved {place}"


def test_two_runs_draw_the_same_seed_side_by_side(window: Callable[..., Window]) -> None:
    shown = window("attends", "plain")
    assert [tile.model.get() for tile in shown.tiles] == ["attngan", "gan_int_cls"]
    shown.text.set("a red bird")
    shown.draw()
    done(shown)
    drawn = [tile.drawing for tile in shown.tiles]
    assert [one.model for one in drawn if one] == ["attngan", "gan_int_cls"]
    assert [tile.told["text"].partition(",")[0] for tile in shown.tiles] == ["seed 0", "seed 0"]


def test_mistakes_are_told_in_the_window(window: Callable[..., Window], tmp_path: Path) -> None:
    shown = window("attends")
    for text, seed, told in (
        ("", "0", "nothing to draw yet"),
        ("red", "x", "whole number"),
        ("red", "²", "whole number"),
        ("red", "9" * 5000, "whole number"),
    ):
        shown.text.set(text)
        shown.seed.set(seed)
        shown.draw()
        assert told in shown.status["text"] and str(shown.status["style"]) == "Alarm.TLabel"
    silent = write_wave(tmp_path / "silent.wav", np.full(16_000, 1e-3, np.float32), 16_000)
    shown.open_sound(silent)
    done(shown)
    assert "silent" in shown.status["text"]
    assert shown.text.get() == "red"


def test_a_sound_is_heard_put_right_and_drawn(
    window: Callable[..., Window],
    birds: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("pocketsphinx")
    if not shutil.which("flite"):
        pytest.skip("needs flite")
    caption = min((text for of_one in birds.train.captions for text in of_one), key=len)
    wave, rate = speak("flite/rms", caption)
    shown = window("attends")
    shown.open_sound(write_wave(tmp_path / "said.wav", wave, rate))
    done(shown)
    assert shown.text.get() == caption
    monkeypatch.setitem(sys.modules, "sounddevice", microphone(wave, rate))
    shown.text.set("")
    shown.record.invoke()
    assert shown.record["text"] == STOP
    shown.root.update()
    assert shown.status["text"].startswith("Recording")
    assert "disabled" in shown.button.state()
    shown.record.invoke()
    done(shown)
    assert shown.record["text"] == RECORD
    assert shown.text.get() == caption
    shown.button.invoke()
    done(shown)
    assert shown.status["text"].startswith("Drawn in")


def microphone(wave: np.ndarray, rate: int) -> Any:
    """What has the interface of sounddevice, and a wave for a microphone."""
    import soxr

    class Stream:
        def __init__(self, samplerate: int, callback: Any, **options: Any) -> None:
            self.wave, self.callback = soxr.resample(wave, rate, samplerate), callback

        def start(self) -> None:
            for begin in range(0, len(self.wave), 1024):
                block = self.wave[begin : begin + 1024, None]
                self.callback(block, len(block), None, None)

        def stop(self) -> None:
            pass

        close = stop

    return SimpleNamespace(InputStream=Stream, PortAudioError=RuntimeError)


def test_what_recording_needs_is_named(
    window: Callable[..., Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = window("attends")
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    shown.record.invoke()
    assert "sounddevice" in shown.status["text"] and "pip install" in shown.status["text"]

    class Finder:
        """An import that fails as that of sounddevice does without PortAudio."""

        def find_spec(self, name: str, *more: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice")
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    shown.record.invoke()
    assert "apt install libportaudio2" in shown.status["text"]
    assert shown.record["text"] == RECORD


def test_without_a_display_the_page_is_offered(
    open_session: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(UserError, match="no window can be opened"):
        open_window(open_session("attends").request)
