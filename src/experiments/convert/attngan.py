"""AttnGAN as its authors released it (Xu et al. 2018): the generator and the encoders.

All files hold a state dict alone, of modules called `ca_net`, `h_net1`, ... in the one and
`encoder`, `rnn` in another; the third is that of `damsm.py`. The halves of a GLU, [condition,
noise], [map, context] and the gates of the LSTM stand in the same order here, so that no weight is
permuted.
"""

from __future__ import annotations

from pathlib import Path

from experiments.convert.damsm import encoder_export, encoder_overrides, read_image_encoder
from experiments.convert.kind import ATTNGAN, TEXT_ENCODER, require
from experiments.convert.run import Conversion, compose_run, empty
from experiments.convert.stages import Sizes, released_names, sizes_of
from experiments.convert.state import ReleasedState
from experiments.convert.text_encoder import (
    released_words,
    require_order,
    text_sizes,
    told_order,
    with_unknown,
)
from experiments.run.fact import facts_of_release
from experiments.terminal.line import number_of

WORDS = {"cub": 25, "coco": 20}  # of a caption: cfg/eval_bird.yml, cfg/eval_coco.yml
COCO = (48, 3)  # GF_DIM and R_NUM of cfg/coco_attn2.yml
ONE_PICTURE = "img_net.img.0.weight"  # of G_DCGAN, which draws the last stage alone


def convert_attngan(
    generator: Path,
    text_encoder: Path,
    captions: Path,
    data: str | None = None,
    corrected_mask: bool = False,
    image_encoder: Path | None = None,
    own_captions: bool = False,
) -> Conversion:
    """The networks in `generator` and `text_encoder`, which reads the words of `captions`, and in
    `image_encoder`, without which there is no DAMSM to train on with.

    `data`: an option of `conf/data/`; by default that of the published width. The attention
    repeats the released code's fault, as the weights were trained with it; `corrected_mask` leaves
    it away: the pictures of several captions are then those that each gives alone.
    `own_captions`: the encoder was trained with this very file, whoever wrote it. Raises
    `UserError` for the first thing that does not fit.
    """
    words = released_words(captions)
    text, pictures = ReleasedState.read(text_encoder), ReleasedState.read(generator)
    require(text, TEXT_ENCODER)
    require(pictures, ATTNGAN)
    if ONE_PICTURE in pictures.tensors:
        raise pictures.refusal(
            f"{ONE_PICTURE} is not known: AttnDCGAN draws the last stage alone and is not converted"
        )
    sizes = sizes_of(pictures, "; is this the generator of AttnGAN?")
    dim, embedding_dim = text_sizes(text, words, captions)
    require_order(words, captions, own_captions)
    if sizes.text_dim != dim:
        raise pictures.refusal(
            f"ca_net.fc.weight reads sentences of {sizes.text_dim} numbers, and {text_encoder} "
            f"gives {dim}"
        )
    if len(set(sizes.residual_blocks)) > 1:
        uneven = ", ".join(map(str, sizes.residual_blocks))
        raise pictures.refusal(f"its stages have {uneven} residual blocks, AttnGAN's as many each")
    large = (sizes.width, *sizes.residual_blocks[:1]) == COCO
    data = data or ("coco" if large else "cub")
    seen = None if image_encoder is None else read_image_encoder(image_encoder, text_encoder, dim)
    overrides = _overrides(sizes, data, embedding_dim, corrected_mask, seen is not None)
    config, chosen = compose_run(overrides)
    facts = facts_of_release(with_unknown(text, words))
    export = {
        "generator": pictures.fit(
            empty(config["generator"], facts),
            released_names(sizes, {"attention.project": "att.conv_context"}),
        ),
        "encoder": encoder_export(empty(config["encoder"], facts), text, seen),
    }
    sources = {"generator": pictures, "text_encoder": text}
    sources |= {} if seen is None else {"image_encoder": seen}
    about = f"AttnGAN: {sizes}; {number_of(len(words), 'word')}{told_order(words)}"
    return Conversion(config, chosen, overrides, facts, export, sources, about)


def _overrides(
    sizes: Sizes, data: str, embedding_dim: int, corrected_mask: bool, sees: bool
) -> list[str]:
    return [
        "model=attngan",
        f"data={data}",
        *encoder_overrides(sees),
        f"encoder.dim={sizes.text_dim}",
        f"encoder.text.embedding_dim={embedding_dim}",
        *sizes.overrides,
        "generator.initial_width=null",
        f"generator.legacy_mask={str(not corrected_mask).lower()}",
        *([] if sees else ["loss.damsm.stages=[]"]),  # no image encoder to judge with
        *([f"data.max_words={WORDS[data]}"] if data in WORDS else []),
    ]
