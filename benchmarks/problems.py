"""The problems that the benchmarks solve: sample photographs in the style of sample paintings."""

from pathlib import Path

import network
from neural_style import cli, transfer

INPUTS = Path(__file__).parent.parent / "images" / "inputs"

PAIRS = (
    ("neuschwanstein-castle", "starry-night"),
    ("scarlet-macaw", "great-wave"),
    ("playing-kitten", "composition-viii"),
)
"""Photographs and paintings: architecture, an animal in front of foliage, soft fur; strokes, lines, flat shapes."""


def problem(content, style, *flags):
    """Return (objective, start image) of network.py for two sample pictures and further flags."""
    paths = [str(INPUTS / "content" / f"{content}.jpg"), str(INPUTS / "style" / f"{style}.jpg")]
    parsed = network.parse([*paths, "unused", *map(str, flags)])
    pictures = transfer.read_pictures(parsed)
    reporter = cli.Reporter(quiet=True)
    return network.style_objective(parsed, pictures, transfer.load_weights(parsed, reporter), reporter), pictures.start
