"""Dense prediction as section 3 discusses it."""

from fcnlib.dense.fully_connected import FullyConnected
from fcnlib.dense.maps import ShiftAndStitch, dense_grid, dilated
from fcnlib.dense.parts import coarse

__all__ = [
    "FullyConnected",
    "ShiftAndStitch",
    "coarse",
    "dense_grid",
    "dilated",
]
