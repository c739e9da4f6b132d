"""Tables of nets' maps: their size, stride, receptive field and offset."""

from collections.abc import Iterable

import pandas as pd

from fcnlib.models.fcn import FCN
from fcnlib.models.maps import feature_maps
from fcnlib.report.results import as_text_cell
from fcnlib.report.typeset import TextTable, as_markdown

HEADINGS = ("layer", "inputs", "size", "stride", "receptive field", "offset")
NOTE = (
    "For an image of {side} x {side} pixels. Size is in cells a side; stride, receptive field and "
    "offset are in pixels of the image. The offset is where the first cell is centred: negative in "
    "the padding. Upsampled scores have the receptive field of the cells between which they are "
    "interpolated."
)


def maps_frame(net: FCN, side: int) -> pd.DataFrame:
    """A row of text for each map of a net, for a square image of `side` pixels."""
    rows = (
        (each.layer, ", ".join(each.inputs), str(each.size), f"{each.stride:g}",
         f"{each.receptive_field:g}", f"{each.offset:g}")
        for each in feature_maps(net, side)
    )  # fmt: skip
    return pd.DataFrame(rows, columns=pd.Index(HEADINGS))


def maps_csv(nets: Iterable[tuple[str, FCN]], side: int) -> str:
    """The maps of several nets, below the name of each."""
    frames = []
    for name, net in nets:
        frame = maps_frame(net, side).rename(columns=lambda heading: heading.replace(" ", "_"))
        frame.insert(0, "net", as_text_cell(name))
        frames.append(frame)
    return str(pd.concat(frames).to_csv(index=False, lineterminator="\n"))


def maps_markdown(title: str, net: FCN, side: int) -> str:
    """The maps of a net as a table to paste."""
    frame = maps_frame(net, side)
    cells = frame.set_axis(range(len(HEADINGS)), axis=1)
    best = pd.DataFrame(data=False, index=cells.index, columns=cells.columns)
    table = TextTable([heading.capitalize() for heading in HEADINGS], cells, best)
    return as_markdown(title, table, NOTE.format(side=side))
