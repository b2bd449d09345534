"""What there is to know of a GPU, begun within nine minutes: Markdown on standard output, JSON into a file.

    python -m benchmarks.gpu [--json FILE] [--rows 400 1600] [--sides 2048 3072 4096 6144 8192] [--minutes 9]

An evaluation and the optimiser's part of it, bfloat16 against float32, paint.py as a whole, and ever larger squares in
one piece, with the memory that they take against what was said, until one goes on in tiles. Each part is a process of
its own, for the memory that another one has would be missing; what it gave is in FILE as soon as it is done. It runs on
a CPU too.
"""

import argparse
import csv
import json
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

from benchmarks import evaluation, peaks, precision, run
from benchmarks.report import Table
from neural_style import backend


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="write the tables there too")
    parser.add_argument("--rows", type=int, nargs="+", default=[400, 1600], help="of whole paintings")
    parser.add_argument("--sides", type=int, nargs="+", default=[2048, 3072, 4096, 6144, 8192], help="of squares")
    parser.add_argument("--size", type=int, default=400, help="rows and columns of an evaluation")
    parser.add_argument("--minutes", type=float, default=9, help="after which no further part begins")
    flags = parser.parse_args()
    tables, begin = {}, time.monotonic()
    for name, table in parts(flags):
        tables[name] = table
        print(table.markdown(), flush=True)
        if flags.json:
            text = json.dumps({name: table.as_dict() for name, table in tables.items()}, indent=2)
            Path(flags.json).write_text(text, encoding="utf-8")
        if time.monotonic() - begin > 60 * flags.minutes:
            print(f"{flags.minutes:g} minutes are over", file=sys.stderr)
            return


def parts(flags):
    """Yield the name and the `Table` of each part, measured when it is asked for."""
    yield "machine", in_a_process(machine)
    yield "evaluation", in_a_process(evaluation.measure, flags.size, 9)
    yield "precision", in_a_process(precision.measure, flags.size, 100, 1, 9)
    for rows in flags.rows:
        yield f"paint.py, {rows} rows", run.measure(rows, 1)
    for side in flags.sides:
        table, fits = in_one_piece(side)
        yield f"network.py, {side}×{side}", table
        if not fits:
            return


def in_a_process(measure, *arguments):
    """Return what measure(*arguments) gives in a process of its own with the backend loaded."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=backend.start) as pool:
        return pool.submit(measure, *arguments).result()


def machine():
    """Return the `Table` of the device and of the versions of what is used."""
    versions = backend.versions()
    table = Table("The machine", ["device", *versions])
    table.add(backend.start(), *versions.values())
    return table


def in_one_piece(side):
    """Return the `Table` of network.py at `side` rows and columns, memory in GiB, and whether it fits in one piece."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.watched", peaks.ROOT / "network.py"]
        command += [*peaks.painting((side, side), folder, 0), "--image_size", side, "--num_iter", 1, "--tile", 0]
        peak, errors = peaks.peak_of([*map(str, command), "--evaluations", "4"])
        with open(Path(folder, "out_run", "losses.csv"), newline="") as file:
            times = [float(line["seconds"]) for line in csv.DictReader(file)]
    seconds = statistics.median(after - before for before, after in pairwise(times))
    fits = "going on in tiles" not in errors
    table = Table(f"network.py at {side}×{side}", ["in", "said, GiB", "had, GiB", "one evaluation, seconds"])
    table.add("one piece" if fits else "tiles", peaks.said(errors), peak, seconds)
    return table, fits


if __name__ == "__main__":
    main()
