"""Reading a .caffemodel of VGG16's size: this package against protobuf, each in its own process.

python benchmarks/caffemodel.py [--file FILE] [--json FILE]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from fcnlib.core.files import write_json
from fcnlib.core.provenance import provenance
from fcnlib.models.weights.caffemodel import read_caffemodel, write_caffemodel

VGG16 = [(64, 3), (64, 64), (128, 64), (128, 128), (256, 128), (256, 256), (256, 256), (512, 256)]
VGG16 += [(512, 512)] * 5


def written(path: Path) -> None:
    """A file of VGG16's 138,357,544 numbers."""
    shapes: list[tuple[int, ...]] = [(*channels, 3, 3) for channels in VGG16]
    shapes += [(4096, 25088), (4096, 4096), (1000, 4096)]
    rng = np.random.default_rng(0)
    layers = {}
    for i, shape in enumerate(shapes):
        weight = rng.random(shape, np.float32)
        layers[f"layer{i}"] = [weight, np.zeros(shape[0], np.float32)]
    write_caffemodel(path, layers)


def with_fcnlib(path: Path) -> list[torch.Tensor]:
    """Tensors on the mapped file."""
    return [torch.from_numpy(blob) for blobs in read_caffemodel(path).values() for blob in blobs]


def with_fcnlib_copied(path: Path) -> list[torch.Tensor]:
    """Tensors of their own memory, as a net has them after loading."""
    return [tensor.clone() for tensor in with_fcnlib(path)]


def with_protobuf(path: Path) -> list[torch.Tensor]:
    """What a reader made with protobuf does: parse, then each blob as an array."""
    file = descriptor_pb2.FileDescriptorProto(name="c.proto", package="c", syntax="proto2")
    for name, fields in {
        "Blob": [("data", 5, 2, "")],
        "Layer": [("name", 1, 9, ""), ("blobs", 7, 11, ".c.Blob")],
        "Net": [("layer", 100, 11, ".c.Layer")],
    }.items():
        message = file.message_type.add(name=name)
        for label, number, kind, of in fields:
            repeated = 1 if label == "name" else 3
            message.field.add(name=label, number=number, type=kind, label=repeated)
            if of:
                message.field[-1].type_name = of
            else:
                message.field[-1].options.packed = kind == 2
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    net = message_factory.GetMessageClass(pool.FindMessageTypeByName("c.Net"))()
    net.ParseFromString(path.read_bytes())
    return [
        torch.from_numpy(np.array(b.data, np.float32)) for layer in net.layer for b in layer.blobs
    ]


READERS: dict[str, Callable[[Path], list[torch.Tensor]]] = {
    "fcnlib, mapped": with_fcnlib,
    "fcnlib, copied": with_fcnlib_copied,
    "protobuf": with_protobuf,
}


def measure(reader: str, path: Path) -> dict[str, float]:
    """Seconds and the memory taken over what the imports took, in MB, in this process."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    tensors = READERS[reader](path)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    numbers = sum(tensor.numel() for tensor in tensors)
    return {"seconds": round(seconds, 4), "peak_mb": round(peak / 1024, 1), "numbers": numbers}


def main() -> None:
    """Print the table, and write it as JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, help="read this one; default: one of VGG16's size")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        written(options.write)
        return
    if options.only:
        sys.stdout.write(json.dumps(measure(options.only, options.file)))
        return
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder) / "vgg16.caffemodel"
        if not options.file:
            # In a process of its own: its memory would count as the readers' too.
            subprocess.run([sys.executable, __file__, "--write", str(path)], check=True)
        print(f"{path.stat().st_size / 1e6:.0f} MB{'seconds':>20}{'peak MB':>10}{'numbers':>13}")
        for reader in READERS:
            command = [sys.executable, __file__, "--file", str(path), "--only", reader]
            table[reader] = json.loads(subprocess.check_output(command))
            print(
                f"{reader:16}{table[reader]['seconds']:11.3f}"
                f"{table[reader]['peak_mb']:10.0f}{table[reader]['numbers']:13,}"
            )
    if options.json:
        where = provenance(seed=0, device="cpu", threads=1, values={})
        write_json(options.json, {**where, "readers": table})


if __name__ == "__main__":
    main()
