"""Random streams of their own for each purpose and seed."""

import torch

from fcnlib.core.generator import make_generator


def test_generators_differ_by_purpose_and_by_seed() -> None:
    first = [
        torch.rand(4, generator=make_generator(*key)) for key in ((0, "a"), (0, "b"), (1, "a"))
    ]
    assert len({tuple(each.tolist()) for each in first}) == 3
    assert torch.equal(first[0], torch.rand(4, generator=make_generator(0, "a")))
