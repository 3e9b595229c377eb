"""What recipes give after 200 steps of tiny networks, as hashes: run it before and after a change
that must leave every bit, and compare what it prints.

python -m tests.bits > before.txt; git switch other; python -m tests.bits | diff before.txt -
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from safetensors import safe_open

from experiments.file.tensor import beside_tensors

RECIPES = ("gan_int_cls", "stackgan_stage1", "stackgan_v2", "damsm", "attngan", "word_lstm")
BATCH = 4
TIMES = ("seconds", "waiting", "images_per_second", "peak_memory", "energy", "threads")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="*", default=RECIPES)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("BIRDSONG_CACHE", str(Path(folder) / "cache"))
        for recipe in options.recipes:
            run = train(recipe, Path(folder), options.steps * BATCH, options.processes)
            told = {
                "weights": weights(run),
                "statistics": statistics(run),
                "pictures": pictures(run),
            }
            sys.stdout.write(f"{recipe} {json.dumps(told)}\n")
            sys.stdout.flush()


def train(recipe: str, outputs: Path, images: int, processes: int) -> Path:
    """Train a recipe as a user would; the folder of its run."""
    command = [
        *(sys.executable, "run.py", f"model={recipe}", "debug=tiny", "tracker=none", "~metric"),
        "data.limit=null",
        *(f"paths.outputs={outputs}", f"trainer.images={images}", f"trainer.batch={BATCH}"),
        *("trainer.checkpoint_every=400", "trainer.sample_every=400", "trainer.log_every=40"),
        *(f"launch.num_processes={processes}", "launch.threads=1", "launch.device=cpu"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    # Another recipe may have trained a shorter one of these first.
    last = next(outputs.glob(f"{recipe}-plumage/*/checkpoints/images-{images:010d}.safetensors"))
    return last.parents[1]


def weights(run: Path) -> str:
    """Of all tensors of the last checkpoint, optimisers and averages among them, and the digests of
    those that it keeps elsewhere."""
    newest = max((run / "checkpoints").glob("*.safetensors"))
    known = hashlib.sha256()
    elsewhere = beside_tensors(newest).get("elsewhere") or {}
    for part in ("system", "export"):
        for name, (_, digest) in sorted(elsewhere.get(part, {}).items()):
            known.update(f"{part}/{name} {digest}".encode())
    with safe_open(newest, "np") as file:
        for name in sorted(file.keys()):
            known.update(name.encode() + file.get_tensor(name).tobytes())
    return known.hexdigest()[:16]


def statistics(run: Path) -> str:
    """Of every logged number but times and memory."""
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    kept = [{k: v for k, v in line.items() if k not in TIMES} for line in lines]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def pictures(run: Path) -> str:
    """Of the pixels of every sheet, whatever else its file says."""
    known = hashlib.sha256()
    for path in sorted((run / "samples").glob("*.png")):
        known.update(path.name.encode() + Image.open(path).convert("RGB").tobytes())
    return known.hexdigest()[:16]


if __name__ == "__main__":
    main(sys.argv[1:])
