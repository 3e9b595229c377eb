from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from experiments.loss.speech2face import Speech2FaceLoss
from experiments.system.speech2face import Speech2FaceTraining
from tests.system.told_faces import SIZE, batch_of, face, speech2face


def make(**options: object) -> Speech2FaceTraining:
    return Speech2FaceTraining(speech2face(), Speech2FaceLoss(**options), SIZE).train()  # type: ignore[arg-type]


def test_the_terms_are_those_of_the_paper() -> None:
    system = make()
    batch, step = batch_of()
    encoder = system.encoder
    sounds, pictures = (part for part in batch.views.values())
    system.encoder.voice.eval()  # the same statistics in both passes
    found = system.loss(batch, step, 0)
    v_f = encoder.face.image(pictures.images[0])[1]
    v_s = encoder.voice(sounds.values)
    first = encoder.face.decoder.first
    apart = (first(v_f) - first(v_s)).abs().sum(1).mean()
    torch.testing.assert_close(found["decoder"].value, apart)
    units = F.normalize(v_f, dim=1) - F.normalize(v_s, dim=1)
    torch.testing.assert_close(found["direction"].value, units.square().sum(1).mean())
    heads = encoder.face.image.encoder.heads
    told = [
        -((heads[n](v_f) / 2).softmax(1) * (heads[n](v_s) / 2).log_softmax(1)).sum(1).mean()
        for n in ("crown", "pattern")
    ]
    torch.testing.assert_close(found["distillation"].value, sum(told))
    assert {name: term.weight for name, term in found.items()} == {
        "decoder": 1.0,
        "direction": 0.025,
        "distillation": 200.0,
    }


def test_the_voice_alone_trains_and_the_face_stays_as_it_is() -> None:
    system = make()
    (phase,) = system.phases()
    assert phase.modules == (system.encoder.voice,)
    before = {name: value.clone() for name, value in system.encoder.face.state_dict().items()}
    batch, step = batch_of()
    losses = system.loss(batch, step, 0)
    sum(term.weight * term.value for term in losses.values()).backward()
    assert all(p.grad is not None for p in system.encoder.voice.parameters())
    assert all(p.grad is None for p in system.encoder.face.parameters())
    after = system.encoder.face.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert not system.encoder.face.decoder.training


def test_of_a_voice_one_face_is_made_and_beside_a_face_two() -> None:
    system = make().eval()
    batch, _ = batch_of()
    asked = dict(batch.views)
    both = system.sample(asked, [0] * 4).images
    (alone,) = system.sample({"sound": asked["sound"]}, [7] * 4).images
    assert len(both) == 2
    assert torch.equal(both[1], alone)  # whatever the seeds
    network = system.encoder.face
    expected = network.decode(network.features(asked["picture"].images[0])).picture
    torch.testing.assert_close(both[0], expected)
    assert not torch.equal(both[0], alone)
    assert list(system.makes) == [("sound", "picture"), ("sound",)]


def test_without_a_recogniser_there_is_nothing_to_distil() -> None:
    silent = speech2face(says=False)
    with pytest.raises(AssertionError, match=r"says nothing of its features; .* weight of 0"):
        Speech2FaceTraining(silent, Speech2FaceLoss(), SIZE)
    system = Speech2FaceTraining(silent, Speech2FaceLoss(distillation=0), SIZE).train()
    batch, step = batch_of()
    assert set(system.loss(batch, step, 0)) == {"decoder", "direction"}


def test_a_size_that_the_decoder_does_not_make_is_refused() -> None:
    with pytest.raises(AssertionError, match=f"makes pictures of {SIZE} px"):
        Speech2FaceTraining(speech2face(), Speech2FaceLoss(), 32)
    assert face().decoder.size == SIZE
