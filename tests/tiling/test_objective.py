"""A picture in tiles has the loss and the gradient of the picture in one piece."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from keras import ops

import inetwork
import network
import neural_doodle
import paint
from neural_style.command.reporter import Reporter
from neural_style.painting import flagship
from neural_style.painting.objective import objective as objective_of
from neural_style.tiling.memory import ONE_PIECE
from neural_style.tiling.objective import Functions
from tests.conftest import CASTLE, REFERENCE, ROOT, SHALLOW, STARRY_NIGHT, opened

MASKS = [REFERENCE / "mask1.png", REFERENCE / "mask2.png"]
SIDE = 64


@pytest.fixture(scope="module")
def tall(tmp_path_factory):
    """A photograph six times as high as wide, whose tiles lie one above the other: a sixth of a square's work."""
    path = tmp_path_factory.mktemp("content") / "tall.png"
    opened(CASTLE).crop((300, 0, 415, 683)).save(path)
    return path


def transfer_task(script, content, size, *flags, styles=(STARRY_NIGHT,)):
    return script.METHOD.task([*map(str, [content, *styles, "out", "--image_size", size, *flags])])


def square_task(script, size, *flags):
    return transfer_task(script, CASTLE, size, "--maintain_aspect_ratio", "False", *flags)


def two_styles(script, content, size, *flags):
    styles = [REFERENCE / "style1.png", REFERENCE / "style2.png"]
    return transfer_task(script, content, size, "--style_weight", 1, 0.4, *flags, styles=styles)


def two_masks(script, content, size, *flags):
    return two_styles(script, content, size, *flags, "--style_masks", *MASKS)


