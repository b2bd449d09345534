"""How long the finishing tools take, from the start of the process to its end, for pictures of 12 megapixels.

    python -m benchmarks.tools [--repeats 5]

The commands take turns, and the medians are printed.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Table
from neural_style.pictures import images

ROOT = Path(__file__).parent.parent
TWELVE_MEGAPIXELS = (2829, 4243)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="measurements, of which the median counts")
    flags = parser.parse_args()
    print(measure(flags.repeats).markdown())


def measure(repeats):
    """Return the `Table` of all commands."""
    with tempfile.TemporaryDirectory() as folder:
        commands = tool_commands(Path(folder))
        seconds = {name: [] for name in commands}
        for _ in range(repeats):
            for name, command in commands.items():
                begin = time.perf_counter()
                subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
                seconds[name].append(time.perf_counter() - begin)
    table = Table(f"Finishing tools on 12 megapixels, median of {repeats}", ["command", "seconds"])
    for name, times in seconds.items():
        table.add(name, statistics.median(times))
    return table


def tool_commands(folder):
    """Return {name: command without the interpreter}; the pictures are written into `folder`."""
    inputs = ROOT / "images" / "inputs"
    photo = images.read(inputs / "content" / "neuschwanstein-castle.jpg")
    painting = images.read(ROOT / "images" / "output" / "eiffel-tower-cafe-terrace.webp")
    content, generated, small = folder / "content.jpg", folder / "generated.png", folder / "small.png"
    for path, picture in ((content, photo), (generated, painting)):
        images.write(path, picture.resize(TWELVE_MEGAPIXELS[::-1]))
    images.write(small, painting.resize((400, 300)))
    mask = inputs / "mask" / "castle-sky.png"
    large = [content, generated]
    output = ["-o", folder / "result.png"]
    return {
        "color_transfer.py --help": ["color_transfer.py", "--help"],
        "color_transfer.py, 300×400": ["color_transfer.py", inputs / "content" / "eiffel-tower.jpg", small, *output],
        "color_transfer.py": ["color_transfer.py", *large, *output],
        "color_transfer.py --space lab": ["color_transfer.py", *large, *output, "--space", "lab"],
        "color_transfer.py --method histogram": ["color_transfer.py", *large, *output, "--method", "histogram"],
        "color_transfer.py --method linear": ["color_transfer.py", *large, *output, "--method", "linear"],
        "color_transfer.py --mask": ["color_transfer.py", *large, *output, "--mask", mask],
        "mask_transfer.py --mask_feather 20": ["mask_transfer.py", *large, mask, *output, "--mask_feather", 20],
    }


if __name__ == "__main__":
    main()
