"""Time and peak memory of one evaluation of a picture of any size, amid a run.

    python -m benchmarks.huge [--side 4096] [--max_memory 6G] [--tile ROWS] [--evaluations 1]

The optimiser has its point, gradient, direction and memory before the evaluation, as in the middle of a run, and takes
the outcome after it. A run's own line tells what it needs. The first evaluation compiles; the time is that of the last.
"""

import argparse
import resource

import numpy as np

from benchmarks.problems import PAIRS, task_of
from benchmarks.report import timed
from neural_style import backend
from neural_style.command.reporter import Reporter
from neural_style.painting import planning
from neural_style.painting.recipe import Run, load_weights
from neural_style.runs.folder import NoFolder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=4096, help="rows and columns")
    parser.add_argument("--max_memory", default="6G")
    parser.add_argument("--tile", type=int)
    parser.add_argument("--evaluations", type=int, default=1)
    flags = parser.parse_args()
    settings = ["--image_size", flags.side, "--maintain_aspect_ratio", "False", "--style_fit", "keep"]
    settings += ["--max_memory", flags.max_memory, *([] if flags.tile is None else ["--tile", flags.tile])]
    task = task_of(*PAIRS[0], *settings)
    reporter = Reporter()
    (pictures,) = task.read(reporter)
    run = Run(task, [pictures], load_weights(task.flags, reporter), NoFolder(), reporter)
    device = planning.start_backend(run)

    from keras import ops

    from neural_style.painting.objective import objective as objective_of
    from neural_style.painting.synthesis import optimiser_of

    (plan,) = planning.plan_memory(run)
    objective = objective_of(task, pictures, run.weights, plan, reporter)
    optimiser = optimiser_of(pictures.start, plan.history)
    gradient = np.random.default_rng(0).standard_normal(pictures.start.size, "float32")
    optimiser.tell(1e30, ops.convert_to_tensor(gradient))
    del gradient
    before = peak()
    for _ in range(flags.evaluations):
        (loss, _, gradient), seconds = timed(lambda: objective.evaluate(*optimiser.line()))
        evaluated = peak()
        optimiser.tell(loss, gradient)
    megapixels = flags.side**2 / 1e6
    print(f"| {device}, {flags.side}×{flags.side} | history | evaluation | per megapixel | peak before, then, after |")
    print("| --- | --- | --- | --- | --- |")
    tiles = f"in tiles of {plan.side} rows" if plan.side else "in one piece"
    print(
        f"| {tiles} | {plan.history} | {seconds:.1f} s | {seconds / megapixels:.2f} s | "
        f"{before:.2f}, {evaluated:.2f}, {peak():.2f} GiB |"
    )


def peak():
    """Return the most memory so far, of the GPU or resident, in GiB."""
    on_gpu = backend.peak_device_memory()
    if on_gpu is not None:
        return on_gpu / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
