"""A small finished run: two nets, two seeds, two bounds, and everything the page shows of it."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from fcnlib.claims import write_claims
from fcnlib.config import Oracle
from fcnlib.datasets.preparing import preparing
from fcnlib.evaluate import evaluate, evaluate_bound
from fcnlib.figures import draw_class_iu, draw_curves
from fcnlib.figures_bounds import draw_bounds
from fcnlib.figures_samples import draw_comparison, draw_examples
from fcnlib.results import join_tables
from fcnlib.tables import build_table

CLASSES = ("background", "cat", "dog")
NETS = {"near": "Near-sighted <net>", "sharp": "Sharp"}
HEIGHT, WIDTH = 24, 32

SHOWN_NETS = {
    "name": "nets",
    "nets": [{"experiment": name, "row": row, "picked_on": "test"} for name, row in NETS.items()],
}
NET_TABLE = {
    "name": "nets",
    "title": "Table 1: nets & eyes",
    "columns": ["mean_iu", "pixel_accuracy", "forward_ms", "field"],
    "note": "Drawn for a test.",
    "images": "drawn",
    "rows": [
        {**SHOWN_NETS["nets"][0], "paper": {"mean_iu": 50.0}},
        {**SHOWN_NETS["nets"][1], "paper": {"mean_iu": 99.5, "field": 907.0}},
        {"experiment": "other", "row": "Published only", "paper": {"mean_iu": 12.5}},
    ],
}
BOUND_TABLE = {
    "name": "bounds",
    "title": "Upper bounds",
    "columns": ["mean_iu"],
    "images": "drawn",
    "rows": [
        {"experiment": "bound-8", "row": "8", "paper": {"mean_iu": 80.0}, "oracle": {"factor": 8}},
        {"experiment": "bound-4", "row": "4", "paper": {"mean_iu": 90.0}, "oracle": {"factor": 4}},
    ],
}

CLAIMS = """
claims:
  sharper:
    section: "1: eyes"
    statement: Sharp eyes <see> more.
    numbers: {sharp: [nets, sharp, mean_iu], near: [nets, near, mean_iu]}
    holds: sharp > near
  alike:
    section: "1: eyes"
    statement: Both see alike.
    numbers: {sharp: [nets, sharp, mean_iu], near: [nets, near, mean_iu]}
    holds: abs(sharp - near) < 0.1
  blind:
    section: "2: no eyes"
    statement: Blind ones see less.
    numbers: {blind: [later, blind, mean_iu], near: [nets, near, mean_iu]}
    holds: blind < near
  counted:
    section: "2: no eyes"
    statement: Eyes are counted.
    tests: [tests/test_eyes.py::test_eyes]
"""


class ByRed(nn.Module):
    """Labels a pixel by how red it is, and sees nothing in the first `blind` columns."""

    def __init__(self, blind: int) -> None:
        super().__init__()
        self.blind = blind

    def forward(self, rgb: Tensor) -> Tensor:
        labels = (rgb[:, 0] // 80).to(torch.uint8)
        labels[:, :, : self.blind] = 0
        return labels


def label_of(index: int) -> np.ndarray:
    """Background, an animal that starts at column 4 * index, and a row of void at the bottom."""
    label = np.zeros((HEIGHT, WIDTH), np.uint8)
    label[4:20, 4 * index : 4 * index + 12] = 1 + index % 2
    label[-1] = 255
    return label


def write_dataset(folder: Path, images: int = 5) -> Path:
    """A prepared data set whose red channel tells the class."""
    names = [f"img_{index}" for index in range(images)]
    with preparing(folder, tasks={"semantic": CLASSES}) as draft:
        for index, name in enumerate(names):
            label = label_of(index)
            pixels = np.full((HEIGHT, WIDTH, 3), (0, 90, 160), np.uint8)
            pixels[..., 0] = 40 + 80 * np.where(label == 255, 0, label)
            path = folder.parent / f"{name}.png"
            Image.fromarray(pixels).save(path)
            draft.add_image(name, path.read_bytes(), name)
            draft.add_label(name, label, name)
        draft.add_split("test", names)
    return folder


def write_net(path: Path, *, blind: int) -> None:
    """A model file such as the export writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"classes": {"semantic": CLASSES}, "palette": {"semantic": []}, "inputs": ["rgb"]}
    about |= {"parameters": 123456, "best_iteration": 80}
    about |= {"net": {"backbone": "vgg16", "predict_from": ["fc7"]}, "provenance": {}}
    extra = {"about.json": json.dumps(about)}
    torch.jit.save(torch.jit.script(ByRed(blind)), str(path), _extra_files=extra)


def facts(experiment: str, seed: int) -> dict[str, Any]:
    provenance = {
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "dirty": True,
        "date": "2026-01-02T03:04:05+00:00",
        "versions": {"python": "3.11.7", "torch": "2.13.0"},
        "device": "cpu: A Machine",
        "threads": 1,
        "seed": seed,
        "values": {"recipe": {"learning_rate": 1e-10}, "data": {"inputs": ["rgb"]}},
    }
    return {"experiment": experiment, "seed": seed, "provenance": provenance}


