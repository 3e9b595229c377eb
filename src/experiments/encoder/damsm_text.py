"""A text encoder alone: DAMSM's half, as AttnGAN's authors released it beside a generator, or a
text model of `transformers`."""

from __future__ import annotations

from typing import NoReturn

from torch import Tensor, nn

from experiments.encoder.text_image import TextImageEncoder
from experiments.terminal.error import UserError


class DAMSMText(TextImageEncoder):
    """Words and sentences; no picture can be compared with them. `name` is that of its option:
    huggingface, where the text encoder is a text model as it is."""

    name = "damsm"
    sees_pictures = False

    def __init__(self, text: nn.Module, dim: int = 256) -> None:
        super().__init__(text, nn.Identity(), dim)
        if self.text_model is not None:
            self.name = "huggingface"

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """tokens: (batch, T); lengths: (batch,). Returns words (B, dim, T), sentence (B, dim)."""
        return self.text(tokens, lengths)  # type: ignore[no-any-return]

    def encode_image(self, images: Tensor) -> NoReturn:
        """Raises `UserError`."""
        raise UserError(
            "encoder: it has no image network to judge pictures with; set loss.damsm.stages=[]"
        )
