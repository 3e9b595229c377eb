"""Crop, flip, pyramid and normalisation on whole uint8 batches, on whatever device they are on.

Every stage's image is a resize of the same crop (Xu 2018, released code). On a CPU the resize is
that of uint8 channels-last tensors with antialias, which equals PIL's bilinear filter bit for bit
by factors of 2, 4 and 8 and is within one level of it by others. CUDA has no uint8 resize; there it
is done in float and rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor


def crop_and_flip(pixels: Tensor, offsets: Tensor, flips: Tensor, size: int) -> Tensor:
    """Cut `size` pixels at each image's offset and mirror those whose flip is true.

    pixels: uint8 (B, L, L, 3); offsets: int64 (B, 2) or (1, 2), top and left; flips: bool (B,).
    Returns uint8 (B, 3, size, size), channels last.
    """
    batch, length, width, channels = pixels.shape
    assert size <= length == width, (size, pixels.shape)
    top, left = offsets.expand(batch, 2).unbind(1)
    if pixels.device.type == "cpu":
        crops = _on_cpu(pixels, top.tolist(), left.tolist(), flips.tolist(), size)
    else:  # an index would have to wait for the device
        crops = _windows(pixels.contiguous(), top, left, size).view(batch, size, size, channels)
        crops = torch.where(flips.view(-1, 1, 1, 1), _mirror(crops), crops)
    return crops.permute(0, 3, 1, 2)


def _on_cpu(
    pixels: Tensor, top: list[int], left: list[int], flips: list[bool], size: int
) -> Tensor:
    """Picture by picture, which is small enough to be mirrored in the processor's cache."""
    crops = pixels.new_empty(len(pixels), size, size, pixels.shape[3])
    source, found = pixels.numpy(), crops.numpy()
    for number, (row, column, flip) in enumerate(zip(top, left, flips, strict=True)):
        found[number] = source[number, row : row + size, column : column + size]
        if flip:
            one = crops[number : number + 1]
            one.copy_(_mirror(one))
    return crops


def _mirror(crops: Tensor) -> Tensor:
    """(B, S, S, 3), by way of channels last: flipping axis 2 as it stands is ten times slower."""
    return crops.permute(0, 3, 1, 2).flip(3).permute(0, 2, 3, 1)


def _windows(pixels: Tensor, top: Tensor, left: Tensor, size: int) -> Tensor:
    """Index a view of all windows of (B, L, L, C), whose rows are runs of bytes: one copy each."""
    batch, length, _, channels = pixels.shape
    places, row = length - size + 1, length * channels
    shape = (batch, places, places, size, size * channels)
    strides = (length * row, row, channels, row, 1)
    images = torch.arange(batch, device=pixels.device)
    return pixels.as_strided(shape, strides)[images, top, left]


def centre(length: int, size: int, batch: int = 1) -> Tensor:
    """Offsets (batch, 2) of the central crop: evaluation draws nothing at random."""
    return torch.full((batch, 2), (length - size) // 2, dtype=torch.int64)


def pyramid(images: Tensor, resolutions: Sequence[int]) -> list[Tensor]:
    """The images at each resolution: uint8 (B, 3, S, S) -> floats (B, 3, r, r) in [-1, 1].

    Smallest first. The same crop is resized for every stage; one of S pixels is the crop itself.
    """
    assert list(resolutions) == sorted(resolutions), "resolutions ascend, as the stages do"
    return [normalise(resize(images, resolution)) for resolution in resolutions]


def resize(images: Tensor, resolution: int) -> Tensor:
    """Bilinear with antialias: uint8 (B, 3, S, S) -> uint8 (B, 3, r, r)."""
    if images.shape[-1] == resolution:
        return images
    size = (resolution, resolution)
    if images.device.type == "cpu":
        images = images.contiguous(memory_format=torch.channels_last)
        resized = F.interpolate(images, size, mode="bilinear", antialias=True)
        return _with_border(resized, images) if images.shape[-1] == 8 * resolution else resized
    scaled = F.interpolate(images.float(), size, mode="bilinear", antialias=True)
    return scaled.round().clamp(0, 255).to(torch.uint8)


def _with_border(resized: Tensor, images: Tensor) -> Tensor:
    """Its outermost rows and columns computed anew, as PIL does: across, rounded, then down.

    The filter is cut off there, its weights are no powers of two, and the 16 bits that PyTorch has
    for them by a factor of 8 turn halves the other way than PIL's 22 bits do.
    """
    weights = _weights(images.shape[-1], resized.shape[-1])  # (r, S)
    outer = weights[[0, -1]]
    near = outer.any(dim=0).nonzero().flatten()  # what the first and the last of r see
    outer = outer[:, near]
    columns = _rounded(images.index_select(3, near).double() @ outer.T)  # (B, 3, S, 2)
    rows = images.index_select(2, near)
    across = F.interpolate(rows, (len(near), len(weights)), mode="bilinear", antialias=True)
    across[..., [0, -1]] = columns.index_select(2, near).to(torch.uint8)
    resized[:, :, [0, -1]] = _rounded(outer @ across.double()).to(torch.uint8)
    resized[..., [0, -1]] = _rounded(columns.mT.contiguous() @ weights.T).to(torch.uint8).mT
    return resized


@cache
def _weights(size: int, resolution: int) -> Tensor:
    """PIL's bilinear filter (resolution, size): triangles that each sum to 1, in 22 bits."""
    scale = size / resolution
    middles = (torch.arange(resolution, dtype=torch.float64)[:, None] + 0.5) * scale
    places = torch.arange(size, dtype=torch.float64) + 0.5
    triangles = (1 - (places - middles).abs() / scale).clamp(min=0)
    return (triangles / triangles.sum(dim=1, keepdim=True) * 2**22).round() / 2**22


def _rounded(levels: Tensor) -> Tensor:
    """Halves upwards."""
    return levels.add_(0.5).floor_()


def normalise(images: Tensor) -> Tensor:
    """uint8 levels to float in [-1, 1]."""
    return images.float().div_(127.5).sub_(1)


def to_uint8(images: Tensor) -> Tensor:
    """Floats in [-1, 1] to the nearest uint8 level; what lies outside is clamped."""
    return images.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
