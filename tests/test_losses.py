"""Each loss has the value of its formula and the gradient of its value."""

import numpy as np
import pytest
from keras import ops

from neural_style import autodiff
from neural_style.losses import (
    ChainProduct,
    ContentLoss,
    GramProduct,
    StyleLoss,
    TotalVariationLoss,
    gram,
    shifted_product,
    style_targets,
)


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


def flat_gram(x, weights=1.0):
    matrix = x.astype("float64").reshape(-1, x.shape[-1])
    return matrix.T @ (matrix * np.reshape(weights, (-1, 1)))


def test_style_loss_of_several_styles_is_the_weighted_sum_of_their_distances():
    styles = [{"conv1_1": features(9, 9, 6, seed=s), "conv2_1": features(4, 4, 8, seed=10 + s)} for s in range(3)]
    generated = {"conv1_1": features(8, 10, 6, seed=20), "conv2_1": features(4, 5, 8, seed=21)}
    layer_weights, weights = {"conv1_1": 0.2, "conv2_1": 0.7}, [1.0, 0.0, 0.3]
    expected = sum(
        v * w * np.sum((flat_gram(generated[layer]) - flat_gram(style[layer])) ** 2) / (4 * 9 * (8 * 10) ** 2)
        for layer, v in layer_weights.items()
        for w, style in zip(weights, styles, strict=True)
    )
    products = [GramProduct(layer) for layer in layer_weights]
    targets = [style_targets(products, style, [1, 1]) for style in styles]
    loss = StyleLoss(products, list(layer_weights.values()), targets, weights, (8, 10))
    assert evaluate(loss, generated) == pytest.approx(expected, rel=1e-5)


def test_style_loss_under_masks_compares_each_style_with_its_own_region():
    generated = {"conv1_1": features(8, 10, 6, seed=20)}
    styles = [{"conv1_1": features(8, 10, 6, seed=s)} for s in range(3)]
    regions, weights = [0, 1, 1], [1.0, 0.5, 2.0]
    masks = [{"conv1_1": m[None, :, :, None]} for m in np.random.default_rng(5).uniform(size=(2, 8, 10)).astype("f")]
    expected = sum(
        w
        * np.sum(
            (flat_gram(generated["conv1_1"], masks[r]["conv1_1"] ** 2) - flat_gram(style["conv1_1"])) ** 2
            / (4 * 9 * (8 * 10) ** 2)
        )
        for w, r, style in zip(weights, regions, styles, strict=True)
    )
    products = [GramProduct("conv1_1")]
    targets = [style_targets(products, style, [1]) for style in styles]
    loss = StyleLoss(products, [1.0], targets, weights, (8, 10), regions, masks)
    assert evaluate(loss, generated) == pytest.approx(expected, rel=1e-5)


def test_by_area_a_small_region_counts_like_a_large_one():
    """A texture repeated over a quarter of the picture is as far from a style as over all of it."""
    texture, style = features(2, 2, 4, seed=1), {"conv1_1": features(8, 8, 4, seed=2)}
    everywhere = np.tile(texture, (1, 4, 4, 1))
    quarter = np.zeros((1, 8, 8, 1), "float32")
    quarter[:, :4, :4] = 1
    products = [GramProduct("conv1_1")]
    whole = StyleLoss(products, [1.0], [style_targets(products, style, [1])], [1.0], (8, 8))
    part = StyleLoss(
        products,
        [1.0],
        [style_targets(products, style, [0.25])],
        [1.0],
        (8, 8),
        [0],
        [{"conv1_1": quarter}],
        areas=[[0.25]],
    )
    generated = {"conv1_1": everywhere}
    assert evaluate(part, generated) == pytest.approx(evaluate(whole, generated), rel=1e-4)


