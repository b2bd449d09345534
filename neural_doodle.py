#!/usr/bin/env python3
"""Paint a doodle of coloured regions with the textures of the same regions of a picture (Champandard 2016)."""

import sys

from models.layers import layer_names
from neural_style import cli, doodle, transfer

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")

SHIFT = 1.0
"""Subtracted from all features with --improved."""


def parser():
    """Return the script's parser."""
    parser = cli.Parser(prog="neural_doodle.py", description=__doc__)
    cli.add_doodle_flags(parser)
    return parser


def parse(argv):
    """Return the flags in the list of strings `argv`. Raises InputError for those that do not go together."""
    flags = parser().parse(argv)
    doodle.check_flags(flags)
    return flags


def style_products(layers, improved):
    """Return the style loss as (weight, product): Gram matrices of the layers, equally weighted.

    With `improved`, features are shifted after their mask, and layer i of n has the weight 1 / 2^(n − i), as the
    original improved_neural_doodle.py has it.
    """
    from neural_style.losses import GramProduct

    if not improved:
        return [(1 / len(layers), GramProduct(layer)) for layer in layers]
    return [
        (2.0 ** (number - len(layers)), GramProduct(layer, SHIFT, shift_last=True))
        for number, layer in enumerate(layers, start=1)
    ]


def task(flags):
    """Return the `transfer.Task` for the flags that `parse` returned."""
    layers = tuple(layer_names(flags.model)) if flags.improved else STYLE_LAYERS

    def style_loss(network, pictures):
        return doodle.style_loss(style_products(layers, flags.improved), network, pictures)

    return transfer.Task(flags, lambda reporter: doodle.read(flags, layers, reporter), layers, style_loss)


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    return transfer.paint(task(parse(argv)), cli.command_line(argv))


if __name__ == "__main__":
    cli.run(main)
