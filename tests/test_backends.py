"""The scripts run on every backend, with the same losses."""

import csv
import importlib.util
import os

import pytest
from conftest import CASTLE, STARRY_NIGHT

from neural_style import autodiff


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_painting_has_the_losses_that_tensorflow_finds(backend, run_script, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")

    def losses(name, **environment):
        flags = ["--image_size", 64, "--tile", 64, "--num_iter", 1, "--evaluations", 3]
        done = run_script("network.py", CASTLE, STARRY_NIGHT, tmp_path / name, *flags, **environment)
        assert done.returncode == 0, done.stderr
        assert f", {environment['KERAS_BACKEND']} " in next(
            line for line in done.stderr.splitlines() if "device:" in line
        )
        with open(tmp_path / f"{name}_run" / "losses.csv", newline="") as file:
            return [float(row["total"]) for row in csv.DictReader(file)]

    ours, theirs = losses(backend, KERAS_BACKEND=backend), losses("tensorflow", KERAS_BACKEND="tensorflow")
    assert len(ours) == 4
    assert ours == pytest.approx(theirs, rel=1e-3)


def test_an_empty_backend_is_none_asked_for(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "")
    assert autodiff.backend_asked_for() == "tensorflow"


@pytest.mark.skipif(os.name == "nt", reason="Windows finds programs in another way")
@pytest.mark.skipif(os.path.exists("/proc/driver/nvidia/version"), reason="this machine has an NVIDIA GPU")
@pytest.mark.parametrize(("visible", "warned"), [("0", True), ("-1", False)])
def test_a_gpu_that_tensorflow_cannot_use_is_told_of_unless_it_is_hidden(visible, warned, run_script, tmp_path):
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\nexit 1\n")
    driver.chmod(0o755)
    found = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "CUDA_VISIBLE_DEVICES": visible}
    flags = ["--image_size", 48, "--num_iter", 0]
    done = run_script("network.py", CASTLE, STARRY_NIGHT, tmp_path / "out", *flags, **found)
    assert done.returncode == 0, done.stderr
    assert ("NVIDIA GPU that TensorFlow cannot use, so the CPU does the work" in done.stderr) == warned
