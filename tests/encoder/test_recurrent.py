from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from experiments.encoder.recurrent import FixedGRU, ReLURNN, initialise_uniform


@pytest.fixture
def x() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(3, 6, 5)


def test_relu_rnn_by_hand() -> None:
    """One unit, W = 2, U = -1, biases 1 and 0.5: r = 3, max(0, 5 + 1 - 3 + 0.5 - 1), ..."""
    layer = ReLURNN(1)
    for parameter, value in zip(layer.parameters(), (2.0, 1.0, -1.0, 0.5), strict=True):
        nn.init.constant_(parameter, value)
    # r1 = 2*1+1 = 3 (no bias of U); r2 = 2*2+1 - 3 + 0.5 = 2.5; r3 = relu(-2+1 - 2.5 + 0.5) = 0
    states = layer(torch.tensor([[[1.0], [2.0], [-1.0]]]))
    assert states.item() == pytest.approx((3 + 2.5 + 0) / 3)


def test_relu_rnn_is_a_plain_loop(x: Tensor) -> None:
    layer = ReLURNN(5)
    for row, found in zip(x, layer(x), strict=True):
        state, total = None, torch.zeros(5)
        for step in row:
            new = layer.inputs.weight @ step + layer.inputs.bias
            if state is not None:
                new = new + layer.states.weight @ state + layer.states.bias
            state = new.clamp(min=0)
            total = total + state
        torch.testing.assert_close(found, total / 6)


def test_gru_is_a_plain_loop(x: Tensor) -> None:
    layer = FixedGRU(5)
    initialise_uniform(layer)
    wu, wr, wc = layer.inputs.weight.chunk(3)
    bu, br, bc = layer.inputs.bias.chunk(3)
    uu, ur = layer.gates.weight.chunk(2)
    cu, cr = layer.gates.bias.chunk(2)
    uc, cc = layer.candidate.weight, layer.candidate.bias
    for row, found in zip(10 * x, layer(10 * x), strict=True):
        state = torch.tanh(wc @ row[0] + bc)
        total = state
        for step in row[1:]:
            update = torch.sigmoid(wu @ step + bu + uu @ state + cu)
            reset = torch.sigmoid(wr @ step + br + ur @ state + cr)
            candidate = torch.tanh(wc @ step + bc + uc @ (reset * state) + cc)
            state = update * candidate + (1 - update) * state
            total = total + state
        torch.testing.assert_close(found, total / 6)


def test_gru_is_no_stock_layer(x: Tensor) -> None:
    """The stock layer starts from a state of zero behind its gates, and resets the product."""
    ours, stock = FixedGRU(5), nn.GRU(5, 5, batch_first=True)
    with torch.no_grad():
        update, reset, new = ours.inputs.weight.chunk(3)
        stock.weight_ih_l0.copy_(torch.cat((reset, -update, new)))
        update, reset = ours.gates.weight.chunk(2)
        stock.weight_hh_l0.copy_(torch.cat((reset, -update, ours.candidate.weight)))
        for parameter in (*ours.parameters(), *stock.parameters()):
            if parameter.ndim == 1:
                parameter.zero_()
    assert (ours(x) - stock(x)[0].mean(1)).abs().max() > 1e-2
    # With the reset gate wide open and both first states alike, the difference is gone.
    with torch.no_grad():
        ours.gates.weight.zero_()
        stock.weight_hh_l0[:10].zero_()
        ours.inputs.weight[:10].zero_()
        stock.weight_ih_l0[:10].zero_()
        ours.inputs.bias[5:10] = 50.0
        stock.bias_ih_l0[:5] = 50.0
        ours.inputs.bias[:5] = 50.0
        stock.bias_ih_l0[5:10] = -50.0
    torch.testing.assert_close(ours(x), stock(x)[0].mean(1))


def test_initial_range() -> None:
    layer = FixedGRU(64)
    initialise_uniform(layer)
    for parameter in layer.parameters():
        assert 0.07 < parameter.abs().max() <= 0.08 and abs(parameter.mean()) < 0.02
