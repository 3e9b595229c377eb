"""AttnGAN's released names and shapes, and that converted networks compute what they did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from released_files import as_python2, converted, save_as_in_2018
from released_networks import (
    attngan_images,
    attngan_shapes,
    parameters,
    random_state,
    text_features,
    text_shapes,
)
from torch import Tensor

from experiments.config.build import build
from experiments.convert.attngan import convert_attngan
from experiments.convert.run import Conversion

SMALL: dict[str, Any] = {"width": 2, "noise": 5, "condition": 6, "text": 8}
LENGTHS = [3, 5, 1]


def network(conversion: Conversion, group: str) -> torch.nn.Module:
    made: torch.nn.Module = build(conversion.config[group], conversion.facts)
    made.load_state_dict(conversion.export[group])
    return made.eval()


def inputs(noise: int, condition: int, text: int, words: int = 6) -> list[Tensor]:
    """noise, epsilon, sentence, words and the padding of captions of three lengths."""
    generator = torch.Generator().manual_seed(1)
    sizes = [(3, noise), (3, condition), (3, text), (3, text, words)]
    pads = torch.arange(words) >= torch.tensor(LENGTHS)[:, None]
    return [*(torch.randn(size, generator=generator) for size in sizes), pads]


def small_text() -> dict[str, Tensor]:
    return random_state(text_shapes(dim=8, embedding=6))


@pytest.mark.parametrize(
    ("width", "blocks", "published", "data"),
    [(32, 2, 7_084_592, "cub"), (48, 3, 13_811_456, "coco")],
)
def test_published_widths_are_found(
    tmp_path: Path, width: int, blocks: int, published: int, data: str
) -> None:
    shapes = attngan_shapes(width, blocks)
    assert parameters(shapes) == published
    state = {name: torch.zeros(shape) for name, shape in shapes.items()}
    found = converted(tmp_path, state, random_state(text_shapes()))
    node = found.config["generator"]
    assert (node["width"], node["residual_blocks"]) == (width, blocks)
    assert (node["noise_dim"], node["condition_dim"], node["text_dim"]) == (100, 100, 256)
    assert node["resolutions"] == [64, 128, 256] and node["legacy_mask"] is True
    assert found.choices["data"] == data and found.choices["model"] == "attngan"
    assert found.config["data"]["max_words"] == {"cub": 25, "coco": 20}[data]
    trained = (v for k, v in found.export["generator"].items() if "running" not in k)
    counters = sum("num_batches" in name for name in found.export["generator"])
    assert sum(tensor.numel() for tensor in trained) - counters == published


@pytest.mark.parametrize("words", [5450, 27297])
def test_published_vocabularies_fit(tmp_path: Path, words: int) -> None:
    names = ["<end>", *as_python2([f"word{number}" for number in range(words - 1)])]
    text = random_state(text_shapes(words))
    assert parameters(text_shapes(words)) == {5450: 2_075_320, 27297: 8_629_420}[words]
    found = converted(tmp_path, random_state(attngan_shapes(2)), text, names, data="plumage")
    assert found.facts["vocabulary_size"] == words + 1, "and one for words that are not known"
    embedding = found.export["encoder"]["text.embedding.weight"]
    assert torch.equal(embedding[:words], text["encoder.weight"])
    assert embedding[words:].eq(0).all()
    assert found.facts["words"] == [*names, "<unk>"]


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_the_generator_draws_the_same_pictures(tmp_path: Path, stages: int) -> None:
    state = random_state(attngan_shapes(stages=stages, **SMALL))
    found = converted(tmp_path, state, small_text(), data="plumage")
    noise, epsilon, sentence, words, pads = inputs(5, 6, 8)
    expected = attngan_images(state, noise, epsilon, sentence, words, pads)
    made = network(found, "generator")(noise, epsilon, sentence, words, ~pads)
    assert [image.shape[-1] for image in made.images] == [64, 128, 256][:stages]
    for image, picture in zip(made.images, expected, strict=True):
        assert image.std() > 0.1 and image.abs().quantile(0.5) < 0.95, "says something"
        torch.testing.assert_close(image, picture, rtol=0, atol=1e-5)


def test_the_mask_of_the_release_matters_and_can_be_corrected(tmp_path: Path) -> None:
    """Corrected, the pictures of a batch are those that the release draws one by one."""
    state = random_state(attngan_shapes(stages=2, **SMALL))
    given = inputs(5, 6, 8)
    together = attngan_images(state, *given)[1]
    alone = torch.cat(
        [attngan_images(state, *(x[row : row + 1] for x in given))[1] for row in range(3)]
    )
    assert (together - alone).abs().max() > 1e-2
    found = converted(tmp_path, state, small_text(), data="plumage", corrected_mask=True)
    *rest, pads = given
    made = network(found, "generator")(*rest, ~pads).images[1]
    torch.testing.assert_close(made, alone, rtol=0, atol=1e-5)


def test_the_text_encoder_gives_the_same_features(tmp_path: Path) -> None:
    text = small_text()
    found = converted(tmp_path, random_state(attngan_shapes(**SMALL)), text, data="plumage")
    captions = [[3, 2, 8], [1, 6, 5, 2, 7], [4]]
    tokens = torch.zeros(3, 6, dtype=torch.int64)
    for row, caption in enumerate(captions):
        tokens[row, : len(caption)] = torch.tensor(caption)
    encoder: Any = network(found, "encoder")
    words, sentence = encoder.encode_text(tokens, torch.tensor(LENGTHS))
    assert words.shape == (3, 8, 6)
    for row, caption in enumerate(captions):
        features, last = text_features(text, caption)
        torch.testing.assert_close(words[row, :, : len(caption)], features, rtol=0, atol=1e-6)
        torch.testing.assert_close(sentence[row], last, rtol=0, atol=1e-6)
        assert words[row, :, len(caption) :].eq(0).all()


def test_files_of_2018_and_of_several_gpus_are_read(tmp_path: Path) -> None:
    pictures, text = random_state(attngan_shapes(**SMALL)), small_text()
    plain = converted(tmp_path, pictures, text, data="plumage")
    parallel = {f"module.{name}": tensor for name, tensor in pictures.items()}
    save_as_in_2018(parallel, tmp_path / "old.pth")
    save_as_in_2018(text, tmp_path / "old_text.pth")
    captions = tmp_path / "captions.pickle"
    old = convert_attngan(tmp_path / "old.pth", tmp_path / "old_text.pth", captions, "plumage")
    torch.testing.assert_close(old.export, plain.export, rtol=0, atol=0)


def test_counters_of_newer_files_are_kept(tmp_path: Path) -> None:
    state = random_state(attngan_shapes(**SMALL))
    counter = "h_net1.fc.1.num_batches_tracked"
    found = converted(tmp_path, state | {counter: torch.tensor(7)}, small_text(), data="plumage")
    assert found.export["generator"]["initial.seed.1.num_batches_tracked"] == 7
    assert found.export["generator"]["initial.ups.0.1.num_batches_tracked"] == 0
