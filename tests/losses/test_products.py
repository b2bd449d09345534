"""Products of features are sums over positions, with the gradients of their definitions."""

import numpy as np
import pytest
from keras import ops

from neural_style import backend
from neural_style.losses.products import ChainProduct, GramProduct, gram, shifted_product
from tests.losses.numerical import features, flat_gram


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

    _, _, (by_a, by_b) = backend.value_and_grad(weighted)(tensors)
    assert np.allclose(by_a, (b - 1) @ d.T, rtol=1e-4, atol=1e-4)
    assert np.allclose(by_b, (a - 1) @ d, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shift_last", [False, True], ids=["shift then mask", "mask then shift"])
def test_the_gradient_of_masked_gram_matrices_is_that_of_their_definition(shift_last):
    x, d = features(3, 4, 5, seed=6), np.random.default_rng(7).normal(size=(2, 5, 5)).astype("float32")
    masks = np.random.default_rng(8).uniform(size=(1, 3, 4, 2)).astype("float32")

    def weighted(x):
        return ops.sum(ops.multiply(d, gram(x, masks, 1.0, shift_last))), x

    _, _, gradient = backend.value_and_grad(weighted)(ops.convert_to_tensor(x))
    expected = 0.0
    for region in range(2):
        mask = masks[..., region].reshape(-1, 1).astype("float64")
        changed = x.reshape(-1, 5) * mask - 1 if shift_last else (x.reshape(-1, 5) - 1) * mask
        expected = expected + mask * (changed @ (d[region] + d[region].T))
    assert np.allclose(np.reshape(gradient, (-1, 5)), expected, rtol=1e-4, atol=1e-4)


def test_the_gradient_of_a_gram_matrix_holds_for_unsymmetric_weights():
    x, weights = features(3, 4, 5, seed=6), np.random.default_rng(7).normal(size=(5, 5)).astype("float32")
    _, _, gradient = backend.value_and_grad(lambda x: (ops.sum(ops.multiply(weights, gram(x))), x))(
        ops.convert_to_tensor(x)
    )
    matrix = x.reshape(-1, 5).astype("float64")
    assert np.allclose(np.reshape(gradient, (-1, 5)), matrix @ (weights + weights.T), rtol=1e-4, atol=1e-4)
