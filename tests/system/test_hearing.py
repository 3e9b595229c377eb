"""Hearing before drawing: what captions state, and nothing else, teaches an encoder."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from experiments.data.view.caption import Captions
from experiments.data.view.speech import SPEECH
from experiments.encoder.readout import Readout
from experiments.encoder.speech_recogniser import SpeechRecogniser
from experiments.system.hearing import HearingTraining
from experiments.system.stated import readout_for, stated_losses
from tests.system.heard import heard_batch, small_sed

VALUES = {"crown": 3, "back": 2}


def stating(batch: object, mentions: list[list[bool]]) -> object:
    """The batch, whose captions state some of crown 0, 1, 2, 0 and back 1."""
    captions = batch.of(Captions)  # type: ignore[attr-defined]
    told = replace(captions, mentions=torch.tensor(mentions))
    attributes = torch.tensor([[0, 1], [1, 1], [2, 1], [0, 1]])
    views = batch.views | {SPEECH: told}  # type: ignore[attr-defined]
    return replace(batch, attributes=attributes, views=views)  # type: ignore[type-var]


def test_one_phase_of_which_the_encoder_alone_is_exported() -> None:
    system = HearingTraining(small_sed(places=4), 1.0, attribute_values=VALUES)
    (phase,) = system.phases()
    assert phase.name == "hearing" and phase.modules == (system.encoder, system.readout)
    assert system.export_modules() == {"encoder": system.encoder}
    assert system.reads == "speech" and [view.name for view in system.views()] == ["speech"]


def test_data_without_attributes_are_refused() -> None:
    with pytest.raises(AssertionError, match="states none"):
        HearingTraining(small_sed(), 1.0)


@pytest.mark.parametrize("places", [None, 4])
def test_what_says_nothing_costs_what_a_guess_does(places: int | None) -> None:
    system = HearingTraining(small_sed(places=places), 2.0, attribute_values=VALUES)
    for parameter in system.readout.parameters():
        torch.nn.init.zeros_(parameter)
    batch, step = heard_batch(system.encoder)
    losses = system.loss(stating(batch, [[True, False]] * 4), step, 0)  # type: ignore[arg-type]
    assert losses["stated/crown"].value.item() == pytest.approx(math.log(3))
    assert losses["stated/crown"].weight == 2.0
    assert losses["stated/back"].value.item() == 0, "nobody states it"


def test_a_recogniser_is_exported_whole_and_learns_of_what_nothing_is_said() -> None:
    recogniser = SpeechRecogniser(small_sed(places=4), VALUES)
    system = HearingTraining(recogniser, 1.0, attribute_values=VALUES)
    (phase,) = system.phases()
    assert phase.modules == (recogniser,) and system.export_modules() == {"encoder": recogniser}
    assert [name for name in recogniser.state_dict() if name.startswith("readout.of_words")]
    assert not [name for name in system.state_dict() if name.startswith("readout.")]
    for parameter in recogniser.readout.parameters():
        torch.nn.init.zeros_(parameter)
    for heads in (recogniser.readout.of_words, recogniser.readout.of_sentence):
        heads[1].bias.data[2] = math.log(6)  # of three answers the last with probability 6 / 8
    batch, step = heard_batch(recogniser.text)
    losses = system.loss(stating(batch, [[True, False]] * 4), step, 0)  # type: ignore[arg-type]
    assert losses["stated/crown"].value.item() == pytest.approx(math.log(4))
    assert losses["stated/back"].value.item() == pytest.approx(math.log(8 / 6))


def test_what_is_not_stated_teaches_nothing() -> None:
    system = HearingTraining(small_sed(places=4), 1.0, attribute_values=VALUES)
    batch, step = heard_batch(system.encoder)
    mentions = [[True, False], [False, False], [True, False], [False, False]]
    told = stating(batch, mentions)
    frames = told.of(Captions).tokens.requires_grad_()  # type: ignore[attr-defined]
    system.eval()
    sum(term.value for term in system.loss(told, step, 0).values()).backward()  # type: ignore[arg-type, union-attr]
    moved = frames.grad.abs().sum((1, 2)) > 0
    assert moved.tolist() == [True, False, True, False]


def test_a_readout_looks_at_places_that_are_there_alone() -> None:
    torch.manual_seed(0)
    readout = Readout(8, VALUES, words=True)
    words, steps, sentence = torch.randn(2, 8, 5), torch.tensor([3, 5]), torch.randn(2, 8)
    other = words.clone()
    other[0, :, 3:] = 100.0
    looked, plain = readout(words, steps, sentence)
    again, _ = readout(other, steps, sentence)
    assert list(looked) == list(plain) == ["crown", "back"] and looked["crown"].shape == (2, 3)
    assert all(torch.equal(looked[name], again[name]) for name in looked)


def test_there_is_no_readout_without_weight_or_attributes() -> None:
    assert readout_for(8, VALUES, True, 0.0) is None and readout_for(8, None, True, 1.0) is None
    readout = readout_for(8, VALUES, False, 1.0)
    assert readout is not None and readout.where is None
    batch, _ = heard_batch(small_sed())
    told = stating(batch, [[False, True]] * 4)
    losses = stated_losses(readout, told, None, torch.zeros(4, 8), 0.5)  # type: ignore[arg-type]
    assert losses["stated/back"].weight == 0.5 and losses["stated/back"].value > 0


def test_what_is_read_is_told_by_its_words() -> None:
    readout = readout_for(8, VALUES, True, 1.0)
    assert readout is not None
    batch, _ = heard_batch(small_sed())
    told = stating(batch, [[True, True]] * 4)
    captions = replace(told.of(Captions), lengths=torch.tensor([3, 5, 5, 4]))  # type: ignore[attr-defined]
    read = replace(told, views={"caption": captions})  # type: ignore[type-var]
    losses = stated_losses(readout, read, torch.randn(4, 8, 5), torch.zeros(4, 8), 1.0)  # type: ignore[arg-type]
    assert all(term.value.isfinite() for term in losses.values())
