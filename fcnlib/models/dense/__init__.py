"""Dense prediction as section 3 discusses it."""

from fcnlib.models.dense.dense_maps import ShiftAndStitch, dense_grid, dilated
from fcnlib.models.dense.fully_connected import FullyConnected
from fcnlib.models.dense.trunk import coarse

__all__ = [
    "FullyConnected",
    "ShiftAndStitch",
    "coarse",
    "dense_grid",
    "dilated",
]
