"""How many bits of float32 products count on a GPU: all of them, or those of TF32."""

from typing import Literal

import torch

from fcnlib.core.errors import InputError

Precision = Literal["fp32", "tf32", "bf16"]


def set_precision(precision: Precision, device: str) -> None:
    """Let convolutions and matrix products of float32 count all bits, unless they are to be TF32.

    PyTorch's own default is TF32 for convolutions alone. It is set for the whole process.

    Raises:
        InputError: TF32 is asked of another device than CUDA's.
    """
    if not device.startswith("cuda"):
        if precision == "tf32":
            raise InputError(f"precision tf32 on {device}; expected a CUDA device, or fp32")
        return
    # The names of torch 2.11; setting the newer ones too would make reading these an error.
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
