"""The names, strides and sizes of the layers of VGG-16 and VGG-19 (Simonyan & Zisserman 2014, arXiv 1409.1556)."""

import difflib
import re

from neural_style.errors import InputError

CONVOLUTIONS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
"""Convolutions in each of the five blocks (table 1 of the paper, columns D and E)."""

MINIMUM_SIDE = 16
"""Four poolings halve each side of an image; below 16 pixels no position is left in block 5."""


def layer_names(network):
    """Return the convolutions of "vgg16" or "vgg19", shallow to deep, as `conv{block}_{index}`."""
    return [
        f"conv{block}_{index}"
        for block, convolutions in enumerate(CONVOLUTIONS[network], start=1)
        for index in range(1, convolutions + 1)
    ]


def keras_layer(layer):
    """Return the name Keras has for a layer: `block5_conv2` for `conv5_2`."""
    return re.sub(r"^conv(\d)_(\d)$", r"block\1_conv\2", layer)


def stride(layer):
    """Return how many pixels of an image, in each direction, a position of `layer` is; 1 for "image" itself."""
    return 1 if layer == "image" else 2 ** (int(layer[4]) - 1)


def size_at(layer, size):
    """Return the (height, width) of the features of `layer` for an image of (height, width) `size`."""
    return size[0] // stride(layer), size[1] // stride(layer)


def canonical_layer(network, text):
    """Return the layer of `network` that `text` names, as `conv{block}_{index}`.

    Keras's spelling `block5_conv2` is accepted too. Raises InputError, with the nearest name, for any other.
    """
    name = re.sub(r"^block(\d)_conv(\d)$", r"conv\1_\2", text)
    names = layer_names(network)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)[0]
    raise InputError(f"{network} has no layer '{text}': did you mean {near}? It has {', '.join(names)}.")
