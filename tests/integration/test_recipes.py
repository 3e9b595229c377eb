"""Every recipe: two steps, two more in two processes, and pictures of those that draw."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.data.reader.plumage.song import sing
from experiments.sample.model import load

QUICK = ["~metric", "trainer.sample_every=1000"]
STABILISED = [
    "discriminator.norm=spectral",
    "loss/gradient_penalty=r1",
    "loss.gradient_penalty.interval=2",
    "loss.adversarial.form=hinge",
    "system.augment=[translation,cutout]",
    "system.captions=4",
]
DRAWING = {
    "gan": [],
    "gan_cls": STABILISED,
    "gan_int": [],
    "gan_int_cls": [],
    "stackgan_stage1": [],
    "stackgan_stage2": [],
    "stackgan_v2": ["loss.adversarial.form=relativistic", "loss/gradient_penalty=r1_r2"],
    "dfgan": ["system.augment=[blit,geometric]", "system.augment_probability=adaptive"],
    "r3gan": [],
    "s2igan": [],
    "speech_to_image": ["encoder/image=efficientnet_lite0"],  # a teacher is a trained network
    "attngan": ["generator.refine=memory"],
    "attngan_4stage": [],
}
# What listens is told who says the caption.
SPOKEN = {model: ["sample.voice=espeak/f3"] for model in ("s2igan", "speech_to_image")}
READING = [
    *("damsm", "classifier", "char_cnn_rnn", "word_cnn_rnn", "word_lstm", "minilm"),
    *("hearing", "damsm_speech", "speech_embedding", "speech_teacher"),
]
PHASE = {"classifier": "classifier", "hearing": "hearing"}
LEVEL = ("speech_embedding", "speech_teacher")  # their rates do not know where the run ends
TEACHER = {"speech_teacher": ["encoder/image=efficientnet_lite0"]}


def train_stop_and_go_on(commands: Any, outputs: Path | None, recipe: list[str]) -> None:
    half = commands.ok(*recipe, "trainer.images=8", outputs=outputs)
    assert "from the start to 8 images" in half.text and "1 x cpu" in half.text
    more = commands.ok(*recipe, outputs=outputs, ranks=2)
    assert "from 8 images to 16 images" in more.text and "2 x cpu" in more.text


# What these have others have, too: gan_cls, attngan_4stage, word_lstm, and below both of StackGAN.
LIKE_OTHERS = (
    *("gan", "gan_int", "gan_int_cls", "attngan", "stackgan_stage1", "stackgan_stage2"),
    "speech_to_image",
    *("word_cnn_rnn", "char_cnn_rnn", "minilm"),
    *("hearing", "speech_embedding", "speech_teacher"),
)


@pytest.mark.parametrize(
    "model",
    [pytest.param(m, marks=pytest.mark.slow) if m in LIKE_OTHERS else m for m in DRAWING],
)
def test_what_draws(commands: Any, outputs: Path, model: str) -> None:
    train_stop_and_go_on(commands, outputs, [f"model={model}", *QUICK, *DRAWING[model]])
    run = next((outputs / f"{model}-plumage").iterdir())
    asked = ["text=a red bird", *SPOKEN.get(model, [])]
    drawn = commands.ok("task=sample", f"run={run}", *asked, "num_samples=2", outputs=None)
    assert "2 pictures in" in drawn.text
    assert len(list(run.glob("drawn/*/seed-*.png"))) == 2


@pytest.mark.parametrize(
    "model", [pytest.param(m, marks=pytest.mark.slow) if m in LIKE_OTHERS else m for m in READING]
)
def test_what_reads(commands: Any, outputs: Path, model: str) -> None:
    shutil.rmtree(outputs / f"{model}-plumage", ignore_errors=True)
    # A rate that falls to zero at the end makes runs of other lengths other runs.
    whole = [] if model in LEVEL else [f"optim.{PHASE.get(model, 'embedding')}.decay_to_zero=null"]
    recipe = [f"model={model}", *QUICK, *whole, *TEACHER.get(model, [])]
    train_stop_and_go_on(commands, outputs, recipe)


def test_stages_that_attend_to_sound(commands: Any, outputs: Path) -> None:
    recipe = ["model=attngan_4stage", "encoder=damsm_speech_pretrained", *QUICK]
    train_stop_and_go_on(commands, outputs, recipe)
    (run,) = (path for path in (outputs / "attngan_4stage-plumage").iterdir() if hears(path))
    asked = ["text=a red bird", "sample.voice=espeak/f3", "num_samples=2"]
    commands.ok("task=sample", f"run={run}", *asked, outputs=None)
    (attention,) = run.glob("drawn/*/attention.png")
    assert len(list(attention.parent.glob("seed-*.png"))) == 2
    refused = commands.run("task=sample", f"run={run}", "text=a red bird", outputs=None)
    assert refused.wait() == 2 and "sample.voice=" in refused.text


def test_what_draws_sounds(commands: Any, outputs: Path) -> None:
    tiny = [one for one in commands.settings(outputs) if not one.startswith("encoder/image")]
    recipe = [*tiny, "model=wav2pix", "data=plumage_song", *QUICK]
    train_stop_and_go_on(commands, None, recipe)
    (run,) = (outputs / "wav2pix-plumage_song").iterdir()
    facts = json.loads((run / "facts.json").read_text())
    assert facts["sampled_as"]["dropout in sampling"].startswith("on purpose")
    assert (
        "| dropout in sampling | on purpose, drawn from each row" in (run / "card.md").read_text()
    )
    song = sing({}, 1), 16000
    model = load(run)
    made = [model.sample(sound=[song], seed=seed)[0] for seed in (1, 1, 2)]
    one, again, other = (np.asarray(picture) for picture in made)
    assert one.shape == (16, 16, 3)
    assert np.array_equal(one, again) and not np.array_equal(one, other)


def hears(run: Path) -> bool:
    return bool(json.loads((run / "facts.json").read_text())["reads"] == "speech")


def test_stage_2_names_the_stage_1_that_it_was_built_on(commands: Any, outputs: Path) -> None:
    first = commands.ok("model=stackgan_stage1", *QUICK, outputs=outputs)
    assert "8/" in first.text or "16/16" in first.text
    second = commands.ok("model=stackgan_stage2", *QUICK, outputs=outputs)
    assert "training it first" not in second.text
    (sketch,) = (outputs / "stackgan_stage1-plumage").iterdir()
    (run,) = (outputs / "stackgan_stage2-plumage").iterdir()
    assert str(sketch) in (run / "run.json").read_text()
    given = commands.ok(
        "model=stackgan_stage2", *QUICK, f"generator.first.pretrained={sketch}", outputs=outputs
    )
    assert f"{run} is finished" in given.text
    other = commands.run(
        "model=stackgan_stage2",
        *QUICK,
        f"generator.first.pretrained={sketch}",
        "generator.first.width=4",
        outputs=outputs,
    )
    assert other.wait() == 2
    (line,) = other.errors
    assert "its generator is not the one" in line and "width is 8 there and 4 here" in line
