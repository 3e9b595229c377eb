"""Pictures and archives."""

from __future__ import annotations

import io
import shutil
import zipfile

from PIL import Image

from experiments.data.images import picture_size, read_crop, read_padded
from experiments.data.layout.unpack import unpack_beside
from tests.fuzz.target import Target, put, scratch, told

SIDE = 8


def _picture(content: bytes) -> None:
    path = put("picture", content)
    for read in (
        lambda: read_crop(path, SIDE),
        lambda: read_crop(path, SIDE, (1, 1, 5, 5)),
        lambda: read_padded(path, SIDE),
    ):
        with told():
            assert read().shape == (SIDE, SIDE, 3)
    with told():
        assert min(picture_size(path)) > 0


def _pictures() -> list[bytes]:
    made = []
    for kind, mode in (
        *(("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "I;16"), ("PNG", "1")),
        *(("JPEG", "RGB"), ("JPEG", "CMYK"), ("WEBP", "RGB"), ("GIF", "P"), ("BMP", "RGB")),
        *(("PPM", "RGB"), ("TIFF", "F"), ("TIFF", "RGB")),
    ):
        file = io.BytesIO()
        Image.new("RGB", (12, 9), (200, 10, 60)).convert(mode if mode != "I;16" else "L").convert(
            mode
        ).save(file, kind)
        made.append(file.getvalue())
    return made


def _archive(content: bytes) -> None:
    folder = scratch() / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    with told():
        unpack_beside(put("unpacked/inner/x.zip", content), max_bytes=1_000_000)
    names = {path.relative_to(folder).parts[0] for path in folder.rglob("*")}
    assert names == {"inner"}, "something lies outside"
    beside = {path.name for path in (folder / "inner").iterdir()}
    assert beside <= {"x", "x.zip"}, beside
    assert not any(path.is_symlink() for path in folder.rglob("*")), "a link"


def _archives() -> list[bytes]:
    made = []
    for names in (["a.txt", "b/c.txt"], ["x/a.txt", "x/b.txt"], ["../a"], ["/a"], ["a", "A"]):
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", method) as archive:
                for name in names:
                    archive.writestr(name, b"owl " * 20)
            made.append(file.getvalue())
    return made


TARGETS = [
    Target("picture", "pictures", _picture, _pictures),
    Target("archive", "zip archives", _archive, _archives),
]
