"""Scores of clips whose contents are known: right motion of wrong digits, still ones, shuffled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from experiments.clip.form import ClipForm
from experiments.data.reader.digits import Digits
from experiments.data.record import CLIP
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.view.caption import CAPTION, Captions, CaptionView
from experiments.data.view.clip import Clips, ClipView
from experiments.data.view.picture import PICTURE, PictureView
from experiments.encoder.moving import Conv3dStack
from experiments.encoder.text_image import TextImageEncoder
from experiments.encoder.video_classifier import VideoClassifier
from experiments.file.digest import sha256
from experiments.machine.rank import Ranks
from experiments.metric.clip import ClipScores
from experiments.metric.filmed import as_form
from experiments.metric.fvd import I3D
from experiments.metric.names import label
from experiments.system.base import Samples
from experiments.terminal.error import UserError

CPU = Ranks("cpu")
FORM = ClipForm(8, 16, 1)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    reader = Digits(frames=8, side=16, train_clips=20, test_clips=60, glyphs="drawn")
    cache: Path = tmp_path_factory.mktemp("digits")
    return open_dataset(reader, 16, cache, quiet=True, workers=1)


class Oracle(nn.Module):
    """Of what is asked for a real clip of the test that shows what `wanted` changes it to."""

    resolutions = (16,)
    reads = "words"
    form = FORM
    sampled_as = MappingProxyType[str, str]({})

    def __init__(self, data: Dataset, asks: tuple[str, ...] = (CAPTION,), **shift: int) -> None:
        """`shift`: how far attributes are moved in their values."""
        super().__init__()
        self.asks, self.makes = asks, {asks: CLIP}
        names = list(data.attribute_values)
        steps = torch.tensor([shift.get(name, 0) for name in names])
        sizes = torch.tensor([len(values) for values in data.attribute_values.values()])
        self.known = torch.from_numpy(data.test.attributes)
        self.wanted = (self.known + steps) % sizes
        self.tokens = torch.from_numpy(data.test.tokens)
        opened = {view.name: view.open(data, data.test) for view in self.views()}
        rows = np.arange(len(data.test))
        self.real = opened[CLIP].stages(opened[CLIP].real(rows))[-1]

    def views(self) -> list[Any]:
        return [CaptionView(), PictureView([16]), ClipView(self.form)]

    def sample(self, asked: Mapping[str, Any], seeds: list[int]) -> Samples:
        assert tuple(asked) == self.asks
        found = []
        for number, seed in enumerate(seeds):
            wanted = self.wanted[self._row(asked, number, seed)]
            right = (self.known == wanted).all(1).nonzero()[:, 0]
            found.append(self.real[right[seed % len(right)]])
        return Samples({CLIP: [torch.stack(found)]})

    def _row(self, asked: Mapping[str, Any], number: int, seed: int) -> int:
        for part in asked.values():
            if isinstance(part, Captions):
                same = (self.tokens == part.tokens[number]).all(1)
                return int(same.nonzero()[0])
            first = part.first if isinstance(part, Clips) else part.images[-1].mean(1, keepdim=True)
            away = (self.real[:, :, 0] - first[number]).flatten(1).square().sum(1)
            return int(away.argmin())
        return seed % len(self.real)


class Knowing(VideoClassifier):
    """Recognises the real clip that is nearest, and knows all of it but what it is `blind` to."""

    def __init__(self, data: Dataset, real: Tensor, blind: str | None = None) -> None:
        sizes = {name: len(values) for name, values in data.attribute_values.items()}
        super().__init__(FORM, Conv3dStack((1, 8, 16, 16), (2, 2)), sizes)
        self.known, self.real, self.blind = torch.from_numpy(data.test.attributes), real, blind

    def read(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        flat = images.flatten(1)
        rows = torch.cdist(flat, self.real.flatten(1)).argmin(1)
        answers = dict(zip(self.sizes, self.known[rows].unbind(1), strict=True))
        if self.blind:
            answers[self.blind] = answers[self.blind] * 0
        logits = {n: nn.functional.one_hot(a, self.sizes[n]).float() for n, a in answers.items()}
        steps = images[:, 0].diff(dim=1).abs().mean((2, 3))
        return torch.cat((steps[:, :4], images.mean((1, 2, 3, 4))[:, None]), 1), logits


def scores_of(data: Dataset, system: Oracle, blind: str | None = None, **options: Any) -> Any:
    knowing = Knowing(data, as_form(system.real, FORM), blind)
    return ClipScores(knowing, **{"samples": 60, **options})(system, data, CPU)


class Both(TextImageEncoder):
    """Sees in a frame which record it is of, and codes what that shows as what a caption says."""

    name = "both"

    def __init__(self, data: Dataset, real: Tensor) -> None:
        text = nn.Identity()
        text.dim = 2  # type: ignore[assignment]
        super().__init__(text, nn.Identity(), 2)
        self.known = torch.from_numpy(data.test.attributes).float()
        self.tokens = torch.from_numpy(data.test.tokens)
        self.frames = real.transpose(1, 2).flatten(2)  # (N, T, H W)

    def _code(self, rows: Tensor) -> Tensor:
        return torch.stack([(self.known[rows] + k).cos() for k in (0, 1)], 2).flatten(1)

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        same = (tokens[:, None] == self.tokens[:, : tokens.shape[1]]).all(2)
        return None, self._code(same.int().argmax(1))

    def encode_image(self, images: Tensor) -> tuple[None, Tensor]:
        assert images.shape[1:] == (3, 16, 16)
        away = torch.cdist(images[:, 0].flatten(1), self.frames.flatten(0, 1))
        return None, self._code(away.argmin(1) // self.frames.shape[1])


def test_a_clip_finds_its_caption_among_those_that_say_something_else(digits: Dataset) -> None:
    right, wrong = Oracle(digits), Oracle(digits, digit=3)
    both = Both(digits, right.real)
    result = scores_of(digits, right, independent=both, side=16)
    name = "r_precision/independent"
    assert result.scores[name] == result.scores[f"{name}/real"] == 1
    assert result.scores[f"{name}/candidates"] == 58, "three clips say the same"
    assert result.protocol.resize["independent"] == "4 frames of 16 px"
    wrong.encoder = both
    scores = scores_of(digits, wrong, side=16).scores
    assert scores["r_precision/both"] == 0 and scores["r_precision/both/real"] == 1
    untold = Oracle(digits, (PICTURE,))
    assert not any("r_prec" in n for n in scores_of(digits, untold, independent=both).scores)


def test_the_right_motion_of_the_wrong_digit(digits: Dataset) -> None:
    result = scores_of(digits, Oracle(digits, digit=3))
    scores = result.scores
    assert scores["attribute_accuracy/motion"] == 1 and scores["attribute_accuracy/digit"] == 0
    assert scores["attribute_accuracy/joint"] == 0 and scores["attribute_accuracy/mean"] == 0.5
    for name, chance in (("motion", 1 / 2), ("digit", 1 / 10), ("joint", 1 / 20)):
        assert scores[f"attribute_accuracy/{name}/real"] == 1
        assert scores[f"attribute_accuracy/{name}/chance"] == pytest.approx(chance)
    assert result.protocol.n_real == result.protocol.n_fake == 60
    assert result.samples is not None
    assert result.samples.columns["attribute_accuracy/joint"].tolist() == [0.0] * 60


def test_what_is_told_scores_as_what_is_real(digits: Dataset) -> None:
    result = scores_of(digits, Oracle(digits))
    scores = result.scores
    for name in ("motion", "digit", "joint"):
        assert scores[f"attribute_accuracy/{name}"] == 1
    assert scores["frechet/video_classifier"] < scores["frechet/video_classifier/shuffled"]
    assert scores["frechet/video_classifier/real"] < scores["frechet/video_classifier/shuffled"]
    for name in ("motion_energy", "consistency"):
        assert scores[f"{name}/relative"] == pytest.approx(1, abs=0.25)
    # Real clips of a caption, three of each, differ as made ones of it do.
    assert scores["diversity/video_classifier"] > 0
    assert result.protocol.extra["diversity of real clips"] == "two that the same is said of"
    assert scores["diversity/relative"] == pytest.approx(
        scores["diversity/video_classifier"] / scores["diversity/video_classifier/real"]
    )


def test_clips_that_stand_still_have_no_motion(digits: Dataset) -> None:
    class Still(Oracle):
        def sample(self, asked: Mapping[str, Any], seeds: list[int]) -> Samples:
            clip = super().sample(asked, seeds).made[CLIP][-1]
            return Samples({CLIP: [clip[:, :, :1].expand_as(clip).contiguous()]})

    scores = scores_of(digits, Still(digits)).scores
    assert scores["motion_energy/pixels"] == scores["motion_energy/relative"] == 0
    assert scores["motion_energy/pixels/real"] > 1
    assert scores["consistency/video_classifier"] == 0 < scores["consistency/video_classifier/real"]


def test_what_the_classifier_cannot_read_is_said_and_not_reported(
    digits: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    result = scores_of(digits, Oracle(digits), blind="motion")
    assert not any(name.startswith("attribute_accuracy/motion") for name in result.scores)
    assert result.scores["attribute_accuracy/joint"] == 1, "of what is left"
    assert "50.0 % of real clips" in result.skipped["attribute_accuracy/motion"]
    assert "1 of 2 attributes are not reported" in capsys.readouterr().err.replace("\n", " ")


def test_a_picture_states_what_it_shows_and_nothing_states_nothing(digits: Dataset) -> None:
    result = scores_of(digits, Oracle(digits, (PICTURE,), digit=1))
    assert result.scores["attribute_accuracy/digit"] == 0
    assert result.skipped["attribute_accuracy/motion"] == "nothing that was asked for states it"
    result = scores_of(digits, Oracle(digits, (CLIP,)))
    assert result.scores["attribute_accuracy/joint"] == 1
    result = scores_of(digits, Oracle(digits, ()))
    assert not any(name.startswith("attribute") for name in result.scores)
    assert result.scores["frechet/video_classifier"] >= 0
    assert result.protocol.captions_per_image == 0


def test_what_is_not_finite_shows_nothing(digits: Dataset) -> None:
    class Broken(Oracle):
        def sample(self, asked: Mapping[str, Any], seeds: list[int]) -> Samples:
            return Samples({CLIP: [super().sample(asked, seeds).made[CLIP][-1] * torch.nan]})

    result = scores_of(digits, Broken(digits))
    assert result.scores["attribute_accuracy/joint"] == 0
    assert {"frechet/video_classifier", "motion_energy/pixels"} <= set(result.undefined)


class Logits(nn.Module):
    """In place of I3D: 400 numbers that depend on the order of frames."""

    def forward(self, clips: Tensor, rescale: bool = True, resize: bool = True) -> Tensor:
        assert not rescale and not resize
        steps = clips.diff(dim=2).abs().mean((1, 3, 4))
        return torch.nn.functional.interpolate(steps[:, None], 400)[:, 0]


class Side(nn.Module):
    """In place of I3D: the side of the clips that it is given."""

    def forward(self, clips: Tensor) -> Tensor:
        return torch.full((len(clips), 400), float(clips.shape[3]))


def test_i3d_is_shown_224_pixels(tmp_path: Path) -> None:
    torch.jit.script(Side()).save(tmp_path / "i3d.pt")
    found = I3D(str(tmp_path / "i3d.pt"))(torch.zeros(1, 1, 10, 8, 8))
    assert found.shape == (1, 400) and (found == 224).all()


def test_fvd_has_a_name_of_its_own_and_needs_the_users_file(
    digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.metric.fvd.SIDE", 16)  # 224 px of 60 clips take long

    class Longer(Oracle):
        form = ClipForm(12, 16, 1)

    file = tmp_path / "i3d.pt"
    torch.jit.script(Logits()).save(file)
    result = scores_of(digits, Longer(digits), fvd=str(file), samples=6)
    (name,) = [n for n in result.scores if n.startswith("frechet_video") and n.count("/") == 1]
    assert name == f"frechet_video_distance/i3d_{sha256(file)[:8]}"
    assert result.scores[f"{name}/shuffled"] > result.scores[f"{name}/real"] >= 0
    assert label(name).startswith("Fréchet video distance (i3d_")
    result = scores_of(digits, Oracle(digits), fvd=str(file), samples=6)
    assert result.skipped["frechet_video_distance"] == "needs 10 frames, and clips have 8"
    with pytest.raises(UserError, match=r"metric\.fvd=nowhere\.pt: there is no such file"):
        I3D("nowhere.pt")
    file.write_bytes(b"no network")
    with pytest.raises(UserError, match="is no TorchScript network"):
        I3D(str(file))


def test_clips_are_seen_in_the_form_of_the_classifier() -> None:
    clips = torch.arange(4.0).view(1, 1, 4, 1, 1).expand(2, 1, 4, 6, 6) / 4
    found = as_form(clips, ClipForm(8, 3, 3))
    assert found.shape == (2, 3, 8, 3, 3)
    assert found[0, 0, :, 0, 0].tolist() == pytest.approx([0, 0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75])
    assert as_form(clips, ClipForm(2, 6, 1))[0, 0, :, 0, 0].tolist() == pytest.approx([0, 0.5])
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1, 1).expand(1, 3, 2, 4, 4)
    assert as_form(red, ClipForm(2, 4, 1)).unique().tolist() == pytest.approx([0.299])
    assert as_form(red, ClipForm(2, 4, 3)) is red or torch.equal(as_form(red, ClipForm(2, 4)), red)
