"""All scores at once: the right names, values beside what they are compared with, and reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
import torch

from experiments.metric.frechet import frechet_distance, gaussian
from experiments.metric.protocol import Protocol
from experiments.metric.result import Scored
from experiments.metric.rows import Rows
from experiments.metric.scores import PictureScores
from experiments.metric.table import format_table

Collect = Callable[..., Rows]
Score = Callable[..., tuple[dict[str, float], dict[str, str]]]
NAMES = ("crown", "wing", "pattern")
NET = "efficientnet_lite0"


@pytest.fixture
def score(compute: Callable[..., Scored]) -> Score:
    def make(*collected: Any, **options: Any) -> tuple[dict[str, float], dict[str, str]]:
        found = compute(*collected, **options)
        return found.scores, found.skipped

    return make


def test_everything_is_scored(collect: Collect, score: Score) -> None:
    scores, skipped = score(collect(seed=0), collect(seed=1), NAMES, {"crown", "wing"})
    assert skipped == {}
    spread = [
        f"{name}{suffix}"
        for name in (f"inception_score/{NET}", f"kernel/{NET}", "r_precision/damsm",
                     "r_precision/independent")
        for suffix in ("", "/std", "/real", "/real/std")
    ]  # fmt: skip
    plain = [
        f"{name}/{NET}{suffix}" for name in ("frechet", "diversity") for suffix in ("", "/real")
    ]
    plain += [
        f"{name}/{NET}{suffix}"
        for name in ("frechet_infinity", "precision", "recall", "density", "coverage")
        for suffix in ("", "/real")
    ]
    retrieval = [
        f"r_precision/{encoder}/{suffix}"
        for encoder in ("damsm", "independent")
        for suffix in ("chance", "candidates", "real/candidates")
    ]
    attributes = [
        f"attribute_accuracy/{name}{suffix}"
        for name in (*NAMES, "mean", "colour")
        for suffix in ("", "/real", "/chance")
    ]
    search = [
        f"picture_recall_at_{count}/{encoder}/{suffix}"
        for count in (1, 5, 10)
        for encoder in ("damsm", "independent")
        for suffix in ("real", "chance")
    ]
    assert set(scores) == {*spread, *plain, *retrieval, *attributes, *search}
    assert all(isinstance(value, float) for value in scores.values())


def test_values(collect: Collect, score: Score) -> None:
    real, fake = collect(seed=0), collect(seed=1, shift=2.0)
    scores, _ = score(real, fake, NAMES)
    expected = frechet_distance(*(gaussian(rows[f"features/{NET}"]) for rows in (real, fake)))
    assert scores[f"frechet/{NET}"] == pytest.approx(expected.item(), rel=1e-9)
    # A shift of 2 in 16 dimensions is 64 away; halves of the real images are not.
    assert scores[f"frechet/{NET}/real"] < 16 < 64 < scores[f"frechet/{NET}"]
    assert abs(scores[f"kernel/{NET}/real"]) < scores[f"kernel/{NET}"] / 10
    assert scores["r_precision/damsm"] > 0.9
    assert scores["r_precision/independent"] < 0.1
    assert scores["r_precision/damsm/chance"] == 1 / 100
    assert scores["attribute_accuracy/mean/real"] == 1


def test_a_copy_of_the_real_images_is_as_good_as_real(collect: Collect, score: Score) -> None:
    real = collect()
    scores, _ = score(real, real, NAMES)
    assert scores[f"frechet/{NET}"] == pytest.approx(0, abs=1e-6)
    for name in (f"inception_score/{NET}", "r_precision/damsm", "attribute_accuracy/crown"):
        assert scores[name] == scores[f"{name}/real"]


def test_the_seed_decides(collect: Collect, score: Score) -> None:
    real, fake = collect(seed=0), collect(seed=1)
    assert score(real, fake, seed=5) == score(real, fake, seed=5)
    assert score(real, fake, seed=5) != score(real, fake, seed=6)


def test_nothing_collected_is_nothing_scored() -> None:
    found = PictureScores().compute()
    assert found.scores == {}
    assert set(found.skipped) == {
        "frechet",
        "r_precision/independent",
        "attribute_accuracy",
    }


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 9, 10])
def test_few_images_are_scored_or_named(collect: Collect, score: Score, n: int) -> None:
    scores, skipped = score(collect(seed=0), collect(n=n, seed=1), NAMES)
    assert (f"frechet/{NET}" in scores) == (n >= 2)
    assert (f"inception_score/{NET}" in scores) == (n >= 10)
    everything, _ = score(collect(seed=0), collect(seed=1), NAMES)
    main = {name for name in everything if not name.endswith(("/std", "/chance", "/candidates"))}
    missing = main - set(scores)
    named = {name for name in missing if any(name.startswith(key) for key in skipped)}
    assert missing == named
    assert not set(scores) & set(skipped)
    few_real, reasons = score(collect(n=n, seed=0), collect(seed=1), NAMES)
    assert (f"frechet/{NET}/real" in few_real) == (n >= 4)
    assert (f"frechet/{NET}/real" in reasons) == (n < 4)


def test_images_that_are_not_finite_are_counted(collect: Collect, score: Score) -> None:
    fake = collect(seed=1)
    fake[f"features/{NET}"][:3, 0] = float("nan")
    fake["image_vectors/damsm"][7] = float("inf")
    scores, skipped = score(collect(seed=0), fake, NAMES)
    assert skipped[f"kernel/{NET}"] == "3 of 120 generated images gave NaN or infinity"
    assert skipped[f"frechet/{NET}"] == "some generated images gave NaN or infinity"
    assert skipped["r_precision/damsm"] == "1 of 120 images gave NaN or infinity"
    assert f"frechet/{NET}/real" in scores and "r_precision/independent" in scores
    assert all(torch.tensor(value).isfinite() for value in scores.values())


def test_one_class_and_unstated_attributes(collect: Collect, score: Score) -> None:
    real, fake = collect(seed=0), collect(seed=1)
    fake["labels"] = torch.zeros(120, dtype=torch.int64)
    fake["stated"][:, 1] = -1
    del fake["repeats"], fake[f"logits/{NET}"]
    scores, skipped = score(real, fake, NAMES)
    assert "one class" in skipped["r_precision/damsm"]
    assert skipped["attribute_accuracy/wing"] == "no caption of these images states it"
    assert "attribute_accuracy/wing/real" in scores and "attribute_accuracy/crown" in scores
    assert "no logits" in skipped[f"inception_score/{NET}"]
    assert "more than once" in skipped[f"diversity/{NET}"]


def protocol() -> Protocol:
    return Protocol(
        n_real=2933,
        n_fake=30000,
        split="test",
        crop="central 512 of 584 px",
        resize={NET: "224 bilinear, antialiased"},
        weights={NET: "0123456789ab", "damsm": "ba9876543210"},
        seed=7,
        captions_per_image=10,
    )


def test_table_sets_generated_beside_real_and_chance() -> None:
    scores = {
        f"frechet/{NET}": 23.456,
        f"frechet/{NET}/real": 1.25,
        "inception_score/inception": 4.361,
        "inception_score/inception/std": 0.03,
        "r_precision/damsm": 0.6782,
        "r_precision/damsm/std": 0.0443,
        "r_precision/damsm/candidates": 100.0,
        "r_precision/damsm/chance": 0.01,
        "attribute_accuracy/colour/real": 0.951,
    }
    reason = "1 of the 2 real images that are needed"
    text = format_table(scores, protocol(), {"kernel/inception": reason})
    lines = text.splitlines()
    cells = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines[:6]]
    assert cells[0] == ["score", "generated", "real", "chance"]
    assert cells[2] == [f"Fréchet distance ({NET})", "23.46", "1.25", "-"]
    assert cells[3] == ["IS (Inception 2015)", "4.361 ± 0.03", "-", "-"]
    assert cells[4] == ["R-precision (damsm), 100 candidates", "67.8 ± 4.4 %", "-", "1.0 %"]
    assert cells[5] == ["attribute accuracy (colour)", "-", "95.1 %", "-"]
    assert "30000 generated against 2933 real images of split test" in text
    assert f"{NET}: input 224 bilinear, antialiased, weights 0123456789ab" in text
    assert "damsm: weights ba9876543210" in text
    assert f"KID (Inception 2015): {reason}" in lines[-1]
    of_encoder = format_table(scores, replace(protocol(), n_fake=0)).splitlines()
    assert "2933 real images of split test, crop central 512 of 584 px, 10 captions" in str(
        of_encoder
    )
    assert "generated against" not in str(of_encoder) and "distances:" not in str(of_encoder)
    starts = {line.index(cell[1]) for line, cell in zip(lines[2:6], cells[2:6], strict=True)}
    assert starts <= {lines[0].index("generated")}


def test_table_names_captions_only_where_some_are_read() -> None:
    assert "584 px, 10 captions an image, seed 7" in format_table({}, protocol())
    assert "584 px, seed 7" in format_table({}, replace(protocol(), captions_per_image=0))


def test_table_says_how_pictures_were_made() -> None:
    """What published numbers of one name differ in (modern text-to-image: family to state)."""
    told = replace(
        protocol(),
        family={NET: "B, a faulty one"},
        resolution=512,
        captions="each at most once, of all pictures in turn",
        truncation="none",
        rounding="8 bits",
        averaged="half-life 4,000 images",
        state="last",
    )
    text = format_table({}, told)
    assert (
        "generated: 512 px; captions each at most once, of all pictures in turn; truncation none; "
        "rounded to 8 bits; average of weights half-life 4,000 images; state last" in text
    )
    assert "weights 0123456789ab, family B, a faulty one" in text
    assert "generated: " not in format_table({}, protocol())


def test_table_of_all_scores_and_of_none(collect: Collect, score: Score) -> None:
    scores, skipped = score(collect(seed=0), collect(seed=1), NAMES, {"crown"})
    text = format_table(scores, protocol(), skipped)
    caution = 2  # a blank line, and one about what is above real pictures
    assert len(text.splitlines()) == 2 + 16 + 6 + 1 + 4 + caution
    assert "not computed" not in text
    assert "2933 real" in format_table({}, protocol())


def test_protocol_is_plain() -> None:
    import json

    recorded = json.loads(json.dumps(asdict(protocol())))
    assert Protocol(**recorded) == protocol()
    assert recorded["n_fake"] == 30000 and recorded["weights"][NET] == "0123456789ab"
    assert "halves" in recorded["real_baseline"]
