from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.encoder.sed import SED
from experiments.frontend.log_mel import LogMel

MEL: Any = SimpleNamespace(shape=(40,), normalise=lambda frames, lengths: frames)
LENGTHS = torch.tensor([16, 59, 37])


def sed(**options: Any) -> SED:
    torch.manual_seed(0)
    network = SED(MEL, **{"dim": 12, "channels": (6, 8), "attention": 5} | options).eval()
    for module in network.modules():  # as after training: not the identity
        if isinstance(module, torch.nn.BatchNorm1d):
            torch.nn.init.uniform_(module.running_mean, -1, 1)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.uniform_(module.bias, -1, 1)
    return network


@pytest.fixture
def frames() -> Tensor:
    """Recordings with zeros behind them."""
    drawn = torch.randn(3, 59, 40, generator=torch.Generator().manual_seed(1))
    return drawn * (torch.arange(59) < LENGTHS[:, None])[..., None]


@pytest.mark.parametrize("places", [None, 40])
def test_weights_are_as_many_as_published(places: int | None) -> None:
    with torch.device("meta"):
        network = SED(MEL, places=places)
    assert sum(p.numel() for p in network.parameters()) == 7_025_344


def test_shapes_and_lengths_are_the_published_ones() -> None:
    network = sed(dim=1024, channels=(64, 128), attention=128, layers=1)
    heard = network.stem(torch.randn(1, 40, 279))
    assert network.stem[:2](torch.randn(1, 40, 279)).shape == (1, 64, 137)
    assert heard.shape == (1, 128, 66)
    lengths = torch.arange(16, 300)
    halved = [int((int((n - 4) / 2) - 4) / 2) for n in lengths.tolist()]
    assert network.states(lengths).tolist() == halved
    assert network.shortest == 16 and network.states(torch.tensor([15, 16])).tolist() == [0, 1]


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("places", [None, 4])
def test_a_recording_is_the_same_alone_and_in_any_batch(
    frames: Tensor, places: int | None, autocast: bool
) -> None:
    network = sed(places=places)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        words, sentence = network(F.pad(frames, (0, 0, 0, 30)), LENGTHS)
        assert sentence.dtype == torch.float32
        for row, length in enumerate(LENGTHS.tolist()):
            alone = network(frames[row : row + 1, :length], LENGTHS[row : row + 1])
            torch.testing.assert_close(sentence[row], alone[1][0], atol=1e-6, rtol=0)
            if places:
                torch.testing.assert_close(words[row], alone[0][0], atol=1e-6, rtol=0)


def test_as_released_the_padding_is_looked_at(frames: Tensor) -> None:
    network, masked = sed(mask_padding=False), sed()
    together = network(frames, LENGTHS)[1]
    alone = torch.cat([network(frames[r : r + 1, :n], LENGTHS[r : r + 1])[1] for r, n in rows()])
    assert (together - alone).abs().amax(1)[[0, 2]].min() > 1e-3
    torch.testing.assert_close(together[1], alone[1])  # the longest has no padding
    torch.testing.assert_close(alone, masked(frames, LENGTHS)[1])


def rows() -> list[tuple[int, int]]:
    return list(enumerate(LENGTHS.tolist()))


def test_every_feature_is_weighed_over_time_by_weights_of_its_own(frames: Tensor) -> None:
    network = sed()
    heard = network.stem(frames[1:2].transpose(1, 2)).transpose(1, 2)
    states = network.gru(heard)[0][0]  # (S, dim)
    hidden, weights = network.hidden, network.weights
    scores = (states @ hidden.weight.T + hidden.bias).tanh() @ weights.weight.T + weights.bias
    expected = (scores.exp() / scores.exp().sum(0) * states).sum(0)
    torch.testing.assert_close(network(frames[1:2], LENGTHS[1:2])[1][0], expected)


def test_places_are_means_of_neighbouring_states(frames: Tensor) -> None:
    network = sed(places=4)
    words, _ = network(frames, LENGTHS)
    states = network.gru(network.stem(frames[1:2].transpose(1, 2)).transpose(1, 2))[0][0]
    assert len(states) == 11  # floor(4 t / 11): three, three, three, two
    expected = [part.mean(0) for part in states.split([3, 3, 3, 2])]
    torch.testing.assert_close(words[1], torch.stack(expected, 1))
    assert words.shape == (3, 12, 4)
    assert network.steps(LENGTHS).tolist() == [1, 4, 4]


def test_few_states_stand_as_they_are_with_zeros_behind(frames: Tensor) -> None:
    network = sed(places=40)
    words, _ = network(frames, LENGTHS)
    assert words.shape == (3, 12, 40) and network.steps(LENGTHS).tolist() == [1, 11, 6]
    states = network.gru(network.stem(frames[1:2].transpose(1, 2)).transpose(1, 2))[0][0]
    torch.testing.assert_close(words[1, :, :11], states.T)
    for row, steps in enumerate((1, 11, 6)):
        assert words[row, :, steps:].eq(0).all() and words[row, :, :steps].ne(0).all()


def test_without_places_there_are_no_words(frames: Tensor) -> None:
    assert sed()(frames, LENGTHS)[0] is None
    assert not sed().gives_words and sed(places=3).gives_words


def test_the_first_matrix_of_the_attention_begins_orthogonal_and_as_mended_both() -> None:
    def orthogonal(weight: Tensor) -> bool:
        small = weight if weight.shape[0] < weight.shape[1] else weight.T
        return torch.allclose(small @ small.T, torch.eye(len(small)), atol=1e-5)

    assert [orthogonal(m.weight) for m in (sed().hidden, sed().weights)] == [True, True]
    released = sed(orthogonal_both=False)
    assert [orthogonal(m.weight) for m in (released.hidden, released.weights)] == [True, False]


def test_gradients_reach_the_first_layer_and_none_comes_from_behind(frames: Tensor) -> None:
    network, heard = sed(places=4), frames.clone().requires_grad_()
    words, sentence = network(heard, LENGTHS)
    (words.square().sum() + sentence.square().sum()).backward()
    assert network.stem[0].weight.grad.abs().sum() > 0
    assert heard.grad[0, 16:].eq(0).all() and heard.grad[0, :16].ne(0).any()


def test_options_of_the_stem_change_what_a_recording_needs() -> None:
    network = sed(channels=(6, 8, 8), kernels=(5, 5, 3), strides=(2, 2, 2), activation=True)
    assert network.shortest == 21  # 1 -> 3 -> 9 -> 21
    assert network.states(torch.tensor([20, 21])).tolist() == [0, 1]
    with pytest.raises(AssertionError, match="20 frames; it needs 21"):
        network(torch.zeros(1, 20, 40), torch.tensor([20]))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(AssertionError, match="must be even"):
        sed(dim=7)
    with pytest.raises(AssertionError, match="one kernel and one stride"):
        sed(kernels=(6,))
    with pytest.raises(AssertionError, match="must be vectors"):
        SED(SimpleNamespace(shape=(257, 2)))  # type: ignore[arg-type]


def test_frames_are_normalised_here_as_the_front_end_says(frames: Tensor) -> None:
    """So that a louder recording is the same, and half precision is enough to store it."""
    network = sed(places=4)
    network.frontend = LogMel(22050, 551, 220, 40)
    stored = (frames * 3 - 8).half()  # other values on the padding as well
    ready = network.frontend.normalise(stored, LENGTHS)
    words, sentence = network(stored, LENGTHS)
    torch.testing.assert_close((words, sentence), sed(places=4)(ready, LENGTHS))
