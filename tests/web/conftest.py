"""A studio.py in a process of its own, for the tests that look at its page or attack it."""

import signal
import subprocess
import sys

import pytest
from PIL import Image

from neural_style.web.record import Run
from tests.conftest import ROOT


class Server:
    """A studio.py over a folder of runs, at any free port, with more flags and variables of the environment."""

    def __init__(self, folder, *flags, environment=None):
        command = [sys.executable, ROOT / "studio.py", "--runs", folder, "--open", "False", *flags]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
            start_new_session=True,
        )
        self.address = self.process.stdout.readline().strip()

    def close(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        self.process.stdout.close()


SHAPES = {"portrait": (600, 1500), "square": (800, 800), "panorama": (1600, 400)}
"""The (width, height) of the pictures of runs that are there when the page is opened, by their names."""


ITERATIONS = {"portrait": 0, "square": 3, "panorama": 0}
"""Their pictures of iterations, every tenth, in 60, 120 and 180 of red."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder of runs in which one of each of SHAPES has been painted, long ago."""
    folder = tmp_path_factory.mktemp("studio") / "runs"
    for name, size in SHAPES.items():
        run = folder / name
        run.mkdir(parents=True)
        Image.new("RGB", size, (70, 90, 160)).save(run / "picture.png")
        for number in range(1, ITERATIONS[name] + 1):
            Image.new("RGB", size, (60 * number, 0, 0)).save(run / f"picture_at_iteration_{10 * number}.png")
        arguments = ["photo.png", "style.png", str(run / "picture")]
        values = {"tab": "transfer", "content": "photo.png"}
        done = Run(name, "paint.py", arguments, values, "2020-01-01 00:00:00", "done", name=name)
        (run / "run.json").write_bytes(done.as_bytes())
    return folder


@pytest.fixture(scope="session")
def server(folder):
    server = Server(folder)
    yield server
    server.close()
