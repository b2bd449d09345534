"""What each kind of run costs per evaluation, relative to network.py with one style.

    python -m benchmarks.kinds [--size 400] [--repeats 9]

The kinds take turns, evaluation by evaluation, and the medians are compared.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.report import Table, timed
from neural_style import backend

FOUR_STYLES = "starry-night,great-wave,night-cafe,composition-viii"
TWO_STYLES = "starry-night,great-wave"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=400, help="rows and columns")
    parser.add_argument("--repeats", type=int, default=9, help="measurements, of which the median counts")
    flags = parser.parse_args()
    backend.start()
    print(measure(flags.size, flags.repeats).markdown())


def measure(size, repeats):
    """Return the `Table` for pictures of `size` rows and columns; Keras is loaded."""
    from keras import ops

    with tempfile.TemporaryDirectory() as folder:
        objectives = {name: make() for name, make in kinds(size, Path(folder)).items()}
    points = {name: ops.convert_to_tensor(start.ravel()) for name, (_, start) in objectives.items()}
    seconds = {name: [] for name in objectives}
    for _ in range(repeats + 1):
        for name, (objective, _) in objectives.items():
            seconds[name].append(timed(lambda o=objective, n=name: o.evaluate(points[n]))[1])
    medians = {name: statistics.median(times[1:]) for name, times in seconds.items()}  # The first ones compile.
    base = next(iter(medians.values()))
    table = Table(f"Kinds of runs at {size}×{size}, median of {repeats}", ["kind", "seconds", "relative"])
    for name, median in medians.items():
        table.add(name, median, median / base)
    return table


def kinds(size, folder):
    """Return {name: function that makes (objective, start)}; masks are written into `folder`."""
    from benchmarks.problems import doodle_problem, problem
    from neural_style.pictures.images import to_picture, write

    left = np.zeros((size, size, 3))
    left[:, : size // 2] = 255
    masks = [folder / "left.png", folder / "right.png"]
    for path, values in zip(masks, (left, 255 - left), strict=True):
        write(path, to_picture(values))
    quarters = np.zeros((size, size, 3))
    quarters[: size // 2] += (255, 0, 0)
    quarters[:, : size // 2] += (0, 255, 0)
    write(folder / "quarters.png", to_picture(quarters))
    square = ["--image_size", size, "--maintain_aspect_ratio", "False"]

    def kind(styles, *flags, script="network.py"):
        return lambda: problem("neuschwanstein-castle", styles, *square, *flags, script=script)

    return {
        "network.py, 1 style": kind("starry-night"),
        "network.py, 4 styles": kind(FOUR_STYLES, "--style_weight", 1, 1, 1, 1),
        "network.py, 2 styles": kind(TWO_STYLES, "--style_weight", 1, 1),
        "network.py, 2 styles, 2 masks": kind(TWO_STYLES, "--style_weight", 1, 1, "--style_masks", *masks),
        "inetwork.py, 1 style": kind("starry-night", script="inetwork.py"),
        "inetwork.py, 2 styles": kind(TWO_STYLES, "--style_weight", 1, 1, script="inetwork.py"),
        "inetwork.py --chain difference": kind("starry-night", "--chain", "difference", script="inetwork.py"),
        "neural_doodle.py, 4 labels": lambda: doodle_problem("starry-night", folder / "quarters.png"),
        "neural_doodle.py --improved, 4 labels": lambda: doodle_problem(
            "starry-night", folder / "quarters.png", "--improved"
        ),
    }


if __name__ == "__main__":
    main()
