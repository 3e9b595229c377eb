"""Composing, resolving and building."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.config.build import build
from experiments.config.compose import choices, compose, plain
from experiments.config.resolver import at_most, parts, resolutions
from experiments.config.target import locate
from experiments.terminal.error import UserError

LINEAR = "experiments.optim.adam.Adam"


def test_stages_double_from_the_first_or_up_to_the_last() -> None:
    assert resolutions(3, 64, None) == [64, 128, 256]
    assert resolutions(4, None, 64) == [8, 16, 32, 64]
    for first, last in ((64, 64), (None, None)):
        with pytest.raises(ValueError, match="give one of"):
            resolutions(3, first, last)


def test_large_pictures_come_in_parts() -> None:
    assert parts([64, 128, 256]) == 1 and parts([64, 128, 256, 512]) == 2
    with pytest.raises(ValueError, match="must be a list"):
        parts(8)  # type: ignore[arg-type]


def test_a_batch_may_have_a_bound() -> None:
    assert at_most(40, 48) == 40 and at_most(40, 4) == 4


@pytest.mark.parametrize(("side", "batch", "gamma"), [(256, 32, 0.4096), (64, 16, 0.0512)])
def test_r1_is_as_strong_as_sides_and_batches_ask(side: int, batch: int, gamma: float) -> None:
    """gamma = 0.0002 side^2 / batch, and the weight is half of it."""
    words = ["model=gan_cls", "loss/gradient_penalty=r1"]
    given = [f"generator.resolutions=[{side}]", f"trainer.batch={batch}"]
    penalty = plain(compose(words + given))["system"]["gradient_penalty"]
    assert 2 * penalty["weight"] == pytest.approx(gamma, rel=1e-9)


def test_a_composed_configuration_is_the_callers_own() -> None:
    first = compose(["seed=7"])
    first.trainer.batch = 1
    assert compose(["seed=7"]).trainer.batch == 16
    assert choices(first)["model"] == "attngan_4stage"
    assert not any(name.startswith("hydra") for name in choices(first))


def test_plain_is_resolved_and_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    config = plain(compose(["data=cub", "data.root='~/birds'", "tracker.project='~x'"]))
    assert config["data"]["reader"]["root"] == str(tmp_path / "birds")
    assert config["tracker"]["project"] == "~x"
    assert "hydra" not in config and config["generator"]["resolutions"] == [64, 128, 256, 512]


def test_the_cache_can_lie_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert plain(compose(["paths.outputs=/a"]))["paths"]["cache"] == "/a/cache"
    monkeypatch.setenv("BIRDSONG_CACHE", "/shared")
    assert plain(compose(["paths.outputs=/a"]))["paths"]["cache"] == "/shared"


def test_building_passes_facts_to_those_who_ask() -> None:
    text = {"_target_": "experiments.encoder.bilstm.BiLSTM", "dim": 8, "embedding_dim": 4}
    made = build({"a": [text], "b": 3}, {"vocabulary_size": 11, "num_classes": 5})
    assert made["b"] == 3
    (encoder,) = made["a"]
    assert encoder(*_tokens())[0].shape == (1, 8, 2)


def _tokens() -> tuple:
    import torch

    return torch.tensor([[10, 3]]), torch.tensor([2])


def test_only_our_own_classes_are_built() -> None:
    with pytest.raises(AssertionError, match=r"os\.system"):
        locate("os.system")


def test_what_a_constructor_refuses_is_told_with_its_place() -> None:
    node = {"_target_": "experiments.encoder.bilstm.BiLSTM", "dim": 7, "embedding_dim": 4}
    with pytest.raises(UserError, match=r"^encoder\.text: "):
        build({"text": node}, {"vocabulary_size": 11}, "encoder")
