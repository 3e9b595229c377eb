"""A system that makes clips of captions, of pictures or of noise, and runs that train on it.

python -m tests.data.films OUTPUTS IMAGES [MOTION]    trains, as one of the processes of a job
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from experiments.clip.form import ClipForm
from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.data.batches import Batch
from experiments.data.view.base import Part, View
from experiments.data.view.caption import CAPTION, Captions, CaptionView
from experiments.data.view.clip import CLIP, Clips, ClipView
from experiments.data.view.picture import PICTURE, Pictures, PictureView
from experiments.machine.rank import leave
from experiments.run.prerequisite import Run
from experiments.system.base import Losses, Phase, Samples, System, Term
from experiments.system.seeding import Step, noise_of
from experiments.system.text import Text
from experiments.trainer.perform import perform
from tests.forked import Ended

NAME = "experiments.system.films"
NOISE = 4
MAIN = "from tests.data.films import main; main()"


class Words(nn.Module):
    """The mean of the words of a caption."""

    name, gives_words, sees_pictures, reads = "words", False, False, "words"

    def __init__(self, vocabulary_size: int, dim: int = 4) -> None:
        super().__init__()
        self.table = nn.Embedding(vocabulary_size, dim)

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        return None, self.table(tokens).mean(1)


class Film(nn.Module):
    """A clip of numbers (B, N): foreground, mask and background, each of one linear layer."""

    attends, resolutions = False, (8,)

    def __init__(self, inputs: int, form: ClipForm) -> None:
        super().__init__()
        self.form = form
        size = form.channels * form.frames * form.side**2
        self.layer = nn.Linear(inputs, 3 * size)

    def forward(self, numbers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Values (B, C, T, S, S) in [-1, 1] each."""
        found = self.layer(numbers).view(len(numbers), 3, *self.form.shape).tanh()
        return found[:, 0], found[:, 1], found[:, 2]


class Films(System):
    """Learns clips by their distance to the real ones. `of`: what it is told."""

    def __init__(
        self,
        form: ClipForm,
        of: str = CAPTION,
        encoder: nn.Module | None = None,
        image_size: int | None = None,
    ) -> None:
        super().__init__()
        self.form, self.of = form, of
        if image_size is not None:
            self.resolutions = [image_size]
        self.encoder: Any = encoder
        told = {CAPTION: 4, PICTURE: 3 * form.side**2, "noise": 0}[of]
        self.generator = Film(told + NOISE, form)
        ways: Mapping[str, tuple[str, ...]] = {"noise": ()}
        self.makes = MappingProxyType({ways.get(of, (of,)): CLIP})

    def views(self) -> list[View]:
        given: dict[str, list[View]] = {
            CAPTION: [CaptionView()],
            PICTURE: [PictureView([self.form.side])],
        }
        wrong: Any = "clip" if self.of == CAPTION else None
        return [*given.get(self.of, []), ClipView(self.form, wrong)]

    def phases(self) -> list[Phase]:
        modules = (self.generator,) if self.encoder is None else (self.generator, self.encoder)
        return [Phase("generator", modules, self.loss)]

    def export_modules(self) -> dict[str, nn.Module]:
        more = {} if self.encoder is None else {"encoder": self.encoder}
        return {"generator": self.generator, **more}

    def numbers(self, parts: Mapping[str, Part], noise: Tensor) -> Tensor:
        if self.of == CAPTION:
            captions = parts[CAPTION]
            assert isinstance(captions, Captions)
            told = self.encoder.encode_text(captions.tokens, captions.lengths)[1]
            return torch.cat([told, noise], 1)
        if self.of == PICTURE:
            pictures = parts[PICTURE]
            assert isinstance(pictures, Pictures)
            return torch.cat([pictures.images[-1].flatten(1), noise], 1)
        return noise

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        front, mask, back = self.generator(self.numbers(batch.views, step.normal(NOISE)))
        made = composed(front, mask, back)
        clips = batch.of(Clips)
        terms = {"square": Term((made - clips.values).square().mean())}
        if clips.wrong_values is not None:
            terms["wrong"] = Term(-(made - clips.wrong_values).square().mean(), 0.1)
        return terms

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        noise = noise_of(seeds, NOISE).to(next(self.parameters()).device)
        return self.composed_of(self.numbers(asked, noise))

    @property
    def noise_count(self) -> int:
        return NOISE

    def of_text(self, text: Text, noise: Tensor) -> Samples:
        return self.composed_of(torch.cat([text.sentence, noise], 1))

    def composed_of(self, numbers: Tensor) -> Samples:
        stages = self.generator(numbers)
        names = ("foreground", "mask", "background", "clip")
        return Samples({CLIP: [*stages, composed(*stages)]}, named={CLIP: names})


