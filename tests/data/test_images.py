"""Pictures of others: within bounds, upright, square, in RGB; and one reason for each bad one."""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.data.images import crop_window, path_inside, picture_size, read_crop, read_padded
from experiments.terminal.error import BadInput


def save(path: Path, array: np.ndarray, **options: object) -> Path:
    Image.fromarray(array).save(path, **options)  # type: ignore[arg-type]
    return path


def quadrants(height: int = 60, width: int = 100) -> np.ndarray:
    """Red, green / blue, white."""
    array = np.zeros((height, width, 3), np.uint8)
    array[: height // 2, : width // 2] = (255, 0, 0)
    array[: height // 2, width // 2 :] = (0, 255, 0)
    array[height // 2 :, : width // 2] = (0, 0, 255)
    array[height // 2 :, width // 2 :] = (255, 255, 255)
    return array


def test_crop_window_by_hand() -> None:
    """Box 40×20 at (30, 50): r = 30, centre (50, 60)."""
    assert crop_window((500, 400), (30, 50, 40, 20)) == (20, 30, 80, 90)


def test_crop_window_is_clipped() -> None:
    assert crop_window((60, 80), (30, 50, 40, 20)) == (20, 30, 60, 80)
    assert crop_window((500, 400), (0, 0, 40, 40)) == (0, 0, 50, 50)


@pytest.mark.parametrize("box", [(500, 0, 5, 5), (0, 400, 5, 5), (-9, 0, 9, 9), (0, 0, 0, 5)])
def test_box_that_shows_nothing(tmp_path: Path, box: tuple[int, int, int, int]) -> None:
    path = save(tmp_path / "a.png", np.zeros((400, 500, 3), np.uint8))
    with pytest.raises(BadInput, match="bounding box"):
        read_crop(path, 8, box)


def test_central_square_without_a_box(tmp_path: Path) -> None:
    array = np.zeros((10, 30, 3), np.uint8)
    array[:, 10:20] = 200
    square = read_crop(save(tmp_path / "a.png", array), 5)
    assert square.shape == (5, 5, 3)
    assert square.dtype == np.uint8
    assert (square == 200).all()  # nothing from outside the square, not even at its border


def test_crop_takes_the_surroundings_of_the_box(tmp_path: Path) -> None:
    array = np.zeros((100, 200, 3), np.uint8)
    array[20:80, 100:160] = 90
    square = read_crop(save(tmp_path / "a.png", array), 60, (110, 30, 40, 40))
    assert (square == 90).all()  # r = 30 about (130, 50)
    assert np.array_equal(square, array[20:80, 100:160])


def test_aspect_is_kept(tmp_path: Path) -> None:
    """A crop clipped to 50 wide and 100 high shows the middle half of its height."""
    array = np.zeros((100, 50, 3), np.uint8)
    array[25:75] = 77
    assert (read_crop(save(tmp_path / "a.png", array), 20, (0, 10, 50, 80)) == 77).all()


def test_large_jpeg_is_read_fast_and_alike(tmp_path: Path) -> None:
    """The reduced decoding shows what the full one does."""
    ramp = np.linspace(0, 255, 1600).astype(np.uint8)
    array = np.stack([np.broadcast_to(ramp, (1600, 1600)), ramp[:, None] + 0 * ramp[None]], -1)
    array = np.concatenate([array, array[..., :1] // 2], -1)
    jpeg = read_crop(save(tmp_path / "a.jpg", array, quality=95), 64, (400, 500, 600, 600))
    png = read_crop(save(tmp_path / "a.png", array), 64, (400, 500, 600, 600))
    assert np.abs(jpeg.astype(int) - png).max() <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation(tmp_path: Path, orientation: int) -> None:
    """The picture is shown as a viewer shows it, cropped to a box in the pixels of the file."""
    image = Image.fromarray(quadrants())
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.jpg"
    image.save(path, exif=exif, quality=100, subsampling=0)
    corners = read_crop(path, 16, (30, 10, 40, 40))[[2, 2, 13, 13], [2, 13, 2, 13]]
    names = ["".join("RGB"[k] for k in range(3) if corner[k] > 128) for corner in corners]
    upright = {
        1: ["R", "G", "B", "RGB"],
        2: ["G", "R", "RGB", "B"],
        3: ["RGB", "B", "G", "R"],
        4: ["B", "RGB", "R", "G"],
        5: ["R", "B", "G", "RGB"],
        6: ["B", "R", "RGB", "G"],
        7: ["RGB", "G", "B", "R"],
        8: ["G", "RGB", "R", "B"],
    }
    assert names == upright[orientation]


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "LA", "RGBA", "RGB", "I;16", "I"])
def test_every_mode_gives_the_same_grey(tmp_path: Path, mode: str) -> None:
    grey = 255 if mode == "1" else 128
    if mode in ("I;16", "I"):
        dtype = np.uint16 if mode == "I;16" else np.int32
        image = Image.fromarray(np.full((20, 20), grey * 257, dtype))
        assert image.mode == mode
    else:
        image = Image.new("RGB", (20, 20), (grey, grey, grey))
        image = image.quantize(2) if mode == "P" else image.convert(mode)
    path = tmp_path / ("a.tif" if mode in ("CMYK", "I") else "a.png")
    image.save(path)
    assert np.abs(read_crop(path, 8).astype(int) - grey).max() <= 1


def test_cmyk_jpeg(tmp_path: Path) -> None:
    Image.new("CMYK", (20, 20), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    red = read_crop(tmp_path / "a.jpg", 8).astype(int)
    assert np.abs(red - (255, 0, 0)).max() <= 3


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_become_white(tmp_path: Path, mode: str) -> None:
    sprite = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    sprite.paste((100, 100, 100, 255), (20, 0, 40, 20))
    path = tmp_path / "a.png"
    if mode == "P":
        palette = sprite.convert("L").quantize(4)
        palette.save(path, transparency=palette.getpixel((0, 0)))
    else:
        sprite.convert(mode).save(path)
    with Image.open(path) as image:
        assert image.mode == mode
    square = read_padded(path, 40)
    assert (square[:10] == 255).all()
    assert (square[30:] == 255).all()
    assert (square[12:28, :18] == 255).all()
    assert np.abs(square[12:28, 22:].astype(int) - 100).max() <= 2


def test_padded_picture_is_centred_and_whole(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", np.zeros((10, 40, 3), np.uint8))
    dark = (read_padded(path, 32) < 128).all(-1)
    assert dark[12:20].all()
    assert not dark[:12].any()
    assert not dark[20:].any()


def png_header(width: int, height: int) -> bytes:
    """A whole PNG of that size which holds no pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def jpeg_bytes() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(
        buffer, "JPEG"
    )
    return buffer.getvalue()


@pytest.mark.parametrize("read", [read_crop, read_padded])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a picture"),
        (b"a caption that was saved as a picture\n", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (jpeg_bytes()[:300], "broken|not a picture"),
        (jpeg_bytes()[:-400], "broken"),
        (png_header(8, 8), "broken"),
        (png_header(9_000, 9_000), "too many pixels"),
        (png_header(60_000, 60_000), "too many pixels"),
        (png_header(2**31 - 1, 2**31 - 1), "too many pixels|broken|not a picture"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_bad_files_have_one_reason(
    tmp_path: Path, read: Callable[[Path, int], np.ndarray], content: bytes, reason: str
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    start = time.perf_counter()
    with pytest.raises(BadInput, match=reason):
        read(path, 16)
    assert time.perf_counter() - start < 1


def test_every_truncation_of_a_file_is_refused(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.fromarray(quadrants(20, 20)).save(whole, "PNG")
    path = tmp_path / "a.png"
    for length in range(0, len(whole.getvalue()) - 30, 3):
        path.write_bytes(whole.getvalue()[:length])
        with pytest.raises(BadInput):
            read_crop(path, 8)


def test_the_name_does_not_decide_the_format(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(quadrants()).save(path, "PNG")
    assert read_crop(path, 8).shape == (8, 8, 3)
    assert picture_size(path) == (100, 60)


def test_extreme_aspect_costs_no_memory(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", np.zeros((1, 50_000, 3), np.uint8))
    assert read_padded(path, 16).shape == (16, 16, 3)
    assert read_crop(path, 16).shape == (16, 16, 3)


def test_paths_stay_inside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "class").mkdir(parents=True)
    outside = tmp_path / "secret.jpg"
    outside.write_bytes(b"x")
    (root / "class" / "good.jpg").write_bytes(b"x")
    (root / "class" / "link.jpg").symlink_to(outside)
    (root / "class" / "near.jpg").symlink_to("good.jpg")
    (root / "away").symlink_to(tmp_path)
    (root / "loop.jpg").symlink_to("loop.jpg")
    (root / "empty.jpg").touch()
    for good in ("class/good.jpg", "class/near.jpg"):
        assert path_inside(root, good).read_bytes() == b"x"
    bad = {
        "../secret.jpg": "leaves",
        "class/../../secret.jpg": "leaves",
        str(outside): "leaves",
        "": "leaves",
        "class/link.jpg": "leaves",
        "away/secret.jpg": "leaves",
        "class/good.jpg\0.png": "control characters",
        "loop.jpg": "missing",
        "class/none.jpg": "missing",
        "class": "not a file",
        "empty.jpg": "empty",
        "x" * 5000: "missing",
    }
    for path, reason in bad.items():
        with pytest.raises(BadInput, match=reason):
            path_inside(root, path)


def test_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "a.jpg").write_bytes(b"x")
    (tmp_path / "images").symlink_to(tmp_path / "disk")
    assert path_inside(tmp_path / "images", "a.jpg").is_file()
