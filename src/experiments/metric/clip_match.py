"""CLIPScore: how near a picture is to its caption in the space of CLIP or SigLIP.

Hessel et al. 2021, as torchmetrics gives it: 100 times the cosine, averaged over pictures, at least
0. Beside it stand real pictures with their captions, and by chance pictures with captions of
others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from experiments.data.text.pieces import Pieces
from experiments.encoder.text_folder import text_model
from experiments.encoder.text_model import WHOLE
from experiments.file.model_folder import model_folder
from experiments.metric.rows import RowScore, require
from experiments.metric.tower import Preparation, pair

KEY = "metric.clip_score.name"


class CLIPJudge(nn.Module):
    """CLIP or SigLIP of a folder or of the Hub: pictures and captions as vectors of length one."""

    network: Any

    def __init__(self, name: str | None, revision: str | None = None) -> None:
        """`name`, `revision`: see `model_folder`. Raises `UserError` where it is no such pair."""
        super().__init__()
        folder = model_folder(name, KEY, revision)
        self.network, side = pair(folder)
        self.ready = Preparation(folder, side)
        config: Any = self.network.config
        self.places = int(config.text_config.max_position_embeddings)
        self.padding = int(config.text_config.pad_token_id or 0)
        about = text_model(folder)
        self.whole = about.config["model_type"] in WHOLE
        self.pieces = Pieces(about.tokeniser, self.places)
        self.name, self.resize, self.weights = folder.title, self.ready.told, folder.digest[:12]
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> CLIPJudge:
        """Stay in eval mode."""
        return super().train(False)

    @torch.no_grad()
    def see(self, pictures: Tensor) -> Tensor:
        """(B, d) of pictures (B, 3, H, W) in [-1, 1], rounded as they would be saved."""
        pixels = (pictures.float() * 127.5 + 127.5).clamp(0, 255).round()
        with torch.autocast(pictures.device.type, enabled=False):
            found: Any = self.network.get_image_features(pixel_values=self.ready(pixels))
        return normalize(_pooled(found), dim=1)

    @torch.no_grad()
    def read(self, captions: Sequence[str]) -> Tensor:
        """(B, d) of captions (B); of a long one the beginning is kept."""
        device = next(self.network.parameters()).device
        rows, counts = self.pieces.encode_all(captions)
        tokens, lengths = torch.from_numpy(rows).long(), torch.from_numpy(counts)
        mask = torch.arange(self.places) < lengths[:, None]
        tokens = torch.where(mask, tokens, self.padding).to(device)
        masked = {} if self.whole else {"attention_mask": mask.long().to(device)}
        with torch.autocast(device.type, enabled=False):
            found: Any = self.network.get_text_features(input_ids=tokens, **masked)
        return normalize(_pooled(found), dim=1)


def _pooled(found: Any) -> Tensor:
    """Older versions of `transformers` hand out the vectors alone."""
    return found.float() if isinstance(found, Tensor) else found.pooler_output.float()


class Matched(NamedTuple):
    """The mean over pictures, that with the captions of others, and each picture's own, (n,)."""

    mean: Tensor
    chance: Tensor
    each: Tensor


class CLIPScore(RowScore):
    """`clip_match` of pictures and their captions. Rows: vectors of length one (B, d) of both."""

    kept = ("image_vectors", "caption_vectors")

    def update(self, image_vectors: Tensor, caption_vectors: Tensor) -> None:
        self.keep(image_vectors, caption_vectors)

    def compute(self) -> Matched:
        """Of all processes' pictures together; raises `UserError` for fewer than two."""
        images, captions = self.rows()
        require(2, {"images": images, "captions": captions})
        return clip_match(images, captions)


def clip_match(images: Tensor, captions: Tensor) -> Matched:
    """images, captions: (n, d) of length one, row by row of one picture. 100 times the cosine of
    each; the mean, at least 0; and the mean over all pairs that do not belong together."""
    each = 100 * (images.double() * captions.double()).sum(1)
    count = len(each)
    every = 100 * (images.double().sum(0) * captions.double().sum(0)).sum()
    chance = (every - each.sum()) / (count * (count - 1))
    return Matched(each.mean().clamp(min=0), chance.clamp(min=0), each)
