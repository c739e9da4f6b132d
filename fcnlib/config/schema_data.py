"""The part of the schema that data are: synthetic archives, data sets, what a net sees."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from fcnlib.config.schema_base import (
    LARGEST,
    Colour,
    Flag,
    Float,
    Frozen,
    Int,
    Line,
    Name,
    Positive,
    Seed,
)
from fcnlib.core.listing import as_file_name

# Of a synthetic scene: one with a shorter side shows no objects.
Side = Annotated[int, Field(strict=True, ge=32, le=LARGEST)]
Input = Literal["rgb", "depth", "hha"]
# What of an image is masked, by its true labels; `shape`: all but the mask of the objects.
Mask = Literal["none", "foreground", "background", "shape"]
# What a net sees of each: colours, the logarithm of the depth, disparity with height and angle.
CHANNELS: dict[Input, int] = {"rgb": 3, "depth": 1, "hha": 3}
# What their data sets have is in converters.py, which training does not depend on.
ArchiveConverterName = Literal[
    "voc", "voc-sbd", "nyudv2", "nyudv2-release", "siftflow", "pascal-context"
]


def images_of_share(count: int, share: float) -> int:
    """How many of so many training images are trained on, of which a share is."""
    return round(share * count)


class Data(Frozen):
    """What an experiment is trained and tested on."""

    dataset: str = Field(description="A name of `datasets`.")
    inputs: Annotated[tuple[Input, ...], Field(min_length=1)] = Field(
        ("rgb",), description="What the net sees, in this order: rgb first, depth last."
    )
    tasks: Annotated[tuple[Name, ...], Field(min_length=1)] = Field(
        ("semantic",), description="The tasks it labels; scores without a task are of the first."
    )
    train: str = Field("train", description="The split to train on.")
    train_share: Annotated[Float, Field(gt=0, le=1)] = Field(
        1.0,
        description=(
            "The share of the training images that is trained on; which ones follows from the "
            "seed, and those of a smaller share are among those of a larger one."
        ),
    )
    test: str = Field(description="The split to test on.")
    validate_on: str | None = Field(
        None,
        description=(
            "The split whose best snapshot is kept; null: the test split, as in the released code."
        ),
    )
    mean: Literal["start", "dataset"] = Field(
        "start",
        description=(
            "The colour that is subtracted: that of the starting weights, or of the "
            "training images."
        ),
    )
    foreground: Flag = Field(
        False,
        description=(
            "Also count the true objects' pixels alone, with background out of the net's choice."
        ),
    )
    train_mask: Mask = Field("none", description="What is masked in training, by the true labels.")
    test_mask: Mask = Field("none", description="The same in validation and test.")

    def training_images(self, count: int) -> int:
        """How many of so many training images are trained on."""
        return images_of_share(count, self.train_share)

    @model_validator(mode="after")
    def _each_once(self) -> "Data":
        for key, values in {"inputs": self.inputs, "tasks": self.tasks}.items():
            if len(set(values)) < len(values):
                raise ValueError(f"{key}: expected each of them once")
        return self


class ArchiveDataset(Frozen):
    """A published data set, converted from its archives."""

    converter: ArchiveConverterName = Field(description="Which published layout the archives have.")
    archives: tuple[str, ...] = Field(description="File names of fcnlib/archives/catalogue.py.")
    counts: dict[str, Positive] = Field(
        {},
        description=(
            "The published number of images of each split; published archives with others "
            "are an error."
        ),
    )
    reduced: Positive = Field(
        1,
        description=(
            "How many times smaller than its camera's the images of NYUDv2 are; set by "
            "`synthetic.rooms`."
        ),
    )

    @model_validator(mode="after")
    def _only_nyud_is_reduced(self) -> "ArchiveDataset":
        if self.reduced != 1 and self.converter != "nyudv2":
            raise ValueError(f"reduced: expected none with converter {self.converter}")
        return self


def _key_from_digits(key: Any) -> Any:
    """The number of a text of digits: in JSON, keys are texts."""
    return int(key) if isinstance(key, str) and re.fullmatch("-?[0-9]{1,10}", key) else key


MaskValue = Annotated[Int, BeforeValidator(_key_from_digits)]
CLASS_LIST = "classes.txt"
IMAGES = "images"  # where they are unless it is said otherwise
VOC_COLOURS = "voc"  # in the place of a label map


class FolderDataset(Frozen):
    """A user's own images and masks."""

    converter: Literal["folder"] = Field(description="Your own images and masks.")
    path: Path = Field(description="The folder.")
    images: str = Field(
        IMAGES,
        description=(
            "Where in it the images are: a folder, or a pattern such as `photos/*.jpg`, whose `*` "
            "is the ID."
        ),
    )
    masks: str = Field(
        "masks",
        description=(
            "Where in it the masks are: a folder, or a pattern such as `photos/*_mask.png`; "
            "`photos/*.json` are shapes drawn with labelme."
        ),
    )
    classes: str | tuple[Line, ...] | None = Field(
        None,
        description=(
            "A file of class names, one a line, or the names, in the order of the mask values 0, "
            "1, ...; null: the names of `ids`, of the label map in `palette`, or of classes.txt."
        ),
    )
    ids: dict[MaskValue, Line] = Field(
        {},
        description=(
            "The class of each mask value, as {7: road, 8: pavement}; several values may be of one "
            "class. None: values are the places in the list of classes."
        ),
    )
    void: tuple[Int | Colour | Line, ...] = Field(
        (), description="Mask values, colours of masks, or names of classes to leave out."
    )
    splits: dict[Name, str] = Field({}, description="Lists of IDs by split; none: 80 : 20.")
    palette: tuple[Colour, ...] | dict[Line, Colour] | str | None = Field(
        None,
        description=(
            "The colours of the classes, by which masks in colours are read, and which pictures "
            "have: a list in the order of the classes, {road: [128, 64, 128], ...}, a tool's label "
            "map (labelmap.txt of CVAT), or `voc`; null: masks hold values, pictures have VOC's "
            "colours."
        ),
    )

    @property
    def class_list(self) -> str | None:
        """The file of class names, if they are of one."""
        if isinstance(self.classes, str):
            return self.classes
        names_them = self.classes or self.ids or self.label_map or isinstance(self.palette, dict)
        return None if names_them else CLASS_LIST

    @property
    def label_map(self) -> str | None:
        """The tool's file of names and colours, if there is one."""
        is_file = isinstance(self.palette, str) and self.palette != VOC_COLOURS
        return str(self.palette) if is_file else None

    def place(self, name: str = "") -> Path:
        """A folder or list of it, or the folder that holds them."""
        return Path(as_file_name(str(self.path / name)))

    def files(self) -> list[Path]:
        """What a change of the data set shows in: its lists, and its folders' dates."""
        lists = [name for name in (self.class_list, self.label_map) if name]
        folders = [
            place.parent if "*" in place.name else place
            for place in map(self.place, (self.images, self.masks))
        ]
        return [*folders, *map(self.place, (*lists, *self.splits.values()))]


