"""Runs a script as `python` does, and says at its end how much of a GPU's memory it had at most.

python -m benchmarks.watched SCRIPT [ARGUMENT …]
"""

import runpy
import sys

from neural_style import backend


def main():
    script, *arguments = sys.argv[1:]
    sys.argv = [script, *arguments]
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        # A script that was refused has loaded no backend, and there is nothing to tell.
        peak = backend.peak_device_memory() if "keras" in sys.modules else None
        if peak is not None:
            print(f"memory of the GPU: {peak} bytes at most", file=sys.stderr)


if __name__ == "__main__":
    main()
