"""Make a run folder of weights that the authors of a method released.

    python -m experiments.convert attngan --generator bird_AttnGAN2.pth \\
        --text-encoder text_encoder200.pth --captions captions.pickle \\
        --out outputs/attngan-cub/released
    python -m experiments.convert stackgan_v2 --generator netG_210000.pth \\
        --out outputs/stackgan_v2-cub/released
    python -m experiments.convert dfgan --generator state_epoch_1220.pth \\
        --text-encoder text_encoder200.pth --captions captions_DAMSM.pickle \\
        --out outputs/dfgan-cub/released
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.terminal.command import Parser, answering
from experiments.terminal.line import show


def main(arguments: Sequence[str]) -> int:
    """Convert; returns the exit code."""
    return answering(lambda: _convert(_parser().parse_args(arguments)), "converted")


def _convert(options: argparse.Namespace) -> None:
    # Loaded here, so that --help and a mistake in the options answer at once.
    from experiments.convert.attngan import convert_attngan
    from experiments.convert.dfgan import convert_dfgan
    from experiments.convert.run import require_free, write_run
    from experiments.convert.stackgan_v2 import convert_stackgan_v2

    require_free(options.out)
    if options.method == "attngan":
        conversion = convert_attngan(
            options.generator,
            options.text_encoder,
            options.captions,
            options.data,
            options.corrected_mask,
            options.image_encoder,
            options.own_captions,
        )
    elif options.method == "dfgan":
        conversion = convert_dfgan(
            options.generator,
            options.text_encoder,
            options.captions,
            options.data,
            options.own_captions,
        )
    else:
        conversion = convert_stackgan_v2(options.generator, options.data)
    write_run(conversion, options.out)
    show(f"{conversion.about}; data={conversion.choices['data']}")
    if options.method != "stackgan_v2":
        show(f"draw: python run.py task=sample run={options.out} 'text=a small red bird'")
    else:
        show(f"draw, in Python: experiments.load({str(options.out)!r}).draw(sentences, seeds)")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m experiments.convert",
        description="Make a run folder of released weights; docs/convert.md says what fits.",
    )
    methods = parser.add_subparsers(dest="method", required=True, parser_class=Parser)
    attngan = methods.add_parser("attngan", help="a generator and a text encoder of AttnGAN")
    attngan.add_argument("--generator", type=Path, required=True, help="bird_AttnGAN2.pth")
    attngan.add_argument(
        "--image-encoder", type=Path, help="image_encoder200.pth, for training on with DAMSM"
    )
    attngan.add_argument(
        "--corrected-mask",
        action="store_true",
        help="without the released attention's fault: captions of one batch do not meet",
    )
    dfgan = methods.add_parser("dfgan", help="a generator of DF-GAN and AttnGAN's text encoder")
    dfgan.add_argument("--generator", type=Path, required=True, help="state_epoch_1220.pth")
    for method, captions in ((attngan, "captions.pickle"), (dfgan, "captions_DAMSM.pickle")):
        method.add_argument("--text-encoder", type=Path, required=True, help="text_encoder200.pth")
        method.add_argument(
            "--captions", type=Path, required=True, help=f"{captions}, for its vocabulary"
        )
        method.add_argument(
            "--own-captions",
            action="store_true",
            help="the text encoder was trained with this very file, not with the released one",
        )
    stackgan = methods.add_parser("stackgan_v2", help="a generator of StackGAN-v2")
    stackgan.add_argument("--generator", type=Path, required=True, help="netG_210000.pth")
    for method in (attngan, dfgan, stackgan):
        method.add_argument("--out", type=Path, required=True, help="new folder of the run")
        method.add_argument("--data", help="option of conf/data/; cub, or coco at its width")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
