"""Runs that are served, made once: with attention, without, listening, and with styles."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # what the tests here share

from made import make_run, request_of

from experiments.app.session import Session
from experiments.data.store.dataset import Dataset

KINDS = {
    "attends": ("attngan-plumage", "aaaaaaaaaa", ["model=attngan", "encoder/image=part_cnn"]),
    "plain": ("gan_cls-plumage", "bbbbbbbbbb", ["model=gan_int_cls"]),
    "listens": ("s2igan-plumage", "cccccccccc", ["model=s2igan"]),
    "sings": ("cmcgan-plumage_song", "ffffffffff", ["model=cmcgan", "data=plumage_song"]),
    "moves": ("tgans_c-plumage_clips", "9999999999", ["model=tgans_c", "data=plumage_clips"]),
    "styled": ("style_encoder-plumage", "dddddddddd", ["model=style_encoder"]),
}


@pytest.fixture(scope="session")
def served(birds: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`served(kind)`: the run folder of a kind."""
    outputs, made = tmp_path_factory.mktemp("served"), dict[str, Path]()

    def run(kind: str) -> Path:
        if kind not in made:
            name, number, overrides = KINDS[kind]
            made[kind] = make_run(outputs / name / number, birds, *overrides)
        return made[kind]

    return run


@pytest.fixture
def open_session(served: Callable[[str], Path], tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """`open_session("attends", "plain", patience=...)`: closed at the end."""
    opened: list[Session] = []

    def session(*kinds: str, **options: Any) -> Session:
        told = {"preferences": str(tmp_path / "preferences.jsonl")} | options
        opened.append(Session(request_of(*map(served, kinds or ("attends",)), **told)))
        return opened[-1]

    yield session
    for one in opened:
        one.close()
