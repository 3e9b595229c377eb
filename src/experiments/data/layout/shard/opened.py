"""What `data.root` leads to, opened by `datasets`: its splits, their shards and their columns.

`datasets` says which files are which split, by names, folders and the metadata of a README.md, and
what the columns hold. Parquet, Arrow and tars are then read where they lie; everything else that it
opens (JSON lines, CSV, imagefolder, ...) it turns into Arrow in its cache, once.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.data.images import path_inside
from experiments.data.layout.shard.arrow import ArrowShard
from experiments.data.layout.shard.base import Shard
from experiments.data.layout.shard.column import Column, columns_of
from experiments.data.layout.shard.parquet import ParquetShard
from experiments.data.layout.shard.tar import JSONS, TEXTS, WHOLES, TarShard, inferred
from experiments.file.name import plain
from experiments.terminal.error import BadInput, UserError, as_user_error, reason_of

KINDS: dict[str, Any] = {"parquet": ParquetShard, "arrow": ArrowShard, "webdataset": TarShard}
ENDINGS = {".parquet": "parquet", ".arrow": "arrow", ".tar": "webdataset"}
JSON_ENDINGS = (".jsonl", ".json", ".ndjson")
STATE = ("state.json", "dataset_info.json", "dataset_dict.json")  # of `save_to_disk`


@dataclass(frozen=True)
class Opened:
    """`splits`: their shards by name, as the source has them. `files`: all that is read, relative
    to `root` (or whole paths, of what lies elsewhere)."""

    root: Path
    splits: Mapping[str, list[Shard]]
    columns: list[Column]
    files: list[Path] = field(default_factory=list)


def open_source(root: Path, config: str | None, follow: bool) -> Opened:
    """The data set at a folder or file. `config`: of several that there are.

    Raises `UserError` for what `datasets` cannot open, in one line, and for a shard that lies
    outside of the root, unless `follow`.
    """
    builder = _builder(root, config)
    kind = type(builder).__module__.rpartition(".")[2]
    given = {
        str(name): [Path(str(file)) for file in files]
        for name, files in (builder.config.data_files or {}).items()
    }
    given = {
        name: [file for file in files if file.name not in STATE] for name, files in given.items()
    }
    files = [file for found in given.values() for file in found]
    if not files:
        raise UserError(f"data.root: {plain(root)} has no files that `datasets` reads")
    top = root if root.is_dir() else root.parent
    for file in files:
        _require_inside(top, file, follow)
    if kind in KINDS:
        make = KINDS[kind]
        splits = {
            name: [make(file, _stem(top, file)) for file in found] for name, found in given.items()
        }
    else:
        splits = _prepared(builder, root)
    first = next(shard for shards in splits.values() for shard in shards)
    return Opened(top, splits, _columns(builder, kind, first), files)


def _builder(root: Path, config: str | None) -> Any:
    import datasets

    given: dict[str, Any] = {"name": config}
    path = str(root)
    if root.is_file():
        if config is not None:
            raise UserError(
                f"data.reader.config={config}: {plain(root)} is one file, not a source of several "
                "data sets; leave it away"
            )
        endings = ENDINGS | dict.fromkeys(JSON_ENDINGS, "json") | {".csv": "csv"}
        path = endings.get(root.suffix.lower(), "")
        if not path:
            raise UserError(
                f"data.root: {plain(root)} is none of {', '.join(endings)}; name one, or a folder"
            )
        given = {"data_files": [str(root)]}
    with _told(root), _quiet(datasets):
        try:
            return datasets.load_dataset_builder(path, **given)
        except ValueError:  # as well where no configuration is named, or one that there is not
            if root.is_dir():
                _require_config(root, config, datasets.get_dataset_config_names(path))
            raise


def _require_config(root: Path, config: str | None, known: list[str]) -> None:
    """Raise `UserError` where a source has several data sets, and `config` is none of them."""
    if config in known or (config is None and len(known) < 2):
        return
    said, what = ("", "several data sets") if config is None else (f"={config}", "no such data set")
    raise UserError(
        f"data.reader.config{said}: {plain(root)} has {what}; choose one by "
        f"data.reader.config=NAME; there are: {', '.join(known)}"
    )


def _prepared(builder: Any, root: Path) -> dict[str, list[Shard]]:
    """What `datasets` has turned into Arrow, in its own cache."""
    import datasets

    with _told(root), _quiet(datasets):
        builder.download_and_prepare()
        made = builder.as_dataset()
    return {
        str(name): [
            ArrowShard(Path(file["filename"]), f"{name}{f'-{n}' if n else ''}")
            for n, file in enumerate(split.cache_files)
        ]
        for name, split in made.items()
    }


def _columns(builder: Any, kind: str, first: Any) -> list[Column]:
    import datasets

    features = builder.info.features
    if kind == "webdataset" and features is None:
        features = {name: _of_member(first, name) for name in first.fields()}
    elif features is None:
        features = datasets.Features.from_arrow_schema(first.schema())
    return columns_of(features)


def _of_member(first: TarShard, name: str) -> Any:
    """The feature of a file in a tar, by its ending, as `datasets` reads it."""
    import datasets
    from datasets.packaged_modules.webdataset.webdataset import WebDataset

    ending = name.rpartition(".")[2]
    if ending in WebDataset.IMAGE_EXTENSIONS:
        return datasets.Image(decode=False)
    if ending in WebDataset.AUDIO_EXTENSIONS:
        return datasets.Audio(decode=False)
    if ending in WebDataset.VIDEO_EXTENSIONS:
        return datasets.Video(decode=False)
    if ending in TEXTS:
        return datasets.Value("string")
    if ending in WHOLES:
        return datasets.Value("int64")
    return inferred(first.first(name)) if ending in JSONS else datasets.Value("binary")


def _require_inside(top: Path, file: Path, follow: bool) -> None:
    try:
        relative = os.path.relpath(file, top)
        path_inside(top, Path(relative).as_posix(), follow)
    except BadInput as reason:
        raise UserError(f"{plain(file)}: {reason}") from None


def _stem(top: Path, file: Path) -> str:
    """What keys of a shard begin with: where it lies, without its ending."""
    relative = Path(os.path.relpath(file, top))
    return relative.with_suffix("").as_posix()


@contextlib.contextmanager
def _told(root: Path) -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # each version of `datasets` has others
        raise as_user_error(error) or UserError(
            f"data.root: `datasets` cannot open {plain(root)} ({reason_of(error)})"
        ) from None


@contextlib.contextmanager
def _quiet(datasets: Any) -> Iterator[None]:
    """Without its bars and remarks, which are then as they were."""
    shown, level = datasets.utils.is_progress_bar_enabled(), datasets.logging.get_verbosity()
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    try:
        yield
    finally:
        datasets.logging.set_verbosity(level)
        if shown:
            datasets.enable_progress_bars()
