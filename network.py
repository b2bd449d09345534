#!/usr/bin/env python3
"""Paint a photograph in the style of pictures (Gatys, Ecker & Bethge 2015, arXiv 1508.06576)."""

from neural_style.command import script
from neural_style.command.flags import add_transfer_flags
from neural_style.command.parser import Parser
from neural_style.painting import photograph
from neural_style.painting.recipe import Method

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


def parser():
    """Return the script's parser."""
    return add_transfer_flags(Parser(prog="network.py", description=__doc__))


def style_loss(flags, network, pictures):
    """Return the style loss: the Gram matrices of five layers, equally weighted."""
    from neural_style.losses.products import GramProduct
    from neural_style.painting import objective

    products = [(1 / len(STYLE_LAYERS), GramProduct(layer)) for layer in STYLE_LAYERS]
    return objective.style_loss(products, network, pictures)


METHOD = Method(parser, photograph, lambda flags: STYLE_LAYERS, style_loss)
main = METHOD.main

if __name__ == "__main__":
    script.run(main)
