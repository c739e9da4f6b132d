"""The cells of the coarsest scores, and how they are sampled."""

from typing import Any

import pytest
import torch

from fcnlib.core.generator import make_generator
from fcnlib.models.fcn import build_fcn
from fcnlib.models.geometry import Grid
from fcnlib.models.layers import Upscore
from fcnlib.training.cells import _cell_indices, sample_cells, score_grid


@pytest.mark.parametrize(
    "values",
    [
        {"predict_from": ["fc7"], "padding": 1, "fc6_kernel": 3},
        {"predict_from": ["fc7", "pool4", "pool3"]},
        {"predict_from": ["pool4"]},
        {"backbone": "alexnet", "predict_from": ["fc7"]},
        {"backbone": "googlenet", "predict_from": ["inception_5b/output"]},
        {"predict_from": ["fc7"], "streams": ("a", "b"), "input_channels": 6},
    ],
    ids=str,
)
def test_a_cells_block_is_where_its_score_is_strongest(values: dict[str, Any]) -> None:
    """Each cell alone is raised and interpolated: it is the strongest at its own pixels."""
    net = build_fcn(width=1 / 32, classes=2, **values).eval()
    cells = score_grid(dict(net.items()))
    stride, side = round(cells.stride), 128
    assert stride == (16 if values["predict_from"] == ["pool4"] else 32)
    ups = [layer for layer in net.values() if isinstance(layer, Upscore)]
    upscore = ups[0] if len(ups) == 1 else Upscore(2, stride)
    offset = round(-cells.upsampled(upscore.kernel_size[0], stride).start)
    count = side // stride + 8
    each = torch.eye(count).view(count, 1, count, 1).expand(-1, 2, -1, count)
    with torch.inference_mode():
        raised = upscore(each)[:, 0, offset : offset + side, 100]  # [cells, pixels]
    own = _cell_indices(side, cells)
    own = own + raised[:, 0].argmax()
    torch.testing.assert_close(raised.gather(0, own[None])[0], raised.amax(0))


def test_cells_are_blocks_that_are_sampled_independently() -> None:
    cells = Grid(stride=8, start=1.5)  # the first is pixels 0 to 5
    first = sample_cells(30, 43, cells, keep_prob=0.5, generator=make_generator(0, "x"))
    rows, columns = [((torch.arange(side) + 2.5) / 8).long() for side in (30, 43)]
    state = make_generator(0, "x")
    kept = torch.rand(4, 6, generator=state) < 0.5
    assert torch.equal(first, kept[rows][:, columns])
    assert kept.any() and not kept.all()
    generator = make_generator(1, "x")
    shares = [
        sample_cells(64, 64, cells, keep_prob=0.25, generator=generator).float().mean().item()
        for _ in range(400)
    ]
    assert sum(shares) / 400 == pytest.approx(0.25, abs=0.02)
