"""The word loss, forward and backward: caption by caption against all at once.

python -m benchmarks.part.loss plain|product BATCH DEVICE
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.counting import operators
from benchmarks.plain.word_loss import word_scores
from benchmarks.row import Row, faster
from benchmarks.turns import serve, take_turns
from experiments.data.view.captions import before
from experiments.loss.damsm import DAMSMLoss
from experiments.machine.setup import set_up

BATCHES = (4, 20, 48)  # AttnGAN on a CPU, AttnGAN and DAMSM as published
DIM, LENGTH, REGIONS = 256, 18, 17 * 17
SHORTEST = LENGTH // 2  # words, where it is timed: few captions are shorter
Inputs = tuple[Tensor, Tensor, Tensor]
Loss = Callable[[Inputs], Tensor]


def measure(options: Namespace) -> list[Row]:
    """Times at every batch; the largest difference of losses and gradients; operators."""
    rows = []
    for batch in BATCHES:
        timings = take_turns(
            {n: ["benchmarks.part.loss", n, str(batch), options.device] for n in FORMS},
            options.rounds,
            1,
            f"word loss, batch {batch}",
            options.threads,
        )
        title = f"words, forward and backward, batch {batch}"
        rows.append(faster("loss", title, timings["plain"], timings["product"], f"loss {batch}"))
    most = max(difference(batch) for batch in BATCHES)
    counts = {form: [count(FORMS[form], batch) for batch in BATCHES] for form in FORMS}
    remark = "; ".join(f"{form}: {', '.join(map(str, found))}" for form, found in counts.items())
    more = counts["product"][-1] - counts["product"][0]
    return [
        *rows,
        Row("loss", "relative difference of loss and gradients", most, "", "loss difference"),
        Row(
            "loss",
            f"operators that batch {BATCHES[-1]} needs more than batch {BATCHES[0]}",
            more,
            "",
            "loss operators",
            remarks=[f"at batch {', '.join(map(str, BATCHES))}: {remark}"],
            details={"operators": counts},
        ),
    ]


def inputs(batch: int, device: str = "cpu", shortest: int = 1) -> Inputs:
    """words (B, D, T), zero on the padding, lengths (B,), regions (B, D, N)."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(shortest, LENGTH + 1, (batch,), generator=generator)
    words = torch.randn(batch, DIM, LENGTH, generator=generator) / DIM**0.5
    words = words * before(lengths, LENGTH)[:, None]
    regions = torch.randn(batch, DIM, REGIONS, generator=generator)
    parts = (words.to(device).requires_grad_(), lengths.to(device), regions.to(device))
    parts[2].requires_grad_()
    return parts


def plain(given: Inputs) -> Tensor:
    """As released."""
    words, lengths, regions = given
    return both_ways(word_scores(words, lengths, regions, DAMSMLoss()))


def product(given: Inputs) -> Tensor:
    """As a run has it."""
    words, lengths, regions = given
    return both_ways(DAMSMLoss().word_scores(words, before(lengths, LENGTH), regions))


def both_ways(scores: Tensor) -> Tensor:
    scores, target = 10.0 * scores, torch.arange(len(scores), device=scores.device)
    return F.cross_entropy(scores, target) + F.cross_entropy(scores.t(), target)


FORMS: dict[str, Loss] = {"plain": plain, "product": product}


def trained(form: Loss, given: Inputs) -> tuple[Tensor, Tensor, Tensor]:
    """The loss, and its gradients with respect to words and regions."""
    loss = form(given)
    by_words, by_regions = torch.autograd.grad(loss, [given[0], given[2]])
    return loss.detach(), by_words, by_regions


def difference(batch: int) -> float:
    """The largest of loss and gradients, relative to the norm of each."""
    pairs = zip(*(trained(form, inputs(batch)) for form in FORMS.values()), strict=True)
    return max(float((one - other).norm() / one.norm()) for one, other in pairs)


def count(form: Loss, batch: int) -> int:
    """Operators of forward and backward."""
    given = inputs(batch)
    with operators() as names:
        trained(form, given)
    return names.total()


def main(arguments: list[str]) -> None:
    """Serve one form."""
    form, batch, device = FORMS[arguments[0]], int(arguments[1]), arguments[2]
    launch = {"device": device, "threads": torch.get_num_threads()}
    set_up({**launch, "allocator": arguments[0] != "plain"}, 1)
    given, times = inputs(batch, device, SHORTEST), max(1, 40 // batch)

    def work() -> int:
        for _ in range(times):
            trained(form, given)
        return times * batch

    serve(work, device)


if __name__ == "__main__":
    main(sys.argv[1:])
