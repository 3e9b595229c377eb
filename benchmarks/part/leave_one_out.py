"""What each thing that makes the product's step fast gives: the step without it, in turns with all.

python -m benchmarks.part.leave_one_out SWITCH CASE(JSON) DEVICE STEPS
"""

from __future__ import annotations

import itertools
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch

from benchmarks.case import Case, prepare
from benchmarks.plain.word_loss import word_scores
from benchmarks.row import Row
from benchmarks.turns import WARM_UP, serve, take_turns
from experiments.data.view.caption import Captions, CaptionView
from experiments.discriminator import together
from experiments.discriminator.base import Discriminator
from experiments.generator.block import UpConv
from experiments.loss.damsm import DAMSMLoss
from experiments.machine.rank import Ranks
from experiments.machine.setup import set_up
from experiments.trainer import training as train
from experiments.trainer.training import Training
from experiments.trainer.turn import Turn, let_train

CASE = Case("attngan", "cub", 4)
ALL, COMPILE, PRECISION, ALLOCATOR = "nothing", "compiled networks", "bfloat16", "allocator"
NOT_ON = "is not on"  # the note of a switch that changes nothing here


def measure(options: Namespace) -> Iterator[Row]:
    """A row for each switch that is on; the figure is how much slower the step is without it."""
    case = CASE
    if options.model or options.data or options.batch or options.set:
        model, data = options.model or CASE.model, options.data or CASE.data
        case = Case(model, data, options.batch, options.set)
    for name in [*([COMPILE] if options.compile else []), PRECISION, ALLOCATOR, *SWITCHES]:
        passed = [json.dumps(case.to_dict()), options.device, str(options.compile)]
        timings = take_turns(
            {which: ["benchmarks.part.leave_one_out", which, *passed] for which in (ALL, name)},
            options.rounds,
            WARM_UP,
            f"{case.name} without {name}",
            options.threads,
        )
        without, best = timings[name], timings[ALL]
        if without.note == NOT_ON:
            continue
        ratio = without.seconds / best.seconds
        yield Row("without", f"{name}, {case.name}", ratio, "x", None, without, best)


def unfreeze_judges(training: Training) -> bool:
    """Every phase computes the gradients of all networks; the others' are thrown away."""

    def everything(_: Iterable[Turn], turns: Iterable[Turn]) -> None:
        turns = list(turns)
        let_train(turns, turns)

    train.let_train = everything  # type: ignore[assignment]
    for turn in training.turns:
        turn.update = _then_clear(turn.update, training)  # type: ignore[assignment,method-assign]
    return len(training.turns) > 1


def _then_clear(update: Callable[[int], None], training: Training) -> Callable[[int], None]:
    def cleared(images: int) -> None:
        update(images)
        for turn in training.turns:
            turn.optimiser.zero_grad(set_to_none=True)

    return cleared


def judge_batches_apart(training: Training) -> bool:
    """Real and generated pictures one after the other through every convolution."""
    judge = getattr(training.system, "discriminator", None)
    if not isinstance(judge, Discriminator):
        return False
    trunks, heads = judge.trunks, judge.heads

    def trunks_apart(batches: Any) -> Any:
        return [trunks([images])[0] for images in batches]

    def heads_apart(features: Any, conditions: Any) -> Any:
        return [heads([maps], [told])[0] for maps, told in zip(features, conditions, strict=True)]

    judge.trunks, judge.heads = trunks_apart, heads_apart  # type: ignore[method-assign]
    return True


def convolve_by_layer(training: Training) -> bool:
    """Convolutions whose kernels outweigh their maps as the layers do them."""
    on = training.ranks.device.type == "cpu"
    together.as_product = lambda layer, x: layer(x)
    return on


def unfuse_optimisers(training: Training) -> bool:
    """From parameter to parameter."""
    for turn in training.turns:
        for group in turn.optimiser.param_groups:
            group["fused"] = group["foreach"] = False
    return True


def double_then_convolve(training: Training) -> bool:
    """Up-sampling as published."""
    layers = [layer for layer in training.system.modules() if isinstance(layer, UpConv)]
    changed = any(layer.fast for layer in layers)
    for layer in layers:
        layer.fast = False
    return changed


def caption_by_caption(training: Training) -> bool:
    """The word loss as released."""
    settings = getattr(training.system, "damsm", None)
    if not isinstance(settings, DAMSMLoss):
        return False

    def scores(words: torch.Tensor, mask: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
        return word_scores(words.float(), mask.sum(dim=1), regions.float(), settings)

    settings.word_scores = scores  # type: ignore[method-assign]
    return True


def average_one_by_one(training: Training) -> bool:
    """Each weight of the moving average on its own."""
    ema = training.ema

    @torch.no_grad()
    def update(batch: int, images: int) -> None:
        for average, weight in zip(*ema._pairs, strict=True):
            average.lerp_(weight, 1e-3)

    ema.update = update  # type: ignore[method-assign]
    return bool(ema._pairs[0])


def read_captions(training: Training) -> bool:
    """The frozen text encoder in every step."""
    encode = next((v.encoder for v in training.system.views() if isinstance(v, CaptionView)), None)
    if encode is None:
        return False
    make = training.system.prepare

    def prepare_anew(batch: Any, step: Any) -> Any:
        with torch.no_grad():
            captions = batch.of(Captions)
            encode.encode_text(captions.tokens, captions.lengths)  # type: ignore[operator]
        return make(batch, step)

    training.system.prepare = prepare_anew  # type: ignore[assignment]
    return True


def pictures_as_resized(training: Training) -> bool:
    """Pictures as resizing leaves them, channels last, whatever the networks' layout."""
    on = training.layout == torch.contiguous_format
    training.layout = torch.channels_last
    return on


SWITCHES: dict[str, Callable[[Training], bool]] = {
    "layout of pictures": pictures_as_resized,
    "frozen discriminators": unfreeze_judges,
    "batches judged together": judge_batches_apart,
    "convolutions as products": convolve_by_layer,
    "fused optimisers": unfuse_optimisers,
    "fast up-sampling": double_then_convolve,
    "word loss of all captions": caption_by_caption,
    "average of all weights": average_one_by_one,
    "captions encoded once": read_captions,
}


def main(arguments: list[str]) -> None:
    """Serve the product's step without one thing."""
    without, case, device = arguments[0], Case(**json.loads(arguments[1])), arguments[2]
    compiled = arguments[3] == "True" and without != COMPILE
    launch = {"device": device, "threads": torch.get_num_threads()}
    set_up({**launch, "allocator": without != ALLOCATOR}, 1)
    ranks = Ranks(device)
    prepared = prepare(case, ranks.device)
    wanted = "fp32" if without == PRECISION else "auto"
    training = prepared.training(ranks, wanted, compiled)
    on = SWITCHES[without](training) if without in SWITCHES else True
    if without == PRECISION:
        on = prepared.training(ranks, "auto").precision != torch.float32
    batches = [prepared.batches.at(number * prepared.batch) for number in range(4)]
    turn = itertools.count()

    def work() -> int:
        training.step(batches[next(turn) % len(batches)])
        training.advance()
        return prepared.batch

    serve(work, device, "" if on else NOT_ON)


if __name__ == "__main__":
    main(sys.argv[1:])
