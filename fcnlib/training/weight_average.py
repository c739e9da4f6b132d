"""An exponential moving average of a net's weights, which scores better than the last ones."""

import copy

import torch
from torch import Tensor

from fcnlib.models.fcn import FCN


class WeightAverage:
    """The moving average of a net's weights and of its norm layers' statistics.

    The decay rises to its value in the first steps, so that the initial weights soon count little.

    Args:
        net: The net to average; the average is a copy of it.
        decay: Weight of the average in each update.
    """

    def __init__(self, net: FCN, decay: float) -> None:
        self.net, self.decay = copy.deepcopy(net).eval(), decay

    def update(self, net: FCN, steps: int) -> None:
        """Move the average towards the net's weights after so many steps."""
        decay = min(self.decay, steps / (steps + 10))
        with torch.no_grad():
            for mean, value in zip(_state(self.net), _state(net), strict=True):
                if mean.is_floating_point():
                    mean.lerp_(value, 1 - decay)
                else:
                    mean.copy_(value)


def _state(net: FCN) -> list[Tensor]:
    return list(net.state_dict().values())
