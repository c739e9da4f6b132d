from fcnlib.core.errors import InputError
from fcnlib.datasets.hha.encode import Camera, encode_hha, gravity
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.metrics import (
    confusion,
    frequency_weighted_iu,
    mean_accuracy,
    mean_iu,
    pixel_accuracy,
)
from fcnlib.inference.model import Model, load_model
from fcnlib.inference.torchscript import export_torchscript
from fcnlib.models.fcn import build_fcn
from fcnlib.models.weights.caffemodel import read_caffemodel

__all__ = [
    "Camera",
    "InputError",
    "Model",
    "PreparedDataset",
    "__version__",
    "build_fcn",
    "confusion",
    "encode_hha",
    "export_torchscript",
    "frequency_weighted_iu",
    "gravity",
    "load_model",
    "mean_accuracy",
    "mean_iu",
    "pixel_accuracy",
    "read_caffemodel",
]

__version__: str
