#!/usr/bin/env python3
"""Paint a doodle of coloured regions with the textures of the same regions of a picture (Champandard 2016)."""

from models.layers import layer_names
from neural_style.command import script
from neural_style.command.flags import add_doodle_flags
from neural_style.command.parser import Parser
from neural_style.painting import doodle
from neural_style.painting.recipe import Method

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")

SHIFT = 1.0
"""Subtracted from all features with --improved."""


def parser():
    """Return the script's parser."""
    return add_doodle_flags(Parser(prog="neural_doodle.py", description=__doc__))


def style_layers(flags):
    """Return the layers whose Gram matrices are compared."""
    return layer_names(flags.model) if flags.improved else STYLE_LAYERS


def style_loss(flags, network, pictures):
    """Return the style loss: Gram matrices of the layers, equally weighted, or with --style_loss distributions.

    With --improved, features are shifted after their mask, and layer i of n has the weight 1 / 2^(n − i), as the
    original improved_neural_doodle.py has it.
    """
    from neural_style.losses.products import GramProduct
    from neural_style.painting import objective

    layers = style_layers(flags)
    if flags.style_loss == "wasserstein":
        return objective.region_wasserstein_loss(layers, network, pictures)
    products = [(1 / len(layers), GramProduct(layer)) for layer in layers]
    if flags.improved:
        weights = [2.0 ** (number - len(layers)) for number in range(1, len(layers) + 1)]
        products = [(w, GramProduct(layer, SHIFT, shift_last=True)) for w, layer in zip(weights, layers, strict=True)]
    return objective.region_style_loss(products, network, pictures)


def smoothness(flags, size):
    """Return the loss that goes with the style loss."""
    from neural_style.losses.variation import SmoothnessLoss, TotalVariationLoss

    return SmoothnessLoss(size) if flags.style_loss == "wasserstein" else TotalVariationLoss()


METHOD = Method(parser, doodle, style_layers, style_loss, smoothness)
main = METHOD.main

if __name__ == "__main__":
    script.run(main)
