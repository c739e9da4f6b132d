"""Test images with the truth and each net's labels, as the page embeds them."""

import base64
import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from fixtures.marks import marked
from fixtures.scenes import PLACES, ByChannel, TwoByRed, write_counts, write_model, write_places
from PIL import Image

from fcnlib.datasets.images import encode_png
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.writer import dataset_writer
from fcnlib.evaluation.evaluate import evaluate
from fcnlib.evaluation.record import RunMetadata
from fcnlib.report.figures.examples import OTHERS, plot_examples
from fcnlib.report.image_set import ImageSet, read_image_set

WRONG = [4, 3, 2, 1]  # columns of each image of the places


def net(folder: Path, name: str, tasks=("semantic",)) -> Path:
    classes = {task: PLACES[task] for task in tasks}
    made = TwoByRed() if len(tasks) > 1 else ByChannel(0, 60, 4)
    return write_model(folder / f"{name}.ts", made, inputs=["rgb"], classes=classes)


def images_of(folder: Path, dataset: Path, models, counts, **spec) -> ImageSet:
    nets = [{"experiment": f"n{i}", "row": f"N{i}"} for i, _ in enumerate(models)]
    plot_examples(
        {"table": "t", "seed": 0, "nets": nets, **spec}, models=models, counts=counts,
        dataset=dataset, image=folder / "s.png", info=folder / "s.json",
        images=folder / "images.json",
    )  # fmt: skip
    return read_image_set(folder / "images.json")


def unpacked(images: ImageSet, task: str, place: int) -> np.ndarray:
    """[1 + nets, height, width]."""
    image, found = images.images[place], images.tasks[task]
    maps = zlib.decompress(base64.b64decode(found.images[place].maps))
    shape = (1 + len(found.nets), image.height, image.width)
    return np.frombuffer(maps, np.uint8).reshape(shape)


def test_maps_are_the_truth_and_then_what_each_net_labels(places, tmp_path):
    models = [net(tmp_path, "a", ("semantic", "geometric")), net(tmp_path, "b")]
    counts = [
        write_counts(tmp_path / "0.npz", places, WRONG, list(PLACES)),
        write_counts(tmp_path / "1.npz", places, WRONG, ["semantic"]),
    ]
    found = images_of(tmp_path, places, models, counts)
    assert [image.name for image in found.images] == [f"place_{i}" for i in range(4)]
    assert [image.rank for image in found.images] == [1, 2, 3, 4]
    assert {task: each.nets for task, each in found.tasks.items()} == {
        "semantic": ("N0", "N1"),
        "geometric": ("N0",),
    }
    assert found.tasks["geometric"].classes[1] == ("ground", "#a0a03c")
    prepared = PreparedDataset(places)
    for task in PLACES:
        truth, *labels = unpacked(found, task, 2)
        assert np.array_equal(truth, prepared.label("place_2", task))
        for each in labels:  # these nets label every pixel as it is, and so void too
            assert np.array_equal(each[truth != 255], truth[truth != 255])


def test_scores_are_those_of_the_counts_of_each_image(places, tmp_path):
    counts = write_counts(tmp_path / "0.npz", places, WRONG, ["semantic"])
    found = images_of(tmp_path, places, [net(tmp_path, "a")], [counts])
    with np.load(counts) as file:
        count = file["semantic"][0]
    hit = count.diagonal()
    iu = 100 * hit / (count.sum(0) + count.sum(1) - hit)
    scored = found.tasks["semantic"].images[0]
    assert scored.class_iu == ({i: round(float(each), 1) for i, each in enumerate(iu)},)
    assert scored.mean_iu == (pytest.approx(iu.mean(), abs=0.05),)


def write_large(folder: Path, images: int = 12) -> Path:
    """Images of 800 x 40 pixels, of noise, whose left half is of another class."""
    names = [f"large_{i:02}" for i in range(images)]
    with dataset_writer(folder, tasks={"semantic": PLACES["semantic"]}) as writer:
        for i, name in enumerate(names):
            pixels = np.random.default_rng(i).integers(0, 256, (40, 800, 3), np.uint8)
            writer.add_image(name, encode_png(Image.fromarray(pixels)), name)
            label = np.zeros((40, 800), np.uint8)
            label[:, :400] = 1 + i % 3
            writer.add_label(name, label, name)
        writer.add_split("test", names)
    return folder


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> tuple[Path, Path, Path]:
    """A data set, a net and its counts."""
    folder = tmp_path_factory.mktemp("large")
    dataset, model = write_large(folder / "large"), net(folder, "a")
    provenance = {
        "commit": "0", "dirty": False, "date": "", "versions": {}, "device": "cpu", "seed": 0,
        "values": {},
    }  # fmt: skip
    evaluate(
        model, dataset=dataset, split="test", metrics=folder / "0.json", device="cpu",
        counts=folder / "0.npz", trust=True,
        run=RunMetadata(experiment="a", seed=0, provenance=provenance),
    )  # fmt: skip
    return dataset, model, folder / "0.npz"


