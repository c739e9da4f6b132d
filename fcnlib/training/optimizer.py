"""SGD with momentum in the groups of the released solvers."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor
from torch.optim.sgd import sgd

from fcnlib.config.schema_nets import Recipe
from fcnlib.models.fcn import FCN
from fcnlib.models.layers import is_score_layer

BIAS_LR_MULTIPLIER = 2  # of the released solvers


class MomentumSGD:
    """Steps of stochastic gradient descent with momentum: torch.optim.SGD's, to the bit.

    That class imports torch's compiler when it is made, which takes as long as 80 steps of a demo.
    """

    def __init__(self, groups: Sequence[dict[str, Any]], momentum: float) -> None:
        self.param_groups, self.momentum = groups, momentum
        # By group and parameter; None before the first step.
        self.velocities: list[list[Tensor | None]] = [[None] * len(g["params"]) for g in groups]

    def step(self) -> None:
        """Update all parameters by their gradients, each group at its own rate."""
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

    def resume_from(self, velocities: Sequence[Sequence[Tensor | None]]) -> None:
        """Continue with stored velocities, each where its parameter is."""
        self.velocities = [
            [
                None if velocity is None else velocity.to(parameter.device)
                for velocity, parameter in zip(stored, group["params"], strict=True)
            ]
            for stored, group in zip(velocities, self.param_groups, strict=True)
        ]

    def zero_grad(self) -> None:
        """Drop the gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def scale_lr(self, factor: float) -> None:
        """Set each group's learning rate to its initial one times a factor."""
        for group in self.param_groups:
            group["lr"] = group["initial_lr"] * factor


def lr_factor(iteration: int, recipe: Recipe) -> float:
    """The factor of all learning rates at an iteration: 1, then a linear decay towards 0."""
    done = iteration / recipe.iterations
    start = recipe.lr_decay_start
    return 1.0 if done < start else (1 - done) / (1 - start)


def make_optimizer(net: FCN, recipe: Recipe) -> MomentumSGD:
    """SGD in groups: biases at twice the rate and without decay, score layers at their own rate."""
    groups = []
    for is_score, is_bias in product((False, True), repeat=2):
        parameters = [
            parameter
            for name, parameter in net.named_parameters()
            if parameter.requires_grad
            and is_score_layer(name) == is_score
            and name.endswith("bias") == is_bias
        ]
        lr = recipe.learning_rate
        lr *= recipe.score_lr_multiplier if is_score else 1
        lr *= BIAS_LR_MULTIPLIER if is_bias else 1
        decay = 0.0 if is_bias else recipe.weight_decay
        groups.append({"params": parameters, "lr": lr, "initial_lr": lr, "weight_decay": decay})
    return MomentumSGD(groups, recipe.momentum)
