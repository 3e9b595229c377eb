"""The contract of a modality, which this project calls a view of a data set.

A view is asked for by a system (`System.views`), opened on a split, and then says what is drawn at
random for a global batch, what a process has of it, and what becomes of that on the device. Outside
training it says how a row looks on a sheet of pictures, and reads what people ask for.

`Batches` composes views, the observer shows them, a trained model is asked through them, and none
of these knows one by name. A new modality is one file beside this one: docs/view.md has an example.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
import torch
from torch import Tensor

from experiments.data.record import Drop, Reader, Record
from experiments.data.store.dataset import Dataset
from experiments.data.store.item import Items, prepare_items
from experiments.data.store.split import Split
from experiments.terminal.error import UserError

# What is drawn for a global batch: arrays, or lists of arrays, of one entry for each record.
Choice = dict[str, np.ndarray | list[np.ndarray]]
Pixels = np.ndarray | Tensor
Sound = tuple[np.ndarray, int]  # (N,) in [-1, 1], and its samples a second


@dataclass(frozen=True, eq=False)
class Part:
    """What a batch has of one view: tensors (B, ...), lists of such tensors, or None."""

    def map(self, function: Callable[[Tensor], Tensor]) -> Self:
        """The same with `function` applied to each tensor."""
        changed: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, list):
                value = [function(tensor) for tensor in value]
            elif value is not None:
                value = function(value)
            changed[field.name] = value
        return type(self)(**changed)

    def cut(self, rows: slice) -> Self:
        """Some of its rows."""
        return self.map(lambda tensor: tensor[rows])

    def to(self, device: torch.device | str, non_blocking: bool = True) -> Self:
        """The same on the device."""
        return self.map(lambda tensor: tensor.to(device, non_blocking=non_blocking))


@dataclass(frozen=True)
class Attended:
    """What attention looks at, one after another: `steps` say what stands under each picture.

    picture: (F, T) float, the whole of it over time, of which every step has an equal stretch, as
    of a sound; None where the steps are words. caption: what is said in it, where that is known.
    """

    steps: Sequence[str] = ()
    picture: np.ndarray | None = None
    caption: str | None = None


P = TypeVar("P", bound=Part)


def part_of(parts: Mapping[str, Part], kind: type[P], name: str | None = None) -> P:
    """The part of that kind, and of that name where there are several of the kind."""
    found = [
        part
        for key, part in parts.items()
        if isinstance(part, kind) and (name is None or key == name)
    ]
    assert len(found) == 1, f"{len(found)} views give {kind.__name__}; there are {', '.join(parts)}"
    return found[0]


class View:
    """One modality as one system wants it. B rows of a process, `batch` rows of all together.

    A fresh view knows what its system asks for. `open` gives it the records of a split, `asked`
    what a trained run knows; both return a copy. What is drawn and shown needs `open`, `read` needs
    `asked`.
    """

    name: str  # one word; also the keyword of `load(...).sample(...)`
    stream: int | None = None  # of random numbers; None: one of its own, see `stream_of`
    # Of what a frozen network makes, where the view stores that; the run chooses it: see `held_in`.
    precision: torch.dtype | None = None
    heard = False  # whether there are `sounds` of it
    stores: tuple[str, ...] = ()  # since `open`: folders beside the data set that it reads
    pace: float | None = None  # frames a second of what it hands out, where that moves
    example = ""  # of what a trained run is asked through it
    together = 16  # rows that are made at a time when a trained run is asked: memory bounds it
    split: Split  # since `open`

    def open(
        self, dataset: Dataset, split: Split, device: torch.device | str = "cpu", quiet: bool = True
    ) -> Self:
        """The view of a split, with what is stored for it, prepared first where it is not there."""
        raise NotImplementedError

    def left_out(self, dataset: Dataset, quiet: bool = True) -> list[Drop]:
        """The records that this view alone could not use; those that no view can use have left the
        data set before."""
        return []

    def usable(self, dataset: Dataset, quiet: bool = True) -> Dataset:
        """The data set without what this view cannot use. What it stores is prepared first. Raises
        `UserError` where that is more than 1 % of all."""
        drops = self.left_out(dataset, quiet)
        return dataset.without(drops) if drops else dataset

    def facts(self, dataset: Dataset) -> dict[str, Any]:
        """What a run's `facts.json` keeps of it, as JSON, for those who read of the run later."""
        return {}

    # What is drawn for a global batch, and what a process has of it.

    def choose(
        self, rows: np.ndarray, drawn: Mapping[str, Choice], rng: np.random.Generator
    ) -> Choice:
        """What is drawn at random for the records (batch,) of a global batch: one entry for each
        record in every array. `drawn`: what the views before this one have chosen."""
        return self.plain(rows)

    def pair(
        self, rows: np.ndarray, drawn: Mapping[str, Choice], rng: np.random.Generator
    ) -> Choice:
        """What is added once all views have chosen: that which does not belong to the records. A
        view that makes wrong pairs gives `wrong_records` (batch,), which others may follow."""
        return {}

    def plain(self, rows: np.ndarray) -> Choice:
        """What evaluation takes of the records (B,), where nothing is random."""
        return {"rows": rows}

    def take(self, choice: Choice) -> Part:
        """What a process has of a batch, on the CPU; `choice` is cut to its rows (B,)."""
        raise NotImplementedError

    def ready(self, part: Part, layout: torch.memory_format = torch.contiguous_format) -> Part:
        """What the system is given, made on the device of `part`. `layout`: of pictures."""
        return part

    def real(self, rows: Sequence[int] | np.ndarray, device: torch.device | str = "cpu") -> Part:
        """What the system would be given of the records (B,) in evaluation."""
        return self.ready(self.take(self.plain(np.asarray(rows))).to(device))

    def blank(self, count: int, data: Mapping[str, Any]) -> Part:
        """The shapes of what `ready` gives of `count` rows, without numbers: task=plan works with
        them. `data`: the group of the configuration."""
        raise NotImplementedError

    def disk(
        self,
        records: int,
        trained: int,
        captions: float,
        data: Mapping[str, Any],
        letters: float = 0.0,
    ) -> dict[str, int]:
        """Bytes of what is stored, by what it is. `trained`: records of the training split;
        `captions`: of a record; `letters`: of a caption, 0 where that is not known."""
        return {}

    # What a person sees of it.

    def attended(self, row: int) -> Attended:
        """What attention looks at in the record's `plain` choice: words, or stretches of sound."""
        return Attended()

    def stages(self, part: Part) -> list[Tensor]:
        """What a system would make of it (B, ...), coarse to fine, of what `ready` gives of real
        records; nothing where it is only ever asked for."""
        return []

    def pictures(self, values: Tensor) -> Pixels | None:
        """How values (B, ...) look on a sheet: (B, 3, H, W), uint8 or in [-1, 1]; None: not at
        all."""
        return None

    def sounds(self, rows: Sequence[int]) -> list[Sound | None]:
        """What a person hears of the records (B,) in their `plain` choice, None for one whose sound
        is not there. Only of a view that is `heard`."""
        raise NotImplementedError

    def sounding(self, values: Tensor) -> list[Sound]:
        """How values (B, ...) that were made sound. Only of a view that is `heard` and made. Raises
        `UserError` where they cannot be turned into sound."""
        raise UserError(f"{self.name}: is not made of anything")

    def told(self, part: Part) -> dict[str, Tensor]:
        """Integers (B,) by name that say what the rows of a part are, for a diagnosis."""
        return {}

    def explained(self, told: Mapping[str, int]) -> dict[str, Any]:
        """What one row of `told` means, for a person to read."""
        return dict(told)

    # What a trained run is asked for.

    def asked(self, facts: Mapping[str, Any], config: Mapping[str, Any]) -> Self:
        """The view of a trained run, which reads what people ask for. `facts`: what the run knows
        of its data (`facts.json`); `config`: its configuration."""
        return copy.copy(self)

    def read(self, inputs: Sequence[Any]) -> Part:
        """Inputs of a request (B) as a system gets them. Raises `UserError` for one that is no
        input."""
        raise UserError(f"{self.name}: cannot be asked for; a run makes it")

    def attended_in(self, given: Any, caption: str | None = None) -> Attended:
        """What attention looks at in one input of a request; `caption`: what is said in it, where
        that is known."""
        return Attended()

    def handed(self, values: Tensor) -> list[Any]:
        """What was made (B, ...), as a person gets it: an entry for each row."""
        return list(values.detach().cpu().float().numpy())


