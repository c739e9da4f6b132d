"""From a model file to its scores."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.marks import MARK, marked
from fixtures.models import model_info
from fixtures.runs import RUN
from torch import nn

from fcnlib.config.columns import COLUMNS, RULES
from fcnlib.config.load import load_config
from fcnlib.config.schema_experiments import Downsampling
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.confusion import confusion_per_image, upper_bound_confusion
from fcnlib.evaluation.evaluate import evaluate, evaluate_bound, full_width
from fcnlib.evaluation.metrics import mean_iu, scores
from fcnlib.evaluation.record import Record, RunMetadata, read_record
from fcnlib.inference.model import load_model
from fcnlib.inference.torchscript import export_torchscript
from fcnlib.models.fcn import build_fcn


def model(folder: Path, classes: list[str], bias: int | None = None, **training: Any) -> Path:
    """An untrained net; with `bias` it gives that class everywhere."""
    net = build_fcn(classes=len(classes), width=1 / 32, padding=1, fc6_kernel=3)
    nn.init.normal_(net["score_fr"].weight)
    if bias is not None:
        nn.init.zeros_(net["score_fr"].weight)
        nn.init.constant_(net["score_fr"].bias[bias], 1)
    info = model_info(classes={"semantic": classes}, **training)
    export_torchscript(net, folder / "net.ts", info=info)
    return folder / "net.ts"


@pytest.fixture
def classes(world: Path) -> list[str]:
    return list(PreparedDataset(world).info.tasks["semantic"])


def run(
    world: Path, path: Path, folder: Path, side: int | None = None
) -> tuple[dict[str, Any], Any]:
    metrics, counts = folder / "0.json", folder / "0.npz"
    files = {"metrics": metrics, "counts": counts}
    evaluate(path, dataset=world, split="seg11valid", device="cpu", run=RUN, side=side, **files)
    return json.loads(metrics.read_text("utf-8")), np.load(counts)


def test_background_everywhere_scores_what_can_be_counted_by_hand(
    world: Path, classes: list[str], tmp_path: Path
) -> None:
    metrics, _ = run(world, model(tmp_path, classes, bias=0), tmp_path)
    data = PreparedDataset(world)
    labels = np.concatenate([data.label(name).ravel() for name in data.ids("seg11valid")])
    valid = labels[labels != 255]
    occurring = len(np.unique(valid))
    share = (valid == 0).mean()
    assert metrics["tasks"]["semantic"]["pixel_accuracy"] == pytest.approx(share, rel=1e-5)
    assert metrics["tasks"]["semantic"]["mean_accuracy"] == pytest.approx(1 / occurring, rel=1e-5)
    assert metrics["tasks"]["semantic"]["mean_iu"] == pytest.approx(share / occurring, rel=1e-5)


def test_scores_are_those_of_the_stored_counts(
    world: Path, classes: list[str], tmp_path: Path
) -> None:
    metrics, counts = run(world, model(tmp_path, classes), tmp_path)
    assert counts["ids"].tolist() == PreparedDataset(world).ids("seg11valid")
    assert counts["semantic"].shape == (6, 21, 21)
    total = torch.from_numpy(counts["semantic"].sum(0))
    found = {name: metrics["tasks"]["semantic"][name] for name in scores(total)}
    assert found == pytest.approx(scores(total))
    assert metrics["images"] == 6 and metrics["parameters"] == 7


def test_costs_are_the_time_of_this_net_and_the_sizes_of_the_full_one(
    world: Path, classes: list[str], tmp_path: Path
) -> None:
    metrics, _ = run(world, model(tmp_path, classes), tmp_path, side=40)
    assert metrics["forward_size"] == [40, 40]
    assert metrics["costs"].pop("forward_ms") > 0
    assert metrics["costs"].pop("training_s") is None
    assert metrics["costs"].pop("training_loss") is None and metrics["trained_on"] is None
    labels = [PreparedDataset(world).label(x) for x in PreparedDataset(world).ids("seg11valid")]
    known = np.concatenate([label[label != 255] for label in labels])
    share = 100 * (known == 0).mean()
    assert metrics["costs"].pop("background_share") == pytest.approx(share, rel=1e-5)
    full = {"conv_layers": 16, "parameters": 134_346_581, "receptive_field": 404, "stride": 32}
    assert metrics["costs"] == full


def test_what_training_took_is_recorded_with_its_machine(
    world: Path, classes: list[str], tmp_path: Path
) -> None:
    where = {"device": "cuda:0: A Machine", "threads": 4, "precision": "tf32"}
    training = {"seconds": 12.5, "loss": 0.25, "provenance": where | {"seed": 0}}
    metrics, _ = run(world, model(tmp_path, classes, **training), tmp_path)
    assert (metrics["costs"]["training_s"], metrics["costs"]["training_loss"]) == (12.5, 0.25)
    assert metrics["trained_on"] == where


@pytest.mark.parametrize(("recorded", "known"), [(0.25, {"s": 0.25}), (None, {}), ("much", {})])
def test_what_else_ran_while_it_was_timed_and_trained_is_recorded(
    world: Path, classes: list[str], tmp_path: Path, recorded: Any, known: dict[str, float]
) -> None:
    training = {"seconds": 12.5, "provenance": {"trained_beside": recorded}}
    metrics, _ = run(world, model(tmp_path, classes, **training), tmp_path)
    here = metrics["beside"].pop("ms", 0.0)  # a short time: less than a tick of some clocks
    assert metrics["beside"] == known and 0 <= here <= 1


@pytest.mark.parametrize("name", ["voc2011-alexnet", "voc2011-vgg16", "voc2011-googlenet"])
def test_table_1s_sizes_are_the_published_ones_from_the_narrow_nets_of_the_list(
    raw_config: dict[str, Any], name: str
) -> None:
    entry = load_config(raw_config).experiments[name]
    assert entry.net is not None and entry.net.width == 0.125
    found = full_width(entry.net, {"semantic": 21})
    displayed = {name: COLUMNS[name].text(value) for name, value in found.items()}
    published = {key: COLUMNS[key].text(entry.paper[key]) for key in found}
    if name == "voc2011-googlenet":  # published with the pooling that the FCN drops
        assert (displayed.pop("receptive_field"), published.pop("receptive_field")) == (
            "715",
            "907",
        )
    assert displayed == published


def test_counts_of_an_image_are_of_all_its_pixels_but_void(
    world: Path, classes: list[str], tmp_path: Path
) -> None:
    data = PreparedDataset(world)
    net = load_model(model(tmp_path, classes))
    counts = confusion_per_image(net.labels, data, "seg11valid", device="cpu")
    for name, count in zip(data.ids("seg11valid"), counts["semantic"], strict=True):
        assert count.sum() == (data.label(name) != 255).sum()


def test_a_model_of_other_classes_is_refused(world: Path, tmp_path: Path) -> None:
    path = model(tmp_path, ["sky", "road"])
    with pytest.raises(
        InputError, match=r"net\.ts: knows 2 classes \(sky, \.\.\.\); expected the 21"
    ):
        run(world, path, tmp_path)
    assert not (tmp_path / "0.json").exists()


def test_an_unknown_split_is_named(world: Path, classes: list[str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no split 'val'; known: "):
        evaluate(
            model(tmp_path, classes),
            dataset=world,
            split="val",
            metrics=tmp_path / "0.json",
            counts=tmp_path / "0.npz",
            device="cpu",
            run=RUN,
        )


def test_bounds_fall_with_the_factor_and_factor_one_is_perfect(world: Path, tmp_path: Path) -> None:
    data = PreparedDataset(world)
    counts = [
        upper_bound_confusion(data, "seg11valid", factor=factor)[0].sum(0)
        for factor in (1, 4, 16, 64)
    ]
    found = [mean_iu(total) for total in counts]
    assert found[0] == 1
    assert found == sorted(found, reverse=True) and found[-1] < 0.6
    files = {"metrics": tmp_path / "0.json", "counts": tmp_path / "0.npz"}
    evaluate_bound(Downsampling(factor=4), dataset=world, split="seg11valid", run=RUN, **files)
    metrics = json.loads(files["metrics"].read_text("utf-8"))
    assert metrics["tasks"]["semantic"]["mean_iu"] == pytest.approx(found[1])
    assert metrics["costs"] == {} and metrics["parameters"] is None


def test_a_bound_has_a_score_by_every_rule_and_counts_by_the_first(
    world: Path, tmp_path: Path
) -> None:
    files = {"metrics": tmp_path / "0.json", "counts": tmp_path / "0.npz"}
    evaluate_bound(Downsampling(factor=16), dataset=world, split="seg11valid", run=RUN, **files)
    scored = json.loads(files["metrics"].read_text("utf-8"))["tasks"]["semantic"]
    assert len({scored[rule] for rule in RULES}) == len(RULES)
    total = torch.from_numpy(np.load(files["counts"])["semantic"]).sum(0)
    assert scores(total)["mean_iu"] == pytest.approx(scored["mean_iu"])


def test_a_record_is_read_as_it_was_written(
    world: Path, classes: list[str], tmp_path: Path
) -> None:
    """With all the metadata of its training, the recipe's settings among them."""
    settings = {"batch_size": 2, "momentum": 0.98, "learning_rate": 1e-4}
    training = {"settings": settings, "diverged_at": 9, "best_iteration": 8}
    path = model(tmp_path, classes, **training)
    written, _ = run(world, path, tmp_path)
    record = read_record(tmp_path / "0.json")
    assert record.model_dump(mode="json") == written
    assert RunMetadata(**written) == RUN and isinstance(record, Record)
    assert record.settings == settings
    assert (record.diverged_at, record.best_iteration) == (9, 8)
    assert len(record.runs_ms["forward"]) == 20 and record.provenance.commit == "c"


def test_a_model_without_classes_in_its_metadata_is_refused(world: Path, tmp_path: Path) -> None:
    net = build_fcn(classes=21, width=1 / 32, padding=1, fc6_kernel=3)
    export_torchscript(net, tmp_path / "net.ts")
    with pytest.raises(InputError, match=r"net\.ts: its metadata lack inputs or classes; expected"):
        run(world, tmp_path / "net.ts", tmp_path)


def test_a_net_that_was_not_available_has_a_record_without_scores(
    world: Path, tmp_path: Path
) -> None:
    _, counts = run(world, marked(tmp_path / "net.pt"), tmp_path)
    record = read_record(tmp_path / "0.json")
    assert record.unavailable == MARK and not record.tasks and not record.images
    assert counts["ids"].size == 0 and counts.files == ["ids"]


def test_a_record_names_the_file_that_a_net_was_converted_from(
    world: Path, classes: list[str], tmp_path: Path
) -> None:
    origin = {"converted_from": "net.pth", "sha256": 64 * "a"}
    for provenance, file in ((origin, "net.pth"), ({}, None)):
        run(world, model(tmp_path, classes, provenance=provenance), tmp_path)
        weights = read_record(tmp_path / "0.json").weights
        assert (weights.file if weights else None) == file
