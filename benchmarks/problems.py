"""The problems that the benchmarks solve: sample photographs in the style of sample paintings."""

from pathlib import Path

import inetwork
import network
import neural_doodle
from neural_style import cli, transfer

INPUTS = Path(__file__).parent.parent / "images" / "inputs"

PAIRS = (
    ("neuschwanstein-castle", "starry-night"),
    ("scarlet-macaw", "great-wave"),
    ("playing-kitten", "composition-viii"),
)
"""Photographs and paintings: architecture, an animal in front of foliage, soft fur; strokes, lines, flat shapes."""


def problem(content, style, *flags, script="network.py", side=None):
    """Return (objective, start image) of a script for sample pictures and further flags.

    `content` and `style` are names of sample pictures, `style` several separated by commas; `side` has the rows of
    tiles, None for one piece.
    """
    return _first_scale(task_of(content, style, *flags, script=script), side)


def task_of(content, style, *flags, script="network.py"):
    """Return the `transfer.Task` that `problem` is made of."""
    script = {"network.py": network, "inetwork.py": inetwork}[script]
    styles = [str(INPUTS / "style" / f"{name}.jpg") for name in style.split(",")]
    return script.task(script.parse([str(INPUTS / "content" / f"{content}.jpg"), *styles, "unused", *map(str, flags)]))


def doodle_problem(style, mask, *flags):
    """Return (objective, start image) of neural_doodle.py for a sample picture; `mask` is its map and the doodle."""
    content = INPUTS / "content" / "neuschwanstein-castle.jpg"
    files = {"style_image": INPUTS / "style" / f"{style}.jpg", "style_mask": mask, "target_mask": mask}
    files |= {"content_image": content, "target_image_prefix": "unused"}
    arguments = [*(f"--{name}={path}" for name, path in files.items()), *flags]
    return _first_scale(neural_doodle.task(neural_doodle.parse(arguments)))


def _first_scale(task, side=None):
    """Return (objective, start image) of the first scale of a run, in tiles of `side` rows or in one piece."""
    reporter = cli.Reporter(quiet=True)
    pictures = task.read(reporter)[0]
    objective = transfer.objective(task, pictures, transfer.load_weights(task.flags, reporter), side)
    return objective, pictures.start.astype("float32")
