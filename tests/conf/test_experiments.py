"""The files of conf/experiment: each names its command and its source, and composes what was
published: lengths, rates, averages, widths by their counts of parameters, and what comes first."""

from __future__ import annotations

import re
from functools import cache

import pytest
import torch
from torch import nn

from experiments.config.build import build
from experiments.config.compose import CONF, choices, plain
from experiments.config.override import checked_compose
from experiments.run.prerequisite import Run, plan
from experiments.run.pretrained import GROUPS, without_pretrained
from experiments.usage import usage
from tests.released_size import (
    linear,
    reed_generator,
    reed_judge,
    stackgan_stage1,
    stackgan_stage2,
    stackgan_v2,
    tree_judge,
)

# Results of this project.
OURS = {
    *("plumage_cpu", "plumage_fourth_stage", "plumage_projected", "plumage_redrawn"),
    *("plumage_study", "quickstart"),
    *("plumage_spoken_picture", "plumage_song_cmcgan", "plumage_song_i2s", "plumage_song_s2i"),
    "plumage_song_wav2pix",
}
# What makes pictures of sounds, or sounds of pictures: test_experiments_of_sound.py
SOUND = ("chen_", "cross_modal_", "cmcgan", "wav2pix", "speech2face", "face_decoder")
ALL = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml") if path.stem not in OURS)
CLIPS = ("tgans_c", "gan_cls_3d", "vgan", "antonova")  # test_tgans_c.py, test_vgan.py, ...
NAMES = [name for name in ALL if not name.startswith((*SOUND, *CLIPS))]
CUB, FLOWERS, COCO, FLICKR = 8855, 7034, 82783, 7000  # images to train on
# Vocabularies; those of flowers and of Flickr8k are made up.
WORDS = {"cub": 5450, "coco": 27297, "oxford102": 5450, "flickr8k": 5450}

