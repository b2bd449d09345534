"""The scripts run on every backend, with the same losses."""

import csv
import importlib.util
import os
import subprocess
import sys

import keras
import pytest

from neural_style import backend
from neural_style.backend import is_fast_in_bfloat16
from neural_style.installation import ROOT
from tests.conftest import CASTLE, STARRY_NIGHT


@pytest.fixture(params=["jax", "torch"])
def backend_named(request):
    """The name of each other backend that is installed; one that TESTED_BACKENDS names must be."""
    if importlib.util.find_spec(request.param) is None:
        assert request.param not in os.environ.get("TESTED_BACKENDS", "").split(), f"{request.param} is missing"
        pytest.skip(f"{request.param} is not installed")
    return request.param


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the others are compared with TensorFlow")
def test_a_painting_has_the_losses_that_tensorflow_finds(backend_named, run_script, run_here, tmp_path):
    def losses(run, name):
        flags = ["--image_size", 32, "--num_iter", 1, "--evaluations", 3]
        done = run("network.py", CASTLE, STARRY_NIGHT, tmp_path / name, *flags, KERAS_BACKEND=name)
        assert done.returncode == 0, done.stderr
        assert f", {name} " in next(line for line in done.stderr.splitlines() if "device:" in line)
        with open(tmp_path / f"{name}_run" / "losses.csv", newline="") as file:
            return [float(row["total"]) for row in csv.DictReader(file)]

    ours, theirs = losses(run_script, backend_named), losses(run_here, "tensorflow")
    assert len(ours) == 4
    assert ours == pytest.approx(theirs, rel=1e-3)


def test_what_nobody_needs_is_not_loaded_with_a_backend_but_can_be_later(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "unneeded.py").write_text("")
    with backend._without("unneeded", "keras"):
        assert importlib.import_module("keras") is keras
        with pytest.raises(ImportError):
            importlib.import_module("unneeded")
    assert importlib.import_module("unneeded")
    del sys.modules["unneeded"]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="JAX needs scipy")
@pytest.mark.parametrize(("program", "absent"), [("paint.py", {"matplotlib", "pandas", "scipy"}), ("own.py", set())])
def test_a_script_loads_no_more_than_it_needs_with_a_backend(program, absent):
    file = ROOT / program if absent else program
    code = f"import sys, __main__; __main__.__file__ = {str(file)!r}; import neural_style.backend as b; b.start()"
    command = [sys.executable, "-c", f"{code}; print(*sys.modules)"]
    done = subprocess.run(
        command,
        cwd=ROOT.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "keras" in loaded
    assert loaded.isdisjoint(absent)
    assert "scipy" in loaded | absent


def test_an_empty_backend_is_none_asked_for(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "")
    assert backend.asked_for() == "tensorflow"


@pytest.mark.skipif(os.name == "nt", reason="Windows finds programs in another way")
@pytest.mark.skipif(os.path.exists("/proc/driver/nvidia/version"), reason="this machine has an NVIDIA GPU")
@pytest.mark.parametrize(("visible", "warned"), [("0", True), ("-1", False)])
def test_a_gpu_that_tensorflow_cannot_use_is_told_of_unless_it_is_hidden(visible, warned, run_here, tmp_path):
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\nexit 1\n")
    driver.chmod(0o755)
    found = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "CUDA_VISIBLE_DEVICES": visible}
    flags = ["--image_size", 32, "--num_iter", 0]
    done = run_here("network.py", CASTLE, STARRY_NIGHT, tmp_path / "out", *flags, **found)
    assert done.returncode == 0, done.stderr
    assert ("NVIDIA GPU that TensorFlow cannot use, so the CPU does the work" in done.stderr) == warned


@pytest.mark.parametrize(
    ("flags", "slow"), [("fpu avx2 avx512f", True), ("fpu avx512_bf16", False), ("asimd bf16 i8mm", False)]
)
def test_a_processor_that_has_it_not_is_known_by_its_flags(flags, slow, tmp_path, monkeypatch):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "cpuinfo").write_text(f"processor : 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(backend, "on_cpu", lambda: True)
    assert backend.is_slow_in_bfloat16(tmp_path) == (slow or keras.backend.backend() == "jax")
    # That of ARM was not measured, nor was any backend but TensorFlow.
    assert is_fast_in_bfloat16(tmp_path) == ("avx512_bf16" in flags and keras.backend.backend() == "tensorflow")
    monkeypatch.setattr(backend, "on_cpu", lambda: False)
    assert not backend.is_slow_in_bfloat16(tmp_path)
    assert not is_fast_in_bfloat16(tmp_path)
    assert backend.has_long_vectors(tmp_path) == ("avx512f" in flags.split())
