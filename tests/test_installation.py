"""Where a script cannot run, it says so in one line before anything is imported that may be missing."""

import ast
import subprocess
import sys

import pytest

from tests.conftest import CASTLE, ROOT, STARRY_NIGHT

SCRIPTS = sorted(path.name for path in ROOT.glob("*.py"))

ELSEWHERE = """
import importlib.machinery, runpy, sys
version, absent, *sys.argv = sys.argv[1:]
if version:
    sys.version_info = (*map(int, version.split(".")), 0, "final", 0)
find = importlib.machinery.PathFinder.find_spec

def find_spec(name, path=None, target=None):
    return None if name.split(".")[0] == absent else find(name, path, target)

importlib.machinery.PathFinder.find_spec = find_spec
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a script as if Python had another version, and as if a package were not installed."""


def run(script, *arguments, version="", absent=""):
    command = [sys.executable, "-c", ELSEWHERE, version, absent, ROOT / script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT)


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_old_python_is_one_line(script):
    done = run(script, version="3.9")
    assert (done.returncode, done.stdout) == (1, "")
    start = f"{script}: error: Python 3.10 or newer is needed, and {sys.executable} is 3.9: run the script with a newer"
    assert done.stderr.startswith(start)
    assert done.stderr.count("\n") == 1


FIRST_READ = ("neural_style/__init__.py", "neural_style/installation.py", "models/__init__.py", "models/layers.py")
"""What Python reads before the check, besides the scripts themselves."""


@pytest.mark.parametrize("file", [*FIRST_READ, *SCRIPTS])
def test_an_old_python_can_read_so_far(file):
    """The syntax is that of Python 3.6, and before the check nothing is imported that may be missing."""
    tree = ast.parse((ROOT / file).read_text(), feature_version=(3, 6))
    for node in tree.body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        packages = {name.split(".")[0] for name in names}
        if packages & {"neural_style", "models"}:
            break
        assert packages <= sys.stdlib_module_names


def line_about(package):
    requirements = ROOT / "requirements.txt"
    command = f"{sys.executable} -m pip install -r {requirements}"
    return f"the Python package {package} is missing: activate the environment that has it, or {command}\n"


@pytest.mark.parametrize(
    ("module", "package"),
    [("PIL", "pillow"), ("numpy", "numpy"), ("tqdm", "tqdm"), ("psutil", "psutil"), ("h5py", "h5py")],
)
@pytest.mark.parametrize("script", ["network.py", "make_mask.py"])
def test_a_package_that_is_missing_is_one_line(script, module, package):
    done = run(script, absent=module)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{script}: error: {line_about(package)}")


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_says_what_is_missing(script):
    done = run(script, absent="tqdm")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{script}: error: {line_about('tqdm')}")


@pytest.mark.parametrize(
    ("script", "arguments", "module", "package"),
    [
        ("enhance.py", [CASTLE, "--size", "64", "--denoise"], "skimage", "scikit-image"),
        ("make_mask.py", [CASTLE, "--quiet"], "onnxruntime", "onnxruntime"),
    ],
)
def test_a_package_that_is_needed_later_is_missed_in_the_same_way(script, arguments, module, package, tmp_path):
    done = run(script, *arguments, "-o", tmp_path / "out.png", absent=module)
    assert (done.returncode, done.stderr) == (1, f"{script}: error: {line_about(package)}")


def test_a_missing_backend_is_one_line(tmp_path, weights):
    done = run("network.py", CASTLE, STARRY_NIGHT, tmp_path / "out", "--image_size", 32, "--quiet", absent="keras")
    assert done.returncode == 1
    assert done.stderr.startswith("network.py: error: Keras or TensorFlow cannot be loaded (No module named 'keras')")
    assert done.stderr.count("\n") == 1
