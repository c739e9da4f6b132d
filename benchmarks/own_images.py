"""Accuracy on a folder of one's own images after equal CPU seconds of training on one thread.

python benchmarks/own_images.py FOLDER [--masks labels] [--void 11] [--iterations N]
    [--systems own staged fpn unet] [--seeds 0 1 2] [--test val.txt] [--json FILE]

`own` is the recipe of examples/own-images.yaml; `staged` trains 32s, 16s and 8s one after another
from a classifier that is pre-trained on synthetic objects; `fpn` and `unet` are those of
segmentation_models.pytorch with a ResNet-18 from random weights, which see the same crops and have
the same optimizer, class weights and average of weights. `own` and `staged` take what their
recipes take (`--iterations`: another length of `own`, for a slower machine), the others as many CPU
seconds as `own` took with that seed, or `--seconds`. Nothing sees the test list before the end. A
run that is in FILE already is not done again.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from math import cos, pi
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch
import yaml
from torch import Tensor, nn
from torch.nn import functional

from fcn_synthetic.pretrain import pretrain
from fcnlib.config.load import read_config
from fcnlib.config.schema import Config
from fcnlib.config.schema_nets import Recipe, Training
from fcnlib.core.files import write_json
from fcnlib.core.provenance import provenance
from fcnlib.core.torchvision import torchvision  # before segmentation_models.pytorch imports it
from fcnlib.datasets.converters.registry import prepare
from fcnlib.datasets.images import VOID
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.confusion import SEMANTIC, confusion_per_image
from fcnlib.evaluation.metrics import class_iu, mean_iu
from fcnlib.inference.model import load_model
from fcnlib.models.fcn import labels_of
from fcnlib.training.image_order import ImageOrder
from fcnlib.training.losses import class_weights, cross_entropy_loss, label_counts
from fcnlib.training.trainer import train

REPOSITORY = Path(__file__).parents[1]
TEMPLATES = {
    "own": REPOSITORY / "examples/own-images.yaml",
    "staged": REPOSITORY / "benchmarks/own-images-staged.yaml",
}
PEERS = {"fpn": "FPN", "unet": "Unet"}
NAMES = {
    "own": "here, recipe `own`",
    "staged": "here, 32s, 16s, 8s staged",
    "fpn": "segmentation_models.pytorch, FPN-resnet18",
    "unet": "segmentation_models.pytorch, Unet-resnet18",
}
PEER_RATE = 1e-3  # the best of 5e-4, 1e-3 and 2e-3 on a part of the training images
MULTIPLE = 32  # of the sides that a peer's net takes
MEAN, DEVIATION = (123.7, 116.3, 103.5), 58.0  # of natural images


def configuration(system: str, options: argparse.Namespace, folder: Path) -> Config:
    """The configuration of a template for the folder of images."""
    values = yaml.safe_load(TEMPLATES[system].read_text("utf-8"))
    values["datasets"]["mine"] |= {
        "path": str(options.folder.resolve()),
        "images": options.images,
        "masks": options.masks,
        "void": options.void,
        "splits": {"train": options.train, "val": options.test},
    }
    if system == "own" and options.iterations:
        length = {"iterations": options.iterations, "validate_every": options.iterations}
        values["experiments"]["mine-4s"]["recipe"] |= length
    file = folder / f"{system}.yaml"
    file.write_text(yaml.safe_dump(values, sort_keys=False), "utf-8")
    return read_config([REPOSITORY / "config.yaml", file])


def train_here(system: str, data: Path, folder: Path, config: Config, seed: int) -> Path:
    """Train the nets of a template, each from the one before; the last one's checkpoint."""
    weights: list[Path] = []
    for name in (name for name in config.experiments if name.startswith("mine-")):
        training = config.training(name)
        if training.net.start_from == ():
            weights = [folder / "classifier.pt"]
            pretrain(
                training.net.backbone,
                config.pretraining_of(training.net.backbone),
                **config.classifier(training.net.backbone),
                path=weights[0],
                device="cpu",
                provenance={},
            )
        checkpoint = folder / f"{name}.pt"
        train(
            training,
            dataset=data,
            initial_weights=weights,
            seed=seed,
            checkpoint=checkpoint,
            curve=checkpoint.with_suffix(".csv"),
            device="cpu",
            provenance={"device": "cpu", "threads": 1},
        )
        weights = [checkpoint]
    return weights[0]


class Peer(nn.Module):
    """A net of segmentation_models.pytorch on raw images of any size."""

    def __init__(self, kind: str, classes: int) -> None:
        super().__init__()
        import segmentation_models_pytorch as smp

        make = {"FPN": smp.FPN, "Unet": smp.Unet}[kind]
        self.net = make("resnet18", encoder_weights=None, classes=classes)

    def blank(self) -> Tensor:
        """The colour that becomes 0."""
        return torch.tensor(MEAN)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        padding = [0, -width % MULTIPLE, 0, -height % MULTIPLE]
        normalised = (image - torch.tensor(MEAN)[:, None, None]) / DEVIATION
        if any(padding):
            normalised = functional.pad(normalised, padding, mode="replicate")
        scores: Tensor = self.net(normalised)[..., :height, :width]
        return scores

    def labels(self, image: Tensor) -> dict[str, Tensor]:
        """The labels [N, H, W] of raw images, as a net of ours gives them."""
        return {SEMANTIC: labels_of(self(image.float()))}


