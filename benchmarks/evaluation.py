"""How near one evaluation comes to the machine's own speed, and what the optimiser adds to it.

    python -m benchmarks.evaluation [--size 400] [--repeats 9]

One evaluation at 400×400 is about 190 GFLOP, the convolutions of VGG-16 to conv5_2 forward and back to the pixels.
It is compared with the time in which the same machine, in the same process, does that much of a float32 matrix
product of 4096×4096.
"""

import argparse
import statistics
import time

from neural_style import autodiff

MATRIX = 4096
GIGAFLOP_PER_PIXEL = 190 / 400**2


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=400, help="rows and columns")
    parser.add_argument("--repeats", type=int, default=9, help="measurements, of which the median counts")
    flags = parser.parse_args()
    device = autodiff.start()

    from keras import ops, random

    from benchmarks.problems import PAIRS, problem
    from neural_style.lbfgs import LBFGS

    objective, start = problem(*PAIRS[0], "--image_size", flags.size, "--maintain_aspect_ratio", "False")
    matrix = random.normal((MATRIX, MATRIX))
    product = autodiff.compiled(lambda a: ops.sum(ops.matmul(a, a)))
    optimiser = LBFGS(start.ravel())

    def evaluation():
        """Return the seconds of one evaluation and of the optimiser's work around it."""
        point, ask = timed(optimiser.point)
        (loss, _, gradient), evaluate = timed(lambda: objective.evaluate(point))
        _, tell = timed(lambda: optimiser.tell(loss, gradient))
        return evaluate, ask + tell

    for _ in range(25):  # Compile, and fill the optimiser's memory.
        evaluation()
    float(product(matrix))
    evaluations, optimisers, products = [], [], []
    for _ in range(flags.repeats):
        evaluate, optimise = evaluation()
        evaluations.append(evaluate)
        optimisers.append(optimise)
        products.append(timed(lambda: float(product(matrix)))[1])

    rate = 2 * MATRIX**3 / statistics.median(products) / 1e9
    ideal = GIGAFLOP_PER_PIXEL * flags.size**2 / rate
    evaluate, optimise = statistics.median(evaluations), statistics.median(optimisers)
    print(f"| {device}, {flags.size}×{flags.size}, median of {flags.repeats} | |")
    print("| --- | --- |")
    print(f"| matrix product | {rate:.0f} GFLOP/s |")
    print(f"| one evaluation | {evaluate:.3f} s |")
    print(f"| its arithmetic at the speed of the matrix product | {ideal:.3f} s |")
    print(f"| ratio | {evaluate / ideal:.2f} |")
    print(f"| the optimiser's share of the run | {100 * optimise / (evaluate + optimise):.1f}% |")


def timed(function):
    """Return the result of a function and the seconds it took."""
    begin = time.perf_counter()
    result = function()
    return result, time.perf_counter() - begin


if __name__ == "__main__":
    main()
