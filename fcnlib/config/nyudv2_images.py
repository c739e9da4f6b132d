"""The published images of NYUDv2: how many there are, how large, and what part of them is used."""

NYUD_IMAGES = 1449
NYUD_SIZE = (480, 640)  # height, width
NYUD_CROP = (45, 470, 40, 600)  # top, bottom, left, right of the part that has depth
REDUCED = (1, 2, 4, 5, 8, 10)  # leave whole images, and 40 pixels inside the rim


def nyud_crop(reduced: int) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of the part that has depth, in images so many times smaller."""
    top, bottom, left, right = (round(edge / reduced) for edge in NYUD_CROP)
    return top, bottom, left, right
