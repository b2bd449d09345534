"""inetwork.py and what both scripts share: masks, colours, several styles."""

from itertools import pairwise

import numpy as np
import pytest

import inetwork
import network
from models.layers import layer_names
from neural_style.command.reporter import Reporter
from neural_style.painting.objective import objective as objective_of
from neural_style.pictures import images
from tests.conftest import CASTLE, REFERENCE, STARRY_NIGHT
from tests.short_runs import content_of, painted

SMALL = ["--image_size", "48", "--evaluations", "4"]


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
    result = painted(inetwork, tmp_path, "--num_iter", 1, "--evaluations", 30)
    painting = images.to_array(images.read(STARRY_NIGHT), result.shape[:2])
    before = np.abs(content_of(result).mean(axis=(0, 1)) - painting.mean(axis=(0, 1))).sum()
    assert np.abs(result.mean(axis=(0, 1)) - painting.mean(axis=(0, 1))).sum() < 0.6 * before


@pytest.mark.parametrize("script", [network, inetwork])
def test_one_masked_style_changes_its_region_most(tmp_path, halves, script):
    weights = ["--content_weight", 0, "--total_variation_weight", 0]
    result = painted(script, tmp_path, "--num_iter", 2, "--style_masks", halves[0], *weights)
    change = np.abs(result - content_of(result)).mean(axis=(0, 2))
    middle = len(change) // 2
    assert change[: middle - 8].mean() > 2 * change[middle + 8 :].mean()


def loss_and_gradient(script, weights, *flags, content=CASTLE, styles=(STARRY_NIGHT,)):
    """Evaluate a script's objective at the style picture, a start that differs from the content."""
    from keras import ops

    arguments = [str(content), *map(str, styles), "unused", "--init_image", str(STARRY_NIGHT), *map(str, flags)]
    task = script.METHOD.task(arguments)
    (pictures,) = task.read(Reporter(quiet=True))
    objective = objective_of(task, pictures, weights)
    loss, _, gradient = objective.evaluate(ops.convert_to_tensor(pictures.start.ravel(), "float32"))
    return loss, np.asarray(gradient)


@pytest.mark.parametrize(
    ("script", "chain"), [(network, []), (inetwork, []), (inetwork, ["--chain", "difference"])], ids=repr
)
@pytest.mark.parametrize(
    "flags",
    [
        ["--style_masks", "WHITE"],
        ["--style_masks", "WHITE", "--content_mask", "WHITE", "--mask_feather", 5],
        ["--style_masks", "WHITE", "--content_masks", "WHITE", "--style_mask_space", "style"],
    ],
    ids=lambda flags: flags[-1],
)
def test_a_mask_that_is_white_everywhere_is_no_mask(tmp_path, weights, script, chain, flags, uncompiled):
    images.to_picture(np.full((35, 52, 3), 255)).save(tmp_path / "white.png")
    flags = [tmp_path / "white.png" if flag == "WHITE" else flag for flag in flags]
    common = ["--image_size", 35, "--style_fit", "keep", *chain]
    style = [REFERENCE / "style1.png"]
    loss, gradient = loss_and_gradient(script, weights, *common, styles=style)
    masked_loss, masked_gradient = loss_and_gradient(script, weights, *common, *flags, styles=style)
    assert masked_loss == pytest.approx(loss, rel=1e-5)
    assert np.linalg.norm(masked_gradient - gradient) < 1e-4 * np.linalg.norm(gradient)


@pytest.mark.parametrize("script", [network, inetwork])
def test_vgg19_paints_too(tmp_path, vgg19_file, script):
    result = painted(script, tmp_path, "--num_iter", 1, "--model", "vgg19", "--weights", vgg19_file)
    assert not np.array_equal(result, content_of(result))


def test_inetwork_refuses_an_unknown_chain(tmp_path):
    with pytest.raises(SystemExit) as exit:
        painted(inetwork, tmp_path, "--chain", "iron")
    assert exit.value.code == 2
