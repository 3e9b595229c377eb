"""A trained run as a model in Python: `load(folder).sample([...])`. `task=sample` draws with it.

What it is asked for it reads as the views of its system do (`data/view/`): captions, recordings
where it listens, or whatever else a system says by `makes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from experiments.data.text.reading import Reader
from experiments.data.view.base import Part, View
from experiments.data.view.caption import CAPTION, CaptionView
from experiments.data.view.picture import PICTURE
from experiments.machine.setup import precision as dtype_of
from experiments.run.state import Named, named
from experiments.sample.fitting import fitting
from experiments.sample.opened import opened
from experiments.system.base import Samples, System
from experiments.system.seeding import noise_of
from experiments.system.text import OfText, Text, encoded
from experiments.system.text_to_image import TextToImage
from experiments.system.truncation import truncated
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of


def load(
    folder: str | Path, device: str = "cpu", precision: str = "fp32", compiled: bool = False
) -> Model:
    """The model of a run, or of an export of one. `folder`: of the run, or its id where it lies in
    `outputs`; with `@4000` the state after so many images, with `@best` the best one
    (`trainer.keep_best`).

    `precision`: fp32, bf16, fp16, or auto, bf16 where the device multiplies it; `compiled`: what
    draws, which takes a minute and pays for hundreds of pictures. Both change pictures by a few
    grey levels, and neither changes the text. Raises `UserError` as `opened`.
    """
    return Model.of(named(str(folder)), device, precision, compiled)


class Model:
    """A trained system, and how it reads what it is asked for.

    A picture is a function of its caption, its seed and the weights. Other captions of the same
    call change sums in their rounding, which is one grey level at most.
    """

    def __init__(
        self, system: System, facts: Mapping[str, Any], config: Mapping[str, Any], images: int
    ) -> None:
        """`facts`: what the run knows of its data, as the words of the vocabulary. `config`: of the
        run."""
        self.system, self.config, self.images = system, config, images
        self.place: Path | None = None  # what `load` read,
        self.at: str | None = None  # and the state of it
        self.precision = torch.float32
        self.views = {view.name: view.asked(facts, config) for view in system.views()}
        # The released attention applies one sample's padding to another; alone, it has its own.
        self._mixes = any(
            getattr(module, "legacy_mask", False) or not getattr(module, "mask_padding", True)
            for module in system.modules()
        )

    @classmethod
    def of(cls, run: Named, device: str, precision: str = "fp32", compiled: bool = False) -> Self:
        """See `load`."""
        with fitting(run.folder):
            model = cls(*opened(run, device))
        model.place, model.at = run.folder, run.at
        model.quicken(precision, compiled)
        return model

    @property
    def batch(self) -> int:
        """How many are made together."""
        made = [self.views[name].together for name in self.system.makes.values()]
        return 1 if self._mixes else min(made, default=View.together)

    @property
    def captions(self) -> CaptionView:
        """How it reads captions, or hears them. Raises `UserError` where it does neither."""
        for view in self.views.values():
            if isinstance(view, CaptionView):
                return view
        raise UserError(f"{CAPTION}: {self._offer()}")

    @property
    def reader(self) -> Reader:
        """What makes tokens of captions that are read."""
        return self.captions.reader

    @property
    def longest(self) -> int:
        """Tokens of a caption that are read."""
        return self.captions.longest

    @property
    def generator(self) -> Any:
        return self.system.generator

    @property
    def attends(self) -> bool:
        """Whether what draws of captions takes their words."""
        picture = getattr(self.generator, "picture", self.generator)  # of a clip that begins so
        return bool(getattr(picture, "attends", False))

    @property
    def device(self) -> torch.device:
        return next(self.system.parameters()).device

    def quicken(self, precision: str, compiled: bool) -> None:
        """See `load`. Raises `UserError` for a precision that there is none of."""
        choices = ("fp32", "bf16", "auto", "fp16")
        if precision not in choices:
            raise UserError(f"precision={precision}: choose one of {', '.join(choices)}")
        self.precision = dtype_of(precision, self.device)
        for network in self.system.compiled() if compiled else []:
            network.compile(fullgraph=True)

    def autocast(self) -> AbstractContextManager[Any]:
        """Of what draws."""
        wanted = self.precision != torch.float32
        return torch.autocast(self.device.type, self.precision, enabled=wanted)

    def sample(
        self,
        captions: Sequence[str] | None = None,
        seed: int = 0,
        count: int = 1,
        **asked: Sequence[Any],
    ) -> list[Any]:
        """One result of the last stage for each caption, the first with `seed`, the next with
        `seed` + 1, and so on: Pillow's pictures, or what else the run makes.

        `asked`: the same of other views, by name, an input for each result: `speech`, files or
        pairs of samples and their rate, of a run that listens. `count`: of results, where the run
        is asked for nothing. Raises `UserError` for a caption that says nothing to the model, and
        for what the run cannot be asked for.
        """
        request = asked if captions is None else {CAPTION: captions, **asked}
        given = self.read(request)  # a mistake in the last input is told before anything is made
        view, found = self.views[self.system.makes[self._key(request)]], list[Any]()
        for part in self.parts(len(next(iter(request.values()))) if request else count):
            seeds = list(range(seed + part.start, seed + part.stop))
            made = self.make({name: rows.cut(part) for name, rows in given.items()}, seeds)
            found += view.handed(made.made[view.name][-1])
        return found

    def sing(self, pictures: Sequence[Any], seed: int = 0) -> list[Any]:
        """What pictures sound like, of a run that makes sounds: pairs of samples (N,) and their
        rate, as `sample(picture=...)` gives them."""
        return self.sample(seed=seed, picture=pictures)

    def stages(self, captions: Sequence[Any], seeds: list[int], attention: bool = False) -> Samples:
        """Every stage as tensors, one seed for each caption, or recording where the run listens."""
        return self.make(self.read({self.captions.name: captions}), seeds, attention)

    def make(self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False) -> Samples:
        """Every stage as tensors of what `read` gave, one seed for each row."""
        parts = self.parts(len(seeds)) if self.batch == 1 else [slice(0, len(seeds))]
        given = {name: part.to(self.device) for name, part in asked.items()}
        with fitting(self.place), self.autocast():
            return Samples.cat(
                self.system.sample(
                    {name: part.cut(rows) for name, part in given.items()}, seeds[rows], attention
                )
                for rows in parts
            )

    def read(self, request: Mapping[str, Sequence[Any]]) -> dict[str, Part]:
        """Inputs by the name of their view, an entry for each result, as the system gets them.

        Raises `UserError` for a view that the run cannot be asked through, for one that it has to
        be, and for an input that says nothing to it.
        """
        self._key(request)
        for name, inputs in request.items():
            if isinstance(inputs, str | Path):
                raise UserError(f"{name}: give a list, as [{str(inputs)!r}]")
            if not hasattr(inputs, "__len__"):
                told = f"an entry for each result; {type(inputs).__name__} is none"
                raise UserError(f"{name}: give a list, {told}")
        counts = {name: len(inputs) for name, inputs in request.items()}
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{count} of {name}" for name, count in counts.items())
            raise UserError(f"{told}: give as many of each")
        return {name: self.views[name].read(inputs) for name, inputs in request.items()}

    def _key(self, request: Mapping[str, Any]) -> tuple[str, ...]:
        """Which of the ways to be asked a request is. Raises `UserError` where it is none."""
        names, ways = set(request), list(self.system.makes)
        for way in ways:
            if set(way) == names:
                return way
        for name in request:
            if not any(name in way for way in ways):
                raise UserError(f"{name}: {self._offer()}")
        missing = [name for way in ways if names < set(way) for name in way if name not in names]
        told = f"{missing[0]}: is missing" if missing else f"{', '.join(request)}: not together"
        raise UserError(f"{told}; {self._offer()}")

    def _offer(self) -> str:
        """What the run can be asked for."""
        ways = self.system.makes.items()
        told = [f"a {made} of {' and '.join(way) or 'noise alone'}" for way, made in ways]
        shown = [self.views[way[0]].example for way in self.system.makes if len(way) == 1]
        example = f", as {shown[0]}" if shown and shown[0] else ""
        return f"this run makes {', or '.join(told)}{example}"

    def draw(self, sentences: Tensor, seeds: list[int]) -> Samples:
        """Every stage from sentence embeddings (B, D), one seed for each. Raises `UserError` where
        the system also needs the words of a caption."""
        if self.generator.attends:
            name = type(self.system).__name__
            raise UserError(
                f"sentences: {name} attends to words, which a sentence does not have; use "
                "sample(captions, seed)"
            )
        if sentences.ndim != 2 or len(sentences) != len(seeds):
            raise UserError(
                f"sentences: must be (B, D) with a seed for each, got {tuple(sentences.shape)} and "
                f"{number_of(len(seeds), 'seed')}"
            )
        return self.draw_from(Text(sentences.to(self.device).float()), self.noise(seeds))

    @torch.no_grad()
    def draw_from(self, text: Text, noise: Tensor) -> Samples:
        """Every stage from encoded text and noise (B, `noise_dim` + `condition_dim`), that of the
        generator beside that of its conditioning augmentation; or clips, of as much as `noise`
        gives.

        What is neither a caption nor a seed is drawn here, as a sentence between two. Raises
        `UserError` for a system that only draws from captions and seeds.
        """
        if isinstance(self.system, OfText):
            with self.autocast():
                return self.system.of_text(text, noise.to(self.device))
        if not isinstance(self.system, TextToImage):
            name = type(self.system).__name__
            raise UserError(f"run: {name} draws captions only; take the run of its generator")
        dims = self.generator.noise_dim, self.generator.condition_dim
        z, epsilon = noise.to(self.device).split(dims, dim=1)
        with self.autocast():
            return Samples({PICTURE: self.system.draw(z, epsilon, text).images})

    @torch.no_grad()
    def text(self, captions: Sequence[Any]) -> Text:
        """What the generator is told of captions, or recordings where the run listens: sentences,
        and words where the encoder has them. Raises `UserError` as `encode` does."""
        tokens, lengths = self.encode(captions)
        return encoded(self.system.encoder, tokens.to(self.device), lengths)

    def noise(self, seeds: list[int]) -> Tensor:
        """(B, `noise_dim` + `condition_dim`): each row depends on its own seed alone."""
        if isinstance(self.system, OfText):
            return noise_of(seeds, self.system.noise_count)
        z = self.generator.noise_dim
        noise = noise_of(seeds, z + self.generator.condition_dim)
        noise[:, :z] = truncated(noise[:, :z], self.system.truncation)
        return noise

    def encode(self, captions: Sequence[Any]) -> tuple[Tensor, Tensor]:
        """Tokens (B, T), or frames (B, T, ...) of recordings where the run listens, and lengths
        (B,); of a long caption the beginning is kept.

        Raises `UserError` for a caption that says nothing to the model.
        """
        found = self.captions.read(captions)
        return found.tokens, found.lengths

    def parts(self, count: int) -> Iterator[slice]:
        """Rows that are drawn together, of so many."""
        for start in range(0, count, self.batch):
            yield slice(start, min(start + self.batch, count))
