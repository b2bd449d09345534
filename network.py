#!/usr/bin/env python3
"""Paint a photograph in the style of pictures (Gatys, Ecker & Bethge 2015, arXiv 1508.06576)."""

import sys

from neural_style import cli, inputs, transfer

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


def parser():
    """Return the script's parser."""
    parser = cli.Parser(prog="network.py", description=__doc__)
    cli.add_transfer_flags(parser)
    return parser


def parse(argv):
    """Return the flags in the list of strings `argv`. Raises InputError for those that do not go together."""
    flags = parser().parse(argv)
    inputs.check_flags(flags)
    return flags


def style_products():
    """Return the style loss as (weight, product): the Gram matrices of five layers, equally weighted."""
    from neural_style.losses import GramProduct

    return [(1 / len(STYLE_LAYERS), GramProduct(layer)) for layer in STYLE_LAYERS]


def task(flags):
    """Return the `transfer.Task` for the flags that `parse` returned."""
    return transfer.Task(
        flags,
        read=lambda reporter: inputs.read(flags, STYLE_LAYERS, reporter),
        style_layers=STYLE_LAYERS,
        style_loss=lambda network, pictures: transfer.style_loss(style_products(), network, pictures),
    )


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    return transfer.paint(task(parse(argv)), cli.command_line(argv))


if __name__ == "__main__":
    cli.run(main)
