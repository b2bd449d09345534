"""The convolutional part of VGG-16 and VGG-19 as a feature extractor (Simonyan & Zisserman 2014, arXiv 1409.1556)."""

import keras
import numpy as np

from models import weights as weight_files
from models.layers import MINIMUM_SIDE, canonical_layer, layer_names, stride
from models.winograd import WinogradConvolution

MEAN_RGB = (123.68, 116.779, 103.939)
"""The mean colour of ImageNet in 0..255, which the networks were trained to have subtracted."""


COLOUR_DEVIATION = 58.0
"""The standard deviation of ImageNet's colours in 0..255 (0.227 · 255). Divided by it, features are about those of a
network that is fed with normalised colours."""

WIDE = 128
"""Channels from which a convolution by Winograd's algorithm is faster on a CPU than a direct one."""


def feature_extractor(name, layers, pooling="max", tensors=None, winograd=False, precision="float32"):
    """Return a Keras model from an RGB image to its features at `layers`.

    The model takes float32 (1, height, width, 3) in 0..255, both sides at least 16, and returns a dict from each
    layer's name (`conv{block}_{index}`) to float32 (1, h, w, channels), taken after the ReLU. It subtracts the
    ImageNet mean itself, pads every convolution with zeros to keep the size, and ends at the deepest layer asked for.

    `name` is "vgg16" or "vgg19", `pooling` "max" or "ave". `tensors` maps each layer to its float32 (kernel HWIO,
    bias) for an image in BGR, as the weight files have it; None loads them (see `models.weights.load`). With `winograd`
    the wide convolutions of the blocks before the last take fewer multiplications and round a little more. With the
    `precision` "bfloat16" all convolutions but the first, by which single pixels count, are done directly, in 8 digits
    (base 2), and hand their results on so; the features given back are float32 all the same. Raises InputError for a
    layer the network does not have.
    """
    wanted = {canonical_layer(name, layer) for layer in layers}
    if not wanted:
        raise ValueError("a feature extractor needs at least one layer")
    if tensors is None:
        tensors = weight_files.load(name).tensors
    pool = {"max": keras.layers.MaxPooling2D, "ave": keras.layers.AveragePooling2D}[pooling]
    winograd = winograd and precision == "float32"

    image = keras.Input((None, None, 3), batch_size=1, name="image")
    x = image - np.array(MEAN_RGB, "float32")
    features, values = {}, {}
    names = layer_names(name)
    deepest = max(names.index(layer) for layer in wanted)
    for layer in names[: deepest + 1]:
        if layer.endswith("_1") and layer != "conv1_1":
            x = pool(2, name=f"pool{int(layer[4]) - 1}", dtype=precision)(x)
        kernel, bias = tensors[layer]
        if layer == "conv1_1":
            kernel = kernel[:, :, ::-1]  # Read RGB here, once, rather than turn every image into BGR.
        if winograd and kernel.shape[2] >= WIDE and stride(layer) < MINIMUM_SIDE:
            x = WinogradConvolution(kernel, bias, layer)(x)
        else:
            own = "float32" if layer == "conv1_1" else precision
            # Zeros, because drawing random numbers takes a tenth of a second.
            given = {"activation": "relu", "kernel_initializer": "zeros", "dtype": own}
            convolution = keras.layers.Conv2D(len(bias), 3, padding="same", name=layer, **given)
            convolution.trainable = False
            x = convolution(x)
            values[layer] = (kernel, bias)
        if layer in wanted:
            features[layer] = keras.ops.cast(x, "float32")
    model = keras.Model(image, features, name=name)
    for layer, arrays in values.items():
        model.get_layer(layer).set_weights(arrays)
    return model
