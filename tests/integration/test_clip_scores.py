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


def test_a_judge_of_these_data_chooses_the_clips_of_a_recipe_and_scores_it(
    commands: Any, tmp_path: Path
) -> None:
    """One judge for both: it is trained on all clips."""
    given = [*settings(commands, tmp_path), *DATA, "trainer.sample_every=1000"]
    given += ["model=gan_cls_3d", "data/filter=judged", "data.filter.agrees=0.5"]
    text = commands.ok(*given, outputs=None).text
    assert "data.filter.classifier needs classifier-digits: training it first" in text
    assert text.count("training it first") == 2, "the caption encoder, on the same clips"
    (judge,) = tmp_path.glob("classifier-digits/*/facts.json")
    assert json.loads(judge.read_text())["data_counts"]["kept"]["train"] == 50, "it sees all"
    (path,) = tmp_path.glob("gan_cls_3d-digits/*/scores.json")
    counts = json.loads(path.with_name("facts.json").read_text())["data_counts"]
    (gone,) = counts["filter"]["reasons"].values()
    assert gone > 0 and counts["kept"]["train"] == 50 - gone
    assert f"data.filter leaves out {gone} not read as known" in text
    commands.ok(*given, f"data.filter.classifier.pretrained={judge.parent}", outputs=None)
    assert list(tmp_path.glob("gan_cls_3d-digits/*")) == [path.parent], "it is in the id by name"
    scores = json.loads(path.read_text())["scores"]
    for name in ("motion_energy/pixels", "consistency/video_classifier"):
        assert scores[name] >= 0 and scores[f"{name}/real"] > 0
    assert scores["frechet/video_classifier"] > 0
    read = ["+encoder@metric.independent=siamese_pretrained", "launch.threads=1", "tracker=none"]
    commands.ok("task=evaluate", f"run={path.parent}", *read, outputs=None)
    (again,) = path.parent.glob("evaluations/*.json")
    more = json.loads(again.read_text())["scores"]
    assert {"r_precision/independent", "r_precision/independent/real"} <= more.keys()
    assert more["motion_energy/pixels"] == pytest.approx(scores["motion_energy/pixels"])
