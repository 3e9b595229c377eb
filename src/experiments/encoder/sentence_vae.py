"""A variational autoencoder of sentences, of the vectors of their words (the pipeline of 2017).

Source: the notebook vae_nlp of Toni-Antonova/VAE-Text-Generation, and the text that goes with it:
docs/sentence_vae.md lists where these differ, and what differs here.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from experiments.encoder.word_vectors import WordVectors
from experiments.loss.sentence_vae import Likelihood
from experiments.terminal.error import UserError

Combined = Literal["concatenated", "averaged"]
Emphasis = Literal["none", "scale", "slot", "loss_weight"]


class Placed(NamedTuple):
    """Sentences as numbers: values (B, L, dim), zero where there is nothing; weights (B, L): what
    each place counts in the loss, 0 where there is nothing."""

    values: Tensor
    weights: Tensor


class SentenceVAE(nn.Module):
    """Words side by side, up to `length` of them, to a normal code, and back.

    As a text encoder it gives the mean of the code. 25 words of 300 numbers and a code of 500 are
    the text's and the next step's; the notebook has 10 and 1,000.
    """

    name = "sentence_vae"
    gives_words = False
    sees_pictures = False
    reading = ("vectors", "encoder", "mean")

    def __init__(
        self,
        vectors: WordVectors,
        length: int = 25,
        hidden: int = 1200,
        dim: int = 500,
        likelihood: Likelihood = "gaussian",
        combined: Combined = "concatenated",
        unknown: Literal["keep", "drop"] = "keep",
        emphasis: Emphasis = "none",
        strength: float = 1.0,
        scaled: bool = True,
    ) -> None:
        """`length`: words that are kept, L. `combined`: vectors of words side by side (L vectors),
        or their mean (one). `unknown`: words without a vector of their own keep their place, or are
        dropped, so that later ones move up (the notebook).

        `emphasis` of words that say what happens: `scale` their vectors by 1 + `strength`; `slot`:
        a further vector, the mean of theirs; `loss_weight`: their places count 1 + `strength`.
        `scaled`: vectors are multiplied so that the mean square of their numbers is 1 (this
        project's choice: else the divergence outweighs short vectors, and the code says nothing);
        of `gaussian` alone.
        """
        super().__init__()
        assert strength >= 0, "strength: at least 0"
        assert length >= 1, "length: at least 1"
        self.vectors, self.length, self.dim = vectors, length, dim
        self.likelihood, self.combined, self.unknown = likelihood, combined, unknown
        self.emphasis, self.strength = emphasis, strength
        self.scaled = scaled and likelihood == "gaussian"
        self.places = (1 if combined == "averaged" else length) + (emphasis == "slot")
        numbers = self.places * vectors.dim
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(numbers, hidden), nn.ReLU())
        self.mean, self.logvar = nn.Linear(hidden, dim), nn.Linear(hidden, dim)
        self.decoder = nn.Sequential(
            nn.Linear(dim, hidden),
            nn.ReLU(),
            nn.Linear(hidden, numbers),
            nn.Unflatten(1, (self.places, vectors.dim)),
        )
        for layer in self.modules():
            if isinstance(layer, nn.Linear):  # as Keras begins
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    # Sentences as numbers.

    def placed(self, tokens: Tensor, lengths: Tensor) -> Placed:
        """tokens: (B, T) int64; lengths: (B,)."""
        tokens, kept = self._kept(tokens, lengths)
        acting = self.vectors.actions[tokens] & kept
        values = self.vectors(tokens) * (kept[..., None] * self._scale)
        weights = kept.float()
        if self.emphasis == "scale":
            values = values * (1 + self.strength * acting[..., None])
        if self.emphasis == "loss_weight":
            weights = weights + self.strength * acting
        slot = _mean(values, acting)
        if self.combined == "averaged":
            values, weights = _mean(values, weights), kept.any(1, keepdim=True).float()
        if self.emphasis == "slot":
            values = torch.cat((values, slot), dim=1)
            weights = torch.cat((weights, acting.any(1, keepdim=True).float()), dim=1)
        return Placed(values, weights)

    def _kept(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Words (B, L), 0 where there is none, and where there is one."""
        there = (
            torch.arange(tokens.shape[1], device=tokens.device) < lengths.to(tokens.device)[:, None]
        )
        if self.unknown == "drop":
            there = there & (tokens != self.vectors.unknown)
            order = (~there).to(torch.uint8).argsort(dim=1, stable=True)
            tokens, there = tokens.gather(1, order), there.gather(1, order)
        tokens, there = tokens[:, : self.length], there[:, : self.length]
        missing = self.length - tokens.shape[1]
        tokens, there = (nn.functional.pad(each, (0, missing)) for each in (tokens, there))
        return tokens * there, there

    @property
    def _scale(self) -> Tensor | float:
        """Of the vectors; 1 where all are zero, as before they are read."""
        if not self.scaled:
            return 1.0
        mean = self.vectors.table[1:].square().mean()
        return torch.where(mean > 0, mean, 1.0).rsqrt()

    def squeezed(self, values: Tensor) -> Tensor:
        """Values (..., dim) of `placed` in [0, 1], from the smallest to the largest number that any
        word has (`bce_minmax`)."""
        low, high = self._range
        return (values - low) / (high - low)

    @property
    def _range(self) -> tuple[Tensor, Tensor]:
        table = self.vectors.table[1:]
        if self.emphasis == "scale":
            table = torch.cat((table, table * (1 + self.strength)))
        low, high = table.amin(), table.amax()
        return low, torch.where(high > low, high, low + 1)

    # The code, and back.

    def code(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Values (B, L, dim) to mean and log variance (B, dim) of the code."""
        found = self.encoder(values)
        return self.mean(found), self.logvar(found)

    def decode(self, code: Tensor) -> Tensor:
        """(B, L, dim) of a code (B, dim): of `gaussian` of any sign, else in (0, 1)."""
        made: Tensor = self.decoder(code).float()
        return made if self.likelihood == "gaussian" else made.sigmoid()

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        """tokens: (B, T); lengths: (B,). Returns None, as words have no features, and the mean of
        the code (B, dim)."""
        return None, self.mean(self.encoder(self.placed(tokens, lengths).values))

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        """As `encode_text`: what other encoders are made of is called so."""
        return self.encode_text(tokens, lengths)

    def words_of(self, code: Tensor) -> Tensor:
        """The word (B, length) at each place of a code (B, dim), whose vector has the largest
        cosine; how many words a sentence had the code does not say. Raises `UserError` where the
        mean of the words is all that there is."""
        if self.combined == "averaged":
            raise UserError("encoder.text.combined=averaged: no sentence can be read out of a mean")
        made = self.decode(code)[:, : self.length]
        if self.likelihood == "bce_minmax":
            low, high = self._range
            made = low + made * (high - low)
        return self.vectors.nearest(made)

    def freeze(self) -> SentenceVAE:
        """Make it a fixed function: no parameter trains."""
        return self.requires_grad_(False).eval()


def between(first: Tensor, second: Tensor, count: int) -> Tensor:
    """Codes (count, dim) at equal distances on the line from one code (dim,) to another, both ends
    among them."""
    assert count >= 2, "count: at least the two ends"
    shares = torch.linspace(0, 1, count, device=first.device)[:, None]
    return (1 - shares) * first + shares * second


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """The mean (B, 1, dim) of values (B, L, dim) with weights (B, L), zero where these are."""
    weights = weights.to(values.dtype)[..., None]
    return (values * weights).sum(1, keepdim=True) / weights.sum(1, keepdim=True).clamp_min(1e-7)
