from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

from experiments.data.text.alphabet import Alphabet
from experiments.data.text.reading import reader_of, reads_of
from experiments.data.text.vocabulary import Vocabulary

WORDS = ["<end>", "a", "bird", "<unk>"]


def test_words_where_nothing_is_said() -> None:
    assert reads_of(SimpleNamespace()) == reads_of(None) == "words"
    assert reads_of(SimpleNamespace(reads="characters")) == "characters"


def test_each_has_its_reader() -> None:
    by_words, longest = reader_of("words", WORDS, 18)
    assert by_words == Vocabulary(WORDS) and longest == 18
    assert by_words.encode("a blue bird") == [1, 3, 2]
    by_letters, longest = reader_of("characters", WORDS, 18)
    assert by_letters.encode("ab") == Alphabet().encode("ab") and longest == 201


def test_a_text_is_checked_without_torch() -> None:
    """A wrong command is told in a moment."""
    code = "import sys, experiments.sample.request; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
