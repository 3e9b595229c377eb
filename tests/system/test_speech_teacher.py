from __future__ import annotations

import pytest
import torch

from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.encoder.classifier import Classifier
from experiments.encoder.cnn import CNN
from experiments.encoder.davenet_bilstm import DAVEnetBiLSTM
from experiments.encoder.frozen_trunk import FrozenTrunk
from experiments.encoder.speech_teacher import SpeechTeacher
from experiments.loss.teacher_student import TeacherStudentLoss
from experiments.system.speech_teacher import SpeechTeacherTraining
from tests.system.heard import FRONTEND, heard_batch


def make(dim: int = 6, legacy: bool = False) -> SpeechTeacherTraining:
    torch.manual_seed(0)
    image = FrozenTrunk(Classifier(CNN((4, 8), (2, 2), global_width=6), {"crown": 3}))
    text = DAVEnetBiLSTM(FRONTEND, dim, width=4, length=128)
    loss = TeacherStudentLoss(2.0, 3.0, 4.0, legacy=legacy)
    return SpeechTeacherTraining(SpeechTeacher(text, image, dim), loss, 16)


def test_one_phase_over_the_encoder() -> None:
    system = make()
    (phase,) = system.phases()
    assert (phase.name, phase.modules) == ("embedding", (system.encoder,))
    assert system.export_modules() == {"encoder": system.encoder}
    assert system.reads == "speech"
    assert [view.name for view in system.views()] == ["speech", "picture"]


@pytest.mark.parametrize("dim", [6, 10])
@pytest.mark.parametrize("legacy", [False, True])
def test_the_loss_compares_both_in_the_teachers_space(dim: int, legacy: bool) -> None:
    system = make(dim, legacy).eval()
    batch, step = heard_batch(system.encoder.text)
    captions = batch.of(Captions)
    student = system.encoder.learn(system.encoder.text(captions.tokens, captions.lengths)[1])
    teacher = system.encoder.image(batch.of(Pictures).images[0])[1]
    assert student.shape == teacher.shape == (4, 6)
    expected = TeacherStudentLoss(legacy=legacy)(student, teacher, batch.labels)
    losses = system.loss(system.prepare(batch, step), step, 0)
    assert {name: term.value for name, term in losses.items()} == expected
    assert {name: t.weight for name, t in losses.items()} == {
        "embedding": 2.0,
        "l1": 3.0,
        "distillation": 4.0,
    }


def test_the_student_alone_learns_what_its_teacher_says() -> None:
    system = make(10).train()
    batch, step = heard_batch(system.encoder.text, (0, 1, 2, 3))
    before = {k: v.clone() for k, v in system.encoder.image.state_dict().items()}
    trained = [p for p in system.encoder.parameters() if p.requires_grad]
    optimiser, values = torch.optim.Adam(trained, 3e-3), []
    for _ in range(40):
        terms = system.loss(batch, step, 0)
        loss = torch.stack([t.weight * t.value for t in terms.values()]).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        values.append(loss.item())
    assert values[-1] < 0.7 * values[0]
    assert all(torch.equal(before[k], v) for k, v in system.encoder.image.state_dict().items())
