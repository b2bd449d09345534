#!/usr/bin/env python3
"""Paint a photograph in the style of pictures, improved (Novak & Nikulin 2016, arXiv 1605.04603)."""

import sys
from itertools import pairwise

from models.layers import layer_names
from neural_style import cli, inputs, transfer

SHIFT = 1.0
"""Subtracted from all features before every product (section 3.3)."""


def parser():
    """Return the script's parser."""
    parser = cli.Parser(prog="inetwork.py", description=__doc__)
    cli.add_transfer_flags(parser)
    parser.add_argument(
        "--chain",
        choices=["correlation", "difference"],
        default="correlation",
        help="style loss of the paper, or that of the original INetwork.py",
    )
    return parser


def parse(argv):
    """Return the flags in the list of strings `argv`. Raises InputError for those that do not go together."""
    flags = parser().parse(argv)
    inputs.check_flags(flags)
    return flags


def style_products(network, chain, shift_last=True):
    """Return the style loss as (weight, product), over all convolutions of `network`.

    "correlation" (sections 3.1, 3.2 and 3.5): the correlations of each layer with the next, weighted 2^(D − d), d the
    depth of the layer and D of the network, divided by the sum of these weights.

    "difference", as INetwork.py has it: with s_1 … s_n the losses of the layers' Gram matrices,
    sum over i < n of (s_i − s_(i+1)) / 2^(n − 1 − i). Gathered by layer, s_1 has the weight 2^(2 − n), s_i between
    2^(i − n), and the last one −1: the deepest layer is driven away from the style. There features are shifted after
    their mask; without `shift_last` before it.
    """
    from neural_style.losses import ChainProduct, GramProduct

    layers = layer_names(network)
    depth = len(layers)
    if chain == "difference":
        weights = [2.0 ** (2 - depth), *(2.0 ** (i - depth) for i in range(2, depth)), -1.0]
        products = [GramProduct(layer, SHIFT, shift_last) for layer in layers]
        return list(zip(weights, products, strict=True))
    weights = [2.0 ** (depth - i) for i in range(1, depth)]
    return [
        (weight / sum(weights), ChainProduct(*pair, SHIFT))
        for weight, pair in zip(weights, pairwise(layers), strict=True)
    ]


def task(flags):
    """Return the `transfer.Task` for the flags that `parse` returned."""
    layers = tuple(layer_names(flags.model))
    if flags.chain == "correlation":
        layers = tuple(layer for pair in pairwise(layers) for layer in pair)
    # A shift after the mask adds to the positions outside it, which the area of the mask does not count.
    shift_last = flags.style_mask_space == "content"

    def style_loss(network, pictures):
        products = style_products(flags.model, flags.chain, shift_last)
        return transfer.style_loss(products, network, pictures)

    return transfer.Task(flags, lambda reporter: inputs.read(flags, layers, reporter), layers, style_loss)


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    return transfer.paint(task(parse(argv)), cli.command_line(argv))


if __name__ == "__main__":
    cli.run(main)
