"""The losses and gradients agree with what the original scripts compute."""

import json

import numpy as np
import pytest
from conftest import REFERENCE

import network
from neural_style import cli, images, transfer

CASES = [
    case
    for case in json.loads((REFERENCE / "expected.json").read_text())
    if case["script"] == "Network.py" and "--style_masks" not in case["arguments"]
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case["arguments"][:3] + case["arguments"][4:]))
def test_network_has_the_loss_and_gradient_of_the_original(case, weights):
    from keras import ops

    arguments = [str(REFERENCE / text) if text.endswith(".png") else text for text in case["arguments"]]
    flags = network.parse(arguments)
    pictures = transfer.read_pictures(flags)
    objective = network.style_objective(flags, pictures, weights, cli.Reporter(quiet=True))
    start = images.to_array(images.read(REFERENCE / case["start"]))

    loss, _, gradient = objective.evaluate(ops.convert_to_tensor(start.ravel()))

    assert loss == pytest.approx(case["loss"], rel=1e-4)
    assert np.linalg.norm(gradient) == pytest.approx(case["gradient_norm"], rel=1e-3)
