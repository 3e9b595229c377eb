"""Style transfer: captions drawn in the style of given pictures (Reed 2016, section 4.4).

model = load_style("outputs/style_encoder-plumage/<id>")
transfer_sheet(model, ["owl.jpg"], ["a red bird with a black crown"]).save("sheet.png")
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from experiments.data.view.base import part_of
from experiments.data.view.picture import PICTURE, Pictures
from experiments.sample.model import Model, load
from experiments.sample.name import digest, slug
from experiments.sample.page import COLUMNS
from experiments.sample.picture import (
    PAPER,
    READABLE,
    font_of,
    margin_of,
    resize,
    save_png,
    text_height,
    to_pixels,
    wrap,
    write,
)
from experiments.sample.request import Drawing
from experiments.system.style_encoder import StyleEncoderTraining
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of, show

TEXT = 14  # px
Picture = str | Path | Image.Image


class StyleModel:
    """A trained style encoder with its generator."""

    def __init__(self, model: Model) -> None:
        system = model.system
        assert isinstance(system, StyleEncoderTraining), type(system).__name__
        self.model, self.system, self.size = model, system, system.style.resolution

    def read(self, pictures: Sequence[Picture], key: str = "pictures") -> Tensor:
        """Pictures, or their files, as (N, 3, R, R) in [-1, 1], cut and resized as test pictures.

        Raises `UserError` for what is no picture, or none that is safe to open; it names `key`.
        """
        if not pictures:
            raise UserError(f"{key}: no picture was given")
        try:
            return part_of({PICTURE: self.model.views[PICTURE].read(pictures)}, Pictures).images[-1]
        except UserError as error:
            raise UserError(f"{key}={error}") from None

    @torch.inference_mode()
    def encode(self, pictures: Sequence[Picture] | Tensor) -> Tensor:
        """The style (N, S) of pictures, its first `noise_dim` numbers z; a tensor of pictures is
        (N, 3, R, R) in [-1, 1]."""
        images, device = self._tensor(pictures), self.model.device
        parts = [images[part].to(device) for part in self.model.parts(len(images))]
        return torch.cat([self.system.style(part).cpu() for part in parts])

    def transfer(
        self, pictures: Sequence[Picture] | Tensor, captions: Sequence[Any], seed: int = 0
    ) -> Tensor:
        """Every caption, or recording where the run listens, in the style of every picture:
        (N, captions, 3, R, R) in [-1, 1].

        `seed` decides the conditioning augmentation, where the generator has one and its noise is
        not read; all pictures of a caption have the same. Raises `UserError` for a picture that
        cannot be read and a caption without a known word.
        """
        tokens, lengths = self.model.encode(captions)
        images, device = self._tensor(pictures), self.model.device
        rows = torch.arange(len(images)).repeat_interleave(len(captions))
        columns = torch.arange(len(captions)).repeat(len(images))
        made = [
            self.system.transfer(
                images[rows[part]].to(device),
                tokens[columns[part]].to(device),
                lengths[columns[part]],
                [seed] * len(columns[part]),
            ).cpu()
            for part in self.model.parts(len(rows))
        ]
        return torch.cat(made).unflatten(0, (len(images), len(captions)))

    def _tensor(self, pictures: Sequence[Picture] | Tensor) -> Tensor:
        return pictures if isinstance(pictures, Tensor) else self.read(pictures)


def load_style(folder: str | Path, device: str = "cpu") -> StyleModel:
    """The style encoder of a run folder of model=style_encoder, with its generator.

    Raises `UserError` where the folder is another run, or none.
    """
    model = load(folder, device)
    if not isinstance(model.system, StyleEncoderTraining):
        raise UserError(f"run={folder}: reads no styles; take a run of model=style_encoder")
    return StyleModel(model)


def transfer_sheet(
    model: StyleModel, pictures: Sequence[Picture] | Tensor, captions: list[str], seed: int = 0
) -> Image.Image:
    """A row for each picture, which stands first, and a column for each caption, written above.

    See `StyleModel.transfer`.
    """
    images = model.read(pictures) if not isinstance(pictures, Tensor) else pictures
    rows = torch.cat((images[:, None], model.transfer(images, captions, seed)), dim=1)
    return _sheet(to_pixels(rows), ["style", *captions])


def draw_transfer(model: Model, drawing: Drawing) -> list[Path]:
    """`task=sample` with `sample.picture`: a PNG of every picture and caption, and their sheet, in
    pages where there are many captions. Everything is drawn with the first seed.

    Raises `UserError` for what is no picture.
    """
    styles, asked, seed = StyleModel(model), drawing.asked, drawing.seeds[0]
    images = styles.read(drawing.pictures, "sample.picture")
    names = [str(path.resolve()) for path in drawing.pictures]
    folder = drawing.drawn / f"style-{digest(names, drawing.keys, seed)}"
    written, sheets = list[Path](), list[Path]()
    pages = -(-len(asked) // COLUMNS)
    for page in range(pages):
        some = asked[page * COLUMNS : (page + 1) * COLUMNS]
        made = to_pixels(styles.transfer(images, [one.given for one in some], seed))
        for number, (path, row) in enumerate(zip(drawing.pictures, made, strict=True), start=1):
            for one, pixels in zip(some, row, strict=True):
                name = f"{number}-{slug(path.stem)}-{one.slug}.png"
                written.append(folder / name)
                save_png(Image.fromarray(pixels), written[-1])
        rows = np.concatenate((to_pixels(images)[:, None], made), axis=1)
        part = "" if pages == 1 else f"-{page + 1:0{len(str(pages))}}"
        sheets.append(folder / f"sheet{part}.png")
        save_png(_sheet(rows, ["style", *(one.label for one in some)]), sheets[-1])
    where = str(sheets[0]) if pages == 1 else f"{pages} pages, from {sheets[0]}"
    show(
        f"{len(asked)} {drawing.kind} in the style of {number_of(len(images), 'picture')}: {where}"
    )
    return written + sheets


def _sheet(rows: np.ndarray, titles: Sequence[str]) -> Image.Image:
    """uint8 (rows, columns, R, R, 3) under the titles of their columns."""
    size = rows.shape[2]
    width, font = -(-READABLE // size) * size, font_of(TEXT)
    margin = margin_of(width)
    texts = [wrap(title, width, font) for title in titles]
    header = max(text_height(lines, font) for lines in texts)
    step = width + margin
    shape = (margin + len(titles) * step, header + margin + len(rows) * step)
    sheet = Image.new("RGB", shape, PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, lines in enumerate(texts):
        left = margin + column * step
        # Lines end just above the pictures, however many there are.
        write(draw, lines, left, header - text_height(lines, font), font)
        for row, pictures in enumerate(rows):
            picture = resize(pictures[column], width, width)
            sheet.paste(picture, (left, header + margin + row * step))
    return sheet
