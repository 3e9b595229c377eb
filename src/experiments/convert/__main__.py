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
from typing import NoReturn

from experiments.terminal.error import USER_ERROR, UserError, as_user_error
from experiments.terminal.interrupt import Stopped, leaving
from experiments.terminal.line import say, show
from experiments.terminal.stream import settle


class _Parser(argparse.ArgumentParser):
    """One that gives a line for a mistake, and not its usage."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; {self.prog} --help says what there is")


def main(arguments: Sequence[str]) -> int:
    """Convert; returns the exit code. User errors are lines, never tracebacks."""
    settle()
    with leaving():
        return _main(arguments)


def _main(arguments: Sequence[str]) -> int:
    try:
        _convert(_parser().parse_args(arguments))
    except Stopped as stopped:
        say("stopped; nothing was converted")
        return stopped.code
    except Exception as error:
        known = as_user_error(error)
        if known is None:
            raise
        for line in str(known).splitlines():
            say(f"error: {line}")
        return USER_ERROR
    return 0


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
    parser = _Parser(
        prog="python -m experiments.convert",
        description="Make a run folder of released weights; docs/convert.md says what fits.",
    )
    methods = parser.add_subparsers(dest="method", required=True, parser_class=_Parser)
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