@pytest.mark.parametrize("shift_last", [False, True], ids=["shift then mask", "mask then shift"])
def test_a_gram_product_masks_and_shifts_in_the_order_asked_for(shift_last):
    x = features(4, 5, 3, seed=1)
    mask = np.random.default_rng(2).uniform(size=(1, 4, 5, 1)).astype("float32")
    changed = x * mask - 1 if shift_last else (x - 1) * mask
    product = GramProduct("conv3_1", 1.0, shift_last)({"conv3_1": x}, {"conv3_1": mask})
    assert np.allclose(product, flat_gram(changed), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("masked", [False, True], ids=["unmasked", "masked"])
@pytest.mark.parametrize("size", [(6, 8), (7, 9), (7, 8)])
def test_a_chain_across_a_pooling_correlates_each_position_with_its_window(size, masked):
    shallow, deep = features(*size, 3, seed=1), features(size[0] // 2, size[1] // 2, 4, seed=2)
    generator = np.random.default_rng(3)
    masks = {
        "conv1_2": generator.uniform(size=(1, *size, 1)),
        "conv2_1": generator.uniform(size=(1, *deep.shape[1:3], 1)),
    }
    masks = {layer: mask.astype("float32") for layer, mask in masks.items()}
    expected = np.zeros((3, 4))
    for row in range(size[0]):
        for column in range(size[1]):
            window = (0, min(row // 2, deep.shape[1] - 1), min(column // 2, deep.shape[2] - 1))
            a, b = shallow[0, row, column] - 1.0, deep[window] - 1.0
            if masked:
                a, b = a * masks["conv1_2"][0, row, column], b * masks["conv2_1"][window]
            expected += np.outer(a, b)
    product = ChainProduct("conv1_2", "conv2_1")
    result = product({"conv1_2": shallow, "conv2_1": deep}, masks if masked else None)
    assert np.allclose(result, expected, rtol=1e-4, atol=1e-4)


def test_a_chain_inside_a_block_is_the_product_of_the_shifted_features():
    a, b = features(4, 5, 3, seed=1), features(4, 5, 6, seed=2)
    expected = (a.reshape(-1, 3) - 1.0).T @ (b.reshape(-1, 6) - 1.0)
    assert np.allclose(ChainProduct("conv1_1", "conv1_2")({"conv1_1": a, "conv1_2": b}), expected, rtol=1e-4, atol=1e-4)


def test_the_gradient_of_a_shifted_product_is_that_of_its_definition():
    a, b = (np.random.default_rng(s).normal(size=(20, 3 + s)).astype("float32") for s in (0, 1))
    d = np.random.default_rng(2).normal(size=(3, 4)).astype("float32")
    _, _, by_a = autodiff.value_and_grad(lambda x: (ops.sum(d * shifted_product(x, b, 1.0)), x))(
        ops.convert_to_tensor(a)
    )
    _, _, by_b = autodiff.value_and_grad(lambda x: (ops.sum(d * shifted_product(a, x, 1.0)), x))(
        ops.convert_to_tensor(b)
    )
    assert np.allclose(by_a, (b - 1) @ d.T, rtol=1e-4, atol=1e-4)
    assert np.allclose(by_b, (a - 1) @ d, rtol=1e-4, atol=1e-4)


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
    products = [GramProduct("image", 1.0)]
    mask = {"image": np.linspace(0, 1, image[..., :1].size, dtype="float32").reshape(image[..., :1].shape)}
    targets = [style_targets(products, {"image": target}, [1])]
    return [
        ContentLoss("image", target, image.shape[1:3], kind=1),
        StyleLoss(products, [0.4], targets, [1.5], image.shape[1:3], [0], [mask]),
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


def test_the_gradient_of_a_weighted_gram_matrix_is_that_of_its_definition():
    x, d = features(3, 4, 5, seed=6), np.random.default_rng(7).normal(size=(5, 5)).astype("float32")
    weights = np.random.default_rng(8).uniform(size=(1, 3, 4, 1)).astype("float32")
    _, _, gradient = autodiff.value_and_grad(lambda x: (ops.sum(d * gram(x, weights)), x))(ops.convert_to_tensor(x))
    expected = (x * weights).reshape(-1, 5) @ (d + d.T)
    assert np.allclose(np.reshape(gradient, (-1, 5)), expected, rtol=1e-4, atol=1e-4)


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
