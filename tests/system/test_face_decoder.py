from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from experiments.data.batches import Batch
from experiments.data.view.landmark import Landmarks
from experiments.encoder.cnn import CNN
from experiments.encoder.face import FaceAutoencoder
from experiments.layer.warp import warp
from experiments.system.face_decoder import FaceDecoderTraining
from tests.system.told_faces import SIZE, batch_of, face


def test_pixels_and_features_by_hand() -> None:
    system = FaceDecoderTraining(face(), SIZE, texture=2.0, features=0.5).eval()
    batch, step = batch_of()
    images = batch.views["picture"].images[0]
    found = system.loss(batch, step, 0)
    features = system.encoder.image(images)[1]
    picture = system.encoder.decoder(features).picture
    torch.testing.assert_close(found["texture"].value, (picture - images).abs().mean())
    again = system.encoder.image(picture)[1]
    unlike = 1 - F.cosine_similarity(again, features, dim=1).mean()
    torch.testing.assert_close(found["features"].value, unlike)
    assert (found["texture"].weight, found["features"].weight) == (2.0, 0.5)


def test_the_decoder_learns_a_picture_and_the_image_network_stays() -> None:
    system = FaceDecoderTraining(face(), SIZE).train()
    batch, step = batch_of()
    (phase,) = system.phases()
    fixed = {name: value.clone() for name, value in system.encoder.image.state_dict().items()}
    optimiser = torch.optim.Adam(phase.parameters(), 1e-2)
    seen = []
    for _ in range(20):
        losses = system.loss(batch, step, 0)
        total = sum(term.weight * term.value for term in losses.values())
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        seen.append(losses["texture"].value.item())
    assert seen[-1] < 0.8 * seen[0]
    after = system.encoder.image.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in fixed.items())


def test_a_picture_is_asked_and_comes_back_through_its_features() -> None:
    system = FaceDecoderTraining(face(), SIZE).eval()
    batch, _ = batch_of()
    (made,) = system.sample({"picture": batch.views["picture"]}, [0] * 4).images
    assert made.shape == (4, 3, SIZE, SIZE)
    assert list(system.makes) == [("picture",)]


def test_a_network_that_is_to_be_trained_knows_no_features() -> None:
    with pytest.raises(AssertionError, match="still to be trained"):
        FaceAutoencoder(CNN((4, 8), (2, 2), global_width=10), SIZE, 0.1)


def test_with_landmarks_it_learns_points_and_the_texture_of_the_mean_shape() -> None:
    system = FaceDecoderTraining(face(points=4), SIZE, landmarks="points.json").eval()
    batch, step = batch_of()
    points = torch.rand(4, 4, 2, generator=torch.Generator().manual_seed(1)) * 1.6 - 0.8
    batch = Batch(
        batch.rows, batch.labels, batch.attributes, {**batch.views, "landmarks": Landmarks(points)}
    )
    found = system.loss(batch, step, 0)
    decoder, images = system.encoder.decoder, batch.views["picture"].images[0]
    torch.testing.assert_close(decoder.shape, points.mean(0))
    made = decoder(system.encoder.features(images))
    bent = warp(images, points, points.mean(0).expand(4, -1, -1))
    torch.testing.assert_close(found["texture"].value, (made.texture - bent).abs().mean())
    torch.testing.assert_close(found["points"].value, (made.points - points).square().mean())
    assert [view.name for view in system.views()] == ["picture", "landmarks"]


@pytest.mark.parametrize(("points", "file"), [(None, "points.json"), (4, None)])
def test_points_and_their_file_come_together(points: int | None, file: str | None) -> None:
    with pytest.raises(AssertionError, match="or neither"):
        FaceDecoderTraining(face(points=points), SIZE, landmarks=file)
