"""What the project asks of itself: the least gain, or the most that something may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """A figure must be at least `value`, or at most that."""

    value: float
    most: bool = False

    def reached(self, figure: float) -> bool:
        return figure <= self.value if self.most else figure >= self.value

    def __str__(self) -> str:
        return f"{'<=' if self.most else '>='} {self.value:,.6g}"


def at_least(value: float) -> Bar:
    return Bar(value)


def at_most(value: float) -> Bar:
    return Bar(value, most=True)


# By what is measured. Ratios are plain to product, but for memory and the start, which are shares.
BARS = {
    "step attngan cub fp32": at_least(1.5),
    "step attngan cub bf16": at_least(2.2),
    "step attngan cub bf16 compiled": at_least(2.8),
    "step attngan_4stage cub bf16 compiled": at_least(3.5),
    "step damsm cub bf16": at_least(2.5),
    "step stackgan_stage2 cub bf16": at_least(2.2),
    "step stackgan_stage1 cub bf16": at_least(2.0),
    "step gan_cls cub bf16": at_least(1.9),
    "step wav2pix folder fp32": at_least(1.5),
    "step tgans_c digits fp32": at_least(1.5),
    "step cmcgan plumage_song fp32": at_least(1.5),
    "memory bf16": at_most(0.8),
    "sample bf16 compiled": at_least(2.5),
    "loss 20": at_least(2.0),
    "loss 48": at_least(2.0),
    "loss difference": at_most(1e-5),
    "loss operators": at_most(0),  # more at batch 48 than at batch 4
    "stored frames": at_least(10.0),
    "log-mel difference": at_most(1e-3),
    "operators": at_most(2600),
    "scalar reads": at_most(0),
    "data 256": at_least(15.0),
    "data 512": at_least(8.0),
    "stores pixels": at_least(10.0),
    "stores encoded": at_least(1.5),
    "stores stream": at_least(1.0),
    "recordings alone": at_least(10.0),
    "recordings batched": at_least(10.0),
    "songs alone": at_least(10.0),
    "songs batched": at_least(10.0),
    "clips uint8": at_least(10.0),
    "clips floats": at_least(10.0),
    "pyramid": at_most(0),
    "waiting": at_most(0.01),  # of the time
    "score 3000": at_least(2.0),
    "score 500": at_least(10.0),
    "score difference": at_most(1e-10),
    "start": at_most(0.35),
    "imports": at_most(0),
    "quickstart": at_most(8.0),  # seconds
    "busy quiet": at_least(0.9),  # of the speed
    "busy before": at_least(0.5),
    "busy after": at_least(0.5),
    "busy again": at_least(0.9),
    "build": at_most(0),  # orthogonal initialisations
    "page start": at_most(6.0),
    "page typed": at_most(1.0),
    "page spoken": at_most(2.0),
}
