"""`fcn predict` and evaluation against the net alone: images per second, and peak memory.

python benchmarks/predict.py [--width 0.125] [--files 40] [--rounds 5] [--threads 1] [--device cpu]
    [--batch 1] [--workers 2] [--memory 50 500] [--json FILE]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import torch
from PIL import Image

from fcn_synthetic.objects.scenes import generator, scene
from fcnlib.config.schema_data import FolderDataset
from fcnlib.core.files import write_json
from fcnlib.core.provenance import provenance
from fcnlib.datasets.converters.folder import convert_folder
from fcnlib.datasets.converters.voc import CLASSES
from fcnlib.datasets.images import read_image, to_rgb
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.confusion import confusion_per_image
from fcnlib.evaluation.timing import clock
from fcnlib.inference.model import load_model
from fcnlib.inference.predict import predict
from fcnlib.inference.torchscript import export_torchscript
from fcnlib.models.fcn import build_fcn

DIFFERENT = 20  # images; the others are links to them
WRITTEN = {"labels": {}, "labels, overlay": {"overlays": True}}
COMMAND = "import sys; from fcnlib.cli.main import main; sys.argv[0] = 'fcn'; main()"


def write_images(folder: Path) -> None:
    """Synthetic images of VOC's size, as JPEGs, and a folder of their masks beside them."""
    masks = folder.with_name("masks")
    for each in (folder, masks):
        each.mkdir()
    for index in range(DIFFERENT):
        made = scene(generator(0, 0, index), 375, 500)
        Image.fromarray(made.image).save(folder / f"{index}.jpg", quality=90)
        Image.fromarray(made.labels).save(masks / f"{index}.png")


def linked(source: Path, folder: Path, files: int) -> Path:
    """A folder of many images."""
    folder.mkdir()
    for index in range(files):
        (folder / f"{index:05}.jpg").symlink_to(source / f"{index % DIFFERENT}.jpg")
    return folder


def rates(photos: Path, model: Path, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Images per second, one after the other and side by side: the best of rounds in turn."""
    loops = {"plain": 1, "overlapped": options.workers}
    found = {name: {loop: [] for loop in loops} for name in WRITTEN}
    for _, name, loop in product(range(options.rounds), WRITTEN, loops):
        start = time.perf_counter()
        written = predict(
            [str(photos)],
            model=model,
            out=photos.with_name("out"),
            batch=options.batch,
            workers=loops[loop],
            device=options.device,
            **WRITTEN[name],
        )
        found[name][loop].append(sum(1 for _ in written) / (time.perf_counter() - start))
    # Other work on the machine only slows, so that the best round counts.
    return {name: {loop: max(each[loop]) for loop in loops} for name, each in found.items()}


def forward_rate(photos: Path, model: Path, options: argparse.Namespace) -> float:
    """Images per second of the net alone, of the folder's images in memory: the best round."""
    net = load_model(model, device=options.device)
    images = [to_rgb(read_image(path), path) for path in sorted(photos.iterdir())[:DIFFERENT]]
    batches = [torch.from_numpy(each).permute(2, 0, 1)[None] for each in images]
    net.labels(batches[0])
    found = []
    for _ in range(options.rounds):
        start = clock(options.device)
        for batch in batches:
            net.labels(batch)
        found.append(len(batches) / (clock(options.device) - start))
    return max(found)


def evaluation_rate(photos: Path, model: Path, options: argparse.Namespace) -> float:
    """Images per second of an evaluation of these images, from files to counts: the best round."""
    net = load_model(model, device=options.device)
    root, prepared = photos.parent, photos.with_name("prepared")
    (root / "all.txt").write_text("\n".join(path.stem for path in photos.iterdir()), "utf-8")
    own = FolderDataset(
        converter="folder",
        path=root,
        images=photos.name,
        masks="masks",
        classes=CLASSES,
        splits={"all": "all.txt"},
    )
    convert_folder(own, (), prepared)
    data, found = PreparedDataset(prepared), []
    for _ in range(options.rounds):
        start = time.perf_counter()
        confusion_per_image(
            net.labels, data, "all", inputs=net.inputs, tasks=["semantic"], device=options.device
        )
        found.append(DIFFERENT / (time.perf_counter() - start))
    return max(found)


def peak(photos: Path, model: Path, options: argparse.Namespace) -> float:
    """MB at most of a process that labels the folder, overlays too."""
    values = {"model": model, "out": photos.with_name("out")}
    values |= {key: getattr(options, key) for key in ("batch", "workers", "threads", "device")}
    arguments = [str(part) for key, value in values.items() for part in (f"--{key}", value)]
    command = [sys.executable, "-c", COMMAND, "predict", str(photos), "--overlay", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_maxrss / 1024


def main() -> None:
    """Print the tables, and write them as JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=float, default=0.125)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", type=int, nargs="*", default=[50, 500], metavar="FILES")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    where = provenance(seed=0, device=options.device, threads=options.threads, values={})
    print(f"{where['device']}, {options.threads} thread(s), torch {where['versions']['torch']}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_images(folder / "different")
        model = folder / "net.ts"
        export_torchscript(build_fcn(width=options.width, padding=1), model)
        photos = linked(folder / "different", folder / "some", options.files)
        table, forward = rates(photos, model, options), forward_rate(photos, model, options)
        evaluation = evaluation_rate(folder / "different", model, options)
        memory = {
            files: peak(linked(folder / "different", folder / f"{files}", files), model, options)
            for files in options.memory
        }
    print(f"{'images per second':22}{'plain':>12}{'overlapped':>12}{'ratio':>8}")
    print(f"{'the net alone':22}{forward:12.2f}")
    for name, (plain, overlapped) in ((name, rate.values()) for name, rate in table.items()):
        print(f"{name:22}{plain:12.2f}{overlapped:12.2f}{overlapped / plain:8.2f}")
    print(f"{'an evaluation':22}{evaluation:12.2f}")
    if memory:
        print("peak memory: " + ", ".join(f"{mb:.0f} MB for {n} files" for n, mb in memory.items()))
    if options.json:
        values = {key: str(value) for key, value in vars(options).items()}
        content = {
            "values": values,
            "images_per_second": table,
            "forward": forward,
            "evaluation": evaluation,
            "peak_mb": memory,
        }
        write_json(options.json, {**where, **content})


if __name__ == "__main__":
    main()
