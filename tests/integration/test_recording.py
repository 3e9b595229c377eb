"""What a real run leaves for reports: its cost, its captions, and what each picture adds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from experiments.metric.samples import score_samples
from experiments.run.cost import cost_of
from experiments.run.folder import run_facts, run_scores, sample_captions
from experiments.run.stats import StatsFile


@pytest.fixture
def run(trained: Path) -> Path:
    (found,) = (trained / "attngan_4stage-plumage").iterdir()
    return found


def test_every_log_line_says_what_it_cost(run: Path) -> None:
    lines = [line for line in StatsFile.read(run / "stats.jsonl") if "images_per_second" in line]
    assert len(lines) == 4
    for line in lines:
        assert line["seconds"] * line["images_per_second"] == pytest.approx(4)
        assert line["peak_memory"] > 2**24
        assert 0 <= line["waiting"] < 1
    cost = cost_of(run)
    assert cost is not None and cost.images == 16
    assert cost.seconds == pytest.approx(sum(line["seconds"] for line in lines))
    assert cost.peak_memory == lines[-1]["peak_memory"]


def test_the_captions_of_the_sheets(run: Path) -> None:
    captions = sample_captions(run)
    assert captions == json.loads((run / "samples" / "captions.json").read_text())["captions"]
    assert captions and all(" " in caption for caption in captions)


def test_pictures_give_the_scores_that_they_lie_beside(run: Path) -> None:
    content, samples = run_scores(run), score_samples(run)
    assert content is not None and samples is not None
    n = content["protocol"]["n_fake"]
    assert samples.captions.shape == (n,)
    told = {
        name: value
        for name, value in content["scores"].items()
        if name.startswith(("attribute_accuracy/", "r_precision/")) and name.count("/") == 1
    }
    assert samples.columns.keys() | samples.averages.keys() == told.keys()
    assert {"attribute_accuracy/mean", "attribute_accuracy/colour"} <= samples.averages.keys()
    for name, value in told.items():
        columns = samples.of(name)
        assert columns is not None and columns.shape[0] == n
        assert set(np.unique(columns[~np.isnan(columns)])) <= {0, 1}
        mean = np.nanmean(columns.astype(float), axis=0).mean()
        assert mean == pytest.approx(value, abs=1e-6)


def test_runs_of_other_scores_have_no_such_file(trained: Path) -> None:
    (damsm,) = (trained / "damsm-plumage").iterdir()
    assert score_samples(damsm) is None and cost_of(damsm) is not None
    assert run_facts(damsm) and sample_captions(damsm)
