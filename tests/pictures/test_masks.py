"""Masks reach every layer as the original scripts have them, and what they leave out is the content's."""

import numpy as np
import pytest
from PIL import Image

from neural_style.errors import InputError
from neural_style.pictures import masks


def mask_of(array):
    return Image.fromarray(np.asarray(array, "uint8"))


@pytest.fixture
def half():
    """White left of the middle, 32 × 48."""
    array = np.zeros((32, 48))
    array[:, :24] = 255
    return mask_of(array)


def test_a_mask_is_black_and_white_at_its_own_size():
    mask = mask_of([[0, 127, 129, 255]])
    assert masks.at_size(mask, (1, 4)).tolist() == [[0, 0, 1, 1]]


def test_a_border_that_falls_between_two_pixels_stays_half_a_weight():
    array = np.zeros((4, 12))
    array[:, :6] = 255
    values = masks.at_size(mask_of(array), (1, 3))
    assert values[0].tolist() == pytest.approx([1, 128 / 255, 0])


def test_a_mask_has_the_size_of_the_features_at_every_layer(half):
    by_layer = masks.at_layers(half, ["conv1_1", "conv2_2", "conv5_1"], (33, 50))
    assert {layer: values.shape for layer, values in by_layer.items()} == {
        "conv1_1": (1, 33, 50, 1),
        "conv2_2": (1, 16, 25, 1),
        "conv5_1": (1, 2, 3, 1),
    }
    for values in by_layer.values():
        assert values.mean() == pytest.approx(0.5, abs=0.2)


def test_a_feathered_border_passes_through_half_where_the_hard_one_was(half):
    soft = masks.at_size(masks.feathered(half, (32, 48), 6), (32, 48), soft=True)[16]
    assert soft[0] == pytest.approx(1, abs=0.01)
    assert soft[-1] == pytest.approx(0, abs=0.01)
    assert soft[23:25].mean() == pytest.approx(0.5, abs=0.02)
    assert (np.diff(soft) <= 0).all()
    assert 3 <= np.count_nonzero((soft > 0.1) & (soft < 0.9)) <= 12


def test_a_black_mask_is_refused(tmp_path):
    path = tmp_path / "black.png"
    mask_of(np.full((8, 8), 120)).save(path)
    with pytest.raises(InputError, match=r"black\.png is white nowhere"):
        masks.read(path)


def test_a_mask_too_small_for_a_layer_is_refused_and_the_layer_named():
    array = np.zeros((64, 64))
    array[30:34, 30:34] = 255
    with pytest.raises(InputError, match=r"the white of dot\.png .* layer conv4_1"):
        masks.at_layers(mask_of(array), ["conv1_1", "conv2_1", "conv4_1"], (64, 64), name="dot.png")


def test_a_mask_of_which_only_half_weights_are_left_counts_whole():
    assert masks.at_size(mask_of([[128, 0]]), (1, 2)).tolist() == [[1, 0]]


@pytest.mark.parametrize(("gray", "white"), [(127, False), (128, True)])
def test_what_is_lighter_than_half_is_white(tmp_path, gray, white):
    mask_of(np.full((8, 8), gray)).save(tmp_path / "gray.png")
    if white:
        masks.read(tmp_path / "gray.png")
        return
    with pytest.raises(InputError, match="is white nowhere"):
        masks.read(tmp_path / "gray.png")


def test_why_a_mask_is_white_nowhere_is_said(tmp_path):
    drawing = np.zeros((8, 8, 4), "uint8")
    drawing[2:6, 2:6, 3] = 255
    red = np.zeros((8, 8, 3), "uint8")
    red[2:6, 2:6] = (255, 0, 0)
    for array, reason in (
        (np.eye(8, dtype="uint8"), r"values are 0 and 1 of 255: multiply them by 255"),
        (drawing, "drawn in black, .*: draw in white"),
        (red, "lightest colour is as light as a gray of 76: paint white"),
        (np.eye(8, dtype="uint8") * 40, "lightest gray 40 of 255: paint white, or lighter than half"),
        (np.zeros((8, 8), "uint8"), "lightest gray 0 of 255: paint white, or lighter than half"),
    ):
        Image.fromarray(array).save(tmp_path / "mask.png")
        with pytest.raises(InputError, match=rf"mask\.png is white nowhere, .*{reason}"):
            masks.read(tmp_path / "mask.png")


@pytest.mark.parametrize(
    ("colour", "told"), [((255, 230, 0), True), ((180, 180, 160), False), ((255, 255, 255), False)]
)
def test_a_coloured_mask_is_told_of(tmp_path, colour, told):
    array = np.zeros((16, 16, 3), "uint8")
    array[:8] = colour
    Image.fromarray(array).save(tmp_path / "mask.png")
    said = []
    mask = np.asarray(masks.read(tmp_path / "mask.png", said.append))
    assert mask[:8].min() > 127
    assert [line.partition(":")[0] for line in said] == ["warning"] * told
