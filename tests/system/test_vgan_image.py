"""VGAN from a picture, and completion."""

from __future__ import annotations

import pytest
import torch

from experiments.data.record import CLIP
from experiments.data.view.caption import CAPTION
from experiments.data.view.clip import Clips
from experiments.data.view.picture import PICTURE, Pictures
from experiments.loss.scene import KnownLoss
from tests.system.scenes import SIDE, batch_of, vgan_image, views


def names(system: object) -> list[str]:
    return [view.name for view in system.views()]  # type: ignore[attr-defined]


def test_what_it_is_asked_for() -> None:
    assert dict(vgan_image().makes) == {(PICTURE,): CLIP}
    assert names(vgan_image()) == [PICTURE, CLIP]
    told = vgan_image(text=True, wrong="clip")
    assert dict(told.makes) == {(PICTURE, CAPTION): CLIP}
    assert names(told) == [CAPTION, PICTURE, CLIP]
    completes = vgan_image(hides="frames")
    assert dict(completes.makes) == {(CLIP,): CLIP} and names(completes) == [CLIP]
    still = vgan_image(1, hides="box")
    assert dict(still.makes) == {(PICTURE,): PICTURE} and names(still) == [PICTURE]
    assert still.resolutions == [SIDE]


def test_the_first_frame_is_regressed_and_no_other() -> None:
    system = vgan_image()
    batch, step = batch_of()
    shared = system.prepare(batch, step)
    clips = batch.of(Clips).values
    assert torch.equal(shared.given, clips[:, :, 0])
    losses = system.generator_loss(shared, step, 0)
    expected = (shared.made.clip[:, :, 0] - clips[:, :, 0]).abs().mean()
    torch.testing.assert_close(losses["first_frame"].value, expected)
    assert losses["first_frame"].weight == 10
    assert set(losses) == {"adversarial", "mask", "first_frame"}
    square = vgan_image(known=KnownLoss(3.0, "l2"))
    found = square.generator_loss(square.prepare(batch, step), step, 0)["first_frame"]
    torch.testing.assert_close(
        found.value, (shared.made.clip[:, :, 0] - clips[:, :, 0]).square().mean()
    )
    assert found.weight == 3


def test_later_frames_are_regressed_where_they_have_a_weight() -> None:
    system = vgan_image(known=KnownLoss(10.0, hidden_weight=2.0))
    batch, step = batch_of()
    shared = system.prepare(batch, step)
    found = system.generator_loss(shared, step, 0)["later_frames"]
    expected = (shared.made.clip[:, :, 1:] - batch.of(Clips).values[:, :, 1:]).abs().mean()
    torch.testing.assert_close(found.value, expected)
    assert found.weight == 2


def test_a_picture_has_one_clip_unless_there_is_noise() -> None:
    asked = {PICTURE: views()[PICTURE]}
    plain = vgan_image().eval()
    one, other = (plain.sample(asked, seeds).made[CLIP][-1] for seeds in ([1] * 4, [5] * 4))
    assert torch.equal(one, other) and "diversity is 0" in plain.sampled_as["noise"]
    noisy = vgan_image(noise_dim=3).eval()
    one, other = (
        noisy.sample(asked, seeds).made[CLIP][-1] for seeds in ([1, 2, 3, 4], [1, 2, 3, 5])
    )
    torch.testing.assert_close(one[:3], other[:3])
    assert not torch.allclose(one[3], other[3]) and not noisy.sampled_as


def test_a_caption_changes_what_happens_next() -> None:
    system = vgan_image(text=True, wrong="clip").eval()
    given = views()
    asked = {PICTURE: given[PICTURE], CAPTION: given[CAPTION]}
    made = system.sample(asked, [1] * 4).made[CLIP][-1]
    captions = given[CAPTION].map(lambda tensor: tensor.roll(1, 0))
    other = system.sample(asked | {CAPTION: captions}, [1] * 4).made[CLIP][-1]
    assert not torch.allclose(made, other)
    batch, step = batch_of()
    losses = system.discriminator_loss(system.prepare(batch, step), step, 0)
    assert set(losses) == {"real", "fake", "wrong", "r_t"}