# Images of an epoch, epochs, batch.
LENGTHS = {
    "attngan_4stage_cub": (CUB, 600, 20),
    "attngan_coco": (COCO, 120, 14),
    "attngan_cub": (CUB, 600, 20),
    "attngan_grown_cub": (CUB, 300, 20),  # and as many of the three stages
    "attngan_memory_coco": (COCO, 200, 16),
    "attngan_memory_cub": (CUB, 800, 10),
    "attngan_spectral_cub": (CUB, 600, 20),  # its own are not known
    "char_cnn_rnn_cub": (150 * 40, 200, 40),  # an epoch has as many batches as there are classes
    "char_cnn_rnn_oxford102": (82 * 40, 200, 40),
    "damsm_coco": (COCO, 100, 48),
    "damsm_cub": (CUB, 200, 48),
    "dfgan_coco": (COCO, 300, 32),
    "dfgan_cub": (CUB, 1300, 32),
    "gan_cls_coco": (COCO, 200, 64),
    "gan_int_cls_cub": (CUB, 600, 64),
    "gan_cls_oxford102": (FLOWERS, 600, 64),
    "gan_int_cls_oxford102": (FLOWERS, 600, 64),
    "gan_int_oxford102": (FLOWERS, 600, 64),
    "gan_oxford102": (FLOWERS, 600, 64),
    "stackgan_stage1_256_cub": (CUB, 600, 64),
    "stackgan_stage1_256_without_ca_cub": (CUB, 600, 64),
    "stackgan_stage1_coco": (COCO, 120, 128),
    "stackgan_stage1_cub": (CUB, 600, 64),
    "stackgan_stage1_oxford102": (FLOWERS, 600, 64),
    "stackgan_stage1_without_ca_cub": (CUB, 600, 64),
    "stackgan_stage2_128_cub": (CUB, 600, 64),
    "stackgan_stage2_coco": (COCO, 100, 40),
    "stackgan_stage2_cub": (CUB, 600, 64),
    "stackgan_stage2_oxford102": (FLOWERS, 600, 64),
    "stackgan_stage2_without_ca_cub": (CUB, 600, 64),
    "s2igan_cub": (CUB, 600, 48),
    "s2igan_flickr8k": (FLICKR, 600, 48),
    "s2igan_oxford102": (FLOWERS, 600, 48),
    "speech_embedding_cub": (CUB, 150, 128),
    "speech_embedding_flickr8k": (FLICKR, 120, 32),
    "speech_embedding_oxford102": (FLOWERS, 150, 128),
    "speech_teacher_cub": (CUB, 1000, 64),
    "speech_to_image_cub": (24, 220_000, 24),  # its length is known in steps
    "stackgan_v2_coco": (COCO, 120, 24),
    "stackgan_v2_cub": (CUB, 600, 24),
    "stackgan_v2_oxford102": (FLOWERS, 600, 24),
    "stackgan_v2_speech_cub": (CUB, 600, 48),
    "stackgan_v2_speech_flickr8k": (FLICKR, 600, 48),
    "word_cnn_rnn_cub": (150 * 40, 200, 40),
    "word_cnn_rnn_oxford102": (82 * 40, 200, 40),
    "word_lstm_cub": (150 * 40, 200, 40),
}
ABLATED = [
    f"s2igan_{row}_"
    for row in (
        *("without_dense", "without_relation", "without_pretraining"),
        *("end_to_end", "without_distinctive"),
    )
]
LENGTHS |= {
    f"{row}{data}": LENGTHS[f"s2igan_{data}"] for row in ABLATED for data in ("cub", "oxford102")
}
# Epochs after which rates are halved, and captions whose sentences are averaged.
HALVED = {
    "gan_cls_coco": (40, 3),
    "stackgan_stage1_coco": (20, 1),
    "stackgan_stage2_coco": (20, 1),
} | {
    name: (100, 4)
    for name in LENGTHS
    if name.startswith(("gan_", "stackgan_stage")) and not name.endswith("_coco")
}
# Epochs after which a rate is a part of what it was.
STEPPED = {"speech_embedding": (50, 0.1), "speech_teacher": (200, 0.5)}
# Parameters of the generator, of each discriminator and of the text encoder.
ATTNGAN = [6_313_730, 19_424_002, 71_858_946]
TREE = [tree_judge(side, 64, 128, True) for side in (64, 128, 256)]
V2 = sum(stackgan_v2(64, 2, 3))
CUB_TEXT, COCO_TEXT = 2_075_320, 8_629_420
GRU, RNN8, CVPR = 4_045_184, 2_994_560, 1_814_144  # char-CNN-RNN: birds, flowers, the older paper
SED, LI = 7_025_344, 11_669_506  # speech encoders of S2IGAN and of Li
DENSE = 21_285_776
WORD_CNN, WORD_LSTM = 10_470_400, 3_827_384  # with 5,450 words
REED = (reed_generator(128), [reed_judge(64)])
STAGE1 = (stackgan_stage1(128, port=False), [reed_judge(64, text_norm=False)])
STAGE2 = (stackgan_stage2(128, 4), [reed_judge(64, 256, text_norm=False)])
# Stage 1 at 256 px: 1,024 channels at 4 x 4, six doublings, 32 channels before the picture.
STAGE1_256 = stackgan_stage1(128, port=False, ups=6)
HALF = linear(1024, 128)  # log sigma, which there is not without conditioning augmentation
SIZES: dict[str, tuple[int | None, list[int], int]] = {
    "attngan_4stage_cub": (7_352_592, [*ATTNGAN, 52_982_530], CUB_TEXT),
    "attngan_coco": (13_811_456, [13_304_450, 42_800_258, 160_774_274], COCO_TEXT),
    "attngan_cub": (7_084_592, ATTNGAN, CUB_TEXT),
    "attngan_grown_cub": (7_352_592, [*ATTNGAN, 52_982_530], CUB_TEXT),
    # Spectral norms: biases instead of the two numbers of a norm for each channel.
    "attngan_memory_coco": (22_335_314, [1_878_242, 5_155_810, 18_264_546], COCO_TEXT),
    "attngan_memory_cub": (21_449_042, [1_878_242, 5_155_810, 18_264_546], CUB_TEXT),
    "attngan_spectral_cub": (21_365_456, [1_878_242, 5_155_810, 18_264_546], CUB_TEXT),
    "char_cnn_rnn_cub": (None, [], CVPR),
    "char_cnn_rnn_oxford102": (None, [], CVPR),
    "damsm_coco": (None, [], COCO_TEXT),
    "damsm_cub": (None, [], CUB_TEXT),
    # Without the 197,376 of shortcuts that the release never uses.
    "dfgan_coco": (9_744_131, [6_915_142 - 197_376], COCO_TEXT),
    "dfgan_cub": (9_744_131, [6_915_142 - 197_376], CUB_TEXT),
    "gan_cls_coco": (reed_generator(196), [reed_judge(196, text_norm=False)], GRU),
    "gan_cls_oxford102": (*REED, RNN8),
    "gan_int_cls_cub": (*REED, GRU),
    "gan_int_cls_oxford102": (*REED, RNN8),
    "gan_int_oxford102": (*REED, RNN8),
    "gan_oxford102": (*REED, RNN8),
    "stackgan_stage1_256_cub": (STAGE1_256, STAGE2[1], GRU),
    "stackgan_stage1_256_without_ca_cub": (STAGE1_256 - HALF, STAGE2[1], GRU),
    "stackgan_stage1_coco": (
        stackgan_stage1(192, port=True),
        [tree_judge(64, 96, 128, alone=False)],
        GRU,
    ),
    "stackgan_stage1_cub": (*STAGE1, GRU),
    "stackgan_stage1_oxford102": (*STAGE1, RNN8),
    "stackgan_stage1_without_ca_cub": (STAGE1[0] - HALF, STAGE1[1], GRU),
    "stackgan_stage2_128_cub": (
        stackgan_stage2(128, 2, ups=3),
        [reed_judge(64, 128, text_norm=False)],
        GRU,
    ),
    "stackgan_stage2_coco": (
        stackgan_stage2(192, 2),
        [tree_judge(256, 96, 128, alone=True)],
        GRU,
    ),
    "stackgan_stage2_cub": (*STAGE2, GRU),
    "stackgan_stage2_oxford102": (*STAGE2, RNN8),
    "stackgan_stage2_without_ca_cub": (STAGE2[0] - HALF, STAGE2[1], GRU),
    "stackgan_v2_coco": (V2, TREE, GRU),
    "stackgan_v2_cub": (V2, TREE, GRU),
    "stackgan_v2_oxford102": (V2, TREE, RNN8),
    "stackgan_v2_speech_cub": (V2, TREE, SED),
    "stackgan_v2_speech_flickr8k": (V2, TREE, SED),
    "s2igan_cub": (DENSE, TREE, SED),
    "s2igan_flickr8k": (DENSE, TREE, SED),
    "s2igan_oxford102": (DENSE, TREE, SED),
    "speech_embedding_cub": (None, [], SED),
    "speech_embedding_flickr8k": (None, [], SED),
    "speech_embedding_oxford102": (None, [], SED),
    "speech_teacher_cub": (None, [], LI),
    "speech_to_image_cub": (V2, TREE, LI),
    "word_cnn_rnn_cub": (None, [], WORD_CNN),
    "word_cnn_rnn_oxford102": (None, [], WORD_CNN),
    "word_lstm_cub": (None, [], WORD_LSTM),
}
SIZES |= {
    f"{row}{data}": (V2 if "dense" in row else DENSE, TREE, SED)
    for row in ABLATED
    for data in ("cub", "oxford102")
}


