"""An image whose tiles other processes look at has the loss and the gradient of this one, to the last bit."""

import os
import signal
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from keras import ops

import inetwork
import network
import paint
from neural_style.cluster.crew import Crew
from neural_style.cluster.network import ClusterNetwork
from neural_style.cluster.worker import Sight
from neural_style.command.reporter import Reporter
from neural_style.command.workshop import Workshop
from neural_style.painting import objective
from neural_style.tiling.memory import Plan
from neural_style.tiling.network import View
from tests.conftest import CASTLE, REFERENCE, SHALLOW, STARRY_NIGHT, opened

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")

PLAN = Plan(64, 5, 0)
MASKS = ["--style_masks", REFERENCE / "mask1.png", REFERENCE / "mask2.png"]


@pytest.fixture(scope="module")
def crew():
    with Crew("local:2", lambda line: None) as crew:
        crew.gather()
        yield crew


def task_of(script, *flags, styles=(STARRY_NIGHT,)):
    argv = [CASTLE, *styles, "out", "--image_size", 112, "--maintain_aspect_ratio", "False", *flags]
    if script is paint:
        argv = [CASTLE, *styles, "out", "--image_size", "112x112", *flags]
    return script.METHOD.task([*map(str, argv)])


def evaluations(task, weights, crew=None):
    """Return what the objective of a task gives at two points, looked at in tiles, by a crew or here."""
    pictures = task.read(Reporter(quiet=True))[-1]
    workshop = Workshop()
    workshop.crew = crew
    shared = objective.Network(task, pictures, weights, workshop)
    made = objective.objective_through(task, pictures, shared, PLAN, Reporter(quiet=True))
    image = ops.convert_to_tensor(np.ravel(pictures.start).astype("float32"))
    direction = ops.convert_to_tensor(np.random.default_rng(0).normal(size=image.shape).astype("float32"))
    return [made.evaluate(image), made.evaluate(image, 2.0, direction)]


def assert_same(here, there):
    for (loss, terms, gradient), other in zip(here, there, strict=True):
        assert (loss, terms) == other[:2]
        assert np.array_equal(ops.convert_to_numpy(gradient), ops.convert_to_numpy(other[2]))


@pytest.mark.parametrize(
    ("script", "styles", "flags"),
    [
        (network, (REFERENCE / "style1.png", REFERENCE / "style2.png"), ["--content_layer", "conv3_1", *MASKS]),
        (paint, (STARRY_NIGHT,), ["--content_layer", "conv3_1"]),
        (inetwork, (STARRY_NIGHT,), SHALLOW),
    ],
    ids=["masks", "distributions", "chains"],
)
def test_loss_and_gradient_are_the_same_to_the_last_bit(crew, weights, script, styles, flags):
    here, there = (evaluations(task_of(script, *flags, styles=styles), weights, own) for own in (None, crew))
    assert_same(here, there)


def test_a_style_of_one_tile_is_looked_at_as_it_would_be_here(crew, weights, tmp_path):
    opened(STARRY_NIGHT).convert("RGB").resize((48, 40)).save(tmp_path / "small.png")
    tasks = [task_of(network, "--style_fit", "keep", *SHALLOW, styles=(tmp_path / "small.png",)) for _ in range(2)]
    assert_same(evaluations(tasks[0], weights), evaluations(tasks[1], weights, crew))


class Recorder:
    """A member, or its actor, that keeps what it is asked to do."""

    def __init__(self):
        self.asked = []
        self.actor = self

    def __getattr__(self, name):
        return SimpleNamespace(remote=lambda *arguments: self.asked.append((name, *arguments)))


class Dealer:
    """A crew whose tiles are looked at by the members that it is told, by their numbers."""

    def __init__(self):
        self.ray = SimpleNamespace(put=lambda thing: thing)
        self.members = {}

    def next_token(self):
        return 1

    def results(self, submit, owners):
        yield from (submit(self.members[number], number) for number in range(len(owners)))


def test_guides_are_sent_once_and_who_has_a_tile_no_more_forgets_it():
    first, second, dealer = Recorder(), Recorder(), Dealer()
    view = View(None, ["conv2_1"])
    sight = Sight("vgg16", ("conv2_1",), "max", False, "float32")
    network = ClusterNetwork(dealer, sight, None, view, 32)
    guides = {"content": {"conv2_1": np.zeros((1, 16, 32, 1), "float32")}}
    for members in ({0: first, 1: first}, {0: first, 1: first}, {0: first, 1: second}):
        dealer.members = members
        looks = network.looks((32, 64), SimpleNamespace(forms={}), guides)
        list(looks.sums(lambda seen: ops.zeros((1, 8, 8, 3))))
    sent = [[arguments[-1] is not None for name, *arguments in who.asked if name == "sums"] for who in (first, second)]
    assert sent == [[True, True, False, False, False], [True]]
    assert [asked for asked in first.asked if asked[0] == "forget"] == [("forget", 1, network.tiles((32, 64))[1])]
    dealer.members = {0: second, 1: second}
    list(looks.gradients(lambda seen: ops.zeros((1, 8, 8, 3)), {}))
    given = [len(asked) for asked in second.asked if asked[0] == "gradient"]
    assert given[0] == given[1] + 2  # Of the tile that it has not seen it gets the picture and the guides.


def test_a_process_killed_in_mid_evaluation_changes_no_bit(crew, weights, monkeypatch):
    here = evaluations(task_of(network, *SHALLOW), weights)
    looked = []

    def tile(self, done, total):
        looked.append(done)
        if len(looked) in (6, 14):  # In the first look of one evaluation, and in the second of another.
            os.kill(crew._ready()[0].about["process"], signal.SIGKILL)

    monkeypatch.setattr(Reporter, "tile", tile)
    assert_same(here, evaluations(task_of(network, *SHALLOW), weights, crew))
    assert len(looked) > 14
