"""Birds of `data=plumage_song` to look at and to listen to.

    python -m experiments.sample.songbook --out songs

writes some birds that no run is trained on, each as a picture and a wav; `songs.png`: their songs
as spectrograms beside them, the parts that are sung named over their motifs; and all ten motifs one
after another, `motifs.wav` and `motifs.png`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from experiments.data.reader.plumage import COLOURS
from experiments.data.reader.plumage.motif import MOTIFS, RATE
from experiments.data.reader.plumage.song import REGISTERS
from experiments.data.reader.plumage_song import PlumageSong
from experiments.data.record import Record
from experiments.frontend.wave import write_wave
from experiments.sample.picture import FAINT, INK, PAPER, font_of, save_png
from experiments.terminal.command import Parser, answering
from experiments.terminal.error import UserError
from experiments.terminal.line import show

BIRD, HIGH, LONG = 188, 150, 2.75  # px of a bird and of a spectrogram; seconds of it
WIDE, EDGE, NAMES = 740, 42, 52  # px: of a spectrogram, left of it, over it
ROW = NAMES + HIGH + 42  # px
TOP, RANGE = 7000, 48  # Hz, and decibels, that are shown
STEP, WINDOW = 40, 512  # samples
Mark = tuple[int, int, str, str]  # first sample, samples, name, colour
SHADES = np.array([(252, 251, 248), (158, 178, 198), (58, 84, 124), (16, 22, 44)], np.float64)


def songbook(folder: Path, count: int, noise: float, seed: int) -> list[Path]:
    """Write the files of `count` birds into a folder; returns their paths, the sheet last."""
    reader = PlumageSong(images_per_species=1, captions=1, noise=noise, seed=seed)
    reader.check()
    names = reader.class_names()
    written, rows = [], []
    for number, record in enumerate(telling(reader, count), start=1):
        wave, rate = reader.sound(record)
        stem = f"{number:02d}-{names[record.label].replace(' ', '-')}"
        picture = Image.fromarray(reader.image(record, 256))
        save_png(picture, folder / f"{stem}.png")
        written += [folder / f"{stem}.png", write_wave(folder / f"{stem}.wav", wave, rate)]
        rows.append(panel(reader, record, names[record.label]))
    sheet = Image.new("RGB", (rows[0].width, sum(row.height for row in rows) + 8), PAPER)
    for number, row in enumerate(rows):
        sheet.paste(row, (0, number * row.height))
    wave, marks = motifs()
    save_png(labelled(wave, marks), folder / "motifs.png")
    save_png(sheet, folder / "songs.png")
    written += [write_wave(folder / "motifs.wav", wave, RATE), folder / "motifs.png"]
    return [*written, folder / "songs.png"]


def telling(reader: PlumageSong, count: int) -> list[Record]:
    """Birds of the test split, each of another species, that show much between them: the next is
    always the one with the most values that none before it has."""
    left = [r for r in reader.read() if isinstance(r, Record) and r.split == "test"]
    shown: set[tuple[str, str]] = set()
    chosen: list[Record] = []
    for _ in range(min(count, reader.test_species)):
        best = max(left, key=lambda record: len(_told(record, reader) - shown))
        shown |= _told(best, reader)
        chosen.append(best)
        left = [record for record in left if record.label != best.label]
    return chosen


def _told(record: Record, reader: PlumageSong) -> set[tuple[str, str]]:
    """Values of what is heard; a colour counts once, whichever part has it."""
    found = record.attributes.items()
    heard = {(n, v) for n, v in found if n in ("pattern", "size", "pose")}
    return heard | {("colour", v) for n, v in found if n in reader.colour_attributes()}


def motifs() -> tuple[np.ndarray, list[Mark]]:
    """All ten in the middle register, one after another: a wave (N,), and where each is."""
    length, step = round(0.215 * RATE), round(0.26 * RATE)
    wave = np.zeros(len(MOTIFS) * step, np.float32)
    marks = []
    for number, (colour, motif) in enumerate(MOTIFS.items()):
        start = number * step + (step - length) // 2
        wave[start : start + length] = motif(REGISTERS["medium"], length)
        marks.append((start, length, motif.__name__, colour))
    return wave, marks


def panel(reader: PlumageSong, record: Record, name: str) -> Image.Image:
    """A bird, and its song with the parts over their motifs."""
    row = Image.new("RGB", (BIRD + 16 + EDGE + WIDE, ROW), PAPER)
    row.paste(Image.fromarray(reader.image(record, BIRD)), (8, 12))
    draw = ImageDraw.Draw(row)
    draw.text((8, BIRD + 18), name, INK, font_of(13))
    kind = f"{record.attributes['size']}, {record.attributes['pattern']}"
    draw.text((8, BIRD + 34), kind, FAINT, font_of(12))
    marks = [(slot.start, slot.count, slot.part, slot.colour) for slot in reader.slots(record)]
    row.paste(labelled(reader.sound(record)[0], marks), (BIRD + 8, 0))
    return row


def labelled(wave: np.ndarray, marks: Sequence[Mark]) -> Image.Image:
    """A spectrogram with its axes, and what is sung over it."""
    picture = Image.new("RGB", (EDGE + WIDE + 8, NAMES + HIGH + 26), PAPER)
    draw = ImageDraw.Draw(picture)
    picture.paste(spectrogram(wave), (EDGE, NAMES))
    for place, count, name, colour in marks:
        start, end = (EDGE + WIDE * n / RATE / LONG for n in (place, place + count))
        bar = (round(start), NAMES - 12, round(end), NAMES - 5)
        draw.rectangle(bar, COLOURS[colour], FAINT)
        middle = (start + end) / 2
        draw.text((middle, NAMES - 30), name, INK, font_of(13), anchor="ms")
        draw.text((middle, NAMES - 17), colour, FAINT, font_of(11), anchor="ms")
    _axes(draw)
    return picture


def spectrogram(wave: np.ndarray) -> Image.Image:
    """Of a wave (N,) at 16 kHz: dark where it is loud, `RANGE` decibels from white to the
    darkest."""
    frames = np.lib.stride_tricks.sliding_window_view(
        np.pad(wave, (WINDOW // 2, WINDOW // 2 + round(LONG * RATE))), WINDOW
    )[: round(LONG * RATE) : STEP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), 2 * WINDOW)) ** 2
    power = power[:, : 1 + 2 * WINDOW * TOP // RATE].T[::-1]
    decibels = 10 * np.log10(np.maximum(power / power.max(), 1e-12))
    dark = np.clip(1 + decibels / RANGE, 0, 1) * (len(SHADES) - 1)
    places = np.arange(len(SHADES))
    shades = np.stack([np.interp(dark, places, SHADES[:, c]) for c in range(3)], axis=2)
    picture = Image.fromarray(np.rint(shades).astype(np.uint8))
    return picture.resize((WIDE, HIGH), Image.Resampling.LANCZOS)


def _axes(draw: ImageDraw.ImageDraw) -> None:
    """Frame, kHz and seconds of a spectrogram."""
    bottom, font = NAMES + HIGH, font_of(11)
    draw.rectangle((EDGE - 1, NAMES - 1, EDGE + WIDE, bottom), outline=FAINT)
    for kilohertz in range(0, TOP // 1000 + 1, 2):
        y = bottom - HIGH * 1000 * kilohertz / TOP
        draw.line((EDGE - 5, y, EDGE - 1, y), FAINT)
        draw.text((EDGE - 8, y), f"{kilohertz}", FAINT, font, anchor="rm")
    draw.text((EDGE - 8, NAMES + 2), "kHz", FAINT, font, anchor="rm")
    for half in range(int(2 * LONG) + 1):
        x = EDGE + WIDE * half / 2 / LONG
        draw.line((x, bottom, x, bottom + 4), FAINT)
        draw.text((x, bottom + 8), f"{half / 2:g}", FAINT, font, anchor="mt")
    draw.text((EDGE + WIDE, bottom + 8), "seconds", FAINT, font, anchor="rt")


def main(arguments: Sequence[str]) -> int:
    """Write a songbook; returns the exit code."""
    parser = Parser(
        prog="python -m experiments.sample.songbook",
        description="Birds of data=plumage_song as pictures, wavs and a sheet of their songs.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the files")
    parser.add_argument("--count", type=int, default=5, help="of birds, 1 to 100; 5")
    parser.add_argument("--noise", type=float, default=1.0, help="around the birds; 0: none")
    parser.add_argument("--seed", type=int, default=0, help="data.reader.seed")
    return answering(lambda: _write(parser.parse_args(arguments)))


def _write(options: argparse.Namespace) -> None:
    if not 1 <= options.count <= 100:
        raise UserError(f"--count={options.count}: use a number from 1 to 100")
    written = songbook(options.out, options.count, options.noise, options.seed)
    show("\n".join(map(str, written)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
