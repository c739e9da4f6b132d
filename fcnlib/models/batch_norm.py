"""BatchNorm between convolutions and their ReLUs, for training alone: it is folded afterwards."""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from fcnlib.models.layers import ConvReLU


def add_batch_norm(net: nn.Module) -> None:
    """Add a BatchNorm between each convolution and its ReLU; narrow nets do not train without."""
    for layer in net.modules():
        if isinstance(layer, ConvReLU):
            layer.norm = nn.BatchNorm2d(layer.out_channels)


def fold_batch_norm(net: nn.Module) -> None:
    """Fold each BatchNorm into its convolution, so that the net is a plain one again."""
    for layer in net.modules():
        if isinstance(layer, ConvReLU) and isinstance(layer.norm, nn.BatchNorm2d):
            norm = layer.norm
            assert norm.running_mean is not None
            assert norm.running_var is not None
            layer.weight, layer.bias = fuse_conv_bn_weights(
                layer.weight,
                layer.bias,
                norm.running_mean,
                norm.running_var,
                norm.eps,
                norm.weight,
                norm.bias,
            )
            layer.norm = nn.Identity()


def folded_state(net: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a net in `state`, with each BatchNorm folded; `net` stays as it is."""
    if not any(_norms(net)):
        return state
    folded = copy.deepcopy(net).cpu()
    folded.load_state_dict(state)
    fold_batch_norm(folded)
    return {name: tensor.detach() for name, tensor in folded.state_dict().items()}


def make_norms_neutral(net: nn.Module, images: Tensor) -> None:
    """Set each BatchNorm to give these images' features back: the net computes what it did before.

    So does it in training, as far as a batch has the statistics of these images.
    """
    hooks = [norm.register_forward_pre_hook(_make_neutral) for norm in _norms(net)]
    was_training = net.training
    with torch.inference_mode():
        net.eval()(images)
    net.train(was_training)
    for hook in hooks:
        hook.remove()


def _norms(net: nn.Module) -> Iterator[nn.BatchNorm2d]:
    return (layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d))


def _make_neutral(norm: nn.Module, inputs: tuple[Tensor]) -> None:
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    variance, mean = torch.var_mean(inputs[0], (0, 2, 3), correction=0)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.copy_(mean)
