"""CMCGAN's dynamic multimodal classifier: a missing picture or sound is filled in by a finished
CMCGAN run (Hao et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.base import View
from experiments.data.view.picture import Pictures, PictureView
from experiments.data.view.sound import Sounds, SoundView
from experiments.encoder.multimodal import KINDS, By, MultimodalClassifier
from experiments.frontend.excerpt import Excerpt
from experiments.generator.cmcgan import CMCGANGenerator
from experiments.system.base import Losses, Phase, System, term
from experiments.system.classifier import known_cross_entropy
from experiments.system.seeding import Step, noise_of

FILLED = ("generated_picture", "generated_sound")


@dataclass(frozen=True)
class Pairs:
    """Real pictures and sounds, and what was made of each by the other."""

    picture: Tensor
    sound: Tensor
    generated_picture: Tensor
    generated_sound: Tensor


class CMCGANClassifier(System):
    """Cross-entropy of what a picture, a sound and both tell, and of pairs of which one half was
    generated; what is unknown of a record does not count."""

    fixed = ("generator",)

    def __init__(
        self,
        excerpt: Excerpt,
        generator: CMCGANGenerator,
        encoder: MultimodalClassifier,
        weight: float = 1.0,
        filled_weight: float = 1.0,
    ) -> None:
        """`generator`: a trained one, which stays as it is. `filled_weight`: of pairs with a
        generated half in training; 0: the classifier sees them first when it is scored."""
        super().__init__()
        assert excerpt.shape == generator.shapes["sound"], (
            f"generator.sound: {list(generator.shapes['sound'])}; sounds are {list(excerpt.shape)}"
        )
        self.excerpt, self.encoder = excerpt, encoder
        self.generator = generator.requires_grad_(False).eval()
        self.weight, self.filled_weight = weight, filled_weight
        self.resolutions = generator.resolutions

    def views(self) -> list[View]:
        return [SoundView(self.excerpt), PictureView(self.resolutions)]

    def phases(self) -> list[Phase]:
        return [Phase("classifier", (self.encoder,), self.loss)]

    def export_modules(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder}

    @torch.no_grad()
    def filled(self, picture: Tensor, sound: Tensor, noise: Tensor) -> Pairs:
        """Both halves (B, ...) of pairs, each also made of the other with noise (B, noise_dim)."""
        make = self.generator
        return Pairs(
            picture,
            sound,
            make(sound, noise, "sound", "picture"),
            make(picture, noise, "picture", "sound"),
        )

    def prepare(self, batch: Batch, step: Step) -> tuple[Batch, Pairs]:
        noise = step.normal(self.generator.noise_dim)
        picture = batch.of(Pictures).images[-1]
        return batch, self.filled(picture, batch.of(Sounds).values, noise)

    def read(self, pairs: Pairs) -> dict[str, dict[str, Tensor]]:
        """Logits (B, values) by name: of a picture, a sound and both, and of both where the picture
        or the sound is a generated one. Every picture and sound is looked at once."""
        network = self.encoder
        v, a = network.picture(pairs.picture), network.sound(pairs.sound)
        found = {by: network.read(v, a, by) for by in KINDS}
        both: By = "both"
        return found | {
            "generated_picture": network.read(network.picture(pairs.generated_picture), a, both),
            "generated_sound": network.read(v, network.sound(pairs.generated_sound), both),
        }

    def tell(
        self, picture: Tensor, sound: Tensor, seeds: list[int]
    ) -> dict[str, dict[str, Tensor]]:
        """The same of real pairs (B), whose generated halves depend on their seeds (B) alone."""
        noise = noise_of(seeds, self.generator.noise_dim).to(picture.device)
        return self.read(self.filled(picture, sound, noise))

    def loss(self, shared: tuple[Batch, Pairs], step: Step, repeat: int) -> Losses:
        """A term for each way of telling: the sum over all that is to be told."""
        batch, pairs = shared
        targets = dict(self.encoder.told(batch.attributes, batch.labels))

        def entropy(logits: dict[str, Tensor]) -> Tensor:
            parts = [known_cross_entropy(logits[n].float(), t) for n, t in targets.items()]
            return torch.stack(parts).sum()

        losses: Losses = {}
        for name, logits in self.read(pairs).items():
            weight = self.filled_weight if name in FILLED else 1.0
            losses[name] = term(self.weight * weight, lambda logits=logits: entropy(logits))  # type: ignore[misc]
        return losses
