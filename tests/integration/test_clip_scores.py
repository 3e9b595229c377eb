"""Classifiers of clips as commands, stopped and gone on with; and the scores of a recipe, which
train their judge first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_tgans_c import DATA, settings


@pytest.mark.parametrize("encoder", ["video_classifier", "conv3d_classifier"])
def test_a_classifier_of_clips(commands: Any, tmp_path: Path, encoder: str) -> None:
    given = [*settings(commands, tmp_path), *DATA, "optim.classifier.decay_to_zero=null"]
    recipe = [*given, "model=classifier", f"encoder={encoder}"]
    commands.ok(*recipe, "~metric", "trainer.images=8", outputs=None)
    more = commands.ok(*recipe, outputs=None, ranks=2)
    assert "from 8 images to 16 images" in more.text and "2 x cpu" in more.text
    (path,) = tmp_path.glob("classifier-digits/*/scores.json")
    scores = json.loads(path.read_text())["scores"]
    assert {"attribute_accuracy/motion/real", "attribute_accuracy/digit/real"} <= scores.keys()


def test_a_recipe_of_clips_is_scored_by_a_judge_of_these_data(
    commands: Any, tmp_path: Path
) -> None:
    given = [*settings(commands, tmp_path), *DATA, "trainer.sample_every=1000"]
    text = commands.ok(*given, "model=gan_cls_3d", outputs=None).text
    assert "metric.video_classifier needs classifier-digits: training it first" in text
    (path,) = tmp_path.glob("gan_cls_3d-digits/*/scores.json")
    scores = json.loads(path.read_text())["scores"]
    for name in ("motion_energy/pixels", "consistency/video_classifier"):
        assert scores[name] >= 0 and scores[f"{name}/real"] > 0
    assert scores["frechet/video_classifier"] > 0
