"""TGANs-C's sentence encoder (Pan et al. 2017, section 3.1), and the decoder that trains it
(sequence autoencoders: Dai and Le 2015)."""

from __future__ import annotations

from typing import NoReturn

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from experiments.data.view.captions import before
from experiments.encoder.text_image import TextImageEncoder
from experiments.terminal.error import UserError

END = 0  # the token of the padding: what a sentence begins after, and ends with


class SentenceLSTM(nn.Module):
    """Words to states of a bi-directional LSTM, and these to the last state of a second LSTM."""

    name = "sentence_autoencoder"
    gives_words = False

    def __init__(
        self, vocabulary_size: int, dim: int = 256, embedding_dim: int = 256, width: int = 256
    ) -> None:
        """`vocabulary_size` counts every index, padding and unknown word included; `width`: of each
        direction. 1.85 million weights with 30 words."""
        super().__init__()
        self.dim = dim
        self.embedding = nn.Embedding(vocabulary_size, embedding_dim)
        self.context = nn.LSTM(embedding_dim, width, batch_first=True, bidirectional=True)
        self.sentence = nn.LSTM(2 * width, dim, batch_first=True)

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        """tokens: (B, T) int64, 0 on the padding; lengths: (B,), each from 1 to T. Returns None, as
        words have no features of their own, and sentence (B, dim): the state after the last word.
        """
        packed = pack_padded_sequence(
            self.embedding(tokens), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, _ = self.context(packed)
        _, (last, _) = self.sentence(states)
        return None, last[0]


class SentenceAutoencoder(TextImageEncoder):
    """The encoder `text`, and an LSTM that writes the sentence again from its vector alone."""

    name = "sentence_autoencoder"
    sees_pictures = False
    text: SentenceLSTM

    def __init__(
        self,
        vocabulary_size: int,
        dim: int = 256,
        embedding_dim: int = 256,
        width: int = 256,
    ) -> None:
        """See `SentenceLSTM`, whose words the decoder shares."""
        text = SentenceLSTM(vocabulary_size, dim, embedding_dim, width)
        super().__init__(text, nn.Identity(), dim)
        self.decoder = nn.LSTM(embedding_dim, dim, batch_first=True)
        self.words = nn.Linear(dim, vocabulary_size)

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        """tokens: (B, T); lengths: (B,). Returns None, and sentence (B, dim)."""
        return self.text(tokens, lengths)  # type: ignore[no-any-return]

    def encode_image(self, images: Tensor) -> NoReturn:
        """Raises `UserError`."""
        raise UserError(
            "encoder: sentence_autoencoder has no image network to compare pictures with; choose "
            "another encoder or metric"
        )

    def told(
        self, sentence: Tensor, tokens: Tensor, lengths: Tensor, hidden: Tensor | None = None
    ) -> Tensor:
        """Logits (B, T + 1, vocabulary) of each word of tokens (B, T), and of the end behind the
        last, from the sentence (B, dim) and the words before it (teacher forcing) but those that
        are `hidden` (B, T). Those behind the end are of zeros."""
        known = tokens if hidden is None else tokens.masked_fill(hidden, END)
        before = torch.cat((torch.full_like(tokens[:, :1], END), known), dim=1)
        packed = pack_padded_sequence(
            self.text.embedding(before),
            lengths.cpu() + 1,
            batch_first=True,
            enforce_sorted=False,
        )
        state = sentence[None], torch.zeros_like(sentence)[None]
        states, _ = self.decoder(packed, state)
        states, _ = pad_packed_sequence(states, batch_first=True, total_length=before.shape[1])
        return self.words(states)  # type: ignore[no-any-return]

    @torch.no_grad()
    def written(self, sentence: Tensor, longest: int) -> Tensor:
        """Tokens (B, longest) int64 that it writes by itself, the likeliest word each time; 0 from
        the end on."""
        state = sentence[None], torch.zeros_like(sentence)[None]
        last = torch.full((len(sentence), 1), END, device=sentence.device)
        going = torch.ones_like(last, dtype=torch.bool)
        found = []
        for _ in range(longest):
            states, state = self.decoder(self.text.embedding(last), state)
            last = self.words(states).argmax(2)
            going = going & (last != END)
            found.append(last * going)
        return torch.cat(found, dim=1)


def reconstruction(logits: Tensor, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Of logits (B, T + 1, V): cross-entropy and share of right words of each caption (B,), over
    its words and its end."""
    wanted = F.pad(tokens, (0, 1), value=END)
    kept = before(lengths.to(tokens.device) + 1, wanted.shape[1])
    count = kept.sum(1)
    entropy = F.cross_entropy(logits.transpose(1, 2), wanted, reduction="none")
    right = (logits.argmax(2) == wanted) & kept
    return torch.where(kept, entropy, 0.0).sum(1) / count, right.sum(1) / count
