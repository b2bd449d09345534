"""Winograd's convolutions are convolutions, and so are their gradients."""

import keras
import numpy as np
import pytest
from keras import ops

from models.vgg import feature_extractor
from models.winograd import WinogradConvolution
from neural_style import backend


@pytest.mark.parametrize("any_size", [False, True])
@pytest.mark.parametrize("size", [(16, 16), (1, 1), (3, 9), (13, 22)])
def test_values_and_gradients_are_those_of_the_direct_convolution(size, any_size):
    generator = np.random.default_rng(0)
    kernel = generator.normal(0, 0.2, (3, 3, 5, 7)).astype("float32")
    bias = generator.normal(0, 0.2, 7).astype("float32")
    x = generator.normal(size=(1, *size, 5)).astype("float32")
    upstream = generator.normal(size=(1, *size, 7)).astype("float32")
    direct = keras.layers.Conv2D(7, 3, padding="same", activation="relu")
    direct.build(x.shape)
    direct.set_weights([kernel, bias])

    def outcome(layer):
        product = lambda x: (ops.sum(ops.multiply(layer(x), upstream)), layer(x))
        _, *outcome = backend.compiled(backend.differentiated(product), any_size=any_size)(ops.convert_to_tensor(x))
        return map(ops.convert_to_numpy, outcome)

    for ours, theirs in zip(outcome(WinogradConvolution(kernel, bias, "conv")), outcome(direct), strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() < 1e-5 * np.abs(theirs).max()


def test_the_networks_features_hardly_differ(weights, random_image):
    layers, image = ["conv2_2", "conv3_3", "conv4_3", "conv5_2"], random_image(72, 100)[None]
    ours = feature_extractor("vgg16", layers, tensors=weights.tensors, winograd=True)(image)
    theirs = feature_extractor("vgg16", layers, tensors=weights.tensors)(image)
    for layer in layers:
        difference = ops.convert_to_numpy(ours[layer] - theirs[layer])
        assert 0 < np.abs(difference).max() < 1e-4 * np.abs(theirs[layer]).max()
