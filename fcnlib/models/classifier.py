"""The classification nets as they were trained, their fully connected layers as convolutions."""

from torch import nn

from fcnlib.config.schema_nets import WINDOWS
from fcnlib.core.errors import InputError
from fcnlib.models.backbones import backbone_of
from fcnlib.models.geometry import sizes
from fcnlib.models.graph import LayerGraph
from fcnlib.models.layers import Concat, Layers, add_layer, channels_of

IMAGE_CHANNELS = 3


def build_classifier(
    backbone: str,
    classes: int = 1000,
    *,
    width: float = 1.0,
    padding: int | None = None,
    fc6_kernel: int | None = None,
    dropout: float | None = None,
    window: int | None = None,
) -> LayerGraph:
    """The ILSVRC classifier: normalised images [N, 3, H, W] to scores [N, classes, h, w].

    An image of its own side, `window`, gives one cell: h = w = 1. Parameters are named after the
    layers of the published nets and have PyTorch's random weights.

    Args:
        backbone: "alexnet", "vgg16", "vgg19" or "googlenet".
        classes: The number of classes.
        width: The share of the published channels that each layer has, above 0 and at most 1.
        padding: Of the first convolution, in pixels. None: the published one.
        fc6_kernel: Side of fc6's kernel in cells. None: the published one.
        dropout: Behind fc6 and fc7, or GoogLeNet's final pooling. None: the published one.
        window: Side of the images that are classified, in pixels. None: ILSVRC's, 224 (AlexNet:
            227). Of smaller ones, GoogLeNet's final pooling averages the cells there are, and
            an fc6 with a kernel wider than the map is padded.

    Raises:
        InputError: A value is not allowed, or `window` leaves no cell.

    Source: Krizhevsky et al., 2012; Simonyan and Zisserman, 2014; Szegedy et al., 2014.
    """
    entry = backbone_of(backbone, width)
    if classes < 1:
        raise InputError(f"classes: {classes}; expected at least 1")
    layers = entry.layers(
        width=width,
        padding=entry.padding if padding is None else padding,
        fc6_kernel=fc6_kernel,
        dropout=dropout,
    )
    window = window or WINDOWS[backbone]
    cells = _last_cells(layers, window)
    last = next(reversed(layers))
    channels = channels_of(layers, last, IMAGE_CHANNELS)
    fc6, last_layer = layers.get("fc6"), layers[last]
    if isinstance(fc6, nn.Conv2d):
        kernel = fc6.kernel_size[0]
        # One window, one answer, as the fully connected layer it is.
        fc6.padding = (0, 0) if cells >= kernel else (kernel // 2, kernel // 2)
        add_layer(layers, "fc8", nn.Conv2d(channels, classes, 1))
    else:
        assert isinstance(last_layer, Concat)
        add_layer(layers, "pool5/7x7_s1", nn.AvgPool2d(min(7, cells), 1))
        add_layer(layers, "pool5/drop_7x7_s1", nn.Dropout(last_layer.dropout))
        last_layer.dropout = 0.0
        add_layer(layers, "loss3/classifier", nn.Conv2d(channels, classes, 1))
    return LayerGraph(layers, channels=IMAGE_CHANNELS)


def _last_cells(layers: Layers, window: int) -> int:
    """The side in cells of the last map before the fully connected layers."""
    convolutional = {name: layer for name, layer in layers.items() if not name.startswith("fc")}
    found = sizes(convolutional, window)
    if found is None:
        raise InputError(f"window: {window} pixels; expected larger ones for this net")
    return found[next(reversed(convolutional))]
