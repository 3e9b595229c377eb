"""A speech encoder taught by a fixed image encoder (Li et al. 2020, section III-A)."""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn

from experiments.encoder.text_image import TextImageEncoder


class SpeechTeacher(TextImageEncoder):
    """The student beside its teacher: an image trunk that never changes and has no head.

    In the paper both give 1,024 values. Where they differ here, the student gets one linear layer
    (this project's choice), so that any trunk can teach.
    """

    name = "speech_teacher"

    def __init__(self, text: nn.Module, image: nn.Module, dim: int | None = None) -> None:
        """text: gives a sentence (B, text.dim). image: a trunk whose weights are fixed; its
        `pooled_channels` are the `dim` of both sides, which a configuration says for others."""
        assert not any(weight.requires_grad for weight in image.parameters()), (
            "image: this network is still to be trained and can teach nothing; take one that is "
            "trained, as efficientnet_lite0, inception_v3 or classifier"
        )
        super().__init__(text, image, text.dim)  # type: ignore[arg-type]
        own, self.dim = self.dim, int(image.pooled_channels)  # type: ignore[arg-type]
        assert dim in (None, self.dim), (
            f"dim={dim}: the teacher gives {self.dim} numbers; set encoder.dim={self.dim}"
        )
        same = own == self.dim
        self.student_head: nn.Module = nn.Identity() if same else nn.Linear(own, self.dim)
        if not same:
            self.reading = ("text", "student_head")
        self.train()

    def train(self, mode: bool = True) -> Self:
        """The teacher stays in evaluation mode."""
        super().train(mode)
        self.image.eval()
        return self

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        """tokens: what is heard, (B, T, F); lengths: (B,). Returns None, as words have no features,
        and the student's vector (B, dim)."""
        return None, self.student_head(self.text(tokens, lengths)[1])

    def encode_image(self, images: Tensor) -> tuple[None, Tensor]:
        """images: (B, 3, H, W) in [-1, 1]. Returns None, as no region is kept, and the teacher's
        vector (B, dim)."""
        return None, self.image(images)[1]
