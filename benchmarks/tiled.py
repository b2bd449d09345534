"""What an evaluation in tiles costs, relative to one in one piece, and how far the two differ.

python -m benchmarks.tiled [--size 1024] [--tiles 512 256] [--repeats 3]
"""

import argparse
import statistics

import numpy as np

from benchmarks.report import Table, timed
from neural_style import backend


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1024, help="rows and columns")
    parser.add_argument("--tiles", type=int, nargs="+", default=[512, 256], help="rows of tiles")
    parser.add_argument("--repeats", type=int, default=3, help="measurements, of which the median counts")
    flags = parser.parse_args()
    backend.start()
    print(measure(flags.size, flags.tiles, flags.repeats).markdown())


def measure(size, sides, repeats):
    """Return the `Table` for pictures of `size` rows and columns in tiles of each of the `sides`; Keras is loaded."""
    from keras import ops

    from benchmarks.problems import PAIRS, problem

    flags = ["--image_size", size, "--maintain_aspect_ratio", "False"]
    objectives = {side: problem(*PAIRS[0], *flags, side=side)[0] for side in (None, *sides)}
    start = np.random.default_rng(0).uniform(0, 255, size * size * 3)
    point = ops.convert_to_tensor(start, "float32")
    seconds, gradients = {side: [] for side in objectives}, {}
    for _ in range(repeats + 1):
        for side, objective in objectives.items():
            (_, _, gradient), took = timed(lambda o=objective: o.evaluate(point))
            seconds[side].append(took)
            gradients[side] = ops.convert_to_numpy(gradient)
    medians = {side: statistics.median(times[1:]) for side, times in seconds.items()}  # The first ones compile.
    columns = ["pieces", "seconds", "relative", "difference of the gradient"]
    table = Table(f"In tiles at {size}×{size}, median of {repeats}", columns)
    for side, median in medians.items():
        difference = np.linalg.norm(gradients[side] - gradients[None]) / np.linalg.norm(gradients[None])
        name = "in one piece" if side is None else f"in tiles of {side} rows"
        table.add(name, median, median / medians[None], float(difference))
    return table


if __name__ == "__main__":
    main()
