"""Masks by the true labels: parts of an image that are blank in a net's input (section 6.1)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcnlib.config.schema_data import Mask
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset

BACKGROUND = "background"  # a first class of this name holds the pixels of no other class
OBJECT, REST = 255, 0  # of the mask as an image, in all channels


class InputMask(NamedTuple):
    """Which pixels are masked, and the value of the raw channels that normalises to 0."""

    kind: Mask = "none"
    blank: tuple[float, ...] = ()

    def apply(self, stack: NDArray[Any], label: NDArray[np.uint8]) -> NDArray[Any]:
        """The masked channels [C, H, W]; float32 where pixels are blank.

        Void pixels, mostly the objects' outlines, count as pixels of objects.
        """
        if self.kind == "none":
            return stack
        objects = label != 0  # [H, W]
        if self.kind == "shape":
            shape = np.where(objects, OBJECT, REST).astype(stack.dtype)
            return np.broadcast_to(shape, stack.shape)
        visible = objects if self.kind == "background" else ~objects
        return np.where(visible, stack, np.array(self.blank, np.float32)[:, None, None])


NO_MASK = InputMask()


def input_mask(kind: Mask, net: Any, data: PreparedDataset, task: str) -> InputMask:
    """The mask of this kind for a net; an error where the task's labels have no background.

    `net` is a net or exported model: its method `blank` returns the raw channels that it
    normalises to 0.
    """
    if kind == "none":
        return NO_MASK
    require_background(data, task, f"mask {kind}")
    return InputMask(kind, tuple(net.blank().tolist()))


def masked_input(
    data: PreparedDataset, id: str, inputs: Sequence[str], task: str, mask: InputMask
) -> NDArray[Any]:
    """A net's input of an image [C, H, W], masked by its label.

    Args:
        data: The data set.
        id: ID of the image.
        inputs: What to stack, in order: `rgb`, `depth`, `hha`.
        task: The task whose label masks; it is read only if something is masked.
        mask: What to mask.
    """
    stack = data.stack(id, inputs)
    return stack if mask.kind == "none" else mask.apply(stack, data.label(id, task))


def has_background(data: PreparedDataset, task: str) -> bool:
    """Whether the first class of a task is background."""
    return data.info.tasks[task][0] == BACKGROUND


def require_background(data: PreparedDataset, task: str, purpose: str) -> None:
    """Raise unless the first class of a task is background; `purpose` names what needs it."""
    if not has_background(data, task):
        raise InputError(
            f"{data.root}: {purpose}: {task} begins with {data.info.tasks[task][0]!r}; expected "
            f"{BACKGROUND}"
        )
