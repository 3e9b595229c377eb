"""How well a ranking finds what it should: average precision, and recall among the first.

Things that are equally near stand in an order drawn at random, and what is given is the mean over
all of these orders, exactly (McSherry and Najork 2008). So no order of the rows changes a value,
and the value of chance is that of a ranking where all are equally near. torchmetrics' functions
break ties by row, and take a nearness of 0 or less, as cosines may have, for nothing found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize

DECIMALS = 6  # of a cosine; what differs less is rounding of float32, and equally near


def cosines(queries: Tensor, gallery: Tensor) -> Tensor:
    """(q, n) float64 of queries (q, d) and a gallery (n, d)."""
    products = normalize(queries.double(), dim=1) @ normalize(gallery.double(), dim=1).T
    return products.round(decimals=DECIMALS)


def average_precision(nearness: Tensor, relevant: Tensor) -> Tensor:
    """(q,) float64: the mean, over what is relevant to a query, of the share of relevant ones down
    to its place; NaN for a query that nothing is relevant to.

    nearness: (q, n), larger is nearer. relevant: (q, n) bool.
    """
    nearness, order = nearness.sort(dim=1, descending=True)
    hit = relevant.gather(1, order).double()
    # Runs of equals: how many before, how many in it, and how many of either are relevant.
    run = torch.zeros_like(hit, dtype=torch.int64)
    run[:, 1:] = (nearness[:, 1:] != nearness[:, :-1]).cumsum(1)
    size = torch.zeros_like(hit).scatter_add_(1, run, torch.ones_like(hit))
    hits = torch.zeros_like(hit).scatter_add_(1, run, hit)
    before, hits_before = size.cumsum(1) - size, hits.cumsum(1) - hits
    size, hits, before, hits_before = (x.gather(1, run) for x in (size, hits, before, hits_before))
    place = torch.arange(hit.shape[1], device=hit.device) - before  # in its run, from 0
    # Relevant at a place of its run is hits / size of all orders; in these, each place before it
    # in the run is one of the hits - 1 others among size - 1.
    others = place * (hits - 1) / (size - 1).clamp_min(1)
    precision = (hits_before + 1 + others) / (before + place + 1)
    return (hits / size * precision).sum(1) / hit.sum(1)


def recall_at(nearness: Tensor, relevant: Tensor, counts: Sequence[int]) -> Tensor:
    """(q, counts) float64: whether one of so many nearest is relevant, of equals the share of their
    orders where it is; NaN for a query that nothing is relevant to. Arguments as above."""
    best = nearness.masked_fill(~relevant, -math.inf).amax(1, keepdim=True)
    nearer = (nearness > best).sum(1)
    equal = nearness == best
    size, hits = equal.sum(1), (equal & relevant).sum(1)
    found = []
    for count in counts:
        left = (count - nearer).clamp(min=0)
        left = left.minimum(size)
        # None of the places left goes to a hit: C(size - hits, left) / C(size, left).
        misses = _log_choose(size - hits, left) - _log_choose(size, left)
        found.append(torch.where(left > size - hits, 1.0, 1 - misses.exp()))
    nothing = ~relevant.any(1, keepdim=True)
    return torch.stack(found, 1).masked_fill(nothing, torch.nan)


def _log_choose(of: Tensor, count: Tensor) -> Tensor:
    """log C(of, count); whatever where count > of."""
    of, count = of.double(), count.double()
    rest = (of - count).clamp_min(0)
    return torch.lgamma(of + 1) - torch.lgamma(count + 1) - torch.lgamma(rest + 1)
