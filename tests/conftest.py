"""What the tests share: the backend, the weights, small pictures, and the scripts as a user runs them."""

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from neural_style import backend
from neural_style.command import reporter, script

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "tests" / "reference"
CASTLE = ROOT / "images" / "inputs" / "content" / "neuschwanstein-castle.jpg"
STARRY_NIGHT = ROOT / "images" / "inputs" / "style" / "starry-night.jpg"

MOST_NETWORKS = 4
"""Extractors that are kept for the next test; each has up to 210 MB."""

worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if worker and hasattr(os, "sched_setaffinity"):
    # One core for each worker and what it starts: two that share all cores only wait for each other.
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})
backend.start()
# What a shell script starts in its background ignores it, and so would the scripts that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def opened(path):
    """Return the first picture in a file as a Pillow image, with what the file says of it; the file is closed."""
    with Image.open(path) as image:
        image.load()
        return image


def pytest_collection_modifyitems(items):
    """Begin with the slow ones, so that the workers end together."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Leave out of messages what only comes by the clock, on a slow machine."""
    monkeypatch.setattr(reporter, "PATIENCE", 600.0)
    monkeypatch.setattr(reporter, "HEARTBEAT", 600.0)


@pytest.fixture(autouse=True)
def as_on_any_machine(monkeypatch):
    """Let --precision auto be float32, whatever this machine has."""
    monkeypatch.setattr(backend, "is_fast_in_bfloat16", lambda: False)


@pytest.fixture
def uncompiled(monkeypatch):
    """Run what would be compiled as it stands: many shapes, or a deep graph, take longer to compile than to run."""
    monkeypatch.setattr(backend, "compiled", lambda function, **settings: function)
    monkeypatch.setattr(backend, "compiled_to_look", lambda function, any_size: function)


@pytest.fixture
def as_large(monkeypatch):
    """Has small pictures convolved in the way of large ones."""
    monkeypatch.setattr("neural_style.painting.objective.LARGE_FOR_WINOGRAD", 0)


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


@pytest.fixture(scope="session")
def networks():
    """The extractors that tests have had made, by what they were made of."""
    return {}


@pytest.fixture
def own_networks():
    """Has every extractor made anew, for tests of what that leaves behind."""


@pytest.fixture(autouse=True)
def shared_networks(request, networks, monkeypatch):
    """Make each extractor once: it never changes, and to make one takes longer than most tests do with it."""
    from models import vgg

    if "own_networks" in request.fixturenames:
        return
    make = vgg.feature_extractor

    def shared(name, layers, pooling="max", tensors=None, winograd=False, precision="float32"):
        kernels = tuple((layer, kernel.shape, float(kernel.sum())) for layer, (kernel, _) in (tensors or {}).items())
        key = name, tuple(layers), pooling, kernels, winograd, precision
        if key not in networks:
            if len(networks) == MOST_NETWORKS:
                networks.pop(next(iter(networks)))
            networks[key] = make(name, layers, pooling, tensors, winograd, precision)
        return networks[key]

    monkeypatch.setattr(vgg, "feature_extractor", shared)


LIGHT = ["--style_weight", "0", "--content_layer", "conv1_1", "--init_image", "noise"]
"""Flags of a run that needs little of the network, where only what becomes of its files and messages counts."""

SHALLOW = ["--content_layer", "conv2_1"]
"""Flags that go with the fixture of that name."""


@pytest.fixture
def shallow(monkeypatch):
    """Has scripts compare two layers of the style, not five: enough where the course of a run is what counts."""
    import network
    import neural_doodle
    from neural_style.painting import flagship

    for module in (network, neural_doodle, flagship):
        monkeypatch.setattr(module, "STYLE_LAYERS", ("conv1_1", "conv2_1"))


@pytest.fixture(autouse=True)
def plain_plots(request, monkeypatch):
    """Leaves losses.png empty: to draw it takes as long as a short run."""
    if "drawn_plots" not in request.fixturenames:
        monkeypatch.setattr("neural_style.runs.folder.plot_losses", lambda path, *_: path.write_bytes(b""))


@pytest.fixture
def drawn_plots():
    """Has losses.png drawn."""


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
        coarse = np.random.default_rng(seed).uniform(0, 255, (6, 6, 3)).astype("uint8")
        smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        noise = np.random.default_rng(seed + 1).normal(0, 12, (height, width, 3))
        return np.clip(np.asarray(smooth) + noise, 0, 255).astype("float32")

    return make


@pytest.fixture
def halves(tmp_path):
    """The paths of two masks of the castle, white on the left and on the right."""
    from neural_style.pictures import images

    left = np.zeros((683, 1024, 3))
    left[:, :512] = 255
    paths = [tmp_path / "left.png", tmp_path / "right.png"]
    for path, values in zip(paths, (left, 255 - left), strict=True):
        images.to_picture(values).save(path)
    return [str(path) for path in paths]


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


@pytest.fixture
def run_here(monkeypatch, capfd):
    """Return what does as `run_script` in this process, where the backend is loaded already."""

    def run(name, *arguments, **environment):
        main = importlib.import_module(Path(name).stem).main
        capfd.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", [name, *map(str, arguments)])
            for variable, value in environment.items():
                patch.setenv(variable, value)
            with pytest.raises(SystemExit) as ended:
                script.run(main)
        said = capfd.readouterr()
        return SimpleNamespace(returncode=ended.value.code, stdout=said.out, stderr=said.err)

    return run
