"""StackGAN-v2 as its authors released it (Zhang et al. 2018): the generator with conditions.

The text encoder of these weights is a char-CNN-RNN of Lua Torch, of which the authors published
the embeddings: the converted run has none, and draws from sentence embeddings.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from experiments.convert.kind import STACKGAN_V2, require
from experiments.convert.run import Conversion, compose_run, empty
from experiments.convert.stages import released_names, sizes_of
from experiments.convert.state import ReleasedState
from experiments.run.fact import facts_of_release


def convert_stackgan_v2(generator: Path, data: str | None = None) -> Conversion:
    """The network in `generator`. `data`: an option of `conf/data/`, by default `cub`, the birds
    that were released. Raises `UserError` for the first thing that does not fit."""
    state = ReleasedState.read(generator)
    require(state, STACKGAN_V2)
    sizes = sizes_of(state, ": generators without text (LSUN, ImageNet) are not converted")
    overrides = [
        "model=stackgan_v2",
        f"data={data or 'cub'}",
        "encoder=given_sentences",
        f"encoder.dim={sizes.text_dim}",
        *sizes.overrides,
    ]
    config, chosen = compose_run(overrides)
    facts = facts_of_release(None)  # its encoder read characters
    network = empty(config["generator"], facts)
    names = released_names(sizes, {"joint": "jointConv"})
    export: dict[str, dict[str, Tensor]] = {"generator": state.fit(network, names), "encoder": {}}
    about = f"StackGAN-v2: {sizes}; without a text encoder"
    return Conversion(config, chosen, overrides, facts, export, {"generator": state}, about)
