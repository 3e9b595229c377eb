"""VGAN's systems and what they are given, for tests."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from experiments.clip.form import ClipForm
from experiments.data.batches import Batch
from experiments.data.record import CLIP
from experiments.data.view.caption import CAPTION, Captions
from experiments.data.view.clip import Clips
from experiments.data.view.picture import PICTURE, Pictures
from experiments.discriminator.vgan import VGANDiscriminator
from experiments.generator.vgan import VGANGenerator
from experiments.generator.vgan_image import VGANImageGenerator
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.loss.scene import KnownLoss, MaskLoss
from experiments.system.seeding import Step
from experiments.system.vgan import VGAN
from experiments.system.vgan_image import VGANImage
from experiments.system.vgan_text import VGANText

DIM, SIDE = 4, 24


class Counter(nn.Module):
    """In place of a text encoder: a sentence is how often each of four words stands in it."""

    dim = DIM
    reads = "words"
    gives_words = False

    def freeze(self) -> nn.Module:
        return self.requires_grad_(False).eval()

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        return None, nn.functional.one_hot(tokens % DIM, DIM).float().mean(1)


def parts(generator: Any, text_dim: int = 0, judges_frames: bool = False) -> tuple[Any, ...]:
    frames, side, channels = generator.frames, generator.side, generator.channels
    judge = VGANDiscriminator(frames, side, channels, 2, text_dim, 4, judges_frames=judges_frames)
    return generator, judge, MatchingAwareLoss(), ClipForm(frames, side, channels), MaskLoss()


def vgan(streams: Any = "two", **options: Any) -> VGAN:
    torch.manual_seed(0)
    return VGAN(*parts(VGANGenerator(8, SIDE, 3, 2, 5, streams=streams)), **options)


def vgan_text(wrong: Any = "clip", judges_frames: bool = False, **options: Any) -> VGANText:
    torch.manual_seed(0)
    generator = VGANGenerator(8, SIDE, 3, 2, 5, DIM, 4)
    given = parts(generator, DIM, judges_frames)
    return VGANText(*given, encoder=Counter(), wrong=wrong, **options)


def vgan_image(
    frames: int = 8,
    noise_dim: int = 0,
    text: bool = False,
    channels: int = 3,
    known: KnownLoss | None = None,
    **options: Any,
) -> VGANImage:
    torch.manual_seed(0)
    dim, hides = DIM if text else 0, options.get("hides")
    form = (frames, SIDE, channels, 2)
    generator = VGANImageGenerator(*form, noise_dim, dim, 4, completes=hides)
    given = parts(generator, dim)
    encoder = Counter() if text else None
    known = KnownLoss() if known is None else known
    return VGANImage(*given, known=known, image_size=SIDE, encoder=encoder, **options)


def views(count: int = 4, frames: int = 8, channels: int = 3) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(1)
    shape = (2, count, channels, frames, SIDE, SIDE)
    clips, wrong = torch.rand(shape, generator=generator) * 2 - 1
    tokens = torch.randint(0, DIM, (count, 6), generator=generator)
    lengths = torch.full((count,), 6)
    _, sentence = Counter().encode_text(tokens, lengths)
    picture = clips[:, :, 0].expand(-1, 3, -1, -1)
    return {
        CAPTION: Captions(tokens, lengths, sentence=sentence),
        CLIP: Clips(clips, wrong),
        PICTURE: Pictures([picture]),
    }


def batch_of(count: int = 4, frames: int = 8, channels: int = 3) -> tuple[Batch, Step]:
    rows = torch.arange(count)
    found = Batch(rows, rows, torch.zeros(count, 0), views(count, frames, channels))
    return found, Step(0, 0, count, slice(0, count), torch.device("cpu"))
