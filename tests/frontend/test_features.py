"""Front-ends: values, shapes, rows of a batch alone, gradients."""

from __future__ import annotations

import json
import math
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor

from experiments.config.build import build
from experiments.config.cache import CONF
from experiments.frontend.table import filters_on, mel_filters, window
from tests.frontend.librosa_values import FILE, sound

NAMES = [path.stem for path in sorted((CONF / "frontend").glob("*.yaml"))]
LIBROSA = json.loads(FILE.read_text())
EVERY = {"stft": 16}  # bins of which values are kept


def front_end(name: str, **changes: Any) -> Any:
    """With the published presets of sound, where it has values of these."""
    node = OmegaConf.merge(OmegaConf.load(CONF / f"frontend/{name}.yaml"), changes)
    presets = {"sound": OmegaConf.load(CONF / "data/sound/published.yaml")}
    whole = OmegaConf.create({"data": {"preset": presets}, "frontend": node})
    return build(OmegaConf.to_container(whole.frontend, resolve=True))


def one(name: str, wave: np.ndarray, dtype: torch.dtype = torch.float32) -> Tensor:
    """(T, *shape) of one wave."""
    waves = torch.from_numpy(wave)[None].to(dtype)
    features, lengths = front_end(name)(waves, torch.tensor([len(wave)]))
    assert lengths.tolist() == [features.shape[1]] == [front_end(name).frames(len(wave))]
    return features[0]


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    """Three waves, of which the padding is no zeros."""
    waves = torch.randn(3, 9000, generator=torch.Generator().manual_seed(0)) * 0.1
    return waves, torch.tensor([9000, 3301, 5000])


def test_there_are_those_of_the_literature() -> None:
    of_speech = ["logmel40_s2igan", "meldb40_davenet", "powerlaw_stft", "waveform"]
    assert sorted([*of_speech, "cqt", "lms128", "mfcc", "ms128", "stft"]) == NAMES


