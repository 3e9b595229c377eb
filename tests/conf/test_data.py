"""The files of conf/data/: one set of keys, published sizes, and what makes another run."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import yaml

from experiments.config.build import build
from experiments.config.compose import CONF, choices, plain
from experiments.config.override import checked_compose
from experiments.run.prerequisite import plan

NAMES = sorted(path.stem for path in (CONF / "data").glob("*.yaml"))
# Images to train on and epochs of AttnGAN, of its DAMSM, of a classifier and of S2IGAN's speech
# embedding network, which has its settings of Flickr8k on COCO.
EPOCHS = {
    "cub": (8855, 600, 200, 100, 150),
    "oxford102": (7034, 600, 200, 100, 150),
    "coco": (82783, 120, 100, 1, 120),
}


def written(name: str) -> dict[str, Any]:
    """A file, over the file of the group that it begins with."""
    found = dict(yaml.safe_load((CONF / "data" / f"{name}.yaml").read_text()))
    bases = [written(base) for base in found["defaults"] if base in NAMES]
    assert len(bases) <= 1
    return laid(found, *bases)


def laid(over: dict[str, Any], under: dict[str, Any] | None = None) -> dict[str, Any]:
    merged = dict(under or {})
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = laid(value, below) if isinstance(value, dict) else value
    return merged


@pytest.mark.parametrize("name", NAMES)
def test_every_data_set_has_the_same_keys(name: str) -> None:
    ours, cub = written(name), written("cub")
    of_folders = {"root", "follow_links"}
    assert set(ours) - of_folders == set(cub) - of_folders
    assert of_folders & set(ours) == (set() if name.startswith("plumage") else of_folders)
    assert list(ours["preset"]) == list(cub["preset"])
    for key in ("images", "every", "speech"):
        assert list(ours["preset"][key]) == list(cub["preset"][key])


@pytest.mark.parametrize("name", EPOCHS)
def test_lengths_are_whole_epochs(name: str) -> None:
    size, *epochs = EPOCHS[name]
    preset = written(name)["preset"]
    assert list(preset["images"].values()) == [size * count for count in epochs]
    assert preset["speech"]["decay_images"] == 50 * size


@pytest.mark.parametrize("name", EPOCHS)
def test_half_life_of_the_average_is_that_of_0_999(name: str) -> None:
    preset = written(name)["preset"]
    assert 0.5 ** (preset["batch"] / preset["ema_halflife"]) == pytest.approx(0.999, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "generator", "discriminator"),
    [
        ("cub", 7_084_592, [6_313_730, 19_424_002, 71_858_946]),
        ("oxford102", 7_084_592, [6_313_730, 19_424_002, 71_858_946]),
        ("coco", 13_811_456, [13_304_450, 42_800_258, 160_774_274]),
    ],
)
def test_networks_have_the_published_size(
    name: str, generator: int, discriminator: list[int]
) -> None:
    config = plain(checked_compose(["model=attngan", f"data={name}"]))
    with torch.device("meta"):
        made = [build(config["generator"]), *build(config["discriminator"]).stages]
    counts = [sum(p.numel() for p in network.parameters()) for network in made]
    assert counts == [generator, *discriminator]


def folder_of(*overrides: str) -> str:
    cfg = checked_compose(["model=attngan", *overrides])
    return str(plan(plain(cfg), choices(cfg), list(overrides)).folder)


def test_other_pictures_are_another_run() -> None:
    """A published set is the same wherever it lies; `data=folder` is what lies in the folder."""
    for name, same in (("cub", True), ("coco", True), ("folder", False)):
        runs = {folder_of(f"data={name}", f"data.root={root}") for root in ("cats", "dogs", "cats")}
        assert len(runs) == (1 if same else 2), name


def test_a_folder_goes_larger_as_its_file_says() -> None:
    lines = (CONF / "data" / "folder.yaml").read_text().splitlines()
    said = " ".join(line.lstrip("# ") for line in lines if line.startswith("#"))
    words = said.partition("Below data.preset: ")[2].partition(" and ")[0].split()
    larger, cub = (
        plain(checked_compose(["model=attngan", *more]))
        for more in (["data=folder", *(f"data.preset.{word}" for word in words)], ["data=cub"])
    )
    for part in ("generator", "discriminator"):
        assert larger[part] == cub[part]


@pytest.mark.parametrize("name", ["cub", "oxford102", "coco", "folder"])
def test_a_name_of_the_hub_passes_the_command_line(name: str) -> None:
    root = "hf://owner/some-name@v1.0/data"
    config = plain(checked_compose([f"data={name}", f"data.root={root}"]))
    assert config["data"]["reader"]["root"] == root