def stream_of(view: View) -> int:
    """The stream of random numbers that a view draws from: what is drawn for one does not depend on
    what others there are, unless they share a stream."""
    if view.stream is not None:
        return view.stream
    return int.from_bytes(hashlib.sha256(view.name.encode()).digest()[:8], "big")


def held_in(views: Sequence[View], precision: torch.dtype) -> list[View]:
    """The views, with what frozen networks make held in that type by those that store such."""
    found = [copy.copy(view) for view in views]
    for view in found:
        if view.precision is not None:
            view.precision = precision
    return found


class StoredView(View):
    """A view of what is stored once for each record as arrays (`store/item.py`)."""

    stored: Items  # since `open`

    def items(self, reader: Reader, record: Record) -> Sequence[np.ndarray]:
        """What is stored of a record: arrays (T, ...) of one type and, but for T, of one shape.
        Most modalities have one, recordings of captions several. Runs once for each record, in
        worker processes where that is long. Raises `BadInput` for a record that cannot be used.
        """
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """What `items` depends on besides data and code, as JSON: other settings, another store."""
        return {}

    def open(
        self, dataset: Dataset, split: Split, device: torch.device | str = "cpu", quiet: bool = True
    ) -> Self:
        opened = copy.copy(self)
        store = prepare_items(dataset, self.name, self.items, self.settings(), quiet)
        opened.split, opened.stored = split, store.of(split.keys)
        return opened

    def left_out(self, dataset: Dataset, quiet: bool = True) -> list[Drop]:
        return prepare_items(dataset, self.name, self.items, self.settings(), quiet).drops


def usable(dataset: Dataset, views: Sequence[View], quiet: bool = True) -> Dataset:
    """The data set without what one of the views cannot use."""
    for view in views:
        dataset = view.usable(dataset, quiet)
    return dataset
