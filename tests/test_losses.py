"""Each loss has the value of its formula and the gradient of its value."""

import numpy as np
import pytest
from keras import ops

from neural_style import autodiff
from neural_style.losses import ContentLoss, StyleLoss, TotalVariationLoss, gram, style_grams


def features(height, width, channels, seed):
    return np.random.default_rng(seed).normal(size=(1, height, width, channels)).astype("float32")


def evaluate(loss, features):
    return float(loss.value(loss.sums(features, loss.guides)))


def numerical_gradient(function, x, step=1e-2):
    """Central differences of a scalar function of an array."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        upper, lower = x.copy(), x.copy()
        upper[index] += step
        lower[index] -= step
        gradient[index] = (function(upper) - function(lower)) / (2 * step)
    return gradient


@pytest.mark.parametrize(
    ("kind", "factor"), [(0, 1.0), (1, 1 / (2 * np.sqrt(4) * np.sqrt(40 * 56))), (2, 1 / (4 * 40 * 56))]
)
def test_content_loss_is_the_squared_distance_by_its_factor(kind, factor):
    target, generated = features(5, 7, 4, seed=1), features(5, 7, 4, seed=2)
    loss = ContentLoss("conv4_2", target, (40, 56), kind)
    expected = factor * np.sum((generated.astype("float64") - target) ** 2)
    assert evaluate(loss, {"conv4_2": generated}) == pytest.approx(expected, rel=1e-5)


def test_style_loss_of_several_styles_is_the_weighted_sum_of_their_distances():
    styles = [{"conv1_1": features(9, 9, 6, seed=s), "conv2_1": features(4, 4, 8, seed=10 + s)} for s in range(3)]
    generated = {"conv1_1": features(8, 10, 6, seed=20), "conv2_1": features(4, 5, 8, seed=21)}
    layer_weights, weights = {"conv1_1": 0.2, "conv2_1": 0.7}, [1.0, 0.0, 0.3]

    def flat_gram(x):
        matrix = x.astype("float64").reshape(-1, x.shape[-1])
        return matrix.T @ matrix

    expected = sum(
        v * w * np.sum((flat_gram(generated[layer]) - flat_gram(style[layer])) ** 2) / (4 * 9 * (8 * 10) ** 2)
        for layer, v in layer_weights.items()
        for w, style in zip(weights, styles, strict=True)
    )
    targets = [{layer: flat_gram(array) for layer, array in style.items()} for style in styles]
    loss = StyleLoss(targets, weights, layer_weights, (8, 10))
    assert evaluate(loss, generated) == pytest.approx(expected, rel=1e-5)


def test_total_variation_sums_over_all_but_the_last_row_and_column():
    image = features(6, 8, 3, seed=3)
    expected = 0.0
    for row in range(5):
        for column in range(7):
            here = image[0, row, column].astype("float64")
            squares = (image[0, row + 1, column] - here) ** 2 + (image[0, row, column + 1] - here) ** 2
            expected += np.sum(squares**1.25)
    assert evaluate(TotalVariationLoss(), {"image": image}) == pytest.approx(expected, rel=1e-5)


def test_the_gradient_of_total_variation_is_finite_on_a_flat_image():
    flat = np.full((1, 4, 5, 3), 77, "float32")
    loss = TotalVariationLoss()
    differentiate = autodiff.value_and_grad(lambda x: (loss.value(loss.sums({"image": x}, {})), x))
    value, _, gradient = differentiate(ops.convert_to_tensor(flat))
    assert float(value) == 0
    assert np.array_equal(gradient, np.zeros_like(flat))


def losses_of_image(image):
    """One loss of each kind on features as large as the image, where finite differences are accurate."""
    target = features(*image.shape[1:], seed=5)
    grams = [{"image": ops.convert_to_numpy(gram(target))}]
    return [
        ContentLoss("image", target, image.shape[1:3], kind=1),
        StyleLoss(grams, [1.5], {"image": 0.4}, image.shape[1:3]),
        TotalVariationLoss(),
    ]


@pytest.mark.parametrize("which", [0, 1, 2], ids=["content", "style", "total variation"])
def test_gradients_agree_with_finite_differences(which):
    image = features(4, 5, 3, seed=4) * 3
    loss = losses_of_image(image)[which]

    def total(x):
        return loss.value(loss.sums({"image": x}, loss.guides))

    _, _, gradient = autodiff.value_and_grad(lambda x: (total(x), x))(ops.convert_to_tensor(image))
    expected = numerical_gradient(lambda x: float(total(ops.convert_to_tensor(x))), image)
    assert np.allclose(gradient, expected, rtol=2e-2, atol=2e-3 * np.abs(expected).max())


def test_the_gradient_of_a_gram_matrix_holds_for_unsymmetric_weights():
    x, weights = features(3, 4, 5, seed=6), np.random.default_rng(7).normal(size=(5, 5)).astype("float32")
    _, _, gradient = autodiff.value_and_grad(lambda x: (ops.sum(weights * gram(x)), x))(ops.convert_to_tensor(x))
    matrix = x.reshape(-1, 5).astype("float64")
    assert np.allclose(np.reshape(gradient, (-1, 5)), matrix @ (weights + weights.T), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("which", [0, 1], ids=["content", "style"])
def test_sums_over_two_halves_add_up_to_the_sums_over_the_whole(which):
    image = features(8, 6, 3, seed=8)
    loss = losses_of_image(image)[which]
    whole = loss.sums({"image": image}, loss.guides)
    halves = [
        loss.sums({"image": image[:, rows]}, {layer: guide[:, rows] for layer, guide in loss.guides.items()})
        for rows in (slice(0, 3), slice(3, 8))
    ]
    for name, total in whole.items():
        assert np.allclose(halves[0][name] + halves[1][name], total, rtol=1e-5, atol=1e-5)


def test_the_total_variation_of_overlapping_halves_adds_up_to_that_of_the_whole():
    image = features(8, 6, 3, seed=9)
    loss = TotalVariationLoss()
    parts = [loss.sums({"image": image[:, rows]}, {})["variation"] for rows in (slice(0, 4), slice(3, 8))]
    assert float(sum(parts)) == pytest.approx(float(loss.sums({"image": image}, {})["variation"]), rel=1e-5)


def test_grams_of_a_style_of_another_size_are_scaled_to_the_positions_of_the_generated_image():
    tile = features(4, 6, 5, seed=10)
    repeated = np.tile(tile, (1, 3, 2, 1))
    small = style_grams({"conv2_1": tile}, ["conv2_1"], (24, 24))
    large = style_grams({"conv2_1": repeated}, ["conv2_1"], (24, 24))
    assert np.allclose(small["conv2_1"], large["conv2_1"], rtol=1e-4)
    assert np.allclose(small["conv2_1"], np.asarray(gram(tile)) * (12 * 12) / (4 * 6), rtol=1e-4)
