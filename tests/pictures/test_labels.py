"""Label maps: colours become labels, and labels become soft masks at every layer of the network."""

import numpy as np
import pytest
from PIL import Image

from neural_style.errors import InputError
from neural_style.pictures import images, labels
from tests.conftest import ROOT, STARRY_NIGHT

RED, GREEN, BLUE = (250, 10, 10), (10, 200, 20), (20, 30, 220)


def picture(array):
    return Image.fromarray(np.asarray(array, "uint8"))


def stripes(*colours, height=40, width=20):
    """Horizontal stripes of equal height."""
    return picture(np.repeat(np.repeat([[c] for c in colours], height // len(colours), axis=0), width, axis=1))


def smooth_border():
    """Red over green, enlarged so that a narrow band of blends lies between."""
    return stripes(RED, GREEN).resize((300, 1200), Image.Resampling.BILINEAR)


def as_set(colours):
    return {tuple(np.rint(colour).astype(int)) for colour in colours}


def test_without_a_number_every_frequent_colour_is_a_label():
    assert as_set(labels.palette([stripes(RED, GREEN), stripes(GREEN, BLUE)])) == {RED, GREEN, BLUE}


def test_the_blends_of_a_smooth_border_are_no_labels_and_go_to_the_nearest():
    image = smooth_border()
    colours = labels.palette([image])
    assert as_set(colours) == {RED, GREEN}
    found = labels.nearest(image, colours)
    assert len(np.unique(found[:590])) == len(np.unique(found[610:])) == 1
    assert np.count_nonzero(np.diff(found[:, 0])) == 1


@pytest.mark.parametrize("noise", [0, 6])
def test_k_means_finds_the_colours_of_noisy_maps(noise):
    generator = np.random.default_rng(0)
    maps = [stripes(RED, GREEN, BLUE, BLUE), stripes(BLUE, RED, GREEN, GREEN)]
    noisy = [picture(np.clip(np.asarray(m, float) + generator.normal(0, noise, (40, 20, 3)), 0, 255)) for m in maps]
    colours = labels.palette(noisy, 3)
    distances = np.abs(colours[:, None] - np.array([RED, GREEN, BLUE], float)[None]).max(axis=-1).min(axis=0)
    assert distances.max() < 5
    assert np.array_equal(labels.palette(noisy, 3), colours)


def test_fewer_labels_than_colours_join_the_nearest_ones():
    colours = labels.palette([stripes(RED, (230, 10, 10), BLUE, BLUE)], 2)
    assert len(np.unique(labels.nearest(stripes(RED, (230, 10, 10)), colours))) == 1


def test_more_labels_than_colours_are_refused():
    with pytest.raises(InputError, match="--nlabels 4 is more than the 3 colours"):
        labels.palette([stripes(RED, GREEN), stripes(BLUE, RED)], 4)


def test_a_photograph_is_refused_as_a_map():
    noise = picture(np.random.default_rng(0).integers(0, 256, (40, 40, 3)))
    with pytest.raises(InputError, match=r"0 colours .* does not look like a map"):
        labels.palette([noise.resize((400, 400), Image.Resampling.BICUBIC)])
    few_levels = picture(np.random.default_rng(0).integers(0, 4, (40, 40, 3)) * 80)
    with pytest.raises(InputError, match=r"64 colours .* does not look like a map"):
        labels.palette([few_levels])


def test_a_map_is_resized_without_new_colours():
    image = stripes(RED, GREEN)
    found = labels.nearest(image, np.array([RED, GREEN, (130, 105, 15)], float), (15, 7))
    assert found.shape == (15, 7)
    assert set(np.unique(found)) == {0, 1}


def test_colours_are_written_as_users_write_them():
    assert labels.hexadecimal(np.array([255.0, 7.6, 0.0])) == "#ff0800"


def masks_by_hand(mask, steps):
    """The means over 3×3 pixels inside the picture ("conv") and over 2×2 ("pool"), one pixel after the other."""
    for step in steps:
        height, width = mask.shape if step == "conv" else (mask.shape[0] // 2, mask.shape[1] // 2)
        result = np.zeros((height, width))
        for r, c in np.ndindex(height, width):
            window = mask[max(r - 1, 0) : r + 2, max(c - 1, 0) : c + 2]
            if step == "pool":
                window = mask[2 * r : 2 * r + 2, 2 * c : 2 * c + 2]
            result[r, c] = window.mean()
        mask = result
    return mask


def test_masks_go_through_what_the_features_go_through():
    map_ = np.random.default_rng(0).integers(0, 3, (19, 22))
    masks = labels.at_layers(map_, 3, "vgg16", ["conv1_1", "conv2_1", "conv3_2"])
    steps = {"conv1_1": ["conv"], "conv2_1": ["conv", "conv", "pool", "conv"]}
    steps["conv3_2"] = [*steps["conv2_1"], "conv", "pool", "conv", "conv"]
    for layer, path in steps.items():
        for label in range(3):
            assert np.allclose(masks[layer][0, :, :, label], masks_by_hand((map_ == label) * 1.0, path), atol=1e-6)


def test_the_masks_of_all_labels_add_up_to_one_at_every_layer():
    map_ = np.random.default_rng(1).integers(0, 4, (48, 35))
    for masks in labels.at_layers(map_, 4, "vgg19", ["conv1_2", "conv4_4", "conv5_1"]).values():
        assert np.allclose(masks.sum(axis=-1), 1, atol=1e-5)


def test_no_mask_is_below_zero_or_above_one_at_any_layer():
    """Their roots are taken, and what is a little below zero has none."""
    regions = images.read(ROOT / "images" / "inputs" / "doodle" / "village-street-style.png")
    regions = labels.nearest(regions, labels.palette([regions]), (160, 239))
    masks = labels.at_layers(regions, 5, "vgg16", ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"])
    assert min(values.min() for values in masks.values()) == 0
    assert max(values.max() for values in masks.values()) <= 1


def test_a_label_that_vanishes_is_named_with_its_layer():
    map_ = np.zeros((33, 33), int)
    map_[32, 32] = 1
    masks = labels.at_layers(map_, 2, "vgg16", ["conv1_1", "conv2_1", "conv5_1"])
    assert labels.lost(masks) == ("conv5_1", 1)
    assert labels.lost({"conv1_1": masks["conv1_1"]}) is None


def test_inside_is_what_does_not_see_beyond_the_picture_if_there_is_any():
    masks = np.zeros((1, 4, 5, 2), "float32")
    masks[0, :, :, 0] = 1
    masks[0, 0, :, 1] = 1  # Nowhere but at the border.
    inner = labels.inside(masks)
    assert np.array_equal(inner[0, :, :, 0], np.pad(np.ones((2, 3)), 1))
    assert np.array_equal(inner[..., 1], masks[..., 1])
    assert np.array_equal(labels.inside(masks[:, :2]), masks[:, :2])


def test_a_painting_beside_a_map_is_refused():
    regions = np.zeros((200, 300, 3), "uint8")
    regions[:, 150:] = 255
    painting = images.read(STARRY_NIGHT)
    with pytest.raises(InputError, match=r"^starry\.jpg has .* on only .* of it: paint with a few plain colours"):
        labels.palette([Image.fromarray(regions), painting], names=["regions.png", "starry.jpg"])


def test_colours_that_a_compression_has_spread_are_refused():
    regions = np.zeros((60, 90, 3), "uint8")
    regions[:, 30:60] = (48, 96, 208)
    regions[:, 60:] = (46, 96, 208)
    other = np.array(regions)
    regions[:, 60:] = 0
    names = "#3060d0 of a.png and #2e60d0 of b.png"
    with pytest.raises(InputError, match=rf"two colours hardly differ, {names}: .* with --nlabels"):
        labels.palette([Image.fromarray(regions), Image.fromarray(other)], names=["a.png", "b.png"])


def test_k_means_looks_at_all_columns_of_a_large_map():
    """Every sixteenth pixel of rows of 2048 would always be of the same columns."""
    array = np.full((2048, 2048, 3), RED, "uint8")
    array[:, 1000:] = GREEN
    array[:, 1001:1008] = BLUE
    assert as_set(labels.palette([picture(array)], 3)) == {RED, GREEN, BLUE}


def test_a_colour_that_is_frequent_in_one_map_is_a_label_however_rare_in_the_next():
    rare = np.full((100, 100, 3), RED, "uint8")
    rare[0, :5] = GREEN
    assert as_set(labels.palette([stripes(RED, GREEN), picture(rare)])) == {RED, GREEN}


def test_two_nearly_equal_colours_are_refused_though_there_is_no_other():
    with pytest.raises(InputError, match="two colours hardly differ"):
        labels.palette([stripes((250, 10, 10), (240, 10, 10))])


def test_a_map_that_is_plain_in_most_parts_only_is_refused():
    array = np.random.default_rng(0).integers(0, 256, (100, 100, 3), "uint8")
    array[:35], array[35:70] = RED, BLUE
    with pytest.raises(InputError, match=r"on only 70% of it: paint with a few plain colours"):
        labels.palette([picture(array)])


def test_as_many_labels_as_are_allowed_are_taken():
    colours = [(30 + 60 * (n % 4), 30 + 60 * (n // 4 % 4), 30 + 90 * (n // 16)) for n in range(labels.MOST_LABELS)]
    assert as_set(labels.palette([stripes(*colours, height=320)])) == set(colours)
