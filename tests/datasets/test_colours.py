"""Label maps as colours."""

import numpy as np

from fcnlib.datasets.colours import VOID_COLOUR, WRONG, colour, mistakes, overlay

PALETTE = [(0, 0, 0), (128, 0, 0), (0, 128, 0)]


def test_labels_become_the_colours_of_their_classes():
    labels = np.array([[0, 1], [2, 255]], np.uint8)
    assert colour(labels, PALETTE).tolist() == [
        [[0, 0, 0], [128, 0, 0]],
        [[0, 128, 0], [*VOID_COLOUR]],
    ]


def test_an_overlay_mixes_paint_and_image_and_leaves_black_classes_unpainted():
    image = np.full((3, 6, 3), 100, np.uint8)
    labels = np.array([[0, 0, 0, 1, 1, 1]] * 3, np.uint8)
    painted = overlay(image, labels, PALETTE, opacity=0.5)
    assert painted[:, :3].tolist() == image[:, :3].tolist()
    assert painted[:, 3].tolist() == [[255, 255, 255]] * 3  # the line between two classes
    assert painted[:, 4:].reshape(-1, 3).tolist() == [[114, 50, 50]] * 6


def test_mistakes_are_orange_and_void_is_not_judged():
    image = np.full((1, 3, 3), 100, np.uint8)
    labels, truth = np.array([[1, 1, 1]], np.uint8), np.array([[1, 2, 255]], np.uint8)
    found = mistakes(image, labels, truth, 3)
    assert found[0, 1:].tolist() == [[*WRONG], [*VOID_COLOUR]]
    assert len(set(found[0, 0].tolist())) == 1
