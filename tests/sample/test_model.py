"""The model of a run in Python: what a picture depends on, and what can be drawn without text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from experiments import load
from experiments.data.store.dataset import Dataset
from experiments.file.whole import write_json
from experiments.generator.reed import ReedGenerator
from experiments.run import checkpoint
from experiments.sample.model import Model
from experiments.sample.picture import to_pixels
from experiments.system.base import System
from experiments.terminal.error import UserError

CAPTIONS = ["a red bird with a black crown", "this bird is blue", "a bird with a long white tail"]
SYSTEMS = ["attngan", "gan_cls", "stackgan_stage2", "stackgan_v2"]


@pytest.fixture
def make_model(
    birds: Dataset, make_attngan: Callable[..., System], make_system: Callable[..., System]
) -> Callable[..., Model]:
    """`make_model(kind)` with random weights."""

    def make(kind: str = "attngan") -> Model:
        system = make_attngan() if kind == "attngan" else make_system(kind)
        config = {"data": {"max_words": 12}}
        return Model(system.eval(), {"words": birds.vocabulary.words}, config, 0)

    return make


def pixels(images: Tensor) -> Tensor:
    return torch.from_numpy(to_pixels(images)).int()


@pytest.mark.parametrize("kind", SYSTEMS)
def test_a_picture_is_one_of_its_caption_and_seed(
    make_model: Callable[..., Model], kind: str
) -> None:
    """Not of the captions beside it, nor of their order and number."""
    model = make_model(kind)
    pairs = [(caption, seed) for caption in CAPTIONS for seed in (0, 1)]
    straight = model.stages([c for c, _ in pairs], [s for _, s in pairs])
    order = [4, 1, 0, 5, 3, 2]
    mixed = model.stages([pairs[k][0] for k in order], [pairs[k][1] for k in order])
    for one, other in zip(straight.images, mixed.images, strict=True):
        assert (pixels(one[order]) - pixels(other)).abs().max() <= 1
    last = torch.cat([model.stages([c], [s]).images[-1] for c, s in pairs])
    assert (pixels(last) - pixels(straight.images[-1])).abs().max() <= 1
    assert (pixels(last[0]) - pixels(last[1])).abs().max() > 1, "seeds differ"


@pytest.mark.parametrize("kind", ["gan_cls", "stackgan_stage2", "stackgan_v2"])
def test_drawing_from_sentences(make_model: Callable[..., Model], kind: str) -> None:
    model = make_model(kind)
    sentences = model.text(CAPTIONS).sentence
    drawn, expected = model.draw(sentences, [3, 4, 5]), model.stages(CAPTIONS, [3, 4, 5])
    torch.testing.assert_close(drawn.images, expected.images)
    with pytest.raises(UserError, match=r"sentences: must be \(B, D\) .* got \(3, 8\) and 1 seed"):
        model.draw(sentences, [3])


def test_a_sentence_alone_is_too_little_for_attention(make_model: Callable[..., Model]) -> None:
    model = make_model()
    text = model.text(CAPTIONS)
    with pytest.raises(UserError, match="sentences: AttnGAN attends to words"):
        model.draw(text.sentence, [0, 1, 2])
    drawn = model.draw_from(text, model.noise([0, 1, 2]))
    torch.testing.assert_close(drawn.images, model.stages(CAPTIONS, [0, 1, 2]).images)


def test_the_released_mask_does_not_reach_other_captions(make_model: Callable[..., Model]) -> None:
    model = make_model()
    for module in model.system.modules():
        if hasattr(module, "legacy_mask"):
            module.legacy_mask = True
    model = _again(model)
    together = model.stages(CAPTIONS, [0, 0, 0], attention=True)
    for row, caption in enumerate(CAPTIONS):
        alone = model.stages([caption], [0], attention=True)
        torch.testing.assert_close(together.images[-1][row], alone.images[-1][0])
        torch.testing.assert_close(together.attention[-1][row], alone.attention[-1][0])


def test_large_pictures_are_drawn_fewer_at_a_time(make_model: Callable[..., Model]) -> None:
    model = make_model()
    assert model.batch == 16
    assert [(part.start, part.stop) for part in model.parts(35)] == [(0, 16), (16, 32), (32, 35)]
    model.system.resolutions = [256, 512]
    assert _again(model).batch == 4


def _again(model: Model) -> Model:
    return Model(model.system, {"words": model.reader.words}, model.config, 0)  # type: ignore[attr-defined]


@pytest.fixture
def without_text(tmp_path: Path) -> Path:
    """A run folder of a generator that came without a text encoder."""
    options: dict[str, Any] = {"resolutions": [16], "width": 4, "noise_dim": 5, "text_dim": 6}
    generator = ReedGenerator(**options, projected_dim=4)
    node = {"_target_": "experiments.generator.reed.ReedGenerator", "projected_dim": 4} | options
    system = {"_target_": "experiments.system.gan_cls.GANCLS", "encoder": None, "generator": node}
    rest = {"discriminator": None, "adversarial": None}
    config = {"data": {"max_words": 8}, "encoder": None, "system": system | rest}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    about = {"id": "0", "choices": {"model": "gan_cls"}, "overrides": []}
    write_json(tmp_path / "run.json", about)
    write_json(tmp_path / "facts.json", {"num_classes": None})
    checkpoint.save_weights(tmp_path, 0, {"generator": generator.state_dict()})
    return tmp_path


def test_a_run_without_a_text_encoder_draws_sentences(without_text: Path) -> None:
    model = load(without_text)
    made = model.draw(torch.randn(2, 6), [0, 1])
    assert made.images[-1].shape == (2, 3, 16, 16)
    for ask in (lambda: model.sample(["a red bird"]), lambda: model.text(["a red bird"])):
        with pytest.raises(UserError, match=r"has no text encoder.*draw\(sentences, seeds\)"):
            ask()


@pytest.mark.parametrize("kind", SYSTEMS)
def test_half_precision_draws_the_same_to_the_eye(
    make_model: Callable[..., Model], kind: str
) -> None:
    model, faster = make_model(kind), make_model(kind)
    faster.quicken("bf16", compiled=False)
    plain, quick = (m.stages(CAPTIONS, [0, 1, 2]).images[-1] for m in (model, faster))
    assert quick.dtype == torch.float32 and not torch.equal(plain, quick)
    differences = (pixels(plain) - pixels(quick)).abs()
    assert differences.float().mean() < 2 and differences.max() < 20
    words = [m.text(CAPTIONS).sentence for m in (model, faster)]
    assert torch.equal(*words)
    with pytest.raises(UserError, match="precision=fp8: choose one of fp32, bf16, auto, fp16"):
        model.quicken("fp8", compiled=False)


def test_a_compiler_that_fails_is_no_fault_of_the_run(make_model: Callable[..., Model]) -> None:
    model = make_model()
    model.place = Path("a-run")

    def broken(*_: object, **__: object) -> None:
        torch._dynamo.graph_break()

    model.generator.forward = broken
    model.quicken("fp32", compiled=True)
    with pytest.raises(UserError, match=r"^the networks cannot be compiled here .*sample.compile"):
        model.stages(CAPTIONS, [0, 1, 2])
