"""One process at a time has a lock."""

import subprocess
import sys

from tests.conftest import ROOT


def test_of_many_who_want_a_lock_at_once_one_has_it(tmp_path):
    """Over and over: each who gets it writes a line and gives it back after a moment, in which nobody else may."""
    source = """
import os, sys, time
from neural_style.lock import Lock
end = time.monotonic() + 3
while time.monotonic() < end:
    lock = Lock(sys.argv[1])
    if lock.take():
        with open(sys.argv[2], "x"):
            time.sleep(0.0005)
        os.remove(sys.argv[2])
        lock.release()
"""
    command = [sys.executable, "-c", source, tmp_path / "lock", tmp_path / "inside"]
    processes = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(3)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert list(tmp_path.iterdir()) == []
