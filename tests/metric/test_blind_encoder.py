"""R-precision asks for an encoder of pictures: without one it is skipped, and says why."""

from __future__ import annotations

from collections.abc import Callable

import torch

from experiments.data.store.dataset import Dataset
from experiments.encoder.classifier import Classifier
from experiments.encoder.cnn import CNN
from experiments.encoder.damsm import DAMSM
from experiments.encoder.damsm_text import DAMSMText
from experiments.machine.rank import Ranks
from experiments.metric.extractor import NetworkExtractor
from experiments.metric.generation import GenerationScores
from experiments.system.attngan import AttnGAN


def test_an_encoder_of_text_alone_is_skipped_with_the_reason(
    birds: Dataset, make_attngan: Callable[..., AttnGAN], make_encoder: Callable[..., DAMSM]
) -> None:
    torch.manual_seed(0)
    system = make_attngan().eval()
    extractor = NetworkExtractor(
        Classifier(CNN((4, 8), (2, 2), global_width=6), num_classes=4), "x"
    )
    scorer = GenerationScores(extractor, samples=12, candidates=4, splits=2)
    seeing = scorer(system, birds, Ranks("cpu"))
    assert "r_precision/damsm" in seeing.scores
    system.encoder = DAMSMText(system.encoder.text, system.encoder.dim).freeze()
    found = scorer(system, birds, Ranks("cpu"))
    assert not any(name.startswith("r_precision") for name in found.scores)
    assert found.skipped["r_precision/damsm"] == "the run's encoder has no image network"
    assert "damsm" not in found.protocol.weights
    assert found.scores["frechet/x"] == seeing.scores["frechet/x"], "the same pictures"
    independent = GenerationScores(
        extractor, make_encoder(1).freeze(), samples=12, candidates=4, splits=2
    )
    assert "r_precision/independent" in independent(system, birds, Ranks("cpu")).scores
