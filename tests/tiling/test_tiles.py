"""Tiles share out a picture and see far enough."""

import numpy as np
import pytest

from models.layers import layer_names, size_at
from neural_style.tiling.tiles import ALIGNMENT, intervals, margin


@pytest.mark.parametrize("length", [16, 95, 96, 97, 111, 112, 200, 290, 384, 387, 400, 1000])
def test_every_position_belongs_to_one_tile_which_sees_its_margin(length):
    around = 80
    parts = intervals(length, 96, around)
    for layer in ("image", *layer_names("vgg16")):
        owned = np.zeros(size_at(layer, (length, 0))[0], int)
        for part in parts:
            own = part.own(layer)
            assert own.stop > own.start
            owned[own] += 1
        shared = len(parts) - 1 if layer == "image" else 0  # Neighbouring pixels across each border.
        assert owned.min() == 1
        assert owned.sum() == len(owned) + shared
    for part in parts:
        assert part.first <= max(0, part.begin - around)
        assert part.last >= min(length, part.end + around)
        assert part.first % 16 == 0
        assert part.last % 16 == 0 or part.last == length


@pytest.mark.parametrize("layer", ["conv1_1", "conv2_2", "conv3_3", "conv5_2"])
def test_the_margin_is_what_a_position_sees(layer, extractor, random_image):
    """Pixels beyond the margin do not change a position's features, some of those before it do."""
    model, around = extractor([layer]), margin("vgg16", [layer])
    image = random_image(128, 256)
    row, column = 64, 128

    def change(first):
        changed = image.copy()
        changed[:, :first] = 255 - changed[:, :first]
        at = (0, *size_at(layer, (row, column)))
        return np.abs(np.asarray(model(changed[None])[layer])[at] - np.asarray(model(image[None])[layer])[at]).max()

    assert change(column - around) == 0
    assert change(column - around + ALIGNMENT) > 0
