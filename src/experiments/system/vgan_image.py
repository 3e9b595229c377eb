"""VGAN from a picture: the clip that begins with it (Vondrick 2016, section 4.4; as released), and
completion: the clip, or picture, of which a part is hidden.

As released there is no noise, and a picture has one clip. A caption may be told beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from experiments.clip.hidden import NUMBERS, Hiding, What
from experiments.data.batches import Batch
from experiments.data.record import CLIP
from experiments.data.view.base import Part, View, part_of
from experiments.data.view.clip import Clips, ClipView
from experiments.data.view.picture import PICTURE, Pictures, PictureView
from experiments.generator.base import as_uniform
from experiments.generator.scene import Scene
from experiments.generator.vgan_image import VGANImageGenerator, seen_of
from experiments.loss.scene import KnownLoss
from experiments.system.base import Losses, Samples, term
from experiments.system.scene import SceneGAN, Shared, made_of
from experiments.system.seeding import Step, noise_of


class VGANImage(SceneGAN):
    """A scene of its first frame, or of what is not hidden of it."""

    generator: VGANImageGenerator

    def __init__(
        self,
        *parts: Any,
        known: KnownLoss,
        image_size: int,
        hides: What | None = None,
        hidden: float = 0.5,
        keep_known: bool = True,
        **options: Any,
    ) -> None:
        """`parts` and `options` are `SceneGAN`'s. `known`: the loss of what is given, the first
        frame. `image_size`: side of pictures, that of the clips. `hides`: for completion, which
        part of a clip, or of a picture where clips have one frame, it is not given (`Hiding`);
        `hidden`: how much of it. `keep_known`: what was given stays in what is made of it."""
        super().__init__(*parts, **options)
        assert image_size == self.form.side, "image_size: that of system.form"
        assert self.generator.completes == (hides is not None), "generator.completes: as hides"
        self.known, self.keep_known, self.resolutions = known, keep_known, [image_size]
        self.hiding = hiding = None if hides is None else Hiding(hides, hidden)
        if hiding is not None:
            hiding.require_fit(self.form.frames)
        still = self.form.frames == 1
        assert not still or (hiding is not None and not self.wrong), (
            "frames: a clip of one frame is a picture, of which a part is completed, without pairs"
        )
        assert not still or self.form.channels == 3, "channels: pictures have 3"
        self.made = PICTURE if still else CLIP
        given = PICTURE if hiding is None or still else CLIP
        self.makes = MappingProxyType({(given, *self.condition): self.made})
        if not self.generator.noise_dim:
            told = "a picture has one clip" if hiding is None else "what is known has one answer"
            self.sampled_as = {"noise": f"none: {told}, so diversity is 0"}

    def views(self) -> list[View]:
        """Pictures are asked for; in training they are the first frames."""
        still = [PictureView(self.resolutions)] if self.hiding is None or self.is_still else []
        clips = [] if self.is_still else [ClipView(self.form, self.wrong)]
        return [*self._captions(), *still, *clips]

    @property
    def is_still(self) -> bool:
        return self.made == PICTURE

    # A step.

    def prepare(self, batch: Batch, step: Step) -> Shared:
        clips = self.clips_of(batch.views)
        sentence, noise = self.sentences(batch), step.normal(self.generator.noise_dim)
        if self.hiding is None:
            given, hidden, shown = clips[:, :, 0], None, clips[:, :, 0]
        else:
            hidden = self.hiding.masks(step.uniform(NUMBERS), *self.form.shape[1:3])
            given, shown = clips, seen_of(clips, hidden)
        made = self.generator(shown, noise, sentence)
        return Shared(clips, self.wrong_of(batch), sentence, made, given, hidden)

    def clips_of(self, parts: Mapping[str, Part]) -> Tensor:
        """Real clips (B, C, T, H, W) of the views of records; pictures are clips of one frame."""
        if self.is_still:
            return part_of(parts, Pictures).images[-1][:, :, None]
        return part_of(parts, Clips).values

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """As VGAN, and what was given stays as it was: the first frame, or what is not hidden."""
        losses = super().generator_loss(shared, step, repeat)
        given, hidden, made = shared.given, shared.hidden, shared.made.clip
        assert given is not None
        if hidden is None:
            value = term(self.known.weight, lambda: self.known(made[:, :, 0], given))
            losses = losses | {"first_frame": value}
            if not self.known.hidden_weight:
                return losses
            later = term(self.known.hidden_weight, lambda: self.later(shared))
            return losses | {"later_frames": later}
        found = {"known": term(self.known.weight, lambda: self.known(made, given, ~hidden))}
        weight = self.known.hidden_weight
        return losses | found | {"hidden": term(weight, lambda: self.known(made, given, hidden))}

    def later(self, shared: Shared) -> Tensor:
        """How far the frames after the first are from those of the real clip, a scalar."""
        return self.known(shared.made.clip[:, :, 1:], shared.real[:, :, 1:])

    # What it makes.

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        """A row's seed decides its noise, and in completion where it is hidden."""
        if self.hiding is not None:
            return self._completions(asked, seeds)
        picture = part_of(asked, Pictures).images[-1]
        if self.form.channels == 1:
            picture = picture.mean(1, keepdim=True)
        noise = noise_of(seeds, self.generator.noise_dim).to(picture.device)
        return made_of(self.generator(picture, noise, self.sentences_of(asked)))

    def _completions(self, asked: Mapping[str, Part], seeds: list[int]) -> Samples:
        """The stages begin with what was given; what was not is grey."""
        clips = self.clips_of(asked)
        scene, hidden = self._completed(asked, clips, seeds)
        if self.keep_known:
            kept = torch.where(hidden, scene.clip, clips.to(scene.clip.dtype))
            scene = scene._replace(clip=kept)
        given = clips * ~hidden
        if self.is_still:
            return Samples({PICTURE: [given[:, :, 0], scene.clip[:, :, 0]]})
        return made_of(scene, given=given)

    @torch.no_grad()
    def completed_of(self, asked: Mapping[str, Part], seeds: list[int]) -> tuple[Tensor, Tensor]:
        """Clips (B, C, T, H, W) made of what is not hidden of those that are asked, and what is,
        bool (B, 1, T, H, W)."""
        scene, hidden = self._completed(asked, self.clips_of(asked), seeds)
        return scene.clip, hidden

    def _completed(
        self, asked: Mapping[str, Part], clips: Tensor, seeds: list[int]
    ) -> tuple[Scene, Tensor]:
        assert self.hiding is not None
        sizes = [self.generator.noise_dim, NUMBERS]
        noise, place = noise_of(seeds, sum(sizes)).to(clips.device).split(sizes, dim=1)
        uniform = (as_uniform(place) + 1) / 2
        hidden = self.hiding.masks(uniform, *self.form.shape[1:3])
        shown = seen_of(clips, hidden)
        return self.generator(shown, noise, self.sentences_of(asked)), hidden
