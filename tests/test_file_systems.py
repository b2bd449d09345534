"""Whole runs on file systems that are full or refuse, and on caches that are empty or not to be read.

A process of its own namespace has a small file system in memory, or no rights that root has; Linux lets every user have
one, unless it is told not to.
"""

import os
import re
import shutil
import subprocess
import sys

import pytest

from models.weights import PUBLISHED, digest, read, write
from tests.conftest import CASTLE, LIGHT, ROOT, STARRY_NIGHT, opened

FILE = PUBLISHED["vgg16"].file_name
SMALL = ["--image_size", "48", "--num_iter", "2", "--evaluations", "3"]
MOUNTED = 'mount -t tmpfs -o "$0" none "$1" && shift && "$@"; status=$?; cp -r "$FOLDER/." "$COPY"; exit $status'
"""Mounts a file system with options, runs a command, and copies what is on it, which is gone once this ends."""


def may(*command):
    """Whether this system lets a user run `command`."""
    return shutil.which(command[0]) is not None and subprocess.run(command, capture_output=True).returncode == 0


IN_MOUNT = ["unshare", "--user", "--map-root-user", "--mount"]
WITHOUT_RIGHTS = ["unshare", "--user"]
mounting = pytest.mark.skipif(
    not may(*IN_MOUNT, "mount", "-t", "tmpfs", "none", "/mnt"), reason="nothing can be mounted here"
)
dropping = pytest.mark.skipif(not may(*WITHOUT_RIGHTS, "true"), reason="rights cannot be dropped here")


def finished(command, **environment):
    """Run a command and return it with what it printed; it must end without a traceback."""
    environment = {**os.environ, **{name: str(value) for name, value in environment.items()}}
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def script(name, *arguments):
    return [sys.executable, ROOT / name, *arguments]


def painting(prefix, *flags):
    return script("network.py", CASTLE, STARRY_NIGHT, prefix, *SMALL, *LIGHT, *flags)


def on_mount(folder, options, command, **environment):
    """Run a command while a file system is mounted at `folder`; what it leaves there is then in `folder`-copy."""
    folder.mkdir(exist_ok=True)
    copy = folder.with_name(f"{folder.name}-copy")
    copy.mkdir()
    mounted = [*IN_MOUNT, "bash", "-c", MOUNTED, options, folder, *command]
    return finished(mounted, FOLDER=folder, COPY=copy, **environment), copy


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def refusal(done):
    """Return the line that a script ended with."""
    assert done.returncode == 1, done.stderr
    lines = [line for line in done.stderr.splitlines() if ": error: " in line]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.fixture
def pictures(tmp_path):
    """The paths of a photograph, a painting and a mask."""
    photograph = opened(CASTLE).resize((384, 256))
    photograph.save(tmp_path / "photograph.png")
    photograph.rotate(180).save(tmp_path / "painting.png")
    photograph.convert("L").save(tmp_path / "mask.png")
    return {name: tmp_path / f"{name}.png" for name in ("photograph", "painting", "mask")}


def doodle(folder):
    inputs = ROOT / "images" / "inputs"
    given = {
        "style_image": inputs / "style" / "starry-night.jpg",
        "style_mask": inputs / "doodle" / "starry-night-style.png",
        "target_mask": inputs / "doodle" / "starry-night-target.png",
        "target_image_prefix": folder / "out",
    }
    flags = [f"--{name}={path}" for name, path in given.items()]
    return script("neural_doodle.py", *flags, "--img_size", "48", "--num_iter", "1", "--evaluations", "2")


TOOLS = {
    "color_transfer.py": lambda p, out: script("color_transfer.py", p["photograph"], p["painting"], "-o", out),
    "mask_transfer.py": lambda p, out: script("mask_transfer.py", p["photograph"], p["painting"], p["mask"], "-o", out),
    "enhance.py": lambda p, out: script("enhance.py", p["painting"], "--sharpen", "-o", out),
    "make_mask.py": lambda p, out: script("make_mask.py", p["photograph"], "-o", out),
}
PAINTERS = {
    "network.py": lambda folder: painting(folder / "out"),
    "inetwork.py": lambda folder: script("inetwork.py", CASTLE, STARRY_NIGHT, folder / "out", *SMALL),
    "neural_doodle.py": doodle,
}


@mounting
@pytest.mark.parametrize("size", ["8k", "40k"])
def test_a_run_on_a_full_disk_ends_with_a_line_that_names_its_picture_and_leaves_nothing_half_written(size, tmp_path):
    done, copy = on_mount(tmp_path / "full", f"size={size}", painting(tmp_path / "full" / "out"), TMPDIR=tmp_path)
    line = refusal(done)
    assert "No space left on device; what was reached is in " in line
    saved = line.rpartition(" is in ")[2]
    saved = saved.replace(str(tmp_path / "full") + os.sep, str(copy) + os.sep)
    assert opened(saved).height == 48
    assert not [name for name in files(copy) if name.endswith(".partial")]
    for picture in copy.rglob("*.png"):
        opened(picture).load()


