"""What of an image is hidden from a net, by the true labels (section 6.1)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcnlib.config.schema_data import Mask
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset

BACKGROUND = "background"  # a first class of this name is what no class is
OBJECT, REST = 255, 0  # of the mask as an image, in all channels


class InputMask(NamedTuple):
    """What is hidden from a net, and the raw channels that are 0 to it."""

    mask: Mask = "none"
    blank: tuple[float, ...] = ()

    def applied(self, stack: NDArray[Any], label: NDArray[np.uint8]) -> NDArray[Any]:
        """What the net sees of channels [C, H, W]; float32 where some are hidden.

        Void pixels, which are mostly the objects' outlines, are hidden and seen with the objects.
        """
        if self.mask == "none":
            return stack
        objects = label != 0  # [H, W]
        if self.mask == "shape":
            shape = np.where(objects, OBJECT, REST).astype(stack.dtype)
            return np.broadcast_to(shape, stack.shape)
        seen = objects if self.mask == "background" else ~objects
        return np.where(seen, stack, np.array(self.blank, np.float32)[:, None, None])


NO_MASK = InputMask()


def input_mask(mask: Mask, net: Any, data: PreparedDataset, task: str) -> InputMask:
    """How to hide this from a net, in one line if the task's labels do not tell what to hide."""
    if mask == "none":
        return NO_MASK
    require_background(data, task, f"mask {mask}")
    return InputMask(mask, tuple(net.blank().tolist()))


def look(
    data: PreparedDataset, name: str, inputs: Sequence[str], task: str, hidden: InputMask
) -> NDArray[Any]:
    """What a net sees of an image, [C, H, W]; labels are read only where they tell what to hide."""
    stack = data.stack(name, inputs)
    return stack if hidden.mask == "none" else hidden.applied(stack, data.label(name, task))


def has_background(data: PreparedDataset, task: str) -> bool:
    """Whether the first class of a task is what no class is."""
    return data.info.tasks[task][0] == BACKGROUND


def require_background(data: PreparedDataset, task: str, what: str) -> None:
    """Raise unless the first class of a task is what no class is."""
    if not has_background(data, task):
        raise InputError(
            f"{data.root}: {what}: {task} begins with {data.info.tasks[task][0]!r}; expected "
            f"{BACKGROUND}"
        )
