"""The same command on the same machine gives the same bytes, and a long run stays as large as it was."""

import csv
import math
import shutil
import subprocess
import sys
import time

import psutil
import pytest

import color_transfer
import enhance
import inetwork
import make_mask
import mask_transfer
import network
import neural_doodle
from tests.conftest import CASTLE, ROOT, STARRY_NIGHT, opened

INPUTS = ROOT / "images" / "inputs"
KITTEN = INPUTS / "content" / "playing-kitten.jpg"
SMALL = ["--image_size", "32", "--num_iter", "1", "--evaluations", "4"]


@pytest.fixture
def picture(tmp_path):
    opened(CASTLE).resize((96, 64)).save(tmp_path / "small.png")
    return str(tmp_path / "small.png")


def doodle_flags(out):
    style, doodles = INPUTS / "style" / "starry-night.jpg", INPUTS / "doodle"
    files = {
        "style_image": style,
        "style_mask": doodles / "starry-night-style.png",
        "target_mask": doodles / "starry-night-target.png",
    }
    flags = [f"--{name}={path}" for name, path in files.items()]
    return [*flags, f"--target_image_prefix={out}", "--img_size", "48", "--num_iter", "1", "--evaluations", "4"]


SCRIPTS = {
    "network.py": lambda picture, out: network.main([str(CASTLE), str(STARRY_NIGHT), out, *SMALL]),
    "network.py from noise": lambda picture, out: network.main(
        [str(CASTLE), str(STARRY_NIGHT), out, *SMALL, "--init_image", "noise", "--seed", "7"]
    ),
    "inetwork.py": lambda picture, out: inetwork.main([str(CASTLE), str(STARRY_NIGHT), out, *SMALL]),
    "neural_doodle.py": lambda picture, out: neural_doodle.main(doodle_flags(out)),
    "color_transfer.py": lambda picture, out: color_transfer.main(
        [str(CASTLE), str(STARRY_NIGHT), "--space", "lab", "-o", f"{out}.png"]
    ),
    "mask_transfer.py": lambda picture, out: mask_transfer.main(
        [str(CASTLE), str(STARRY_NIGHT), str(KITTEN), "--mask_feather", "5", "-o", f"{out}.png"]
    ),
    "enhance.py": lambda picture, out: enhance.main(
        [picture, "--denoise", "--upscale", "2", "--upscale_model", "fast", "--sharpen", "-o", f"{out}.png"]
    ),
    "make_mask.py": lambda picture, out: make_mask.main([str(KITTEN), "-o", f"{out}.png"]),
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_command_given_twice_gives_the_same_bytes(script, picture, tmp_path):
    SCRIPTS[script](picture, str(tmp_path / "out"))
    first = shutil.move(tmp_path / "out.png", tmp_path / "first.png")
    SCRIPTS[script](picture, str(tmp_path / "out"))
    assert (tmp_path / "out.png").read_bytes() == first.read_bytes()


@pytest.mark.slow
def test_two_thousand_evaluations_take_no_more_memory_than_a_hundred(tmp_path, vgg19_file):
    command = [sys.executable, ROOT / "network.py", CASTLE, STARRY_NIGHT, tmp_path / "out", "--image_size", "32"]
    command += ["--num_iter", "100", "--save_every", "0", "--quiet", "--model", "vgg19", "--weights", vgg19_file]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    watched, early, late = psutil.Process(process.pid), 0, 0
    while process.poll() is None:
        try:
            rows, used = lines(tmp_path) - 1, watched.memory_info().rss
        except (OSError, psutil.Error):
            rows, used = 0, 0
        if rows <= 100:
            early = max(early, used)
        elif rows < 2001:  # Then the curve of losses is drawn, by a library that is loaded only for it.
            late = max(late, used)
        time.sleep(0.03)
    assert process.returncode == 0, process.stderr.read()
    process.stderr.close()
    totals = [float(row["total"]) for row in losses(tmp_path)]
    assert len(totals) == 2001
    assert all(map(math.isfinite, totals))
    assert late < 1.02 * early


def lines(folder):
    """Return how many lines losses.csv has."""
    return (folder / "out_run" / "losses.csv").read_bytes().count(b"\n")


def losses(folder):
    with open(folder / "out_run" / "losses.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_four_processes_that_fill_an_empty_cache_at_once_leave_the_right_file(weights, tmp_path):
    from models.weights import digest, read, write

    write(tmp_path / "fetched.h5", weights.tensors)
    code = (
        "import sys; from pathlib import Path\n"
        "from models.packages import store; from models.weights import read, digest\n"
        "store(sys.argv[1], Path(sys.argv[2]), print); print(digest(read(sys.argv[2], 'vgg16')))"
    )
    target = tmp_path / "cache" / "weights.h5"
    command = [sys.executable, "-c", code, tmp_path / "fetched.h5", target]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate()[0].strip() for process in processes] == [weights.sha256] * 4
    assert digest(read(target, "vgg16")) == weights.sha256
    assert [path.name for path in target.parent.iterdir()] == ["weights.h5"]
