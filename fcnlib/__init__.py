"""Fully convolutional networks for semantic segmentation: the names that users import.

They are loaded when first used, so that `import fcnlib` costs no torch; their types are in the
stub beside this file. No module of ours imports from here.
"""

from importlib import import_module
from typing import Any

_MODULES = {
    "InputError": "fcnlib.core.errors",
    "PreparedDataset": "fcnlib.datasets.reader",
    "Camera": "fcnlib.datasets.hha.encode",
    "encode_hha": "fcnlib.datasets.hha.encode",
    "gravity": "fcnlib.datasets.hha.encode",
    "build_fcn": "fcnlib.models.fcn",
    "read_caffemodel": "fcnlib.models.weights.caffemodel",
    "Model": "fcnlib.inference.model",
    "load_model": "fcnlib.inference.model",
    "export_torchscript": "fcnlib.inference.torchscript",
    "confusion": "fcnlib.evaluation.metrics",
    "frequency_weighted_iu": "fcnlib.evaluation.metrics",
    "mean_accuracy": "fcnlib.evaluation.metrics",
    "mean_iu": "fcnlib.evaluation.metrics",
    "pixel_accuracy": "fcnlib.evaluation.metrics",
}

__all__ = ["__version__", *_MODULES]  # noqa: F822 (read on demand)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # which costs half of the 50 ms

        value: Any = version("fcnlib")
    elif name in _MODULES:
        value = getattr(import_module(_MODULES[name]), name)
    else:
        raise AttributeError(f"module 'fcnlib' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
