"""A training step of FCN-8s VGG16 side by side with pytorch-fcn's FCN8s: time and gradients.

python benchmarks/training_step.py [--size 500] [--threads 2] [--rounds 5] [--rows R]
                                   [--gradients IMAGES] [--memory] [--json F]

The peer is `pip install --no-deps torchfcn`; without it, the same net in eager mode is the base.
A step is forward, summed cross entropy, backward and SGD's update, of one image; rows take turns.
Weights are random, of a size that keeps that of activations; all rows have the same ones. With
`--gradients`, each row's are compared with those of float64 (another minute or two an image, 8 GB);
with `--memory`, each row takes two steps in a process of its own. The multiplications are those of
all products and convolutions of a step; over the rate of a large product they are the least time.
"""

import argparse
import multiprocessing
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch
from inference import _status, matrix_rate, peer, random_net, smooth_image
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from fcnlib.core.allocation import keep_freed_memory
from fcnlib.core.files import write_json
from fcnlib.core.provenance import provenance
from fcnlib.models.fast.products import HAS_ONEDNN, product
from fcnlib.models.fast.training import optimize_for_training, with_cropped_upsampling
from fcnlib.models.fcn import FCN
from fcnlib.training.losses import cross_entropy_loss
from fcnlib.training.optimizer import MomentumSGD

PARTS = ("forward", "backward", "update", "all")
Optimizer = torch.optim.Optimizer | MomentumSGD
RATE = 1e-12  # so that steps change nothing that counts


def rows(net: FCN) -> dict[str, tuple[nn.Module, nn.Module]]:
    """What is compared, the first as base: what has the parameters, and what computes."""
    theirs, found = peer(net), {}
    if theirs is None:
        found["the same net, eager"] = (net, net)
    else:
        found["pytorch-fcn, eager"] = (theirs, theirs)
    to_layout: Any = net.to
    to_layout(memory_format=torch.channels_last)
    found["with cropped upsampling"] = (net, with_cropped_upsampling(net))
    found["fcnlib"] = (net, optimize_for_training(net))
    return found


