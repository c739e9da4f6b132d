"""The nets of the paper."""

from fcnlib.models.architecture import architecture
from fcnlib.models.classifier import build_classifier
from fcnlib.models.fcn import FCN, build_fcn

__all__ = ["FCN", "architecture", "build_classifier", "build_fcn"]
