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
    return flags


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    flags = parse(argv)
    with cli.Reporter(flags.quiet) as reporter:
        pictures = transfer.read_pictures(flags)
        with RunFolder(flags.prefix, TERMS) as folder:
            device = transfer.start_backend(reporter)
            transfer.describe_sizes(pictures, reporter)
            objective, weights = style_objective(flags, pictures, reporter)
            settings = transfer.settings_of(flags, cli.command_line(argv), device, pictures, weights)
            folder.write_settings(settings)

            from neural_style.synthesis import synthesise

            run = synthesise(objective, pictures.start, flags.num_iter, flags.evaluations, flags.min_improvement)
            return transfer.save_progress(run, flags, pictures, folder, settings, reporter)


def style_objective(flags, pictures, reporter):
    """Return the objective, its targets computed from the pictures, and the network's `Weights`."""
    from models import vgg
    from models.weights import load
    from neural_style.losses import ContentLoss, StyleLoss, TotalVariationLoss, style_grams
    from neural_style.objective import Objective

    weights = load(flags.model, flags.weights, reporter.say, reporter.download)
    reporter.say(f"weights: {flags.model} from {weights.source}, verified")
    extractor = vgg.feature_extractor(
        flags.model, [flags.content_layer, *STYLE_LAYERS], flags.pool_type, weights.tensors
    )
    content = extractor(pictures.content[None])[flags.content_layer]
    grams = [style_grams(extractor(style[None]), STYLE_LAYERS, pictures.size) for style in pictures.styles]
    layer_weights = dict.fromkeys(STYLE_LAYERS, 1 / len(STYLE_LAYERS))
    losses = {
        "content": (
            flags.content_weight,
            ContentLoss(flags.content_layer, content, pictures.size, flags.content_loss_type),
        ),
        "style": (1.0, StyleLoss(grams, transfer.style_weights(flags, reporter), layer_weights, pictures.size)),
        "tv": (flags.total_variation_weight, TotalVariationLoss()),
    }
    return Objective(extractor, losses, pictures.size), weights


if __name__ == "__main__":
    cli.run(main)