def doodle_task(tall, rows, *flags):
    """A doodle as narrow as the photograph `tall`, of parts of the maps and of the style that have all five labels."""
    inputs, folder = ROOT / "images/inputs", tall.parent
    files = ["--content-image", tall, "--img-size", rows, "--target-image-prefix", "out"]
    for flag, path, left in (
        ("--style-image", inputs / "style/starry-night.jpg", 0.38),
        ("--style-mask", inputs / "doodle/starry-night-style.png", 0.38),
        ("--target-mask", inputs / "doodle/starry-night-target.png", 0.63),
    ):
        picture = opened(path)
        left = round(left * picture.width)
        picture.crop((left, 0, left + picture.height // 5, picture.height)).save(folder / f"{path.stem}.png")
        files += [flag, folder / f"{path.stem}.png"]
    return neural_doodle.METHOD.task([*map(str, [*files, *flags])])


TWO_REGIONS = ["--nlabels", 2]
"""Flags of a doodle whose regions are two, not five: each takes the same steps."""

CASES = {
    "one style": lambda tall: transfer_task(network, tall, 240),
    "average pooling and no multiple of 16": lambda tall: transfer_task(network, tall, 215, "--pool_type", "ave"),
    "odd sizes and a content loss of means": lambda tall: transfer_task(network, tall, 213, "--content_loss_type", 2),
    "two styles in their own sizes": lambda tall: two_styles(network, tall, 205, "--style_fit", "keep"),
    "two masked styles": lambda tall: two_masks(network, tall, 209),
    "two masked styles by area": lambda tall: two_masks(
        network, tall, 200, "--style_mask_space", "style", "--content_masks", *MASKS
    ),
    "correlated layers": lambda tall: transfer_task(inetwork, tall, 215),
    "correlated layers under masks": lambda tall: two_masks(inetwork, tall, 203),
    "differences of layers": lambda tall: transfer_task(inetwork, tall, 200, "--chain", "difference"),
    "differences of layers under masks": lambda tall: two_masks(inetwork, tall, 205, "--chain", "difference"),
    "distributions": lambda tall: transfer_task(paint, tall, 211, "--scales", 211),
    "distributions under masks": lambda tall: two_masks(paint, tall, 203, "--scales", 203),
    "a doodle of distributions": lambda tall: doodle_task(tall, 160, *TWO_REGIONS, "--style_loss", "wasserstein"),
    "a doodle": lambda tall: doodle_task(tall, 161),
    "an improved doodle": lambda tall: doodle_task(tall, 160, *TWO_REGIONS, "--improved"),
    "only smoothness and content": lambda tall: transfer_task(
        network, tall, 222, "--style_weight", 0, "--content_weight", 1
    ),
    "tiles with others all around and a rest of few rows": lambda tall: square_task(network, 3 * SIDE + 7),
}

FEWER_LAYERS = {"distributions under masks", "a doodle of distributions"}
"""Cases with every other layer, the deepest too: roots of 512 channels take a second for each region and look."""


CONVOLVED_AS_LARGE = {
    "one style",
    "average pooling and no multiple of 16",
    "odd sizes and a content loss of means",
    "two masked styles",
    "correlated layers",
    "distributions",
    "tiles with others all around and a rest of few rows",
}
"""Cases by Winograd's convolutions, whose windows of four positions a tile must not cut."""


@pytest.mark.parametrize("case", CASES)
def test_loss_and_gradient_in_tiles_are_those_of_the_whole(
    case, tall, weights, random_image, uncompiled, monkeypatch, request
):
    """To what is rounded: at some places of some pictures that turns a maximum or a ReLU, and the gradient with it, so
    that one of three pictures must show the equality. An error in the tiles would show in all."""
    if case in FEWER_LAYERS:
        for script in (flagship, neural_doodle):
            monkeypatch.setattr(script, "STYLE_LAYERS", ("conv1_1", "conv3_1", "conv5_1"))
    if case in CONVOLVED_AS_LARGE:
        request.getfixturevalue("as_large")
    task = CASES[case](tall)
    (pictures,) = task.read(Reporter(quiet=True))
    in_one, in_tiles = (
        objective_of(task, pictures, weights, plan) for plan in (ONE_PIECE, replace(ONE_PIECE, side=SIDE))
    )
    differences = []
    while not differences or (differences[-1] >= 1e-5 and len(differences) < 3):
        image = ops.convert_to_tensor(random_image(*pictures.size, seed=2 * len(differences)).ravel())
        whole, terms, gradient = in_one.evaluate(image)
        tiled, tiled_terms, tiled_gradient = in_tiles.evaluate(image)
        assert tiled == pytest.approx(whole, rel=1e-5)
        assert tiled_terms == pytest.approx(terms, rel=1e-5)
        differences.append(np.linalg.norm(tiled_gradient - gradient) / np.linalg.norm(gradient))
    assert min(differences) < 1e-5, differences


def test_compiled_tiles_give_the_same(weights, random_image, shallow, as_large):
    task = square_task(network, SIDE + 32, *SHALLOW)
    (pictures,) = task.read(Reporter(quiet=True))
    image = ops.convert_to_tensor(random_image(*pictures.size).ravel())
    whole, _, gradient = objective_of(task, pictures, weights).evaluate(image)
    tiled, _, tiled_gradient = objective_of(task, pictures, weights, replace(ONE_PIECE, side=SIDE)).evaluate(image)
    assert tiled == pytest.approx(whole, rel=1e-5)
    assert np.linalg.norm(tiled_gradient - gradient) < 1e-5 * np.linalg.norm(gradient)


@pytest.mark.parametrize("side", [None, SIDE])
def test_a_point_on_a_line_is_evaluated_as_if_it_were_made_whole(side, weights, random_image, uncompiled, shallow):
    task = square_task(network, SIDE + 32, *SHALLOW)
    (pictures,) = task.read(Reporter(quiet=True))
    objective = objective_of(task, pictures, weights, replace(ONE_PIECE, side=side))
    vector, direction = (ops.convert_to_tensor(random_image(*pictures.size, seed).ravel()) for seed in (0, 1))
    whole, _, gradient = objective.evaluate(vector + 0.25 * direction)
    loss, _, its_gradient = objective.evaluate(vector, 0.25, direction)
    assert loss == pytest.approx(whole, rel=1e-6)
    assert np.allclose(its_gradient, gradient, rtol=1e-6, atol=1e-6 * np.abs(gradient).max())


def test_a_run_that_does_not_fit_goes_on_in_tiles(weights, random_image, uncompiled, shallow, monkeypatch):
    task = square_task(network, 160, *SHALLOW)
    (pictures,) = task.read(Reporter(quiet=True))
    said, counted = [], []
    reporter = SimpleNamespace(say=said.append, tile=lambda done, total: counted.append((done, total)))
    objective = objective_of(task, pictures, weights, reporter=reporter)
    image = ops.convert_to_tensor(random_image(*pictures.size).ravel())
    whole, _, gradient = objective.evaluate(image)

    def does_not_fit(*arguments):
        return ops.ones((2**20, 2**20, 2**10))  # More than there are addresses, so the backend's own error.

    monkeypatch.setattr(Functions, "whole", lambda functions: does_not_fit)
    tiled, _, tiled_gradient = objective.evaluate(image)

    assert said == ["the memory does not suffice: going on in tiles of 64 rows"]
    tiles = counted[-1][1]
    assert tiles > 2
    assert counted == [(number, tiles) for number in range(1, tiles + 1)]  # Each is looked at twice.
    assert tiled == pytest.approx(whole, rel=1e-5)
    assert np.linalg.norm(tiled_gradient - gradient) < 1e-5 * np.linalg.norm(gradient)
