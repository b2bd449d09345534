"""The Wasserstein loss is the distance of two normal distributions, as scipy has it in double precision."""

import numpy as np
import pytest
from keras import ops
from scipy.linalg import sqrtm

from models.vgg import COLOUR_DEVIATION
from neural_style import backend
from neural_style.losses import wasserstein
from neural_style.losses.products import MomentsProduct
from neural_style.losses.style import Style
from neural_style.losses.wasserstein import normal, polar, wasserstein_loss
from tests.losses.numerical import evaluate, features, numerical_gradient

LAYER = "conv1_1"


def colourful(height, width, channels, seed):
    """Features whose channels vary together and by very different amounts, as those of a network do."""
    mixing = np.random.default_rng(1000 + seed).normal(size=(channels, channels)) * np.geomspace(1, 0.03, channels)
    return (COLOUR_DEVIATION * (features(height, width, channels, seed) @ mixing + 1)).astype("float32")


def style_of(features, weight=1.0, region=0, mask=None):
    product, masks = MomentsProduct(LAYER), None if mask is None else {LAYER: mask}
    sums = np.asarray(product({LAYER: features}, masks))[0]
    return Style([sums], [product.areas(features.shape[1:3], masks)[0]], weight, region)


def loss_of(styles, size, masks=None, weight=1.0):
    return wasserstein_loss([(weight, MomentsProduct(LAYER))], styles, size, masks)


def moments(features, weights=None):
    """Return the mean and covariance of features / COLOUR_DEVIATION, and the mean variance, in double precision."""
    matrix = features.astype("float64").reshape(-1, features.shape[-1]) / COLOUR_DEVIATION
    weights = np.ones(len(matrix)) if weights is None else np.ravel(weights).astype("float64")
    mean = np.average(matrix, axis=0, weights=weights)
    covariance = np.cov(matrix.T, aweights=weights, ddof=0)
    return mean, covariance


def expected(generated, style):
    """The loss between two (mean, covariance) by its definition."""
    (mean, covariance), (style_mean, style_covariance) = generated, style
    channels = len(mean)
    epsilon = wasserstein.LEAST_EPSILON + wasserstein.RELATIVE_EPSILON * np.trace(style_covariance) / channels
    here, there = (matrix + epsilon * np.eye(channels) for matrix in (covariance, style_covariance))
    root = sqrtm(there)
    trace = np.trace(here + there - 2 * np.real(sqrtm(root @ here @ root)))
    return (np.sum((mean - style_mean) ** 2) + trace) / channels


@pytest.mark.parametrize("channels", [3, 16, 64])
def test_the_loss_is_the_distance_of_the_two_distributions(channels):
    style, generated = colourful(16, 20, channels, seed=1), colourful(12, 25, channels, seed=2)
    loss = loss_of([style_of(style)], (12, 25), weight=0.25)
    assert evaluate(loss, {LAYER: generated}) == pytest.approx(
        0.25 * expected(moments(generated), moments(style)), rel=1e-4
    )


def test_the_loss_is_zero_where_the_distributions_are_the_same_however_large_the_pictures():
    texture = colourful(4, 5, 8, seed=3)
    loss = loss_of([style_of(np.tile(texture, (1, 2, 3, 1)))], (12, 5))
    other = evaluate(loss, {LAYER: colourful(12, 5, 8, seed=4)})
    assert evaluate(loss, {LAYER: np.tile(texture, (1, 3, 1, 1))}) < 1e-8 * other


def test_several_styles_are_one_distribution_by_their_weights():
    styles, weights = [colourful(8, 9, 6, seed) for seed in (1, 2, 3)], [1.0, 3.0, 0.0]
    generated = colourful(7, 9, 6, seed=4)
    loss = loss_of([style_of(style, weight) for style, weight in zip(styles, weights, strict=True)], (7, 9))
    mixed = moments(np.concatenate(styles), np.repeat(weights, 8 * 9))
    assert evaluate(loss, {LAYER: generated}) == pytest.approx(expected(moments(generated), mixed), rel=1e-4)


def test_the_variance_of_the_styles_is_their_mean_over_channels_layers_and_regions():
    styles, weights = [colourful(8, 9, channels, seed) for channels, seed in ((6, 1), (12, 2))], (0.75, 0.25)
    sums, product = [style_of(features).sums[0] for features in styles], MomentsProduct(LAYER)
    loss = wasserstein_loss([(v, product) for v in weights], [Style(sums, [8 * 9] * 2, 1.0)], (8, 9))
    variances = [np.trace(moments(features)[1]) / features.shape[-1] for features in styles]
    epsilon = 1 + wasserstein.RELATIVE_EPSILON
    assert loss.variance == pytest.approx(epsilon * np.dot(weights, variances) + wasserstein.LEAST_EPSILON, rel=1e-4)


