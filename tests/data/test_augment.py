from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from experiments.data.augment import centre, crop_and_flip, normalise, pyramid, resize, to_uint8


def random_pixels(batch: int, length: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (batch, length, length, 3), generator=generator).byte()


@pytest.mark.parametrize(("length", "size"), [(20, 16), (9, 5), (8, 8), (7, 1)])
def test_crops_equal_slices(length: int, size: int) -> None:
    pixels, room = random_pixels(5, length), length - size
    offsets = torch.tensor([[0, 0], [room, room], [0, room], [room, 0], [room // 2, room // 3]])
    flips = torch.tensor([False, True, True, False, True])
    crops = crop_and_flip(pixels, offsets, flips, size)
    assert crops.shape == (5, 3, size, size)
    assert crops.dtype == torch.uint8
    assert crops.is_contiguous(memory_format=torch.channels_last)
    for k, (top, left) in enumerate(offsets.tolist()):
        expected = pixels[k, top : top + size, left : left + size].permute(2, 0, 1)
        assert torch.equal(crops[k], expected.flip(2) if flips[k] else expected)


def test_one_offset_serves_all_and_slices_of_a_batch_work() -> None:
    pixels = random_pixels(6, 10)[1:4]
    crops = crop_and_flip(pixels, centre(10, 6), torch.zeros(3, dtype=torch.bool), 6)
    assert torch.equal(crops, pixels[:, 2:8, 2:8].permute(0, 3, 1, 2))
    assert centre(76, 64, 2).tolist() == [[6, 6], [6, 6]]


@pytest.mark.parametrize(
    ("size", "resolution", "levels"),
    [(256, 64, 0), (256, 128, 0), (512, 256, 0), (512, 64, 0), (64, 8, 0), (76, 64, 1)],
)
def test_the_resize_is_that_of_pil(size: int, resolution: int, levels: int) -> None:
    """Exact by factors of 2, 4 and 8, up to one level off by others."""
    pixels = random_pixels(2, size)
    ours = resize(pixels.permute(0, 3, 1, 2), resolution).permute(0, 2, 3, 1).numpy()
    for picture, mine in zip(pixels.numpy(), ours, strict=True):
        theirs = Image.fromarray(picture).resize((resolution,) * 2, Image.Resampling.BILINEAR)
        assert np.abs(np.asarray(theirs).astype(int) - mine).max() <= levels


def test_the_pyramid_resizes_one_crop() -> None:
    images = random_pixels(2, 64).permute(0, 3, 1, 2)
    small, middle, large = pyramid(images, (16, 32, 64))
    assert [x.shape[-1] for x in (small, middle, large)] == [16, 32, 64]
    assert torch.equal(large, normalise(images))
    assert torch.equal(small, normalise(resize(images, 16)))
    assert large.dtype == torch.float32
    assert small.is_contiguous(memory_format=torch.channels_last)


def test_levels_map_to_the_unit_interval_and_back() -> None:
    levels = torch.arange(256, dtype=torch.uint8)
    values = normalise(levels)
    assert values[0] == -1 and values[255] == 1
    assert torch.equal(to_uint8(values), levels)
    assert torch.equal(to_uint8(values.bfloat16().float().clamp(-1, 1))[[0, 255]], levels[[0, 255]])
    assert to_uint8(torch.tensor([-3.0, 3.0, 0.0])).tolist() == [0, 255, 128]
    assert to_uint8(torch.tensor([254.6 / 127.5 - 1])).item() == 255, "rounded, not cut off"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_same_crops_and_nearly_the_same_pyramid() -> None:
    pixels, flips = random_pixels(4, 76), torch.tensor([True, False, True, False])
    offsets = torch.tensor([[0, 0], [12, 12], [3, 9], [12, 0]])
    on_cpu = crop_and_flip(pixels, offsets, flips, 64)
    on_gpu = crop_and_flip(pixels.cuda(), offsets.cuda(), flips.cuda(), 64)
    assert torch.equal(on_gpu.cpu(), on_cpu)
    assert on_gpu.is_contiguous(memory_format=torch.channels_last)
    difference = resize(on_gpu, 32).cpu().int() - resize(on_cpu, 32).int()
    assert difference.abs().max() <= 1
