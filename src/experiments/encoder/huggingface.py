"""Any text model of `transformers` as a text encoder: its last states are words, and a sentence is
what the model itself pools of them, or their mean (this project's choice).

The model is fixed unless `trained` says otherwise. What trains then are two linear heads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal, Self, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.data.text.pieces import LENGTH, Pieces, pieces_of_text
from experiments.data.text.reading import Reads
from experiments.encoder.text_folder import text_model
from experiments.encoder.text_model import (
    ACTIVATIONS,
    WHOLE,
    TextModel,
    dense_weights,
    loaded,
    network_of,
)
from experiments.file.model_folder import ModelFolder, model_folder
from experiments.terminal.error import UserError

Sentence = Literal["auto", "own", "mean"]
KEY = "encoder.text.name"
MOST = 950_000_000  # weights; an export of more than a thousand million is not opened


class Tower(nn.Module):
    """Tokens to states and a vector of the whole, with what a sentence-transformer has after it."""

    def __init__(self, about: TextModel, network: nn.Module) -> None:
        super().__init__()
        self.network, self.pooling, self.normalise = network, about.pooling, about.normalise
        self.dense = nn.ModuleList(
            nn.Linear(layer["in_features"], layer["out_features"], layer["bias"])
            for layer in about.dense
        )
        self.activations = [ACTIVATIONS[layer["activation"]] for layer in about.dense]
        config: Any = network.config
        self.width = int(config.hidden_size)
        self.padding = int(getattr(config, "pad_token_id", None) or 0)
        self.places: int | None = getattr(config, "max_position_embeddings", None)
        self.whole = config.model_type in WHOLE
        self.sentence_width = self.width
        if self.pooling == "own":
            self.sentence_width = int(getattr(config, "projection_size", None) or self.width)
        if about.dense:
            self.sentence_width = about.dense[-1]["out_features"]

    def forward(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """tokens, mask: (B, T). Returns states (B, T, width) and a sentence (B, sentence_width)."""
        count = tokens.shape[1]
        tokens = torch.where(mask, tokens, self.padding)
        if self.whole:  # trained so: with all of its padding, of which nothing is masked
            assert self.places is not None
            tokens = F.pad(tokens, (0, self.places - count), value=self.padding)
            found = self.network(input_ids=tokens)
        else:
            found = self.network(input_ids=tokens, attention_mask=mask.long())
        states = found.last_hidden_state[:, :count]
        sentence = self._pooled(states, mask, found)
        for layer, activation in zip(self.dense, self.activations, strict=True):
            sentence = activation(layer(sentence))
        return states, F.normalize(sentence.float(), dim=1) if self.normalise else sentence

    def _pooled(self, states: Tensor, mask: Tensor, found: Any) -> Tensor:
        if self.pooling == "own":
            pooled: Tensor = found.pooler_output
            return pooled
        if self.pooling == "cls":
            return states[:, 0]
        if self.pooling == "last":
            return states[torch.arange(len(states), device=states.device), mask.sum(1) - 1]
        if self.pooling == "max":
            return states.masked_fill(~mask[..., None], -torch.inf).amax(1)
        return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


class HuggingFaceText(nn.Module):
    """A text model of a folder, of the Hub or of a package, under linear heads.

    `pieces` cuts captions as the model's tokeniser does. The marks around a caption are no words.
    """

    reads: Reads = "wordpieces"
    carrier = "transformers"  # the package that an export needs beside it

    def __init__(
        self,
        name: str | None,
        dim: int = 256,
        revision: str | None = None,
        sentence: Sentence = "auto",
        length: int = LENGTH,
        head: bool = True,
        words: bool = True,
        trained: bool = False,
        text_model: Mapping[str, Any] | None = None,
    ) -> None:
        """`name`: of a model: a folder, `owner/name` of the Hugging Face Hub at `revision`, or a
        package's. `sentence`: see `encoder.text_model.text_model`. `length`: tokens that are kept
        of a caption. `head`: linear layers to `dim`; without, `dim` is the model's own width.
        `words`: whether words have features. `trained`: the model trains as well, and checkpoints
        hold it. `text_model`: what a run that has begun knows of it; it goes on with that alone.

        On the meta device it has shapes alone. Raises `UserError`.
        """
        super().__init__()
        assert sentence in get_args(Sentence), sentence
        self.dim, self.gives_words, self.is_trained = dim, words, trained
        self._known, self._asked = text_model, (name, revision, sentence)
        self._length = length
        on_paper = torch.empty(0).is_meta
        self.text_model = self._described(on_paper)
        tower = self._made(on_paper)
        if (numbers := sum(p.numel() for p in tower.parameters())) > MOST:
            raise UserError(
                f"{KEY}={self.text_model.name}: has {numbers:,} weights, and at most {MOST:,} are "
                "read; choose a smaller one"
            )
        self.width, self.sentence_width = tower.width, tower.sentence_width
        most = tower.places
        if most is not None and length > most:
            raise UserError(
                f"encoder.text.length={length}: {self.text_model.name} reads at most {most}"
            )
        if trained:
            self.model = tower
            pooler = getattr(tower.network, "head", None) if tower.pooling != "own" else None
            for unused in [] if pooler is None else pooler.parameters():
                unused.requires_grad_(False)
        # In a list, so that no checkpoint repeats what the folder has.
        self._fixed = [] if trained else [tower.requires_grad_(False).eval()]
        self.out: nn.Module = nn.Identity()
        self.words_out: nn.Module = nn.Identity()
        if head:
            self.out = nn.Linear(self.sentence_width, dim)
            if words:
                self.words_out = nn.Linear(self.width, dim)
        else:
            self._require_widths(dim, words)

    def _require_widths(self, dim: int, words: bool) -> None:
        widths = {self.sentence_width, *([self.width] if words else [])}
        if len(widths) > 1:
            raise UserError(
                f"encoder.text.head=false: {self.text_model.name} gives words of {self.width} "
                f"values and sentences of {self.sentence_width}; use encoder.text.sentence=mean or "
                "encoder.text.head=true"
            )
        if widths != {dim}:
            raise UserError(
                f"encoder.dim={dim}: {self.text_model.name} gives {self.width} values, and "
                f"encoder.text.head=false leaves them as they are; set encoder.dim={self.width}"
            )

    @property
    def name(self) -> str:
        """What scores call it."""
        return self.text_model.title

    def without_words(self) -> None:
        """For who takes sentences alone: a head that nobody calls would train in vain."""
        self.gives_words, self.words_out = False, nn.Identity()

    def _described(self, on_paper: bool) -> TextModel:
        name, _, sentence = self._asked
        known = self._known
        if known is not None and (on_paper or known.get("name") == name):
            return TextModel.of_facts(known, str(known.get("tokeniser", "")))
        self._known = None
        return text_model(self.folder, sentence)

    def _made(self, on_paper: bool) -> Tower:
        if on_paper:
            return Tower(self.text_model, network_of(self.text_model))
        if self._known is not None:
            self._require_same()
        tower = Tower(self.text_model, loaded(self.text_model, self.folder))
        tower.dense.load_state_dict(dense_weights(self.text_model, self.folder))
        return tower

    @cached_property
    def folder(self) -> ModelFolder:
        """Where it lies, fetched where it must be; for a run that has begun, at its commit."""
        name, revision, _ = self._asked
        if self._known is not None:
            name, revision = self._known["name"], self._known.get("revision") or revision
        return model_folder(name, KEY, revision)

    def _require_same(self) -> None:
        if self.folder.digest != self.text_model.digest:
            raise UserError(
                f"{KEY}={self.text_model.name}: {self.folder.path} holds another model than this "
                "run began with; bring that back, or name the new one with variant=NAME"
            )

    @cached_property
    def pieces(self) -> Pieces:
        """What cuts captions for it."""
        return pieces_of_text(self.text_model.tokeniser, self._length)

    @property
    def carried_id(self) -> str:
        """Names what no state has of it."""
        return "" if self.is_trained else self.text_model.digest + self.text_model.pooling

    @property
    def carried(self) -> Tower | None:
        """What the folder has, and no state; an export has it beside its state."""
        return self._fixed[0] if self._fixed else None

    def read_carried(self) -> dict[str, Tensor]:
        """The state of `carried` from where it lies. Raises `UserError` where it is not there."""
        with torch.device("cpu"):
            return self._made(False).state_dict()

    def take_carried(self, state: Mapping[str, Tensor]) -> None:
        """Have a `carried` with these tensors in place of one on paper. Raises `UserError`."""
        with torch.device("cpu"):
            tower = Tower(self.text_model, network_of(self.text_model))
        try:
            tower.load_state_dict(dict(state))
        except RuntimeError:
            raise UserError(
                f"{self.text_model.name}: its weights here are none of the network that "
                "transformers makes of its configuration; export the run again with this version"
            ) from None
        self._fixed = [tower.float().requires_grad_(False).eval()]

    def steps(self, lengths: Tensor) -> Tensor:
        """The words of captions with so many tokens (B,)."""
        return (lengths - self.pieces.marks).clamp(min=1)

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor | None, Tensor]:
        """tokens: (B, T) of `pieces`, 0 on the padding; lengths: (B,). Returns words (B, dim, T
        without the marks), exactly zero on the padding, or None, and sentence (B, dim).
        """
        whole, most = tokens.shape[1], int(lengths.max())
        tokens, lengths = tokens[:, :most], lengths.to(tokens.device)
        mask = torch.arange(most, device=tokens.device) < lengths[:, None]
        if self.is_trained:
            states, sentence = self.model(tokens, mask)
        else:
            with torch.no_grad():
                states, sentence = self._fixed[0](tokens, mask)
        if not self.gives_words:
            return None, self.out(sentence)
        places = whole - self.pieces.marks
        states = states[:, self.pieces.before :][:, :places]
        kept = torch.arange(states.shape[1], device=tokens.device) < self.steps(lengths)[:, None]
        words = self.words_out(states) * kept[..., None]
        words = F.pad(words.transpose(1, 2), (0, places - words.shape[1]))
        return words, self.out(sentence)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        for tower in self._fixed:
            tower._apply(fn)
        return super()._apply(fn, recurse)

    def _load_from_state_dict(self, *arguments: Any, **options: Any) -> None:
        """Tables that no state has are made where the network was on paper so far."""
        super()._load_from_state_dict(*arguments, **options)
        if self.is_trained:
            with torch.device("cpu"):
                made = dict(network_of(self.text_model).named_buffers())
            for name, buffer in list(self.model.network.named_buffers()):
                if buffer.is_meta:
                    above, _, last = name.rpartition(".")
                    self.model.network.get_submodule(above)._buffers[last] = made[name]
