"""DF-GAN as its authors released it (Tao et al. 2022): the generator of a checkpoint of training.

The file is {"model": {"netG", "netD", "netC"}, "optimizers", "epoch"}, each network a state dict;
the text encoder is AttnGAN's. Discriminators are not converted, as those of other methods.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from experiments.convert.damsm import encoder_export, encoder_overrides
from experiments.convert.kind import DFGAN, TEXT_ENCODER, require
from experiments.convert.run import Conversion, compose_run, empty
from experiments.convert.state import ReleasedState
from experiments.convert.text_encoder import (
    released_words,
    require_order,
    text_sizes,
    told_order,
    with_unknown,
)
from experiments.generator.base import SEED_SIZE
from experiments.run.fact import facts_of_release

PUBLISHED = 18  # words of a caption, of birds and of COCO
FIRST = "GBlocks.0.fuse1.affine0.fc_gamma.linear1.weight"
PARTS = {
    "seed": "fc",
    "head": "to_rgb.1",
    "up.conv": "c1",
    "conv": "c2",
    "shortcut": "c_sc",
    "before.first": "fuse1.affine0",
    "before.second": "fuse1.affine1",
    "between.first": "fuse2.affine0",
    "between.second": "fuse2.affine1",
}
LINEAR = {"0": "linear1", "2": "linear2"}


@dataclass(frozen=True)
class Sizes:
    """What decides every shape of a generator; `width` is nf."""

    blocks: int
    width: int
    noise_dim: int
    text_dim: int

    @property
    def resolution(self) -> int:
        return SEED_SIZE << self.blocks

    def __str__(self) -> str:
        return (
            f"{self.resolution} px, width {self.width}, noise {self.noise_dim}, text "
            f"{self.text_dim}"
        )


def convert_dfgan(
    generator: Path,
    text_encoder: Path,
    captions: Path,
    data: str | None = None,
    own_captions: bool = False,
) -> Conversion:
    """The network netG in `generator`, a checkpoint or its state dict alone, and `text_encoder`,
    which reads the words of `captions` (released as captions_DAMSM.pickle).

    `data`: an option of `conf/data/`, by default `cub`. `own_captions` as for AttnGAN. Raises
    `UserError` for the first thing that does not fit.
    """
    words = released_words(captions)
    text = ReleasedState.read(text_encoder)
    pictures = ReleasedState.read(generator, "model", "netG")
    require(text, TEXT_ENCODER)
    require(pictures, DFGAN)
    sizes = _sizes_of(pictures)
    dim, embedding_dim = text_sizes(text, words, captions)
    require_order(words, captions, own_captions)
    if sizes.text_dim != dim:
        raise pictures.refusal(
            f"{FIRST} reads noise of {sizes.noise_dim} numbers and sentences of {sizes.text_dim}, "
            f"and {text_encoder} gives {dim}"
        )
    overrides = [
        "model=dfgan",
        f"data={data or 'cub'}",
        *encoder_overrides(False),
        f"encoder.dim={dim}",
        f"encoder.text.embedding_dim={embedding_dim}",
        f"generator.resolutions=[{sizes.resolution}]",
        f"generator.width={sizes.width}",
        f"generator.noise_dim={sizes.noise_dim}",
        f"data.max_words={PUBLISHED}",
    ]
    config, chosen = compose_run(overrides)
    facts = facts_of_release(with_unknown(text, words))
    export = {
        "generator": pictures.fit(empty(config["generator"], facts), _released),
        "encoder": encoder_export(empty(config["encoder"], facts), text, None),
    }
    about = f"DF-GAN: {sizes}; {len(words)} words{told_order(words)}"
    sources = {"generator": pictures, "text_encoder": text}
    return Conversion(config, chosen, overrides, facts, export, sources, about)


def _sizes_of(state: ReleasedState) -> Sizes:
    _, width, *_ = state.shape("to_rgb.1.weight", 4, "; is this DF-GAN's checkpoint?")
    _, noise_dim = state.shape("fc.weight", 2)
    blocks = state.numbered("GBlocks.{}.c1.weight", 0)
    if not blocks:
        raise state.refusal("GBlocks.0.c1.weight is missing")
    told = state.shape(FIRST, 2)[1]
    if told <= noise_dim:
        raise state.refusal(
            f"{FIRST} reads {told} numbers and the noise has {noise_dim}: the form of 2020, whose "
            "affine layers are told the sentence alone, is not converted"
        )
    return Sizes(blocks, width, noise_dim, told - noise_dim)


def _released(name: str) -> str:
    """The released name of an entry of the generator's state."""
    if not name.startswith("blocks."):
        part, _, rest = name.partition(".")
        return f"{PARTS[part]}.{rest}"
    _, number, rest = name.split(".", 2)
    ours = next(part for part in PARTS if rest.startswith(f"{part}."))
    theirs, last = PARTS[ours], rest.removeprefix(f"{ours}.")
    if "affine" in theirs:
        which, layer, last = last.split(".")
        theirs, last = f"{theirs}.fc_{which}.{LINEAR[layer]}", last
    return f"GBlocks.{number}.{theirs}.{last}"
