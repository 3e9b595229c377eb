"""Who hears what is said of a bird: of each attribute its value, or that nothing is said of it.

It judges speech that was made (`metric/spoken.py`). This project's choice; no paper has it.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from experiments.data.text.reading import Reads
from experiments.encoder.readout import Readout
from experiments.encoder.sed import SED


class SpeechRecogniser(nn.Module):
    """A network that hears with what reads attributes out of it, which its runs export as well.

    Of an attribute with V values the V-th, one more, means that nothing was said of it.
    """

    reads: Reads = "speech"

    def __init__(self, text: SED, attribute_values: Mapping[str, int] | None = None) -> None:
        """`text`: what hears."""
        super().__init__()
        assert attribute_values, "encoder: hears attributes, and this data set states none"
        self.text, self.sizes = text, dict(attribute_values)
        more = {name: size + 1 for name, size in self.sizes.items()}
        self.readout = Readout(text.dim, more, text.gives_words)

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Frames (B, T, F) as they are stored, and how many each recording has, (B,). Returns what
        was heard as vectors (B, dim), and logits (B, V + 1) by attribute."""
        words, sentence = self.text(frames, lengths)
        steps = None if words is None else self.text.steps(lengths)
        return sentence, self.readout(words, steps, sentence)[0]
