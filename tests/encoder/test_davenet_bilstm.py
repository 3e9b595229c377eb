from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.encoder.davenet_bilstm import DAVEnetBiLSTM
from experiments.frontend.decibel import MelDecibels

MEL: Any = SimpleNamespace(shape=(40,), normalise=lambda frames, lengths: frames)
LENGTHS = torch.tensor([64, 250, 150])


def davenet(**options: Any) -> DAVEnetBiLSTM:
    torch.manual_seed(0)
    network = DAVEnetBiLSTM(MEL, **{"dim": 12, "width": 4, "length": 256} | options).eval()
    for module in network.time:  # as after training: what is heard reaches the end
        if isinstance(module, torch.nn.Conv1d):
            torch.nn.init.kaiming_normal_(module.weight)
    network.norm.running_mean.fill_(40.0)
    network.norm.running_var.fill_(500.0)
    return network


@pytest.fixture
def frames() -> Tensor:
    """Decibels above silence, and silence behind the recordings."""
    drawn = 80 * torch.rand(3, 250, 40, generator=torch.Generator().manual_seed(1))
    return drawn * (torch.arange(250) < LENGTHS[:, None])[..., None]


def test_weights_are_as_many_as_published() -> None:
    with torch.device("meta"):
        network = DAVEnetBiLSTM(MEL)
    assert sum(p.numel() for p in network.parameters()) == 11_669_506
    assert network.lstm.hidden_size == 512 and network.dim == 1024


def test_lengths_are_the_published_ones() -> None:
    network, seen = davenet(length=2048), list[tuple[str, int, int]]()
    for module in network.time:
        if isinstance(module, torch.nn.Conv1d | torch.nn.MaxPool1d):
            module.register_forward_hook(lambda m, _, out: seen.append(told(m, out)))
    network(-torch.rand(1, 2048, 40), torch.tensor([2048]))
    assert seen == [
        ("Conv1d", 4, 2048),
        ("MaxPool1d", 4, 1024),
        ("Conv1d", 8, 512),
        ("Conv1d", 16, 256),
        ("Conv1d", 16, 256),
        ("Conv1d", 32, 128),
        ("MaxPool1d", 32, 64),
        ("Conv1d", 32, 64),
        ("Conv1d", 64, 32),
    ]


def told(module: torch.nn.Module, out: Tensor) -> tuple[str, int, int]:
    return type(module).__name__, out.shape[1], out.shape[2]


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("options", [{}, {"mask_padding": False}])
def test_a_recording_is_the_same_alone_and_in_any_batch(
    frames: Tensor, options: dict[str, Any], autocast: bool
) -> None:
    network = davenet(**options)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        words, sentence = network(F.pad(frames, (0, 0, 0, 40)), LENGTHS)
        assert words is None and sentence.shape == (3, 12) and sentence.dtype == torch.float32
        for row, length in enumerate(LENGTHS.tolist()):
            alone = network(frames[row : row + 1, :length], LENGTHS[row : row + 1])[1][0]
            torch.testing.assert_close(sentence[row], alone, atol=1e-6, rtol=0)


def test_the_mean_is_of_the_steps_that_are_heard_and_as_released_of_all(frames: Tensor) -> None:
    masked = davenet()(frames, LENGTHS)[1]
    released = davenet(mask_padding=False)(frames, LENGTHS)[1]
    heard = torch.tensor([[1.0], [3.0], [2.0]])  # steps of 64 frames, of four
    torch.testing.assert_close(released, masked * heard / 4)


def test_a_long_recording_is_heard_to_the_length(frames: Tensor) -> None:
    long = torch.cat((frames[1:2], frames[1:2]), 1)
    short = davenet(length=192)(long[:, :192], torch.tensor([192]))[1]
    torch.testing.assert_close(davenet(length=192)(long, torch.tensor([500]))[1], short)


def test_layers_and_directions_are_options(frames: Tensor) -> None:
    network = davenet(rnn_layers=2, bidirectional=False)
    assert network(frames, LENGTHS)[1].shape == (3, 12)
    assert (network.lstm.num_layers, network.lstm.hidden_size) == (2, 12)
    assert network.lstm.dropout == 0.5 and davenet().lstm.dropout == 0.0


def test_convolutions_begin_as_released() -> None:
    weight = DAVEnetBiLSTM(MEL, 12, width=32).time[0].weight
    assert weight.std().item() == pytest.approx(0.02, rel=0.1)


def test_gradients_reach_the_first_layer(frames: Tensor) -> None:
    network = davenet()
    network(frames, LENGTHS)[1].square().sum().backward()
    assert network.norm.weight.grad.abs().sum() > 0
    assert network.bands[0].weight.grad.abs().sum() > 0


def test_what_does_not_fit_is_refused(frames: Tensor) -> None:
    with pytest.raises(AssertionError, match="63 frames; it needs 64"):
        davenet()(frames, torch.tensor([63, 250, 150]))
    with pytest.raises(AssertionError, match="multiple of 64"):
        davenet(length=100)


def test_behind_a_recording_is_silence_and_as_released_the_loudest(frames: Tensor) -> None:
    """Stored are dB below the loudest. A recording with silence at its end is the same without."""
    network, released = davenet(), davenet()
    options: Any = {"rate": 16000, "n_fft": 400, "hop": 160, "bins": 40}
    network.frontend, released.frontend = (
        MelDecibels(**options),
        MelDecibels(**options, legacy=True),
    )
    short = frames[:1, :64] - 80
    silent = torch.nn.functional.pad(short, (0, 0, 0, 60), value=-80.0)
    expected = network(short, LENGTHS[:1])[1]
    torch.testing.assert_close(network(silent, torch.tensor([124]))[1], expected)
    released.norm.running_mean.sub_(80)  # so that what is heard is the same
    changed = (released(silent, torch.tensor([124]))[1] - released(short, LENGTHS[:1])[1]).abs()
    assert changed.max() > 1e-3
