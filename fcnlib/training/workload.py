"""What a probe measures: kinds of work of equal cost, and what one piece of each costs."""

from typing import Annotated, Literal

from pydantic import Field

from fcnlib.config.schema_base import Flag, Frozen, Name, NotNegative, Positive, Size
from fcnlib.config.schema_data import Input
from fcnlib.config.schema_experiments import Timing
from fcnlib.config.schema_nets import BackboneName, Net, Precision

NotNegativeNumber = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class NetKind(Frozen):
    """Nets that cost the same an image: of equal values on images of equal sizes."""

    kind: Literal["net"] = "net"
    net: Net  # which net it starts from left out
    inputs: tuple[Input, ...]
    classes: tuple[tuple[Name, Positive], ...]  # by task
    batch_size: Positive
    workers: NotNegative  # threads that read images ahead in training
    precision: Precision  # of training
    crop: Size | None = None  # that training is on; None: whole images
    norm: Literal["none", "batch"] = "none"  # in training
    sizes: tuple[Size, ...]  # of the images, in turn
    side: Positive | None  # of the image that forward time is measured on; None: the first size


class ClassifierKind(Frozen):
    """Classifiers that are pre-trained at the same cost."""

    kind: Literal["classifier"] = "classifier"
    backbone: BackboneName
    width: float
    fc6_kernel: Positive | None
    window: Positive
    batch_size: Positive


class TimingKind(Frozen):
    """A way to compute scores that is timed; its number of runs is 1."""

    kind: Literal["timing"] = "timing"
    timing: Timing


class ImageKind(Frozen):
    """Images that cost the same to store, to encode or to downsample."""

    kind: Literal["images"] = "images"
    sizes: tuple[Size, ...]
    classes: tuple[tuple[Name, Positive], ...]  # by task
    depth: Flag = False  # stored beside the image, and to be encoded as HHA
    factor: Positive | None = None  # labels are downsampled by it; None: they are stored


class ProcessKind(Frozen):
    """Processes that import the same modules of Python."""

    kind: Literal["process"] = "process"
    imports: tuple[str, ...]


class SceneKind(Frozen):
    """Synthetic scenes of equal size; they are not probed, as the library cannot render them."""

    kind: Literal["scenes"] = "scenes"
    pixels: Positive


Probed = NetKind | ClassifierKind | TimingKind | ImageKind | ProcessKind
Kind = Annotated[Probed | SceneKind, Field(discriminator="kind")]
# Of each kind, what is counted. `start` is once a job: building the net, the first image.
Piece = Literal[
    "start", "train", "validate", "load", "evaluate", "forward", "update", "classify", "pass",
    "store", "encode", "downsample", "draw",
]  # fmt: skip


class Cost(Frozen):
    """What a piece of work takes: time, and that of all CPU cores together."""

    seconds: NotNegativeNumber
    cpu_seconds: NotNegativeNumber


NOTHING = Cost(seconds=0.0, cpu_seconds=0.0)


class Measured(Frozen):
    """A kind's costs, and the most memory that its process, or its GPU, held meanwhile."""

    of: Kind
    costs: dict[Piece, Cost]
    memory_mb: NotNegativeNumber | None = None
