"""How far the optimiser gets in a given number of evaluations, against scipy's L-BFGS-B.

    python -m benchmarks.optimiser [--rows 200] [--evaluations 100] [--history 10 20 30]

Both minimise the same objective from the same start, the content. Scipy runs in float64 with m=20, once without a
break and once restarted every 20 evaluations, as the original Keras scripts do. The figures are best losses, relative
to those of scipy without a break.
"""

import argparse
import contextlib
from functools import partial

import numpy as np
from scipy.optimize import fmin_l_bfgs_b

from neural_style import autodiff


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--evaluations", type=int, default=100)
    parser.add_argument("--history", type=int, nargs="+", default=[10, 20, 30])
    flags = parser.parse_args()
    autodiff.start()

    from benchmarks.problems import PAIRS, problem

    marks = sorted({20, flags.evaluations // 2, flags.evaluations})
    print("| pair | optimiser | " + " | ".join(f"after {mark}" for mark in marks) + " |")
    print("| --- | --- |" + " --- |" * len(marks))
    for pair in PAIRS:
        objective, start = problem(*pair, "--image_size", flags.rows)
        run = partial(best_losses, flags.evaluations, objective, start)
        scipys = run(with_scipy, restart=10 * flags.evaluations)
        runs = {"scipy, m=20": scipys, "scipy, restarted every 20": run(with_scipy, restart=20)}
        for history in flags.history:
            runs[f"ours, history {history}"] = run(with_ours, history=history)
        for name, losses in runs.items():
            ratios = " | ".join(f"{losses[mark] / scipys[mark]:.3f}" for mark in marks)
            print(f"| {pair[0]}, {pair[1]} | {name} | {ratios} |", flush=True)


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


def with_ours(objective, start, told, history):
    from neural_style.lbfgs import LBFGS

    optimiser = LBFGS(start.ravel(), history)
    while True:
        loss, _, gradient = objective.evaluate(optimiser.point())
        told(loss)
        optimiser.tell(loss, gradient)


def with_scipy(objective, start, told, restart):
    from keras import ops

    def function(x):
        loss, _, gradient = objective.evaluate(ops.convert_to_tensor(x, "float32"))
        told(loss)
        return loss, np.asarray(gradient, "float64")

    x = start.ravel().astype("float64")
    while True:
        x, _, _ = fmin_l_bfgs_b(function, x, m=20, maxfun=restart, maxiter=10**6, factr=0, pgtol=0)


if __name__ == "__main__":
    main()
