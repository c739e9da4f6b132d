"""torchvision, importable also where its compiled operators do not fit the installed torch."""

import sys

import torch

try:
    import torchvision
except RuntimeError:
    # Its extension (a CUDA build beside a CPU torch, say) did not load and so did not declare these
    # two, for which torchvision registers fake kernels on import. Nothing here calls them.
    for name in [module for module in sys.modules if module.startswith("torchvision")]:
        del sys.modules[name]
    boxes = "Tensor dets, Tensor scores"
    torch.library.define("torchvision::nms", f"({boxes}, float iou_threshold) -> Tensor")
    torch.library.define("torchvision::qnms", f"({boxes}, float iou_threshold) -> Tensor")
    import torchvision

from torchvision.transforms.v2 import functional as transforms

__all__ = ["torchvision", "transforms"]
