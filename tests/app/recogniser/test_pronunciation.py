"""How words are said: which are known, which are formed, and which are told to be missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.app.recogniser.language import spoken_words
from experiments.app.recogniser.pronunciation import OWN, pronounced
from experiments.data.reader.plumage import Plumage
from experiments.data.record import Record
from experiments.terminal.error import UserError

BIRDS = (
    *("nape", "nape's", "bird's", "stamen", "stamens", "pistils", "anther", "sepals", "petalled"),
    *("petaled", "tarsi", "rufous", "tanager", "vireo", "nuthatch", "waxwing", "cowbird"),
    *("redstart", "kinglet", "kestrel", "superciliary", "malar", "coverts", "undertail", "taupe"),
    *("wingbars", "eyering", "fuchsia", "cerulean", "striated", "peduncle"),
)


@pytest.fixture(scope="module")
def cmudict() -> Path:
    sphinx = pytest.importorskip("pocketsphinx")
    return Path(sphinx.get_model_path("en-us")) / "cmudict-en-us.dict"


def test_all_words_of_plumage_are_known(cmudict: Path) -> None:
    read = Plumage(images_per_species=1).read()
    captions = [text for record in read if isinstance(record, Record) for text in record.captions]
    words = {word for caption in captions for word in spoken_words(caption)}
    assert len(words) > 70
    assert pronounced(words, cmudict).missing == ()


def test_words_of_birds_and_flowers_that_cmudict_lacks_are_known(cmudict: Path) -> None:
    assert pronounced(BIRDS, cmudict).missing == ()


def test_our_own_file_has_nothing_that_cmudict_has_and_only_its_phones(cmudict: Path) -> None:
    theirs = [line.split() for line in cmudict.read_text().splitlines()]
    names, phones = {row[0] for row in theirs}, {phone for row in theirs for phone in row[1:]}
    ours = [line.split() for line in OWN.read_text().splitlines() if not line.startswith("#")]
    assert not names & {row[0] for row in ours}
    assert {phone for row in ours for phone in row[1:]} <= phones


def test_words_are_formed_of_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "dictionary"
    path.write_text(
        "crest K R EH S T\nplume P L UW M\nbeak B IY K\nfinch F IH N CH\nwing W IH NG\n"
        "bar B AA R\nbar(2) B AO R\nbird B ER D\n"
    )
    known = pronounced(
        ["crested", "plumed", "beaks", "finches", "wingbar", "bird's", "bar", "xylograph", "bars"],
        path,
    )
    said = {word: [" ".join(way) for way in ways] for word, ways in known.said.items()}
    assert said["crested"] == ["K R EH S T IH D"]
    assert said["plumed"] == ["P L UW M D"]
    assert said["beaks"] == ["B IY K S"]
    assert said["wingbar"] == ["W IH NG B AA R"]
    assert said["bird's"] == ["B ER D Z"]
    assert said["bar"] == ["B AA R", "B AO R"] and said["bars"] == ["B AA R Z", "B AO R Z"]
    assert said["finches"] == ["F IH N CH IH Z"]
    assert known.missing == ("xylograph",)
    assert "bar(2) B AO R\n" in known.dictionary()


def test_a_dictionary_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "dictionary"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="no dictionary"):
        pronounced(["bird"], path)
