from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from experiments.encoder.bilstm import BiLSTM
from experiments.encoder.classifier import Classifier
from experiments.encoder.cnn import CNN
from experiments.encoder.damsm import DAMSM
from experiments.encoder.davenet_bilstm import DAVEnetBiLSTM
from experiments.encoder.frozen_trunk import FrozenTrunk
from experiments.encoder.joint_embedding import JointEmbedding
from experiments.encoder.part import PartCNN
from experiments.encoder.sed import SED
from experiments.encoder.speech_teacher import SpeechTeacher
from experiments.encoder.text_image import TextImageEncoder

MEL: Any = SimpleNamespace(shape=(40,), normalise=lambda frames, lengths: frames)
FRAMES, LENGTHS = -80 * torch.rand(2, 100, 40), torch.tensor([100, 64])


def trunk() -> CNN:
    torch.manual_seed(0)
    return CNN(widths=(4, 8), strides=(2, 2), global_width=10)


def student(dim: int = 10) -> DAVEnetBiLSTM:
    return DAVEnetBiLSTM(MEL, dim=dim, width=4, length=128)


def taught(dim: int = 10) -> SpeechTeacher:
    return SpeechTeacher(student(dim), FrozenTrunk(Classifier(trunk(), {"crown": 3})), dim)


def test_the_student_has_no_head_where_the_teacher_gives_as_many_values() -> None:
    model = taught().eval()
    own = {name for name, _ in model.named_parameters() if not name.startswith("image.")}
    assert own == {f"text.{name}" for name, _ in student().named_parameters()}
    vector = model.encode_text(FRAMES, LENGTHS)[1]
    torch.testing.assert_close(vector, model.text(FRAMES, LENGTHS)[1])
    assert model.learn(vector) is vector and model.dim == 10


def test_elsewhere_it_has_a_linear_one_and_comparisons_are_those_of_the_teachers_space() -> None:
    model, images = taught(6).eval(), torch.randn(3, 3, 16, 16)
    sentence, vector = model.encode_text(FRAMES, LENGTHS)[1], model.encode_image(images)[1]
    student, teacher = model.learn(sentence), model.teach(images)
    assert sentence.shape == (2, 6) and vector.shape == (3, 6)
    assert student.shape == (2, 10) and teacher.shape == (3, 10)
    torch.testing.assert_close(vector @ sentence.t(), teacher @ student.t())
    own = {name for name, _ in model.named_parameters() if not name.startswith(("image.", "text."))}
    assert own == {"student_head.weight"}


def test_the_teacher_gives_its_features_and_never_changes() -> None:
    model, images = taught().train(), torch.randn(4, 3, 16, 16)
    before = {name: value.clone() for name, value in model.image.state_dict().items()}
    regions, vector = model.encode_image(images)
    expected = model.image.encoder.image.eval()(images)[1]
    torch.testing.assert_close(vector, expected)
    assert regions is None and not vector.requires_grad
    assert model.text.training and not model.image.training
    assert all(torch.equal(before[name], now) for name, now in model.image.state_dict().items())


def test_a_network_that_was_never_trained_teaches_nothing() -> None:
    with pytest.raises(AssertionError, match="can teach nothing; take one that is trained"):
        SpeechTeacher(student(), trunk(), 10)


def test_it_is_an_encoder_of_speech_under_its_name() -> None:
    model = taught()
    assert isinstance(model, TextImageEncoder)
    assert (model.name, model.reads) == ("speech_teacher", "speech")
    assert not any(p.requires_grad for p in model.freeze().parameters())


def test_sed_can_be_the_student() -> None:
    image = FrozenTrunk(Classifier(trunk(), {"crown": 3}))
    model = SpeechTeacher(SED(MEL, dim=10, channels=(4, 4)), image, 10)
    assert model.name == "speech_teacher" and model.encode_text(FRAMES, LENGTHS)[1].shape == (2, 10)


@pytest.mark.parametrize("kind", ["classifier", "parts", "damsm", "joint"])
def test_the_trunk_of_any_trained_encoder_stands_frozen_in_another(kind: str) -> None:
    trained: torch.nn.Module
    if kind == "parts":
        trained = Classifier(PartCNN((4, 6), 5, 3), {"crown": 3}, local_attributes=["crown"])
    elif kind == "classifier":
        trained = Classifier(trunk(), {"crown": 3})
    else:
        text = BiLSTM(9, dim=6, embedding_dim=5)
        trained = (
            DAMSM(text, trunk(), 6) if kind == "damsm" else JointEmbedding(text_of(), trunk(), 6)
        )
    model = FrozenTrunk(trained)
    images = torch.randn(2, 3, 16, 16)
    regions, pooled = torch.nn.Sequential(model).train()[0](images)
    assert not any(module.training for module in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert regions.shape[1] == model.region_channels and pooled.shape[1] == model.pooled_channels
    torch.testing.assert_close(pooled, trained.image(images)[1])


def text_of() -> SED:
    return SED(MEL, dim=6, channels=(4, 4))


def test_what_has_no_image_network_is_no_trunk() -> None:
    with pytest.raises(AssertionError, match="no image network"):
        FrozenTrunk(BiLSTM(9, dim=6, embedding_dim=5))
