"""One picture by several processes: how fast they are beside one, and what that means for many machines.

    python -m benchmarks.cluster [--side 2048] [--tile 512] [--workers 2] [--repeats 3]

One process with all cores and `workers` processes, which share the cores, take turns at the same tiles. What both
measure of a tile then goes into the formula of docs/many-machines.md.
"""

import argparse
import math
import os
import statistics
import time

import numpy as np

from benchmarks.report import Table, timed
from neural_style import backend

BANDWIDTH = 10e9 / 8
"""Bytes a second of the network that is assumed."""

CALL = 1e-3
"""Seconds that the driver takes for a call of Ray's."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=2048, help="rows and columns")
    parser.add_argument("--tile", type=int, default=512, help="rows of tiles")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3, help="measurements, of which the median counts")
    parser.add_argument("--script", default="network.py", help="network.py or paint.py")
    flags = parser.parse_args()
    from neural_style.cluster.crew import Crew

    with Crew(f"local:{flags.workers}", print) as crew:
        backend.start()
        crew.gather()
        for table in measure(crew, flags):
            print(table.markdown())


def measure(crew, flags):
    """Yield the `Table`s of a crew; Keras is loaded."""
    from keras import ops

    alone, start = _problem(flags, None)
    together, _ = _problem(flags, crew)
    network = together._network
    tiles = network.tiles(together.size)
    point = ops.convert_to_tensor(start.ravel())
    times = {"alone": [], "together": [], "driver": []}
    for _ in range(flags.repeats + 1):
        (loss, _, gradient), took = timed(lambda: alone.evaluate(point))
        times["alone"].append(took)
        began = time.process_time()
        (other, _, others), took = timed(lambda: together.evaluate(point))
        times["together"].append(took)
        times["driver"].append(time.process_time() - began)
        same = loss == other and bool(ops.all(gradient == others))
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}  # The first ones compile.
    optimise = _optimiser(start)
    table = Table(
        f"{flags.side}×{flags.side} in {len(tiles)} tiles of {flags.tile}, median of {flags.repeats}", ["", "value"]
    )
    table.add(f"one process, {os.cpu_count()} cores: seconds of an evaluation", medians["alone"])
    table.add(f"{flags.workers} processes", medians["together"])
    table.add("their speed, relative", medians["alone"] / medians["together"])
    table.add("the same bits", str(same))
    table.add("the driver's processor time meanwhile", medians["driver"])
    table.add("the optimiser, of an evaluation", optimise)
    table.add(
        "the optimiser's and the driver's share", (optimise + medians["driver"]) / (optimise + medians["together"])
    )
    yield table
    yield _simulated(flags, network, medians["together"], optimise)


def _problem(flags, crew):
    """Return (objective, start) of the image in tiles, looked at by a crew or, without one, here."""
    from benchmarks.problems import PAIRS, task_of
    from neural_style.command.reporter import Reporter
    from neural_style.command.workshop import Workshop
    from neural_style.painting.objective import Network, objective_through
    from neural_style.painting.recipe import load_weights
    from neural_style.tiling.memory import Plan

    task = task_of(*PAIRS[0], "--image_size", f"{flags.side}x{flags.side}", script=flags.script)
    reporter, workshop = Reporter(quiet=True), Workshop()
    workshop.crew = crew
    pictures = task.read(reporter)[-1]
    network = Network(task, pictures, load_weights(task.flags, reporter), workshop)
    made = objective_through(task, pictures, network, Plan(flags.tile, 10, 0), reporter)
    return made, pictures.start.astype("float32")


def _optimiser(start, history=10):
    """Return the seconds of the optimiser's work around an evaluation, once it has a history of so many pairs.

    What it minimises there takes no time that counts: squares, whose weights differ from pixel to pixel.
    """
    from keras import ops

    from neural_style.painting.synthesis import optimiser_of

    optimiser = optimiser_of(start, history)
    weights = ops.convert_to_tensor(np.random.default_rng(0).uniform(0.1, 10, start.size).astype("float32"))
    times = []
    for _ in range(2 * history + 10):
        (vector, step, direction), ask = timed(optimiser.line)
        image = vector if direction is None else vector + np.float32(step) * direction
        gradient = weights * (image - 128.0)
        loss = float(ops.sum(gradient * (image - 128.0))) / 2
        _, tell = timed(lambda loss=loss, gradient=gradient: optimiser.tell(loss, gradient))
        times.append(ask + tell)
    return statistics.median(times[-10:])


def _simulated(flags, network, took, optimise):
    """Return the `Table` of the speed-up that the measured parts make for, on workers like these."""
    tiles = network.tiles((flags.side, flags.side))
    seen = [math.prod(s.stop - s.start for s in tile.seen) for tile in tiles]
    by_pixel = took * flags.workers / sum(seen)
    table = Table(
        "Expected of machines like one of these processes, at 10 Gbit/s",
        ["picture", "workers", "seconds of an evaluation", "speed-up", "of linear", "with the optimiser shared out"],
    )
    for side in (8192, 32768):
        for workers in (8, 64, 256):
            network_time = [_evaluation(network, side, w, by_pixel, 0.0) for w in (1, workers)]
            steps = optimise * (side / flags.side) ** 2
            alone, together = (seconds + steps for seconds in network_time)
            shared = (network_time[0] + steps) / (network_time[1] + steps / workers)
            speed = alone / together
            table.add(f"{side}×{side}", workers, together, speed, speed / workers, shared / workers)
    return table


def _evaluation(network, side, workers, by_pixel, steps):
    """Return the seconds of an evaluation: the work of the one that has most, or the driver's, whichever is longer,
    and what nothing else happens beside.
    """
    tiles = network.tiles((side, side))
    pixels = sum(math.prod(s.stop - s.start for s in tile.seen) for tile in tiles)
    largest = pixels / len(tiles)
    sums = SUMS
    work = math.ceil(len(tiles) / workers) * largest * by_pixel
    sent = len(tiles) * (2 * 12 * largest + sums) / BANDWIDTH + 2 * len(tiles) * CALL
    between = workers * sums / BANDWIDTH if workers > 1 else 0.0
    return steps + (max(work, sent) + between if workers > 1 else work)


SUMS = 4 * (64**2 + 128**2 + 256**2 + 2 * 512**2)
"""Bytes of the sums of a tile, and of their derivatives: five Gram matrices."""


if __name__ == "__main__":
    main()
