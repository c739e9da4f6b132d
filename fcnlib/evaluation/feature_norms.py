"""How large the features are that a net predicts from (section 4.3)."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from fcnlib.models.fcn import FCN
from fcnlib.models.layers import SkipScore, is_score_layer


def feature_norm_ratio(net: FCN, images: Iterable[Tensor], *, device: str) -> float | None:
    """The largest by the smallest average norm of the features that score layers see.

    Over all cells of some raw images [N, C, H, W], each skip's features times its scale; None if
    those of a layer are all 0.
    """
    norms: dict[str, list[Tensor]] = {}
    net = net.to(device).eval()

    def measure(name: str, scale: float) -> Any:
        def hook(_: nn.Module, features: tuple[Tensor, ...]) -> None:
            norms.setdefault(name, []).append((scale * features[0]).norm(dim=1).mean())

        return hook

    hooks = [
        layer.register_forward_pre_hook(
            measure(name, layer.scale if isinstance(layer, SkipScore) else 1.0)
        )
        for name, layer in net.items()
        if is_score_layer(name) and isinstance(layer, nn.Conv2d)
    ]
    with torch.inference_mode():
        for image in images:
            net(net.normalise(image.to(device)))
    for hook in hooks:
        hook.remove()
    means = [torch.stack(each).mean().item() for each in norms.values()]
    return max(means) / min(means) if min(means) > 0 else None
