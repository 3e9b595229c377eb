"""What every encoder of text and images in one space is: two networks that can be frozen."""

from __future__ import annotations

from typing import Any, Self

from torch import Tensor, nn

from experiments.data.text.pieces import Pieces
from experiments.data.text.reading import Reads, pieces_of, reads_of


class TextImageEncoder(nn.Module):
    """A text encoder beside an image trunk. `name` is the last part of the names of its scores.

    text: maps (tokens, lengths), of what is read or heard, to words (B, dim, T), or None, and
    sentence (B, dim); attribute `dim`, and `reads` where it reads no words. image: maps images to
    regions (B, C_r, N) and pooled (B, C_g); attributes `region_channels` and `pooled_channels`.
    """

    name: str
    sees_pictures = True  # False: it has no image network
    reading: tuple[str, ...] = ("text",)  # of its networks those that `encode_text` calls

    def __init__(self, text: nn.Module, image: nn.Module, dim: int) -> None:
        super().__init__()
        assert text.dim == dim, f"the text encoder gives {text.dim} features, not dim={dim}"
        self.dim, self.text, self.image = dim, text, image
        self._frozen = False
        self._free: list[nn.Parameter] = []  # what trains of a frozen one, see `let_read`

    @property
    def reads(self) -> Reads:
        """How captions are read for it."""
        return reads_of(self.text)

    @property
    def pieces(self) -> Pieces | None:
        """What cuts captions for it, where it reads pieces of words."""
        return pieces_of(self.text)

    @property
    def text_model(self) -> Any:
        """What a run has to know of a text model of `transformers`, None where it has none."""
        return getattr(self.text, "text_model", None)

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor | None, Tensor]:
        """tokens: (B, T); lengths: (B,). Returns words (B, dim, T), or None, sentence (B, dim)."""
        raise NotImplementedError

    def steps(self, lengths: Tensor) -> Tensor:
        """Of captions with lengths (B,), how many of the places of `encode_text`'s words they have:
        written ones one for each token, spoken ones what the network says."""
        steps = getattr(self.text, "steps", None)
        return lengths if steps is None else steps(lengths)  # type: ignore[no-any-return]

    def encode_image(self, images: Tensor) -> tuple[Tensor | None, Tensor]:
        """images: (B, 3, H, W) in [-1, 1]. Returns regions (B, dim, N), or None, and vector
        (B, dim)."""
        raise NotImplementedError

    def freeze(self) -> Self:
        """Make it a fixed function: no parameter trains, and train mode never returns.

        Gradients still flow through it to the images.
        """
        self._frozen = True
        self.requires_grad_(False)
        return self.eval()

    def let_read(self) -> Self:
        """Freeze the encoder but for what `encode_text` calls, which trains with another network.

        What of it never trains stays as it is.
        """
        self._free = [p for part in self.readers for p in part.parameters() if p.requires_grad]
        self.freeze()
        for parameter in self._free:
            parameter.requires_grad_(True)
        return self

    @property
    def readers(self) -> list[nn.Module]:
        """The networks that `encode_text` calls."""
        return [self.get_submodule(name) for name in self.reading]

    def train(self, mode: bool = True) -> Self:
        super().train(mode and not self._frozen)
        if self._free:
            for part in self.readers:
                part.train(mode)
        return self
