"""The nets of the paper."""

from fcnlib.models.fcn import FCN, build_fcn

__all__ = ["FCN", "build_fcn"]
