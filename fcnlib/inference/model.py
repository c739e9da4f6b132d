"""One way to use any model file: a checkpoint, an exported model, a .caffemodel."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from fcnlib.core.errors import InputError
from fcnlib.core.precision import Precision, set_precision
from fcnlib.datasets.images import read_image
from fcnlib.inference.convert import convert_weights
from fcnlib.inference.exported import MODEL, read_exported
from fcnlib.inference.inputs import (
    count_channels,
    pixels_of_array,
    pixels_of_image,
)
from fcnlib.inference.model_info import ModelInfo
from fcnlib.inference.outputs import checked_labels, checked_probabilities
from fcnlib.inference.torchscript import (
    compile_for_device,
    labeller_for_device,
    load_trusted,
    restore_net,
)
from fcnlib.models.fcn import FCN
from fcnlib.models.geometry import Surroundings, surroundings
from fcnlib.models.weights.checkpoint import is_exported, read_checkpoint

AnyImage = Image.Image | NDArray[Any] | Path | str
T = TypeVar("T")


class Model:
    """A trained net on its device: images to labels, probabilities and scores.

    `load_model` makes it; `info` tells the classes, their colours and the training.

    `predict` and `probabilities` take one image: a file, a PIL image (both are turned upright), or
    an array [H, W, C] of the channels that the net sees: bytes, RGB first, or integers where
    the last channel is a depth in millimetres. The methods on batches take the same channels as
    [N, C, H, W]; their results are keyed by the net's tasks, usually one.
    """

    def __init__(
        self,
        module: Any,
        info: ModelInfo,
        *,
        path: Path,
        device: str,
        surroundings: Surroundings | None = None,
    ) -> None:
        self.info, self.path, self.device = info, path, device
        self.surroundings = surroundings  # of a pixel; None: not known
        self._module = module

    @classmethod
    def of(
        cls,
        net: nn.Module,
        info: ModelInfo,
        *,
        path: Path,
        device: str,
        precision: Precision,
        compiled: bool = True,
    ) -> "Model":
        """The model of a net that `read_net` read, made fast if it is one of ours.

        Of many models one after the other, only those that are not `compiled` leave no memory used.
        """
        set_precision(precision, device)
        around = None
        if isinstance(net, FCN):
            around = surroundings(dict(net.items()))
            make_fast = compile_for_device if compiled else labeller_for_device
            net = make_fast(net, device, precision)
        return cls(net.to(device), info, path=path, device=device, surroundings=around)

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the image's channels are of; RGB where the file does not hold it."""
        return self.info.inputs or ("rgb",)

    @property
    def gives_probabilities(self) -> bool:
        """Whether it computes more than labels, as all models of ours do, and not all others."""
        return hasattr(self._module, "probabilities")

    def predict(self, image: AnyImage) -> NDArray[np.uint8] | dict[str, NDArray[np.uint8]]:
        """The class of every pixel, uint8 [H, W]; by task where the net has several heads."""
        found: NDArray[np.uint8] | dict[str, NDArray[np.uint8]]
        found = _single(self.labels(self._batch(image)))
        return found

    def probabilities(
        self, image: AnyImage
    ) -> NDArray[np.float32] | dict[str, NDArray[np.float32]]:
        """Softmax probabilities, float32 [classes, H, W]; by task where there are several heads."""
        found: NDArray[np.float32] | dict[str, NDArray[np.float32]]
        found = _single(self.label_probabilities(self._batch(image)))
        return found

    def scores(self, normalised: Tensor) -> Tensor:
        """Float scores [N, classes, H, W] of the net's own input, as `normalise` makes it.

        The scores of several tasks are concatenated along the channels.
        """
        return self._compute(self._function("scores"), normalised)

    def labels(self, batch: Tensor) -> dict[str, Tensor]:
        """Labels of raw images [N, C, H, W] by task: uint8 [N, H, W], on the model's device."""
        found = self._compute(self._module, batch)
        return checked_labels(found, self.info.classes, batch, self.path)

    def label_probabilities(self, batch: Tensor) -> dict[str, Tensor]:
        """Probabilities of raw images [N, C, H, W] by task: [N, classes, H, W], on its device."""
        found = self._compute(self._function("probabilities"), batch)
        return checked_probabilities(found, self.info.classes, batch, self.path)

    def normalise(self, batch: Tensor) -> Tensor:
        """The net's own float input [N, C, H, W] of raw images [N, C, H, W]."""
        return self._compute(self._function("normalise"), batch)

    def blank(self) -> Tensor:
        """The raw channels [C] that are 0 to the net."""
        return self._function("blank")()

    def _compute(self, function: Callable[[Tensor], T], images: Tensor) -> T:
        """What a function of the module gives; why it cannot compute is an InputError."""
        try:
            with torch.inference_mode():
                return function(images.to(self.device))
        except (RuntimeError, torch.jit.Error) as error:
            # Of a traceback through TorchScript, the last line gives the reason.
            reason = str(error).strip().splitlines()[-1].split("Error: ")[-1]
            raise InputError(reason) from None

    def _function(self, name: str) -> Callable[..., Tensor]:
        """A function of the module that not all models of other origin have."""
        if not hasattr(self._module, name):
            raise InputError(
                f"{self.path}: gives labels alone; expected a model that is exported anew"
            )
        function: Callable[..., Tensor] = getattr(self._module, name)
        return function

    def _batch(self, image: AnyImage) -> Tensor:
        """An image as the raw batch [1, C, H, W] of it alone."""
        if isinstance(image, np.ndarray):
            pixels = pixels_of_array(image, self.inputs)
        elif len(self.inputs) > 1:
            channels = count_channels(self.inputs)
            raise InputError(
                f"{self.path}: sees {', '.join(self.inputs)}; expected an array of {channels} "
                "channels, or `fcn predict` with their folders"
            )
        elif isinstance(image, Image.Image):
            pixels = pixels_of_image(image, self.inputs[0], "image")
        elif isinstance(image, Path | str):
            pixels = pixels_of_image(read_image(Path(image)), self.inputs[0], image)
        else:
            kind = type(image).__name__
            raise InputError(f"image: {kind}; expected a file, a PIL image or a NumPy array")
        return torch.from_numpy(pixels).permute(2, 0, 1)[None]


