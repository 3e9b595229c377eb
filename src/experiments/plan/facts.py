"""What the data of a run would decide, without them where they are not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from experiments.data.reader.digits import Digits
from experiments.data.reader.plumage import Plumage
from experiments.data.record import Reader, Record, classes_of, has_of, told_of
from experiments.data.store.read import read_records
from experiments.data.text.vocabulary import Vocabulary
from experiments.data.text.words import tokeniser_of
from experiments.run.fact import of_networks
from experiments.run.reader import reader_of
from experiments.terminal.error import UserError

SAMPLE = 1000  # drawn birds whose captions have all words there are
TEST_SHARE = 0.1  # where a number of pictures is all that is known


@dataclass(frozen=True)
class DataFacts:
    """pictures: in both splits; train: of them to train on. captions: of one picture. words: of
    the vocabulary. classes: of both splits, where no attribute is known. letters: of a caption, in
    the mean, 0 where that is not known. source: how this is known.
    """

    pictures: int
    train: int
    captions: float
    words: int
    classes: int
    source: str
    attribute_values: Mapping[str, int] = field(default_factory=dict)
    local_attributes: tuple[str, ...] = ()
    letters: float = 0.0
    heard_attributes: tuple[str, ...] = ()
    moving_attributes: tuple[str, ...] = ()

    def of_networks(self) -> dict[str, Any]:
        """What `run.fact.facts_of` tells networks of data that are there."""
        return of_networks(
            self.words,
            self.attribute_values,
            self.classes,
            self.local_attributes,
            self.heard_attributes,
            self.moving_attributes,
        )


# By the name of the reader. CUB and COCO: the released AttnGAN (Xu et al. 2018), words from its
# captions.pickle; COCO has no classes, and each picture is its own. Oxford-102: the split of Reed
# et al. 2016, words assumed. Youtubers: the two people who are public. Stamps: counted in
# tuxpaint-stamps-default 2022.06.04.
PUBLISHED = {
    "cub": DataFacts(11_788, 8_855, 10, 5_450, 200, "published"),
    "coco": DataFacts(123_287, 82_783, 5, 27_297, 123_287, "published"),
    "oxford102": DataFacts(8_189, 7_034, 10, 5_450, 102, "published; words as of CUB"),
    "flickr8k": DataFacts(8_000, 7_000, 5, 5_450, 8_000, "published; words as of CUB"),
    "sub_urmp": DataFacts(17_835, 14_333, 0, 0, 13, "published: the first version of Chen 2017"),
    "youtubers": DataFacts(6_160, 5_545, 0, 0, 2, "published: the two people who are public"),
    "inis": DataFacts(6_366, 4_461, 0, 0, 5, "published: Chen 2017"),
    "ucf101": DataFacts(13_320, 9_537, 1, 250, 101, "published: its first split; words assumed"),
    "kth": DataFacts(599, 383, 1, 12, 6, "published; one of its 600 clips is missing"),
    "msvd": DataFacts(1_970, 1_300, 41, 9_000, 1_970, "published; words and classes assumed"),
    "mpii_md": DataFacts(68_375, 61_791, 1, 7_198, 68_375, "published; words of one method"),
    "stamps": DataFacts(331, 300, 1, 539, 67, "counted in tuxpaint-stamps-default 2022.06.04"),
}


def facts_of(config: Mapping[str, Any]) -> DataFacts:
    """Counted where the data are there, else published, else as `plan` says.

    Raises `UserError` where the data that a command names are not there.
    """
    options, found = config["plan"], _limited(_found(config), config["data"].get("limit"))
    if options["words"] is not None:
        found = replace(found, words=options["words"], source=f"{found.source}; plan.words")
    if options["pictures"] is not None:
        share = found.train / found.pictures if found.pictures else 1 - TEST_SHARE
        count = options["pictures"]
        source = f"{found.source}; plan.pictures".removeprefix("; ")
        found = replace(found, pictures=count, train=max(1, round(count * share)), source=source)
    share = float(config["data"].get("train_share", 1))
    if share < 1:
        test = found.pictures - found.train
        train = max(1, round(found.train * share))
        source = f"{found.source}; data.train_share"
        found = replace(found, pictures=train + test, train=train, source=source)
    return found if found.classes else replace(found, classes=found.pictures)


def _limited(found: DataFacts, limit: int | None) -> DataFacts:
    """As `data.limit` leaves them."""
    if limit is None:
        return found
    train = min(limit, found.train)
    pictures = train + min(limit, found.pictures - found.train)
    source = f"{found.source}; data.limit".removeprefix("; ")
    return replace(found, pictures=pictures, train=train, source=source)


def require_known(config: Mapping[str, Any]) -> None:
    """Raise `UserError` where neither data nor `plan` say how many pictures there are."""
    reader = reader_of(config)
    if isinstance(reader, Plumage) or _there(config, reader):
        reader.check()
    elif reader.name not in PUBLISHED and config["plan"]["pictures"] is None:
        raise UserError(
            f"plan.pictures: nothing says how many pictures data={reader.name} has; give "
            "plan.pictures=N, or data.root=DIR to count them"
        )


def _there(config: Mapping[str, Any], reader: Reader) -> bool:
    """Whether a command names a folder of data; that of stamps is named by default, and digits need
    none."""
    root = config["data"].get("root")
    given = root is not None and (reader.name != "stamps" or Path(root).is_dir())
    return given or isinstance(reader, Digits)


def _found(config: Mapping[str, Any]) -> DataFacts:
    reader = reader_of(config)
    if isinstance(reader, Plumage):
        return _drawn(reader)
    if not _there(config, reader):
        unknown = DataFacts(0, 0, 1, PUBLISHED["cub"].words, 0, "words as of CUB")
        if "caption" not in has_of(reader):
            unknown = DataFacts(0, 0, 0, 0, 0, "")
        return PUBLISHED.get(reader.name, unknown)
    records, _ = read_records(reader)
    if not records:
        raise UserError(f"data.root={config['data']['root']}: no picture can be used")
    captions = [caption for record in records for caption in record.captions]
    return DataFacts(
        len(records),
        sum(record.split == "train" for record in records),
        len(captions) / len(records),
        _words(reader, captions, int(config["data"].get("min_count", 1))),
        classes_of(reader),
        "counted",
        {name: len(values) for name, values in reader.attribute_values().items()},
        letters=_letters(captions),
        heard_attributes=told_of(reader, "heard_attributes"),
        moving_attributes=told_of(reader, "moving_attributes"),
    )


def _words(reader: Reader, captions: Sequence[str], least: int) -> int:
    if "caption" not in has_of(reader):
        return 0
    words, tokeniser = reader.words(), tokeniser_of(reader)
    if words is not None:
        return len(Vocabulary(words, tokeniser))
    return len(Vocabulary.build(captions, tokeniser, least))


def _letters(captions: Sequence[str]) -> float:
    return sum(map(len, captions)) / max(len(captions), 1)


def _drawn(reader: Plumage) -> DataFacts:
    """What follows from its settings."""
    few = [entry for entry in islice(reader.read(), SAMPLE) if isinstance(entry, Record)]
    captions = [caption for record in few for caption in record.captions]
    return DataFacts(
        reader.species * reader.images_per_species,
        (reader.species - reader.test_species) * reader.images_per_species,
        reader.captions,
        len(Vocabulary.build(captions)),
        reader.species,
        "as it is drawn",
        {name: len(values) for name, values in reader.attribute_values().items()},
        reader.colour_attributes(),
        _letters(captions),
        told_of(reader, "heard_attributes"),
        told_of(reader, "moving_attributes"),
    )
