"""A net's metadata: what its file holds besides weights."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from fcnlib.config.columns import Setting
from fcnlib.config.schema_base import Colour, Line, Name
from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.summary import architecture
from fcnlib.models.weights.checkpoint import Checkpoint

log = logging.getLogger(__name__)

# What a net sees by the number of its channels, where no file says so: three may be HHA too.
INPUTS_OF_CHANNELS = {1: ("depth",), 3: ("rgb",), 4: ("rgb", "depth"), 6: ("rgb", "hha")}
# It becomes part of a file name; a model of another origin may have one without a name.
Task = Name | Literal[""]


def warn_of_training_images(file: Path, provenance: object) -> None:
    """Warn whoever uses a net's labels or scores if it learnt from synthetic scenes or nothing."""
    images = provenance.get("images") if isinstance(provenance, Mapping) else None
    if images == "synthetic":
        log.warning(
            "%s: trained on synthetic scenes: its scores and labels are of such, "
            "not of photographs",
            file,
        )
    if images == "rehearsal":
        log.warning(
            "%s: of a rehearsal, which trains nothing: its scores and labels are void", file
        )


def build_net(values: Net, classes: int | Mapping[str, int], origin: object) -> FCN:
    """The untrained net of a file's values; the message of an InputError begins with `origin`."""
    try:
        return build_fcn(**values.model_dump(exclude={"start_from"}), classes=classes)
    except InputError as error:
        raise InputError(f"{origin}: {error}") from None


class ModelInfo(BaseModel):
    """Classes, inputs, training and origin of a net; empty or None where the file has no such."""

    model_config = ConfigDict(frozen=True)

    classes: Mapping[Task, tuple[Line, ...]] = {}  # names, by task
    palette: Mapping[Task, tuple[Colour, ...]] = {}  # RGB of each class, by task
    inputs: tuple[str, ...] = ()  # what the image's channels are of: rgb, depth, hha
    net: Net | None = None  # the values that build it
    parameters: int | None = None  # without frozen interpolation
    best_iteration: int | None = None  # the one that the weights are of
    scores: Mapping[str, float] = {}  # of that iteration, as fractions
    seconds: float | None = None  # of training
    loss: float | None = None  # per pixel, over the last tenth of the training
    diverged_at: int | None = None  # the iteration at which the loss was no number any more
    settings: Mapping[Setting, int | float] = {}  # of the recipe
    provenance: Mapping[str, Any] = {}

    @classmethod
    def from_net(cls, net: FCN) -> "ModelInfo":
        """What a net alone tells: its inputs, by the number of its channels."""
        return cls(inputs=INPUTS_OF_CHANNELS.get(net.input_mean.numel(), ()))

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, net: FCN) -> "ModelInfo":
        """A checkpoint's metadata of `net`, which may be on the meta device."""
        shared = cls.model_fields.keys() - {"parameters"}
        values = {name: getattr(checkpoint, name) for name in shared}
        return cls(**values, parameters=architecture(net).parameters)
