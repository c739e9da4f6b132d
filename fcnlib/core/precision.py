"""How many bits of float32 products count on a GPU: all of them, or those of TF32.

In bf16 a net's trunk computes in 16 bits; its layers see to that (fcnlib/models/fast).
"""

from typing import Any, Literal

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
    # Reading these older names must not become an error: set first, for the newer ones then agree.
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    # Without them, convolutions would follow a process that asks for TF32 of all that is cuDNN's.
    cudnn: Any = torch.backends.cudnn  # whose stub lacks them
    for kind in (cudnn.conv, cudnn.rnn):
        kind.fp32_precision = "tf32" if precision == "tf32" else "ieee"
