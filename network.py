#!/usr/bin/env python3
"""Paint a photograph in the style of a picture (Gatys, Ecker & Bethge 2015, arXiv 1508.06576)."""

import sys

from models.layers import canonical_layer
from neural_style import cli, transfer
from neural_style.errors import InputError
from neural_style.runs import RunFolder

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
TERMS = ("content", "style", "tv")


def parse(argv):
    parser = cli.Parser(prog="network.py", description=__doc__)
    cli.add_transfer_flags(parser)
    flags = parser.parse(argv)
    flags.content_layer = canonical_layer(flags.model, flags.content_layer)
    if not (flags.content_weight or (any(flags.style_weight) and flags.style_scale)):
        raise InputError("--content_weight and --style_weight are all zero: there is nothing to paint")
    return flags


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    flags = parse(argv)
    with cli.Reporter(flags.quiet) as reporter:
        pictures = transfer.read_pictures(flags)
        with RunFolder(flags.prefix, TERMS) as folder:
            transfer.describe_sizes(pictures, reporter)
            weights = transfer.load_weights(flags, reporter)
            device = transfer.start_backend(reporter)
            objective = style_objective(flags, pictures, weights, reporter)
            settings = transfer.settings_of(flags, cli.command_line(argv), device, pictures, weights)
            folder.write_settings(settings)

            from neural_style.synthesis import synthesise

            run = synthesise(objective, pictures.start, flags.num_iter, flags.evaluations, flags.min_improvement)
            return transfer.save_progress(run, flags, pictures, folder, settings, reporter)


def style_objective(flags, pictures, weights, reporter):
    """Return the objective for the network's `Weights`, its targets computed from the pictures.

    A term whose weight is zero is left out, and with it the part of the network only it would need.
    """
    from models import vgg
    from neural_style.losses import ContentLoss, StyleLoss, TotalVariationLoss, style_grams
    from neural_style.objective import Objective

    style_weights = transfer.style_weights(flags, reporter)
    content_layers = [flags.content_layer] if flags.content_weight else []
    style_layers = STYLE_LAYERS if any(style_weights) else ()
    extractor = vgg.feature_extractor(flags.model, [*content_layers, *style_layers], flags.pool_type, weights.tensors)
    terms = {}
    for layer in content_layers:
        target = extractor(pictures.content[None])[layer]
        terms["content"] = flags.content_weight, ContentLoss(layer, target, pictures.size, flags.content_loss_type)
    if style_layers:
        grams = [style_grams(extractor(style[None]), style_layers, pictures.size) for style in pictures.styles]
        layer_weights = dict.fromkeys(style_layers, 1 / len(style_layers))
        terms["style"] = 1.0, StyleLoss(grams, style_weights, layer_weights, pictures.size)
    if flags.total_variation_weight:
        terms["tv"] = flags.total_variation_weight, TotalVariationLoss()
    return Objective(extractor, terms, pictures.size)


if __name__ == "__main__":
    cli.run(main)
