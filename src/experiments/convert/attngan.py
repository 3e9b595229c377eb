"""AttnGAN as its authors released it (Xu et al. 2018): the generator and the encoders.

All files hold a state dict alone, of modules called `ca_net`, `h_net1`, ... in the one and
`encoder`, `rnn` in another; the third is that of `damsm.py`. The halves of a GLU, [condition,
noise], [map, context] and the gates of the LSTM stand in the same order here, so that no weight is
permuted.
"""

from __future__ import annotations

from pathlib import Path

import torch.nn.functional as F

from experiments.convert.damsm import encoder_export, encoder_overrides, read_image_encoder
from experiments.convert.form import require_form
from experiments.convert.kind import ATTNGAN, TEXT_ENCODER, require
from experiments.convert.run import Conversion, compose_run, empty
from experiments.convert.stages import Sizes, released_names, sizes_of
from experiments.convert.state import ReleasedState
from experiments.convert.word_order import FEWEST, is_python2_order
from experiments.data.layout.pickle_lists import pickled_words
from experiments.data.text.vocabulary import Vocabulary
from experiments.run.fact import facts_of_release
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

WORDS = {"cub": 25, "coco": 20}  # of a caption: cfg/eval_bird.yml, cfg/eval_coco.yml
COCO = (48, 3)  # GF_DIM and R_NUM of cfg/coco_attn2.yml
EMBEDDING = "encoder.weight"
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
    require_form(captions, "captions")
    words = pickled_words(captions)
    text, pictures = ReleasedState.read(text_encoder), ReleasedState.read(generator)
    require(text, TEXT_ENCODER)
    require(pictures, ATTNGAN)
    if ONE_PICTURE in pictures.tensors:
        raise pictures.refusal(
            f"{ONE_PICTURE} is not known: AttnDCGAN draws the last stage alone and is not converted"
        )
    sizes = sizes_of(pictures, "; is this the generator of AttnGAN?")
    dim, embedding_dim = _text_sizes(text, words, captions)
    if is_python2_order(words[1:]) is False and not own_captions:
        raise UserError(_other_order(captions, words))
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
    vocabulary = Vocabulary(words)
    facts = facts_of_release(vocabulary)
    # `<unk>`, which the release has not, gets a row that says nothing.
    rows = len(vocabulary) - len(words)
    text.tensors[EMBEDDING] = F.pad(text.tensors[EMBEDDING], (0, 0, 0, rows))
    export = {
        "generator": pictures.fit(
            empty(config["generator"], facts),
            released_names(sizes, {"attention.project": "att.conv_context"}),
        ),
        "encoder": encoder_export(empty(config["encoder"], facts), text, seen),
    }
    sources = {"generator": pictures, "text_encoder": text}
    sources |= {} if seen is None else {"image_encoder": seen}
    about = f"AttnGAN: {sizes}; {number_of(len(words), 'word')}{_told_order(words)}"
    return Conversion(config, chosen, overrides, facts, export, sources, about)


def _text_sizes(text: ReleasedState, words: list[str], captions: Path) -> tuple[int, int]:
    """Features of a word, and of its embedding."""
    rows, embedding_dim = text.shape(EMBEDDING, 2, "; is this AttnGAN's text encoder?")
    if rows != len(words):
        raise UserError(
            f"{text.path}: {EMBEDDING} has {number_of(rows, 'word')}, and {captions} has "
            f"{len(words)}; take the "
            "captions.pickle that the encoder was trained with"
        )
    # One layer of an LSTM in both directions; what else it may be has other shapes and names.
    _, hidden = text.shape("rnn.weight_hh_l0", 2)
    return 2 * hidden, embedding_dim


def _told_order(words: list[str]) -> str:
    found = is_python2_order(words[1:])
    if found is None:
        return f", too few to tell whether their order is the released one (from {FEWEST} on)"
    return " in the order of Python 2, as released" if found else " in an order of your own"


def _other_order(captions: Path, words: list[str]) -> str:
    return (
        f"{captions}: its {number_of(len(words), 'word')} do not stand in the order of Python 2, "
        "with which the "
        "released files were written: this one was written anew, and a released encoder takes "
        "each word for another; take the captions.pickle of the metadata that the README of "
        "taoxugit/AttnGAN links (its eval/data/ has that of birds), or add --own-captions if the "
        "encoder was trained with this very file"
    )


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
