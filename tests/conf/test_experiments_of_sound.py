"""The published rows of sounds and pictures: what `test_experiments.py` holds of the others. Rates,
batches and epochs of these papers are not known, so that lengths are this project's choice."""

from __future__ import annotations

import re

import pytest
import torch

from experiments.config.build import build
from experiments.run.prerequisite import Run
from experiments.run.pretrained import GROUPS, without_pretrained
from tests.conf.test_experiments import ALL, SOUND, comment, listed, run, size

NAMES = [name for name in ALL if name.startswith(SOUND)]
CHEN = [name for name in NAMES if name.startswith(("chen_", "cross_modal_"))]
NETWORKS = ("generator", "discriminator")
PAIRS = {"sub_urmp": 14_333, "inis": 4_461}  # to train on, in the first version of Chen's paper
# Of classifiers with 13 classes, as their layers are drawn.
HEARS, HEARS_3, SEES = 530_941, 1_708_269, 16_983_197
DRAWS = {"s2i": (3_371_968, 3_069_761), "i2s": (3_369_920, 3_067_713)}


@pytest.mark.parametrize("name", NAMES)
def test_file_names_its_command_what_it_is_and_its_source(name: str) -> None:
    package, title, *rest = comment(name)
    assert package == "@package _global_"
    assert title.endswith(f": python run.py experiment={name} data.root=DIR")
    published = " ".join(rest).partition("Published")[2]
    assert published
    if not published.startswith((": no ", ": nothing")):
        first = published.partition(". ")[0]
        assert re.search(r"\d", first) and re.search(r"\([^)]*the paper[^)]*\)", first)
    assert any(title.startswith(line.split(name, 1)[1].strip()) for line in listed(name))


@pytest.mark.parametrize("name", CHEN)
def test_lengths_and_rates_of_chen(name: str) -> None:
    config, pairs = run(name).config, PAIRS[(name.partition("_inis")[1] and "inis") or "sub_urmp"]
    trainer, drawn = config["trainer"], name.startswith("cross_modal")
    assert trainer["batch"] == 64 and trainer["images"] % pairs == 0
    if drawn:
        assert trainer["images"] >= 45 * pairs, "the collapse is part of what was published"
        assert trainer["ema_halflife"] is None
    rates = {settings.rate(10**6) for settings in build(config["optim"]).values()}
    assert rates == ({2e-4} if drawn else {1e-3})


@pytest.mark.parametrize("name", CHEN)
def test_networks_of_chen_have_the_published_size(name: str) -> None:
    config = without_pretrained(run(name).config, *GROUPS)
    with torch.device("meta"):
        encoder = build(config["encoder"], {"num_classes": 13})
        found = [size(build(config[p])) for p in NETWORKS if config.get(p)]
    way = name.split("_")[2] if name.startswith("cross_modal") else None
    assert found == ([] if way is None else list(DRAWS[way]))
    heard = way == "s2i" or name.startswith("chen_sound")
    if "_a_" not in name:
        expected = HEARS_3 if name.startswith("chen_sound_3") else HEARS if heard else SEES
        assert size(encoder) == expected


@pytest.mark.parametrize("form", ["ms128", "cqt", "mfcc", "stft"])
def test_representations_of_chen_differ_in_nothing_else(form: str) -> None:
    for row in ("chen_sound_", "chen_sound_3_"):
        other, log = (run(f"{row}{name}sub_urmp").config for name in (f"{form}_", ""))
        found = other["encoder"]["excerpt"]
        assert found["frontend"] != log["encoder"]["excerpt"]["frontend"]
        assert found["frontend"]["_target_"].lower().endswith(form.removesuffix("128"))
        found["frontend"] = log["encoder"]["excerpt"]["frontend"]
        assert other["encoder"] == log["encoder"] and other["trainer"] == log["trainer"]


@pytest.mark.parametrize("data", PAIRS)
def test_features_and_judges_of_chen_are_those_of_their_experiments(data: str) -> None:
    """The published accuracy of what is made is that of the classifier whose features the other
    direction is told."""
    seen, heard = (run(f"chen_{kind}_{data}") for kind in ("image", "sound"))
    for way, told, judge in (("s2i", heard, seen), ("i2s", seen, heard)):
        needs = run(f"cross_modal_{way}_{data}").prerequisites
        found = {path: need for path, need in needs.items() if isinstance(need, Run)}
        assert found["encoder"].folder == told.folder
        assert [n.folder for path, n in found.items() if path.startswith("metric")] == [
            judge.folder
        ]


def test_variants_of_chen() -> None:
    whole, n, a, pose = (
        run(f"cross_modal_s2i{row}_sub_urmp").config for row in ("", "_n", "_a", "_pose")
    )
    assert [c["system"]["mismatch"] for c in (whole, n, a, pose)] == [
        "class",
        "none",
        "class",
        "pose",
    ]
    assert whole["encoder"] == n["encoder"] != a["encoder"]
    assert a["encoder"]["_target_"].endswith("Autoencoder")


CMCGAN = {
    "cmcgan_sub_urmp": (37_832_964, 18_622_977),
    "cmcgan_cycle_sub_urmp": (37_832_964, 18_622_977),
    # 100 numbers less for the 8,192 of each seed.
    "cmcgan_without_latent_sub_urmp": (37_832_964 - 2 * 100 * 8_192, 18_622_977),
    # Two heads of 512 512 + 512 + 512 + 1 in place of one of 1,024.
    "cmcgan_standard_loss_sub_urmp": (37_832_964, 18_622_977 - 525_313 + 526_338),
}


@pytest.mark.parametrize("name", CMCGAN)
def test_rows_of_cmcgan(name: str) -> None:
    config = without_pretrained(run(name).config, *GROUPS)
    with torch.device("meta"):
        assert tuple(size(build(config[part])) for part in NETWORKS) == CMCGAN[name]
    assert (config["trainer"]["batch"], config["trainer"]["images"]) == (64, 50 * 14_333)
    assert {settings.rate(10**6) for settings in build(config["optim"]).values()} == {2e-4}
    assert config["loss"]["consistency"]["weight"] == 10.0
    cycle = ["sound_picture_sound", "picture_sound_picture"]
    assert (config["loss"]["consistency"]["paths"] == cycle) == (name == "cmcgan_cycle_sub_urmp")


def test_the_classifier_of_both_fills_in_by_the_experiment_of_cmcgan() -> None:
    needs = run("cmcgan_classifier_sub_urmp").prerequisites["generator"]
    assert isinstance(needs, Run) and needs.folder == run("cmcgan_sub_urmp").folder
