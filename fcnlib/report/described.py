"""What a file is, in one screen: a model, weights of others, a prepared data set."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from fcnlib.core.printing import printable, wrapped
from fcnlib.core.units import HOUR, MB
from fcnlib.datasets.reader import DatasetInfo
from fcnlib.inference.model_info import ModelInfo, build_net
from fcnlib.models.geometry import surroundings

TITLE = 12  # characters of a line's title
MOST_CLASSES = 60  # whose names are listed
MOST_LINES = 16  # tensors that are listed
MORE = "--json lists all that the file tells"
SCORES = {
    "mean_iu": "mean IU",
    "pixel_accuracy": "pixel accuracy",
    "mean_accuracy": "mean accuracy",
    "frequency_weighted_iu": "f.w. IU",
}


def model_text(file: Path, info: ModelInfo) -> str:
    """Inputs, classes, scores, training and size of a net of ours."""
    classes = {task: len(names) for task, names in info.classes.items()}
    lines = {"net": _net(info), "inputs": _inputs(info, classes, file)}
    for task, names in info.classes.items():
        lines["classes" if len(classes) == 1 else task] = _listed(names)
    size = file.stat().st_size / MB
    count = f"{info.parameters:,} parameters, " if info.parameters is not None else ""
    lines |= {"scores": _scores(info), "trained on": _training(info)}
    lines["size"] = f"{count}{size:.1f} MB"
    return f"{_lines(file, lines)}\n{MORE}"


def dataset_text(info: DatasetInfo) -> str:
    """Inputs, classes and splits of a prepared data set."""
    splits = ", ".join(f"{name} {count}" for name, count in info.splits.items())
    lines = {"inputs": ", ".join(info.inputs)}
    for task, names in info.tasks.items():
        title = "classes" if len(info.tasks) == 1 else task
        lines[title] = _listed(names)
    lines |= {"images": splits, "made from": ", ".join(source.file for source in info.sources)}
    return f"{_lines(f'{info.name}: a prepared data set', lines)}\n{MORE}"


def weights_text(file: Path, shapes: Mapping[str, Any], labels: Mapping[str, Any]) -> str:
    """The tensors of a file of weights that tells no net, and the classes if it has some."""
    flat = [*_flat(shapes)]
    lines = {}
    for task, names in (labels.get("classes") or {}).items():
        lines[str(task)] = _listed(names)
    lines["size"] = f"{len(flat)} entries, {file.stat().st_size / MB:.1f} MB"
    listed = [f"  {printable(name)}: {printable(value)}"[:100] for name, value in flat[:MOST_LINES]]
    if len(flat) > MOST_LINES:
        listed.append(f"  and {len(flat) - MOST_LINES} more")
    return "\n".join([_lines(f"{file}: weights", lines), *listed, MORE])


def _lines(heading: object, lines: Mapping[str, str]) -> str:
    text = [printable(heading)]
    for title, line in lines.items():
        if line:
            text.append(wrapped(f"{printable(title):{TITLE}}{printable(line)}", TITLE))
    return "\n".join(text)


def _listed(names: Sequence[str]) -> str:
    """How many classes there are, and their names."""
    more = len(names) - MOST_CLASSES
    rest = f", and {more} more" if more > 0 else ""
    return f"{len(names)}: {', '.join(names[:MOST_CLASSES])}{rest}"


def _net(info: ModelInfo) -> str:
    values = info.net
    if values is None:
        return ""
    width = "" if values.width == 1 else f", {values.width:g} of the published width"
    return f"{values.backbone}{width}; predicts from {', '.join(values.predict_from)}"


def _inputs(info: ModelInfo, classes: Mapping[str, int], file: Path) -> str:
    """What a net sees, and of which sizes."""
    names = ", ".join(info.inputs)
    if info.net is None or not classes:
        return names
    with torch.device("meta"):
        found = surroundings(dict(build_net(info.net, classes, file).items()))
    side = f"sides from {found.smallest_side} on"
    return f"{names}; {side}; a label depends on {found.reach} pixels to each side"


def _scores(info: ModelInfo) -> str:
    known = {title: info.scores[key] for key, title in SCORES.items() if key in info.scores}
    found = [f"{title} {100 * score:.1f}" for title, score in known.items()]
    data = _mapping(_mapping(info.provenance.get("values")).get("data"))
    split = data.get("validate_on") or data.get("test")
    return f"{', '.join(found)} %" + (f" (split {split})" if split else "") if found else ""


def _training(info: ModelInfo) -> str:
    """The data, the amount of training and the machine, as far as the file tells."""
    origin = info.provenance
    data = _mapping(_mapping(origin.get("values")).get("data"))
    parts: list[str] = []
    if "dataset" in data:
        parts.append(f"{data['dataset']}, split {data.get('train')}")
    if images := origin.get("images"):
        parts.append(f"{images} images")
    if "converted_from" in origin:
        parts.append(f"converted from {origin['converted_from']}")
    if info.best_iteration is not None:
        parts.append(f"{info.best_iteration} iterations")
    if info.seconds is not None:
        is_short = info.seconds < HOUR
        parts.append(f"{info.seconds:.0f} s" if is_short else f"{info.seconds / HOUR:.1f} h")
    parts += [str(origin[key]) for key in ("device", "date") if origin.get(key)]
    if info.diverged_at is not None:
        parts.append(f"diverged at iteration {info.diverged_at}")
    return "; ".join(parts)


def _flat(values: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, str]]:
    """The entries of nested mappings, their names joined."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield f"{before}{name}", text


def _mapping(value: object) -> Mapping[str, Any]:
    """The value, if it is a mapping: provenance is free."""
    return value if isinstance(value, Mapping) else {}
