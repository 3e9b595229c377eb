"""Speech2Face as published: what its experiment and the recipe compose to."""

from __future__ import annotations

import pytest
import torch

from experiments.config.build import build
from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.launch.ready import require_weights
from experiments.run.prerequisite import Run, plan
from experiments.run.pretrained import GROUPS, without_pretrained
from experiments.terminal.error import UserError
from tests.conf.test_experiments import comment, listed, run, size

NAME = "speech2face_voxceleb1"


def test_file_names_its_command_and_what_is_not_known() -> None:
    package, title, *rest = comment(NAME)
    assert package == "@package _global_"
    command = f"python run.py experiment={NAME} data.root=DIR"
    assert title.endswith(f": {command}")
    assert "Published: nothing" in " ".join(rest)
    assert any(title.startswith(line.split(NAME, 1)[1].strip()) for line in listed(NAME))


def test_networks_rates_and_loss_are_published() -> None:
    config = without_pretrained(run(NAME).config, *GROUPS)
    with torch.device("meta"):
        encoder = build(config["encoder"])
    assert size(encoder.voice) == 148_062_976
    assert size(encoder.face.image) == 145_002_878
    assert encoder.excerpt.shape == (2, 598, 257)
    assert encoder.face.decoder.size == 224
    assert encoder.face.dim == encoder.voice.dim == 4096
    rates = build(config["optim"])["voice"]
    assert config["trainer"]["batch"] == 8
    assert [rates.rate(n) for n in (0, 79_999)] == [1e-3, 1e-3]
    assert rates.rate(80_000) == pytest.approx(0.95e-3)
    assert (rates.betas, rates.eps) == ((0.5, 0.999), 1e-4)
    assert build(config["loss"]["speech2face"]).weights["distillation"] == 200
    without_warp = size(encoder.face.decoder)
    landmarks = (2048 + 3) * 1024 + (1024 + 3) * 512 + (512 + 3) * 256 + 257 * 144
    assert without_warp == 125_596_403 - landmarks


def test_it_is_decoded_by_a_face_decoder_of_the_same_image_network() -> None:
    (decoder,) = (need for path, need in run(NAME).prerequisites.items() if path == "encoder.face")
    assert isinstance(decoder, Run)
    assert decoder.choices["model"] == "face_decoder"
    assert decoder.config["encoder"]["image"]["_target_"].endswith(".VGGFace")
    assert decoder.config["system"]["image_size"] == 224
    with pytest.raises(UserError) as refused:
        require_weights(run(NAME))
    told = str(refused.value)
    assert told.startswith("encoder.face.pretrained: encoder.face.image.weights: no file is given")
    assert "or choose another image network, as encoder/image@encoder.face.image=recogniser" in told


def test_a_bird_by_its_song_builds_on_two_runs_that_are_trained_first() -> None:
    cfg = checked_compose(["model=speech2face", "data=plumage_song"])
    voice = plan(plain(cfg), choices(cfg), [])
    face = voice.prerequisites["encoder.face"]
    assert isinstance(face, Run)
    below = face.prerequisites["encoder.image.encoder"]
    assert isinstance(below, Run)
    assert (face.choices["model"], below.choices["model"]) == ("face_decoder", "classifier")
    assert voice.prerequisites["metric.classifier"].folder == below.folder  # type: ignore[union-attr]
    alone = checked_compose(["model=face_decoder", "data=plumage_song"])
    assert plan(plain(alone), choices(alone), []).folder == face.folder