Dataset = Annotated[ArchiveDataset | FolderDataset, Field(discriminator="converter")]


class Scenes(Frozen):
    """Scenes of VOC's objects: of the archives of VOC2011 and SBD, or, all labelled, of VOC2010."""

    size: Side = Field(description="Pixels of the longer side.")
    train: Positive = Field(description="Training images.")
    validation: Positive = Field(description="Validation images.")


class TestImages(Frozen):
    """Images without labels for the evaluation server, in the archive of VOC2012 test."""

    size: Side = Field(description="Pixels of the longer side.")
    images: Positive = Field(description="Images.")


class Rooms(Frozen):
    """Rooms seen by a depth camera, in the archives of NYUDv2."""

    reduced: Positive = Field(
        description="How many times smaller than the published camera's images."
    )
    train: Positive = Field(description="Training images.")
    test: Positive = Field(description="Test images.")


class Outdoor(Frozen):
    """Outdoor scenes, in the archive of SIFT Flow."""

    size: Side = Field(description="Pixels of the longer side.")
    train: Positive = Field(description="Training images.")
    test: Positive = Field(description="Test images.")


class Synthetic(Frozen):
    """How many scenes the synthetic archives hold, of what size."""

    seed: Seed = Field(0, description="Of all scenes.")
    scenes: Scenes = Field(description="Objects (VOC2011, SBD).")
    context: Scenes = Field(
        description="The same with every pixel labelled (VOC2010, PASCAL-Context)."
    )
    rooms: Rooms = Field(description="Rooms with depth (NYUDv2).")
    outdoor: Outdoor = Field(description="Outdoor scenes (SIFT Flow).")
    test: TestImages = Field(description="Images without labels (VOC2012 test).")
