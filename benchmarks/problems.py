"""The problems that the benchmarks solve: sample photographs in the style of sample paintings."""

from pathlib import Path

import inetwork
import network
from neural_style import cli, transfer

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
    module = {"network.py": network, "inetwork.py": inetwork}[script]
    task = module.task(module.parse(arguments))
    reporter = cli.Reporter(quiet=True)
    (pictures,) = task.read(reporter)
    return transfer.objective(task, pictures, transfer.load_weights(task.flags, reporter)), pictures.start
