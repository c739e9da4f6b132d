"""SGD with momentum, or AdamW, in the groups of the released solvers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import product
from math import cos, pi
from typing import Any

import torch
from torch import Tensor
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from fcnlib.config.schema_nets import Recipe
from fcnlib.models.fcn import FCN
from fcnlib.models.layers import is_score_layer

BIAS_LR_MULTIPLIER = 2  # of the released solvers
ADAM_BETA2, ADAM_EPS = 0.999, 1e-8


class Optimizer(ABC):
    """Steps of gradient descent in groups of parameters, each at its own rate and decay.

    `velocities` is what a step leaves for the next one, by group and parameter; None before the
    first step. torch.optim's classes import torch's compiler when they are made, which takes as
    long as 80 steps of a demo; their functions do not.
    """

    def __init__(self, groups: Sequence[dict[str, Any]], momentum: float) -> None:
        self.param_groups, self.momentum, self.steps = groups, momentum, 0
        self.velocities: list[list[Tensor | None]] = [[None] * len(g["params"]) for g in groups]

    def step(self) -> None:
        """Update all parameters by their gradients, each group at its own rate."""
        self.steps += 1
        with torch.no_grad():
            for group, velocities in zip(self.param_groups, self.velocities, strict=True):
                self._update(group, [p.grad for p in group["params"]], velocities)

    @abstractmethod
    def _update(
        self, group: Mapping[str, Any], gradients: list[Tensor], velocities: list[Tensor | None]
    ) -> None:
        """Update a group's parameters and their velocities."""

    @abstractmethod
    def velocity_like(self, parameter: Tensor) -> Tensor | None:
        """A tensor of the shape and type of a parameter's velocity after a step."""

    def resume_from(self, velocities: Sequence[Sequence[Tensor | None]], steps: int) -> None:
        """Continue after so many steps with stored velocities, each where its parameter is."""
        self.steps = steps
        self.velocities = [
            [
                self._in_place(velocity, parameter)
                for velocity, parameter in zip(stored, group["params"], strict=True)
            ]
            for stored, group in zip(velocities, self.param_groups, strict=True)
        ]

    def _in_place(self, velocity: Tensor | None, parameter: Tensor) -> Tensor | None:
        """A velocity on the device and in the layout of its parameter.

        Of another layout, PyTorch's fused steps on a CPU would take it for one of other elements.
        """
        like = self.velocity_like(parameter)
        return None if velocity is None or like is None else torch.empty_like(like).copy_(velocity)

    def zero_grad(self) -> None:
        """Drop the gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def scale_lr(self, factor: float) -> None:
        """Set each group's learning rate to its initial one times a factor."""
        for group in self.param_groups:
            group["lr"] = group["initial_lr"] * factor


# Kernels as they lie in memory, channels last, and back.
ROWS, KERNELS = (0, 2, 3, 1), (0, 3, 1, 2)


def _permuted(tensors: Sequence[Tensor | None], order: Sequence[int]) -> list[Any]:
    """Views of those of four dimensions in another order, and the others as they are."""
    return [t.permute(*order) if t is not None and t.dim() == 4 else t for t in tensors]


class MomentumSGD(Optimizer):
    """Stochastic gradient descent with momentum: torch.optim.SGD's, to the bit."""

    def _update(
        self, group: Mapping[str, Any], gradients: list[Tensor], velocities: list[Tensor | None]
    ) -> None:
        # PyTorch's fused steps make a copy of what is not contiguous.
        in_rows = _permuted(velocities, ROWS)
        sgd(
            _permuted(group["params"], ROWS),
            _permuted(gradients, ROWS),
            in_rows,
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            momentum=self.momentum,
            dampening=0.0,
            nesterov=False,
            maximize=False,
            fused=True,
        )
        velocities[:] = _permuted(in_rows, KERNELS)

    def velocity_like(self, parameter: Tensor) -> Tensor | None:
        """The parameter; None without momentum."""
        return parameter if self.momentum > 0 else None


class AdamW(Optimizer):
    """torch.optim.AdamW's steps, to the bit; a velocity is both moments, [2, *parameter]."""

    def _update(
        self, group: Mapping[str, Any], gradients: list[Tensor], velocities: list[Tensor | None]
    ) -> None:
        parameters = group["params"]
        moments = [
            torch.zeros_like(self.velocity_like(parameter)) if velocity is None else velocity
            for parameter, velocity in zip(parameters, velocities, strict=True)
        ]
        # Counted where the parameters are, as CUDA's fused steps read them there.
        device = parameters[0].device if parameters else None
        done = torch.full((len(moments),), self.steps - 1.0, device=device)
        adamw(
            parameters,
            gradients,
            [first for first, _ in moments],
            [second for _, second in moments],
            [],
            list(done.unbind()),
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            beta1=self.momentum,
            beta2=ADAM_BETA2,
            eps=ADAM_EPS,
            amsgrad=False,
            maximize=False,
            fused=True,
        )
        velocities[:] = moments

    def velocity_like(self, parameter: Tensor) -> Tensor:
        """Two of the parameter."""
        return torch.stack([parameter.detach()] * 2)


OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": MomentumSGD, "adamw": AdamW}


def lr_factor(iteration: int, recipe: Recipe) -> float:
    """The factor of all learning rates at an iteration: a warm-up to 1, then a decay towards 0."""
    done = iteration / recipe.iterations
    start = recipe.lr_decay_start
    rising = (iteration + 1) / (recipe.lr_warmup * recipe.iterations) if recipe.lr_warmup else 1.0
    falling = 1.0 if done < start else (1 - done) / (1 - start)
    if recipe.lr_decay == "cosine":
        falling = (1 - cos(pi * falling)) / 2
    return min(1.0, rising) * falling


def make_optimizer(net: FCN, recipe: Recipe) -> Optimizer:
    """The optimizer of a net's trained parameters, in the groups of the released solvers.

    Score layers have their own rate; biases have no decay, and with SGD twice the rate. Those of
    norm layers, weights too, are taken for biases.
    """
    bias_lr_multiplier = BIAS_LR_MULTIPLIER if recipe.optimizer == "sgd" else 1
    groups = []
    for is_score, is_bias in product((False, True), repeat=2):
        parameters = [
            parameter
            for name, parameter in net.named_parameters()
            if parameter.requires_grad
            and is_score_layer(name) == is_score
            and (parameter.dim() == 1) == is_bias
        ]
        lr = recipe.learning_rate
        lr *= recipe.score_lr_multiplier if is_score else 1
        lr *= bias_lr_multiplier if is_bias else 1
        decay = 0.0 if is_bias else recipe.weight_decay
        groups.append({"params": parameters, "lr": lr, "initial_lr": lr, "weight_decay": decay})
    return OPTIMIZERS[recipe.optimizer](groups, recipe.momentum)