def trained(net: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters by name, but those of the upsampling, which is frozen."""
    named = dict(net.named_parameters())
    for name in named:
        named[name].requires_grad_(not name.startswith("upscore"))
    return {name: value for name, value in named.items() if value.requires_grad}


def make_optimizer(name: str, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """PyTorch's for the peer, as in its own script; ours for our rows."""
    if name == "pytorch-fcn, eager":
        return torch.optim.SGD(parameters, lr=RATE, momentum=0.99, weight_decay=5e-4)
    group = {"params": list(parameters), "lr": RATE, "initial_lr": RATE, "weight_decay": 5e-4}
    return MomentumSGD([group], 0.99)


def one_step(net: nn.Module, optimizer: Optimizer, image: Tensor, truth: Tensor) -> dict[str, Any]:
    """Seconds of each part, and of the processor's time of all."""
    cpu, times = time.process_time(), [time.perf_counter()]
    loss = cross_entropy_loss(net(image), truth)
    times.append(time.perf_counter())
    loss.backward()
    times.append(time.perf_counter())
    optimizer.step()
    optimizer.zero_grad()
    times.append(time.perf_counter())
    spent = [end - start for start, end in pairwise(times)]
    parts = dict(zip(PARTS, [*spent, sum(spent)], strict=True))
    return {**parts, "cpu": time.process_time() - cpu}


def product_flops() -> dict[Any, Any]:
    """How many operations oneDNN's product is, which PyTorch does not count."""
    if not HAS_ONEDNN:
        return {}
    return {torch.ops.mkldnn._linear_pointwise: lambda a, b, *_, **__: 2 * a[0] * a[1] * b[0]}


def multiplications(net: nn.Module, image: Tensor, truth: Tensor) -> float:
    """Those of a step's products and convolutions, in 1e9."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the counter sees its own thread alone
    try:
        with FlopCounterMode(display=False, custom_mapping=product_flops()) as counter:
            cross_entropy_loss(net(image), truth).backward()
    finally:
        torch.set_num_threads(threads)
    for value in net.parameters():
        value.grad = None
    return counter.get_total_flops() / 2e9


def measure(
    compared: dict[str, tuple[nn.Module, nn.Module]], image: Tensor, truth: Tensor, rounds: int
) -> list[dict[str, Any]]:
    """A line for each row: seconds of each part, ratios to the base."""
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in compared}
    optimizers = {
        name: make_optimizer(name, trained(net.train()).values())
        for name, (net, _) in compared.items()
    }
    for turn in range(rounds + 1):
        for name, (_, form) in compared.items():
            spent = one_step(form, optimizers[name], image, truth)
            taken[name] += [spent] if turn else []  # the first ones warm up
    base = next(iter(compared))
    return [
        {
            "row": name,
            "gmac": multiplications(compared[name][1], image, truth),
            **{part: median(each[part] for each in taken[name]) for part in (*PARTS, "cpu")},
            **{
                f"{part}_ratio": median(
                    b[part] / t[part] for b, t in zip(taken[base], taken[name], strict=True)
                )
                for part in ("all", "cpu")
            },
        }
        for name in compared
    ]


def gradients(net: nn.Module, form: nn.Module, image: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """The gradient of each parameter, without dropout."""
    parameters = trained(net.eval())
    cross_entropy_loss(form(image), truth).backward()
    found = {name: value.grad for name, value in parameters.items() if value.grad is not None}
    for value in parameters.values():
        value.grad = None
    return found


def gradient_errors(
    compared: dict[str, tuple[nn.Module, nn.Module]], size: int, images: int
) -> dict[str, dict[str, float]]:
    """By row and parameter, the distance from float64's gradient, over its norm.

    The root of the mean square over some images: a distance is mostly that of the few cells whose
    ReLU is open in one net and not in the other.
    """
    exact_net = random_net(1.0).double()
    squares: dict[str, dict[str, list[float]]] = {name: {} for name in compared}
    for number in range(images):
        image, truth = sample(size, number)
        exact = gradients(exact_net, exact_net, image.double(), truth)
        for name, nets in compared.items():
            for parameter, value in gradients(*nets, image, truth).items():
                apart = (value.double() - exact[parameter]).norm() / exact[parameter].norm()
                squares[name].setdefault(parameter, []).append(float(apart) ** 2)
    return {
        name: {parameter: mean(found) ** 0.5 for parameter, found in each.items()}
        for name, each in squares.items()
    }


def peak_memory(row: str, options: argparse.Namespace) -> float:
    """MB of a fresh process that takes two steps of a row: weights, gradients and all others."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_memory, (row, options))


def _memory(row: str, options: argparse.Namespace) -> float:
    torch.set_num_threads(options.threads)
    if not options.fresh_memory:
        keep_freed_memory()
    net, form = rows(random_net(1.0))[row]
    optimizer = make_optimizer(row, trained(net.train()).values())
    for _ in range(2):
        one_step(form, optimizer, *sample(options.size))
    return _status("VmHWM")


def sample(size: int, number: int = 0) -> tuple[Tensor, Tensor]:
    """An image and the class of each of its pixels; each number has another."""
    generator = torch.Generator().manual_seed(2 + number)
    truth = torch.randint(21, (1, size, size), generator=generator)
    return smooth_image(size, 1, seed=1 + number), truth


def main() -> None:
    """Print the table, and write it as JSON if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--fresh-memory", action="store_true", help="return freed memory")
    parser.add_argument("--rows", nargs="+", metavar="ROW", help="beside the first: these alone")
    parser.add_argument("--gradients", type=int, default=0, metavar="IMAGES")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if not options.fresh_memory:
        keep_freed_memory()
    where = provenance(seed=0, device="cpu", threads=options.threads, values={})
    print(f"{where['date'][:10]}, {where['device']}, {options.threads} thread(s)")
    print(f"torch {where['versions']['torch']}, {options.size} x {options.size} pixels")
    rates = {"torch.mm": matrix_rate("cpu", torch.float32), "product": product_rate()}
    print(", ".join(f"{name} {rate:.0f}" for name, rate in rates.items()), "GMAC/s")
    image, truth = sample(options.size)
    compared = rows(random_net(1.0))
    if options.rows:
        kept = {next(iter(compared)), *options.rows}
        compared = {name: nets for name, nets in compared.items() if name in kept}
    # Before any step: from weights that have moved, even a little, gradients differ by that.
    images = options.gradients
    errors = gradient_errors(compared, options.size, images) if images else {}
    lines = measure(compared, image, truth, options.rounds)
    if options.memory:
        for line in lines:
            line["peak_mb"] = peak_memory(line["row"], options)
    heads = (*PARTS, "faster", "cpu", "GMAC", *["peak MB"][: options.memory])
    print(f"\n{'seconds':26}" + "".join(f"{head:>10}" for head in heads))
    for line in lines:
        numbers = [*(line[part] for part in PARTS), line["all_ratio"], line["cpu_ratio"]]
        counts = [line[key] for key in ("gmac", "peak_mb") if key in line]
        cells = [*(f"{number:10.2f}" for number in numbers), *(f"{n:10.0f}" for n in counts)]
        print(f"{line['row']:26}" + "".join(cells))
    base = next(iter(errors.values()), {})
    for name, each in errors.items():
        worst = max(base, key=lambda parameter: each[parameter] / base[parameter])
        print(
            f"{name}: gradients {max(each.values()):.1e} from float64's at most; "
            f"{each[worst] / base[worst]:.2f} times the base's at most ({worst})"
        )
    if options.json:
        values = {name: str(value) for name, value in vars(options).items()}
        content = {"gmac_per_second": rates, "rows": lines, "gradient_errors": errors}
        write_json(options.json, {**where, "values": values, **content})


def product_rate() -> float:
    """Multiplications of a large matrix product by `product`, in 1e9 a second."""
    side, seconds = 2048, []
    a = torch.randn(side, side)
    for _ in range(5):
        start = time.perf_counter()
        product(a, a)
        seconds.append(time.perf_counter() - start)
    return side**3 / 1e9 / min(seconds)


if __name__ == "__main__":
    main()
