"""Image towers of `transformers` as extractors, and CLIPScore, by tiny models of their classes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from experiments.data.store.dataset import Dataset
from experiments.machine.rank import Ranks
from experiments.metric.clip_match import CLIPJudge, clip_match
from experiments.metric.extractor import Extracted, Extractor
from experiments.metric.generation import GenerationScores
from experiments.metric.huggingface import HuggingFaceExtractor
from experiments.metric.meaning import better
from experiments.metric.names import label
from experiments.system.attngan import AttnGAN
from experiments.terminal.error import UserError
from tests.encoder.tiny_models import make_model, make_seeing

transformers = pytest.importorskip("transformers", reason="needs the extra text")
KINDS = ("clip", "siglip", "dinov2")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("models")
    return {kind: make_seeing(place / kind, kind) for kind in KINDS}


class Mean(Extractor):
    def __init__(self) -> None:
        super().__init__("mean", "none", "none")

    def extract(self, pixels: Tensor) -> Extracted:
        return Extracted(pixels.mean((2, 3)), None)


def pixels(size: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    smooth = F.interpolate(torch.rand(3, 3, 5, 5, generator=generator), size, mode="bicubic")
    return (smooth.clamp(0, 1) * 255).to(torch.uint8)


def ready(images: Tensor) -> Tensor:
    """As `transformers` makes pictures ready, through Pillow."""
    made = transformers.CLIPImageProcessorPil(
        do_resize=True,
        size={"height": 16, "width": 16},
        resample=3,
        do_center_crop=False,
        image_mean=[0.48, 0.45, 0.4],
        image_std=[0.26, 0.25, 0.27],
    )
    pictures = [Image.fromarray(np.asarray(image.permute(1, 2, 0))) for image in images]
    found: Tensor = made(pictures, return_tensors="pt")["pixel_values"]
    return found


@pytest.mark.parametrize("size", [16, 40])
@pytest.mark.parametrize("kind", KINDS)
def test_features_are_those_of_transformers(folders: dict[str, Path], kind: str, size: int) -> None:
    extractor = HuggingFaceExtractor(str(folders[kind]))
    images = pixels(size)
    with torch.no_grad():
        if kind == "clip":
            model = transformers.CLIPModel.from_pretrained(folders[kind])
            expected = model.get_image_features(pixel_values=ready(images)).pooler_output
        elif kind == "siglip":
            model = transformers.SiglipModel.from_pretrained(folders[kind])
            expected = model.vision_model(pixel_values=ready(images)).pooler_output
        else:
            model = transformers.Dinov2Model.from_pretrained(folders[kind])
            expected = model(pixel_values=ready(images)).last_hidden_state[:, 0]
    features, logits = extractor.see(images)
    assert logits is None and extractor.resize.startswith("16 bicubic")
    # Pillow's bicubic rounds in other places: a grey level here and there.
    close = 1e-4 if size == 16 else 0.05 * expected.std().item()
    torch.testing.assert_close(features, expected, rtol=1e-3, atol=close)


def test_its_name_is_the_whole_one_and_never_a_score_of_inception(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    extractor = HuggingFaceExtractor(str(folders["dinov2"]))
    assert extractor.name == f"dinov2_{extractor.weights[:8]}"
    assert label(f"frechet/{extractor.name}") == f"Fréchet distance ({extractor.name})"
    other = HuggingFaceExtractor(str(make_seeing(tmp_path / "dinov2", "dinov2", seed=1)))
    assert other.name != extractor.name and other.weights != extractor.weights


def test_what_has_no_image_tower_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="bert is no image tower that is read here"):
        HuggingFaceExtractor(str(make_model(tmp_path / "bert", "bert")))
    with pytest.raises(UserError, match=r"metric\.extractor\.name=/no/where: there is no such"):
        HuggingFaceExtractor("/no/where")
    with pytest.raises(UserError, match="says no image_mean"):
        HuggingFaceExtractor(str(make_model(tmp_path / "clip", "clip")))
    with pytest.raises(UserError, match="has no pictures and texts in one space"):
        CLIPJudge(str(folders["dinov2"]))
    config = folders["dinov2"] / "config.json"
    wider = json.loads(config.read_text()) | {"hidden_size": 24}
    damaged = make_seeing(tmp_path / "damaged", "dinov2")
    (damaged / "config.json").write_text(json.dumps(wider))
    with pytest.raises(UserError, match=r"cannot be read|fits its config"):
        HuggingFaceExtractor(str(damaged))


def test_clip_score_by_hand() -> None:
    """Cosines 1, 0.6 and -1 on the diagonal; the six others 0, 0, 0.8, -0.6, -0.8 and 0."""
    images = torch.tensor([[1.0, 0], [0, 1], [-1, 0]])
    captions = torch.tensor([[1.0, 0], [0.8, 0.6], [1, 0]])
    found = clip_match(images, captions)
    torch.testing.assert_close(found.each, torch.tensor([100, 60, -100.0]).double())
    assert found.mean.item() == pytest.approx(20)
    every = [0.8, 1.0, 0.0, 0.0, -1.0, -0.8]  # pictures with captions of others
    assert found.chance.item() == pytest.approx(max(0.0, 100 * sum(every) / 6), abs=1e-4)
    swapped = clip_match(images.roll(1, 0), captions)
    assert swapped.mean.item() == pytest.approx(max(0, 100 * (-1 + 0.8 + 0) / 3))


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_it_is_the_cosine_that_transformers_gives(folders: dict[str, Path], kind: str) -> None:
    judge = CLIPJudge(str(folders[kind])).train()
    captions = ["a red bird", "the blue bird with black wings and a yellow crown", "bird"]
    images = pixels(16)
    made = transformers.CLIPModel if kind == "clip" else transformers.SiglipModel
    model = made.from_pretrained(folders[kind])
    tokeniser = transformers.AutoTokenizer.from_pretrained(folders[kind])
    scale = model.logit_scale.exp().item()
    bias = getattr(model, "logit_bias", torch.zeros(1)).item()
    for row, caption in enumerate(captions):
        whole = {"padding": "max_length", "max_length": 20} if kind == "siglip" else {}
        given = tokeniser(caption, return_tensors="pt", **whole)
        masked = {} if kind == "siglip" else {"attention_mask": given["attention_mask"]}
        with torch.no_grad():
            found = model(given["input_ids"], ready(images), **masked).logits_per_image[row, 0]
        mine = judge.see(images[row : row + 1].float() / 127.5 - 1) @ judge.read(captions)[row]
        assert mine.item() * scale + bias == pytest.approx(found.item(), rel=1e-3, abs=1e-3)


def test_clip_score_stands_beside_real_pictures_and_chance(
    folders: dict[str, Path], make_attngan: Callable[..., AttnGAN], birds: Dataset
) -> None:
    judge = CLIPJudge(str(folders["clip"]))
    options: dict[str, Any] = {"samples": 12, "candidates": 4, "splits": 2}
    scorer = GenerationScores(Mean(), clip_score=judge, **options)
    result = scorer(make_attngan().eval(), birds, Ranks("cpu"))
    name = f"clip_score/{judge.name}"
    assert {name, f"{name}/real", f"{name}/chance"} <= result.scores.keys()
    assert result.samples is not None and result.samples.columns[name].shape == (12,)
    assert result.protocol.weights[name] == judge.weights
    assert label(name) == f"CLIPScore ({judge.name})" and better(name) == "higher"
