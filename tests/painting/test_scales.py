"""The scales of a run share what is compiled."""

from dataclasses import replace

import numpy as np
import pytest
from keras import ops

import inetwork
import network
import paint
from neural_style import backend
from neural_style.command.reporter import Reporter
from neural_style.command.workshop import Workshop
from neural_style.painting.objective import Network, objective, objective_through
from neural_style.tiling.memory import ONE_PIECE
from neural_style.tiling.objective import Functions
from tests.conftest import CASTLE, SHALLOW, STARRY_NIGHT


def test_what_is_compiled_for_one_scale_serves_the_others_to_the_same_numbers(weights, shallow):
    task = paint.METHOD.task([str(CASTLE), str(STARRY_NIGHT), "unused", "--scales", "48", "64", *SHALLOW])
    scales = task.read(Reporter(quiet=True))
    shared = Network(task, scales[-1], weights, Workshop())
    together = [objective_through(task, pictures, shared, ONE_PIECE, Reporter(quiet=True)) for pictures in scales]
    assert (together[0]._functions is together[1]._functions) == backend.compiles_for_any_size()
    for pictures, one in zip(scales, together, strict=True):
        image = ops.convert_to_tensor(pictures.start.ravel().astype("float32"))
        (loss, terms, gradient), alone = one.evaluate(image), objective(task, pictures, weights)
        alone._functions = Functions(alone._network.view, alone._functions.forms)
        other, own_terms, own_gradient = alone.evaluate(image)
        assert loss == pytest.approx(other, rel=1e-6)
        assert terms == pytest.approx(own_terms, rel=1e-5)
        gradient, own_gradient = (ops.convert_to_numpy(each) for each in (gradient, own_gradient))
        assert np.linalg.norm(gradient - own_gradient) < 1e-5 * np.linalg.norm(own_gradient)


def test_chains_of_several_scales_have_a_graph_each(weights):
    flags = ["--scales", "32", "48", "--num_iter", "1"]
    task = inetwork.METHOD.task([str(CASTLE), str(STARRY_NIGHT), "unused", *flags])
    scales = task.read(Reporter(quiet=True))
    shared = Network(task, scales[-1], weights, Workshop())
    made = [objective_through(task, pictures, shared, ONE_PIECE, Reporter(quiet=True)) for pictures in scales]
    assert made[0]._functions is not made[1]._functions


@pytest.mark.parametrize(
    ("flags", "any_size"),
    [
        (["--image_size", "32"], False),
        (["--scales", "32", "48"], True),
        (["--image_size", "32", "--tile", "16"], True),
        (["--image_size", "32", "--style_fit", "keep"], True),
    ],
)
def test_pictures_are_looked_at_by_a_graph_for_their_size_if_a_run_has_no_other(weights, monkeypatch, flags, any_size):
    told = []
    monkeypatch.setattr(backend, "compiled_to_look", lambda function, any_size: told.append(any_size))
    square = ["--maintain_aspect_ratio", "False", "--num_iter", "1"]
    task = network.METHOD.task([str(CASTLE), str(STARRY_NIGHT), "unused", *square, *flags])
    scales = task.read(Reporter(quiet=True))
    plan = replace(ONE_PIECE, side=task.flags.tile)
    Network(task, scales[-1], weights, Workshop()).in_tiles(["conv1_1"], plan, Reporter(quiet=True))
    assert told[0] == any_size


def test_paintings_of_other_sizes_after_the_first_share_the_graph_to_look(weights):
    workshop = Workshop()

    def view(size):
        flags = ["--image_size", str(size), "--maintain_aspect_ratio", "False", "--num_iter", "1"]
        task = network.METHOD.task([str(CASTLE), str(STARRY_NIGHT), "unused", *flags])
        (pictures,) = task.read(Reporter(quiet=True))
        return Network(task, pictures, weights, workshop).in_tiles(["conv1_1"], ONE_PIECE, Reporter(quiet=True)).view

    first, again, other, third = map(view, (32, 32, 48, 64))
    assert first is again
    assert other is third
    assert first is not other
