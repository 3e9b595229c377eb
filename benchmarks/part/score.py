"""The root in a Fréchet distance of 2048 features: torchmetrics' way against the product's.

python -m benchmarks.part.score plain|product IMAGES
"""

from __future__ import annotations

import sys
from argparse import Namespace

import torch
from torch import Tensor

from benchmarks.row import Row, faster
from benchmarks.turns import serve, take_turns
from experiments.machine.setup import set_up
from experiments.metric.frechet import Moments, trace_of_root

DIM = 2048
COUNTS = (3000, 500)  # images: of full rank, and of less
FULL = COUNTS[0]


def measure(options: Namespace) -> list[Row]:
    """Both counts. Eigenvalues of a product without full rank are exact to seven digits at best, so
    the difference is held to the bar where rank is full."""
    rows = []
    for count in COUNTS:
        timings = take_turns(
            {n: ["benchmarks.part.score", n, str(count)] for n in ("plain", "product")},
            options.rounds,
            1,
            f"Fréchet root, {count} images",
            options.threads,
        )
        one, other = timings["plain"], timings["product"]
        far = abs(one.found["trace"] - other.found["trace"]) / abs(one.found["trace"])
        title = f"{count} images a side, {DIM} features"
        rows.append(faster("score", f"Fréchet root, {title}", one, other, f"score {count}"))
        key = "score difference" if count >= FULL else None
        rows.append(Row("score", f"relative difference, {title}", far, "", key))
    return rows


def eigenvalues_of_product(first: Moments, second: Moments) -> Tensor:
    """Tr (S1 S2)^(1/2) as torchmetrics has it."""
    product = first.covariance @ second.covariance
    return torch.linalg.eigvals(product).sqrt().real.sum()


def moments(count: int, dim: int = DIM) -> tuple[Moments, Moments]:
    """Of features whose directions differ in spread, as an extractor's do."""
    generator = torch.Generator().manual_seed(0)
    spread = torch.linspace(0, -2, dim, dtype=torch.float64).exp()
    features = [
        torch.randn(count, dim, generator=generator, dtype=torch.float64) * spread + shift
        for shift in (0.0, 0.1)
    ]
    return Moments.of(features[0]), Moments.of(features[1])


FORMS = {"plain": eigenvalues_of_product, "product": trace_of_root}


def main(arguments: list[str]) -> None:
    """Serve one form."""
    launch = {"device": "cpu", "threads": torch.get_num_threads()}
    set_up({**launch, "allocator": arguments[0] != "plain"}, 1)
    form, pair = FORMS[arguments[0]], moments(int(arguments[1]))

    def work() -> int:
        form(*pair)
        return 1

    serve(work, "cpu", after=lambda: {"trace": float(form(*pair))})


if __name__ == "__main__":
    main(sys.argv[1:])
