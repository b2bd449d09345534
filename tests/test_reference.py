"""The losses and gradients agree with what the original scripts compute."""

import json

import numpy as np
import pytest

import inetwork
import network
import neural_doodle
from neural_style.command.reporter import Reporter
from neural_style.painting.objective import objective as objective_of
from neural_style.pictures import images
from tests.conftest import REFERENCE

CASES = json.loads((REFERENCE / "expected.json").read_text())


def task_of(script, arguments):
    """Return the task of our script for the original one's arguments."""
    if script == "Network.py":
        return network.METHOD.task(arguments)
    if script.endswith("neural_doodle.py"):
        improved = ["--improved"] if script.startswith("improved") else []
        return neural_doodle.METHOD.task([*arguments, *improved])
    return inetwork.METHOD.task([*arguments, "--chain", "difference"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join([case["script"], *case["arguments"][1:]]))
def test_loss_and_gradient_are_those_of_the_original(case, weights, as_large):
    from keras import ops

    arguments = [str(REFERENCE / text) if text.endswith(".png") else text for text in case["arguments"]]
    task = task_of(case["script"], arguments)
    (pictures,) = task.read(Reporter(quiet=True))
    objective = objective_of(task, pictures, weights)
    start = images.to_array(images.read(REFERENCE / case["start"]))

    loss, _, gradient = objective.evaluate(ops.convert_to_tensor(start.ravel()))

    assert loss == pytest.approx(case["loss"], rel=1e-4)
    assert np.linalg.norm(gradient) == pytest.approx(case["gradient_norm"], rel=1e-3)
