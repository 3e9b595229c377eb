"""Who is heard, or what: a classifier of vectors of sounds (Wav2Pix, Duarte et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from torch import Tensor, nn

Identity = Literal["class", "attributes"]
HIDDEN = 200
SLOPE = 0.2


class IdentityHead(nn.Module):
    """One hidden layer; a batch norm behind each of its two linear layers, as released."""

    def __init__(
        self,
        dim: int,
        of: Identity = "class",
        hidden: int = HIDDEN,
        class_count: int | None = None,
        attribute_values: Mapping[str, int] | None = None,
        heard_attributes: Sequence[str] = (),
    ) -> None:
        """`dim`: of the vectors. `of`: the classes of the data (as published, speakers), or values
        of attributes (this project's choice: what unseen classes share with those it learns).
        `class_count`, `attribute_values`, `heard_attributes`: what the data have, each attribute by
        its number of values, and those that a sound tells; where no data say which, all of them.
        """
        super().__init__()
        self.of = of
        assert of in get_args(Identity), f"of={of}: class or attributes"
        if of == "attributes":
            known = dict(attribute_values or {})
            assert known, "of=attributes: these data have none; take class"
            self.sizes = {name: known[name] for name in heard_attributes} or known
            self.columns = [list(known).index(name) for name in self.sizes]
        else:
            assert class_count, "of=class: these data have no classes"
            self.sizes = {of: class_count}
        outputs = sum(self.sizes.values())
        self.layers = nn.Sequential(
            nn.Linear(dim, hidden),
            nn.BatchNorm1d(hidden),
            nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, outputs),
            nn.BatchNorm1d(outputs),
        )

    def forward(self, heard: Tensor) -> dict[str, Tensor]:
        """heard (B, dim) -> logits (B, values) of the class, or of each attribute, by name."""
        found = self.layers(heard).split(list(self.sizes.values()), dim=1)
        return dict(zip(self.sizes, found, strict=True))

    def told(self, labels: Tensor, attributes: Tensor) -> dict[str, Tensor]:
        """What records of the labels (B,) and attributes (B, A) are, (B,) each, as `forward` names
        it; -1 where an attribute is not known."""
        if self.of == "class":
            return {self.of: labels}
        pairs = zip(self.sizes, self.columns, strict=True)
        return {name: attributes[:, column] for name, column in pairs}
