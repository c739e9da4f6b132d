"""Image files in and out of arrays."""

from fcnlib.datasets.images import voc_palette


def test_the_voc_palette_is_the_official_one():
    palette = voc_palette()
    assert palette[:4] == ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0))
    assert palette[15] == (192, 128, 128) and palette[20] == (0, 64, 128)
    assert palette[255] == (224, 224, 192)
