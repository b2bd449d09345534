"""The problems that the benchmarks solve: sample photographs in the style of sample paintings."""

from dataclasses import replace
from pathlib import Path

import inetwork
import network
import neural_doodle
import paint
from neural_style.command.reporter import Reporter
from neural_style.painting.recipe import load_weights
from neural_style.tiling.memory import ONE_PIECE

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
    """Return the `recipe.Task` that `problem` is made of."""
    script = {"paint.py": paint, "network.py": network, "inetwork.py": inetwork}[script]
    styles = [str(INPUTS / "style" / f"{name}.jpg") for name in style.split(",")]
    return script.METHOD.task([str(INPUTS / "content" / f"{content}.jpg"), *styles, "unused", *map(str, flags)])


def doodle_problem(style, mask, *flags):
    """Return (objective, start image) of neural_doodle.py for a sample picture; `mask` is its map and the doodle."""
    content = INPUTS / "content" / "neuschwanstein-castle.jpg"
    files = {"style_image": INPUTS / "style" / f"{style}.jpg", "style_mask": mask, "target_mask": mask}
    files |= {"content_image": content, "target_image_prefix": "unused"}
    arguments = [*(f"--{name}={path}" for name, path in files.items()), *flags]
    return _first_scale(neural_doodle.METHOD.task(arguments))


def _first_scale(task, side=None):
    """Return (objective, start image) of the first scale of a run, in tiles of `side` rows or in one piece."""
    from neural_style.painting.objective import objective

    reporter = Reporter(quiet=True)
    pictures = task.read(reporter)[0]
    plan = replace(ONE_PIECE, side=side)
    return objective(task, pictures, load_weights(task.flags, reporter), plan), pictures.start.astype("float32")
