"""A speech encoder taught by a fixed image encoder (Li et al. 2020)."""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn

from experiments.encoder.text_image import TextImageEncoder


class SpeechTeacher(TextImageEncoder):
    """The student beside its teacher: an image trunk that never changes and has no head.

    In the paper both give 1,024 values. Where they differ here, the student gets a linear map A
    into the teacher's space (this project's choice), so that any trunk can teach, and pictures come
    into the student's by its transpose: v . A a = A^T v . a, so that every comparison stays.
    """

    name = "speech_teacher"

    def __init__(self, text: nn.Module, image: nn.Module, dim: int = 1024) -> None:
        """text: gives a sentence (B, dim). image: a trunk whose weights are fixed."""
        super().__init__(text, image, dim)
        assert not any(weight.requires_grad for weight in image.parameters()), (
            "image: this network is still to be trained and can teach nothing; take one that is "
            "trained, as efficientnet_lite0, inception_v3 or classifier"
        )
        values = int(image.pooled_channels)  # type: ignore[arg-type]
        self.student_head = None if values == dim else nn.Linear(dim, values, bias=False)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """The teacher stays in evaluation mode."""
        super().train(mode)
        self.image.eval()
        return self

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        """tokens: what is heard, (B, T, F); lengths: (B,). Returns None, as words have no features,
        and the student's vector (B, dim)."""
        return None, self.text(tokens, lengths)[1]

    def encode_image(self, images: Tensor) -> tuple[None, Tensor]:
        """images: (B, 3, H, W) in [-1, 1]. Returns None, as no region is kept, and the teacher's
        vector in the student's space (B, dim)."""
        vector = self.teach(images)
        return None, vector if self.student_head is None else vector @ self.student_head.weight

    def learn(self, sentence: Tensor) -> Tensor:
        """The student's vectors (B, dim) in the teacher's space, (B, pooled_channels)."""
        return sentence if self.student_head is None else self.student_head(sentence)

    def teach(self, images: Tensor) -> Tensor:
        """images: (B, 3, H, W) in [-1, 1]. The teacher's vectors (B, pooled_channels)."""
        pooled: Tensor = self.image(images)[1]
        return pooled
