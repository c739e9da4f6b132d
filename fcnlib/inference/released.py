"""Released weights as the workflow needs them: converted, or the mark that none could be had."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from fcnlib.archives.unavailable import read_mark, replacement, write_mark
from fcnlib.inference.convert import Names, convert
from fcnlib.inference.torchscript import export_checkpoint

log = logging.getLogger(__name__)


def convert_released(
    source: Path,
    to: str,
    out: Path,
    *,
    classes: Names,
    palette: Mapping[str, Sequence[Sequence[int]]],
) -> None:
    """Convert a file of released weights, or the one that takes its place; else hand on its mark.

    Args:
        source: Where the file lies, or the mark that no address has it.
        to: The architecture, as `convert` takes it.
        out: The checkpoint to write.
        classes: Names of each task's classes.
        palette: RGB of each class, by task.
    """
    if mark := read_mark(source):
        other = replacement(source, mark)
        if other is None:
            log.warning("%s", mark)
            write_mark(out, mark)
            return
        source = other
    convert(source, to, out, classes=classes, palette=palette)


def export_available(checkpoint: Path, out: Path) -> None:
    """Export a checkpoint as a model; of one that could not be had, hand on the mark."""
    if mark := read_mark(checkpoint):
        log.warning("%s", mark)
        write_mark(out, mark)
    else:
        export_checkpoint(checkpoint, out)
