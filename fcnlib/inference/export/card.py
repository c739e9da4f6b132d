"""The model card beside an exported file: what its user must know, from the net's metadata."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fcnlib.core.errors import InputError
from fcnlib.core.printing import as_markdown_text
from fcnlib.inference.export.portable import example_image, output_name
from fcnlib.inference.model_info import ModelInfo
from fcnlib.models.fcn import FCN
from fcnlib.models.geometry import surroundings

TEMPLATE = "card.md.jinja"
MADE_BY = "A model card, made by `fcn convert`"  # in the template
# What each input's channels hold, the file that an example reads it from, and how.
INPUTS = {
    "rgb": ("red, green and blue of 0 to 255", 'PIL.Image.open("photo.jpg").convert("RGB")'),
    "depth": ("depth in millimetres, filled", 'PIL.Image.open("depth.png")'),
    "hha": ("disparity, height and angle as `fcn hha` writes them", 'PIL.Image.open("hha.png")'),
}


class Use(NamedTuple):
    """Lines that load a file in a runtime and label an image."""

    title: str
    code: str


def check_card(path: Path) -> None:
    """Raise if a card would take the place of a file that is none."""
    if path.is_dir() or (path.exists() and MADE_BY.encode() not in path.read_bytes()):
        raise InputError(f"{path}: is there, and no model card; expected another name to write")


def model_card(net: FCN, info: ModelInfo, name: str) -> str:
    """The card of a net whose files are called `name`, as Markdown."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["text"] = as_markdown_text
    environment.filters["code"] = _as_code
    classes = info.classes or {
        task: tuple(f"class {index}" for index in range(count)) for task, count in net.heads.items()
    }
    info = info.model_copy(update={"classes": classes})
    values = _mapping(info.provenance.get("values"))
    return environment.get_template(TEMPLATE).render(
        name=name,
        summary=_summary(net, info),
        images=info.provenance.get("images"),
        net=net,
        info=info,
        dtype=_dtype(net),
        channels=net.input_mean.numel(),
        inputs=[INPUTS[each][0] for each in _inputs(info)],
        reach=surroundings(dict(net.items())).reach,
        output=lambda kind, task: output_name(kind, task, net.heads),
        colour=lambda task, label: _colour(info, task, label),
        data=list(_data(info, values)),
        scored_on=_scored_on(info, values),
        recipe=_recipe(info, values),
        uses=list(_uses(net, info, name)),
    )


def _summary(net: FCN, info: ModelInfo) -> str:
    """What kind of net this is."""
    values = info.net
    if values is None:
        return f"A fully convolutional net of {sum(net.heads.values())} classes."
    width = "" if values.width == 1 else f" of {values.width:g} of the published width"
    layers = ", ".join(values.predict_from)
    return (
        f"A fully convolutional net (Shelhamer, Long, Darrell, 2017) on {values.backbone}{width}, "
        f"which predicts from {layers}; {info.parameters or 0:,} parameters."
    )


def _as_code(text: str) -> str:
    """A value for Markdown: as code where escaping would show, if code can hold it in a table."""
    escaped = as_markdown_text(text)
    return f"`{text}`" if escaped != text and not re.search(r"[`|\\]|[^\S ]", text) else escaped


def _inputs(info: ModelInfo) -> tuple[str, ...]:
    return info.inputs or ("rgb",)


def _dtype(net: FCN) -> str:
    return str(example_image(net).dtype).removeprefix("torch.")


def _colour(info: ModelInfo, task: str, label: int) -> str:
    palette = info.palette.get(task, ())
    return "#{:02x}{:02x}{:02x}".format(*palette[label]) if palette else ""


def _data(info: ModelInfo, values: Mapping[str, Any]) -> Iterator[str]:
    """What the net was trained on, as far as its file tells."""
    origin, data = info.provenance, _mapping(values.get("data"))
    if images := origin.get("images"):
        yield f"Images: {images}."
    if "dataset" in data:
        yield f"Trained on the split {data.get('train')} of the data set {data['dataset']}."
    if start := _mapping(values.get("net")).get("start_from"):
        yield f"Started from: {start if isinstance(start, str) else ', '.join(start)}."
    if "converted_from" in origin:
        digest = origin.get("sha256", "unknown")
        yield f"Converted from {origin['converted_from']}, sha256 {digest}."
    if not (data or "converted_from" in origin):
        yield "The file does not tell the data set."


def _scored_on(info: ModelInfo, values: Mapping[str, Any]) -> str:
    """What the scores are of."""
    data = _mapping(values.get("data"))
    split = data.get("validate_on") or data.get("test")
    where = f"Of the split {split}" if split else "Of the images that the training looked at"
    when = "" if info.best_iteration is None else f", after {info.best_iteration} iterations"
    if split and split == data.get("train"):
        return f"{where}{when}, which it was trained on: no measure of other images."
    return f"{where}{when}: the best of the training's looks at it, so a little too good."


def _recipe(info: ModelInfo, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the recipe, and where and when the net was trained."""
    found: dict[str, Any] = {**_mapping(info.settings), **_mapping(values.get("recipe"))}
    if found:
        for key in ("seed", "device", "date", "commit"):
            found[key] = info.provenance.get(key)
        found["training seconds"] = None if info.seconds is None else round(info.seconds)
    return {key: value for key, value in found.items() if value is not None}


def _uses(net: FCN, info: ModelInfo, name: str) -> Iterator[Use]:
    """How to label an image with each format's file: five lines, which the tests run."""
    names = _inputs(info)
    parts = ", ".join(names)
    read = f"{parts} = {', '.join(INPUTS[each][1] for each in names)}"
    is_colour = names in (("rgb",), ("hha",))  # which Pillow gives as uint8 [H, W, 3]
    stack = (
        f"numpy.array({parts})" if is_colour else f'numpy.dstack([{parts}]).astype("{_dtype(net)}")'
    )
    first = next(iter(net.heads))
    labels = output_name("labels", first, net.heads)
    of_task = f'["{first}"]' if len(net.heads) > 1 else ""
    torch_image = f"image = torch.from_numpy({stack}).permute(2, 0, 1)[None]"

    def code(imports: str, image: str, load: str, compute: str) -> str:
        return "\n".join([f"import numpy, PIL.Image, {imports}", read, image, load, compute])

    file = {end: json.dumps(name + end) for end in (".onnx", ".pt2", ".ts")}
    yield Use(
        "ONNX Runtime",
        code(
            "onnxruntime",
            f"image = {stack}.transpose(2, 0, 1)[None]",
            f"net = onnxruntime.InferenceSession({file['.onnx']})",
            f'labels = net.run(["{labels}"], {{"image": image}})[0]',
        ),
    )
    load = f"net = torch.export.load({file['.pt2']}).module()"
    yield Use("torch.export", code("torch", torch_image, load, f'labels = net(image)["{labels}"]'))
    load = f"net = torch.jit.load({file['.ts']})"
    yield Use("TorchScript", code("torch", torch_image, load, f"labels = net(image){of_task}"))
    load = f"model = load_model({file['.ts']})  # or a checkpoint (.pt), or a .caffemodel"
    pixels = parts if len(names) == 1 else f"numpy.dstack([{parts}])"
    labels = f"labels = model.predict({pixels}){of_task}"
    imports = "import PIL.Image" if len(names) == 1 else "import numpy, PIL.Image"
    lines = [imports, "from fcnlib import load_model", read, load, labels]
    yield Use("fcnlib", "\n".join(lines))


def _mapping(value: object) -> Mapping[str, Any]:
    """The value, if it is a mapping: provenance is free."""
    return value if isinstance(value, Mapping) else {}
