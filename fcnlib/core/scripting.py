"""TorchScript, which PyTorch has deprecated and this project uses on purpose."""

import functools
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, ParamSpec, TypeVar

import torch

ParametersT = ParamSpec("ParametersT")
ResultT = TypeVar("ResultT")


@contextmanager
def without_notice() -> Iterator[None]:
    """Within it TorchScript does not tell that it is deprecated."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit", category=Warning)
        yield


def scripted(function: Callable[ParametersT, ResultT]) -> Callable[ParametersT, ResultT]:
    """The function as TorchScript, which threads run at once; compiled when it is first called."""
    compiled: list[Callable[ParametersT, ResultT]] = []
    compiles = Lock()

    @functools.wraps(function)
    def call(*args: ParametersT.args, **kwargs: ParametersT.kwargs) -> ResultT:
        with compiles:
            if not compiled:
                with without_notice():
                    script: Any = torch.jit.script
                    compiled.append(script(function))
        return compiled[0](*args, **kwargs)

    return call
