"""Whether a detector finds something: shares by hand, and files of users."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from experiments.metric.detected import Detected, Detector
from experiments.metric.seen import sureness
from experiments.terminal.error import UserError


class Bright(nn.Module):
    def forward(self, pictures: Tensor) -> Tensor:
        return pictures.mean((1, 2, 3))


def test_shares_by_hand() -> None:
    metric = Detected()
    metric.update(torch.tensor([1.0, 2.0, -1.0, 3.0]), real=True)
    metric.update(torch.tensor([0.0, 0.5, torch.nan, -3.0]), real=False)
    assert metric.compute() == (0.25, 0.75)


def test_a_classifier_accepts_what_it_is_as_sure_of_as_of_most_real_ones() -> None:
    metric = Detected(bound=None)
    metric.update(torch.arange(21.0), real=True)  # a twentieth of these is below 1
    metric.update(torch.tensor([0.0, 1.0, 5.0, 100.0, torch.nan]), real=False)
    assert metric.compute() == (0.6, pytest.approx(20 / 21))


def test_sureness_by_hand() -> None:
    logits = [torch.tensor([[0.0, math.log(3.0)]]), torch.tensor([[0.0, 0.0]])]
    expected = (math.log(0.75) + math.log(0.5)) / 2
    assert sureness(logits).item() == pytest.approx(expected)


def test_a_file_of_the_user_says_what_it_finds(tmp_path: Path) -> None:
    torch.jit.script(Bright()).save(tmp_path / "haar.pt")
    detector = Detector(str(tmp_path / "haar.pt"))
    pictures = torch.stack([torch.full((3, 4, 4), value) for value in (0.5, -0.5)])
    assert detector.name == "haar" and detector(pictures).tolist() == [0.5, -0.5]


def test_files_that_are_no_detectors_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("no")
    torch.jit.script(nn.Identity()).save(tmp_path / "same.pt")
    with pytest.raises(UserError, match=r"text\.pt: is no TorchScript network"):
        Detector(str(tmp_path / "text.pt"))
    with pytest.raises(UserError, match=r"none\.pt: there is no such file"):
        Detector(str(tmp_path / "none.pt"))
    with pytest.raises(UserError, match="must give one number a picture"):
        Detector(str(tmp_path / "same.pt"))(torch.zeros(2, 3, 4, 4))
