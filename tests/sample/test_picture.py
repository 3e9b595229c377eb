"""Contact sheets: every pixel in its place, every caption whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from experiments.sample.attention import attention_stages, overlay, strongest
from experiments.sample.picture import (
    beside,
    font_of,
    grid,
    margin_of,
    save_png,
    stage_grid,
    text_height,
    to_pixels,
    wrap,
)

WHITE = (255, 255, 255)


def colours(count: int, size: int) -> torch.Tensor:
    """(count, 3, size, size) uint8, each of one colour that is not white."""
    values = torch.arange(1, count + 1, dtype=torch.uint8) * 10
    return values[:, None, None, None].expand(count, 3, size, size).contiguous()


def test_rounding_and_clamping() -> None:
    row = torch.tensor([-1.0, 1.0, 0.0, -2.0, 3.0, 1 / 255, float("nan")])
    pixels = to_pixels(row.expand(3, 1, 7))
    # (0 + 1) * 127.5 = 127.5 rounds to even; (1/255 + 1) * 127.5 = 128.
    assert pixels[0, :, 0].tolist() == [0, 255, 128, 0, 255, 128, 0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_uint8_and_floats_of_any_width_agree(dtype: torch.dtype) -> None:
    whole = torch.tensor([0, 255], dtype=torch.uint8).repeat(24).view(1, 3, 4, 4)
    floats = (whole.float() / 127.5 - 1).to(dtype)
    assert np.array_equal(to_pixels(floats.requires_grad_()), to_pixels(whole))
    assert np.array_equal(to_pixels(whole.numpy()), to_pixels(whole))


def test_grid_layout() -> None:
    sheet = grid(colours(5, 40), columns=3, scale=2)
    gap = margin_of(80)
    assert gap == 4
    assert sheet.size == (3 * 80 + 4 * gap, 2 * 80 + 3 * gap)
    for index in range(5):
        row, column = divmod(index, 3)
        left, top = gap + column * (80 + gap), gap + row * (80 + gap)
        value = ((index + 1) * 10,) * 3
        assert sheet.getpixel((left, top)) == value
        assert sheet.getpixel((left + 79, top + 79)) == value
        assert sheet.getpixel((left - 1, top)) == WHITE
        assert sheet.getpixel((left, top + 80)) == WHITE
    assert sheet.getpixel((sheet.width - gap - 1, sheet.height - gap - 1)) == WHITE  # no sixth


def test_enlarging_keeps_pixels() -> None:
    image = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    image[0, :, 0, 1] = 200
    sheet = grid(image, scale=3)
    assert [sheet.getpixel((4 + x, 4))[0] for x in range(6)] == [0, 0, 0, 200, 200, 200]


def test_fewer_pictures_than_columns_and_nearly_square_by_default() -> None:
    assert grid(colours(2, 40), columns=8).size == (2 * 40 + 3 * 4, 40 + 2 * 4)
    assert grid(colours(9, 40)).size == (3 * 40 + 4 * 4,) * 2


def test_a_long_caption_makes_room_for_itself() -> None:
    short, long = "a red bird", " ".join(["a small bird with a long red tail"] * 12)
    low = grid(colours(4, 64), 2, [short] * 4)
    high = grid(colours(4, 64), 2, [short, long, short, short])
    font = font_of(13)
    more = text_height(wrap(long, 192, font), font) - text_height(wrap(short, 192, font), font)
    assert high.height - low.height == more > 100
    # The picture of the second row has moved down by just that, and is whole.
    top = low.height - (192 + text_height(wrap(short, 192, font), font) + 2 * margin_of(192))
    assert low.getpixel((margin_of(192), top)) == (30, 30, 30)
    assert high.getpixel((margin_of(192), top + more)) == (30, 30, 30)


@pytest.mark.parametrize("width", [60, 150, 400])
def test_wrapping_loses_nothing_and_stays_inside(width: int) -> None:
    font = font_of(14)
    text = "This bird  has a\nblack-and-white head, " + "x" * 80 + " and a tail."
    lines = wrap(text, width, font)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(font.getlength(line) <= width for line in lines)
    assert wrap(" ", width, font) == []


def test_no_letter_of_a_latin_caption_is_drawn_as_a_box() -> None:
    font = font_of(20)
    box = bytes(font.getmask("\u4e2d"))
    for letter in "".join(wrap("Æ naïve crème–brûlée Ñandú × straße", 900, font)).replace(" ", ""):
        assert letter == "Æ" or bytes(font.getmask(letter)) != box, letter


def test_stage_grid_layout() -> None:
    stages = [colours(2, 64), colours(2, 128) + 50, colours(2, 256) + 100]
    captions = ["a red bird", "a blue bird"]
    sheet, with_real = stage_grid(stages, captions), stage_grid(stages, captions, colours(2, 300))
    gap = margin_of(256)
    assert sheet.width == 3 * 256 + 4 * gap
    assert with_real.size == (sheet.width + 256 + gap, sheet.height)
    column = [sheet.getpixel((gap + 5, y))[0] for y in range(sheet.height)]
    tops = [column.index(10), column.index(20)]
    assert column.count(10) == column.count(20) == 256
    for row, top in enumerate(tops):
        for stage in range(3):
            value = 10 * (row + 1) + 50 * stage
            left = gap + stage * (256 + gap)
            assert sheet.getpixel((left, top)) == (value,) * 3
            assert sheet.getpixel((left + 255, top + 255)) == (value,) * 3
        assert with_real.getpixel((gap, top)) == (10 * (row + 1),) * 3
        # A caption is written below the row: dark ink in an else white band.
        band = sheet.crop((gap, top + 257, sheet.width - gap, top + 257 + gap * 2))
        assert min(band.convert("L").tobytes()) < 100
    assert stage_grid(stages, captions, size=100).width == 3 * 100 + 4 * margin_of(100)


def test_a_picture_beside_a_strip_keeps_its_shape() -> None:
    strips = np.zeros((1, 3, 64, 8 * 64), np.uint8)
    sheet = stage_grid([strips], ["a bird"], given=[colours(1, 32)], titles=["clip"])
    gap = margin_of(512)
    assert sheet.width == 64 + 512 + 3 * gap
    row = np.asarray(sheet)[:, gap : gap + 64, 0]
    assert (row == 10).all(1).sum() == 64
    wide = stage_grid([colours(1, 256)], ["a bird"], given=[strips])  # never wider than the last
    assert wide.width == 2 * 256 + 3 * margin_of(256)


def test_sheets_beside_each_other_are_whole() -> None:
    first, second = grid(colours(2, 8), columns=1), grid(colours(1, 20))
    joined = beside([first, second])
    assert joined.size == (first.width + second.width, max(first.height, second.height))
    assert np.array_equal(np.asarray(joined)[: first.height, : first.width], np.asarray(first))
    right = np.asarray(joined)[:, first.width :]
    assert np.array_equal(right[: second.height], np.asarray(second))
    assert (right[second.height :] == 255).all()


def test_a_caption_per_picture_is_demanded() -> None:
    with pytest.raises(AssertionError, match="one caption"):
        grid(colours(2, 8), captions=["one"])
    with pytest.raises(AssertionError, match="caption per sample"):
        stage_grid([colours(2, 8)], ["one"])


def test_png_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "samples" / "000064.png"
    image = grid(colours(2, 8))
    save_png(image, path)
    with Image.open(path) as read:
        assert np.array_equal(np.asarray(read), np.asarray(image))
    before = path.read_bytes()
    with pytest.raises(OSError, match="write mode"):
        save_png(Image.new("F", (4, 4)), path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_heat_shows_where_the_word_looks() -> None:
    picture = Image.new("RGB", (64, 64), (100, 100, 100))
    heat = np.zeros((8, 8), dtype=np.float32)
    heat[2, 5] = 0.3
    pixels = np.asarray(overlay(picture, heat)).astype(int).sum(axis=-1)
    y, x = np.unravel_index(pixels.argmax(), pixels.shape)
    assert 16 <= y < 24
    assert 40 <= x < 48
    assert np.asarray(overlay(picture, heat))[60, 3].tolist() == [30, 30, 30]  # dimmed to 0.3
    steps = np.abs(np.diff(pixels[20]))
    assert steps.max() < 0.3 * (pixels[20].max() - pixels[20].min())  # smooth, not blocks


def test_the_scale_of_a_map_does_not_matter_and_a_flat_one_is_dim() -> None:
    picture = Image.new("RGB", (32, 32), (200, 100, 50))
    heat = np.random.default_rng(0).random((4, 4)).astype(np.float32)
    difference = np.abs(
        np.asarray(overlay(picture, heat)).astype(int) - np.asarray(overlay(picture, 8 * heat + 1))
    )
    assert difference.max() <= 1
    flat = np.asarray(overlay(picture, np.full((4, 4), 0.25, dtype=np.float32)))
    assert np.unique(flat.reshape(-1, 3), axis=0).tolist() == [[60, 30, 15]]


def test_strongest_words_keep_the_order_of_the_caption() -> None:
    attention = np.zeros((4, 2, 2), dtype=np.float32)
    attention[:, 0, 1] = [0.3, 0.1, 0.2, 0.9]
    assert strongest(attention, 2) == [0, 3]
    assert strongest(attention, None) == [0, 1, 2, 3]


def test_attention_sheets() -> None:
    words = ["a", "red", "bird"]
    image = torch.full((3, 64, 64), 0.5)
    attention = torch.zeros(5, 4, 4)  # two maps are padding
    attention[1, 1, 1] = 1.0
    sheet = attention_stages([image], [attention], words)
    gap = margin_of(192)
    assert sheet.width == 4 * 192 + 5 * gap
    assert sheet.getpixel((gap + 5, gap + 5)) == (191, 191, 191)  # the picture itself
    peak = (gap + 2 * (192 + gap) + 72, gap + 72)
    assert sum(sheet.getpixel(peak)) > 400  # "red" looks at cell (1, 1)
    assert sum(sheet.getpixel((peak[0] + 192 + gap, peak[1]))) < 200  # "bird" nowhere
    assert attention_stages([image], [attention], words, top=1).width == 2 * 192 + 3 * gap
    two = attention_stages([image, image], [attention, attention], words)
    assert two.size == (sheet.width, 2 * sheet.height - gap)
    assert attention_stages([image], [attention], words, columns=2).width == 2 * 192 + 3 * gap
    with pytest.raises(AssertionError, match="6 words"):
        attention_stages([image], [attention], words * 2)


def test_captions_are_drawn_in_ink_on_white() -> None:
    sheet = grid(colours(1, 64), captions=["bird"])
    gap = margin_of(192)
    text = sheet.crop((gap, gap + 192, gap + 192, sheet.height)).convert("L")
    expected = Image.new("L", text.size, 255)
    ImageDraw.Draw(expected).text((0, 0), "bird", 34, font_of(13))
    dark = [int((np.asarray(image) < 128).sum()) for image in (text, expected)]
    assert dark[0] == dark[1] > 20
