"""The score layers, upsampling and crop that turn a trunk's features into a segmentation."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from fcnlib.models.geometry import IMAGE, crop_offset, grids, upsampling_kernel
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

FINEST_STRIDE = 8  # that of FCN-8s: finer layers gain nothing (section 4.3)
DETAIL_STRIDE = 4  # of layers that see too little to predict alone: thin objects gain by them


@dataclass(frozen=True)
class HeadOptions:
    """What the heads of all tasks have in common."""

    predict_from: Sequence[str]  # layers, coarsest first
    skip_scales: Sequence[float]  # of the finer layers
    coarsest_score: str  # the published name of the coarsest score layer
    streams: Sequence[str]
    learned_upsampling: bool
    fusion: str
    null_background: bool
    image_channels: int

    @property
    def stream_suffixes(self) -> list[str]:
        """What the layers' names end with, for each trunk; "" of the only one without streams."""
        return [f"_{stream}" for stream in self.streams] or [""]


def prediction_layers(trunk: Layers, *, finest: int = FINEST_STRIDE) -> dict[str, int]:
    """The layers that an FCN can predict from and their strides in pixels, coarsest first.

    They are a trunk's last layer and its poolings, down to the stride of FCN-8s or another.
    """
    maps = grids(trunk)
    pools = [
        name
        for name, layer in trunk.items()
        if isinstance(layer, nn.MaxPool2d) and layer.stride != 1
    ]
    strides = {name: round(maps[name].stride) for name in reversed([*pools, list(trunk)[-1]])}
    return {name: stride for name, stride in strides.items() if stride >= finest}


def add_head(layers: Layers, options: HeadOptions, classes: int, suffix: str) -> str:
    """Add one task's score layers, upsampling and crop; returns the name of the last layer."""
    coarsest, *finer = options.predict_from
    coarse = _add_scores(layers, options, coarsest, 1.0, classes, suffix)
    previous = ""
    for name, scale in zip(finer, options.skip_scales, strict=True):
        # Any stream's, as all have the same cells.
        cells = name + options.stream_suffixes[0]
        learned = options.learned_upsampling
        up = _add_upscore(layers, coarse, cells, classes, suffix, skip=previous, learned=learned)
        fine = _add_scores(layers, options, name, scale, classes, suffix)
        maps = grids(layers)
        fuse = Fuse(offset=crop_offset(maps[fine], maps[up]), fusion=options.fusion)
        coarse = add_layer(layers, f"fuse_{name}{suffix}", fuse, fine, up)
        previous = name
    up = _add_upscore(layers, coarse, IMAGE_LAYER, classes, suffix)
    offset = -crop_offset(IMAGE, grids(layers)[up])
    crop = Crop(offset, null_background=options.null_background)
    return add_layer(layers, f"score{suffix}", crop, up, IMAGE_LAYER)


def _add_scores(
    layers: Layers, options: HeadOptions, name: str, scale: float, classes: int, suffix: str
) -> str:
    """Add the scores of one layer, the mean over the streams; returns their name."""
    coarsest = name == options.predict_from[0]
    title = options.coarsest_score if coarsest else f"score_{name}"
    scores = []
    for stream in options.stream_suffixes:
        channels = channels_of(layers, name + stream, options.image_channels)
        score = (
            nn.Conv2d(channels, classes, 1)
            if coarsest
            else SkipScore(channels, classes, scale=scale)
        )
        scores.append(add_layer(layers, f"{title}{stream}{suffix}", score, name + stream))
    if not options.streams:
        return scores[0]
    fused = "score_fused" if coarsest else f"{title}_fused"
    return add_layer(layers, f"{fused}{suffix}", Mean(), *scores)


def _add_upscore(
    layers: Layers,
    coarse: str,
    fine: str,
    classes: int,
    suffix: str,
    *,
    skip: str = "",
    learned: bool = False,
) -> str:
    """Add the upsampling of `coarse` onto the cells of `fine`; returns its published name.

    Args:
        layers: The net so far, the layers `coarse` and `fine` among them.
        coarse: The layer of scores to upsample.
        fine: The layer whose cells they are brought to.
        classes: The number of score maps.
        suffix: Of the task's layers, such as "_sem".
        skip: The layer fused into `coarse`, if any: the upsampling is named after it.
        learned: Whether the kernels are learned.
    """
    maps = grids(layers)
    factor = round(maps[coarse].stride / maps[fine].stride)
    kernel = upsampling_kernel(maps[coarse], maps[fine])
    name = "upscore" if factor == 32 else f"upscore{factor}"
    if skip:
        name = f"upscore_{skip}"
    layer = Upscore(classes, factor, kernel=kernel, learned=learned)
    return add_layer(layers, f"{name}{suffix}", layer, coarse)
