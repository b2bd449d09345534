"""Where the time of paint.py goes: its start, its evaluations, what each further scale costs beside them, its end.

python -m benchmarks.run [--rows 400] [--repeats 3] [--precision auto]
"""

import argparse
import csv
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.problems import INPUTS, PAIRS
from benchmarks.report import Table

SCRIPT = Path(__file__).parent.parent / "paint.py"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--precision", default="auto", choices=["auto", "float32", "bfloat16"])
    flags = parser.parse_args()
    print(measure(flags.rows, flags.repeats, flags.precision).markdown())


def measure(rows, repeats, precision="auto"):
    """Return the `Table` of paintings of so many rows, in medians."""
    runs = [parts(rows, precision) for _ in range(repeats)]
    table = Table(f"paint.py at {rows} rows, {precision}, seconds", list(runs[0]))
    table.add(*(statistics.median(run[name] for run in runs) for name in runs[0]))
    return table


def parts(rows, precision):
    """Return the seconds of each part of a run, by name, and the evaluations' share of all after the first of them."""
    content, style = (INPUTS / kind / f"{name}.jpg" for kind, name in zip(("content", "style"), PAIRS[0], strict=True))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, SCRIPT, content, style, f"{folder}/out", "--image_size", rows, "--quiet"]
        begin = time.monotonic()
        subprocess.run([*map(str, command), "--precision", precision], check=True, stdout=subprocess.DEVNULL)
        whole = time.monotonic() - begin
        with open(Path(folder, "out_run", "losses.csv"), newline="") as file:
            lines = [(line["scale"], float(line["seconds"])) for line in csv.DictReader(file)]
    evaluations, scales = [], []
    for (before, began), (scale, ended) in itertools.pairwise(lines):
        (evaluations if before == scale else scales).append((scale, ended - began))
    usual = {scale: statistics.median(took for own, took in evaluations if own == scale) for scale, _ in evaluations}
    beside = [took - usual[scale] for scale, took in scales]
    inside = sum(took for _, took in evaluations) + sum(usual[scale] for scale, _ in scales)
    # What comes before the clock of the log, and after its last line.
    outside = whole - lines[-1][1]
    return {
        "whole": whole,
        "to the first evaluation, and from the last": outside + lines[0][1],
        **{f"scale {scale} beside its evaluations": took for (scale, _), took in zip(scales, beside, strict=True)},
        "evaluations": inside,
        "their share": inside / whole,
    }


if __name__ == "__main__":
    main()