def test_each_region_has_its_own_distribution_and_weighs_its_share():
    styles, generated = [colourful(8, 9, 6, seed) for seed in (1, 2)], colourful(10, 12, 6, seed=3)
    masks = np.random.default_rng(4).uniform(size=(1, 10, 12, 2)).astype("float32")
    style_mask = np.random.default_rng(5).uniform(size=(1, 8, 9, 1)).astype("float32")
    loss = loss_of([style_of(styles[0], region=1), style_of(styles[1], 2.0, 0, style_mask)], (10, 12), {LAYER: masks})
    result = sum(
        share * expected(moments(generated, masks[..., region]), moments(style, mask))
        for region, style, mask, share in [
            (1, styles[0], None, masks[..., 1].mean()),
            (0, styles[1], style_mask, masks[..., 0].mean()),
        ]
    )
    assert evaluate(loss, {LAYER: generated}) == pytest.approx(result, rel=1e-4)


def gradient_of(loss, features):
    differentiate = backend.value_and_grad(lambda x: (loss.value(loss.sums({LAYER: x}, loss.guides)), ()))
    value, _, gradient = differentiate(ops.convert_to_tensor(features))
    return float(value), np.asarray(gradient)


def test_the_gradient_is_that_of_finite_differences():
    style, generated = colourful(5, 6, 4, seed=1), colourful(5, 7, 4, seed=2)
    masks = {LAYER: np.random.default_rng(3).uniform(0.2, 1, size=(1, 5, 7, 1)).astype("float32")}

    def double(x):
        return masks[LAYER].mean() * expected(moments(x, masks[LAYER]), moments(style))

    _, gradient = gradient_of(loss_of([style_of(style)], (5, 7), masks), generated)
    numerical = numerical_gradient(double, generated.astype("float64"))
    assert np.linalg.norm(gradient - numerical) < 1e-3 * np.linalg.norm(numerical)


@pytest.mark.parametrize("size", [(2, 3), (1, 1)])
def test_a_region_of_fewer_positions_than_channels_has_a_loss_and_a_gradient(size):
    style, generated = colourful(8, 9, 32, seed=1), colourful(*size, 32, seed=2)
    value, gradient = gradient_of(loss_of([style_of(style)], size), generated)
    mean, covariance = (
        moments(generated) if size != (1, 1) else (generated.ravel() / COLOUR_DEVIATION, np.zeros((32, 32)))
    )
    assert value == pytest.approx(expected((mean, covariance), moments(style)), rel=1e-3)
    assert np.isfinite(gradient).all()


def test_a_flat_style_wants_a_flat_picture():
    generated = colourful(6, 7, 8, seed=2)
    loss = loss_of([style_of(np.full((1, 4, 4, 8), COLOUR_DEVIATION, "float32"))], (6, 7))
    value, gradient = gradient_of(loss, generated)
    flatter = 0.9 * generated + 0.1 * COLOUR_DEVIATION
    assert value == pytest.approx(expected(moments(generated), (np.ones(8), np.zeros((8, 8)))), rel=1e-3)
    assert evaluate(loss, {LAYER: flatter}) < value
    assert np.sum(gradient * (flatter - generated)) < 0


def test_from_a_flat_start_the_loss_is_finite():
    loss = loss_of([style_of(colourful(6, 7, 8, seed=2))], (5, 5))
    value, gradient = gradient_of(loss, np.full((1, 5, 5, 8), 40, "float32"))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_features_that_are_not_finite_give_a_loss_that_is_not():
    generated = colourful(6, 7, 8, seed=1)
    generated[0, 2, 3, 4] = np.nan
    assert not np.isfinite(evaluate(loss_of([style_of(colourful(6, 7, 8, seed=2))], (6, 7)), {LAYER: generated}))


def test_the_loss_of_two_halves_is_that_of_the_whole():
    generated = colourful(8, 6, 16, seed=9)
    loss = loss_of([style_of(colourful(7, 7, 16, seed=8))], (8, 6))
    halves = [loss.sums({LAYER: generated[:, rows]}, {})[0] for rows in (slice(0, 3), slice(3, 8))]
    assert float(loss.value({0: sum(halves)})) == pytest.approx(evaluate(loss, {LAYER: generated}), rel=1e-5)


def test_the_polar_factor_is_that_of_the_singular_values():
    rotations = [np.linalg.qr(np.random.default_rng(seed).normal(size=(40, 40)))[0] for seed in (1, 2, 3)]
    matrices = np.stack([rotations[0] * np.geomspace(1, 1e-4, 40) @ rotations[1].T, rotations[2]])
    left, _, right = np.linalg.svd(matrices)
    assert np.allclose(polar(ops.convert_to_tensor(matrices, "float32")), left @ right, atol=2e-3)


def test_a_normal_distribution_of_rounded_moments_has_a_root():
    rounded = np.concatenate([np.ones((1, 5)), np.full((5, 5), 1 - 1e-7)])
    assert np.isfinite(normal([rounded]).root).all()
