"""A trained model in Python, with the Hub's calls around the export: what `experiments` hands on.

    model = load("outputs/attngan_4stage-plumage/<id>")      # or an id, an export, ...
    model = load("hf://owner/name@revision")                 # ... or of the Hub
    model.sample(["a red bird with black wings"], seed=0)[0].save("bird.png")
    model.save_pretrained("birds"); model.push_to_hub("owner/birds")

The signatures of `from_pretrained`, `save_pretrained` and `push_to_hub` are those of
`huggingface_hub.ModelHubMixin`. What is written and read is an export: safetensors, nothing that
is run.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

import torch

from experiments.config.option import Export
from experiments.export.folder import in_place, require_told, write_export
from experiments.export.hub import pushed
from experiments.export.request import REPOSITORY, Request, export_of, require_free, said_of
from experiments.run import folder as files
from experiments.run.exported import require_whole
from experiments.run.hub import Place, fetched, on_hub
from experiments.run.state import Named, named
from experiments.run.weight import load_export
from experiments.sample.model import Model as Drawing
from experiments.terminal.error import UserError, reason_of
from experiments.terminal.line import millions

MESSAGE = "Push model using huggingface_hub."  # the mixin's; the default here says more
CARD = ("license", "licence", "people")  # what `model_card_kwargs` may say
LOADING = ("device", "precision", "compiled")


def load(
    folder: str | Path, device: str = "cpu", precision: str = "fp32", compiled: bool = False
) -> Model:
    """The trained model of a run or an export, here or on the Hub, with its averaged weights.

    `folder`: of the run, or its id where it lies in `outputs`; with `@4000` the state after so many
    images, with `@best` the best one (`trainer.keep_best`). `owner/name` where no folder is of that
    name, or `hf://owner/name`, with `@revision`: an export on the Hub, kept in the Hub's cache.
    `precision`: fp32, bf16, fp16, or auto; `compiled`: what draws, which takes a minute.
    Raises `UserError` where there is none, or none that draws, and for wrong arguments.
    """
    return Model.from_pretrained(folder, device=device, precision=precision, compiled=compiled)


class Model(Drawing):
    """A trained model: `sample` draws, `to` moves it, the Hub's calls hand it on."""

    hub: Place | None = None  # where it came from

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        force_download: bool = False,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        local_files_only: bool = False,
        revision: str | None = None,
        **model_kwargs: Any,
    ) -> Self:
        """As `load`, with the Hub's options. `model_kwargs`: device, precision, compiled."""
        name = pretrained_model_name_or_path
        if not isinstance(name, str | Path) or not str(name):
            raise UserError(f"load({name!r}): must be a folder, the id of a run, or owner/name")
        for key in model_kwargs:
            if key not in LOADING:
                raise UserError(f"{key}: no such argument; there are: {', '.join(LOADING)}")
        device = device_of(model_kwargs.get("device", "cpu"))
        place = on_hub(str(name))
        if place is None and revision is not None:
            raise UserError(f"revision={revision}: {name} is a folder, which has none")
        if place is None:
            run = named(str(name))
        else:
            if revision is not None:
                place = place._replace(revision=revision)
            options = {"force_download": force_download, "token": token, "cache_dir": cache_dir}
            run = Named(fetched(place, local_files_only=local_files_only, **options))
        precision, compiled = model_kwargs.get("precision", "fp32"), model_kwargs.get("compiled")
        model = cls.of(run, str(device), str(precision), bool(compiled))
        model.hub = place
        return model

    def save_pretrained(
        self,
        save_directory: str | Path,
        *,
        config: Any = None,
        repo_id: str | None = None,
        push_to_hub: bool = False,
        model_card_kwargs: Mapping[str, Any] | None = None,
        **push_to_hub_kwargs: Any,
    ) -> str | None:
        """Write an export, which `load` reads anywhere; an older one of the same run is replaced.

        `model_card_kwargs`: `license`, and `people`, as `export.licence` and `export.people`.
        Returns the address of the commit where it is pushed as well. Raises `UserError` for any
        other folder with something in it, and where the weights were changed since they were read.
        """
        folder = Path(save_directory)
        if push_to_hub:
            _require_repository(repo_id := repo_id or folder.name)
        self._write(folder, repo_id, config, model_card_kwargs)
        if not push_to_hub:
            return None
        assert repo_id is not None, "it was checked"
        return self._push(folder, repo_id, **push_to_hub_kwargs)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        config: Any = None,
        commit_message: str = MESSAGE,
        private: bool | None = None,
        token: str | None = None,
        branch: str | None = None,
        create_pr: bool | None = None,
        allow_patterns: list[str] | str | None = None,
        ignore_patterns: list[str] | str | None = None,
        delete_patterns: list[str] | str | None = None,
        model_card_kwargs: Mapping[str, Any] | None = None,
    ) -> str:
        """Push the export of this model; returns the address of the commit.

        A repository that is missing is made, private unless `private=False`; one that holds
        something else is refused. Raises `UserError` as `save_pretrained`, and where the Hub cannot
        be reached or refuses.
        """
        _require_repository(repo_id)
        options: dict[str, Any] = {"commit_message": commit_message, "private": private}
        options |= {"token": token, "branch": branch, "create_pr": create_pr}
        options |= {"allow_patterns": allow_patterns, "ignore_patterns": ignore_patterns}
        options["delete_patterns"] = delete_patterns
        with tempfile.TemporaryDirectory(prefix="birdsong-") as name:
            folder = Path(name) / "export"
            self._write(folder, repo_id, config, model_card_kwargs)
            return self._push(folder, repo_id, **options)

    def to(self, device: str | torch.device) -> Self:
        """This model, on another device. Raises `UserError` for one that there is not."""
        self.system.to(device_of(device))
        return self

    def sample(
        self,
        captions: Sequence[str] | None = None,
        seed: int = 0,
        count: int = 1,
        **asked: Sequence[Any],
    ) -> list[Any]:
        """See `experiments.sample.model.Model.sample`."""
        for name, number, least in (("seed", seed, 0), ("count", count, 1)):
            if isinstance(number, bool) or not isinstance(number, int) or number < least:
                raise UserError(f"{name}={number!r}: must be a whole number from {least} on")
        return super().sample(captions, seed, count, **asked)

    sample.__doc__ = Drawing.sample.__doc__

    def __repr__(self) -> str:
        about = {} if self.place is None else files.run_about(self.place)
        chosen = about.get("choices") or {}
        name = f"{chosen.get('model', type(self.system).__name__)}-{chosen.get('data', 'unknown')}"
        ways = self.system.makes.items()
        makes = "; ".join(f"{' and '.join(way) or 'noise'} -> {made}" for way, made in ways)
        count = sum(parameter.numel() for parameter in self.system.parameters())
        told = [f"{name} {about['id']}" if "id" in about else name, f"{self.images:,} images"]
        told += [makes, f"{millions(count)} parameters", str(self.device)]
        told += [str(self.precision).removeprefix("torch.")]
        return f"<Model {', '.join(told)}; {self.hub or self.place}>"

    def _write(
        self, folder: Path, hub: str | None, config: Any, card: Mapping[str, Any] | None
    ) -> None:
        if config is not None:
            raise UserError("config: an export has the configuration of its run; leave it away")
        wrong = [key for key in card or {} if key not in CARD]
        if wrong:
            raise UserError(f"model_card_kwargs: {wrong[0]}: there are: license, people")
        said = dict(card or {})
        licence = said.get("license") or said.get("licence")
        if self.place is None:
            raise UserError("this model was not loaded, so there is no run to export")
        self._require_unchanged()
        if files.is_export(self.place):
            _copy(self.place, folder, licence, said.get("people"))
            return
        options = asdict(Export()) | {"folder": str(folder)}
        options |= {"licence": licence or options["licence"], "people": said.get("people")}
        run = str(Named(self.place, self.at))
        request = export_of({"task": "export", "run": run, "export": options})
        write_export(replace(request, hub=hub), quiet=True)

    def _require_unchanged(self) -> None:
        """Raise `UserError` where this model is no longer what its run or its export holds."""
        assert self.place is not None, "it was asked"
        modules = self.system.export_modules()
        ours = {
            (group, name): tensor
            for group, module in modules.items()
            for name, tensor in module.state_dict().items()
            if tensor.device.type != "meta"  # it does not draw, and was not read
        }
        wanted = {f"{group}.{name}" for group, name in ours}.__contains__
        theirs = load_export(self.place, self.at, wanted=wanted)["export"]
        for (group, name), tensor in ours.items():
            there = theirs.get(group, {}).get(name)
            if there is not None and not torch.equal(tensor.cpu(), there.to(tensor.dtype).cpu()):
                raise UserError(
                    f"{group}.{name}: was changed since {self.place} was read, whose scores an "
                    "export would give it; train a run of its own, or load it anew"
                )

    def _push(self, folder: Path, repository: str, **options: Any) -> str:
        private, token = options.pop("private", None), options.pop("token", None)
        options["revision"] = options.pop("branch", None)
        if options.get("commit_message") == MESSAGE:
            del options["commit_message"]
        given = {key: value for key, value in options.items() if value is not None}
        return pushed(repository, folder, private is not False, token, **given)[1]


