"""What the page's script shows of each net, as JSON: confusions, images, classes, curve, claims."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fcnlib.datasets.reader import DatasetInfo
from fcnlib.evaluation.record import Record
from fcnlib.report.aggregate import Runs
from fcnlib.report.claims import Verdict
from fcnlib.report.curve_points import Points, points
from fcnlib.report.image_set import WORST
from fcnlib.report.job_times import Files
from fcnlib.report.page.classes import classes_of
from fcnlib.report.page.confusion import task_data
from fcnlib.report.page.net_counts import NetCounts, TaskCounts

IMAGES = WORST  # of a net, the best and the worst
CURVE_POINTS = 60  # of a line


class NetData(NamedTuple):
    """By experiment what is shown of it, and what many of them share, by the keys in these."""

    nets: dict[str, dict[str, Any]]
    classes: dict[str, dict[str, Any]]
    images: dict[str, list[str]]


def net_data(
    runs: Runs,
    counted: Mapping[str, NetCounts],
    infos: Mapping[str, DatasetInfo],
    curves: Files,
    verdicts: Iterable[Verdict],
) -> NetData:
    """What the page's script shows of every experiment that was run.

    Args:
        runs: the metrics of all experiments.
        counted: the counts of those that have them.
        infos: the data sets by name.
        curves: learning curves by experiment.
        verdicts: of claims.
    """
    data = NetData({}, {}, {})
    claims = _claims(verdicts)
    for name, own in runs.items():
        data.nets[name] = {
            "curve": _curve(Path(curves[name][0])) if curves.get(name) else None,
            "claims": claims.get(name, []),
            "tasks": _tasks(name, [run for _, run in own], counted, infos, data),
        }
    return data


def _tasks(
    name: str,
    runs: Sequence[Record],
    counted: Mapping[str, NetCounts],
    infos: Mapping[str, DatasetInfo],
    shared: NetData,
) -> dict[str, Any]:
    """The tasks of a net; what it shares with others is added to `shared`."""
    tasks = {}
    for task in runs[0].tasks:
        iu = _class_iu(runs, task)
        found: dict[str, Any] = {"iu": iu}
        counts = counted[name].tasks.get(task) if name in counted else None
        number = len(counts.total) if counts else len(iu)
        key = f"{runs[0].dataset}/{task}/{number}"
        shared.classes[key] = classes_of(infos, runs[0].dataset, task, number)._asdict()
        if counts:
            found |= task_data(counts) | _ranked(counts)
            found["images"] = _key(shared.images, counts.images)
        tasks[task] = found | {"classes": key}
    return tasks


def _class_iu(runs: Sequence[Record], task: str) -> list[float | None]:
    """Each class's IU in percent, the mean over the runs; None where it has none."""
    found = [run.tasks.get(task, {}).get("class_iu") for run in runs]
    lists = [values for values in found if isinstance(values, list)]
    if len(lists) < len(runs) or len({len(values) for values in lists}) != 1:
        return []
    return [_mean_percent(values) for values in zip(*lists, strict=True)]


def _mean_percent(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return round(100 * sum(known) / len(known), 1) if known else None


def _ranked(counts: TaskCounts) -> dict[str, Any]:
    """The images with the lowest and the highest IU: place and percent, the extreme first."""
    known = [(iu, i) for i, iu in enumerate(counts.image_iu) if iu is not None and iu == iu]
    order = [[i, round(iu, 1)] for iu, i in sorted(known)]
    return {"worst": order[:IMAGES], "best": order[: -IMAGES - 1 : -1]}


def _key(lists: dict[str, list[str]], ids: list[str]) -> str:
    """The key of a list of images that many nets were scored on."""
    for key, known in lists.items():
        if known == ids:
            return key
    key = f"images{len(lists)}"
    lists[key] = ids
    return key


def _curve(path: Path) -> dict[str, Points]:
    """Loss and mean IU in percent over the iterations, of a few points each."""
    iu = [(x, 100 * y) for x, y in points(path, "mean_iu")]
    return {"loss": _thinned(points(path, "loss_per_pixel")), "iu": _thinned(iu)}


def _thinned(line: Points) -> Points:
    """Means of neighbours, so many that few points are left, of four digits each."""
    finite = [(x, y) for x, y in line if math.isfinite(y)]
    width = math.ceil(len(finite) / CURVE_POINTS) or 1
    groups = [finite[i : i + width] for i in range(0, len(finite), width)]
    return [(some[-1][0], float(f"{sum(y for _, y in some) / len(some):.4g}")) for some in groups]


def _claims(verdicts: Iterable[Verdict]) -> dict[str, list[str]]:
    """By experiment, the claims that rest on a number of it."""
    found: dict[str, list[str]] = {}
    for verdict in verdicts:
        for name in dict.fromkeys(row.experiment for row in verdict.values.values()):
            found.setdefault(name, []).append(verdict.id)
    return found
