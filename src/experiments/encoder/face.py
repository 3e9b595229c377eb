"""A fixed image network, and the decoder that makes pictures of its features (Cole et al. 2017)."""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn

from experiments.generator.face_decoder import Face, FaceDecoder


class FaceAutoencoder(nn.Module):
    """The face encoder of Speech2Face beside its face decoder; of the two the decoder trains.

    For birds it is the same: any image network of this project whose weights are fixed.
    """

    name = "face_decoder"

    def __init__(
        self, image: nn.Module, size: int = 224, width: float = 1.0, points: int | None = None
    ) -> None:
        """`image`: gives features as its pooled vector, and may say what they show (`says`). The
        others are those of `FaceDecoder`."""
        super().__init__()
        assert not any(weight.requires_grad for weight in image.parameters()), (
            "image: this network is still to be trained and knows no features; take one that is "
            "trained, as recogniser, vgg_face or efficientnet_lite0"
        )
        self.image = image
        self.dim = int(image.pooled_channels)  # type: ignore[arg-type]
        self.decoder = FaceDecoder(self.dim, size, width, points)
        self._frozen = False
        self.train()

    def freeze(self) -> Self:
        """Make it a fixed function, through which gradients flow."""
        self._frozen = True
        self.requires_grad_(False)
        return self.eval()

    def train(self, mode: bool = True) -> Self:
        """The image network stays in evaluation mode."""
        super().train(mode and not self._frozen)
        self.image.eval()
        return self

    def features(self, images: Tensor) -> Tensor:
        """images: (B, 3, H, W) in [-1, 1]. Returns v_f (B, dim), float32."""
        found: Tensor = self.image(images)[1]
        return found.float()

    def decode(self, features: Tensor) -> Face:
        """features: (B, dim)."""
        decoded: Face = self.decoder(features)
        return decoded

    @property
    def knows(self) -> bool:
        """Whether the image network says what its features show."""
        return hasattr(self.image, "says")

    def says(self, features: Tensor) -> dict[str, Tensor]:
        """What the last layer of the image network makes of features (B, dim): logits by head."""
        found: dict[str, Tensor] = self.image.says(features)  # type: ignore[operator]
        return found
