"""Sheets of pictures, each in its place."""

import numpy as np
from PIL import Image

from fcnlib.report.figures.grid import DPI, PictureRow, plot_grid
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.figures.style import new_figure, save


def test_a_grid_shows_each_picture_in_its_place_with_its_own_colours(tmp_path):
    solid = [[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (10, 20, 30)]]
    pictures = [[np.full((10, 20, 3), rgb, np.uint8) for rgb in row] for row in solid]
    rows = [PictureRow(row, ["a", "b"]) for row in pictures] + [PictureRow(pictures[0], ["a", "c"])]
    with new_figure(4.0, 1.0) as canvas:
        plot_grid(canvas, rows, {"": (("red", "#ff0000"),)})
        save(
            canvas, tmp_path / "grid.png", tmp_path / "grid.json", dpi=DPI,
            kind="examples", name="g", title="", caption="", alt="",
        )  # fmt: skip
    picture = np.asarray(Image.open(tmp_path / "grid.png").convert("RGB"))
    # 33 pixels of titles, rows of 147 + 6, titles again above the last, as its are others.
    middles = [33 + 73, 33 + 153 + 73, 2 * 33 + 2 * 153 + 73]
    centres = [[picture[y, 150 + 300 * column] for column in (0, 1)] for y in middles]
    assert np.array(centres).tolist() == [[[*rgb] for rgb in row] for row in [*solid, solid[0]]]
    info = read_figure_info(tmp_path / "grid.json")
    assert (info.height, info.width) == picture.shape[:2]
