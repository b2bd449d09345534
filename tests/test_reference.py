"""The losses and gradients agree with what the original scripts compute."""

import json

import numpy as np
import pytest
from conftest import REFERENCE

import inetwork
import network
import neural_doodle
from neural_style import cli, images, transfer

CASES = json.loads((REFERENCE / "expected.json").read_text())


def task_of(script, arguments):
    """Return the task of our script for the original one's arguments."""
    if script == "Network.py":
        return network.task(network.parse(arguments))
    if script.endswith("neural_doodle.py"):
        improved = ["--improved"] if script.startswith("improved") else []
        return neural_doodle.task(neural_doodle.parse([*arguments, *improved]))
    return inetwork.task(inetwork.parse([*arguments, "--chain", "difference"]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join([case["script"], *case["arguments"][1:]]))
def test_loss_and_gradient_are_those_of_the_original(case, weights):
    from keras import ops

    arguments = [str(REFERENCE / text) if text.endswith(".png") else text for text in case["arguments"]]
    task = task_of(case["script"], arguments)
    (pictures,) = task.read(cli.Reporter(quiet=True))
    objective = transfer.objective(task, pictures, weights)
    start = images.to_array(images.read(REFERENCE / case["start"]))

    loss, _, gradient = objective.evaluate(ops.convert_to_tensor(start.ravel()))

    assert loss == pytest.approx(case["loss"], rel=1e-4)
    assert np.linalg.norm(gradient) == pytest.approx(case["gradient_norm"], rel=1e-3)
