"""Each loss has the value of its formula and the gradient of its value."""

import numpy as np
import pytest
from keras import ops

from neural_style import autodiff
from neural_style.losses import (
    ChainProduct,
    ContentLoss,
    GramProduct,
    Style,
    TotalVariationLoss,
    gram,
    region_style_loss,
    shifted_product,
    style_loss,
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


def style_of(products, features, size, weight=1.0, region=0, mask=None, by_area=False):
    """The `Style` of features of an image of `size`."""
    areas = [product.areas(size, mask if by_area else None)[0] for product in products]
    return Style([np.asarray(product(features, mask))[0] for product in products], areas, weight, region)


def test_style_loss_of_several_styles_is_the_weighted_sum_of_their_distances():
    styles = [{"conv1_1": features(8, 10, 6, seed=s), "conv2_1": features(4, 5, 8, seed=10 + s)} for s in range(3)]
    generated = {"conv1_1": features(8, 10, 6, seed=20), "conv2_1": features(4, 5, 8, seed=21)}
    layer_weights, weights = {"conv1_1": 0.2, "conv2_1": 0.7}, [1.0, 0.0, 0.3]
    expected = sum(
        v * w * np.sum((flat_gram(generated[layer]) - flat_gram(style[layer])) ** 2) / (4 * 9 * (8 * 10) ** 2)
        for layer, v in layer_weights.items()
        for w, style in zip(weights, styles, strict=True)
    )
    products = [(v, GramProduct(layer)) for layer, v in layer_weights.items()]
    measured = [
        style_of([p for _, p in products], s, (8, 10), weight) for s, weight in zip(styles, weights, strict=True)
    ]
    assert evaluate(style_loss(products, measured, (8, 10)), generated) == pytest.approx(expected, rel=1e-5)


def test_a_style_of_another_size_counts_by_its_mean():
    """A texture repeated more often is no further from itself."""
    texture = features(2, 2, 4, seed=1)
    products = [(1.0, GramProduct("conv1_1"))]
    style = style_of([products[0][1]], {"conv1_1": np.tile(texture, (1, 2, 5, 1))}, (4, 10))
    loss = style_loss(products, [style], (8, 6))
    assert evaluate(loss, {"conv1_1": np.tile(texture, (1, 4, 3, 1))}) == pytest.approx(0, abs=1e-9)


def test_style_loss_under_masks_compares_each_style_with_its_own_region():
    generated = {"conv1_1": features(8, 10, 6, seed=20)}
    styles = [{"conv1_1": features(8, 10, 6, seed=s)} for s in range(4)]
    regions, weights = [0, 2, 2, 1], [1.0, 0.5, 2.0, 0.0]
    masks = np.random.default_rng(5).uniform(size=(1, 8, 10, 3)).astype("float32")
    expected = sum(
        w
        * np.sum((flat_gram(generated["conv1_1"], masks[..., r] ** 2) - flat_gram(style["conv1_1"])) ** 2)
        / (4 * 9 * (8 * 10) ** 2)
        for w, r, style in zip(weights, regions, styles, strict=True)
    )
    product = GramProduct("conv1_1")
    measured = [style_of([product], style, (8, 10), w, r) for style, w, r in zip(styles, weights, regions, strict=True)]
    loss = style_loss([(1.0, product)], measured, (8, 10), {"conv1_1": masks})
    assert evaluate(loss, generated) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "product", [GramProduct("conv1_1"), GramProduct("conv1_1", 1.0), ChainProduct("conv1_2", "conv2_1")], ids=repr
)
def test_by_area_a_small_region_counts_like_a_large_one(product):
    """A uniform texture under any mask has the statistics of the same texture under any other."""

    def uniform(size):
        sizes = {"conv1_1": size, "conv1_2": size, "conv2_1": (size[0] // 2, size[1] // 2)}
        return {layer: np.full((1, *s, 3), [3.0, -1.0, 2.0], "float32") for layer, s in sizes.items()}

    def masks(size, *parts):
        stacked = np.zeros((1, *size, len(parts)), "float32")
        for region, (rows, columns) in enumerate(parts):
            stacked[:, rows, columns, region] = 1
        return {"conv1_1": stacked, "conv1_2": stacked, "conv2_1": stacked[:, ::2, ::2]}

    image, picture = (8, 12), (10, 6)
    on_style = masks(picture, (slice(2, 4), slice(0, 4)))
    style = style_of([product], uniform(picture), picture, region=1, mask=on_style, by_area=True)
    both = masks(image, (slice(0, 8), slice(0, 2)), (slice(4, 8), slice(2, 12)))
    loss = style_loss([(1.0, product)], [style], image, both, by_area=True)
    empty = {layer: values * 0 for layer, values in uniform(image).items()}
    assert evaluate(loss, uniform(image)) <= 1e-9 * evaluate(loss, empty)


def test_by_area_the_distance_is_that_of_the_mean_products():
    mask = {"conv1_1": np.random.default_rng(5).uniform(size=(1, 8, 10, 1)).astype("float32")}
    style_mask = {"conv1_1": np.random.default_rng(6).uniform(size=(1, 8, 10, 1)).astype("float32")}
    style, generated = {"conv1_1": features(8, 10, 6, seed=1)}, {"conv1_1": features(8, 10, 6, seed=2)}
    means = [
        flat_gram(f["conv1_1"], m["conv1_1"] ** 2) / np.sum(m["conv1_1"] ** 2)
        for f, m in ((style, style_mask), (generated, mask))
    ]
    product = GramProduct("conv1_1")
    measured = style_of([product], style, (8, 10), mask=style_mask, by_area=True)
    loss = style_loss([(0.5, product)], [measured], (8, 10), mask, by_area=True)
    expected = 0.5 * 80**2 * np.sum((means[0] - means[1]) ** 2) / (4 * 9 * 80**2)
    assert evaluate(loss, generated) == pytest.approx(expected, rel=1e-4)


def test_region_style_loss_compares_the_mean_gram_matrices_of_each_label():
    masks, style_masks = (np.random.default_rng(s).uniform(size=(1, 6, 5, 3)).astype("float32") for s in (1, 2))
    generated, style = features(6, 5, 4, seed=3), features(6, 5, 4, seed=4)
    expected = 0.0
    for r in range(3):
        here = flat_gram(generated, masks[..., r] ** 2) / masks[..., r].mean() / 4
        there = flat_gram(style, style_masks[..., r] ** 2) / style_masks[..., r].mean() / 4
        expected += 0.2 * np.mean((here - there) ** 2)
    product = GramProduct("conv1_1")
    sums = [np.asarray(product({"conv1_1": style}, {"conv1_1": style_masks}))]
    loss = region_style_loss([(0.2, product)], sums, {"conv1_1": style_masks}, {"conv1_1": masks})
    assert evaluate(loss, {"conv1_1": generated}) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("shift_last", [False, True], ids=["shift then mask", "mask then shift"])
def test_a_gram_product_masks_and_shifts_in_the_order_asked_for(shift_last):
    x = features(4, 5, 3, seed=1)
    masks = np.random.default_rng(2).uniform(size=(1, 4, 5, 2)).astype("float32")
    product = GramProduct("conv3_1", 1.0, shift_last)({"conv3_1": x}, {"conv3_1": masks})
    for region in range(2):
        mask = masks[..., region, None]
        changed = x * mask - 1 if shift_last else (x - 1) * mask
        assert np.allclose(product[region], flat_gram(changed), rtol=1e-4, atol=1e-4)


def test_a_gram_product_without_masks_shifts_everywhere():
    x = features(4, 5, 3, seed=1)
    product = GramProduct("conv3_1", 1.0)({"conv3_1": x})
    assert np.allclose(product[0], flat_gram(x - 1), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("masked", [False, True], ids=["unmasked", "masked"])
@pytest.mark.parametrize("size", [(6, 8), (7, 9), (7, 8)])
def test_a_chain_across_a_pooling_correlates_each_position_with_its_window(size, masked):
    shallow, deep = features(*size, 3, seed=1), features(size[0] // 2, size[1] // 2, 4, seed=2)
    generator = np.random.default_rng(3)
    masks = {
        "conv1_2": generator.uniform(size=(1, *size, 2)),
        "conv2_1": generator.uniform(size=(1, *deep.shape[1:3], 2)),
    }
    masks = {layer: mask.astype("float32") for layer, mask in masks.items()}
    expected = np.zeros((2, 3, 4))
    for row in range(size[0]):
        for column in range(size[1]):
            window = (0, min(row // 2, deep.shape[1] - 1), min(column // 2, deep.shape[2] - 1))
            a, b = shallow[0, row, column] - 1.0, deep[window] - 1.0
            for region in range(2):
                weight = masks["conv1_2"][0, row, column, region] * masks["conv2_1"][(*window, region)]
                expected[region] += np.outer(a, b) * (weight if masked else 1)
    product = ChainProduct("conv1_2", "conv2_1")
    result = product({"conv1_2": shallow, "conv2_1": deep}, masks if masked else None)
    assert np.allclose(result, expected if masked else expected[:1], rtol=1e-4, atol=1e-4)


def test_a_chain_inside_a_block_is_the_product_of_the_shifted_features():
    a, b = features(4, 5, 3, seed=1), features(4, 5, 6, seed=2)
    expected = (a.reshape(-1, 3) - 1.0).T @ (b.reshape(-1, 6) - 1.0)
    (result,) = ChainProduct("conv1_1", "conv1_2")({"conv1_1": a, "conv1_2": b})
    assert np.allclose(result, expected, rtol=1e-4, atol=1e-4)


def test_the_gradient_of_a_shifted_product_is_that_of_its_definition():
    a, b = (np.random.default_rng(s).normal(size=(20, 3 + s)).astype("float32") for s in (0, 1))
    d = np.random.default_rng(2).normal(size=(3, 4)).astype("float32")
    tensors = [ops.convert_to_tensor(matrix) for matrix in (a, b)]

    def weighted(pair):
        return ops.sum(ops.multiply(d, shifted_product(*pair, 1.0))), ()

    _, _, (by_a, by_b) = autodiff.value_and_grad(weighted)(tensors)
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
    size = image.shape[1:3]
    target = features(*image.shape[1:], seed=5)
    masks = {"conv1_1": np.random.default_rng(6).uniform(size=(1, *size, 2)).astype("float32")}
    losses = [ContentLoss("conv1_1", target, size, kind=1)]
    for product in (GramProduct("conv1_1", 1.0), GramProduct("conv1_1", 1.0, shift_last=True)):
        style = style_of([product], {"conv1_1": target}, size, weight=1.5, region=1)
        losses += [style_loss([(0.4, product)], [style], size, masks)]
    sums = [np.asarray(product({"conv1_1": target}, masks))]
    return [*losses, region_style_loss([(0.4, product)], sums, masks, masks), TotalVariationLoss()]


KINDS = ["content", "style", "style shifted last", "region style", "total variation"]


@pytest.mark.parametrize("which", range(5), ids=KINDS)
def test_gradients_agree_with_finite_differences(which):
    image = features(4, 5, 3, seed=4) * 3
    loss = losses_of_image(image)[which]

    def total(x):
        return loss.value(loss.sums({"image": x, "conv1_1": x}, loss.guides))

    _, _, gradient = autodiff.value_and_grad(lambda x: (total(x), x))(ops.convert_to_tensor(image))
    expected = numerical_gradient(lambda x: float(total(ops.convert_to_tensor(x))), image)
    assert np.allclose(gradient, expected, rtol=2e-2, atol=2e-3 * np.abs(expected).max())


@pytest.mark.parametrize("shift_last", [False, True], ids=["shift then mask", "mask then shift"])
def test_the_gradient_of_masked_gram_matrices_is_that_of_their_definition(shift_last):
    x, d = features(3, 4, 5, seed=6), np.random.default_rng(7).normal(size=(2, 5, 5)).astype("float32")
    masks = np.random.default_rng(8).uniform(size=(1, 3, 4, 2)).astype("float32")

    def weighted(x):
        return ops.sum(ops.multiply(d, gram(x, masks, 1.0, shift_last))), x

    _, _, gradient = autodiff.value_and_grad(weighted)(ops.convert_to_tensor(x))
    expected = 0.0
    for region in range(2):
        mask = masks[..., region].reshape(-1, 1).astype("float64")
        changed = x.reshape(-1, 5) * mask - 1 if shift_last else (x.reshape(-1, 5) - 1) * mask
        expected = expected + mask * (changed @ (d[region] + d[region].T))
    assert np.allclose(np.reshape(gradient, (-1, 5)), expected, rtol=1e-4, atol=1e-4)


def test_the_gradient_of_a_gram_matrix_holds_for_unsymmetric_weights():
    x, weights = features(3, 4, 5, seed=6), np.random.default_rng(7).normal(size=(5, 5)).astype("float32")
    _, _, gradient = autodiff.value_and_grad(lambda x: (ops.sum(ops.multiply(weights, gram(x))), x))(
        ops.convert_to_tensor(x)
    )
    matrix = x.reshape(-1, 5).astype("float64")
    assert np.allclose(np.reshape(gradient, (-1, 5)), matrix @ (weights + weights.T), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("which", range(4), ids=KINDS[:4])
def test_sums_over_two_halves_add_up_to_the_sums_over_the_whole(which):
    image = features(8, 6, 3, seed=8)
    loss = losses_of_image(image)[which]
    whole = loss.sums({"conv1_1": image}, loss.guides)
    halves = [
        loss.sums({"conv1_1": image[:, rows]}, {layer: guide[:, rows] for layer, guide in loss.guides.items()})
        for rows in (slice(0, 3), slice(3, 8))
    ]
    for name, total in whole.items():
        assert np.allclose(halves[0][name] + halves[1][name], total, rtol=1e-5, atol=1e-5)


def test_the_total_variation_of_overlapping_halves_adds_up_to_that_of_the_whole():
    image = features(8, 6, 3, seed=9)
    loss = TotalVariationLoss()
    parts = [loss.sums({"image": image[:, rows]}, {})["variation"] for rows in (slice(0, 4), slice(3, 8))]
    assert float(sum(parts)) == pytest.approx(float(loss.sums({"image": image}, {})["variation"]), rel=1e-5)