def composed(front: Tensor, mask: Tensor, back: Tensor) -> Tensor:
    share = (mask + 1) / 2
    return share * front + (1 - share) * back


def film_run(
    outputs: Path, images: int, of: str = CAPTION, motion: float | None = None, **trainer: Any
) -> Run:
    """Batches of 4 clips, a checkpoint and samples after every 8; of clips that move so much."""
    sys.modules.setdefault(NAME, sys.modules[__name__])
    for part in (Films, Words):  # as classes of the project that a model may have
        part.__module__ = NAME
    config = plain(checked_compose(["model=classifier", "debug=tiny", "tracker=none"]))
    for group in ("encoder", "loss", "generator", "discriminator", "style", "metric"):
        config.pop(group, None)
    form = {"_target_": "experiments.clip.form.ClipForm", "frames": 4, "side": 8, "rate": 10.0}
    config["system"] = {"_target_": f"{NAME}.Films", "form": form, "of": of}
    if of == CAPTION:
        config["encoder"] = {"_target_": f"{NAME}.Words"}
        config["system"]["encoder"] = config["encoder"]
    if of == PICTURE:
        config["system"]["image_size"] = 8
    config["data"]["name"] = "digits"
    config["data"]["reader"] = {
        "_target_": "experiments.data.reader.digits.Digits",
        "train_clips": 40,
        "test_clips": 20,
        "frames": 4,
        "side": 8,
        "glyphs": "drawn",
    }
    if motion is not None:
        sift = "experiments.data.store.sift.Sift"
        config["data"]["filter"] = {"_target_": sift, "motion": motion}
    config["optim"] = {"generator": {"_target_": "experiments.optim.adam.Adam", "lr": 0.01}}
    config["metric"] = None
    config["paths"] = {"outputs": str(outputs), "cache": str(outputs / "cache")}
    config["launch"] |= {"device": "cpu", "threads": 1}
    every = {"log_every": 4, "sample_every": 8, "evaluate_every": 8, "checkpoint_every": 8}
    config["trainer"] |= {"images": images, "batch": 4, "ema_halflife": 8, **every, **trainer}
    folder, chosen = outputs / "films-digits" / "0", {"model": "films", "data": "digits"}
    return Run(config, chosen, folder, "0", {}, [])


def train(outputs: Path, images: int, of: str = CAPTION, **trainer: Any) -> Path:
    """Train a run as `task=train` does, from where it is. Returns its folder."""
    run = film_run(outputs, images, of, **trainer)
    perform(run.config, run.choices, [], run=run)
    return run.folder


def train_together(together: Callable[..., list[Ended]], outputs: Path, *words: object) -> Path:
    """The same by two processes at once, which are told `words`. Returns the folder of the run."""
    for ended in together(MAIN, outputs, *words):
        assert ended.code == 0, ended.err
    return outputs / "films-digits" / "0"


def main() -> None:
    """Of one of the two: its outputs, images, and the motion of the clips to train on."""
    given = {"motion": float(sys.argv[3])} if len(sys.argv) > 3 else {}
    train(Path(sys.argv[1]), int(sys.argv[2]), **given)
    leave()  # threads that serve a group of processes could abort this one after all is saved