@cache
def run(name: str, *more: str) -> Run:
    cfg = checked_compose([f"experiment={name}", *more])
    return plan(plain(cfg), choices(cfg), [])


def comment(name: str) -> list[str]:
    lines = (CONF / "experiment" / f"{name}.yaml").read_text().splitlines()
    return [line.removeprefix("#").strip() for line in lines if line.startswith("#")]


def test_no_file_is_left_out() -> None:
    assert set(NAMES) == set(LENGTHS) == set(SIZES)


@pytest.mark.parametrize("name", NAMES)
def test_file_names_its_command_what_it_is_and_its_source(name: str) -> None:
    package, title, *rest = comment(name)
    assert package == "@package _global_"
    image = (run(name).config.get("encoder") or {}).get("image") or {}
    file = " encoder.image.weights=FILE" if "weights" in image else ""
    assert title.endswith(f": python run.py experiment={name} data.root=DIR{file}")
    said = " ".join(rest)
    published = said.partition("Published")[2]
    assert published
    if not published.startswith((": no ", ": nothing")):  # every figure has a source in brackets
        first = published.partition(". ")[0]
        source = r"README|the paper|unverified|results index page|reported with StackGAN|issue"
        source += "|project page"
        assert re.search(r"\d", first) and re.search(rf"\([^)]*({source})[^)]*\)", first)
    assert any(title.startswith(line.split(name, 1)[1].strip()) for line in listed(name))


