"""Image towers that people have, such as CLIP and DINOv2, as extractors of scores."""

from __future__ import annotations

from torch import Tensor

from experiments.file.model_folder import model_folder
from experiments.metric.extractor import Extracted, Extractor
from experiments.metric.tower import Preparation, seeing, vectors

KEY = "metric.extractor.name"


class HuggingFaceExtractor(Extractor):
    """The image tower of a folder or of the Hugging Face Hub: features (B, d), no logits.

    Its scores have the whole name of the model. Pictures are resized as a whole; some published
    figures cut the middle out first.
    """

    def __init__(self, name: str | None, revision: str | None = None) -> None:
        """`name`, `revision`: see `model_folder`. Raises `UserError` where it is not there, or has
        no image tower that is read here."""
        folder = model_folder(name, KEY, revision)
        network, side = seeing(folder)
        ready = Preparation(folder, side)
        super().__init__(folder.title, ready.told, folder.digest[:12])
        self.ready, self.network = ready, network
        self.eval()

    def extract(self, pixels: Tensor) -> Extracted:
        return Extracted(vectors(self.network, self.ready(pixels)).float(), None)
