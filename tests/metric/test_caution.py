"""What is said of scores that are of few pictures, or better than those of real ones."""

from __future__ import annotations

from dataclasses import replace

from experiments.metric.caution import above_real, cautions, too_few
from experiments.metric.protocol import Protocol

PROTOCOL = Protocol(1000, 1000, "test", "central", {}, {}, 0, 1, dimensions={"a": 2048, "b": 8})


def test_few_pictures_for_the_features() -> None:
    scores = {"frechet/a": 1.0, "frechet/b": 1.0}
    told = too_few(scores, PROTOCOL)
    assert told is not None and told.startswith("Fréchet distance (a) of 2,048 features: falls as")
    assert "1,000 on a side here; from 20,480 on" in told and "(b)" not in told
    assert too_few(scores, replace(PROTOCOL, n_real=20_480, n_fake=20_480)) is None
    assert too_few({}, PROTOCOL) is None
    assert too_few(scores, replace(PROTOCOL, n_fake=79)) is not None


def test_above_real_pictures() -> None:
    """TISE's figures: DAMSM finds the captions of AttnGAN's pictures three times as often as those
    of real ones."""
    scores = {
        "r_precision/damsm": 0.6530,
        "r_precision/damsm/real": 0.2257,
        "r_precision/independent": 0.81,  # by chance alone
        "r_precision/independent/real": 0.80,
        "clip_score/x": 0.30,
        "clip_score/x/real": 0.31,
        "diversity/a": 0.9,
        "diversity/a/real": 0.5,
    }
    assert above_real(scores, 1000, 1000) == ["r_precision/damsm"]
    (line,) = cautions(scores, PROTOCOL)
    assert "R-precision (damsm) 65.3\u00a0% (22.6\u00a0%)" in line and "\n" not in line
    assert cautions({"r_precision/damsm": 0.9}, PROTOCOL) == []


def test_what_the_classifier_does_not_read() -> None:
    """Its heads can fail one by one: that of beaks knows species by their other colours."""
    name = "attribute_accuracy"
    scores = {f"{name}/beak": 0.05, f"{name}/beak/real": 0.072, f"{name}/beak/chance": 0.144}
    scores |= {f"{name}/wing": 0.9, f"{name}/wing/real": 0.988, f"{name}/wing/chance": 0.118}
    (line,) = cautions(scores, PROTOCOL)
    assert "attribute accuracy (beak) 7.2\u00a0% (14.4\u00a0%)." in line and "wing" not in line
