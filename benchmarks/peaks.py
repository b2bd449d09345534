"""How much memory a run takes at its peak, against what it says beforehand.

    python -m benchmarks.peaks [--sizes 400x600 1000x1500] [--tiles 0 512] [--script network.py] [--masks 0]

Each is a process of its own that paints a stretched sample picture with a few evaluations; its peak is the largest
resident memory that is seen, a hundred times a second, or on a GPU what the backend had of its memory. With masks there
are as many styles; neural_doodle.py has the labels of its doodle.
"""

import argparse
import contextlib
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from PIL import Image

from benchmarks.problems import INPUTS
from benchmarks.report import Table
from neural_style.pictures import images

ROOT = Path(__file__).parent.parent
STYLE = INPUTS / "style" / "starry-night.jpg"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=["400x600", "1000x1500"], help="HEIGHTxWIDTH")
    parser.add_argument("--tiles", nargs="+", default=["0", "512"], help="rows; 0: none; auto")
    parser.add_argument("--script", default="network.py", help="any of the painting scripts")
    parser.add_argument("--masks", type=int, default=0, help="masks of halves of the picture, and as many styles")
    parser.add_argument("--evaluations", type=int, default=2, help="after that of the start")
    parser.add_argument("--max_memory", default="22G")
    parser.add_argument("flags", nargs="*", help="further flags of the script, after --")
    flags = parser.parse_args()
    if flags.masks and flags.script == "neural_doodle.py":
        parser.error("a doodle has its labels for masks: leave out --masks")
    options = ["--max_memory", flags.max_memory, *flags.flags]
    print(measure(flags.sizes, flags.tiles, flags.script, flags.evaluations, options, flags.masks).markdown())


def measure(sizes, tiles, script="network.py", evaluations=2, options=(), masks=0):
    """Return the `Table` for sizes like "400x600", rows of tiles, further options of the script, and masks."""
    with_masks = f" with {masks} masks" if masks else ""
    table = Table(
        f"Peak memory of {script}{with_masks}, GiB", ["size", "pieces", "said", "measured", "said : measured"]
    )
    for size in sizes:
        for tile in tiles:
            height_and_width = tuple(map(int, size.split("x")))
            table.add(size.replace("x", "×"), *run(height_and_width, tile, script, evaluations, options, masks))
    return table


def run(size, tile, script, evaluations, options, masks):
    """Return the pieces, the peak that was said, that measured, and their ratio of one run."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = doodle(size, folder) if script == "neural_doodle.py" else painting(size, folder, masks)
        command = [sys.executable, "-m", "benchmarks.watched", ROOT / script, *pictures, "--image_size", size[0]]
        command += ["--num_iter", 1, "--evaluations", evaluations, *options]
        command += [] if tile == "auto" else ["--tile", tile]
        peak, errors = peak_of([str(part) for part in command])
        pieces = re.search(r"^memory: \S+ (in .*?),", errors, re.MULTILINE)[1]
    return pieces, said(errors), peak, said(errors) / peak


def said(errors):
    """Return the GiB that a script said on its standard error that it would take."""
    return float(re.search(r"^memory: .*?about ([0-9.]+) GiB", errors, re.MULTILINE)[1])


def painting(size, folder, masks):
    """Return the arguments for a photograph of (height, width) `size`, its styles and their masks, made in `folder`."""
    content = Path(folder, "content.png")
    images.write(content, images.read(INPUTS / "content" / "neuschwanstein-castle.jpg").resize(size[::-1]))
    arguments = [content, *[STYLE] * max(1, masks), Path(folder, "out")]
    if masks:
        halves = [Path(folder, f"mask{number}.png") for number in range(masks)]
        for number, path in enumerate(halves):
            Image.linear_gradient("L").rotate(90 * number).point(lambda v: 255 * (v > 127)).save(path)
        arguments += ["--style_masks", *halves]
    return arguments


def doodle(size, folder):
    """Return the arguments for a doodle of (height, width) `size`, made in `folder`."""
    target = Path(folder, "target.png")
    labels = Image.open(INPUTS / "doodle" / "starry-night-target.png")
    labels.resize(size[::-1], Image.Resampling.NEAREST).save(target)
    files = {"style_image": STYLE, "style_mask": INPUTS / "doodle" / "starry-night-style.png", "target_mask": target}
    files["target_image_prefix"] = Path(folder, "out")
    return [f"--{name}={path}" for name, path in files.items()]


def peak_of(command):
    """Run a command and return the peak of its memory, resident or on the GPU, in GiB, and its standard error."""
    # The kernel's own peak counts what the parent had before the command began, so it is watched instead.
    peak = 0
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, cwd=ROOT)
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            with contextlib.suppress(psutil.Error):
                peak = max(peak, watched.memory_info().rss)
            time.sleep(0.01)
        errors.seek(0)
        text = errors.read()
    if process.returncode:
        raise SystemExit(text)
    on_gpu = re.search(r"^memory of the GPU: (\d+) bytes", text, re.MULTILINE)
    return (int(on_gpu[1]) if on_gpu else peak) / 2**30, text


if __name__ == "__main__":
    main()
