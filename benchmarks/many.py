"""Many pictures: batch.py beside a shell's loop over the script, and how soon the second picture begins.

python -m benchmarks.many [--rows 128] [--evaluations 20] [--photos 4] [--styles 5]
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

from benchmarks.problems import INPUTS
from benchmarks.report import Table, timed

ROOT = Path(__file__).parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--script", default="network.py")
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--evaluations", type=int, default=20)
    parser.add_argument("--photos", type=int, default=4)
    parser.add_argument("--styles", type=int, default=5)
    flags = parser.parse_args()
    print(measure(flags.script, flags.rows, flags.evaluations, flags.photos, flags.styles).markdown())


def measure(script, rows, evaluations, photos, styles):
    """Return the `Table` of so many photographs with so many styles."""
    photos, styles = (sorted((INPUTS / kind).glob("*.jpg"))[:n] for kind, n in (("content", photos), ("style", styles)))
    settings = ["--image_size", rows, "--num_iter", 1, "--evaluations", evaluations]
    one_run = ["--save_every", "0", "--keep_checkpoint", "False", "--quiet"]
    table = Table(
        f"{len(photos) * len(styles)} pictures of {rows} rows, {evaluations} evaluations each, by {script}",
        ["how", "seconds", "relative"],
    )
    with tempfile.TemporaryDirectory() as folder:
        pairs = list(product(photos, styles))

        def loop():
            for number, (photo, style) in enumerate(pairs):
                _run(script, photo, style, f"{folder}/{number}", *settings, *one_run)

        def batch():
            return _run("batch.py", script, "--photos", *photos, "--styles", *styles, "--to", f"{folder}/b", *settings)

        _, alone = timed(loop)
        _, together = timed(batch)
        begins = _begins(Path(folder, "b"))
    table.add("a loop of the shell", alone, 1.0)
    table.add("batch.py", together, together / alone)
    table.add("a later picture's first evaluation in batch.py, at most", begins, "")
    return table


def _run(*command):
    subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, check=True, capture_output=True)


def _begins(folder):
    """Return the most seconds from a picture's beginning to its first evaluation, of those whose size came before."""
    seen, most = set(), 0.0
    for log in sorted(folder.glob("*_run/losses.csv"), key=lambda path: path.stat().st_mtime):
        size = tuple(json.loads(log.with_name("settings.json").read_text())["sizes"]["painting"][-1])
        with log.open(newline="") as file:
            first = float(next(csv.DictReader(file))["seconds"])
        if size in seen:
            most = max(most, first)
        seen.add(size)
    return most


if __name__ == "__main__":
    main()
