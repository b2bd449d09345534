"""How long network.py takes from its start to its first evaluation, with cached weights.

python -m benchmarks.startup [--size 400] [--repeats 5]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.problems import INPUTS, PAIRS
from benchmarks.report import Table

SCRIPT = Path(__file__).parent.parent / "network.py"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=400, help="rows and columns")
    parser.add_argument("--repeats", type=int, default=5)
    flags = parser.parse_args()
    print(measure(flags.size, flags.repeats).markdown())


def measure(size, repeats):
    """Return the `Table` for pictures of `size` rows and columns."""
    seconds = [seconds_to_first_evaluation(size) for _ in range(repeats + 1)][1:]
    table = Table(f"From the start to the first evaluation at {size}×{size}", ["runs", "median", "least", "most"])
    table.add(repeats, statistics.median(seconds), min(seconds), max(seconds))
    return table


def seconds_to_first_evaluation(size):
    """Return the seconds until a new process has logged its first evaluation."""
    content, style = (INPUTS / kind / f"{name}.jpg" for kind, name in zip(("content", "style"), PAIRS[0], strict=True))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, SCRIPT, content, style, f"{folder}/out", "--maintain_aspect_ratio", "False"]
        begin = time.monotonic()
        log = Path(folder, "out_run", "losses.csv")
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen([*map(str, command), "--image_size", str(size)], stderr=errors)
            while not log.exists() or log.read_text().count("\n") < 2:
                if process.poll() is not None:
                    errors.seek(0)
                    raise SystemExit(errors.read())
                time.sleep(0.02)
            elapsed = time.monotonic() - begin
            process.kill()
            process.wait()
    return elapsed


if __name__ == "__main__":
    main()