def test_grey_clips_begin_with_grey_pictures() -> None:
    system = vgan_image(channels=1).eval()
    picture = Pictures([torch.rand(2, 3, SIDE, SIDE)])
    grey = Pictures([picture.images[0].mean(1, keepdim=True).expand(-1, 3, -1, -1)])
    made, same = (system.sample({PICTURE: p}, [1, 2]).made[CLIP][-1] for p in (picture, grey))
    assert made.shape == (2, 1, 8, SIDE, SIDE)
    torch.testing.assert_close(made, same)


@pytest.mark.parametrize("hides", ["frames", "box", "both"])
def test_completion_counts_what_is_known_alone(hides: str) -> None:
    system = vgan_image(hides=hides, known=KnownLoss(10.0, hidden_weight=2.0))
    batch, step = batch_of()
    shared = system.prepare(batch, step)
    clips, made, hidden = batch.of(Clips).values, shared.made.clip, shared.hidden
    assert torch.equal(shared.given, clips) and hidden.shape == (4, 1, 8, SIDE, SIDE)
    losses = system.generator_loss(shared, step, 0)
    apart = (made - clips).abs()
    for name, where, weight in (("known", ~hidden, 10.0), ("hidden", hidden, 2.0)):
        rows = [apart[n][where[n].expand(3, -1, -1, -1)].mean() for n in range(4)]
        torch.testing.assert_close(losses[name].value, sum(rows) / 4)
        assert losses[name].weight == weight


def test_nothing_hidden_is_looked_at() -> None:
    system = vgan_image(hides="both").eval()
    clips, seeds = views()[CLIP], [1, 2, 3, 4]
    _, hidden = system.completed_of({CLIP: clips}, seeds)
    changed = Clips(torch.where(hidden, 0.77, clips.values))
    one, other = (system.completed_of({CLIP: c}, seeds)[0] for c in (clips, changed))
    assert torch.equal(one, other)


def test_what_was_given_stays_in_the_result_and_stands_first() -> None:
    system, clips, seeds = vgan_image(hides="box").eval(), views()[CLIP], [1, 2, 3, 4]
    found = system.sample({CLIP: clips}, seeds).named_of(CLIP)
    given, made = found["given"], found["clip"]
    assert next(iter(found)) == "given"
    raw, hidden = system.completed_of({CLIP: clips}, seeds)
    assert torch.equal(made, torch.where(hidden, raw, clips.values))
    assert torch.equal(given, clips.values * ~hidden)
    other = vgan_image(hides="box", keep_known=False).eval()
    assert torch.equal(other.sample({CLIP: clips}, seeds).made[CLIP][-1], raw)
    alone = system.sample({CLIP: clips.cut(slice(1, 2))}, [2]).made[CLIP][-1]
    torch.testing.assert_close(alone[0], made[1])


def test_a_picture_is_completed_as_a_clip_of_one_frame() -> None:
    system = vgan_image(1, hides="box")
    batch, step = batch_of()
    shared = system.prepare(batch, step)
    (pictures,) = batch.of(Pictures).images
    assert torch.equal(shared.real, pictures[:, :, None])
    losses = system.generator_loss(shared, step, 0)
    assert {"known", "hidden"} < set(losses)
    made = system.eval().sample({PICTURE: batch.of(Pictures)}, [1, 2, 3, 4]).made[PICTURE]
    assert all(stage.shape == (4, 3, SIDE, SIDE) for stage in made)


def test_frames_of_a_picture_cannot_be_hidden() -> None:
    with pytest.raises(AssertionError, match="one frame"):
        vgan_image(1, hides="frames")
    with pytest.raises(AssertionError, match="a part is completed"):
        vgan_image(1)


def test_two_processes_hide_what_one_does() -> None:
    system = vgan_image(hides="both")
    batch, step = batch_of()
    whole = system.prepare(batch, step).hidden
    rows = slice(2, 4)
    part = type(batch)(
        batch.rows[rows],
        batch.labels[rows],
        batch.attributes[rows],
        {name: view.cut(rows) for name, view in batch.views.items()},
    )
    half = type(step)(0, 0, 4, rows, torch.device("cpu"))
    assert torch.equal(system.prepare(part, half).hidden, whole[rows])
