"""A studio.py in a process of its own, for the tests that look at its page or attack it."""

import signal
import subprocess
import sys

import pytest

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


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("studio") / "runs"


@pytest.fixture(scope="session")
def server(folder):
    server = Server(folder)
    yield server
    server.close()
