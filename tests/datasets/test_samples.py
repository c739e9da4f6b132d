"""Images and labels as nets are trained on them: flipped and shifted alike."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from fixtures.inputs import write_rooms
from fixtures.tasks import BOTH

from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import SampleReader, shifted


def test_a_shift_by_hand() -> None:
    label = np.arange(6).reshape(2, 3)
    assert shifted(label, 1, 0, 9).tolist() == [[9, 9, 9], [0, 1, 2]]
    assert shifted(label, 0, -1, 9).tolist() == [[1, 2, 9], [4, 5, 9]]
    assert shifted(label, -1, 2, 9).tolist() == [[9, 9, 3], [9, 9, 9]]
    assert shifted(label, 0, 0, 9).tolist() == label.tolist()
    for step in (2, 3, 40):
        assert (shifted(label, step, 0, 9) == 9).all() and (shifted(label, 0, -3, 9) == 9).all()


def test_a_shifted_sample_has_a_border_of_the_nets_mean_and_of_void(tmp_path: Path) -> None:
    rooms = write_rooms(tmp_path / "rooms")
    options: dict[str, Any] = {"inputs": ("rgb", "depth"), "tasks": ("semantic", "geometric")}
    blank = (100.4, 99.6, 12.0, 1800.7)
    image, labels = SampleReader(rooms, **options).read("0", flipped=True)
    reader = SampleReader(rooms, **options, blank=blank)
    moved, truth = reader.read("0", flipped=True, shift=(3, -5))
    assert moved.dtype == image.dtype and moved.shape == image.shape
    assert torch.equal(moved[:, 3:, :-5], image[:, :-3, 5:])
    assert moved[:, 0, 7].tolist() == moved[:, 20, -1].tolist() == [100, 100, 12, 1801]
    for task, label in labels.items():
        assert torch.equal(truth[task][3:, :-5], label[:-3, 5:])
        assert (truth[task][:3] == 255).all() and (truth[task][:, -5:] == 255).all()


def test_mirroring_turns_image_and_label_alike(world: Path) -> None:
    data = PreparedDataset(world)
    name = data.ids("train")[0]
    (image, label), (flipped, flipped_label) = (
        SampleReader(data).read(name, flipped=flipped) for flipped in (False, True)
    )
    assert torch.equal(image.flip(2), flipped)
    assert torch.equal(label["semantic"].flip(1), flipped_label["semantic"])


def test_mirroring_turns_every_input_and_every_tasks_labels(rooms: PreparedDataset) -> None:
    options: dict[str, Any] = {"inputs": ("rgb", "depth"), "tasks": BOTH}
    plain, turned = (SampleReader(rooms, **options).read("1", flipped=m) for m in (False, True))
    assert torch.equal(plain[0].flip(2), turned[0]) and not torch.equal(plain[0], turned[0])
    for task in BOTH:
        assert torch.equal(plain[1][task].flip(1), turned[1][task])
    reader = SampleReader(rooms, inputs=("rgb", "hha"))
    hha = [reader.read("1", flipped=m)[0] for m in (False, True)]
    assert torch.equal(hha[0].flip(2), hha[1]) and hha[0].dtype == torch.uint8
    assert plain[0].dtype == torch.int32 and plain[0][3].max() > 255
