"""What the tests share: the backend, the weights, small pictures, and the scripts as a user runs them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neural_style import autodiff

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "tests" / "reference"
CASTLE = ROOT / "images" / "inputs" / "content" / "neuschwanstein-castle.jpg"
STARRY_NIGHT = ROOT / "images" / "inputs" / "style" / "starry-night.jpg"

autodiff.start()
# What a shell script starts in its background ignores it, and so would the scripts that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def weights():
    """The ImageNet weights of VGG-16, fetched once if this machine does not have them."""
    from models.weights import load

    return load("vgg16")


@pytest.fixture(scope="session")
def extractor(weights):
    """Return a function from layers, pooling and precision to an extractor, each made once."""
    from models.vgg import feature_extractor

    made = {}

    def get(layers, pooling="max", precision="float32"):
        key = (tuple(sorted(layers)), pooling, precision)
        if key not in made:
            made[key] = feature_extractor("vgg16", layers, pooling, weights.tensors, precision=precision)
        return made[key]

    return get


@pytest.fixture
def vgg19_file(tmp_path):
    """The path of a VGG-19 of four channels a layer, in the layout of Keras's file."""
    from models.layers import layer_names
    from models.weights import write

    generator = np.random.default_rng(0)
    tensors, channels = {}, 3
    for layer in layer_names("vgg19"):
        tensors[layer] = (generator.normal(0, 0.3, (3, 3, channels, 4)).astype("float32"), np.zeros(4, "float32"))
        channels = 4
    path = tmp_path / "vgg19.h5"
    write(path, tensors)
    return path


@pytest.fixture
def random_image():
    """Return a function from (height, width) to a smooth random RGB image, float32 in 0..255."""

    def make(height, width, seed=0):
        from PIL import Image

        coarse = np.random.default_rng(seed).uniform(0, 255, (6, 6, 3)).astype("uint8")
        smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        noise = np.random.default_rng(seed + 1).normal(0, 12, (height, width, 3))
        return np.clip(np.asarray(smooth) + noise, 0, 255).astype("float32")

    return make


@pytest.fixture
def run_script():
    """Return a function that runs a script in a process of its own and returns the finished process."""

    def run(*arguments, cwd=ROOT, **environment):
        return subprocess.run(
            [sys.executable, ROOT / arguments[0], *map(str, arguments[1:])],
            cwd=cwd,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run
