"""The losses and gradients agree with what the original scripts compute."""

import json

import numpy as np
import pytest
from conftest import REFERENCE

import inetwork
import network
from neural_style import cli, images, inputs, transfer

CASES = [
    case
    for case in json.loads((REFERENCE / "expected.json").read_text())
    if case["script"] in ("Network.py", "INetwork.py")
]


def problem_of(script, arguments):
    """Return (flags, style layers, style products) of our script for the original one's arguments."""
    if script == "Network.py":
        return network.parse(arguments), network.STYLE_LAYERS, network.style_products
    flags = inetwork.parse([*arguments, "--chain", "difference"])
    return flags, inetwork.layer_names("vgg16"), lambda: inetwork.style_products("vgg16", flags.chain)


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join([case["script"], *case["arguments"][1:]]))
def test_loss_and_gradient_are_those_of_the_original(case, weights):
    from keras import ops

    arguments = [str(REFERENCE / text) if text.endswith(".png") else text for text in case["arguments"]]
    flags, layers, products = problem_of(case["script"], arguments)
    pictures = inputs.read_pictures(flags)
    regions = inputs.read_masks(flags, pictures, layers)
    objective = transfer.objective(flags, pictures, regions, weights, products, cli.Reporter(quiet=True))
    start = images.to_array(images.read(REFERENCE / case["start"]))

    loss, _, gradient = objective.evaluate(ops.convert_to_tensor(start.ravel()))

    assert loss == pytest.approx(case["loss"], rel=1e-4)
    assert np.linalg.norm(gradient) == pytest.approx(case["gradient_norm"], rel=1e-3)
