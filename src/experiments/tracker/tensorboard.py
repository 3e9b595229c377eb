"""Runs in TensorBoard."""

from __future__ import annotations

import json
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image
from experiments.config.key import flat
from experiments.tracker.guard import Rows, Sounds, accelerate_state, picture_keys


class TensorBoard:
    """TensorBoard event files in `<run folder>/tensorboard`."""

    name = "tensorboard"
    remembers = False

    def __init__(self, folder: Path, config: dict[str, Any], images: int = 0) -> None:
        from accelerate.tracking import TensorBoardTracker

        accelerate_state()
        purge = {"purge_step": images + 1} if images else {}
        self._tracker = TensorBoardTracker("tensorboard", str(folder), **purge)
        self._tracker.start()
        self._config, self._images = config, images
        text = json.dumps(config, indent=2, default=str)
        self._tracker.writer.add_text("config", f"```json\n{text}\n```", images)

    def log(self, values: dict[str, float], images: int) -> None:
        self._images = images
        self._tracker.log(values, step=images)

    def log_pictures(
        self, name: str, pictures: Sequence[Image], captions: Sequence[str], images: int
    ) -> None:
        writer = self._tracker.writer
        keys = picture_keys(name, len(pictures))
        for key, picture in zip(keys, pictures, strict=True):
            pixels = np.asarray(picture.convert("RGB"))
            writer.add_image(key, pixels, images, dataformats="HWC")
        if any(captions):
            lines = [f"- `{key}` {caption}" for key, caption in zip(keys, captions, strict=True)]
            writer.add_text(f"{name}/captions", "\n".join(lines), images)
        writer.flush()

    def log_sounds(
        self, name: str, captions: Sequence[str], sounds: Sequence[Path], images: int
    ) -> None:
        writer = self._tracker.writer
        for key, path in zip(picture_keys(name, len(sounds)), sounds, strict=True):
            with wave.open(str(path)) as file:
                rate, frames = file.getframerate(), file.readframes(file.getnframes())
            samples = np.frombuffer(frames, "<i2").astype(np.float32) / 2**15
            writer.add_audio(key, samples[None], images, sample_rate=rate)
        if any(captions):
            lines = [f"- {caption}" for caption in captions]
            writer.add_text(f"{name}/captions", "\n".join(lines), images)
        writer.flush()

    def log_clips(
        self, name: str, captions: Sequence[str], clips: Sequence[Path], images: int
    ) -> None:
        """As pictures that move: the page shows the file as it is, and needs no encoder."""
        from PIL import Image
        from tensorboard.compat.proto.summary_pb2 import Summary

        writer = self._tracker.writer
        for key, path in zip(picture_keys(name, len(clips)), clips, strict=True):
            with Image.open(path) as opened:
                width, height = opened.size
            content = path.read_bytes()
            shown = Summary.Image(
                height=height, width=width, colorspace=3, encoded_image_string=content
            )
            summary = Summary(value=[Summary.Value(tag=key, image=shown)])
            writer._get_file_writer().add_summary(summary, images)
        if any(captions):
            lines = [f"- {caption}" for caption in captions]
            writer.add_text(f"{name}/captions", "\n".join(lines), images)
        writer.flush()

    def log_samples(self, samples: Rows, images: int, sounds: Sounds = ()) -> None:
        """TensorBoard has no tables; the sheet of samples shows the same."""

    def log_artifact(
        self, name: str, kind: str, file: Path, aliases: Sequence[str], about: dict[str, Any]
    ) -> None:
        """TensorBoard has no artifacts; `docs/tracking.md` says so."""

    def use_artifact(self, name: str, kind: str) -> None:
        """See `log_artifact`."""

    def summary(self, values: dict[str, Any]) -> None:
        scores = {name: value for name, value in values.items() if isinstance(value, (int, float))}
        settings = {
            key: value
            if isinstance(value, (bool, int, float, str))
            else json.dumps(value, default=str)
            for key, value in flat(self._config).items()
        }
        self._tracker.writer.add_hparams(settings, scores, run_name=".", global_step=self._images)
        self._tracker.writer.flush()

    def finish(self) -> None:
        self._tracker.finish()

    def abandon(self) -> None:
        pass
