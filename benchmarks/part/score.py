"""The root in a Fréchet distance of 2048 features: torchmetrics' way against the product's.

python -m benchmarks.part.score plain|product IMAGES
"""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import NamedTuple

import torch
from torch import Tensor

from benchmarks.row import Row, faster
from benchmarks.turns import serve, take_turns
from experiments.machine.setup import set_up
from experiments.metric.frechet import factor_of, gaussian, trace_of_root

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


class Side(NamedTuple):
    """Covariance (d, d), and centred features that are a factor of it, where they are few."""

    covariance: Tensor
    few: Tensor | None


def eigenvalues_of_product(first: Side, second: Side) -> Tensor:
    """Tr (S1 S2)^(1/2) as torchmetrics has it."""
    return torch.linalg.eigvals(first.covariance @ second.covariance).sqrt().real.sum()


def singular_values(first: Side, second: Side) -> Tensor:
    """The same by way of factors."""
    factors = [factor_of(s.covariance) if s.few is None else s.few for s in (first, second)]
    return trace_of_root(*factors)


def sides(count: int, dim: int = DIM) -> list[Side]:
    """Of features whose directions differ in spread, as an extractor's do."""
    generator = torch.Generator().manual_seed(0)
    spread = torch.linspace(0, -2, dim, dtype=torch.float64).exp()
    found = []
    for shift in (0.0, 0.1):
        rows = torch.randn(count, dim, generator=generator, dtype=torch.float64) * spread + shift
        found.append(Side(rows.T.cov(), gaussian(rows).factor if count < dim else None))
    return found


FORMS = {"plain": eigenvalues_of_product, "product": singular_values}


def main(arguments: list[str]) -> None:
    """Serve one form."""
    launch = {"device": "cpu", "threads": torch.get_num_threads()}
    set_up({**launch, "allocator": arguments[0] != "plain"}, 1)
    form, pair = FORMS[arguments[0]], sides(int(arguments[1]))

    def work() -> int:
        form(*pair)
        return 1

    serve(work, "cpu", after=lambda: {"trace": float(form(*pair))})


if __name__ == "__main__":
    main(sys.argv[1:])
