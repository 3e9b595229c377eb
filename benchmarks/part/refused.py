"""What a recogniser refuses to take for a description: of each kind of sound, how many.

python -m benchmarks --part refused --run outputs/attngan_4stage-plumage/<id>

Captions should not be refused, nor what people say in other words than captions; all else should.
Sounds are invented, spoken by machines, or real: those of Tux Paint's stamps, where Debian's
package tuxpaint-stamps-default is installed.
"""

from __future__ import annotations

import random
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.part.spoken import cache_of, speakers
from benchmarks.row import Row
from experiments.app.recogniser.base import RATE, NotHeard
from experiments.app.recogniser.listener import Listener, listener_of
from experiments.data.reader.plumage_song import PlumageSong
from experiments.data.record import Record
from experiments.data.voice import speak
from experiments.frontend.wave import as_wave, read_wave
from experiments.human.captions import captions_of_runs
from experiments.terminal.error import BadInput, UserError

COUNT = 40  # sounds of a kind
STAMPS = Path("/usr/share/tuxpaint/stamps")
FREE = (
    *("a red bird", "a small bird with blue wings", "white belly and black crown"),
    *("a yellow bird on a branch", "the bird is green and has an orange beak"),
    *("a brown bird by the water", "black wings and a long beak", "purple bird in the snow"),
    *("a large bird with red legs", "a grey bird flying at dusk"),
)
ENGLISH = (
    *("could you tell me the time please", "the train to the city leaves at noon"),
    *("my brother plays the piano every evening", "do not forget to buy some milk"),
    *("we had a lovely holiday last summer", "this computer is much too slow"),
    *("thank you very much for your help", "it will probably rain tomorrow"),
    *("where did you put my glasses", "they moved to another country years ago"),
)
OTHERS = {
    "fr": ("il fait très beau aujourd'hui", "un oiseau bleu avec un bec jaune", "où est la gare"),
    "de": ("das wetter ist heute sehr schön", "ein blauer vogel mit gelbem schnabel"),
    "es": ("hoy hace muy buen tiempo", "un pájaro azul con el pico amarillo", "dónde está la"),
    "it": ("oggi il tempo è molto bello", "un uccello azzurro con il becco giallo"),
    "pl": ("dzisiaj jest bardzo ładna pogoda", "niebieski ptak z żółtym dziobem"),
}
LANGUAGES = ("ca", "da", "es", "fr", "ru")  # of the stamps' recordings
Sound = tuple[np.ndarray, int]


