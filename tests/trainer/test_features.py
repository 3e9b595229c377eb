"""Text features in the precision of a run: what a run began with, it goes on with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.data.view.caption import Captions
from experiments.machine.rank import Ranks
from experiments.machine.setup import text_features
from experiments.run import checkpoint
from experiments.run.prerequisite import Run, plan
from experiments.system.text_to_image import TextToImage
from experiments.trainer.assemble import assemble
from experiments.trainer.loop import step
from experiments.trainer.training import Training

SMALL = ["model=gan_cls", "debug=tiny", "encoder.pretrained=null", "~metric", "launch.threads=1"]
DATA = ["data.reader.species=6", "data.reader.test_species=2", "data.reader.images_per_species=3"]
Plan = Callable[..., Run]


@pytest.fixture
def run_of(tmp_path: Path) -> Plan:
    """`run_of(*overrides)`: a run to be."""

    def make(*overrides: str) -> Run:
        paths = [f"paths.outputs={tmp_path}", f"paths.cache={tmp_path}/cache"]
        cfg = checked_compose([*SMALL, *DATA, *paths, *overrides])
        return plan(plain(cfg), choices(cfg), [])

    return make


def trained(run: Run, images: int) -> Training:
    """The run, gone on from where it stands."""
    made = assemble(run, Ranks("cpu"))
    with made.training.stream() as batches:
        while made.training.images < images:
            step(made.training, made.numerics, next(batches))
    return made.training


def save(training: Training, run: Run, **without: Any) -> None:
    """A checkpoint; `without`: keys that it does not have."""
    state = {key: value for key, value in training.state().items() if key not in without}
    checkpoint.save(run.folder, state, 2)


def weights(training: Training) -> dict[str, torch.Tensor]:
    return training.system.generator.state_dict()


def stored(run: Run) -> int:
    """Folders of features in the cache."""
    return len(list(Path(run.config["paths"]["cache"]).glob("plumage/*/captions-*")))


def test_they_are_as_exact_as_what_is_computed_with_them() -> None:
    assert text_features("auto", torch.float32) == torch.float32
    assert text_features("auto", torch.bfloat16) == torch.float16
    assert text_features("float32", torch.bfloat16) == torch.float32
    assert text_features("float16", torch.float32) == torch.float16


def test_in_fp32_the_generator_is_told_what_the_encoder_says(run_of: Plan) -> None:
    training = assemble(run_of(), Ranks("cpu")).training
    assert training.features == torch.float32
    text = training.batches.at(0).of(Captions)
    assert isinstance(training.system, TextToImage)
    with torch.no_grad():
        said = training.system.encoder.encode_text(text.tokens, text.lengths)[1]
    assert text.sentence is not None
    torch.testing.assert_close(text.sentence, said, rtol=1e-6, atol=1e-7)
    assert not torch.equal(text.sentence, text.sentence.half().float())


def test_a_run_from_before_there_was_a_choice_goes_on_with_float16(
    run_of: Plan, capfd: pytest.CaptureFixture[str]
) -> None:
    """The same id, the same bits as if it had never stopped, and one line."""
    half, now = run_of("trainer.text_features=float16"), run_of()
    assert half.id != now.id == run_of("trainer.text_features=auto").id
    whole = trained(half, 12)
    save(trained(half, 8), now, features="as its version wrote it")
    capfd.readouterr()
    resumed = trained(now, 12)
    told = capfd.readouterr().err
    assert "began with text features in float16 and goes on with them" in told
    assert resumed.features == torch.float16 and resumed.images == 12
    torch.testing.assert_close(weights(resumed), weights(whole), rtol=0, atol=0)
    save(resumed, now)
    assert trained(now, 16).features == torch.float16  # for good
    assert stored(now) == 1


def test_what_begins_now_in_fp32_resumes_in_float32_without_a_word(
    run_of: Plan, capfd: pytest.CaptureFixture[str]
) -> None:
    run = run_of()
    whole = trained(run, 12)
    save(trained(run, 8), run)
    resumed = trained(run, 12)
    assert "began with" not in capfd.readouterr().err
    torch.testing.assert_close(weights(resumed), weights(whole), rtol=0, atol=0)
    other = trained(run_of("trainer.text_features=float16"), 12)
    assert any(
        not torch.equal(a, b)
        for a, b in zip(weights(whole).values(), weights(other).values(), strict=True)
    )
    assert stored(run) == 2


def test_a_generator_is_trained_first_with_the_features_of_the_run_that_asks_for_it() -> None:
    """What else it builds on, which trains its text encoder itself, is the same run."""

    def needs(*overrides: str) -> dict[str, Run | Path]:
        cfg = checked_compose(["model=stackgan_stage2", *overrides])
        return plan(plain(cfg), choices(cfg), []).prerequisites

    half, now = needs("trainer.text_features=float16"), needs()
    first, other = half["generator.first"], now["generator.first"]
    assert isinstance(first, Run) and isinstance(other, Run)
    assert first.config["trainer"]["text_features"] == "float16" and first.id != other.id
    rest = {name: (need, now[name]) for name, need in half.items() if name != "generator.first"}
    assert "encoder" in rest
    assert isinstance(rest["encoder"][0], Run)
    for mine, theirs in rest.values():
        assert mine == theirs or (
            isinstance(mine, Run) and isinstance(theirs, Run) and mine.id == theirs.id
        )
