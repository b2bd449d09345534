"""inetwork.py and what both scripts share: masks, colours, several styles."""

from itertools import pairwise

import numpy as np
import pytest
from conftest import CASTLE, REFERENCE, STARRY_NIGHT
from PIL import Image

import inetwork
import network
from models.layers import layer_names
from neural_style import color, images
from neural_style.errors import InputError

SMALL = ["--image_size", "48", "--evaluations", "4"]


@pytest.fixture
def halves(tmp_path):
    """The paths of two masks of the castle, white on the left and on the right."""
    left = np.zeros((683, 1024, 3))
    left[:, :512] = 255
    paths = [tmp_path / "left.png", tmp_path / "right.png"]
    for path, values in zip(paths, (left, 255 - left), strict=True):
        images.to_picture(values).save(path)
    return [str(path) for path in paths]


def paint(script, tmp_path, *flags, styles=(STARRY_NIGHT,)):
    """Run a script in this process; return its picture as floats."""
    arguments = [str(CASTLE), *map(str, styles), str(tmp_path / "out"), *SMALL, *map(str, flags)]
    assert script.main(arguments) == 0
    return np.asarray(Image.open(tmp_path / "out.png"), float)


def content_of(picture):
    return images.to_array(images.read(CASTLE), picture.shape[:2])


def test_the_style_weights_of_the_paper_fall_by_half_with_each_layer_and_add_up_to_one():
    weights = [weight for weight, _ in inetwork.style_products("vgg16", "correlation")]
    assert len(weights) == 12
    assert sum(weights) == pytest.approx(1)
    assert np.divide(weights[:-1], weights[1:]) == pytest.approx([2] * 11)


def test_the_chain_correlates_each_layer_with_the_next():
    pairs = [product.layers for _, product in inetwork.style_products("vgg19", "correlation")]
    names = layer_names("vgg19")
    assert pairs == list(pairwise(names))
    assert len(pairs) == 15


@pytest.mark.parametrize("network_name", ["vgg16", "vgg19"])
def test_the_difference_chain_is_the_original_sum_gathered_by_layer(network_name):
    count = len(layer_names(network_name))
    losses = np.random.default_rng(0).uniform(1, 100, count)
    original = sum((losses[i] - losses[i + 1]) / 2 ** (count - 2 - i) for i in range(count - 1))
    weights = [weight for weight, _ in inetwork.style_products(network_name, "difference")]
    assert np.dot(weights, losses) == pytest.approx(original)


def test_inetwork_paints_the_colours_of_the_style(tmp_path):
    result = paint(inetwork, tmp_path, "--num_iter", 1, "--evaluations", 30)
    painting = images.to_array(images.read(STARRY_NIGHT), result.shape[:2])
    before = np.abs(content_of(result).mean(axis=(0, 1)) - painting.mean(axis=(0, 1))).sum()
    assert np.abs(result.mean(axis=(0, 1)) - painting.mean(axis=(0, 1))).sum() < 0.6 * before


@pytest.mark.parametrize("script", [network, inetwork])
def test_one_masked_style_changes_its_region_most(tmp_path, halves, script):
    weights = ["--content_weight", 0, "--total_variation_weight", 0]
    result = paint(script, tmp_path, "--num_iter", 2, "--style_masks", halves[0], *weights)
    change = np.abs(result - content_of(result)).mean(axis=(0, 2))
    middle = len(change) // 2
    assert change[: middle - 8].mean() > 2 * change[middle + 8 :].mean()


def test_pixels_that_no_mask_covers_stay_the_contents(tmp_path, halves):
    result = paint(network, tmp_path, "--num_iter", 1, "--style_masks", halves[0], "--keep_unmasked")
    middle = result.shape[1] // 2
    assert np.array_equal(result[:, middle + 1 :], content_of(result)[:, middle + 1 :])
    assert not np.array_equal(result[:, :middle], content_of(result)[:, :middle])


def test_a_feathered_mask_fades_into_the_content(tmp_path, halves):
    flags = ["--num_iter", 1, "--style_masks", halves[0], "--keep_unmasked", "--mask_feather", 8]
    result = paint(network, tmp_path, *flags)
    middle = result.shape[1] // 2
    assert not np.array_equal(result[:, middle + 2], content_of(result)[:, middle + 2])
    assert np.array_equal(result[:, -1], content_of(result)[:, -1])


