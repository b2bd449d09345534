#!/usr/bin/env python3
"""Paint a photograph in the style of pictures, improved (Novak & Nikulin 2016, arXiv 1605.04603)."""

from models.layers import layer_names
from neural_style.command import script
from neural_style.command.flags import add_transfer_flags
from neural_style.command.parser import Parser
from neural_style.painting import photograph
from neural_style.painting.recipe import Method

SHIFT = 1.0
"""Subtracted from all features before every product (section 3.3)."""


def parser():
    """Return the script's parser."""
    result = add_transfer_flags(Parser(prog="inetwork.py", description=__doc__))
    losses = "style loss of the paper, or that of the original INetwork.py"
    result.add_argument("--chain", choices=["correlation", "difference"], default="correlation", help=losses)
    return result


def style_layers(flags):
    """Return the layers of each product."""
    if flags.chain == "difference":
        return layer_names(flags.model)
    return [layer for pair in layer_pairs(flags.model) for layer in pair]


def layer_pairs(network):
    """Return each convolution of `network` with the next one."""
    names = layer_names(network)
    return list(zip(names[:-1], names[1:], strict=True))  # noqa: RUF007 (an old Python would fail at its import)


def style_products(network, chain, shift_last=True):
    """Return the style loss as (weight, product), over all convolutions of `network`.

    "correlation" (sections 3.1, 3.2 and 3.5): the correlations of each layer with the next, weighted 2^(D − d), d the
    depth of the layer and D of the network, divided by the sum of these weights.

    "difference", as INetwork.py has it: with s_1 … s_n the losses of the layers' Gram matrices,
    sum over i < n of (s_i − s_(i+1)) / 2^(n − 1 − i). Gathered by layer, s_1 has the weight 2^(2 − n), s_i between
    2^(i − n), and the last one −1: the deepest layer is driven away from the style. There features are shifted after
    their mask; without `shift_last` before it.
    """
    from neural_style.losses.products import ChainProduct, GramProduct

    layers = layer_names(network)
    depth = len(layers)
    if chain == "difference":
        weights = [2.0 ** (2 - depth), *(2.0 ** (i - depth) for i in range(2, depth)), -1.0]
        products = [GramProduct(layer, SHIFT, shift_last) for layer in layers]
        return list(zip(weights, products, strict=True))
    weights = [2.0 ** (depth - i) for i in range(1, depth)]
    products = [ChainProduct(*pair, SHIFT) for pair in layer_pairs(network)]
    return [(weight / sum(weights), product) for weight, product in zip(weights, products, strict=True)]


def style_loss(flags, network, pictures):
    """Return the style loss that --chain names."""
    from neural_style.painting import objective

    # A shift after the mask adds to the positions outside it, which the area of the mask does not count.
    shift_last = flags.style_mask_space == "content" and bool(flags.style_masks or flags.content_mask)
    return objective.style_loss(style_products(flags.model, flags.chain, shift_last), network, pictures)


METHOD = Method(parser, photograph, style_layers, style_loss)
main = METHOD.main

if __name__ == "__main__":
    script.run(main)
