"""The problems that the benchmarks solve: sample photographs in the style of sample paintings."""

from pathlib import Path

import inetwork
import network
from models.layers import layer_names
from neural_style import cli, inputs, transfer

INPUTS = Path(__file__).parent.parent / "images" / "inputs"

PAIRS = (
    ("neuschwanstein-castle", "starry-night"),
    ("scarlet-macaw", "great-wave"),
    ("playing-kitten", "composition-viii"),
)
"""Photographs and paintings: architecture, an animal in front of foliage, soft fur; strokes, lines, flat shapes."""


def problem(content, style, *flags, script="network.py"):
    """Return (objective, start image) of a script for sample pictures and further flags.

    `content` and `style` are names of sample pictures, `style` several separated by commas.
    """
    styles = [str(INPUTS / "style" / f"{name}.jpg") for name in style.split(",")]
    arguments = [str(INPUTS / "content" / f"{content}.jpg"), *styles, "unused", *map(str, flags)]
    if script == "network.py":
        parsed, layers, products = network.parse(arguments), network.STYLE_LAYERS, network.style_products
    else:
        parsed = inetwork.parse(arguments)
        layers, products = layer_names(parsed.model), lambda: inetwork.style_products(parsed.model, parsed.chain)
    pictures = inputs.read_pictures(parsed)
    regions = inputs.read_masks(parsed, pictures, layers)
    reporter = cli.Reporter(quiet=True)
    weights = transfer.load_weights(parsed, reporter)
    return transfer.objective(parsed, pictures, regions, weights, products, reporter), pictures.start