def test_the_contents_colours_can_be_preserved(tmp_path):
    result = paint(network, tmp_path, "--num_iter", 1, "--preserve_color", "True")
    content = content_of(result)
    inside = ((result > 0) & (result < 255)).all(axis=2)
    difference = (result - content) - ((result - content) @ color.LUMA)[..., None]
    assert np.abs(difference[inside]).max() < 2
    assert np.abs(result - content).mean() > 3


def test_a_colour_mask_limits_that_to_its_white(tmp_path, halves):
    plain = paint(network, tmp_path, "--num_iter", 1)
    masked = paint(network, tmp_path, "--num_iter", 1, "--preserve_color", "--color_mask", halves[0])
    middle = plain.shape[1] // 2
    assert np.array_equal(masked[:, middle + 1 :], plain[:, middle + 1 :])
    assert not np.array_equal(masked[:, :middle], plain[:, :middle])


@pytest.mark.parametrize("match", ["linear", "histogram"])
def test_matched_styles_leave_the_contents_mean_colour(tmp_path, match):
    result = paint(network, tmp_path, "--num_iter", 1, "--evaluations", 20, "--color_match", match)
    assert np.abs(result.mean(axis=(0, 1)) - content_of(result).mean(axis=(0, 1))).max() < 20


def test_the_sky_of_a_painting_goes_onto_the_sky_of_the_photograph(tmp_path, halves):
    """A style mask on the style picture, which has another aspect ratio, and a content mask on the content."""
    sky = np.zeros((568, 718, 3))
    sky[:300] = 255
    images.to_picture(sky).save(tmp_path / "sky.png")
    flags = ["--style_fit", "keep", "--style_mask_space", "style", "--style_masks", tmp_path / "sky.png"]
    result = paint(network, tmp_path, "--num_iter", 2, "--content_weight", 0, *flags, "--content_masks", halves[0])
    change = np.abs(result - content_of(result)).mean(axis=(0, 2))
    middle = len(change) // 2
    assert change[: middle - 8].mean() > 2 * change[middle + 8 :].mean()


def test_a_content_mask_is_shared_by_all_styles(tmp_path, halves):
    flags = ["--num_iter", 1, "--content_weight", 0, "--content_mask", halves[1], "--style_weight", 1, 0.5]
    result = paint(network, tmp_path, *flags, styles=(STARRY_NIGHT, REFERENCE / "style1.png"))
    change = np.abs(result - content_of(result)).mean(axis=(0, 2))
    middle = len(change) // 2
    assert change[middle + 8 :].mean() > 2 * change[: middle - 8].mean()


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--style_masks", "LEFT", "RIGHT"], "--style_masks has 2 masks for 1 styles"),
        (["--style_masks", "nowhere.png"], "there is no picture nowhere.png"),
        (["--style_mask_space", "style", "--style_masks", "LEFT"], "needs --style_masks on the styles"),
        (["--content_masks", "LEFT"], "--content_masks needs --style_mask_space style"),
        (["--color_mask", "LEFT"], "--color_mask says where --preserve_color True applies"),
    ],
)
def test_masks_that_do_not_go_together_are_refused(tmp_path, halves, flags, problem):
    flags = [{"LEFT": halves[0], "RIGHT": halves[1]}.get(flag, flag) for flag in flags]
    with pytest.raises(InputError) as error:
        paint(network, tmp_path, *flags)
    assert problem in str(error.value)


@pytest.mark.parametrize("script", [network, inetwork])
def test_vgg19_paints_too(tmp_path, vgg19_file, script):
    result = paint(script, tmp_path, "--num_iter", 1, "--model", "vgg19", "--weights", vgg19_file)
    assert not np.array_equal(result, content_of(result))


def test_inetwork_refuses_an_unknown_chain(tmp_path):
    with pytest.raises(SystemExit) as exit:
        paint(inetwork, tmp_path, "--chain", "iron")
    assert exit.value.code == 2
