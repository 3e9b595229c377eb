"""CMCGAN's classifier: its five ways of telling, the generator that fills in, and its scores."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from experiments.data.batches import Batch
from experiments.data.store.dataset import Dataset
from experiments.data.view.picture import Pictures
from experiments.data.view.sound import Sounds
from experiments.encoder.multimodal import MultimodalClassifier
from experiments.frontend.decibel import LMS
from experiments.frontend.excerpt import Excerpt
from experiments.generator.cmcgan import CMCGANGenerator
from experiments.generator.initialisation import initialise
from experiments.machine.rank import Ranks
from experiments.metric.multimodal import MultimodalScores
from experiments.metric.names import TOLD_BY
from experiments.system.cmcgan_classifier import FILLED, CMCGANClassifier, Pairs
from experiments.system.seeding import Step
from experiments.trainer.training import Training
from tests.system.test_cmcgan import SOUND, first, songs, training_of  # noqa: F401 - fixtures

First = Callable[[Any], tuple[Batch, Step]]


def make(songs: Dataset, **options: Any) -> CMCGANClassifier:  # noqa: F811
    torch.manual_seed(0)
    sizes = {name: len(values) for name, values in songs.attribute_values.items()}
    heard = songs.heard_attributes
    generator = CMCGANGenerator([16], SOUND, 2, 6, 3)
    initialise(generator, 0.02)
    return CMCGANClassifier(
        Excerpt(LMS(16000, 512, 256, 16), 0.512, SOUND[1:]),
        generator,
        MultimodalClassifier([16], SOUND, 2, 6, 0.0, "group", sizes, None, heard),
        **options,
    ).train()


def test_each_way_of_telling_has_a_term(songs: Dataset, first: First) -> None:  # noqa: F811
    system = make(songs, weight=2.0, filled_weight=0.25)
    batch, step = first(system)
    shared = system.prepare(batch, step)
    losses = system.loss(shared, step, 0)
    assert {name: term.weight for name, term in losses.items()} == {
        "picture": 2.0,
        "sound": 2.0,
        "both": 2.0,
        "generated_picture": 0.5,
        "generated_sound": 0.5,
    }
    v, a = batch.of(Pictures).images[-1], batch.of(Sounds).values
    step.begin()
    noise = step.normal(3)
    made = {
        "picture": (v, None),
        "sound": (None, a),
        "both": (v, a),
        "generated_picture": (system.generator(a, noise, "sound", "picture"), a),
        "generated_sound": (v, system.generator(v, noise, "picture", "sound")),
    }
    names = list(songs.attribute_values)
    for name, (picture, sound) in made.items():
        by = name if name in ("picture", "sound") else "both"
        logits = system.encoder(picture, sound, by)  # type: ignore[arg-type]
        assert list(logits) == list(songs.heard_attributes)
        expected = sum(
            F.cross_entropy(logits[k], batch.attributes[:, names.index(k)]) for k in logits
        )
        torch.testing.assert_close(losses[name].value, expected)


def test_the_generator_is_a_fixed_function(
    songs: Dataset,  # noqa: F811
    training_of: Callable[..., Training],  # noqa: F811
) -> None:
    training = training_of(make(songs))
    before = {k: v.clone() for k, v in training.system.generator.state_dict().items()}
    for _ in range(2):
        training.step(training.batches.at(training.images))
        training.advance()
    assert not any(module.training for module in training.system.generator.modules())
    for name, value in training.system.generator.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert list(training.system.export_modules()) == ["encoder"]


def test_filled_pairs_may_be_kept_from_training(songs: Dataset, first: First) -> None:  # noqa: F811
    system = make(songs, filled_weight=0.0)
    batch, step = first(system)
    losses = system.loss(system.prepare(batch, step), step, 0)
    assert all(losses[name].weight == 0 and not losses[name].value.requires_grad for name in FILLED)
    assert losses["both"].value.requires_grad


def test_scores_by_hand(songs: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """A classifier that is told the truth by the sound, and by the picture a wrong crown."""
    system, truth = make(songs), {}
    names = list(songs.attribute_values)
    rows = iter(range(len(songs.test)))

    def read(pairs: Pairs) -> dict[str, dict[str, torch.Tensor]]:
        assert not system.encoder.training
        return {by: logits(by, len(pairs.picture)) for by in ("picture", "sound", "both", *FILLED)}

    def logits(by: str, count: int) -> dict[str, torch.Tensor]:
        if by == "picture":
            truth["rows"] = [order[next(rows)] for _ in range(count)]
        found = {}
        for name, size in system.encoder.sizes.items():
            values = torch.from_numpy(songs.test.attributes[truth["rows"], names.index(name)])
            wrong = by == "picture" and name == "crown"
            found[name] = F.one_hot((values + wrong) % size, size).float()
        return found

    order = list(np.random.default_rng(0).permutation(len(songs.test)))
    monkeypatch.setattr(system, "read", read)
    result = MultimodalScores(samples=100)(system, songs, Ranks("cpu"))
    assert not result.skipped and result.protocol.n_real == 12
    scores = result.scores
    assert {by: scores[f"{by}/crown"] for by in TOLD_BY} == {
        by: float(by != "told_by_picture") for by in TOLD_BY
    }
    assert scores["told_by_picture/colour"] == pytest.approx(7 / 8)
    assert scores["told_by_picture/mean"] == pytest.approx(9 / 10)
    column = songs.test.attributes[:, names.index("crown")]
    shares = [(column == value).mean() for value in set(column.tolist())]
    assert math.isclose(scores["told_by_both/crown/chance"], sum(s * s for s in shares))


def test_classes_that_were_never_seen_are_no_score(songs: Dataset) -> None:  # noqa: F811
    system = make(songs)
    system.encoder = MultimodalClassifier([16], SOUND, 2, 6, num_classes=8)
    result = MultimodalScores()(system, songs, Ranks("cpu"))
    assert not result.scores and set(result.skipped) == set(TOLD_BY)
