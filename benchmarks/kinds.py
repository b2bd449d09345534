"""What each kind of run costs per evaluation, relative to network.py with one style.

    python -m benchmarks.kinds [--rows 400] [--repeats 9] [--only paint …]

The kinds take turns, evaluation by evaluation, and the medians are compared. `--only` takes those whose names have one
of the words in them, besides the first.
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
    parser.add_argument("--rows", type=int, default=400, help="of the pictures, half as wide again")
    parser.add_argument("--repeats", type=int, default=9, help="measurements, of which the median counts")
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD", help="in the names of kinds")
    flags = parser.parse_args()
    backend.start()
    print(measure(flags.rows, flags.repeats, flags.only).markdown())


def measure(rows, repeats, words=("",)):
    """Return the `Table` for pictures of `rows` rows, of the first kind and those with one of the words in their names;
    Keras is loaded.
    """
    from keras import ops

    with tempfile.TemporaryDirectory() as folder:
        makers = list(kinds(rows, Path(folder)).items())
        chosen = makers[:1] + [(name, make) for name, make in makers[1:] if any(word in name for word in words)]
        objectives = {name: make() for name, make in chosen}
    points = {name: ops.convert_to_tensor(start.ravel()) for name, (_, start) in objectives.items()}
    seconds = {name: [] for name in objectives}
    for _ in range(repeats + 1):
        for name, (objective, _) in objectives.items():
            seconds[name].append(timed(lambda o=objective, n=name: o.evaluate(points[n]))[1])
    medians = {name: statistics.median(times[1:]) for name, times in seconds.items()}  # The first ones compile.
    base = next(iter(medians.values()))
    height, width = next(iter(objectives.values()))[0].size
    table = Table(f"Kinds of runs at {height}×{width}, median of {repeats}", ["kind", "seconds", "relative"])
    for name, median in medians.items():
        table.add(name, median, median / base)
    return table


def kinds(rows, folder):
    """Return {name: function that makes (objective, start)}; masks are written into `folder`."""
    from benchmarks.problems import doodle_problem, problem
    from neural_style.pictures.images import to_picture, write

    left = np.zeros((rows, 3 * rows // 2, 3))
    left[:, : left.shape[1] // 2] = 255
    masks = [folder / "left.png", folder / "right.png"]
    for path, values in zip(masks, (left, 255 - left), strict=True):
        write(path, to_picture(values))
    quarters = np.zeros_like(left)
    quarters[: rows // 2] += (255, 0, 0)
    quarters[:, : left.shape[1] // 2] += (0, 255, 0)
    write(folder / "quarters.png", to_picture(quarters))

    def kind(styles, *flags, script="network.py"):
        return lambda: problem("neuschwanstein-castle", styles, "--scales", rows, *flags, script=script)

    return {
        "network.py, 1 style": kind("starry-night"),
        "network.py, 4 styles": kind(FOUR_STYLES, "--style_weight", 1, 1, 1, 1),
        "network.py, 2 styles": kind(TWO_STYLES, "--style_weight", 1, 1),
        "network.py, 2 styles, 2 masks": kind(TWO_STYLES, "--style_weight", 1, 1, "--style_masks", *masks),
        "paint.py, 1 style": kind("starry-night", script="paint.py"),
        "paint.py, 2 styles, 2 masks": kind(TWO_STYLES, "--style_masks", *masks, script="paint.py"),
        "inetwork.py, 1 style": kind("starry-night", script="inetwork.py"),
        "inetwork.py, 2 styles": kind(TWO_STYLES, "--style_weight", 1, 1, script="inetwork.py"),
        "inetwork.py --chain difference": kind("starry-night", "--chain", "difference", script="inetwork.py"),
        "neural_doodle.py, 4 labels": lambda: doodle_problem("starry-night", folder / "quarters.png"),
        "neural_doodle.py --improved, 4 labels": lambda: doodle_problem(
            "starry-night", folder / "quarters.png", "--improved"
        ),
        "neural_doodle.py --style_loss wasserstein, 4 labels": lambda: doodle_problem(
            "starry-night", folder / "quarters.png", "--style_loss", "wasserstein"
        ),
    }


if __name__ == "__main__":
    main()
