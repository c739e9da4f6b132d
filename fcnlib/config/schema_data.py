"""The part of the schema that data are: synthetic archives, data sets, what a net sees."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

# Strict: text must not pass for a number, nor `true` for 1.
Int = Annotated[int, Field(strict=True)]
Positive = Annotated[int, Field(strict=True, gt=0)]
Float = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
Input = Literal["rgb", "depth", "hha"]
# What of an image is hidden from a net by the mask of its objects; `shape`: all but that mask.
Mask = Literal["none", "foreground", "background", "shape"]
# What a net sees of each: colours, the logarithm of the depth, disparity with height and angle.
CHANNELS: dict[Input, int] = {"rgb": 3, "depth": 1, "hha": 3}
# Names become files and patterns.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]


def suggestion(name: str, known: Iterable[str]) -> str:
    """The name that was probably meant; all of them where none is like it."""
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.75)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    renamed: ClassVar[Mapping[str, str]] = {}  # keys of earlier versions, and today's

    @model_validator(mode="before")
    @classmethod
    def _knows_its_keys(cls, values: Any) -> Any:
        known = cls.model_fields
        if isinstance(values, Mapping) and (unknown := values.keys() - known.keys()):
            name = min(map(str, unknown))
            if name in cls.renamed:
                raise ValueError(f"unknown key {name!r}; it is now {cls.renamed[name]}")
            raise ValueError(f"unknown key {name!r}; {suggestion(name, known)}")
        return values


class Data(Frozen):
    """What an experiment learns from and is tested on."""

    dataset: str
    inputs: Annotated[tuple[Input, ...], Field(min_length=1)] = ("rgb",)
    tasks: Annotated[tuple[Name, ...], Field(min_length=1)] = ("semantic",)
    train: str = "train"
    test: str
    # None: the test split, as the paper keeps the snapshot that scores best there.
    validate_on: str | None = None
    # The colour that is subtracted: that of the starting weights, or the training images' own.
    mean: Literal["start", "dataset"] = "start"
    # Also counted: the true objects' pixels alone, with background out of the net's choice.
    foreground: Flag = False
    # By the true labels; validation sees what the test sees.
    train_mask: Mask = "none"
    test_mask: Mask = "none"

    @model_validator(mode="after")
    def _each_once(self) -> "Data":
        for key, values in {"inputs": self.inputs, "tasks": self.tasks}.items():
            if len(set(values)) < len(values):
                raise ValueError(f"{key}: expected each of them once")
        return self


class ArchiveDataset(Frozen):
    """A published data set, converted from its archives."""

    converter: Literal["voc", "voc-sbd", "nyudv2", "nyudv2-release", "siftflow", "pascal-context"]
    archives: tuple[str, ...]
    counts: dict[str, Positive] = {}  # published images of each split; others are an error
    # NYUDv2: its images are so many times smaller than those of the published camera.
    reduced: Positive = 1

    @model_validator(mode="after")
    def _only_nyud_is_reduced(self) -> "ArchiveDataset":
        if self.reduced != 1 and self.converter != "nyudv2":
            raise ValueError(f"reduced: expected none with converter {self.converter}")
        return self


class FolderDataset(Frozen):
    """A user's own images and masks."""

    converter: Literal["folder"]
    path: Path
    images: str = "images"
    masks: str = "masks"
    classes: str | tuple[str, ...] = "classes.txt"
    void: tuple[Int, ...] = ()
    splits: dict[str, str] = {}
    palette: tuple[tuple[Int, Int, Int], ...] | None = None

    def files(self) -> list[Path]:
        """What a change of the data set shows in: its lists, and its folders' dates."""
        lists = [self.classes] if isinstance(self.classes, str) else []
        return [
            self.path / name for name in (self.images, self.masks, *lists, *self.splits.values())
        ]


Dataset = Annotated[ArchiveDataset | FolderDataset, Field(discriminator="converter")]


class Scenes(Frozen):
    """Scenes of VOC's objects, in the archives of VOC2011 and SBD."""

    size: Positive  # of the longer side, in pixels
    train: Positive
    validation: Positive


class Context(Frozen):
    """Scenes of the same kind whose every pixel has a class, in those of VOC2010."""

    size: Positive
    train: Positive
    validation: Positive


class Test(Frozen):
    """Photographs without labels for the evaluation server, in the archive of VOC2012 test."""

    size: Positive
    images: Positive


class Rooms(Frozen):
    """Rooms seen by a depth camera, in the archives of NYUDv2."""

    reduced: Positive  # as of the data set
    train: Positive
    test: Positive


class Outdoor(Frozen):
    """Outdoor scenes, in the archive of SIFT Flow."""

    size: Positive
    train: Positive
    test: Positive


class Synthetic(Frozen):
    """How many scenes the synthetic archives hold, of what size."""

    seed: Int = 0
    scenes: Scenes
    context: Context
    rooms: Rooms
    outdoor: Outdoor
    test: Test