def load_model(
    path: Path | str,
    *,
    device: str = "cpu",
    precision: Precision = "fp32",
    trust: bool = False,
) -> Model:
    """A model file, read once and made fast for a device.

    Args:
        path: A checkpoint (.pt), an exported model (.ts), or a .caffemodel of a published net.
        device: Where to compute: cpu, cuda, cuda:1, ...
        precision: fp32; tf32 and bf16 are faster on a GPU, with some labels changed.
        trust: Whether a TorchScript file of another origin may be loaded: it runs code of its
            makers, which may do all that the user may. Files of ours never do.

    Raises:
        InputError: The file is missing, damaged, of another kind or not trusted, or the precision
            unknown.
    """
    _check_where(device, precision)
    with torch.inference_mode(False):  # tensors made in that mode are not compiled
        net, info = read_net(Path(path), trust=trust, mapped=True)
        return Model.of(net, info, path=Path(path), device=device, precision=precision)


def read_net(
    path: Path, *, trust: bool = False, mapped: bool = False
) -> tuple[nn.Module, ModelInfo]:
    """The net of a model file, an FCN if the file is one of ours, and its metadata.

    Its weights may be `mapped`, so long as they are in the file, for `Model.of` to copy them.
    """
    if path.suffix == ".caffemodel":
        conversion = convert_weights(path)
        checkpoint = conversion.checkpoint({"converted_from": path.name})
        net = conversion.segmentation_net
        return net, ModelInfo.from_checkpoint(checkpoint, net)
    if is_exported(path):
        exported = read_exported(path, mapped=mapped)
        if exported.net is None and not trust:
            raise InputError(
                f"{path}: TorchScript of another origin, a program that could do anything; "
                "expected a model of ours, or --trust (trust=True) if you trust its makers"
            )
        return exported.net or load_trusted(path), exported.info
    checkpoint = read_checkpoint(path, MODEL)
    net = restore_net(checkpoint, path)
    return net, ModelInfo.from_checkpoint(checkpoint, net)


def _check_where(device: str, precision: str) -> None:
    """Raise unless this machine has the device, and there is such a precision."""
    if precision not in (known := get_args(Precision)):
        raise InputError(f"precision {precision!r}; expected one of: {', '.join(known)}")
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError):  # torch's, of several lines
        raise InputError(f"device {device!r}: not available here; expected such as cpu") from None


def _single(by_task: Mapping[str, Tensor]) -> Any:
    """The first image's values by task, or those of the only one."""
    found = {task: values[0].cpu().numpy() for task, values in by_task.items()}
    return next(iter(found.values())) if len(found) == 1 else found