def measure(options: Namespace) -> Iterator[Row]:
    """A line of each kind: the share that was refused."""
    if options.run is None:
        raise UserError("refused: needs --run FOLDER, a run that reads captions")
    folder = Path(options.run)
    cache = cache_of(folder)
    listener = listener_of(None, folder, cache)
    captions, _ = captions_of_runs([folder], cache)
    chosen = random.Random(7).sample(captions, COUNT)
    voices = [*speakers(), "espeak/Alex", "espeak/f2"]
    kinds: dict[str, Callable[[], Iterator[Sound]]] = {
        "captions": lambda: (speak(v, c) for v, c in zip(_round(voices), chosen, strict=False)),
        "own words": lambda: (speak(voice, text) for voice in speakers() for text in FREE),
        "captions, 20 dB of noise": lambda: noisy(chosen, 20),
        "other English": lambda: (speak(voice, text) for voice in speakers() for text in ENGLISH),
        "other languages, espeak": other_languages,
        "silence": silences,
        "noise": noises,
        "music": music,
        "songs of plumage_song": songs,
    }
    if STAMPS.is_dir():
        kinds["other languages, people"] = lambda: stamps(
            path for code in LANGUAGES for path in some(f"*_desc_{code}.ogg", COUNT // 5)
        )
        kinds["sounds of animals and things"] = lambda: stamps(
            some("*.ogg", COUNT, lambda path: "_" not in path.stem)
        )
    for kind, sounds in kinds.items():
        found = [refused(listener, *sound) for sound in sounds()]
        remark = f"{sum(found)} of {len(found)}"
        yield Row("refused", kind, 100 * float(np.mean(found)), " %", remarks=[remark])


def refused(listener: Listener, samples: np.ndarray, rate: int) -> bool:
    try:
        listener.hear(samples, rate)
    except NotHeard:
        return True
    return False


def noisy(captions: list[str], decibels: float) -> Iterator[Sound]:
    """Captions with white noise so far below them."""
    rng = np.random.default_rng(1)
    for voice, caption in zip(_round(speakers()), captions, strict=False):
        wave, rate = speak(voice, caption)
        level = np.sqrt((wave**2).mean() / 10 ** (decibels / 10))
        yield wave + (level * rng.normal(size=len(wave))).astype(np.float32), rate


def other_languages() -> Iterator[Sound]:
    for language, texts in OTHERS.items():
        for text in texts:
            for voice in ("espeak/Alex", "espeak/f2", "espeak/Denis"):
                yield speak(voice, text, language)


def silences() -> Iterator[Sound]:
    """None at all, a constant, and the faint noise of a microphone that nobody speaks into."""
    rng = np.random.default_rng(2)
    for seconds in (1, 3):
        yield np.zeros(seconds * RATE, np.float32), RATE
        yield np.full(seconds * RATE, 0.3, np.float32), RATE
        for level in (1e-4, 5e-4):
            yield (level * rng.normal(size=seconds * RATE)).astype(np.float32), RATE


def noises() -> Iterator[Sound]:
    """White, pink and brown, hum, and clicks."""
    rng = np.random.default_rng(3)
    for seconds in (1, 2, 4):
        spectrum = np.fft.rfft(rng.normal(size=seconds * RATE))
        steps = np.maximum(np.arange(len(spectrum)), 1)
        for power in (0.0, 0.5, 1.0):
            wave = np.fft.irfft(spectrum / steps**power)
            for level in (0.03, 0.3):
                yield (level * wave / np.abs(wave).max()).astype(np.float32), RATE
        time = np.arange(seconds * RATE) / RATE
        for hertz in (50, 60, 440):
            wave = np.sin(2 * np.pi * hertz * time) + 0.2 * np.sin(6 * np.pi * hertz * time)
            yield (0.1 * wave).astype(np.float32), RATE
        clicks = np.zeros(seconds * RATE, np.float32)
        clicks[rng.integers(0, len(clicks), 8 * seconds)] = 0.8
        yield clicks, RATE


def music() -> Iterator[Sound]:
    """Melodies and chords of notes with overtones that fade, as of a piano."""
    for seed in range(COUNT // 2):
        rng = np.random.default_rng(100 + seed)
        chord, notes = ((0, 4, 7) if seed % 2 else (0,)), []
        for _ in range(12):
            lowest, length = 200 * 2 ** (rng.integers(0, 24) / 12), rng.choice([0.15, 0.3, 0.6])
            time = np.arange(int(length * RATE)) / RATE
            tones = [lowest * 2 ** (step / 12) * k for step in chord for k in range(1, 7)]
            parts = [np.sin(2 * np.pi * f * time) * lowest / f for f in tones]
            notes.append(sum(parts) * np.exp(-2 * time))
        wave = np.concatenate(notes)
        yield (0.3 * wave / np.abs(wave).max()).astype(np.float32), RATE


def songs() -> Iterator[Sound]:
    reader = PlumageSong(images_per_species=1, species=COUNT, test_species=2)
    for record in reader.read():
        if isinstance(record, Record):
            wave, rate = reader.sound(record)
            yield as_wave(wave, rate, RATE), RATE


def some(pattern: str, count: int, those: Callable[[Path], bool] = lambda path: True) -> list[Path]:
    found = sorted(filter(those, STAMPS.rglob(pattern)))
    return random.Random(8).sample(found, min(count, len(found)))


def stamps(paths: Iterable[Path]) -> Iterator[Sound]:
    for path in paths:
        try:
            yield read_wave(path, RATE, 6.0), RATE
        except BadInput:
            continue


def _round(voices: list[str]) -> Iterator[str]:
    while True:
        yield from voices
