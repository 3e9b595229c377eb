"""A data set of millions of pictures: the bytes of a thousand small ones under as many keys as are
wanted, five captions each. Its parquet is small, as the thousand stand once in each group of rows.

    python -m benchmarks.millions DIR [RECORDS] [--store=stream] [--open]

writes it, unless --open says that it is there, opens it, and says what that took; with a store also
how fast batches come, and whether one in the middle is the same for whoever begins there.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

PICTURES, SIDE, CAPTIONS, GROUP, SHARD = 1000, 32, 5, 10_000, 250_000
BATCH, BATCHES = 64, 100
WORDS = """
    red green blue grey small large bird owl crow robin wing tail crest belly sits flies
""".split()  # noqa: SIM905


def contents(count: int = PICTURES) -> list[bytes]:
    """JPEGs of a few coloured squares, each another."""
    rng, found = np.random.default_rng(0), []
    for _ in range(count):
        squares = rng.integers(0, 256, (4, 4, 3), np.uint8)
        file = io.BytesIO()
        Image.fromarray(squares).resize((SIDE, SIDE), Image.Resampling.NEAREST).save(file, "JPEG")
        found.append(file.getvalue())
    return found


def write(folder: Path, records: int) -> Path:
    """Parquet in shards, with the features of `datasets`: id, image, captions."""
    import datasets
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = datasets.Value("string")
    features = datasets.Features({"image": datasets.Image(), "captions": datasets.List(text)})
    schema, pictures = features.arrow_schema, pa.array(contents(), pa.binary())
    sentences = pa.array(
        [f"a {a} {b} that {c} {d}" for a in WORDS for b in WORDS for c in WORDS for d in WORDS[:4]]
    )
    folder.mkdir(parents=True, exist_ok=True)
    shards = -(-records // SHARD)
    for shard in range(shards):
        path = folder / f"train-{shard:05d}-of-{shards:05d}.parquet"
        with pq.ParquetWriter(path, schema, compression="zstd") as file:
            stop = min(records, (shard + 1) * SHARD)
            for first in range(shard * SHARD, stop, GROUP):
                count = min(GROUP, stop - first)
                rng = np.random.default_rng([1, first])
                image = pa.StructArray.from_arrays(
                    [
                        pictures.take(pa.array((first + np.arange(count)) % PICTURES)),
                        pa.nulls(count, pa.string()),
                    ],
                    names=["bytes", "path"],
                )
                said = sentences.take(pa.array(rng.integers(0, len(sentences), count * CAPTIONS)))
                ends = pa.array(np.arange(count + 1, dtype=np.int32) * CAPTIONS)
                captions = pa.ListArray.from_arrays(ends, said)
                file.write_table(pa.Table.from_arrays([image, captions], schema=schema))
    return folder


class Memory:
    """GiB of this process at most: its own, looked at twenty times a second, and with the pages of
    mapped files, which the system takes back where it needs them."""

    def __init__(self) -> None:
        self._most, self._done = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self._most = max(self._most, self._own())

    def _own(self) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("RssAnon")))

    def most(self) -> dict[str, float]:
        self._done.set()
        self._thread.join()
        every = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = {"gib": max(self._most, self._own()), "gib_with_mapped_files": every}
        return {name: round(size / (1 << 20), 2) for name, size in found.items()}


def opened(folder: Path, cache: Path, store: str | None = None) -> dict[str, float | str | bool]:
    """Open what `write` wrote, with pictures where a store is named: seconds, records, GiB at most;
    then batches a second, and whether one in the middle is the same for whoever begins there."""
    from experiments.data.reader.hub import Hub
    from experiments.data.store.dataset import open_dataset

    start, memory = time.monotonic(), Memory()
    size = None if store is None else SIDE
    dataset = open_dataset(Hub(str(folder)), size, cache, quiet=True, workers=1, store=store)
    split = dataset.train
    rows = np.arange(0, len(split), max(1, len(split) // 1000))
    split.read(split.caption_start[rows])
    assert all(split.captions[row] and split.keys[row] for row in rows.tolist())
    found: dict[str, float | str | bool] = {
        "records": len(split) + len(dataset.test),
        "seconds": round(time.monotonic() - start, 1),
        "cpu_seconds": round(time.process_time(), 1),
    }
    if store is not None:
        found |= {"store": store, **batches_of(dataset)}
    return found | memory.most()


def batches_of(dataset: Any) -> dict[str, float | bool]:
    """Items a second of processor time, and whether the middle can be resumed bit for bit."""
    from experiments.data.batches import Batch, Batches
    from experiments.data.view.caption import CaptionView
    from experiments.data.view.captions import Captions
    from experiments.data.view.picture import PictureView, StoredPictures

    def fresh() -> Batches:
        views = [CaptionView(mismatch="roll"), PictureView([SIDE])]
        return Batches(dataset.train, BATCH, 0, [v.open(dataset, dataset.train) for v in views])

    def tensors(batch: Batch) -> list[Any]:
        text = batch.of(Captions)
        return [batch.rows, batch.of(StoredPictures).pixels, text.tokens, text.wrong_tokens]

    middle = len(dataset.train) // 2 // BATCH * BATCH
    went, start = fresh(), time.process_time()
    for seen in range(middle, middle + BATCHES * BATCH, BATCH):
        last = went.at(seen)
    items = BATCHES * BATCH / (time.process_time() - start)
    again = fresh().at(middle + (BATCHES - 1) * BATCH)
    pairs = zip(tensors(last), tensors(again), strict=True)
    return {
        "items_per_second": round(items),
        "resumed_bit_for_bit": all(bool((a == b).all()) for a, b in pairs),
    }


if __name__ == "__main__":
    place, options = Path(sys.argv[1]), sys.argv[2:]
    stores = [option.removeprefix("--store=") for option in options if option.startswith("--store")]
    if "--open" not in options:
        start = time.monotonic()
        write(place / "set", int(options[0]) if options and options[0].isdigit() else 3_000_000)
        sys.stdout.write(json.dumps({"written": round(time.monotonic() - start, 1)}) + "\n")
    told = opened(place / "set", place / "cache", *stores)
    sys.stdout.write(json.dumps(told) + "\n")
