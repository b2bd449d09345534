"""Style losses compare the products of each region with those of its styles."""

import numpy as np
import pytest

from neural_style.losses.products import ChainProduct, GramProduct
from neural_style.losses.style import Style, region_style_loss, style_loss
from tests.losses.numerical import evaluate, features, flat_gram


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
    "product",
    [GramProduct("conv1_1"), GramProduct("conv1_1", 1.0), ChainProduct("conv1_2", "conv2_1")],
    ids=["Gram", "shifted Gram", "chain"],
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
