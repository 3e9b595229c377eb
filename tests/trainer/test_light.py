"""What a run without scores does not wait for."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"torchmetrics", "transformers", "scipy", "wandb", "datasets", "matplotlib", "pandas"}


def test_training_loads_no_package_of_scores_or_trackers() -> None:
    code = "import sys, experiments.trainer.perform; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {*told.stdout.split()}
    assert "experiments.trainer.loop" in loaded and not HEAVY & loaded