def write_curve(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["iteration", "loss_per_pixel", "mean_iu"])
        writer.writerows([(20, 2.0, ""), (40, 1.0, 0.25), (60, 0.5, ""), (80, 0.25, 0.5)])


def write_benchmark(path: Path, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\th:m:s\tmax_rss\tmax_vms\n{seconds}\t0:00:10\t512.5\t-\n")


def finished_run(root: Path) -> dict[str, Any]:
    """Write every result below `root` and return what `write_page` is called with."""
    dataset, results = write_dataset(root / "data/toy"), root / "results/demo"
    metrics = []
    for experiment, blind in (("near", 12), ("sharp", 2)):
        for seed in (0, 1):
            model = results / f"models/{experiment}/{seed}.ts"
            write_net(model, blind=blind + seed)
            metrics.append(results / f"metrics/{experiment}/{seed}.json")
            evaluate(
                model, dataset=dataset, split="test", metrics=metrics[-1], device="cpu",
                counts=metrics[-1].with_suffix(".npz"), facts=facts(experiment, seed),
            )  # fmt: skip
            write_curve(results / f"curves/{experiment}/{seed}.csv")
            write_benchmark(results / f"benchmarks/train/{experiment}/{seed}.tsv", 60.0)
    for row in BOUND_TABLE["rows"]:
        metrics.append(results / f"metrics/{row['experiment']}/0.json")
        evaluate_bound(
            Oracle(**row["oracle"]), dataset=dataset, split="test", metrics=metrics[-1],
            counts=metrics[-1].with_suffix(".npz"), facts=facts(row["experiment"], 0),
        )  # fmt: skip
    write_benchmark(results / "benchmarks/prepare/toy.tsv", 3.0)
    csvs = [results / "tables/nets.csv", results / "tables/bounds.csv"]
    for table, path, files in zip(
        (NET_TABLE, BOUND_TABLE), csvs, (metrics[:4], metrics[4:]), strict=True
    ):
        build_table(table, scale="demo", metrics=files, csv=path, markdown=path.with_suffix(".md"))
    join_tables(csvs, results / "results.csv")
    (results / "config.json").write_text("{}")
    (results / "claims.yaml").write_text(CLAIMS)
    write_claims(
        results / "claims.json", claims=results / "claims.yaml", results=results / "results.csv",
        images={"nets": "drawn", "bounds": "drawn"},
    )  # fmt: skip
    return {
        "output": results / "index.html",
        "scale": "demo",
        "tables": [NET_TABLE, BOUND_TABLE],
        "csvs": csvs,
        "results": results / "results.csv",
        "metrics": metrics,
        "training": sorted((results / "benchmarks/train").glob("*/*.tsv")),
        "benchmarks": [results / "benchmarks/prepare/toy.tsv"],
        "figures": draw_all(results, dataset),
        "claims": results / "claims.json",
        "sections": {"tables": {"nets": "1", "bounds": "2"}, "figures": {"fig4": "1"}},
        "configuration": results / "config.json",
        "commands": ["make demo", "echo '<done>'"],
    }


def draw_all(results: Path, dataset: Path) -> list[Path]:
    """Every kind of figure, and the cards that were written."""
    order = [*NETS, "bound-8", "bound-4"]
    cards = [results / f"figures/{name}.json" for name in ("curves", "class_iu", "bounds", "fig4")]
    curves, class_iu, bounds, fig4 = cards
    draw_curves(
        SHOWN_NETS, curves=sorted((results / "curves").glob("*/*.csv")), order=order,
        image=curves.with_suffix(".svg"), card=curves,
    )  # fmt: skip
    draw_class_iu(
        SHOWN_NETS, metrics=[results / f"metrics/{name}/0.json" for name in NETS], order=order,
        dataset=dataset, image=class_iu.with_suffix(".svg"), card=class_iu,
    )  # fmt: skip
    draw_bounds(
        BOUND_TABLE, results=results / "tables/bounds.csv",
        image=bounds.with_suffix(".svg"), card=bounds,
    )  # fmt: skip
    draw_comparison(
        {
            "title": "Fig. 4: eyes", "images": 2, "nets": SHOWN_NETS["nets"],
            "columns": ["nets", "truth", "image"],
        },
        models=[results / f"models/{name}/0.ts" for name in NETS],
        counts=[results / f"metrics/{name}/0.npz" for name in NETS],
        dataset=dataset, image=fig4.with_suffix(".png"), card=fig4,
    )  # fmt: skip
    cards.append(results / "figures/examples.json")
    draw_examples(
        {"table": "nets", "nets": SHOWN_NETS["nets"]},
        models=[results / f"models/{name}/0.ts" for name in NETS],
        counts=[results / f"metrics/{name}/0.npz" for name in NETS],
        dataset=dataset, image=cards[-1].with_suffix(".png"), card=cards[-1],
    )  # fmt: skip
    return cards
