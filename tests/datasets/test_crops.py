"""Random crops: scaled alike with their labels, void outside the image, known from the seed."""

from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.inputs import write_rooms

from fcnlib.config.schema_nets import Recipe
from fcnlib.core.generator import make_generator
from fcnlib.datasets.crops import Crop, crop_image, crop_label, sample_crop
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import SampleReader, as_batch

PLAIN = (1.0, 1.0, 1.0)
BASE: dict[str, Any] = {"learning_rate": 1.0, "iterations": 1, "validate_every": 1}


def ramp(height: int, width: int) -> torch.Tensor:
    """Labels of which each is another."""
    return torch.arange(height * width).reshape(height, width)


def test_a_crop_at_the_images_own_scale_is_a_part_of_it() -> None:
    crop = Crop(4, 6, scale=1.0, down=0.5, right=1.0, colour=PLAIN)
    label = ramp(8, 10)
    assert torch.equal(crop_label(label, crop), label[2:6, 4:])
    image = torch.stack([label] * 3).to(torch.uint8)
    found = crop_image(image, crop, has_colours=True, blank=[0.0] * 3)
    assert found.dtype == torch.uint8 and torch.equal(found, image[:, 2:6, 4:])


def test_what_a_crop_shows_beyond_the_image_is_blank_and_void() -> None:
    crop = Crop(10, 12, scale=0.5, down=0.0, right=1.0, colour=PLAIN)
    image = torch.full((3, 8, 8), 7, dtype=torch.uint8)
    found = crop_image(image, crop, has_colours=False, blank=[1.0, 2.0, 3.0])
    label = crop_label(torch.ones(8, 8, dtype=torch.int64), crop)
    assert found.shape == (3, 10, 12) and label.shape == (10, 12)
    assert (found[:, :4, 8:] == 7).all() and (label[:4, 8:] == 1).all()
    assert (label == 255).sum() == 120 - 16
    assert found[:, 5, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("scale", [0.4, 0.7, 0.9, 1.1, 1.5, 1.7, 3.0])
def test_image_and_label_stay_on_each_other(scale: float) -> None:
    """An edge is where it is in the image, to a tenth of a pixel in the mean of its places."""
    apart = []
    for column in range(28, 52):
        label = torch.zeros(60, 80, dtype=torch.int64)
        label[:, column:] = 1
        image = (200 * label)[None].repeat(3, 1, 1).to(torch.uint8)
        crop = Crop(40, 50, scale=scale, down=0.3, right=0.4, colour=PLAIN)
        truth = crop_label(label, crop)
        seen = crop_image(image, crop, has_colours=False, blank=[0.0] * 3)[0]
        inside = truth[20] != 255
        apart.append(((truth[20] == 1)[inside].sum() - seen[20][inside].sum() / 200).item())
    assert abs(sum(apart) / len(apart)) < 0.1
    assert max(map(abs, apart)) < 1


def test_colours_change_and_labels_depth_and_height_do_not(tmp_path: Path) -> None:
    rooms = write_rooms(tmp_path / "rooms")
    reader = SampleReader(rooms, inputs=("rgb", "depth"), blank=(0.0,) * 4)
    plain, bright = (
        Crop(20, 24, scale=1.0, down=0.5, right=0.5, colour=(factor, 1.0, 1.0))
        for factor in (1.0, 0.5)
    )
    (image, labels), (darker, same) = (reader.read("0", crop=each) for each in (plain, bright))
    assert torch.equal(labels["semantic"], same["semantic"])
    assert torch.equal(image[3], darker[3]) and image.dtype == darker.dtype
    assert torch.allclose(darker[:3].float(), image[:3] / 2, atol=1)


def test_a_recipes_crops_are_within_its_bounds_and_known_from_the_generator() -> None:
    recipe = Recipe(**BASE, crop=(8, 9), random_scale=(0.5, 2.0), random_colour=0.4)
    crops = [sample_crop(recipe, make_generator(0, f"crop {i}")) for i in range(200)]
    assert crops == [sample_crop(recipe, make_generator(0, f"crop {i}")) for i in range(200)]
    found = [crop for crop in crops if crop]
    assert len(found) == len(set(found)) == 200
    scales = sorted(crop.scale for crop in found)
    assert 0.5 <= scales[0] < 0.6 and 1.8 < scales[-1] <= 2.0
    assert scales[100] == pytest.approx(1.0, abs=0.15)  # as often smaller as larger
    factors = torch.tensor([crop.colour for crop in found])
    assert 0.6 <= factors.min() < 0.65 and 1.35 < factors.max() <= 1.4
    assert sample_crop(Recipe(**BASE), make_generator(0, "crop 0")) is None


def test_samples_of_one_size_are_a_batch(world: Path) -> None:
    data = PreparedDataset(world)
    reader, crop = SampleReader(data, blank=(0.0,) * 3), Crop(16, 20, 1.0, 0.0, 0.0, PLAIN)
    samples = [reader.read(name, crop=crop) for name in data.ids("train")[:3]]
    images, labels = as_batch(samples)
    assert images.shape == (3, 3, 16, 20) and labels["semantic"].shape == (3, 16, 20)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(images[2], samples[2][0])
    assert torch.equal(labels["semantic"][1], samples[1][1]["semantic"])
