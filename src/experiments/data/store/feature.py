"""Word and sentence features of a frozen text encoder, computed once for every caption of a split.

An encoder that is not trained gives a caption the same features in every epoch, so they are read
from disk: words (M, dim, T) and sentence (M, dim), in the order of the split's captions and in the
type that the run trains with (`trainer.text_features`). An encoder that gives sentences alone has
no words there either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from experiments.data.store.picture import damaged, open_store, progress_bar
from experiments.data.store.recordings import Recordings
from experiments.data.store.room import lock_of
from experiments.data.store.split import Split
from experiments.file.lock import locked
from experiments.file.mapped import Rows, create
from experiments.file.use import use
from experiments.file.whole import atomic
from experiments.terminal.error import UserError
from experiments.terminal.line import amount, number_of, say

EncodeFn = Callable[[Tensor, Tensor], tuple[Tensor | None, Tensor]]
BATCH = 256  # fixed: features may depend on it in the last bit


class CaptionFeatures:
    """The features of a split's captions. Made by `open`; `at` and `mean` read them."""

    def __init__(self, words: np.ndarray | None, sentence: np.ndarray) -> None:
        if words is not None and words.shape[:2] != sentence.shape:
            raise UserError(
                f"text features: words {words.shape} do not fit sentences {sentence.shape}; delete "
                "the folder captions-* of the data's cache"
            )
        self.folder: Path | None = None  # that they were opened from
        self._words = None if words is None else np.asarray(words)
        self._sentence = np.asarray(sentence)

    @classmethod
    def open(
        cls,
        split: Split,
        encode_fn: EncodeFn,
        encoder_hash: str,
        cache: Path,
        device: torch.device | str = "cpu",
        quiet: bool = False,
        precision: torch.dtype = torch.float32,
    ) -> CaptionFeatures:
        """The features under `cache`, computed first where they are not there.

        `encode_fn(tokens (B, T), lengths (B,))` gives words (B, dim, T), or None, and sentence
        (B, dim); it is called without gradients, on `device`, always with the same B, and its
        encoder must be in evaluation mode. `encoder_hash` names its weights. `precision`: float32
        or float16; each has a folder of its own.
        """
        name = str(precision).removeprefix("torch.")
        dtype = np.dtype(name)
        # float16 has the name from when there was nothing else.
        end = "" if precision == torch.float16 else f"-{name}"
        folder = Path(cache) / f"captions-{encoder_hash}-{tokens_hash(split)}{end}"
        try:
            with locked(lock_of(folder)):  # also against whoever makes room
                use(folder)
                if not folder.exists():
                    with atomic(folder) as partial:
                        partial.mkdir()
                        _compute(split, encode_fn, partial, precision, torch.device(device), quiet)
        except OSError:  # a cache that others own can be read
            if not folder.exists():
                raise
        words = folder / "words.npy"
        found = cls(
            open_store(words) if words.exists() else None, open_store(folder / "sentence.npy")
        )
        if not found._fit(split, dtype):
            raise damaged(folder / "sentence.npy", "not the features of these captions")
        found.folder = folder
        return found

    def _fit(self, split: Split, dtype: np.dtype[Any]) -> bool:
        """Whether these are of the type, one for each caption."""
        words, sentence = self._words, self._sentence
        return (
            sentence.dtype == dtype
            and sentence.ndim == 2
            and len(sentence) == len(split.tokens)
            and (words is None or (words.dtype == dtype and words.ndim == 3))
        )

    def __len__(self) -> int:
        return len(self._sentence)

    @property
    def dim(self) -> int:
        """Size of the embedding."""
        return self._sentence.shape[1]

    def at(self, caption_rows: np.ndarray | Tensor) -> tuple[Tensor | None, Tensor]:
        """Words (B, dim, T), or None, and sentence (B, dim) of the captions (B,)."""
        rows = np.asarray(caption_rows)
        words = None if self._words is None else torch.from_numpy(self._words[rows])
        return words, torch.from_numpy(self._sentence[rows])

    def mean(self, captions: Sequence[np.ndarray]) -> Tensor:
        """Sentence (B, dim), the mean over the captions of each row."""
        first = np.cumsum([0, *(len(rows) for rows in captions[:-1])])
        sentences = self._sentence[np.concatenate(captions)]
        counts = np.array([len(rows) for rows in captions], np.float32)[:, None]
        sums = np.add.reduceat(sentences.astype(np.float32), first, axis=0)
        return torch.from_numpy((sums / counts).astype(sentences.dtype))


def hash_weights(network: nn.Module) -> str:
    """Twelve hexadecimal digits of the names, shapes and values of a state dict, and of what its
    parts carry beside it."""
    digest = hashlib.sha256()
    for name, part in network.named_modules():
        if carried := getattr(part, "carried_id", ""):
            digest.update(f"{name} {carried} ".encode())
    for name, value in sorted(network.state_dict().items()):
        digest.update(f"{name} {tuple(value.shape)} {value.dtype} ".encode())
        if value.is_meta:  # it is built to be looked at, and has no values
            continue
        raw = value.detach().cpu().contiguous().flatten().view(torch.uint8)
        digest.update(raw.numpy().tobytes())
    return digest.hexdigest()[:12]


def tokens_hash(split: Split) -> str:
    """Twelve hexadecimal digits that differ where any caption's tokens differ."""
    if isinstance(split.tokens, Recordings):
        return split.tokens.digest
    digest = hashlib.sha256(repr(split.tokens.shape).encode())
    digest.update(split.tokens.tobytes())
    digest.update(split.lengths.tobytes())
    return digest.hexdigest()[:12]


@torch.no_grad()
def _compute(
    split: Split,
    encode_fn: EncodeFn,
    folder: Path,
    precision: torch.dtype,
    device: torch.device,
    quiet: bool,
) -> None:
    count = len(split.tokens)
    title = f"text features of {number_of(count, 'caption')}"
    files: dict[str, Rows] = {}
    with ExitStack() as opened, progress_bar(count, title, "captions", quiet) as bar:
        for first in range(0, count, BATCH):
            # The last batch is filled up with the last caption, so that all have one shape.
            rows = np.minimum(np.arange(first, first + BATCH), count - 1)
            used = min(BATCH, count - first)
            tokens, lengths = (torch.from_numpy(part).to(device) for part in split.read(rows))
            words, sentence = encode_fn(tokens, lengths)
            if first == 0 and not quiet:
                each = sum(part[0].numel() for part in (words, sentence) if part is not None)
                size = amount(count * each * precision.itemsize)
                say(
                    f"text features of {number_of(count, 'caption')}: {size}, kept in "
                    f"{folder.parent}"
                )
            for name, part in (("words", words), ("sentence", sentence)):
                if part is None:
                    continue
                found = part.to(precision).cpu().numpy()
                if not np.isfinite(found).all():
                    raise UserError(
                        "text encoder: its features are not finite; check its checkpoint"
                    )
                if name not in files:
                    path = folder / f"{name}.npy"
                    create(path, found.dtype, (count, *found.shape[1:]))
                    files[name] = opened.enter_context(Rows(path))
                files[name][first] = found[:used]
            bar.add(used)
    assert files, "a split without captions"
