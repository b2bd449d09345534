"""Whether another version of the toolkit, in a folder of its own, paints the same pictures and says the same.

    python -m benchmarks.same FOLDER [--only NAME …]

Both versions are given the same command lines, in empty folders, with this one's sample pictures; what differs between
their pictures, their logs of losses and their messages, byte by byte but for times, is printed, and the exit status
is 1 then. It tells a change of the layout from a change of the numbers.
"""

import argparse
import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.problems import INPUTS

ROOT = Path(__file__).parent.parent

CASTLE, KITTEN = "content/neuschwanstein-castle.jpg", "content/playing-kitten.jpg"
STARRY_NIGHT, GREAT_WAVE = "style/starry-night.jpg", "style/great-wave.jpg"
PAINTING = ("--image_size", "64", "--num_iter", "2", "--evaluations", "5", "--max_memory", "4G")
DOODLE = (
    "--style_image=style/starry-night.jpg",
    "--style_mask=doodle/starry-night-style.png",
    "--target_mask=doodle/starry-night-target.png",
    "--target_image_prefix=out",
)

COMMANDS = {
    "network": [["network.py", CASTLE, STARRY_NIGHT, "out", *PAINTING]],
    "inetwork": [["inetwork.py", CASTLE, STARRY_NIGHT, "out", *PAINTING, "--preserve_color"]],
    "doodle": [["neural_doodle.py", *DOODLE, *PAINTING, "--improved"]],
    "tools": [
        ["network.py", CASTLE, STARRY_NIGHT, "out", *PAINTING, "--init_image", "noise"],
        ["make_mask.py", CASTLE, "--feather", "9", "-o", "mask.png"],
        ["color_transfer.py", CASTLE, "out.png", "--mask", "mask.png", "--space", "lab"],
        ["mask_transfer.py", CASTLE, "out.png", "mask.png"],
        ["enhance.py", "out_masked.png", "--upscale", "2", "--upscale_model", "fast", "--denoise", "--sharpen"],
    ],
    "masks": [
        ["make_mask.py", KITTEN, "--threshold", "0.5", "-o", "one.png"],
        ["make_mask.py", KITTEN, "--threshold", "0.5", "--invert", "-o", "two.png"],
        [
            *("network.py", KITTEN, STARRY_NIGHT, GREAT_WAVE, "out", *PAINTING, "--style_weight", "1", "0.5"),
            *("--style_masks", "one.png", "two.png", "--mask_feather", "6", "--color_match", "linear"),
        ],
    ],
    "tiles": [["network.py", CASTLE, STARRY_NIGHT, "out", *PAINTING, "--scales", "48", "96", "--tile", "64"]],
    "resume": [["network.py", CASTLE, STARRY_NIGHT, "out", *PAINTING, "--num_iter", "9", "--animate", "--resume"]],
    "jax": [["inetwork.py", CASTLE, STARRY_NIGHT, "out", *PAINTING, "--chain", "difference"]],
}
"""Command lines by name, done in their order."""

ENVIRONMENTS = {"jax": {"KERAS_BACKEND": "jax"}}

INTERRUPTED = ("resume",)
"""Those whose first command is interrupted in the middle and given again."""

_TIMES = (r"[0-9.]+ s per evaluation", r"[0-9:]+ left", r"after \d+ evaluations", r"after evaluation \d+")
"""What is another at each run: times, and when an interruption came."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of the other version")
    parser.add_argument("--only", nargs="+", choices=COMMANDS, default=list(COMMANDS), help="of the commands")
    flags = parser.parse_args()
    differences = 0
    for name in flags.only:
        ours, theirs = (outcome(folder.resolve(), name) for folder in (ROOT, flags.folder))
        different = [file for file in sorted(ours.keys() | theirs.keys()) if ours.get(file) != theirs.get(file)]
        print(f"{name}: {len(ours)} files and messages, {', '.join(different) or 'none'} different", flush=True)
        differences += len(different)
    sys.exit(differences > 0)


def outcome(scripts, name):
    """Return {file: content} of what the commands of this `name` leave and say, by the scripts in a folder."""
    environment = os.environ | ENVIRONMENTS.get(name, {})
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("content", "style", "doodle"):
            shutil.copytree(INPUTS / kind, Path(folder, kind))
        given = set(Path(folder).rglob("*"))
        said = ""
        for script, *arguments in COMMANDS[name]:
            command = [sys.executable, str(scripts / script), *arguments]
            if name in INTERRUPTED:
                said += interrupted(command, folder, environment)
            said += said_by(subprocess.Popen(command, cwd=folder, env=environment, **PIPES))
        files = {
            str(p.relative_to(folder)): content(p) for p in Path(folder).rglob("*") if p.is_file() and p not in given
        }
    if name in INTERRUPTED:
        said = re.sub(r"(?m)^iteration .*\n", "", said)  # Those of each part depend on the moment.
    for pattern in _TIMES:
        said = re.sub(pattern, "…", said)
    return files | {"messages": said}


PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}


def said_by(process):
    said, _ = process.communicate()
    return f"{said}exit status {process.returncode}\n"


def interrupted(command, folder, environment):
    """Return what a painting script says that is asked to end once it has logged twelve evaluations."""
    process = subprocess.Popen(command, cwd=folder, env=environment, **PIPES)
    log = Path(folder, "out_run", "losses.csv")
    while process.poll() is None and (not log.exists() or log.read_text().count("\n") < 13):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    return said_by(process)


def content(path):
    """Return what is in a file; of a log of losses, all but the seconds."""
    if path.name == "losses.csv":
        with path.open(newline="") as file:
            return [row[:-1] for row in csv.reader(file)]
    return path.read_bytes()


if __name__ == "__main__":
    main()
