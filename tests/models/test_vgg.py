"""The extractor is the network Keras has, on RGB images, up to the layer asked for."""

import keras
import numpy as np
import pytest

from models.layers import canonical_layer, layer_names
from models.vgg import feature_extractor
from models.weights import write
from neural_style.errors import InputError


@pytest.fixture(scope="module")
def weights_file(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "vgg16.h5"
    write(path, weights.tensors)
    return path


def test_features_are_those_of_the_network_in_keras_applications(weights_file, extractor, random_image):
    image = random_image(48, 64)
    theirs = keras.applications.VGG16(include_top=False, weights=str(weights_file), input_shape=(48, 64, 3))
    layers = [canonical_layer("vgg16", layer.name) for layer in theirs.layers if "conv" in layer.name]
    expected = keras.Model(theirs.input, [layer.output for layer in theirs.layers if "conv" in layer.name])(
        keras.applications.vgg16.preprocess_input(image[None].copy())
    )
    features = extractor(layers)(image[None])
    assert layers == layer_names("vgg16")
    for layer, array in zip(layers, expected, strict=True):
        assert np.allclose(features[layer], array, rtol=1e-4, atol=1e-4 * np.max(array)), layer


@pytest.mark.parametrize("pooling", ["max", "ave"])
@pytest.mark.parametrize("size", [(16, 16), (47, 33)])
def test_every_layer_has_the_size_of_its_block(extractor, random_image, size, pooling):
    features = extractor(layer_names("vgg16"), pooling)(random_image(*size)[None])
    for layer, array in features.items():
        stride = 2 ** (int(layer[4]) - 1)
        assert array.shape[1:3] == (size[0] // stride, size[1] // stride)


def test_average_pooling_takes_the_mean_of_four_positions(extractor, random_image, weights):
    features = extractor(["conv1_2", "conv2_1"], "ave")(random_image(16, 16)[None])
    pooled = np.asarray(features["conv1_2"]).reshape(8, 2, 8, 2, 64).mean(axis=(1, 3))
    kernel, bias = weights.tensors["conv2_1"]
    centre = np.einsum("ijc,ijcd->d", pooled[3:6, 3:6], kernel) + bias
    assert np.allclose(features["conv2_1"][0, 4, 4], np.maximum(centre, 0), rtol=1e-3, atol=1e-2)


def test_the_network_ends_at_the_deepest_layer_asked_for(extractor):
    convolutions = [layer.name for layer in extractor(["conv1_1", "conv3_1"]).layers if "conv" in layer.name]
    assert convolutions == layer_names("vgg16")[:5]


def test_vgg19_has_sixteen_convolutions(random_image):
    generator = np.random.default_rng(0)
    tensors, channels = {}, 3
    for layer in layer_names("vgg19"):
        tensors[layer] = (generator.normal(size=(3, 3, channels, 4)).astype("float32"), np.zeros(4, "float32"))
        channels = 4
    features = feature_extractor("vgg19", layer_names("vgg19"), tensors=tensors)(random_image(32, 32)[None])
    assert len(features) == 16
    assert features["conv5_4"].shape == (1, 2, 2, 4)


def test_both_spellings_of_a_layer_are_understood():
    assert canonical_layer("vgg16", "block5_conv2") == canonical_layer("vgg16", "conv5_2") == "conv5_2"


def test_an_unknown_layer_is_answered_with_the_nearest_name():
    with pytest.raises(InputError, match=r"'conv5_22': did you mean conv5_2\?"):
        canonical_layer("vgg16", "conv5_22")
    with pytest.raises(InputError, match=r"vgg16 has no layer 'conv4_4'"):
        canonical_layer("vgg16", "conv4_4")
