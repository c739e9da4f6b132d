"""The score layers, upsampling and crop that make a trunk's features a segmentation."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from fcnlib.models.geometry import (
    IMAGE,
    grids,
    offset,
    upsampling_kernel,
)
from fcnlib.models.layers import (
    IMAGE_LAYER,
    Crop,
    Fuse,
    Layers,
    Mean,
    SkipScore,
    Upscore,
    add_layer,
    channels_of,
)


@dataclass(frozen=True)
class Head:
    """What the score layers of every task have in common."""

    predict_from: Sequence[str]  # coarsest first
    scales: Sequence[float]  # of the finer ones
    coarsest: str  # the published name of the coarsest score
    streams: Sequence[str]
    learned: bool
    fusion: str
    null_background: bool
    channels: int  # of the image


def scorable(trunk: Layers) -> dict[str, int]:
    """The layers that an FCN can predict from and their strides, coarsest first.

    They are a trunk's last layer and its poolings, down to the stride of FCN-8s.
    """
    found = grids(trunk)
    pools = [
        name
        for name, layer in trunk.items()
        if isinstance(layer, nn.MaxPool2d) and layer.stride != 1
    ]
    strides = {name: round(found[name].stride) for name in reversed([*pools, list(trunk)[-1]])}
    return {name: stride for name, stride in strides.items() if stride >= 8}


def add_head(layers: Layers, head: Head, classes: int, suffix: str) -> str:
    """Put one task's score layers, upsampling and crop on top; returns the last one's name."""
    coarsest, *finer = head.predict_from
    scores = []
    for stream in [f"_{stream}" for stream in head.streams] or [""]:
        source = coarsest + stream
        score = nn.Conv2d(channels_of(layers, source, head.channels), classes, 1)
        scores.append(add_layer(layers, f"{head.coarsest}{stream}{suffix}", score, source))
    top = add_layer(layers, f"score_fused{suffix}", Mean(), *scores) if head.streams else scores[0]
    above = ""
    for name, scale in zip(finer, head.scales, strict=True):
        up = _put_upscore(layers, top, name, classes, suffix, above=above, learned=head.learned)
        inputs = channels_of(layers, name, head.channels)
        score = SkipScore(inputs, classes, scale=scale)
        fine = add_layer(layers, f"score_{name}{suffix}", score, name)
        found = grids(layers)
        fuse = Fuse(offset=offset(found[fine], found[up]), fusion=head.fusion)
        top = add_layer(layers, f"fuse_{name}{suffix}", fuse, fine, up)
        above = name
    up = _put_upscore(layers, top, IMAGE_LAYER, classes, suffix)
    crop = Crop(-offset(IMAGE, grids(layers)[up]), null_background=head.null_background)
    return add_layer(layers, f"score{suffix}", crop, up, IMAGE_LAYER)


def _put_upscore(
    layers: Layers,
    coarse: str,
    fine: str,
    classes: int,
    suffix: str,
    *,
    above: str = "",
    learned: bool = False,
) -> str:
    """Put the upsampling of `coarse` onto the cells of `fine` on top, under its published name."""
    found = grids(layers)
    factor = round(found[coarse].stride / found[fine].stride)
    kernel = upsampling_kernel(found[coarse], found[fine])
    name = f"upscore_{above}" if above else "upscore" if factor == 32 else f"upscore{factor}"
    layer = Upscore(classes, factor, kernel=kernel, learned=learned)
    return add_layer(layers, f"{name}{suffix}", layer, coarse)