def listed(name: str) -> list[str]:
    """The line of the page of help."""
    return [line for line in page() if re.match(rf"\s+(experiment\s+)?{name}\s", line)]


@cache
def page() -> list[str]:
    return usage().splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_length_batch_and_average(name: str) -> None:
    epoch, epochs, batch = LENGTHS[name]
    trainer = run(name).config["trainer"]
    assert (trainer["images"], trainer["batch"]) == (epoch * epochs, batch)
    if name.startswith(("attngan", "stackgan_v2", "s2igan", "speech_to_image")):
        assert 0.5 ** (batch / trainer["ema_halflife"]) == pytest.approx(0.999, abs=1e-5)
    else:
        assert trainer["ema_halflife"] is None


@pytest.mark.parametrize("name", NAMES)
def test_rates(name: str) -> None:
    config, epoch = run(name).config, LENGTHS[name][0]
    rates = build(config["optim"])
    start = {key: settings.rate(0) for key, settings in rates.items()}
    assert set(start.values()) <= {2e-4, 2e-3, 7e-4, 1e-3, 1e-4, 4e-4}
    if name.startswith(("speech_embedding", "speech_teacher")):
        rate, (epochs, part) = rates["embedding"], STEPPED[name.rpartition("_")[0]]
        first = 1e-4 if name.endswith("flickr8k") else 1e-3
        assert rate.rate(epochs * epoch - 1) == start["embedding"] == first
        assert rate.rate(epochs * epoch) == pytest.approx(part * first)
        return
    if "embedding" in rates:
        assert rates["embedding"].rate(epoch) == pytest.approx(0.98 * start["embedding"])
        return
    epochs, captions = HALVED.get(name, (None, 1))
    assert config["system"]["captions"] == captions
    for key, settings in rates.items():
        if epochs is None:
            assert settings.rate(10**9) == start[key]
        else:
            there = [settings.rate(epochs * epoch + more) for more in (-1, 0)]
            assert there == [start[key], start[key] / 2]


@pytest.mark.parametrize(
    ("name", "weight", "words"),
    [("attngan_cub", 5, 18), ("attngan_4stage_cub", 5, 18), ("attngan_coco", 50, 12)],
)
def test_weight_of_damsm_and_words(name: str, weight: float, words: int) -> None:
    config = run(name).config
    assert config["system"]["damsm"]["weight"] == weight and config["data"]["max_words"] == words


