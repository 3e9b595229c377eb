"""Data sets as people have them in shards: parquet, Arrow, JSON lines, tars, folders."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from PIL import Image

datasets.disable_progress_bars()


def picture(grey: int, size: tuple[int, int] = (20, 24), kind: str = "PNG") -> bytes:
    """The content of a picture of one grey, or of JPEG or WebP near it."""
    file = io.BytesIO()
    Image.new("RGB", size, (grey, grey, grey)).save(file, kind)
    return file.getvalue()


def table(
    count: int = 12, captions: str = "captions", label: bool = True, **more: Any
) -> datasets.Dataset:
    """Rows with a picture, two captions and one of two classes. `more`: other columns, whole."""
    columns: dict[str, Any] = {
        "image": [{"bytes": picture(10 * n), "path": None} for n in range(count)],
        captions: [[f"a grey {n}", f"{n} again"] for n in range(count)],
    }
    features: dict[str, Any] = {
        "image": datasets.Image(),
        captions: datasets.List(datasets.Value("string")),
    }
    if label:
        columns["label"] = [n % 2 for n in range(count)]
        features["label"] = datasets.ClassLabel(names=["even", "odd"])
    for name, (values, feature) in more.items():
        columns[name], features[name] = values, feature
    return datasets.Dataset.from_dict(columns, features=datasets.Features(features))


def tar(path: Path, rows: Sequence[tuple[str, Mapping[str, bytes]]]) -> Path:
    """A tar whose rows are a key and the contents by ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for key, members in rows:
            for ending, content in members.items():
                about = tarfile.TarInfo(f"{key}.{ending}")
                about.size = len(content)
                archive.addfile(about, io.BytesIO(content))
    return path


def webdataset(root: Path, count: int = 12, shards: int = 2, split: str = "train") -> Path:
    """Tars of jpg, txt and json, keys that begin anew in each."""
    for shard in range(shards):
        rows = []
        for n in range(count // shards):
            about = json.dumps({"caption": f"json {n}", "size": {"width": 20}})
            members = {
                "jpg": picture(10 * n, kind="JPEG"),
                "txt": f"a grey {n} of {shard}\n".encode(),
                "json": about.encode(),
            }
            rows.append((f"{n:04d}", members))
        tar(root / f"{split}-{shard:04d}.tar", rows)
    return root


def lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A file of JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def greys(pixels: np.ndarray) -> int:
    """The grey of a picture of one, whose pixels are all alike."""
    assert pixels.max() - pixels.min() <= 2, "more than one"
    return int(np.median(pixels))