def train_peer(
    kind: str, data: PreparedDataset, config: Training, seed: int, seconds: float
) -> Peer:
    """A peer's net after so many CPU seconds, the average of its weights, on the same crops."""
    start, recipe = time.process_time(), config.recipe
    torch.manual_seed(seed)
    net = Peer(kind, len(data.info.tasks[SEMANTIC]))
    to: Any = net.to
    to(memory_format=torch.channels_last)
    average = torch.optim.swa_utils.AveragedModel(
        net,
        multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(recipe.ema_decay),
        use_buffers=True,
    )
    counts = label_counts(data, "train", SEMANTIC)
    weights = class_weights(recipe.class_weights, counts) ** recipe.class_weights_power
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=PEER_RATE, weight_decay=recipe.weight_decay, fused=True
    )
    order = ImageOrder(endless(config), net, data, seed=seed)
    with order.samples_from(0) as samples:
        while (done := (time.process_time() - start) / seconds) < 1:
            images, labels = next(samples)
            for group in optimizer.param_groups:
                group["lr"] = PEER_RATE * rate_factor(done, recipe)
            truth = labels[SEMANTIC]
            loss = cross_entropy_loss(net(images.float()), truth, weights)
            optimizer.zero_grad()
            (loss / max(1, int((truth != VOID).sum()))).backward()
            optimizer.step()
            average.update_parameters(net)
    peer = average.module
    assert isinstance(peer, Peer)
    return peer.eval()


def endless(config: Training) -> Training:
    """The training with more iterations than any net takes."""
    recipe = config.recipe.model_copy(update={"iterations": 100 * config.recipe.iterations})
    return config.model_copy(update={"recipe": recipe})


def rate_factor(done: float, recipe: Recipe) -> float:
    """The recipe's warm-up and cosine after a share of the training."""
    return min(1.0, done / recipe.lr_warmup) * (1 + cos(pi * done)) / 2


def run(system: str, seed: int, seconds: float, options: argparse.Namespace) -> dict[str, Any]:
    """Train and test one system, a peer for so long: CPU seconds, mean IU and IU by class."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = configuration(system if system in TEMPLATES else "own", options, folder)
        prepare(config.datasets["mine"], [], folder / "data")
        data = PreparedDataset(folder / "data")
        start = time.process_time()
        if system in TEMPLATES:
            model = load_model(train_here(system, data.root, folder, config, seed))
            segment: Callable[[Tensor], dict[str, Tensor]] = model.labels
        else:
            training = config.training("mine-4s")
            peer = train_peer(PEERS[system], data, training, seed, seconds)
            segment = peer.labels
        taken = time.process_time() - start
        counts = confusion_per_image(segment, data, "val", device="cpu")[SEMANTIC].sum(0)
        classes = data.info.tasks[SEMANTIC]
    return {
        "system": system,
        "seed": seed,
        "cpu_seconds": round(taken, 1),
        "mean_iu": mean_iu(counts),
        "class_iu": dict(zip(classes, class_iu(counts).tolist(), strict=True)),
    }


def markdown(runs: Sequence[dict[str, Any]]) -> str:
    """A row a system: CPU seconds, mean IU over the seeds and its spread, IU by class."""
    classes = list(runs[0]["class_iu"])
    lines = [f"| system | CPU s | seeds | mean IU | {' | '.join(classes)} |"]
    lines.append("|---|" + "--:|" * (len(classes) + 3))
    for system in dict.fromkeys(each["system"] for each in runs):
        own = [each for each in runs if each["system"] == system]
        scores = [100 * each["mean_iu"] for each in own]
        spread = f" ± {stdev(scores):.1f}" if len(own) > 1 else ""
        by_class = [100 * mean(each["class_iu"][name] for each in own) for name in classes]
        cells = [
            NAMES[system],
            f"{mean(each['cpu_seconds'] for each in own):.0f}",
            str(len(own)),
            f"{mean(scores):.1f}{spread}",
            *(f"{value:.0f}" for value in by_class),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of images, masks, classes.txt and lists")
    parser.add_argument("--images", default="images")
    parser.add_argument("--masks", default="labels")
    parser.add_argument("--void", type=int, nargs="*", default=[11])
    parser.add_argument("--train", default="train.txt", help="list of the images to train on")
    parser.add_argument("--test", default="val.txt", help="list of the images to test on")
    parser.add_argument("--systems", nargs="+", choices=list(NAMES), default=list(NAMES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--iterations", type=int, help="of `own` (default: its recipe's)")
    parser.add_argument("--seconds", type=float, help="of the peers (default: what `own` took)")
    parser.add_argument("--json", type=Path, default=Path("own-images.json"))
    return parser.parse_args()


def main() -> None:
    options = parse()
    stored = json.loads(options.json.read_text("utf-8")) if options.json.exists() else {}
    runs: list[dict[str, Any]] = stored.get("runs", [])
    for seed in options.seeds:
        for system in options.systems:
            taken = {each["system"]: each["cpu_seconds"] for each in runs if each["seed"] == seed}
            if system in taken:
                continue
            seconds = options.seconds or taken.get("own", 600.0)
            context = multiprocessing.get_context("spawn")  # CPU seconds of its own
            with ProcessPoolExecutor(1, mp_context=context) as process:
                runs.append(process.submit(run, system, seed, seconds, options).result())
            values = {key: str(value) for key, value in vars(options).items()}
            about = provenance(seed=seed, device="cpu", threads=1, values=values)
            versions = {"torchvision": torchvision.__version__}
            write_json(options.json, {"runs": runs, "provenance": about, "versions": versions})
    print(markdown(runs))


if __name__ == "__main__":
    main()
