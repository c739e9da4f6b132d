"""Classifiers before they were made convolutional: fully connected layers (section 3.1)."""

from torch import Tensor, nn

from fcnlib.core.errors import InputError
from fcnlib.models.dense.subnets import coarse_net, subnet
from fcnlib.models.geometry import WindowLayer, kernel_stride_padding
from fcnlib.models.graph import LayerGraph
from fcnlib.models.layers import ConvReLU


class FullyConnected(nn.Module):
    """A net's classifier with fully connected layers, which share the net's weights.

    `trunk` maps an image to features; `head` maps features of `cells` a side to scores
    [N, classes]: from the last layer with a kernel larger than 1 on, all is one vector.
    """

    def __init__(self, net: LayerGraph) -> None:
        super().__init__()
        net = coarse_net(net)
        names = list(net)
        windows = {
            name: kernel_stride_padding(layer)
            for name, layer in net.items()
            if isinstance(layer, WindowLayer)
        }
        last = [name for name, (kernel, _, _) in windows.items() if kernel > 1][-1]
        self.cells, stride, padding = windows[last]
        if (stride, padding) != (1, 0):
            raise InputError(f"{last}: stride {stride}, padding {padding}; expected 1 and 0")
        first = names.index(last)
        self.trunk = subnet(net, names[:first])
        self.head = nn.Sequential(*(_as_linear(net[name]) for name in names[first:]))

    def forward(self, image: Tensor) -> Tensor:
        scores: Tensor = self.head(self.trunk(image))
        return scores

    def slide(self, features: Tensor) -> Tensor:
        """The scores [N, classes, h, w] of every window of the features."""
        windows = features.unfold(2, self.cells, 1).unfold(3, self.cells, 1)
        count, _, height, width = windows.shape[:4]
        each: Tensor = self.head(windows.permute(0, 2, 3, 1, 4, 5).flatten(0, 2))
        return each.view(count, height, width, -1).permute(0, 3, 1, 2)


def _as_linear(layer: nn.Module) -> nn.Module:
    """The layer on one window: a convolution becomes linear and shares its weights."""
    if not isinstance(layer, nn.Conv2d):
        return layer
    linear = nn.Linear(1, 1)
    assert layer.bias is not None
    linear.weight = nn.Parameter(layer.weight.detach().flatten(1))  # the same memory
    linear.bias = nn.Parameter(layer.bias.detach())
    modules: list[nn.Module] = [nn.Flatten(), linear]
    if isinstance(layer, ConvReLU):
        modules += [nn.ReLU(), nn.Dropout(layer.dropout)]
    return nn.Sequential(*modules)
