"""What was measured of a model, as text for a screen and as files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fcnlib.core.files import atomic_write, write_json
from fcnlib.evaluation.measure import Evaluation, TaskEvaluation
from fcnlib.report.results import as_text_cell

HEADLINES = {
    "pixel_accuracy": "pixel accuracy",
    "mean_accuracy": "mean accuracy",
    "mean_iu": "mean IU",
    "frequency_weighted_iu": "f.w. IU",
    "boundary_iu": "boundary IU",
}
BOUNDARY = "boundary IU: of the pixels up to {} inside an outline (Cheng et al., CVPR 2021)"
WORST = 10  # images that are named
MATRIX = 12  # classes up to which the confusion matrix fits a screen
SHORT = 20  # characters of a class's name in it


def evaluation_text(found: Evaluation, worst: int = WORST) -> str:
    """All that was measured, in percent."""
    count = len(found.ids)
    lines = [f"{found.model} on {found.data}, split {found.split}: {count} images"]
    for task, each in found.tasks.items():
        lines += ["", *([f"task {task}", ""] if len(found.tasks) > 1 else [])]
        lines += [f"{title:16} {_percent(each.scores[key])}" for key, title in HEADLINES.items()]
        lines += ["", *_text_table(_classes_frame(each))]
        lines += ["", *_matrix_lines(each)]
        lines += ["", f"worst images by mean IU, of {count}:"]
        lines += [f"  {_percent(image.mean_iu)}  {image.id}" for image in each.worst(worst)]
    lines += [
        "",
        f"boundary IU: of pixels up to {found.band} inside an outline (Cheng et al. 2021)",
    ]
    return "\n".join(lines)


def write_evaluation(found: Evaluation, folder: Path, worst: int = WORST) -> list[Path]:
    """Write scores.json, and classes.csv, images.csv and confusion.csv, by task if it has several.

    Scores are fractions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "scores.json", _as_json(found, worst))
    written = [folder / "scores.json"]
    for task, each in found.tasks.items():
        end = f".{task}.csv" if len(found.tasks) > 1 else ".csv"
        images = pd.DataFrame(each.images).rename(columns={"id": "image"})
        confusion = pd.DataFrame(each.total, columns=pd.Index(map(as_text_cell, each.classes)))
        confusion.insert(0, "truth", each.classes)
        frames = {"classes": _classes_frame(each), "images": images, "confusion": confusion}
        for name, frame in frames.items():
            path = folder / f"{name}{end}"
            with atomic_write(path) as temporary:
                frame.map(_csv_cell).to_csv(temporary, index=False, lineterminator="\n")
            written.append(path)
    return written


def _csv_cell(value: object) -> object:
    return as_text_cell(value) if isinstance(value, str) else value


def _as_json(found: Evaluation, worst: int) -> dict[str, Any]:
    return {
        "model": str(found.model),
        "dataset": found.data,
        "split": found.split,
        "images": len(found.ids),
        "band": found.band,
        "tasks": {
            task: {
                **each.scores,
                "classes": each.classes,
                "confusion": each.total.tolist(),
                "worst": [image.id for image in each.worst(worst)],
            }
            for task, each in found.tasks.items()
        },
    }


def _classes_frame(each: TaskEvaluation) -> pd.DataFrame:
    """A row for each class: its share of the true pixels, scores, and what it is taken for."""
    total = each.total
    truth = total.sum(1)
    with np.errstate(invalid="ignore"):
        accuracy = total.diagonal() / truth
    wrong = total - np.diag(total.diagonal())
    taken_for = [each.classes[i] if n else "" for i, n in zip(*_largest(wrong), strict=True)]
    return pd.DataFrame(
        {
            "class": each.classes,
            "share": truth / max(1, int(truth.sum())),
            "accuracy": accuracy,
            "iu": np.array(each.scores["class_iu"], dtype=float),
            "boundary_iu": np.array(each.scores["class_boundary_iu"], dtype=float),
            "mostly_taken_for": taken_for,
        }
    )


def _largest(counts: np.ndarray[Any, Any]) -> tuple[list[int], list[int]]:
    """The place and value of the largest number of each row."""
    return counts.argmax(1).tolist(), counts.max(1).tolist()


def _matrix_lines(each: TaskEvaluation) -> Iterator[str]:
    """The confusion matrix in percent of each true class, if it fits a screen."""
    if len(each.classes) > MATRIX:
        yield f"confusion matrix: of {len(each.classes)} classes, in confusion.csv of --out"
        return
    total = each.total
    shares = total / np.maximum(1, total.sum(1, keepdims=True))
    frame = pd.DataFrame(shares, columns=pd.Index(map(str, range(len(each.classes)))))
    frame.insert(0, "", [f"{i} {name[:SHORT]}" for i, name in enumerate(each.classes)])
    yield "confusion, in % of the true class (rows):"
    yield from _text_table(frame)


def _text_table(frame: pd.DataFrame) -> list[str]:
    """A frame in columns: fractions in percent to the right, texts to the left."""
    columns = []
    for name, values in frame.items():
        is_text = not pd.api.types.is_float_dtype(values)
        cells = [str(name).replace("_", " ")]
        cells += [str(value) if is_text else _percent(value) for value in values]
        width = max(map(len, cells))
        columns.append([cell.ljust(width) if is_text else cell.rjust(width) for cell in cells])
    return ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]


def _percent(value: object) -> str:
    """A fraction in percent; nothing where there is none to tell."""
    return f"{100 * value:5.1f}" if isinstance(value, float) and value == value else "    -"
