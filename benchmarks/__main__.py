"""All benchmarks, in nine minutes on two cores: Markdown on standard output, JSON into a file.

    python -m benchmarks [--json FILE]

They are smaller here than where each is run by its own command, `python -m benchmarks.NAME`, with its own flags.
"""

import argparse
import json
import os
import platform
import sys
import time

from benchmarks import evaluation, kinds, optimiser, original, peaks, precision, run, startup, tiled, tools
from neural_style import backend


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="write the tables there too")
    flags = parser.parse_args()
    machine = {"device": backend.start(), "cores": os.cpu_count(), "processor": processor(), **backend.versions()}
    print(", ".join(f"{name} {value}" for name, value in machine.items()), flush=True)
    parts = {
        "evaluation": lambda: evaluation.measure(400, 5),
        "tiled": lambda: tiled.measure(768, [384, 256], 3),
        "kinds": lambda: kinds.measure(240, 5),
        "optimiser": lambda: optimiser.measure(120, 60, [10, 20], 1),
        "original": lambda: original.measure(96, 200),
        "precision": lambda: precision.measure(240, 40, 1, 5),
        "startup": lambda: startup.measure(400, 3),
        "run": lambda: run.measure(200, 1),
        "tools": lambda: tools.measure(1),
        "peaks": lambda: peaks.measure(["400x600"], ["0", "256"], evaluations=1),
    }
    tables, begin = {}, time.monotonic()
    for name, measure in parts.items():
        tables[name] = measure()
        print(f"\n{tables[name].markdown()}", end="", flush=True)
        print(f"{name}: done after {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    if flags.json:
        with open(flags.json, "w", encoding="utf-8") as file:
            json.dump({"machine": machine, **{name: table.as_dict() for name, table in tables.items()}}, file, indent=2)


def processor():
    """Return the name of the processor, as far as the system tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
