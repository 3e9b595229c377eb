"""Log-mel frames of a batch at once, against clip by clip in NumPy, as released.

python -m benchmarks.part.frontend plain|product|stored BATCH DEVICE
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from benchmarks.plain.log_mel import PlainLogMel
from benchmarks.row import Row, faster
from benchmarks.turns import serve, take_turns
from experiments.frontend.log_mel import LogMel

BATCH, CLIPS = 32, 64  # at a time, in a turn
SETTINGS = {"rate": 22050, "n_fft": 551, "hop": 220, "bins": 40}
SECONDS = (1.6, 4.0)  # of a spoken caption
Inputs = tuple[Tensor, Tensor]


def measure(options: Namespace) -> list[Row]:
    """Waves to frames; what is left of it in training, where they are stored; the difference."""
    timings = take_turns(
        {n: ["benchmarks.part.frontend", n, str(BATCH), options.device] for n in FORMS},
        options.rounds,
        1,
        "log-mel frames",
        options.threads,
    )
    plain, ours, stored = timings["plain"], timings["product"], timings["stored"]
    return [
        faster("frontend", "log-mel of a clip", plain, ours),
        faster(
            "frontend",
            "of it in training: normalising stored frames",
            plain,
            stored,
            "stored frames",
        ),
        Row("frontend", "largest difference of a frame", difference(), "", "log-mel difference"),
    ]


def inputs(batch: int, device: str = "cpu") -> Inputs:
    """waves (B, N), zero on the padding, lengths (B,)."""
    generator = torch.Generator().manual_seed(0)
    shortest, longest = (int(seconds * SETTINGS["rate"]) for seconds in SECONDS)
    lengths = torch.randint(shortest, longest + 1, (batch,), generator=generator)
    lengths[0] = longest
    waves = 0.1 * torch.randn(batch, longest, generator=generator)
    waves = waves * (torch.arange(longest) < lengths[:, None])
    return waves.to(device), lengths.to(device)


def plain(given: Inputs) -> Callable[[], object]:
    """Each clip by itself."""
    made = PlainLogMel(**SETTINGS)
    waves, lengths = (part.cpu().numpy() for part in given)
    clips = [wave[:length] for wave, length in zip(waves, lengths, strict=True)]
    return lambda: [made(clip) for clip in clips]


def product(given: Inputs) -> Callable[[], object]:
    """All at once."""
    made = LogMel(**SETTINGS)
    return lambda: made.normalise(*made(*given))


def stored(given: Inputs) -> Callable[[], object]:
    """What a step does: it has the frames."""
    made = LogMel(**SETTINGS)
    frames, lengths = made(*given)
    frames = frames.half()
    return lambda: made.normalise(frames, lengths)


FORMS = {"plain": plain, "product": product, "stored": stored}


def difference() -> float:
    """Between the two forms, of values whose deviation is 1."""
    given = inputs(4)
    one, other = plain(given)(), product(given)()
    assert isinstance(one, list) and isinstance(other, Tensor)
    pairs = zip(one, other.numpy(), strict=True)
    return max(float(np.abs(clip - row[: len(clip)]).max()) for clip, row in pairs)


def main(arguments: list[str]) -> None:
    """Serve one form."""
    form, batch, device = arguments[0], int(arguments[1]), arguments[2]
    work = FORMS[form](inputs(batch, device))

    def turn() -> int:
        for _ in range(CLIPS // batch):
            work()
        return CLIPS

    serve(turn, device)


if __name__ == "__main__":
    main(sys.argv[1:])
