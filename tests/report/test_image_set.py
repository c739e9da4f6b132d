"""The file of a table's test images."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcnlib.core.errors import InputError
from fcnlib.report.image_set import (
    ImageLabels,
    ImageSet,
    ReducedImage,
    TaskLabels,
    even_steps,
    read_image_set,
    write_image_set,
)


def made(sizes: list[int]) -> ImageSet:
    """Images whose pictures have so many bytes each, beside ten of labels."""
    images = tuple(
        ReducedImage(name=f"<{i}>", rank=i + 1, width=4, height=3, photograph="x" * size)
        for i, size in enumerate(sizes)
    )
    labels = ImageLabels(maps="y" * 10, mean_iu=(None, 12.5), class_iu=({}, {0: 25.0, 7: 0.0}))
    task = TaskLabels(
        nets=("A", "<b>"),
        experiments=("a", "b"),
        classes=(("sky", "#102030"),),
        images=(labels,) * len(sizes),
    )
    return ImageSet(
        table="t", seed=0, tested=len(sizes), side=500, reduced=False, images=images,
        tasks={"semantic": task}, missing=("C",),
    )  # fmt: skip


def test_what_is_written_is_read_again(tmp_path):
    images = made([20, 30])
    write_image_set(tmp_path / "t.json", images)
    assert read_image_set(tmp_path / "t.json") == images


@pytest.mark.parametrize("content", [b"", b"[]", b'{"table": "t"}', b"\xff"])
def test_a_file_that_is_none_is_named(tmp_path, content):
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(InputError, match=r"t\.json: .*expected the images of a table$"):
        read_image_set(tmp_path / "t.json")


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=40), st.integers(1, 50_000))
def test_images_that_fit_a_budget_keep_the_worst_and_their_labels(sizes, budget):
    images = made(sizes)
    found = images.at_most(budget)
    assert found.size <= budget or len(found.images) == 1
    assert found.images[0] == images.images[0]
    assert len(found.images) == len(found.tasks["semantic"].images)
    assert found.images == images.images or images.size > budget


@given(
    st.lists(st.integers(1, 1000), min_size=1, max_size=40),
    st.integers(1, 50_000),
    st.sets(st.integers(0, 39), max_size=9),
)
def test_the_worst_of_each_net_are_left_out_last_and_only_then_it_is_not_said(sizes, budget, worst):
    images = made(sizes).model_copy(update={"worst": 3})
    kept = {image.name for image in images.images if image.rank - 1 in worst}
    found = images.at_most(budget, kept)
    names = [image.name for image in found.images]
    assert names == sorted(names, key=[image.name for image in images.images].index)
    assert found.size <= budget or len(names) == 1
    assert found.worst == (3 if kept <= set(names) else 0)
    assert kept <= set(names) or set(names) <= kept


@given(st.integers(1, 500), st.integers(1, 60))
def test_steps_are_even_and_go_from_end_to_end(count, steps):
    found = even_steps(count, steps)
    assert len(found) == len(set(found)) == min(count, steps)
    assert found[0] == 0
    assert found[-1] == count - 1 or steps == 1


def test_twenty_five_steps_have_among_them_those_of_the_pictures():
    for count in range(1, 1200, 7):
        assert {*even_steps(count, 4), *even_steps(count, 9)} <= {*even_steps(count, 25)}
