"""The best painting this toolkit knows, as a method: what paint.py and video.py paint by."""

from neural_style.command.flags import add_painting_flags
from neural_style.command.parser import Parser
from neural_style.painting import photograph
from neural_style.painting.recipe import Method

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


def parser():
    """Return the parser of paint.py."""
    description = "Paint a photograph like a picture: the best painting this toolkit knows, good without a flag."
    return add_painting_flags(Parser(prog="paint.py", description=description))


def style_loss(flags, network, pictures):
    """Return the style loss: how far the distributions of the features of five layers are from the style's."""
    from neural_style.painting import objective

    return objective.wasserstein_loss(STYLE_LAYERS, network, pictures)


def smoothness(flags, size):
    """Return the loss that keeps neighbouring pixels alike, in their colours above all."""
    from neural_style.losses.variation import SmoothnessLoss

    return SmoothnessLoss(size)


METHOD = Method(parser, photograph, lambda flags: STYLE_LAYERS, style_loss, smoothness)
