"""The Fréchet distance against closed forms, torchmetrics, and its own invariances."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from experiments.metric.frechet import Moments, frechet_distance, trace_of_root
from experiments.terminal.error import UserError


def draw(n: int, d: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=generator, dtype=torch.float64)
    rows = torch.randn(n, d, generator=generator, dtype=torch.float64)
    return rows @ mix * scale + shift


def without_factor(features: Tensor) -> Moments:
    moments = Moments.of(features)
    return Moments(moments.n, moments.mean, moments.covariance)


def test_one_dimension_by_hand() -> None:
    # Means 1 and 4, unbiased variances 2 and 8: 9 + 2 + 8 - 2 sqrt(16) = 11.
    real = torch.tensor([[0.0], [2.0]])
    fake = torch.tensor([[2.0], [6.0]])
    assert frechet_distance(real, fake) == pytest.approx(11.0, abs=1e-12)


def test_closed_form_of_commuting_gaussians() -> None:
    # Diagonal covariances: |mu1 - mu2|^2 + sum (s1 - s2)^2, here 9 + 1 + 4 + 0.
    mean = torch.zeros(3, dtype=torch.float64)
    first = Moments(100, mean, torch.diag(torch.tensor([1.0, 4.0, 9.0], dtype=torch.float64)))
    other = torch.diag(torch.tensor([4.0, 16.0, 9.0], dtype=torch.float64))
    second = Moments(100, mean + torch.tensor([0.0, 3.0, 0.0]), other)
    assert frechet_distance(first, second) == pytest.approx(14.0, abs=1e-12)


def test_closed_form_where_the_rank_is_not_full() -> None:
    # One covariance is singular: (0 - 2)^2 + (3 - 1)^2 = 8.
    mean = torch.zeros(2, dtype=torch.float64)
    first = Moments(50, mean, torch.diag(torch.tensor([0.0, 9.0], dtype=torch.float64)))
    second = Moments(50, mean, torch.diag(torch.tensor([4.0, 1.0], dtype=torch.float64)))
    assert frechet_distance(first, second) == pytest.approx(8.0, abs=1e-12)


@pytest.mark.parametrize(("n", "m"), [(200, 150), (40, 30), (200, 30)])
def test_equals_torchmetrics(n: int, m: int) -> None:
    from torchmetrics.image.fid import FrechetInceptionDistance

    class Flat(torch.nn.Module):
        num_features = 24

        def forward(self, images: Tensor) -> Tensor:
            return images.flatten(1).double()

    real, fake = draw(n, 24, 0), draw(m, 24, 1, scale=0.7, shift=0.3)
    reference = FrechetInceptionDistance(feature=Flat()).set_dtype(torch.float64)
    reference.update(real.view(n, 1, 4, 6), real=True)
    reference.update(fake.view(m, 1, 4, 6), real=False)
    assert frechet_distance(real, fake) == pytest.approx(reference.compute().item(), rel=1e-6)


@pytest.mark.parametrize(("n", "m"), [(10, 12), (10, 200), (200, 10), (200, 200)])
def test_paths_agree(n: int, m: int) -> None:
    real, fake = draw(n, 32, 0), draw(m, 32, 1)
    by_factor = frechet_distance(real, fake)
    by_covariance = frechet_distance(without_factor(real), without_factor(fake))
    assert by_factor == pytest.approx(by_covariance, rel=1e-8)


def test_trace_is_that_of_the_symmetric_root() -> None:
    first, second = Moments.of(draw(100, 8, 0)), Moments.of(draw(100, 8, 1))
    values, vectors = torch.linalg.eigh(first.covariance)
    root = vectors * values.sqrt() @ vectors.T
    expected = torch.linalg.eigvalsh(root @ second.covariance @ root).sqrt().sum()
    assert trace_of_root(first, second).item() == pytest.approx(expected.item(), rel=1e-11)


@pytest.mark.parametrize("n", [12, 100])
def test_rotation_and_permutation_change_nothing(n: int) -> None:
    real, fake = draw(n, 16, 0), draw(n, 16, 1)
    rotation, _ = torch.linalg.qr(draw(16, 16, 2))
    expected = frechet_distance(real, fake)
    assert frechet_distance(real @ rotation, fake @ rotation) == pytest.approx(expected, rel=1e-9)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(3))
    assert frechet_distance(real[order], fake) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(fake, real) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("n", [5, 16, 17, 300])
def test_identical_sets_are_at_zero_and_never_below(n: int) -> None:
    features = draw(n, 16, 0, scale=100.0)
    size = Moments.of(features).covariance.trace().item()
    assert 0 <= frechet_distance(features, features.clone()) <= 1e-10 * size


def test_dead_features_do_no_harm() -> None:
    real, fake = draw(100, 8, 0), draw(100, 8, 1)
    dead = torch.full((100, 5), 0.25, dtype=torch.float64)
    padded = frechet_distance(torch.cat((real, dead), 1), torch.cat((fake, dead), 1))
    assert padded == pytest.approx(frechet_distance(real, fake), rel=1e-9)


def test_large_means_keep_their_digits() -> None:
    real, fake = draw(500, 8, 0), draw(500, 8, 1)
    expected = frechet_distance(real, fake)
    assert frechet_distance(real + 1e5, fake + 1e5) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("sizes", [(1, 1), (3, 4, 5), (1, 30, 50)])
def test_merged_chunks_equal_the_whole(sizes: tuple[int, ...]) -> None:
    features = draw(sum(sizes), 16, 0, shift=5.0)
    chunks = [Moments.of(chunk) for chunk in features.split(list(sizes))]
    merged = chunks[0]
    for chunk in chunks[1:]:
        merged = merged.merge(chunk)
    whole = Moments.of(features)
    assert merged.n == whole.n
    assert torch.allclose(merged.mean, whole.mean)
    assert torch.allclose(merged.covariance, whole.covariance)
    assert torch.allclose(whole.covariance, features.T.cov())
    assert (merged.centred is None) == (whole.centred is None)
    other = draw(40, 16, 1)
    assert frechet_distance(merged, other) == pytest.approx(frechet_distance(whole, other))


@pytest.mark.parametrize("n", [6, 60])
def test_saved_statistics_give_the_same_distance(tmp_path: Path, n: int) -> None:
    real, fake = draw(n, 16, 0), draw(30, 16, 1)
    path = tmp_path / "cache" / "real.npz"
    Moments.of(real).save(path)
    assert frechet_distance(Moments.load(path), fake) == frechet_distance(real, fake)
    assert [file.name for file in path.parent.iterdir()] == ["real.npz"]


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut off"])
def test_a_broken_cache_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "real.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"real\.npz.*delete it"):
        Moments.load(path)


@pytest.mark.parametrize("n", [0, 1])
def test_one_image_has_no_covariance(n: int) -> None:
    with pytest.raises(UserError, match="two generated images"):
        frechet_distance(draw(10, 4, 0), draw(n, 4, 1))


def test_values_that_are_not_finite_are_refused() -> None:
    fake = draw(10, 4, 1)
    fake[3, 2] = float("nan")
    with pytest.raises(UserError, match="generated images are not finite"):
        frechet_distance(draw(10, 4, 0), fake)
