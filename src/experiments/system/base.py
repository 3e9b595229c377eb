"""What an algorithm offers to the loop; `trainer/loop.py` knows nothing else of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.order import Sampling
from experiments.data.text.pieces import Pieces
from experiments.data.text.reading import Reads, pieces_of, reads_of
from experiments.data.view.base import Part, View
from experiments.data.view.condition import view_for
from experiments.data.view.picture import PICTURE, PictureView
from experiments.frontend.distortion import Distortion
from experiments.system.seeding import Step
from experiments.terminal.error import UserError


@dataclass(frozen=True)
class Term:
    """One named part of a loss: a scalar and its weight."""

    value: Tensor
    weight: float = 1.0


TrainedOn = Literal["train", "test"]
Losses = dict[str, Term]
LossMethod = Callable[[Any, Step, int], Losses]


@dataclass(frozen=True)
class Phase:
    """A turn of the step: which modules train, on what loss, how often.

    `loss(shared, step, repeat)` gets what `prepare` returned. `repeats`: turns in each step;
    `interval`: steps between turns. `clip`: modules whose gradients the optimiser's bound holds
    for, all that train where empty. The name is the key of the optimiser in `conf/optim/`;
    `shares` names an earlier phase whose optimiser it uses instead. `later`: parts of the modules
    that are frozen, and in evaluation mode, until `start` images were seen. `rest`: images that are
    seen before its first turn.
    """

    name: str
    modules: tuple[nn.Module, ...]
    loss: LossMethod
    repeats: int = 1
    interval: int = 1
    clip: tuple[nn.Module, ...] = ()
    shares: str | None = None
    later: tuple[nn.Module, ...] = ()
    start: int = 0
    rest: int = 0

    def parameters(self) -> list[nn.Parameter]:
        return [parameter for module in self.modules for parameter in module.parameters()]


@dataclass(frozen=True)
class Samples:
    """What was made, by the name of its view: tensors (B, ...) of every stage, coarse to fine.
    Pictures are (B, 3, R, R); clips, sounds and others what their view says. attention (B, T, H, W)
    of each stage after the first, empty unless asked for. named: what the stages of a view are,
    where they are no resolutions: {"clip": ["foreground", "mask", "background", "clip"]}; a mask is
    -1 (0) to 1."""

    made: Mapping[str, list[Tensor]]
    attention: list[Tensor] = field(default_factory=list)
    named: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def named_of(self, name: str) -> dict[str, Tensor]:
        """The stages of a view by what they are, none where they are resolutions."""
        names = self.named.get(name, ())
        return dict(zip(names, self.made[name], strict=True)) if names else {}

    @property
    def images(self) -> list[Tensor]:
        """The pictures of every stage."""
        return self.made[PICTURE]

    @classmethod
    def cat(cls, parts: Iterable[Samples]) -> Samples:
        """What was made one part after another."""
        found = list(parts)
        made = {name: _cat(part.made[name] for part in found) for name in found[0].made}
        return cls(made, _cat(part.attention for part in found), found[0].named)


def _cat(parts: Iterable[list[Tensor]]) -> list[Tensor]:
    """Each stage of all parts."""
    return [torch.cat(stage) for stage in zip(*parts, strict=True)]


class System(nn.Module):
    """One algorithm: its networks, its phases and its losses. It knows no optimiser, device,
    rank, file or tracker."""

    trained_on: TrainedOn = "train"  # whose split its batches are of
    sampling: Sampling = "images"  # which records its batches have (`data/order.py`)
    # What `sample` makes, by the views that it is asked through: {("caption",): "picture"}.
    makes: Mapping[tuple[str, ...], str] = MappingProxyType({})
    # How it samples, where that is not plain, for protocols of scores and model cards.
    sampled_as: Mapping[str, str] = MappingProxyType({})
    truncates = False  # whether its noise in sampling can be truncated, and how it is now:
    truncation: float | None = None  # the scale of `truncation.truncated`, None: plain normal noise
    resolutions: list[int]  # of the pictures that it is given, where it is, smallest first
    fixed: tuple[str, ...] = ()  # networks of it that stay in evaluation mode

    def train(self, mode: bool = True) -> Self:
        """All but `fixed` networks, which are functions here: nothing of them follows a batch."""
        super().train(mode)
        for name in self.fixed:
            self.get_submodule(name).eval()
        return self

    @property
    def reads(self) -> Reads:
        """How captions are read for it: as its encoder reads them."""
        return reads_of(getattr(self, "encoder", None))

    @property
    def pieces(self) -> Pieces | None:
        """What cuts captions for it, where its encoder reads pieces of words."""
        return pieces_of(getattr(self, "encoder", None))

    @property
    def text_model(self) -> Any:
        """What its run has to know of a text model of `transformers`, None where it has none."""
        return getattr(getattr(self, "encoder", None), "text_model", None)

    def views(self) -> list[View]:
        """What it is given of each record, in the order in which it is drawn."""
        raise NotImplementedError

    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        """What it makes of what is asked, parts (B) by the names of their views, which are one of
        `makes`; of the seeds (B) alone where that is (). Each row depends on its own seed alone.
        """
        raise NotImplementedError

    def require_truncation(self, scale: float | None, key: str = "truncation") -> None:
        """Raise `UserError`, which begins with `key`, for what is no scale, and where the system
        draws from other noise."""
        if scale is not None and not 0 < scale <= 1:
            raise UserError(f"{key}={scale:g}: must be above 0 and not above 1, or null")
        if scale is not None and not self.truncates:
            name = type(self).__name__
            raise UserError(f"{key}={scale:g}: {name} draws no pictures of captions; set it null")

    @contextmanager
    def truncating(self, scale: float | None) -> Iterator[None]:
        """Draw from truncated noise for a while. Raises `UserError` as `require_truncation`."""
        self.require_truncation(scale)
        before, self.truncation = self.truncation, scale
        try:
            yield
        finally:
            self.truncation = before

    def phases(self) -> list[Phase]:
        """The turns of a step, in order."""
        raise NotImplementedError

    def prepare(self, batch: Batch, step: Step) -> Any:
        """What the phases share: text, noise, fakes; the batch alone where there is no more."""
        return batch

    def export_modules(self) -> dict[str, nn.Module]:
        """What the moving average follows and other runs load, by the name of its group."""
        raise NotImplementedError

    def drawing(self) -> list[str]:
        """The networks that `sample` needs, by their path: all that a model that is loaded holds,
        and an export of what draws. The others serve training and scores."""
        return list(self.export_modules())

    def compiled(self) -> list[nn.Module]:
        """What `trainer.compile` compiles: networks that are only ever called as a whole."""
        return list(self.children())

    def initialise(self) -> None:
        """Give fresh networks the initial weights of the paper; not called on a resumed run."""


class EmbeddingTraining(System):
    """Training of an encoder of captions and pictures, on pictures of one size."""

    encoder: nn.Module
    altered = 0  # captions with one wrong word that are made of each

    def __init__(
        self, encoder: nn.Module, image_size: int, distortion: Distortion | None = None
    ) -> None:
        """`distortion`: of what is heard, for encoders that hear."""
        super().__init__()
        self.encoder, self.resolutions = encoder, [image_size]
        self.distortion = distortion

    def views(self) -> list[View]:
        captions = view_for(self.encoder, distortion=self.distortion, altered=self.altered)
        return [captions, PictureView(self.resolutions)]

    def initialise(self) -> None:
        """Give a frozen image network the weights that it is to have, where a file holds them."""
        read = getattr(self.encoder.image, "read_weights", None)
        if read is not None:
            read()

    def compiled(self) -> list[nn.Module]:
        """The side of the pictures: PyTorch compiles no recurrent layers."""
        return [self.encoder.image]  # type: ignore[list-item]

    def export_modules(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder}


def reading(encoder: nn.Module) -> list[str]:
    """The networks of a system's encoder that read captions, by their path; the whole encoder where
    it does not say which they are."""
    found = getattr(encoder, "reading", None)
    return ["encoder"] if found is None else [f"encoder.{name}" for name in found]


def term(weight: float, compute: Callable[[], Tensor]) -> Term:
    """A term whose gradient is only followed where its weight is not zero."""
    with torch.set_grad_enabled(weight != 0 and torch.is_grad_enabled()):
        return Term(compute(), weight)