@pytest.mark.parametrize("name", sorted(LIBROSA.keys() - {"librosa"}))
def test_values_are_those_of_librosa(name: str) -> None:
    wanted = np.array(LIBROSA[name][0])
    rate = front_end(name).rate
    wave = sound(rate, rate // 10)
    double = one(name, wave, torch.float64).numpy()[:, :: EVERY.get(name, 1)]
    assert double == pytest.approx(wanted, rel=1e-8, abs=1e-8)
    single = one(name, wave).numpy()[:, :: EVERY.get(name, 1)]
    assert single == pytest.approx(wanted, rel=1e-5, abs=1e-4)  # 1e-4 dB are 1e-5 of an amplitude


def test_log_mel_is_normalised_as_s2igan_does() -> None:
    logs, wanted = (
        torch.tensor(value, dtype=torch.float64) for value in LIBROSA["logmel40_s2igan"]
    )
    found = front_end("logmel40_s2igan").normalise(logs[None], torch.tensor([len(logs)]))[0]
    assert torch.allclose(found, wanted, rtol=1e-6, atol=1e-6)
    assert found.mean(0).abs().max() < 1e-9
    assert found.std(0, correction=0) == pytest.approx(np.ones(40), rel=1e-9)


def test_a_bin_that_never_changes_is_zero_and_so_is_its_slope() -> None:
    logs = torch.full((1, 7, 40), math.log(1e-6))
    logs[:, :, 3] = torch.arange(7.0)
    logs.requires_grad_()
    found = front_end("logmel40_s2igan").normalise(logs, torch.tensor([7]))
    found.square().sum().backward()
    found = found.detach()
    assert found[0, :, 3].abs().min() == 0 and found[0, :, 3].abs().max() == pytest.approx(1.5)
    assert found[0, :, [0, 39]].abs().max() == 0, "not rounding over 1e-16"
    assert logs.grad is not None and logs.grad.isfinite().all()


def test_centres_of_an_odd_size_are_multiples_of_rate_over_size() -> None:
    """Filters of 40 to 11,025 Hz are 81.156 Hz apart below 1 kHz. Bin 10 of 551 at 22,050 Hz is at
    400.181 Hz, 4.9310 of them; on a line to Nyquist it would be at 400.909 Hz, 4.9400."""
    filters = mel_filters(22050, 551, 40, 0.0, 11025.0)
    assert filters.shape == (276, 40)
    assert filters[10, 3:5] * 81.156 == pytest.approx([1 - 0.9310, 0.9310], abs=1e-4)


def test_filters_have_the_area_one() -> None:
    filters = mel_filters(16000, 1 << 14, 40, 20.0, 8000.0)
    assert filters.sum(0) * 16000 / (1 << 14) == pytest.approx(np.ones(40), rel=2e-3)
    assert filters[: int(20 * (1 << 14) / 16000)].max() == 0, "nothing below 20 Hz"


def test_windows() -> None:
    assert window("hann", 4) == pytest.approx([0, 0.5, 1, 0.5]), "periodic"
    assert window("hamming", 3) == pytest.approx([0.08, 1, 0.08]), "symmetric"
    assert window("hamming", 5)[1] == pytest.approx(0.54)


@pytest.mark.parametrize(
    ("name", "samples", "frames", "shape"),
    [
        ("logmel40_s2igan", 22050, 101, (40,)),
        ("logmel40_s2igan", 220, 1, (40,)),  # 551 is odd: a whole hop has one less than ...
        ("logmel40_s2igan", 221, 2, (40,)),
        ("logmel40_s2igan", 1, 1, (40,)),
        ("meldb40_davenet", 160, 2, (40,)),  # ... an even size
        ("meldb40_davenet", 159, 1, (40,)),
        ("meldb40_davenet", 480_000, 2048, (40,)),
        ("waveform", 16_000, 16_000, ()),
        ("waveform", 40_000, 16_384, ()),
        ("powerlaw_stft", 100, 598, (2, 257)),  # not 597, nor 601
        ("powerlaw_stft", 96_000, 598, (2, 257)),
        ("powerlaw_stft", 200_000, 598, (2, 257)),
        ("lms128", 22_050, 44, (128,)),
        ("ms128", 22_050, 44, (128,)),
        ("mfcc", 22_050, 44, (20,)),
        ("stft", 22_050, 44, (1025,)),
        ("cqt", 22_050, 44, (84,)),
        ("cqt", 65_536, 129, (84,)),  # whole hops, as an even n_fft
    ],
)
def test_frames(name: str, samples: int, frames: int, shape: tuple[int, ...]) -> None:
    maker = front_end(name)
    assert maker.frames(samples) == frames
    assert maker.shape == shape
    assert one(name, sound(maker.rate, samples)).shape == (frames, *shape)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_of_a_batch_is_the_row_alone(name: str, batch: tuple[Tensor, Tensor]) -> None:
    maker, (waves, lengths) = front_end(name), batch
    waves[1, 3301:] = float("nan")  # whatever the padding
    features, counts = maker(waves, lengths)
    assert features.shape == (3, maker.frames(9000), *maker.shape)
    normal = maker.normalise(features.half(), counts)
    assert normal.dtype == torch.float32
    for row, (length, count) in enumerate(zip(lengths, counts, strict=True)):
        alone, frames = maker(waves[row : row + 1, :length], length[None])
        assert frames == count
        assert torch.allclose(alone[0], features[row, :count], rtol=1e-6, atol=2e-5)
        again = maker.normalise(alone.half(), frames)[0]
        assert torch.allclose(again, normal[row, :count], rtol=1e-6, atol=1e-5)
        for values in (features, normal):
            assert values[row, count:].abs().sum() == 0
        assert maker.normalise(features, counts)[row, :count].sub(again).abs().max() < 0.1, "half"


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_right(name: str) -> None:
    small: dict[str, Any] = {
        "logmel40_s2igan": {"n_fft": 15, "hop": 6, "bins": 3},
        "meldb40_davenet": {"n_fft": 16, "hop": 6, "bins": 3, "longest": 4},
        "lms128": {"n_fft": 16, "hop": 6, "bins": 3},
        "ms128": {"n_fft": 16, "hop": 6, "bins": 3},
        "mfcc": {"n_fft": 16, "hop": 6, "bins": 3, "coefficients": 2},
        "stft": {"n_fft": 16, "hop": 6},
        "cqt": {"hop": 6, "bins": 5, "lowest": 8000.0, "per_octave": 4},
        "waveform": {"samples": 20},
        "powerlaw_stft": {"n_fft": 16, "win": 12, "hop": 5, "seconds": 40 / 16000},
    }
    maker = front_end(name, **small[name])
    waves = torch.randn(2, 31, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    waves.requires_grad_()

    def through(given: Tensor) -> Tensor:
        return maker.normalise(*maker(given, torch.tensor([31, 22])))

    assert torch.autograd.gradcheck(through, (waves,), atol=1e-4)


def test_davenet_takes_the_mean_off_and_emphasises() -> None:
    """An offset changes nothing, and a tone of 4 kHz is louder than one of 250 Hz beside it."""
    wave = sound(16000, 1600)
    assert torch.allclose(one("meldb40_davenet", wave), one("meldb40_davenet", wave + 3), atol=2e-3)
    time = np.arange(1600) / 16000
    both = np.sin(2 * np.pi * 250 * time) + np.sin(2 * np.pi * 4000 * time)
    level = one("meldb40_davenet", both)[5]
    assert level.max() > level[:10].max() + 15, "|1 - 0.97 e^-iw| is 0.1 at 250 Hz, 1.4 at 4 kHz"


def test_padding_of_davenet_is_silence_and_by_option_the_loudest() -> None:
    waves = torch.from_numpy(sound(16000, 3200)).float().expand(2, -1).clone()
    maker, released = front_end("meldb40_davenet"), front_end("meldb40_davenet", legacy=True)
    features, counts = maker(waves, torch.tensor([3200, 1600]))
    assert features[0].max() == 0 and features.min() == -80
    silent, loud = maker.normalise(features, counts), released.normalise(features, counts)
    assert torch.equal(loud, features), "padded with 0 dB"
    assert silent[1, counts[1] :].max() == 0 == silent.min() and silent[0].max() == 80
    assert torch.allclose(silent[0] - 80, loud[0], atol=1e-5)


def test_the_loudest_is_sought_before_frames_are_cut() -> None:
    wave = np.concatenate([0.001 * sound(16000, 1600), sound(16000, 1600)])
    waves = torch.from_numpy(wave).float()[None]
    short, counts = front_end("meldb40_davenet", longest=8)(waves, torch.tensor([3200]))
    assert counts.tolist() == [8] and short.shape[1] == 8
    assert torch.equal(short[0], one("meldb40_davenet", wave)[:8])
    assert short.max() < -30


def test_waveform_is_scaled_then_emphasised_and_cut_to_its_middle() -> None:
    maker = front_end("waveform", samples=2)
    features, counts = maker(torch.tensor([[0.1, -0.4, 0.2, 0.3]]), torch.tensor([4]))
    assert counts.tolist() == [2]
    # over 0.4: 0.25, -1, 0.5, 0.75; of the middle: -1 - 0.95 * 0.25, 0.5 + 0.95
    assert features[0].tolist() == pytest.approx([-1.2375, 1.45])
    assert front_end("waveform")(torch.zeros(1, 3), torch.tensor([3]))[0].abs().sum() == 0


def test_power_law_by_hand() -> None:
    """A constant of 1 under a Hann window of 4: S(0) = 2, of 4 places S(1) = -1, S(2) = 0."""
    maker = front_end("powerlaw_stft", n_fft=4, win=4, hop=4, seconds=8 / 16000)
    features, counts = maker(torch.ones(1, 3), torch.tensor([3]))  # 3, repeated to 8
    assert counts.tolist() == [2] and features.shape == (1, 2, 2, 3)
    assert features[0, 0, 0].tolist() == pytest.approx([2**0.3, -1, 0], abs=1e-2)
    assert features[0, 1].abs()[1].max() < 1e-2


def test_sounds_are_repeated_until_they_fill_six_seconds() -> None:
    wave = sound(16000, 24_000)
    assert torch.allclose(one("powerlaw_stft", wave), one("powerlaw_stft", np.tile(wave, 4)))


def test_lms_is_scaled_from_minus_one_to_one() -> None:
    features = one("lms128", sound(44100, 22050))[None]
    found = front_end("lms128").normalise(features, torch.tensor([44]))
    assert (found.min(), found.max()) == (-1, 1)


def test_tables_are_constants_whoever_asks_first() -> None:
    place = (22050, 441, 12, 0.0, 9000.0)
    with torch.inference_mode():
        filters_on(torch.zeros(1), *place)
    with torch.device("meta"):
        table = filters_on(torch.zeros(1, device="cpu"), *place)
    assert not table.is_inference() and not table.requires_grad and table.device.type == "cpu"
    assert filters_on(torch.zeros(1, requires_grad=True), *place) is table, "made once"
    assert filters_on(torch.zeros(1, device="meta"), *place).is_meta, "for those of that device"


@pytest.mark.parametrize("name", NAMES)
def test_front_ends_are_plain_objects(name: str) -> None:
    """They can be copied and sent to workers, and work on the meta device and under autocast."""
    maker = front_end(name)
    wave = torch.from_numpy(sound(maker.rate, 5000)).float()[None]
    lengths = torch.tensor([5000])
    wanted = maker(wave, lengths)[0]
    assert torch.equal(pickle.loads(pickle.dumps(maker))(wave, lengths)[0], wanted)
    assert not any(isinstance(value, Tensor) for value in vars(maker).values())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(maker(wave, lengths)[0], wanted)
    shape = maker(wave.to("meta"), lengths.to("meta"))[0].shape
    assert shape == wanted.shape


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", NAMES)
def test_values_are_the_same_on_a_gpu(name: str, batch: tuple[Tensor, Tensor]) -> None:
    maker, (waves, lengths) = front_end(name), batch
    here, counts = maker(waves, lengths)
    there, found = maker(waves.cuda(), lengths.cuda())
    assert found.tolist() == counts.tolist()
    assert torch.allclose(there.cpu(), here, rtol=1e-4, atol=1e-3)
    again = maker.normalise(there, found).cpu()
    assert torch.allclose(again, maker.normalise(here, counts), rtol=1e-3, atol=1e-3)
