"""FCN-8s VGG16 inference side by side with pytorch-fcn's FCN8s: time, labels, scores, loading.

python benchmarks/inference.py [--size 500] [--batch 1] [--threads 2] [--device cpu]
    [--kept-memory] [--json FILE]

The peer is `pip install --no-deps torchfcn`; without it, the same net in eager mode is the base.
Where onnx and onnxscript are installed, and onnxruntime or openvino, the base is exported for
images of this size and runs there, too. Weights are random, of a size that keeps that of
activations; all rows have the same ones.
"""

import argparse
import importlib.util
import multiprocessing
import sys
import tempfile
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnlib.core.allocation import keep_freed_memory
from fcnlib.core.files import write_json
from fcnlib.core.provenance import provenance
from fcnlib.evaluation.timing import clock
from fcnlib.inference.model import load_model
from fcnlib.inference.torchscript import export_torchscript
from fcnlib.models.fcn import FCN, build_fcn

Scorer = Callable[[Tensor], Tensor]


def random_net(width: float, **values: Any) -> FCN:
    """The net with weights that keep activations finite and labels varied."""
    net = build_fcn(width=width, **values).eval()
    generator = torch.Generator().manual_seed(0)
    for layer in net.values():
        if isinstance(layer, nn.Conv2d):
            assert layer.bias is not None
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.normal_(layer.bias, std=5.0, generator=generator)
    return net


def smooth_image(size: int, batch: int, *, seed: int = 1) -> Tensor:
    """Smooth random colours [N, 3, H, W] as normalised input."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.randn(batch, 3, size // 16, size // 16, generator=generator)
    return 60 * functional.interpolate(small, (size, size), mode="bicubic")


def peer(net: FCN) -> nn.Module | None:
    """pytorch-fcn's FCN8s with the weights of `net`; None where torchfcn is not installed."""
    # Its package imports one that downloads, and torchvision; the model itself needs neither.
    sys.modules.setdefault("fcn", types.ModuleType("fcn"))
    found = importlib.util.find_spec("torchfcn")
    if found is None or not found.submodule_search_locations:
        return None
    for name in ("torchfcn", "torchfcn.models"):
        package = types.ModuleType(name)
        folder = Path(found.submodule_search_locations[0]) / name.removeprefix("torchfcn")[1:]
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    theirs: nn.Module = importlib.import_module("torchfcn.models.fcn8s").FCN8s().eval()
    # Their upsampling has dense kernels, of the same interpolation.
    state = {k: v for k, v in net.state_dict().items() if not k.startswith("upscore")}
    missing = theirs.load_state_dict(state, strict=False).missing_keys
    assert all(name.startswith("upscore") for name in missing), missing
    return theirs


def write_onnx(net: nn.Module, image: Tensor, path: Path) -> None:
    """The net as ONNX for images of one size, for which a runtime can prepare."""
    with warnings.catch_warnings(action="ignore"):
        torch.onnx.export(net, (image,), path, dynamo=True, external_data=False, verbose=False)


def onnx_runtime(path: Path, threads: int) -> Scorer:
    """An ONNX file in ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda image: torch.from_numpy(session.run(None, {name: image.numpy()})[0])


def openvino(path: Path, threads: int) -> Scorer:
    """An ONNX file in OpenVINO."""
    from openvino import Core

    values = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    request = Core().compile_model(str(path), "CPU", values).create_infer_request()
    return lambda image: torch.from_numpy(request.infer([image.numpy()])[0])


RUNTIMES = {"onnxruntime": onnx_runtime, "openvino": openvino}


def other_runtimes(net: nn.Module, folder: Path, options: argparse.Namespace) -> dict[str, Scorer]:
    """The net in each other runtime that is installed."""
    installed = [name for name in RUNTIMES if importlib.util.find_spec(name)]
    if not installed or not all(map(importlib.util.find_spec, ("onnx", "onnxscript"))):
        return {}
    path = folder / "net.onnx"
    write_onnx(net, smooth_image(options.size, options.batch), path)
    return {f"the base, {name}": RUNTIMES[name](path, options.threads) for name in installed}


def rows(net: FCN, options: argparse.Namespace, folder: Path) -> dict[str, Scorer]:
    """What is compared; the first is the base."""
    device, found = options.device, {}
    theirs = peer(net) if options.width == 1 else None
    if theirs is not None:
        found["pytorch-fcn, eager"] = theirs.to(device)
    if device == "cpu":
        found |= other_runtimes(theirs or net, folder, options)
    export_torchscript(net, folder / "net.ts")
    read: Any = torch.jit.load
    alone = read(folder / "net.ts", map_location=device).eval()
    found["the same net, eager"] = net.to(device)
    found["the file alone (torch.jit.load)"] = alone.scores
    if device == "cpu":
        plain = torch.jit.script(net)
        found["torch.jit.optimize_for_inference"] = torch.jit.optimize_for_inference(plain)
    precisions = ["fp32", "bf16"] if device == "cpu" else ["fp32", "tf32", "bf16"]
    for precision in precisions:
        model = load_model(folder / "net.ts", device=device, precision=precision)  # type: ignore[arg-type]
        found[f"fcnlib.load_model, {precision}"] = model.scores
    return found


def set_up(options: argparse.Namespace) -> None:
    """Set this process's threads, and how it holds the memory that it has freed."""
    torch.set_num_threads(options.threads)
    if options.kept_memory:
        keep_freed_memory()