def _copy(place: Path, folder: Path, licence: str | None, people: str | None) -> None:
    """An export, as it is, to another folder."""
    if licence is not None or people is not None:
        raise UserError(f"model_card_kwargs: {place} is an export already; edit its README.md")
    require_told(Request(place, place, "", None, True, people=said_of(place)))
    if folder.exists() and folder.resolve() == place.resolve():
        return
    require_free(folder, place)
    with in_place(folder, place) as partial:
        partial.mkdir()
        for name in [*(files.export_about(place).get("sha256") or {}), files.EXPORT]:
            target = partial / name
            if not target.resolve().is_relative_to(partial.resolve()):
                raise UserError(f"{place / files.EXPORT}: names {name}, outside of it; refused")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place / name, target)
        require_whole(partial)


def device_of(device: Any) -> torch.device:
    """Raises `UserError` for what is no device, or none of this machine."""
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as error:  # it lists all that PyTorch was ever built for
        raise UserError(f"device={device}: is no device; use cpu, or cuda") from error
    try:
        torch.empty(0, device=found)
    except (RuntimeError, TypeError, AssertionError, NotImplementedError) as error:
        reason = reason_of(error).partition(". ")[0]
        raise UserError(f"device={device}: is not there ({reason}); use cpu, or cuda") from None
    return found


def _require_repository(name: Any) -> None:
    if not isinstance(name, str) or not REPOSITORY.fullmatch(name):
        raise UserError(f"repo_id={name!r}: must be owner/name, as on huggingface.co")
