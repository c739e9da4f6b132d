"""The nets of the paper."""

from fcnlib.models.classifier import build_classifier
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.summary import architecture

__all__ = ["FCN", "architecture", "build_classifier", "build_fcn"]
