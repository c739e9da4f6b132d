"""Copies from main memory to a device, for which the processor does not wait."""

from torch import Tensor


def pinned(tensor: Tensor, device: str) -> Tensor:
    """The tensor in page-locked memory, from which a GPU copies by itself; itself for a CPU."""
    return tensor.pin_memory() if device.startswith("cuda") else tensor


def to_device(tensor: Tensor, device: str) -> Tensor:
    """A tensor of main memory on a device; a GPU copies it in its turn, without being waited for.

    Its memory may be given up at once: PyTorch reuses it only when the copy is made.
    """
    return pinned(tensor, device).to(device, non_blocking=True)
