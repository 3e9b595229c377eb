"""The microphone of this machine, by sounddevice and PortAudio, into memory and nowhere else."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import numpy as np

from experiments.app.refusal import Refused
from experiments.app.wish import Recording
from experiments.terminal.error import reason_of
from experiments.terminal.package import installing

RATE = 44_100  # Hz, which every card records at; recognisers get what they want of it
FILE = "open a sound file instead"


class Microphone:
    """`start`, then `stop`. `seconds`: after so many it takes nothing more."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._stream: Any = None
        self._parts: list[np.ndarray] = []
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def recorded(self) -> float:
        """Seconds so far."""
        return self._taken / RATE

    @property
    def full(self) -> bool:
        return self._taken >= self.seconds * RATE

    def start(self) -> None:
        """Raises `Refused` where there is no microphone, or what reaches it is not installed."""
        sound = _sounddevice()
        self._parts, self._taken = [], 0
        try:
            self._stream = sound.InputStream(
                samplerate=RATE, channels=1, dtype="float32", callback=self._take
            )
            self._stream.start()
        except (sound.PortAudioError, ValueError) as error:
            self._stream = None
            raise Refused(f"no microphone can be opened ({reason_of(error)}); {FILE}") from None

    def stop(self) -> Recording:
        """What was recorded. Raises `Refused` where that is nothing."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with suppress(
                _sounddevice().PortAudioError
            ):  # pulled out meanwhile: what came is there
                stream.stop()
                stream.close()
        with self._lock:
            parts, self._parts = self._parts, []
        if not parts:
            raise Refused(f"nothing was recorded; record for longer, or {FILE}")
        return Recording(np.concatenate(parts)[: round(self.seconds * RATE)], RATE)

    def drop(self) -> None:
        """Stop, and forget what was recorded."""
        with suppress(Refused):
            self.stop()

    def _take(self, block: np.ndarray, frames: int, time: Any, status: Any) -> None:
        """Called by PortAudio's thread. block: (frames, 1)."""
        if not self.full:
            with self._lock:
                self._parts.append(block[:, 0].copy())
                self._taken += frames


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise Refused(
            f"recording needs sounddevice ({reason_of(error)}): {installing('sounddevice')}; {FILE}"
        ) from None
    except OSError:  # its wheel has no PortAudio for Linux
        raise Refused(
            f"recording needs PortAudio, Debian's libportaudio2: apt install libportaudio2; {FILE}"
        ) from None
    return sounddevice
