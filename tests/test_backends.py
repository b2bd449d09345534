"""The scripts run on every backend, with the same losses."""

import csv
import importlib.util

import pytest
from conftest import CASTLE, STARRY_NIGHT


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
