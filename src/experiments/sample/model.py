"""A trained run as a model in Python: `load(folder).sample([...])`. `task=sample` draws with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from experiments.config.build import REFUSED, build
from experiments.config.target import NO_TEXT
from experiments.data.text.reading import reader_of
from experiments.machine.setup import precision as dtype_of
from experiments.run.exported import require_fit, require_parts, require_whole
from experiments.run.folder import is_export, run_about, run_config, run_facts
from experiments.run.limit import within_limits
from experiments.run.pretrained import without_pretrained
from experiments.run.weight import load_export
from experiments.sample.picture import to_pixels
from experiments.system.base import Samples, System
from experiments.system.seeding import noise_of
from experiments.system.text_to_image import Text, TextToImage, encoded
from experiments.terminal.error import UserError, as_user_error, one_line

BATCH = 16  # pictures of up to 256 px that are drawn together
SIDE = 256


def load(
    folder: str | Path, device: str = "cpu", precision: str = "fp32", compiled: bool = False
) -> Model:
    """The trained model of a run folder, or of an export of one, with its averaged weights.

    `precision`: fp32, bf16, or auto, bf16 where the device multiplies it; `compiled`: the
    generator, which takes a minute and pays for hundreds of pictures. Both change pictures by a few
    grey levels, and neither changes the text.
    Raises `UserError` where the folder is no run, has no checkpoint, or does not draw pictures, and
    where an export is not as it was written.
    """
    place = Path(folder)
    if is_export(place):
        require_whole(place)
    else:
        require_parts(place)  # a run folder may come from anybody as well
    config, facts = run_config(place), run_facts(place)
    node = without_pretrained(config, "system")["system"]
    if "encoder" in node and node["encoder"] is None:
        dim = (node.get("generator") or {}).get("text_dim", 0)
        node = node | {"encoder": {"_target_": NO_TEXT, "dim": dim}}
    with fitting(place), within_limits(place):
        system: System = build(node, facts, path="system")
    if not hasattr(system, "sample"):
        name = run_about(place)["choices"]["model"]
        raise UserError(f"run={place}: {name} draws no pictures; take a run of attngan_4stage")
    state = load_export(place)
    with fitting(place):
        modules = system.export_modules()
        require_fit(place, modules, state["export"])
        for name, module in modules.items():
            if module.state_dict():
                module.load_state_dict(state["export"][name])
        words, images = facts.get("words", []), int(state["images"])
        model = Model(system.eval().to(device), words, config, images)
    model.place = place
    model.quicken(precision, compiled)
    return model


@contextmanager
def fitting(place: Path | None) -> Iterator[None]:
    """What goes wrong with networks in here is told of the files in `place` that they are made of,
    by a `UserError`; those of no folder are this project's own fault."""
    try:
        yield
    except UserError as error:
        if place is None or str(place) in str(error):
            raise
        raise UserError(f"run={place}: {error}") from error
    except REFUSED as error:
        known = as_user_error(error)
        if known is not None:  # a compiler or a disk is no fault of the files
            raise known from error
        if place is None:
            raise
        raise UserError(
            f"run={place}: its config.yaml, facts.json and weights make no model that draws "
            f"({one_line(error)}); fetch it again"
        ) from error


