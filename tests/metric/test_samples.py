"""What single pictures add to scores: the same numbers, and a file that can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments.file.array import save_arrays
from experiments.metric.attribute import attribute_hits, averages, mean_hits
from experiments.metric.r_precision import r_precision
from experiments.metric.result import Scored
from experiments.metric.rows import Rows
from experiments.metric.samples import ScoreSamples, score_samples
from experiments.run.folder import SCORE_SAMPLES
from experiments.terminal.error import UserError

COLUMNS = {"r_precision/damsm": [1, 0, 1], "attribute_accuracy/crown": [np.nan, 1, 0]}


@pytest.fixture
def samples() -> ScoreSamples:
    columns = {name: np.array(values, np.float32) for name, values in COLUMNS.items()}
    return ScoreSamples(
        np.array([4, 0, 9]), columns, {"attribute_accuracy/mean": ["attribute_accuracy/crown"]}
    )


def test_hits_by_hand() -> None:
    stated = torch.tensor([[0, 1, -1], [2, -1, -1], [1, 1, -1]])
    predicted = torch.tensor([[0, 0, 3], [-1, 1, 3], [1, 1, -1]])
    hits = attribute_hits(predicted, stated)
    nan = torch.nan
    expected = torch.tensor([[1, 0, nan], [0, nan, nan], [1, 1, nan]]).double()
    torch.testing.assert_close(hits, expected, equal_nan=True)
    found = mean_hits(hits, ("crown", "wing", "tail"), {"wing", "tail"})
    assert found == pytest.approx({"crown": 2 / 3, "wing": 0.5, "mean": 7 / 12, "colour": 0.5})
    assert averages(["crown", "wing"], {"wing"}) == {"mean": ["crown", "wing"], "colour": ["wing"]}
    assert averages(["crown"], {"wing"}) == {"mean": ["crown"]}


def test_hits_of_retrieval_by_hand() -> None:
    # The first picture shows its caption, the second one the other's.
    sentences = torch.eye(2)
    found = r_precision(torch.tensor([[1.0, 0], [1, 0]]), sentences, torch.arange(2), folds=2)
    assert found.hits.tolist() == [1, 0] and found.mean == 0.5


def test_the_mean_of_a_column_is_its_score(
    collect: Callable[..., Rows], compute: Callable[..., Scored]
) -> None:
    fake = collect(seed=1)
    fake["stated"][:, 2] = -1  # no caption states the last one
    found = compute(collect(), fake, ("crown", "wing", "tail"), {"crown", "wing"})
    samples = ScoreSamples(
        np.arange(120), {k: v.float().numpy() for k, v in found.columns.items()}, found.averages
    )
    told = {
        name: value
        for name, value in found.scores.items()
        if name.startswith(("r_precision", "attribute")) and name.count("/") == 1
    }
    assert samples.columns.keys() | samples.averages.keys() == told.keys()
    assert found.averages["attribute_accuracy/colour"] == [
        "attribute_accuracy/crown",
        "attribute_accuracy/wing",
    ]
    for name, value in told.items():
        mean = np.nanmean(samples.of(name).astype(float), axis=0).mean()
        assert mean == pytest.approx(value, abs=1e-6), name
    assert samples.of("frechet/efficientnet_lite0") is None


def test_written_and_read_again(samples: ScoreSamples, tmp_path: Path) -> None:
    assert score_samples(tmp_path) is None
    samples.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [SCORE_SAMPLES]
    found = score_samples(tmp_path)
    assert found.captions.tolist() == [4, 0, 9] and found.averages == samples.averages
    assert found.columns.keys() == COLUMNS.keys()
    for name, values in COLUMNS.items():
        np.testing.assert_array_equal(found.columns[name], np.array(values, np.float32))
    with np.load(tmp_path / SCORE_SAMPLES) as archive:  # what other programs meet
        assert archive["caption"].dtype == np.int64
        assert archive["averages"].shape == () and archive["averages"].dtype.kind == "U"


def test_a_damaged_file_gets_one_line(samples: ScoreSamples, tmp_path: Path) -> None:
    samples.save(tmp_path)
    path = tmp_path / SCORE_SAMPLES
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    spoilt = [whole[: len(whole) // 2], b"", b"hello"]
    for _ in range(200):
        place = int(rng.integers(len(whole)))
        spoilt.append(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
    refused = 0
    for content in spoilt:
        path.write_bytes(content)
        try:
            score_samples(tmp_path)
        except UserError as error:
            assert str(error).startswith(f"{path}: is damaged") and "\n" not in str(error)
            refused += 1
    assert refused > 150  # the rest of a zip's bytes say nothing, such as dates


@pytest.mark.parametrize(
    "wrong",
    [
        {"caption": None},
        {"averages": None},
        {"averages": "[1]"},
        {"averages": '{"mean": ["beak"]}'},
        {"averages": '{"mean": []}'},
        {"averages": np.zeros(3)},
        {"caption": np.zeros(3)},
        {"caption": np.zeros(2, np.int64)},
        {"r_precision/x": np.zeros(4, np.float32)},
        {"r_precision/x": np.array(["a", "b", "c"])},
    ],
)
def test_files_of_something_else_are_refused(wrong: dict[str, object], tmp_path: Path) -> None:
    arrays = {"caption": np.arange(3), "averages": "{}", "r_precision/x": np.ones(3, np.float32)}
    save_arrays(tmp_path / SCORE_SAMPLES, arrays)
    assert score_samples(tmp_path) is not None
    kept = {name: value for name, value in (arrays | wrong).items() if value is not None}
    save_arrays(tmp_path / SCORE_SAMPLES, kept)
    with pytest.raises(UserError, match=r"is damaged; delete it"):
        score_samples(tmp_path)