@pytest.mark.parametrize(
    ("megabytes", "side", "images"),
    [(9.0, 500, 8), (0.08, 400, 8), (0.02, 320, 4), (0.001, 320, 1)],
)
def test_images_are_reduced_and_then_fewer_until_they_fit(large, tmp_path, megabytes, side, images):
    dataset, model, counts = large
    found = images_of(tmp_path, dataset, [model], [counts], images=8, megabytes=megabytes)
    assert (found.side, found.reduced, found.tested) == (side, True, 12)
    assert len(found.images) == images
    assert found.size <= 1e6 * megabytes or len(found.images) == 1
    assert found.images[0].rank == 1
    assert {(image.width, image.height) for image in found.images} == {(side, side // 20)}
    photograph = found.images[0].photograph.removeprefix("data:image/webp;base64,")
    assert Image.open(io.BytesIO(base64.b64decode(photograph))).size == (side, side // 20)
    truth, _ = unpacked(found, "semantic", 0)
    assert set(np.unique(truth[:, : side // 2 - 2])) != {0}
    assert set(np.unique(truth[:, side // 2 + 2 :])) == {0}


def test_all_images_are_there_if_so_many_are_asked_for(large, tmp_path):
    dataset, model, counts = large
    found = images_of(tmp_path, dataset, [model], [counts], images=200, megabytes=100.0)
    assert [image.rank for image in found.images] == list(range(1, 13))


def counts_with(path: Path, hits: Sequence[int], task: str = "semantic") -> Path:
    """Counts of images of the places whose first class has so many of 200 pixels right."""
    counts = np.zeros((len(hits), *[len(PLACES[task])] * 2), int)
    counts[:, 0, 0], counts[:, 0, 1], counts[:, 1, 1] = hits, 200 - np.array(hits), 50
    np.savez(path, ids=[f"place_{i}" for i in range(len(hits))], **{task: counts})
    return path


def test_the_three_images_that_each_net_does_worst_are_there_whatever_their_rank(tmp_path):
    hits = np.random.default_rng(0).permuted(np.tile(np.arange(30) * 6, (4, 1)), axis=1)
    dataset, model = write_places(tmp_path / "places", images=30), net(tmp_path, "a")
    counts = [counts_with(tmp_path / f"{i}.npz", own) for i, own in enumerate(hits)]
    found = images_of(tmp_path, dataset, [model] * 4, counts, images=20)
    names = [image.name for image in found.images]
    for own in hits:
        assert {f"place_{i}" for i in np.argsort(own)[:3]} <= set(names)
    ranks = [image.rank for image in found.images]
    assert ranks == sorted(set(ranks)) and len(ranks) == 20
    assert (ranks[0], ranks[-1], found.worst) == (1, 30, 3)
    assert len([rank for rank in ranks if rank > 20]) >= 4  # up to the best


def test_images_stay_at_steps_beside_the_worst_of_many_nets(tmp_path):
    hits = np.random.default_rng(1).permuted(np.tile(np.arange(30) * 6, (7, 1)), axis=1)
    dataset, model = write_places(tmp_path / "places", images=30), net(tmp_path, "a")
    counts = [counts_with(tmp_path / f"{i}.npz", own) for i, own in enumerate(hits)]
    found = images_of(tmp_path, dataset, [model] * 7, counts, images=10)
    worst = {f"place_{i}" for own in hits for i in np.argsort(own)[:3]}
    names = {image.name for image in found.images}
    assert worst <= names
    assert len(names - worst) == OTHERS
    assert found.images[-1].rank == 30


def test_a_net_of_another_task_has_the_worst_of_its_own(tmp_path):
    dataset = write_places(tmp_path / "places", images=30)
    models = [net(tmp_path, "a"), net(tmp_path, "b", ("semantic", "geometric"))]
    hits = np.random.default_rng(2).permuted(np.arange(30) * 6)
    counts = [
        counts_with(tmp_path / "0.npz", range(30)),
        counts_with(tmp_path / "1.npz", hits, "geometric"),
    ]
    found = images_of(tmp_path, dataset, models, counts, images=1)
    names = {image.name for image in found.images}
    assert {f"place_{i}" for i in (0, 1, 2, *np.argsort(hits)[:3])} <= names
    assert len(names) < 12
    assert found.tasks["geometric"].experiments == ("n1",)


def test_what_lacks_is_named(places, tmp_path):
    counts = write_counts(tmp_path / "0.npz", places, WRONG, ["semantic"])
    with np.load(counts) as file:
        np.savez(tmp_path / "1.npz", ids=["w", "x", "y", "z"], semantic=file["semantic"])
    np.savez(tmp_path / "none.npz", ids=np.array([]))
    model, missing = net(tmp_path, "a"), marked(tmp_path / "c.pt")
    files = [counts, tmp_path / "1.npz", tmp_path / "none.npz"]
    found = images_of(tmp_path, places, [model, model, missing], files)
    assert (found.elsewhere, found.missing) == (("N1",), ("N2",))
    assert found.tasks["semantic"].nets == ("N0",)
    found = images_of(tmp_path, places, [missing], files[2:])
    assert (found.images, found.tasks, found.missing) == ((), {}, ("N0",))