class Model:
    """A trained text-to-image system, and how it reads captions.

    A picture is a function of its caption, its seed and the weights. Other captions of the same
    call change sums in their rounding, which is one grey level at most.
    """

    def __init__(
        self, system: System, words: list[str], config: Mapping[str, Any], images: int
    ) -> None:
        """`words`: those of the vocabulary, where the encoder reads any. `config`: of the run."""
        self.system, self.config, self.images = system, config, images
        self.place: Path | None = None  # what `load` read
        self.precision = torch.float32
        longest = int(config["data"]["max_words"])
        self.reader, self.longest = reader_of(system.reads, words, longest)
        # The released attention applies one sample's padding to another; alone, it has its own.
        mixes = any(getattr(module, "legacy_mask", False) for module in system.modules())
        size = int(system.resolutions[-1])
        self.batch = 1 if mixes else max(1, min(BATCH, BATCH * SIDE**2 // size**2))

    @property
    def generator(self) -> Any:
        return self.system.generator

    @property
    def device(self) -> torch.device:
        return next(self.system.parameters()).device

    def quicken(self, precision: str, compiled: bool) -> None:
        """See `load`. Raises `UserError` for a precision that there is none of."""
        choices = ("fp32", "bf16", "auto")
        if precision not in choices:
            raise UserError(f"precision={precision}: choose one of {', '.join(choices)}")
        self.precision = dtype_of(precision, self.device)
        if compiled:
            self.generator.compile(fullgraph=True)

    def autocast(self) -> AbstractContextManager[Any]:
        """Of what draws."""
        wanted = self.precision != torch.float32
        return torch.autocast(self.device.type, self.precision, enabled=wanted)

    def sample(self, captions: list[str], seed: int = 0) -> list[Image.Image]:
        """One picture of the last stage for each caption, the first with `seed`, the next with
        `seed` + 1, and so on.

        Raises `UserError` for a caption without a word, or letter, that the model knows.
        """
        self.encode(captions)  # a mistake in the last caption is told before anything is drawn
        pictures = []
        for part in self.parts(len(captions)):
            seeds = list(range(seed + part.start, seed + part.stop))
            stages = self.stages(captions[part], seeds)
            pictures += [Image.fromarray(pixels) for pixels in to_pixels(stages.images[-1])]
        return pictures

    def stages(self, captions: list[str], seeds: list[int], attention: bool = False) -> Samples:
        """Every stage as tensors, one seed for each caption."""
        tokens, lengths = self.encode(captions)
        tokens, system = tokens.to(self.device), self.system
        parts = self.parts(len(seeds)) if self.batch == 1 else [slice(0, len(seeds))]
        with fitting(self.place), self.autocast():
            return joined(
                system.sample(tokens[part], lengths[part], seeds[part], attention)  # type: ignore[operator]
                for part in parts
            )

    def draw(self, sentences: Tensor, seeds: list[int]) -> Samples:
        """Every stage from sentence embeddings (B, D), one seed for each.

        Raises `UserError` where the system also needs the words of a caption.
        """
        if self.generator.attends:
            name = type(self.system).__name__
            raise UserError(
                f"sentences: {name} attends to words, which a sentence does not have; use "
                "sample(captions, seed)"
            )
        if sentences.ndim != 2 or len(sentences) != len(seeds):
            raise UserError(
                f"sentences: must be (B, D) with a seed for each, got {tuple(sentences.shape)} and "
                f"{len(seeds)} seeds"
            )
        return self.draw_from(Text(sentences.to(self.device).float()), self.noise(seeds))

    @torch.no_grad()
    def draw_from(self, text: Text, noise: Tensor) -> Samples:
        """Every stage from encoded text and noise (B, `noise_dim` + `condition_dim`), that of the
        generator beside that of its conditioning augmentation.

        What is neither a caption nor a seed is drawn here, as a sentence between two. Raises
        `UserError` for a system that only draws from captions and seeds.
        """
        if not isinstance(self.system, TextToImage):
            name = type(self.system).__name__
            raise UserError(f"run: {name} draws captions only; take the run of its generator")
        dims = self.generator.noise_dim, self.generator.condition_dim
        z, epsilon = noise.to(self.device).split(dims, dim=1)
        with self.autocast():
            return Samples(self.system.draw(z, epsilon, text).images)

    @torch.no_grad()
    def text(self, captions: list[str]) -> Text:
        """What the generator is told of captions: sentences, and words where the encoder has them.

        Raises `UserError` as `encode` does.
        """
        tokens, lengths = self.encode(captions)
        return encoded(self.system.encoder, tokens.to(self.device), lengths)

    def noise(self, seeds: list[int]) -> Tensor:
        """(B, `noise_dim` + `condition_dim`): each row depends on its own seed alone."""
        return noise_of(seeds, self.generator.noise_dim + self.generator.condition_dim)

    def encode(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        """Tokens (B, T) and lengths (B,); of a long caption the beginning is kept.

        Raises `UserError` for a caption that says nothing to the model.
        """
        if not captions:
            raise UserError("text: no caption was given; use text='a small red bird'")
        rows = []
        for caption in captions:
            self.reader.require_known(caption)
            rows.append(self.reader.encode(caption)[: self.longest])
        lengths = torch.tensor([len(row) for row in rows])
        tokens = torch.zeros(len(rows), self.longest, dtype=torch.int64)
        for index, row in enumerate(rows):
            tokens[index, : len(row)] = torch.tensor(row)
        return tokens, lengths

    def parts(self, count: int) -> Iterator[slice]:
        """Rows that are drawn together, of so many."""
        for start in range(0, count, self.batch):
            yield slice(start, min(start + self.batch, count))


def joined(parts: Iterable[Samples]) -> Samples:
    """Pictures that were drawn one part after another."""
    made = list(parts)
    images = zip(*(part.images for part in made), strict=True)
    attention = zip(*(part.attention for part in made), strict=True)
    return Samples([torch.cat(stage) for stage in images], [torch.cat(maps) for maps in attention])
