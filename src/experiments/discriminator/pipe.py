"""How often the discriminator sees changed pictures: always, with a fixed chance, or as often as it
needs, led by how sure it is of real ones (adaptive discriminator augmentation, Karras et al. 2020,
StyleGAN2-ADA, section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from experiments.discriminator.augment import Change, augmented, numbers_of

Probability = float | Literal["adaptive"]
EVERY = 4  # steps between two changes of the chance


class Pipe(nn.Module):
    """Changes of pictures with a chance for each. Where it is adaptive, a checkpoint keeps it."""

    probability: Tensor
    signs: Tensor
    rows: Tensor

    def __init__(
        self,
        changes: Sequence[Change],
        probability: Probability = 1.0,
        target: float = 0.6,
        images: int = 500_000,
    ) -> None:
        """`probability` p: of each change, in each picture; "adaptive": from 0 on it rises where
        r_t is above `target`, and falls where it is below, so that from 0 to 1 it would take so
        many `images`."""
        super().__init__()
        self.changes, self.target, self.images = list(changes), target, images
        self.adaptive = probability == "adaptive"
        assert changes or probability == 1.0, (
            f"augment_probability={probability}: nothing is changed; name changes in augment"
        )
        assert -1 < target < 1, f"augment_target={target}: must be between -1 and 1"
        assert images >= 1, f"augment_images={images}: must be at least 1"
        self.fixed = 0.0 if probability == "adaptive" else float(probability)
        assert 0 <= self.fixed <= 1, f"augment_probability={probability}: must be from 0 to 1"
        if self.adaptive:
            # r_t since the last change, as the sum over so many rows of all processes.
            for name in ("probability", "signs", "rows"):
                self.register_buffer(name, torch.zeros(()))

    @property
    def numbers(self) -> int:
        """Random numbers that each picture takes."""
        return numbers_of(self.changes, self.sometimes)

    @property
    def sometimes(self) -> bool:
        """Whether a change may leave a picture alone."""
        return self.adaptive or self.fixed < 1

    def forward(self, images: Sequence[Tensor], random: Tensor) -> list[Tensor]:
        """Every stage (B, 3, R, R) of a picture changed alike; random: (B, numbers), in [0, 1)."""
        chance = self.probability if self.adaptive else random.new_full((), self.fixed)
        return augmented(images, self.changes, random, chance if self.sometimes else None)

    @torch.no_grad()
    def note(self, lead: Tensor, rows: int, batch: int) -> None:
        """Take r_t over so many `rows` of a batch, a scalar, the same in all processes; after the
        last of four batches the chance moves by 4 batches' share of `images`, within 0 and 1.
        Nothing waits for the device."""
        assert self.adaptive, "augment_probability"
        self.signs += lead.to(self.signs) * rows
        self.rows += rows
        due = self.rows >= EVERY * batch
        towards = (self.signs / self.rows - self.target).sign()
        moved = (self.probability + towards * self.rows / self.images).clamp(0, 1)
        self.probability.copy_(torch.where(due, moved, self.probability))
        self.signs.copy_(torch.where(due, 0.0, self.signs))
        self.rows.copy_(torch.where(due, 0.0, self.rows))