def seconds(call: Callable[[], Any], device: str) -> float:
    """One call's time."""
    start = clock(device)
    call()
    return clock(device) - start


def matrix_rate(device: str, dtype: torch.dtype) -> float:
    """Multiplications of a large matrix product, in 1e9 a second."""
    side = 8192 if device.startswith("cuda") else 2048
    a = torch.randn(side, side, device=device).to(dtype)
    return side**3 / 1e9 / min(seconds(lambda: a @ a, device) for _ in range(5))


def measure(compared: dict[str, Scorer], image: Tensor, options: argparse.Namespace) -> list[Any]:
    """A line for each row: milliseconds, ratio to the base, labels and scores against it."""
    times: dict[str, list[float]] = {name: [] for name in compared}
    outputs = {name: scorer(image).float().cpu() for name, scorer in compared.items()}
    for _ in range(options.rounds):  # in turns, as other work on the machine comes and goes
        for name, scorer in compared.items():
            times[name].append(seconds(lambda run=scorer: run(image), options.device))
    base = next(iter(compared))
    expected = outputs[base]
    spread = float(expected.max() - expected.min())
    lines = []
    for name in compared:
        ratios = [b / t for b, t in zip(times[base], times[name], strict=True)]
        lines.append(
            {
                "row": name,
                "ms": 1000 * min(times[name]),
                "median_ms": 1000 * median(times[name]),
                "times_faster": median(ratios),
                "same_labels": (outputs[name].argmax(1) == expected.argmax(1))
                .double()
                .mean()
                .item(),
                "score_difference": float((outputs[name] - expected).abs().max()) / spread,
            }
        )
    return lines


def loading(path: Path, options: argparse.Namespace, rounds: int) -> dict[str, float]:
    """Seconds until a fresh process has loaded the file, the least of some, and MB at most.

    MB until then, and while an image is labelled; the weights are among them.
    """
    found = []
    for _ in range(rounds):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found.append(pool.apply(_loading, (path, options)))
    return min(found, key=lambda each: each["seconds"])


def _loading(path: Path, options: argparse.Namespace) -> dict[str, float]:
    set_up(options)
    torch.randn(64, 64) @ torch.randn(64, 64)
    before = _status("VmRSS")
    start = clock("cpu")
    model = load_model(path)
    seconds = clock("cpu") - start
    loading = _status("VmHWM")
    Path("/proc/self/clear_refs").write_text("5", "utf-8")  # from here on, a new peak
    image = torch.randint(0, 256, (1, 3, options.size, options.size), dtype=torch.uint8)
    with torch.inference_mode():
        model.labels(image), model.labels(image)
    weights = path.stat().st_size / 1e6
    peak = _status("VmHWM")
    return {
        "seconds": seconds,
        "weights": weights,
        "peak": peak,
        "peak_over_weights": peak - before - weights,
        "peak_while_loading": loading,
    }


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1000


def main() -> None:
    """Print the table, and write it as JSON if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--size", type=int, default=500)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--kept-memory", action="store_true", help="keep freed memory, as jobs do")
    options = parser.parse_args()
    set_up(options)
    where = provenance(seed=0, device=options.device, threads=options.threads, values={})
    rates = {"fp32": matrix_rate(options.device, torch.float32)}
    if options.device.startswith("cuda"):
        rates["bf16"] = matrix_rate(options.device, torch.bfloat16)
    loaded: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        compared = rows(random_net(options.width), options, Path(folder))
        image = smooth_image(options.size, options.batch).to(options.device)
        lines = measure(compared, image, options)
        del compared
        if options.device == "cpu":
            loaded = loading(Path(folder) / "net.ts", options, 3)
    versions = where["versions"]
    print(f"{where['date'][:10]}, {where['device']}, {options.threads} thread(s)")
    print(f"torch {versions['torch']}, {options.batch} x {options.size} x {options.size} pixels")
    listed = ", ".join(f"{kind} {rate:.0f}" for kind, rate in rates.items())
    print(f"matrix product: {listed} GMAC/s")
    print(f"\n{'':36}{'ms':>8}{'median':>8}{'faster':>8}{'same labels':>13}{'score diff.':>12}")
    for line in lines:
        print(
            f"{line['row']:36}{line['ms']:8.1f}{line['median_ms']:8.1f}{line['times_faster']:7.2f}x"
            f"{line['same_labels']:13.4%}{line['score_difference']:12.1e}"
        )
    if loaded:
        seconds, *megabytes = loaded.items()
        listed = ", ".join(f"{name.replace('_', ' ')} {mb:.0f}" for name, mb in megabytes)
        print(f"\nloading: {seconds[1]:.2f} s; MB of a process that labels one image: {listed}")
    if options.json:
        values = {name: str(value) for name, value in vars(options).items()}
        content = {"values": values, "gmac_per_second": rates, "rows": lines, "loading": loaded}
        write_json(options.json, {**where, **content})


if __name__ == "__main__":
    main()
