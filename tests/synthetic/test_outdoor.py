"""Outdoor scenes: what holds of each, whatever its category, seed and size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_synthetic.outdoor import outdoor_scene
from fcn_synthetic.outdoor.layers import MATERIALS, Layers
from fcn_synthetic.outdoor.scene import PAINTERS
from fcnlib.datasets.converters.siftflow_names import CATEGORIES, SEMANTIC_CLASSES

CODES = {name: code for code, name in enumerate(SEMANTIC_CLASSES, start=1)}
RARE = {CODES[name] for name in ("cow", "desert", "moon")}
FLAT = ["crosswalk", "desert", "field", "grass", "river", "road", "sand", "sea", "sidewalk"]


def many(count: int, *, rare: bool = False, side: int = 64) -> list:
    return [
        outdoor_scene(
            np.random.default_rng((3, index)), side, CATEGORIES[index % len(CATEGORIES)], rare=rare
        )
        for index in range(count)
    ]


def test_every_category_has_a_scene():
    assert tuple(PAINTERS) == CATEGORIES


def test_the_same_seed_gives_the_same_scene_and_another_seed_another():
    first, again, other = (
        outdoor_scene(np.random.default_rng(seed), 48, "street") for seed in (5, 5, 6)
    )
    for one, same in zip(first, again, strict=True):
        assert np.array_equal(one, same)
    assert not np.array_equal(first.image, other.image)


@settings(max_examples=40, deadline=None)
@given(st.integers(16, 160), st.sampled_from(CATEGORIES), st.booleans(), st.integers(0, 2**32))
def test_any_size_gives_an_image_and_labels_of_that_size(side, category, rare, seed):
    scene = outdoor_scene(np.random.default_rng(seed), side, category, rare=rare)
    assert scene.image.shape == (side, side, 3) and scene.image.dtype == np.uint8
    assert scene.semantic.shape == scene.geometric.shape == (side, side)
    assert scene.semantic.dtype == np.uint8 and scene.geometric.dtype == np.int8
    assert scene.semantic.max() <= len(SEMANTIC_CLASSES)
    assert scene.geometric.min() >= -1 and scene.geometric.max() <= 3


def test_all_classes_occur_and_the_rare_ones_only_where_they_may():
    common = {code for each in many(320) for code in np.unique(each.semantic)}
    assert common == set(range(len(SEMANTIC_CLASSES) + 1)) - RARE
    assert {code for each in many(320, rare=True) for code in np.unique(each.semantic)} >= RARE


def test_sky_is_sky_the_ground_lies_and_buildings_stand():
    scenes = many(320, rare=True)
    semantic = np.concatenate([each.semantic.ravel() for each in scenes])
    geometric = np.concatenate([each.geometric.ravel() for each in scenes])
    for name, code in CODES.items():
        found = set(geometric[semantic == code].tolist()) - {-1}
        if name in ("sky", "sun", "moon"):
            assert found == {1}
        elif name in FLAT:
            assert found == {2}
        elif name in ("plant", "rock"):  # low ones belong to the ground
            assert found == {2, 3}
        else:
            assert found == ({0} if name == "bird" else {3}), name
    assert -1 in geometric


def test_a_little_of_each_scene_is_unlabelled():
    shares = [(each.semantic == 0).mean() for each in many(80)]
    assert 0.005 < np.mean(shares) < 0.05


def test_the_labels_lie_where_the_image_changes():
    def contrast(shift: int) -> float:
        steps = []
        for each in many(40, side=112):
            grey = each.image.mean(axis=2)
            edge = np.diff(np.roll(each.semantic, shift, axis=1), axis=1) != 0
            edge[:, :10] = edge[:, -10:] = False  # np.roll wraps
            if edge.any():
                steps.append(abs(np.diff(grey, axis=1))[edge].mean())
        return float(np.mean(steps))

    assert contrast(0) > 1.3 * max(contrast(4), contrast(-4))


def test_a_part_cut_from_a_picture_paints_the_picture():
    full = Layers.blank(np.random.default_rng(0), 20)
    part = full.crop(0.5, 0.25, 0.75, 0.5)
    part.paint("grass", part.surface("lawn"), part.box(0.5, 0.25, 0.75, 0.5))
    expected = np.zeros((20, 20), np.uint8)
    expected[5:10, 10:15] = CODES["grass"]
    assert np.array_equal(full.semantic, expected)
    assert np.array_equal(full.geometric == 2, expected > 0)
    assert full.image[7, 12].max() > 50 and full.image[7, 2].max() == 0
    assert full.crop(1.2, 0, 1.4, 1).empty


@pytest.mark.parametrize("name", MATERIALS)
def test_a_material_has_a_colour_of_its_ranges_and_grain(name):
    view = Layers.blank(np.random.default_rng(1), 64)
    surface = view.surface(name)
    assert surface.shape == (64, 64, 3)
    assert surface.min() > -60 and surface.max() < 320
    assert (surface.std(axis=(0, 1)).max() > 1) == bool(MATERIALS[name].noises)


def test_a_convex_outline_is_positive_within_and_measures_the_distance():
    view = Layers.blank(np.random.default_rng(0), 100)
    inside = view.convex((0.2, 0.2), (0.8, 0.2), (0.8, 0.6), (0.2, 0.6))
    assert np.allclose(inside, view.box(0.2, 0.2, 0.8, 0.6), atol=1e-6)
    triangle = view.convex((0.5, 0.1), (0.9, 0.9), (0.1, 0.9)) > 0
    assert triangle[50, 50] and not triangle[20, 20]
    assert triangle.mean() == pytest.approx(0.32, abs=0.01)
