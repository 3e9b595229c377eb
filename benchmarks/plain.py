"""AttnGAN's training step written as plainly as papers publish it: what `make bench` divides by.

Float32, eager, the default memory layout and allocator. The text encoder runs in every step; each
discriminator has a pass, a backward and an optimiser of its own; the generator's phase computes the
discriminators' gradients too, and throws them away; the word loss goes from caption to caption; the
average of weights goes from parameter to parameter; every loss is fetched in every step. The
networks are the project's own, and so are their weights and gradients: `tests/test_benchmarks.py`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.discriminator.attngan import StageDiscriminator
from experiments.generator.block import UpConv
from experiments.loss.damsm import DAMSMLoss
from experiments.seeding import Step
from experiments.system.attngan import AttnGAN

DECAY = 0.999  # of the averaged weights, a step


class PlainStep:
    """The step of one AttnGAN. It takes over the system's networks and trains them in place."""

    def __init__(
        self, system: AttnGAN, generator_lr: float, discriminator_lr: float, beta1: float = 0.5
    ) -> None:
        betas = (beta1, 0.999)
        self.system, self.generator, self.encoder = system, system.generator, system.encoder
        for layer in self.generator.modules():
            if isinstance(layer, UpConv):
                layer.fast = False  # double, then convolve
        self.discriminators: list[StageDiscriminator] = list(system.discriminator.stages)  # type: ignore[arg-type]
        self.discriminator_optimisers = [
            torch.optim.Adam(network.parameters(), lr=discriminator_lr, betas=betas)
            for network in self.discriminators
        ]
        self.optimiser = torch.optim.Adam(self.generator.parameters(), lr=generator_lr, betas=betas)
        self.average = [parameter.detach().clone() for parameter in self.generator.parameters()]

    def step(self, batch: Batch, step: Step) -> dict[str, float]:
        """Train on a batch whose `images` are there: (B, 3, r, r) of each stage. Returns losses."""
        assert batch.images is not None, "the loader makes the pyramid"
        with torch.no_grad():
            words, sentence = self.encoder.encode_text(batch.tokens, batch.lengths.cpu())
        mask = batch.tokens != 0
        noise = step.normal(int(self.generator.noise_dim))  # type: ignore[arg-type]
        epsilon = step.normal(int(self.generator.condition_dim))  # type: ignore[arg-type]
        made = self.generator(noise, epsilon, sentence, words, mask)
        wrong = sentence_of_the_next(sentence, batch.lengths)
        losses = {}
        parts = zip(
            self.discriminators,
            self.discriminator_optimisers,
            batch.images,
            made.images,
            strict=True,
        )
        for network, optimiser, real, fake in parts:
            optimiser.zero_grad()
            loss = discriminator_loss(network, real, fake.detach(), sentence, wrong)
            loss.backward()
            optimiser.step()
            losses[f"{network.resolution}px/discriminator"] = loss.item()
        self.optimiser.zero_grad()
        total = self.generator_loss(batch, words, sentence, made.images, losses)
        kl = -0.5 * torch.mean(1 + made.logvar - made.mu.square() - made.logvar.exp())
        losses["kl"] = kl.item()
        total = total + self.system.kl.weight * kl
        total.backward()
        self.optimiser.step()
        losses["generator"] = total.item()
        with torch.no_grad():
            for average, parameter in zip(self.average, self.generator.parameters(), strict=True):
                average.mul_(DECAY).add_(parameter, alpha=1 - DECAY)
        return losses

    def generator_loss(
        self,
        batch: Batch,
        words: Tensor,
        sentence: Tensor,
        fakes: list[Tensor],
        losses: dict[str, float],
    ) -> Tensor:
        """Adversarial terms of all stages and the DAMSM terms of the last."""
        total = torch.zeros((), device=sentence.device)
        for network, fake in zip(self.discriminators, fakes, strict=True):
            conditional, unconditional = network(fake, sentence)
            assert unconditional is not None, "the published form has both heads"
            loss = against(conditional, 1.0) + against(unconditional, 1.0)
            losses[f"{network.resolution}px/generator"] = loss.item()
            total = total + loss
        regions, vector = self.encoder.encode_image(fakes[-1])
        settings, target = self.system.damsm, torch.arange(len(sentence), device=sentence.device)
        by_words = word_scores(words, batch.lengths, regions, settings)
        by_sentence = F.cosine_similarity(sentence[:, None], vector[None], dim=2)
        for name, scores in (("word", by_words), ("sentence", by_sentence)):
            scores = without_own_class(settings.gamma3 * scores, batch.labels)
            loss = F.cross_entropy(scores, target) + F.cross_entropy(scores.t(), target)
            losses[f"damsm/{name}"] = loss.item()
            total = total + settings.weight * loss
        return total


def discriminator_loss(
    network: StageDiscriminator, real: Tensor, fake: Tensor, sentence: Tensor, wrong: Tensor
) -> Tensor:
    """(u_real + c_real) / 2 + (u_fake + c_fake + c_wrong) / 3, as the released code has it."""
    real_features, fake_features = network.trunk(real), network.trunk(fake)
    real_match = against(network.conditional(real_features, sentence), 1.0)
    fake_match = against(network.conditional(fake_features, sentence), 0.0)
    wrong_match = against(network.conditional(real_features, wrong), 0.0)
    assert isinstance(network.unconditional_head, nn.Module), "the published form has both heads"
    real_alone = against(network.unconditional_head(real_features), 1.0)
    fake_alone = against(network.unconditional_head(fake_features), 0.0)
    return (real_alone + real_match) / 2 + (fake_alone + fake_match + wrong_match) / 3


def against(logits: Tensor, target: float) -> Tensor:
    """Binary cross-entropy of logits against one target."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def sentence_of_the_next(sentence: Tensor, lengths: Tensor) -> Tensor:
    """sentence (B, D) of the next image when the batch is sorted by length, longest first."""
    order = torch.argsort(lengths, descending=True, stable=True)
    wrong = torch.empty_like(sentence)
    wrong[order] = sentence[order.roll(-1)]
    return wrong


def word_scores(words: Tensor, lengths: Tensor, regions: Tensor, settings: DAMSMLoss) -> Tensor:
    """R(Q, D) of every caption and image (B, B), caption by caption (Xu 2018, eq. 7 to 10)."""
    rows = []
    for index in range(len(words)):
        e = words[index : index + 1, :, : int(lengths[index])].expand(len(regions), -1, -1)
        s = torch.bmm(e.transpose(1, 2), regions)  # eq. 7: (B, T, N)
        alpha = (settings.gamma1 * s.softmax(dim=1)).softmax(dim=2)  # eq. 8 and 9
        context = torch.bmm(regions, alpha.transpose(1, 2))  # (B, D, T)
        relevance = F.cosine_similarity(e, context, dim=1)
        rows.append((settings.gamma2 * relevance).exp().sum(dim=1).log())
    return torch.stack(rows)


def without_own_class(scores: Tensor, labels: Tensor) -> Tensor:
    """scores (B, B) in which another picture of the same class is no negative, row by row."""
    masks = []
    for index in range(len(labels)):
        same = labels == labels[index]
        same[index] = False
        masks.append(same)
    return scores.masked_fill(torch.stack(masks), float("-inf"))
