"""Two processes do the same about what only one of them met."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.data.store.dataset import Dataset
from tests.forked import Ended

SCRIPT = """
import runpy, sys
from dataclasses import replace
from pathlib import Path
import torch
torch.set_num_threads(1)
from experiments.terminal.error import UserError
from experiments.terminal.interrupt import Interrupt
from experiments.trainer.loop import fit, resume

here, folder, cache, policy = sys.argv[1:]
tiny = runpy.run_path(f"{here}/../conftest.py")
failing = runpy.run_path(f"{here}/test_numerics.py")
birds = tiny["open_birds"](Path(cache))
system = tiny["tiny_attngan"](birds, norm="batch")
system.__class__ = failing["Failing"]
half, policy = policy == "fp16", policy.replace("fp16", "stop")
options = {"images": 48, "nonfinite": policy, "log_every": 8}
training = tiny["tiny_training"](birds, Path(folder) / "run", system, **options)
if half:
    training.compute_in(torch.float16)
    for scaling in training.scalings.values():  # what no gradient of these overflows
        scaling.scaler = torch.amp.GradScaler("cpu", init_scale=64.0)
ranks = training.ranks
system.phase, system.way, system.at = "generator", "gradient" if half else "loss", set()
if ranks.rank == 1:  # the other has no such pictures
    system.at = {failing["signature"](training.batches.at(24))}
numerics = resume(training)
log, error = failing["Log"](training), ""
if ranks.rank == 1:
    log.log = log.go_back = lambda *rest: None
try:
    fit(training, numerics, log, Interrupt())
except UserError as raised:
    error = str(raised)
found = {
    "error": error,
    "weights": {k: v.clone() for k, v in training.system.state_dict().items()},
    "numerics": numerics.state(),
    "images": training.images,
    "scaling": {name: scaling.state() for name, scaling in training.scalings.items()},
}
torch.save(found, Path(folder) / f"{ranks.rank}.pt")
"""


Two = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def two(birds: Dataset, together: Callable[..., list[Ended]], tmp_path: Path) -> Two:
    """What each of two processes has in the end."""

    def two(policy: str) -> list[dict[str, Any]]:
        folder = tmp_path / policy
        folder.mkdir()
        for ended in together(
            SCRIPT, Path(__file__).parent, folder, birds.folder.parents[1], policy
        ):
            assert ended.code == 0, ended.err
        return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]

    return two


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param("stop", marks=pytest.mark.slow),
        "skip",
        pytest.param("rollback", marks=pytest.mark.slow),
    ],
)
def test_both_know_and_do_the_same(policy: str, birds: Dataset, tmp_path: Path, two: Two) -> None:
    first, second = two(policy)
    (path,) = (tmp_path / policy / "run" / "diagnosis").iterdir()
    diagnosis = json.loads(path.read_text())
    assert (diagnosis["images"], diagnosis["phase"]) == (24, "generator")
    assert diagnosis["not_finite"] == ["generator/8px/adversarial"]
    keys = [birds.train.keys[row["row"]] for row in diagnosis["batch"]]
    assert len(keys) == 8 and keys == [row["key"] for row in diagnosis["batch"]]
    assert first["error"] == second["error"]
    assert ("a loss is not finite in the step after 24 images" in first["error"]) == (
        policy == "stop"
    )
    if policy == "stop":
        return
    assert first["images"] == second["images"] == 48 and first["numerics"] == second["numerics"]
    # Running statistics are of the pictures of each process; all that is trained is the same.
    trained = [k for k in first["weights"] if not k.endswith(("running_mean", "running_var"))]
    assert all(torch.equal(first["weights"][k], second["weights"][k]) for k in trained)
    assert all(v.isfinite().all() for v in first["weights"].values())
    assert first["numerics"]["skipped"] == ({"generator": 1} if policy == "skip" else {})
    assert first["numerics"]["passed_over"] == (0 if policy == "skip" else 16)


def test_both_leave_out_what_overflowed_for_one(two: Two) -> None:
    """In float16 a gradient that is not finite is one that is too large for its scale."""
    first, second = two("fp16")
    assert first["error"] == second["error"] == "" and first["images"] == 48
    assert first["scaling"] == second["scaling"]
    found = {name: (s["left_out"], s["scaler"]["scale"]) for name, s in first["scaling"].items()}
    assert found == {"discriminator": (0, 64.0), "generator": (1, 32.0)}
    trained = [k for k in first["weights"] if not k.endswith(("running_mean", "running_var"))]
    assert all(torch.equal(first["weights"][k], second["weights"][k]) for k in trained)
    assert all(v.isfinite().all() for v in first["weights"].values())
