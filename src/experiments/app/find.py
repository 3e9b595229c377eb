"""The nearest real pictures to words, in the space of a run's own encoders."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from experiments.app.encoders import Encoders, encoders_of
from experiments.app.refusal import Refused, refusing
from experiments.app.wish import PICTURE, Found
from experiments.data.record import Reader, Record, has_of
from experiments.data.store.table import read_table
from experiments.human.captions import prepared_of
from experiments.metric.ranking import cosines
from experiments.run import folder as files
from experiments.run.reader import reader_of
from experiments.run.state import Named
from experiments.terminal.error import BadInput

TOGETHER = 32  # pictures that are looked at in one turn
SIDE = 256  # px of what is shown, at least
SEED = 0  # of which pictures are looked at, where there are more than `most`


@dataclass(frozen=True, eq=False)
class Gallery:
    """Records of the test split that have a picture, and the vectors (N, dim) of these."""

    encoders: Encoders
    reader: Reader
    records: list[Record]
    vectors: torch.Tensor

    def nearest(self, given: Any, count: int) -> tuple[Found, ...]:
        """The nearest to a caption, or to a recording where the encoders listen. Raises `Refused`
        for what says nothing to them."""
        with refusing():
            query = self.encoders.of_words(given)
        near = cosines(query[None], self.vectors)[0]
        values, order = near.topk(min(count, len(near)))
        return tuple(
            Found(
                self.reader.image(self.records[row], max(self.encoders.kept, SIDE)),
                self.records[row].captions[0] if self.records[row].captions else "",
                self.records[row].key,
                value,
            )
            for value, row in zip(values.tolist(), order.tolist(), strict=True)
        )


class Looking:
    """A gallery that grows, `TOGETHER` pictures in each `step`, so that others have their turn."""

    def __init__(self, run: Named, cache: Path, most: int) -> None:
        """`most`: pictures, drawn at random where there are more. Raises `Refused` where the data
        of the run are not here."""
        place = prepared_of([run.folder], cache)
        if place is None:
            raise Refused(
                "the pictures that this model was trained on are not here (paths.cache), so none "
                "can be found"
            )
        self.encoders = encoders_of(run)
        self.reader = reader_of(files.run_config(run.folder))
        if PICTURE not in has_of(self.reader):
            raise Refused("the data of this model have no pictures, so none can be found")
        with refusing("the data"):
            self.reader.check()
        records = [record for record in read_table(place) if record.split == "test"]
        if len(records) > most:
            records = random.Random(SEED).sample(records, most)
        self._left = records[::-1]
        self._records: list[Record] = []
        self._vectors: list[torch.Tensor] = []

    def step(self) -> Gallery | None:
        """Look at some more; the gallery once all are looked at. Pictures that cannot be opened are
        left out, as they are of training."""
        images = list[Image.Image]()
        while self._left and len(images) < TOGETHER:
            record = self._left.pop()
            try:
                pixels = self.reader.image(record, self.encoders.kept)
            except BadInput:
                continue
            images.append(Image.fromarray(pixels))
            self._records.append(record)
        if images:
            self._vectors.append(self.encoders.of_pictures(images))
        if self._left:
            return None
        if not self._records:
            raise Refused("the pictures that this model was trained on cannot be opened here")
        vectors = torch.cat(self._vectors)
        return Gallery(self.encoders, self.reader, self._records, vectors)
