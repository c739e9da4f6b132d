"""SIFT Flow's classes in the order of their codes, which count from 1, and its test images."""

from functools import cache
from pathlib import Path

from fcnlib.config.schema_base import Colour

FOLDER = "spatial_envelope_256x256_static_8outdoorcategories"
CATEGORIES = (
    "coast",
    "forest",
    "highway",
    "insidecity",
    "mountain",
    "opencountry",
    "street",
    "tallbuilding",
)

SEMANTIC_CLASSES: dict[str, Colour] = {
    "awning": (214, 74, 62),
    "balcony": (150, 96, 132),
    "bird": (252, 252, 120),
    "boat": (250, 150, 40),
    "bridge": (118, 88, 66),
    "building": (176, 122, 106),
    "bus": (228, 30, 150),
    "car": (140, 20, 190),
    "cow": (92, 44, 20),
    "crosswalk": (240, 226, 240),
    "desert": (232, 168, 96),
    "door": (110, 24, 40),
    "fence": (196, 170, 150),
    "field": (196, 206, 84),
    "grass": (104, 190, 60),
    "moon": (236, 240, 255),
    "mountain": (128, 112, 168),
    "person": (255, 64, 64),
    "plant": (16, 220, 140),
    "pole": (60, 60, 110),
    "river": (92, 160, 226),
    "road": (104, 104, 112),
    "rock": (134, 126, 110),
    "sand": (244, 222, 164),
    "sea": (30, 84, 180),
    "sidewalk": (198, 196, 204),
    "sign": (20, 180, 210),
    "sky": (160, 214, 250),
    "staircase": (180, 140, 60),
    "streetlight": (230, 190, 250),
    "sun": (255, 230, 0),
    "tree": (24, 112, 48),
    "window": (64, 220, 230),
}
GEOMETRIC_CLASSES: dict[str, Colour] = {
    "sky": (160, 214, 250),
    "horizontal": (120, 178, 88),
    "vertical": (204, 96, 84),
}


@cache
def released_test() -> tuple[str, ...]:
    """The 200 images of the released test list."""
    path = Path(__file__).parent / "lists/siftflow-test.txt"
    return tuple(path.read_text("utf-8").split())
