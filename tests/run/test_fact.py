"""What data decide: one form for data, plans and releases; vocabularies that differ are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.config.target import FACTS
from experiments.data.text.vocabulary import Vocabulary
from experiments.file.whole import write_json
from experiments.run.fact import (
    facts_of_release,
    of_networks,
    reader_of_run,
    require_own_words,
    require_vocabulary,
)
from experiments.run.schema import fault_of
from experiments.terminal.error import UserError

WORDS = Vocabulary(["red", "bird"])


def test_networks_are_told_what_build_passes_on() -> None:
    told = of_networks(9, {"colour": 3}, 7, ["colour"])
    of_data = set(FACTS) - {"text_model"}  # which a run with one knows, and no data
    assert of_data == {*told, "words"} and of_data <= set(facts_of_release(WORDS))
    assert told["num_classes"] is None, "attributes say more than classes"
    assert of_networks(9, {}, 7, ())["num_classes"] == 7


def test_a_release_reads_its_words_or_characters(tmp_path: Path) -> None:
    for words, tokens in ((WORDS, WORDS.encode("a bird")), (None, None)):
        facts = facts_of_release(words)
        write_json(tmp_path / "facts.json", facts)
        assert fault_of("facts.json", facts) is None
        require_own_words(tmp_path)
        assert tokens in (None, reader_of_run(tmp_path).encode("a bird"))


def test_words_of_another_vocabulary_are_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "facts.json", facts_of_release(WORDS))
    ours = {"vocabulary_hash": "xyz"}
    line = rf"another vocabulary \({WORDS.hash}, these data have xyz\); find it"
    for reads in (None, "words"):
        with pytest.raises(UserError, match=line):
            require_vocabulary(tmp_path, ours, reads, "find it")
    for facts, reads in ((ours, "characters"), ({}, "words"), (facts_of_release(WORDS), None)):
        require_vocabulary(tmp_path, facts, reads, "find it")
