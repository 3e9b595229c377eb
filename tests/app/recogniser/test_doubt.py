"""When a recogniser's result is doubted: each bound alone, just within and just beyond."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from experiments.app.recogniser.doubt import LOWEST, Part, doubt_of, parts_of, paused, text_of


def heard(*words: str, frames: int = 25, unfit: float = 2.0) -> list[Part]:
    return [Part(word, frames, -unfit * frames) for word in words]


def likely(words: list[str]) -> float:
    return 0.6


def test_a_description_is_not_doubted() -> None:
    parts = [Part("<s>", 30, -5), *heard("a", "red", "bird"), Part("</s>", 30, -5)]
    assert doubt_of(parts, likely) is None
    assert text_of(parts) == "a red bird"


def test_no_word_or_only_one_is_no_description() -> None:
    assert "no speech" in str(doubt_of([Part("<sil>", 100, -9), Part("[NOISE]", 50, -9)], likely))
    assert "'red'" in str(doubt_of(heard("red"), likely))


def test_words_last_as_words_do() -> None:
    assert doubt_of(heard("a", "bird", frames=37), likely) is None
    assert "noise or music" in str(doubt_of(heard("a", "bird", frames=38), likely))
    long = [*heard("a", "red", "red", "red", "red"), Part("bird", 101, -200)]
    assert "noise or music" in str(doubt_of(long, likely))


def test_noise_between_words_is_bounded() -> None:
    assert doubt_of([*heard("a", "bird"), Part("[NOISE]", 8, -9)], likely) is None
    assert "noise or music" in str(doubt_of([*heard("a", "bird"), Part("[NOISE]", 9, -9)], likely))


def test_sound_and_words_have_to_fit_together() -> None:
    assert doubt_of(heard("a", "bird", unfit=4.9), likely) is None
    assert "description in English" in str(doubt_of(heard("a", "bird", unfit=5.1), likely))
    assert doubt_of(heard("a", "bird", unfit=4.9), lambda words: 0.8)
    assert doubt_of(heard("a", "bird", unfit=5.1)) is None, "of any English"
    assert doubt_of(heard("a", "bird", unfit=5.3))


def test_pauses_count_between_words_alone() -> None:
    before, between = Part("<s>", 90, -5), Part("<sil>", 50, -5)
    assert paused([before, *heard("a", "bird")]) == 0
    parts = [before, *heard("a"), between, *heard("bird")]
    assert paused(parts) == pytest.approx(0.5)
    assert doubt_of([*heard("a", "bird", unfit=4.5)], likely) is None
    assert doubt_of([*heard("a", unfit=4.5), between, *heard("bird", unfit=4.5)], likely)


def test_scores_are_logarithms_of_what_sphinx_says() -> None:
    rows = [("red(2)", 10, 19, 1e-20), ("bird", 20, 29, 0.0)]
    names = ("word", "start_frame", "end_frame", "ascore")
    first, second = parts_of(SimpleNamespace(**dict(zip(names, r, strict=True))) for r in rows)
    assert (first.word, first.frames) == ("red", 10)
    assert first.score == pytest.approx(-46.05, abs=0.01)
    assert second.score == LOWEST
