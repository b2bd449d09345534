"""How far the optimiser gets in a given number of evaluations, against scipy's L-BFGS-B.

    python -m benchmarks.optimiser [--rows 200] [--evaluations 100] [--history 10 20 30] [--pairs 3]

Both minimise the same objective from the same start, the content. Scipy runs in float64 with m=20, once without a
break and once restarted every 20 evaluations, as the original Keras scripts do. The figures are best losses, relative
to those of scipy without a break.
"""

import argparse
import contextlib
from functools import partial

import numpy as np
from scipy.optimize import fmin_l_bfgs_b

from benchmarks.report import Table
from neural_style import backend


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--evaluations", type=int, default=100)
    parser.add_argument("--history", type=int, nargs="+", default=[10, 20, 30])
    parser.add_argument("--pairs", type=int, default=3, help="pairs of pictures, 1 to 3")
    flags = parser.parse_args()
    backend.start()
    print(measure(flags.rows, flags.evaluations, flags.history, flags.pairs).markdown())


def measure(rows, evaluations, histories, pairs):
    """Return the `Table` for the first `pairs` of pictures; Keras is loaded."""
    from benchmarks.problems import PAIRS, problem

    marks = sorted({20, evaluations // 2, evaluations})
    table = Table(
        f"Best loss at {rows} rows, relative to scipy's", ["pair", "optimiser", *(f"after {m}" for m in marks)]
    )
    for pair in PAIRS[:pairs]:
        objective, start = problem(*pair, "--image_size", rows)
        run = partial(best_losses, evaluations, objective, start)
        scipys = run(with_scipy, restart=10 * evaluations)
        runs = {"scipy, m=20": scipys, "scipy, restarted every 20": run(with_scipy, restart=20)}
        for history in histories:
            runs[f"ours, history {history}"] = run(with_ours, history=history)
        runs["ours, restarted every 20"] = run(with_ours, history=max(histories), restart=20)
        for name, losses in runs.items():
            table.add(", ".join(pair), name, *(float(losses[mark] / scipys[mark]) for mark in marks))
    return table


class Enough(Exception):  # noqa: N818 (not an error)
    """The evaluations are used up."""


def best_losses(evaluations, objective, start, minimise, **settings):
    """Return the best loss after each of the evaluations, the start's first.

    `minimise(objective, start, told, **settings)` calls told(loss) after each evaluation, and never returns.
    """
    losses = []

    def told(loss):
        losses.append(loss)
        if len(losses) > evaluations:
            raise Enough

    with contextlib.suppress(Enough):
        minimise(objective, start, told, **settings)
    return np.minimum.accumulate(losses)


def with_ours(objective, start, told, history, restart=10**9):
    from keras import ops

    from neural_style.painting.synthesis import optimiser_of

    image = start
    while True:
        optimiser = optimiser_of(image, history)
        for _ in range(restart):
            loss, _, gradient = objective.evaluate(*optimiser.line())
            told(loss)
            optimiser.tell(loss, gradient)
        image = np.reshape(ops.convert_to_numpy(optimiser.best()), start.shape)


def with_scipy(objective, start, told, restart):
    from keras import ops

    def function(x):
        loss, _, gradient = objective.evaluate(ops.convert_to_tensor(x, "float32"))
        told(loss)
        return loss, ops.convert_to_numpy(gradient).astype("float64")

    x = start.ravel().astype("float64")
    while True:
        x, _, _ = fmin_l_bfgs_b(function, x, m=20, maxfun=restart, maxiter=10**6, factr=0, pgtol=0)


if __name__ == "__main__":
    main()