@mounting
@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_on_a_full_disk_ends_with_a_line_and_leaves_nothing(tool, pictures, tmp_path):
    done, copy = on_mount(tmp_path / "full", "size=4k", TOOLS[tool](pictures, tmp_path / "full" / "out.png"))
    assert "No space left on device" in refusal(done)
    assert files(copy) == []


@dropping
@pytest.mark.parametrize("name", [*PAINTERS, *TOOLS])
def test_a_folder_that_may_not_be_written_is_said_in_a_line(name, pictures, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    command = PAINTERS[name](folder) if name in PAINTERS else TOOLS[name](pictures, folder / "out.png")
    line = refusal(finished([*WITHOUT_RIGHTS, *command]))
    assert str(folder) in line
    assert "Permission denied" in line
    assert files(folder) == []


@dropping
@pytest.mark.parametrize("name", TOOLS)
def test_a_picture_that_may_not_be_read_is_said_in_a_line(name, pictures, tmp_path):
    for path in pictures.values():
        path.chmod(0)
    line = refusal(finished([*WITHOUT_RIGHTS, *TOOLS[name](pictures, tmp_path / "out.png")]))
    assert re.search(r"\.png cannot be read: Permission denied$", line)


@dropping
def test_a_photograph_that_may_not_be_read_is_said_in_a_line(pictures, tmp_path):
    pictures["photograph"].chmod(0)
    command = script("network.py", pictures["photograph"], STARRY_NIGHT, tmp_path / "out")
    assert refusal(finished([*WITHOUT_RIGHTS, *command])).endswith("cannot be read: Permission denied")
    assert not (tmp_path / "out_run").exists()


@pytest.mark.slow
def test_four_runs_that_start_at_once_on_an_empty_cache_all_paint(weights, tmp_path):
    environment = {**os.environ, "KERAS_HOME": str(tmp_path / "cache")}
    processes = [
        subprocess.Popen(
            [str(part) for part in painting(tmp_path / f"out{number}")],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for process in processes:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    painted = [opened(tmp_path / f"out{number}.png").tobytes() for number in range(4)]
    assert len(set(painted)) == 1
    assert [path.name for path in (tmp_path / "cache" / "models").iterdir()] == [FILE]
    assert digest(read(tmp_path / "cache" / "models" / FILE, "vgg16")) == weights.sha256


@pytest.mark.slow
@mounting
@pytest.mark.parametrize(
    ("options", "reason"), [("size=1m", "No space left on device"), ("ro", "Read-only file system")]
)
def test_a_cache_that_takes_nothing_costs_a_run_only_a_line(options, reason, weights, tmp_path):
    done, copy = on_mount(tmp_path / "cache", options, painting(tmp_path / "out"), KERAS_HOME=tmp_path / "cache")
    assert done.returncode == 0, done.stderr
    assert f"{FILE} cannot be written: {reason}; the next run fetches anew" in done.stderr
    assert opened(tmp_path / "out.png").height == 48
    assert files(copy / "models") == []


@pytest.mark.slow
@mounting
def test_no_room_for_a_download_is_a_line(weights, tmp_path):
    folder, cache = tmp_path / "temporary", tmp_path / "cache"
    done, copy = on_mount(folder, "size=5m", painting(tmp_path / "out"), TMPDIR=folder, KERAS_HOME=cache)
    assert f"did not give them (116 MiB are needed in {folder} for a moment, 5 are free)" in refusal(done)
    assert files(copy) == []
    assert files(cache / "models") == []


@pytest.mark.slow
@dropping
@pytest.mark.parametrize("locked", ["file", "folder"])
def test_cached_weights_that_may_not_be_read_are_fetched_anew(locked, weights, tmp_path):
    models = tmp_path / "cache" / "models"
    models.mkdir(parents=True)
    write(models / FILE, weights.tensors)
    (models / FILE if locked == "file" else models).chmod(0)
    try:
        done = finished([*WITHOUT_RIGHTS, *painting(tmp_path / "out")], KERAS_HOME=tmp_path / "cache")
    finally:
        models.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert "fetching the weights of vgg16" in done.stderr
    if locked == "file":  # Whoever may write into a folder may replace what is in it.
        assert digest(read(models / FILE, "vgg16")) == weights.sha256
    else:
        assert f"cannot be kept: {models / FILE} cannot be written: Permission denied; the next" in done.stderr
