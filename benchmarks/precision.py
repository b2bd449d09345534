"""What convolutions in bfloat16 save, and what they cost.

    python -m benchmarks.precision [--rows 400] [--evaluations 100] [--pairs 3] [--repeats 9]

Evaluations in both precisions take turns, and the medians are compared; the difference of the gradients is that at the
content. Then each paints a picture in as many evaluations, and the losses of both pictures in float32 are compared.
"""

import argparse
import statistics

import numpy as np

from benchmarks.report import Table, timed
from neural_style import backend


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--evaluations", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=3, help="pairs of pictures, 1 to 3")
    parser.add_argument("--repeats", type=int, default=9, help="measurements, of which the median counts")
    flags = parser.parse_args()
    backend.start()
    print(measure(flags.rows, flags.evaluations, flags.pairs, flags.repeats).markdown())


def measure(rows, evaluations, pairs, repeats):
    """Return the `Table` for the first `pairs` of pictures; Keras is loaded."""
    from benchmarks.problems import PAIRS

    columns = ["pair", "float32, seconds", "bfloat16, seconds", "relative", "difference of gradients"]
    table = Table(f"Precisions at {rows} rows, median of {repeats}", [*columns, f"loss after {evaluations}, relative"])
    for pair in PAIRS[:pairs]:
        table.add(", ".join(pair), *_of_pair(pair, rows, evaluations, repeats))
    return table


def _of_pair(pair, rows, evaluations, repeats):
    """Return the seconds of both, their ratio, the difference of the gradients, and the ratio of the losses."""
    from keras import ops

    from benchmarks.problems import problem

    single, start = problem(*pair, "--image_size", rows)
    half, _ = problem(*pair, "--image_size", rows, "--precision", "bfloat16")
    objectives = (single, half)
    point = start.ravel()
    gradients = [ops.convert_to_numpy(objective.evaluate(point)[2]) for objective in objectives]  # These compile.
    seconds = [[timed(lambda o=objective: o.evaluate(point))[1] for objective in objectives] for _ in range(repeats)]
    of_single, of_half = map(statistics.median, zip(*seconds, strict=True))
    painted = [single.evaluate(_painted(objective, start, evaluations))[0] for objective in objectives]
    difference = np.linalg.norm(gradients[1] - gradients[0]) / np.linalg.norm(gradients[0])
    return of_single, of_half, of_half / of_single, float(difference), painted[1] / painted[0]


def _painted(objective, start, evaluations):
    """Return the vector that the optimiser reaches."""
    from neural_style.painting.synthesis import optimiser_of

    optimiser = optimiser_of(start)
    for _ in range(evaluations):
        loss, _, gradient = objective.evaluate(*optimiser.line())
        optimiser.tell(loss, gradient)
    return optimiser.best()


if __name__ == "__main__":
    main()
