"""How near one evaluation comes to the machine's own speed, and what the optimiser adds to it.

    python -m benchmarks.evaluation [--size 400] [--repeats 9]

One evaluation at 400×400 is about 190 GFLOP, the convolutions of VGG-16 to conv5_2 forward and back to the pixels.
It is compared with the time in which the same machine, in the same process, does that much of a float32 matrix
product of 4096×4096. Convolutions by Winograd's algorithm need fewer, so the ratio may be below 1.
"""

import argparse
import statistics

from benchmarks.report import Table, timed
from neural_style import backend

MATRIX = 4096
GIGAFLOP_PER_PIXEL = 190 / 400**2


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=400, help="rows and columns")
    parser.add_argument("--repeats", type=int, default=9, help="measurements, of which the median counts")
    flags = parser.parse_args()
    backend.start()
    print(measure(flags.size, flags.repeats).markdown())


def measure(size, repeats):
    """Return the `Table` for pictures of `size` rows and columns; Keras is loaded."""
    from keras import ops, random

    from benchmarks.problems import PAIRS, problem
    from neural_style.painting.synthesis import optimiser_of

    objective, start = problem(*PAIRS[0], "--image_size", size, "--maintain_aspect_ratio", "False")
    matrix = random.normal((MATRIX, MATRIX))
    product = backend.compiled(lambda a: ops.sum(ops.matmul(a, a)))
    optimiser = optimiser_of(start)

    def evaluation():
        """Return the seconds of one evaluation and of the optimiser's work around it."""
        line, ask = timed(optimiser.line)
        (loss, _, gradient), evaluate = timed(lambda: objective.evaluate(*line))
        _, tell = timed(lambda: optimiser.tell(loss, gradient))
        return evaluate, ask + tell

    for _ in range(25):  # Compile, and fill the optimiser's memory.
        evaluation()
    float(product(matrix))
    evaluations, optimisers, products = [], [], []
    for _ in range(repeats):
        evaluate, optimise = evaluation()
        evaluations.append(evaluate)
        optimisers.append(optimise)
        products.append(timed(lambda: float(product(matrix)))[1])

    rate = 2 * MATRIX**3 / statistics.median(products) / 1e9
    ideal = GIGAFLOP_PER_PIXEL * size**2 / rate
    evaluate, optimise = statistics.median(evaluations), statistics.median(optimisers)
    table = Table(f"One evaluation at {size}×{size}, median of {repeats}", ["what", "measured"])
    table.add("matrix product, GFLOP/s", rate)
    table.add("one evaluation, seconds", evaluate)
    table.add("its direct arithmetic at the speed of the matrix product, seconds", ideal)
    table.add("ratio", evaluate / ideal)
    table.add("20 evaluations with the optimiser, seconds", 20 * (evaluate + optimise))
    table.add("the optimiser's share of a run, percent", 100 * optimise / (evaluate + optimise))
    return table


if __name__ == "__main__":
    main()