@pytest.mark.parametrize("name", NAMES)
def test_networks_have_the_published_size(name: str) -> None:
    config = without_pretrained(run(name).config, *GROUPS)
    facts = {"vocabulary_size": WORDS[config["data"]["name"]]}
    with torch.device("meta"):
        text = build(config["encoder"]["text"], facts)
        drawer, judge = (build(config.get(part)) for part in ("generator", "discriminator"))
    drawn, judged, read = SIZES[name]
    if drawn is not None:
        first = getattr(drawer, "first", None)  # a stage that was trained before
        assert size(drawer) - (size(first) if first else 0) == drawn
    stages = [] if judge is None else list(getattr(judge, "stages", [judge]))
    assert [size(stage) for stage in stages] == judged
    assert size(text) == read


def size(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("data", ["cub", "oxford102", "coco"])
def test_the_second_stage_builds_on_the_experiment_of_the_first(data: str) -> None:
    first = run(f"stackgan_stage2_{data}").prerequisites["generator.first"]
    alone = run(f"stackgan_stage1_{data}")
    assert isinstance(first, Run)
    assert (first.folder, first.goal) == (alone.folder, alone.goal)


def test_encoders_are_those_of_their_experiments() -> None:
    for name in ("attngan_cub", "attngan_4stage_cub"):
        assert encoder(name).folder == run("damsm_cub").folder
    # 12 words are for both networks, so that the encoders are others than those of 15.
    ours, theirs = encoder("attngan_coco"), run("damsm_coco", "data.max_words=12")
    assert ours.folder == theirs.folder and run("damsm_coco").config["data"]["max_words"] == 15
    for name in ("gan_int_cls_cub", "stackgan_stage2_cub", "stackgan_v2_oxford102"):
        found, alone = encoder(name), run(f"char_cnn_rnn_{name.rpartition('_')[2]}")
        assert found.config["trainer"] == alone.config["trainer"]
        assert found.config["optim"] == alone.config["optim"]


def test_a_fourth_stage_grows_on_a_run_of_the_first_three_sides() -> None:
    """With the same networks as the experiment alone, for the other half of the images."""
    grown, alone = run("attngan_grown_cub"), run("attngan_cub")
    first = grown.prerequisites["generator.first"]
    assert isinstance(first, Run) and first is grown.prerequisites["discriminator.first"]
    for group in ("generator", "discriminator", "encoder"):
        assert (
            without_pretrained(first.config, group)[group]
            == without_pretrained(alone.config, group)[group]
        )
    assert first.goal + grown.goal == alone.goal == 600 * CUB
    seeds = [made.config["seed"] for made in (first, grown)]
    assert len({first.folder, alone.folder}) == len(set(seeds)) == 2, "each a run of its own"
    assert grown.config["system"]["frozen_images"] == 30 * CUB


def test_damsm_is_that_of_the_paper() -> None:
    config = run("damsm_cub").config
    with torch.device("meta"):
        found = build(config["encoder"], {"vocabulary_size": WORDS["cub"]})
    assert size(found.image) == 21_785_568
    assert not any(parameter.requires_grad for parameter in found.image.parameters())
    assert size(found.region_head) == 196_608 and size(found.vector_head) == 524_544
    assert config["system"]["image_size"] == found.image.input_size == 299
    assert int(299 * config["data"]["margin"]) == 355


def encoder(name: str) -> Run:
    found = run(name).prerequisites["encoder"]
    assert isinstance(found, Run)
    return found


@pytest.mark.parametrize("name", ["gan_int_cls_cub", "stackgan_stage2_coco", "word_lstm_cub"])
def test_a_quick_look_is_quick(name: str) -> None:
    """`debug=smoke` shortens every run of an experiment, and those that it builds on."""

    def goals(planned: Run) -> list[int]:
        needs = [need for need in planned.prerequisites.values() if isinstance(need, Run)]
        return [planned.goal, *(goal for need in needs for goal in goals(need))]

    assert max(goals(run(name, "debug=smoke"))) <= 64
