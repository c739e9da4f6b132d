"""SGD with momentum in the groups of the released solvers."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim.sgd import sgd

from fcnlib.config.schema import Recipe
from fcnlib.models.fcn import FCN


class MomentumSGD:
    """Steps of stochastic gradient descent with momentum: torch.optim.SGD's, to the bit.

    That class imports torch's compiler when it is made, which takes as long as 80 steps of a demo.
    """

    def __init__(self, groups: Sequence[dict[str, Any]], momentum: float) -> None:
        self.param_groups, self.momentum = groups, momentum
        self.velocities: list[list[Tensor | None]] = [[None] * len(g["params"]) for g in groups]

    def step(self) -> None:
        """Move all parameters by their gradients, each group at its own rate."""
        with torch.no_grad():
            for group, velocities in zip(self.param_groups, self.velocities, strict=True):
                sgd(
                    group["params"],
                    [parameter.grad for parameter in group["params"]],
                    velocities,
                    lr=group["lr"],
                    weight_decay=group["weight_decay"],
                    momentum=self.momentum,
                    dampening=0.0,
                    nesterov=False,
                    maximize=False,
                    fused=True,
                )

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None


def make_optimizer(net: FCN, recipe: Recipe) -> MomentumSGD:
    """SGD in groups: biases learn at twice the rate without decay, score layers at their own."""
    groups = []
    for score in (False, True):
        for bias in (False, True):
            parameters = [
                parameter
                for name, parameter in net.named_parameters()
                if parameter.requires_grad
                and name.startswith("score") == score
                and name.endswith("bias") == bias
            ]
            rate = (
                recipe.learning_rate
                * (recipe.score_lr_multiplier if score else 1)
                * (2 if bias else 1)
            )
            decay = 0.0 if bias else recipe.weight_decay
            groups.append(
                {"params": parameters, "lr": rate, "initial_lr": rate, "weight_decay": decay}
            )
    return MomentumSGD(groups, recipe.momentum)
