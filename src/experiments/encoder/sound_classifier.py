"""A classifier of sounds: their class, or the attributes that they tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from experiments.encoder.classifier import Classifier
from experiments.frontend.excerpt import Excerpt


class SoundClassifier(Classifier):
    """A `Classifier` of what an excerpt gives, values (B, *shape), in place of pictures.

    Of a data set that says which attributes its sounds tell, it reads these; of another one all
    attributes, or the class.
    """

    def __init__(
        self,
        excerpt: Excerpt,
        image: nn.Module,
        attribute_values: Mapping[str, int] | None = None,
        num_classes: int | None = None,
        local_attributes: Sequence[str] = (),
        heard_attributes: Sequence[str] = (),
        score_attribute: str | None = None,
    ) -> None:
        """`excerpt`: of what sound it is; `image`: a trunk that takes its values as pictures of one
        channel. The others are those of `Classifier`."""
        known = dict(attribute_values or {})
        told = {name: size for name, size in known.items() if name in heard_attributes} or known
        local = [name for name in local_attributes if name in told]
        super().__init__(image, told, num_classes, local, score_attribute)
        self.excerpt = excerpt
        if told:
            self.columns = [column for column, name in enumerate(known) if name in told]
