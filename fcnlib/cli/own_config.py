"""The text of a configuration for a user's own images."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

CROP = (256, 320)  # of the recipe `own`
GRAIN = 32  # pixels of a cell of the coarsest map
COMMENTS = {
    "images": "a folder, or a pattern such as '*.jpg'",
    "void": "mask values to leave out",
    "ids": "the class of each mask value",
    "splits": "lists of IDs",
    "palette": "the colours by which masks are read",
}
PLACE = 24  # of comments, in characters
WIDTH = 96


def own_config(
    name: str,
    entry: Mapping[str, Any],
    *,
    heading: Sequence[str],
    size: tuple[int, int] = CROP,
    comments: Mapping[str, str] = COMMENTS,
) -> str:
    """The text of the configuration.

    Args:
        name: Of the scale, the data set and the table, and the beginning of the experiment's.
        entry: The data set, but for its converter.
        heading: Lines of comment at the top.
        size: Height and width of the smallest images; crops are no larger.
        comments: What stands behind each of the entry's keys.
    """
    environment = Environment(
        loader=PackageLoader("fcnlib.cli"),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    splits = list(entry.get("splits") or ("train", "val"))
    train = "train" if "train" in splits else splits[0]
    test = next((split for split in splits if split.startswith("val")), splits[-1])
    return environment.get_template("own-images.yaml.j2").render(
        name=name,
        heading=heading,
        entry=[line for key, value in entry.items() for line in _lines(key, value, comments)],
        has_lists=bool(entry.get("splits")),
        train=train,
        test=test,
        recipe=_recipe(size),
    )


def _recipe(size: tuple[int, int]) -> str:
    """The recipe, with smaller crops where images are smaller."""
    crop = [min(most, -(-side // GRAIN) * GRAIN) for most, side in zip(CROP, size, strict=True)]
    return "{name: own}" if crop == [*CROP] else f"{{name: own, crop: {crop}}}"


def _lines(key: str, value: Any, comments: Mapping[str, str]) -> list[str]:
    """A key and its value; what is long has a line for each part."""
    line = f"{key}: {_flow(value)}"
    if len(line) > WIDTH and isinstance(value, dict):
        return [f"{key}:", *(f"  {_flow(name)}: {_flow(each)}" for name, each in value.items())]
    if len(line) > WIDTH and isinstance(value, list):
        return [f"{key}:", *(f"  - {_flow(each)}" for each in value)]
    comment = comments.get(key)
    return [f"{line:{PLACE - 1}} # {comment}" if comment else line]


def _flow(value: Any) -> str:
    """A value in one line of YAML."""
    text = yaml.safe_dump(
        value, default_flow_style=True, width=10**6, sort_keys=False, allow_unicode=True
    )
    return text.removesuffix("\n").removesuffix("\n...")
