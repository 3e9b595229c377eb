"""Noise of a picture: what a generator would have to draw to make it, as a variational autoencoder
has it (Kingma and Welling 2014; beside a discriminator, Larsen et al. 2016). The network is this
project's."""

from __future__ import annotations

from torch import Tensor, nn

from experiments.layer.resize import at_side

SIDE = 4  # of the last map


class NoiseEncoder(nn.Module):
    """Means and logarithms of variances of the noise behind a picture."""

    def __init__(
        self, noise_dim: int, width: int = 32, input_size: int = 32, colour: bool = True
    ) -> None:
        """`input_size`: side that pictures are resized to, 4 x 2^k; `width`: channels of the first
        map, which double down to 4x4. `colour`: false: it sees the mean of the channels alone, so
        that colours have to come of the caption.
        """
        super().__init__()
        halvings = (input_size // SIDE).bit_length() - 1
        assert halvings >= 1 and input_size == SIDE << halvings, "input_size must be 8, 16, 32, ..."
        self.input_size, self.noise_dim, self.colour = input_size, noise_dim, colour
        layers: list[nn.Module] = []
        inputs = 3 if colour else 1
        for step in range(halvings):
            outputs = width << step
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs)]
            layers += [nn.LeakyReLU(0.2)]
            inputs = outputs
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(inputs * SIDE * SIDE, 2 * noise_dim)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images (B, 3, H, W) in [-1, 1]. Returns means and log variances, (B, noise_dim) each."""
        if not self.colour:
            images = images.mean(dim=1, keepdim=True)
        mean, logvar = self.head(self.layers(at_side(images, self.input_size))).float().chunk(2, 1)
        return mean, logvar.clamp(-10.0, 2.0)


def drawn_from(mean: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """Noise (B, Z) ~ N(0, 1) moved to N(mean, exp(logvar))."""
    return mean + (0.5 * logvar).exp() * noise
