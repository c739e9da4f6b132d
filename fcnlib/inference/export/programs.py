"""Nets as ONNX and as programs of torch.export (.pt2), and what those files compute."""

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import Dim, ExportedProgram
from torch.fx.experimental import _config

from fcnlib.core.errors import InputError
from fcnlib.inference.export.portable import PortableNet, example_image, output_names
from fcnlib.inference.exported import METADATA
from fcnlib.inference.model_info import ModelInfo
from fcnlib.models.fcn import FCN

Run = Callable[[Tensor], dict[str, Tensor]]  # raw channels [N, C, H, W] to outputs by name
ANY = {"image": {0: Dim.DYNAMIC, 2: Dim.DYNAMIC, 3: Dim.DYNAMIC}}  # batch, height, width


@contextmanager
def _tracing() -> Iterator[None]:
    """As nets are traced: without a condition that no size is 1, and without the tracers' notes."""
    config: Any = _config
    disabled = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        with (
            config.patch(backed_size_oblivious=True),
            torch.no_grad(),
            warnings.catch_warnings(action="ignore"),
        ):
            yield
    finally:
        logging.disable(disabled)


def traced(net: FCN) -> ExportedProgram:
    """The net as a program for images and batches of any size."""
    with _tracing():
        example = (example_image(net),)
        program = torch.export.export(PortableNet(net).eval(), example, dynamic_shapes=ANY)
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # names of files on this machine
    return program


def write_pt2(net: FCN, info: ModelInfo, path: Path) -> None:
    """Write a net as a program that `torch.export.load` reads."""
    file = io.BytesIO()
    torch.export.save(traced(net), file, extra_files={METADATA: info.model_dump_json()})
    path.write_bytes(file.getbuffer())


def run_pt2(path: Path, net: FCN) -> Run:
    """What a .pt2 file computes."""
    module: Any = torch.export.load(str(path)).module()
    return lambda image: dict(module(image))


def write_onnx(net: FCN, info: ModelInfo, path: Path) -> None:
    """Write a net as one ONNX file with its weights."""
    require_onnx(path)
    program = traced(net)
    with _tracing():
        made = torch.onnx.export(
            program,
            (),
            dynamo=True,
            input_names=["image"],
            output_names=output_names(net),
            external_data=False,
            verbose=False,
        )
    assert made is not None  # as no path was given
    model: Any = made.model
    for node in model.graph:
        node.metadata_props.clear()  # of the tracing
    model.metadata_props[METADATA] = info.model_dump_json()
    with _tracing():
        made.save(str(path), external_data=False)


def run_onnx(path: Path, net: FCN) -> Run:
    """What an ONNX file computes in ONNX Runtime, on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = output_names(net)

    def run(image: Tensor) -> dict[str, Tensor]:
        found = session.run(names, {"image": image.numpy()})
        return dict(zip(names, map(torch.from_numpy, found), strict=True))

    return run


def require_onnx(path: Path) -> None:
    """Raise, in one line, unless the packages are there that ONNX needs."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"{path}: needs the package {error.name}; expected fcnlib with its extra, "
            "pip install 'fcnlib[export]'"
        ) from None
