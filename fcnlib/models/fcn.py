"""The one fully convolutional net: every skip variant is a value of `predict_from`."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fcnlib.errors import InputError
from fcnlib.models.backbones import BACKBONES, Layers
from fcnlib.models.geometry import IMAGE, compose, offset

# Mean colour of ILSVRC in Caffe's channel order, as in the released nets.
ILSVRC_MEAN_BGR = (104.00698793, 116.66876762, 122.67891434)


def bilinear_kernel(side: int) -> Tensor:
    """The [side, side] kernel of bilinear interpolation (`upsample_filt` of the released code)."""
    factor = (side + 1) // 2
    centre = factor - 1 if side % 2 else factor - 0.5
    weights = 1 - (torch.arange(side, dtype=torch.float64) - centre).abs() / factor
    return torch.outer(weights, weights).float()


def caffe_input(rgb: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    """Raw RGB bytes [N, 3, H, W] as floats, blue first, the mean [3] removed, times a scale."""
    return (rgb.flip(1).float() - mean[:, None, None]) * scale


class Upscore(nn.ConvTranspose2d):
    """Bilinear upsampling of score maps by `factor`, frozen; each class by itself."""

    def __init__(self, classes: int, factor: int) -> None:
        kernel = 2 * factor
        super().__init__(classes, classes, kernel, stride=factor, groups=classes, bias=False)
        self.weight = nn.Parameter(
            bilinear_kernel(kernel).repeat(classes, 1, 1, 1), requires_grad=False
        )


class SkipScore(nn.Conv2d):
    """Scores of a finer layer, aligned with the upsampled coarser ones and added to them."""

    def __init__(
        self, inputs: int, classes: int, *, source: str, offset: int, scale: float
    ) -> None:
        super().__init__(inputs, classes, 1)
        self.source = source
        self.fine_from = max(0, offset)
        self.coarse_from = max(0, -offset)
        self.scale = scale

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:  # type: ignore[override]
        # The published Scale layer acts on the features, so the bias is not scaled.
        fine = self._conv_forward(fine * self.scale, self.weight, self.bias)
        fine = fine[:, :, self.fine_from :, self.fine_from :]
        coarse = coarse[:, :, self.coarse_from :, self.coarse_from :]
        height = min(fine.shape[2], coarse.shape[2])
        width = min(fine.shape[3], coarse.shape[3])
        return fine[:, :, :height, :width] + coarse[:, :, :height, :width]


class FCN(nn.ModuleDict):
    """Layers in the order and under the names of the published net.

    `forward` maps a normalised image [N, C, H, W] to scores [N, classes, H, W] of any H and W;
    `normalise` makes that image from raw bytes: the net carries its own mean and scale.
    """

    input_mean: Tensor
    input_scale: Tensor
    kept: list[str]  # TorchScript cannot tell the type of an empty list

    def __init__(self, layers: Layers, *, kept: Sequence[str], crop: int, channels: int) -> None:
        super().__init__(layers)
        self.kept = list(kept)
        self.crop = crop
        mean = ILSVRC_MEAN_BGR if channels == 3 else (0.0,) * channels
        self.register_buffer("input_mean", torch.tensor(mean))
        self.register_buffer("input_scale", torch.tensor(1.0))

    def normalise(self, rgb: Tensor) -> Tensor:
        """Raw RGB bytes [N, 3, H, W] as the net's own float input."""
        return caffe_input(rgb, self.input_mean, self.input_scale)

    def forward(self, image: Tensor) -> Tensor:
        kept: dict[str, Tensor] = {}
        x = image
        for name, layer in self.items():  # unrolled by TorchScript, and so is hasattr
            if hasattr(layer, "source"):  # noqa: SIM108 (a ternary would compile both calls)
                x = layer(kept[layer.source], x)  # type: ignore[index]
            else:
                x = layer(x)
            if name in self.kept:
                kept[name] = x
        height, width = image.shape[2], image.shape[3]
        return x[:, :, self.crop : self.crop + height, self.crop : self.crop + width]


def build_fcn(
    backbone: str = "vgg16",
    predict_from: Sequence[str] = ("fc7", "pool4", "pool3"),
    classes: int = 21,
    *,
    width: float = 1.0,
    padding: int = 100,
    skip_scales: Sequence[float] | None = None,
    fc6_kernel: int = 7,
    dropout: float = 0.5,
    input_channels: int = 3,
) -> FCN:
    """An FCN that predicts from the named layers, coarsest first; score layers start at zero.

    `["fc7"]` is FCN-32s, `["fc7", "pool4"]` FCN-16s, the default FCN-8s (section 4.3);
    `skip_scales` multiplies the features of each finer layer (at-once training).
    """
    trunk = BACKBONES[backbone](
        width=width,
        padding=padding,
        fc6_kernel=fc6_kernel,
        dropout=dropout,
        input_channels=input_channels,
    )
    coarsest, *finer = _checked(predict_from, trunk)
    scales = tuple(skip_scales or [1.0] * len(finer))
    if len(scales) != len(finer):
        raise InputError(f"skip_scales: {len(scales)} values; expected {len(finer)}: {finer}")
    layers = _up_to(trunk, coarsest)
    grids = {name: compose(_up_to(trunk, name).values()) for name in predict_from}
    channels = {name: _channels(_up_to(trunk, name)) for name in predict_from}

    layers["score_fr" if coarsest == "fc7" else f"score_{coarsest}"] = nn.Conv2d(
        channels[coarsest], classes, 1
    )
    grid = grids[coarsest]
    above = ""
    for name, scale in zip(finer, scales, strict=True):
        factor = round(grid.stride / grids[name].stride)
        layers[f"upscore_{above}" if above else f"upscore{factor}"] = Upscore(classes, factor)
        grid = grid.upsampled(2 * factor, factor)
        skip = offset(grids[name], grid)
        layers[f"score_{name}"] = SkipScore(
            channels[name], classes, source=name, offset=skip, scale=scale
        )
        grid = grids[name] if skip < 0 else grid
        above = name
    factor = round(grid.stride)
    layers["upscore" if factor == 32 else f"upscore{factor}"] = Upscore(classes, factor)
    crop = offset(IMAGE, grid.upsampled(2 * factor, factor))
    net = FCN(layers, kept=finer, crop=-crop, channels=input_channels)
    for name, layer in net.items():
        if name.startswith("score") and isinstance(layer, nn.Conv2d) and layer.bias is not None:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net


def crop_offsets(net: FCN) -> list[int]:
    """The crops in published order: of each finer layer's scores, then of the upsampled result."""
    skips = [layer for layer in net.values() if isinstance(layer, SkipScore)]
    return [skip.fine_from - skip.coarse_from for skip in skips] + [net.crop]


def _checked(predict_from: Sequence[str], trunk: Layers) -> list[str]:
    order = [name for name in reversed(trunk) if name in predict_from]
    if not predict_from or order != list(predict_from):
        known = ", ".join(reversed(trunk))
        raise InputError(
            f"predict_from: {list(predict_from)}; expected layers coarsest first, of: {known}"
        )
    return order


def _up_to(trunk: Layers, last: str) -> Layers:
    names = list(trunk)
    return {name: trunk[name] for name in names[: names.index(last) + 1]}


def _channels(layers: Layers) -> int:
    return [layer.out_channels for layer in layers.values() if isinstance(layer, nn.Conv2d)][-1]
