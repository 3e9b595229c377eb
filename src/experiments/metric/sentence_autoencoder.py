"""How well sentences of the test split come back from their vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from experiments.data.store.dataset import Dataset
from experiments.machine.rank import Ranks
from experiments.metric.embedding import evaluating
from experiments.metric.extractor import hash_weights
from experiments.metric.protocol import Protocol
from experiments.metric.real import LARGEST_BATCH, captions_for, read_captions
from experiments.metric.result import Result, Scored
from experiments.metric.rows import Rows, RowScore, looked_at
from experiments.system.sentence_autoencoder import reconstruction
from experiments.terminal.error import UserError

WORDS = "token_accuracy"
WHOLE = "sentence_accuracy"


class SentenceScores:
    """`token_accuracy/teacher_forced`: words, the end among them, that are the likeliest after the
    true ones before; `/free_running`: words that stand where they should where the decoder goes on
    from its own; `sentence_accuracy/free_running`: sentences that come back word for word. Chance
    is the commonest word of these captions everywhere."""

    def __init__(self, samples: int = 1000, seed: int = 0) -> None:
        self.samples, self.seed = samples, seed

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        split, encoder = dataset.test, system.encoder
        captions = captions_for(split, min(self.samples, len(split.caption_image)), self.seed)
        protocol = Protocol(
            n_real=len(captions),
            n_fake=0,
            split=split.name,
            crop="none",
            resize={},
            weights={encoder.name: hash_weights(encoder)},
            seed=self.seed,
            captions_per_image=-(-len(captions) // len(split)),
        )
        metric = ReturnedWords()

        def look(places: np.ndarray) -> Rows:
            tokens, lengths = read_captions(split, captions[places], encoder, ranks.device)
            sentence = encoder.encode_text(tokens, lengths)[1]
            logits = encoder.told(sentence, tokens, lengths)
            return {
                "forced": reconstruction(logits.float(), tokens, lengths)[1],
                "written": encoder.written(sentence, tokens.shape[1] + 1),
                "wanted": F.pad(tokens, (0, 1)),
            }

        with evaluating(encoder):
            for rows in looked_at(len(captions), LARGEST_BATCH, ranks, look):
                metric.update(**rows)
        found = Scored()
        if (scores := found.attempt(WORDS, metric.compute)) is not None:
            found.scores |= scores
        return found.result(protocol)


class ReturnedWords(RowScore):
    """`compute` gives the scores by name; it raises `UserError` where there was no sentence."""

    kept = ("forced", "written", "wanted")

    def update(self, forced: torch.Tensor, written: torch.Tensor, wanted: torch.Tensor) -> None:
        """Shares (B,) of right words, and tokens (B, T) that came back and that should have; 0 from
        the end on, T the same in every batch."""
        self.keep(forced, written, wanted)

    def compute(self) -> dict[str, float]:
        forced, written, wanted = self.rows()
        if not len(wanted):
            raise UserError("nothing was read and written again")
        lengths = (wanted != 0).sum(1)
        kept = torch.arange(wanted.shape[1], device=wanted.device) <= lengths[:, None]
        right = (written == wanted) & kept
        share = (right.sum(1) / kept.sum(1)).double().mean()
        commonest = torch.bincount(wanted[kept]).max() / kept.sum()
        return {
            f"{WORDS}/teacher_forced": float(forced.double().mean()),
            f"{WORDS}/free_running": float(share),
            f"{WORDS}/free_running/chance": float(commonest),
            f"{WHOLE}/free_running": float((written == wanted).all(1).double().mean()),
        }
