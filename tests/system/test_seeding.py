from __future__ import annotations

import torch

from experiments.system.seeding import Step, mix, noise_of, numbers_of

CPU = torch.device("cpu")


def step(first: int = 0, last: int = 8, images: int = 64, seed: int = 0) -> Step:
    return Step(seed, images, 8, slice(first, last), CPU)


def test_mix_tells_lists_of_numbers_apart() -> None:
    lists = [(1, 23), (12, 3), (123,), ("1", 23), (1, 2, 3), (23, 1), (1, 23, "noise")]
    assert len({mix(*numbers) for numbers in lists}) == len(lists)
    assert all(0 <= mix(*numbers) < 2**63 for numbers in lists)
    assert mix(1, "a") == mix(1, "a")


def test_rows_of_two_ranks_are_the_draw_of_one() -> None:
    whole, first, second = step(), step(0, 4), step(4, 8)
    for shape in ((3,), (2, 5)):
        expected = whole.normal(*shape)
        assert expected.shape == (8, *shape)
        assert torch.equal(torch.cat([first.normal(*shape), second.normal(*shape)]), expected)


def test_draws_differ_by_seed_by_images_and_from_one_to_the_next() -> None:
    one = step()
    draws = [one.normal(3), one.normal(3), step(images=72).normal(3), step(seed=1).normal(3)]
    for i, a in enumerate(draws):
        assert all(not torch.equal(a, b) for b in draws[:i])


def test_a_stream_begins_where_it_began() -> None:
    """So a part that is prepared once for each phase gets the same noise each time."""
    one = step()
    first = one.normal(3)
    one.begin("generator", 1)
    other = one.normal(3)
    one.begin()
    assert torch.equal(one.normal(3), first) and not torch.equal(other, first)
    one.begin("generator", 1)
    assert torch.equal(one.normal(3), other)
    one.begin("generator", 2)
    assert not torch.equal(one.normal(3), other)


def test_noise_is_standard_normal() -> None:
    drawn = Step(0, 0, 1000, slice(0, 1000), CPU).normal(50)
    assert abs(drawn.mean()) < 0.01 and abs(drawn.std() - 1) < 0.01


def test_noise_of_a_sample_depends_on_its_seed_alone() -> None:
    rows = noise_of([3, 5, 3], 4)
    assert torch.equal(rows[0], rows[2]) and not torch.equal(rows[0], rows[1])
    assert torch.equal(noise_of([5], 4)[0], rows[1])


def test_one_process_gathers_its_own_rows_with_their_gradients() -> None:
    rows = torch.ones(2, 3, requires_grad=True)
    assert step().gather(rows) is rows


def test_numbers_are_of_their_own_row_and_stream() -> None:
    whole, first, second = step(), step(0, 4), step(4, 8)
    numbers = whole.numbers()
    assert numbers.dtype == torch.int64 and len(set(numbers.tolist())) == 8
    assert torch.equal(torch.cat([first.numbers(), second.numbers()]), numbers)
    assert not torch.equal(whole.numbers(), numbers)
    assert numbers.abs().max() > 2**60 and (numbers < 0).any()  # all 64 bits
    assert numbers_of([5, 7]).tolist() == [mix(5), mix(7)]
