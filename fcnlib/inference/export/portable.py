"""The net as other runtimes take it: one graph, which holds for images and batches of any size."""

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnlib.models.fcn import FCN, labels_of
from fcnlib.models.geometry import kernel_stride_padding
from fcnlib.models.layers import copy_inputs


class PortableNet(nn.Module):
    """From raw channels [N, C, H, W] to labels and scores by name, without conditions on sizes.

    `labels` are uint8 [N, H, W], `scores` float [N, classes, H, W]; of a net with several heads
    each has the task's name behind it: `labels_semantic`.
    """

    def __init__(self, net: FCN) -> None:
        super().__init__()
        self.net = net.with_layers(
            {name: copy_inputs(layer, _portable(layer)) for name, layer in net.items()}
        )
        to: Any = self.to  # its stub lacks memory_format
        to(memory_format=torch.contiguous_format)  # channels last, a side of 1 is a special case

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        return named_outputs(self.net.split(self.net.run_layers(self.net.normalise(image))))


def named_outputs(
    scores: Mapping[str, Tensor], labels: Mapping[str, Tensor] | None = None
) -> dict[str, Tensor]:
    """Scores by task, and the labels that follow from them or are given, by the outputs' names."""
    found: dict[str, Tensor] = {}
    for task, each in scores.items():
        found[output_name("labels", task, scores)] = labels[task] if labels else labels_of(each)
        found[output_name("scores", task, scores)] = each
    return found


def output_name(kind: str, task: str, tasks: Collection[str]) -> str:
    """The name of an output: `labels` or `scores`, with the task's behind it if it is not alone."""
    return f"{kind}_{task}" if len(tasks) > 1 else kind


def output_names(net: FCN) -> list[str]:
    """The names of a net's outputs in their order."""
    return [
        output_name(kind, task, net.heads) for task in net.heads for kind in ("labels", "scores")
    ]


def example_image(net: FCN) -> Tensor:
    """Raw channels [2, C, H, W] to trace a net with: of no side or batch that is a special case."""
    side = net.smallest_side
    kind = torch.int32 if net.depth_channel >= 0 else torch.uint8
    return torch.ones(2, net.input_mean.numel(), side + 44, side + 71, dtype=kind)


class CeilPool(nn.Module):
    """A max pooling whose output size is rounded up, without a condition on the input's.

    What is appended is less than any value; a pooling that rounds up itself has another formula
    for each remainder of the side, and an export keeps that of its example.
    """

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        more = self.stride - 1
        padded = functional.pad(x, (0, more, 0, more), value=-torch.inf)
        return functional.max_pool2d(padded, self.kernel, self.stride)


def _portable(layer: nn.Module) -> nn.Module:
    """The layer, or one that computes the same whatever the size."""
    if not isinstance(layer, nn.MaxPool2d) or not layer.ceil_mode:
        return layer
    kernel, stride, padding = kernel_stride_padding(layer)
    if stride == 1:  # nothing to round
        return nn.MaxPool2d(kernel, 1, padding)
    assert padding == 0  # Caffe drops a window that begins in the padding
    return CeilPool(kernel, stride)
