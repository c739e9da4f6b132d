"""What is minimised, and in which steps (section 4)."""

import torch
from torch import Tensor
from torch.nn import functional

from fcnlib.config import Recipe
from fcnlib.datasets.images import VOID
from fcnlib.models.fcn import FCN


def make_optimizer(net: FCN, recipe: Recipe) -> torch.optim.SGD:
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
            rate = recipe.learning_rate * (recipe.score_rate if score else 1) * (2 if bias else 1)
            decay = 0.0 if bias else recipe.weight_decay
            groups.append(
                {"params": parameters, "lr": rate, "initial_lr": rate, "weight_decay": decay}
            )
    return torch.optim.SGD(groups, momentum=recipe.momentum, fused=True)


def pixel_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Softmax cross entropy of one image, summed over the pixels that are not void."""
    return functional.cross_entropy(scores, labels, ignore_index=VOID, reduction="sum")
