"""Whether this Python can run the scripts, said in one line before anything is imported that may be missing.

Every script comes here first, by way of `neural_style`. Nothing in this file is newer than Python 3.6, nor is the
syntax of the scripts themselves: an older Python must be able to read so far.
"""

import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The folder of the scripts."""

OLDEST = (3, 10)
"""The oldest Python that has all that the toolkit uses."""

NEEDED = ("numpy", "PIL", "tqdm", "psutil", "h5py")
"""What scripts import before they do anything. What they import later is missed then, and said in the same way."""

_NAMES_OF_PIP = {"PIL": "pillow", "skimage": "scikit-image"}
"""What pip calls a package, where that is something else."""


def check():
    """End the process with one line on the standard error if this Python is too old, or lacks what is NEEDED."""
    if sys.version_info[:2] < OLDEST:
        oldest, this = (".".join(map(str, version[:2])) for version in (OLDEST, sys.version_info))
        problem = f"Python {oldest} or newer is needed, and {sys.executable} is {this}: run the script with a newer one"
    else:
        absent = [name for name in NEEDED if find_spec(name) is None]
        if not absent:
            return
        problem = missing(absent[0])
    sys.exit(f"{os.path.basename(sys.argv[0])}: error: {problem}")


def runs_a_script():
    """Return whether this process runs one of the toolkit's own scripts, not a program of others that uses it."""
    file = getattr(sys.modules["__main__"], "__file__", None)
    return bool(file) and Path(file).resolve().parent == ROOT


def missing(module):
    """Return what a user reads when the Python package of an imported `module` is missing."""
    package = module.split(".")[0]
    words = [sys.executable, "-m", "pip", "install", "-r", str(ROOT / "requirements.txt")]
    command = " ".join(map(shlex.quote, words))
    name = _NAMES_OF_PIP.get(package, package)
    return f"the Python package {name} is missing: activate the environment that has it, or {command}"
