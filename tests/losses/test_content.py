"""The content loss is a squared distance."""

import numpy as np
import pytest

from neural_style.losses.content import ContentLoss
from tests.losses.numerical import evaluate, features


@pytest.mark.parametrize(
    ("kind", "factor"), [(0, 1.0), (1, 1 / (2 * np.sqrt(4) * np.sqrt(40 * 56))), (2, 1 / (4 * 40 * 56))]
)
def test_content_loss_is_the_squared_distance_by_its_factor(kind, factor):
    target, generated = features(5, 7, 4, seed=1), features(5, 7, 4, seed=2)
    loss = ContentLoss("conv4_2", target, (40, 56), kind)
    expected = factor * np.sum((generated.astype("float64") - target) ** 2)
    assert evaluate(loss, {"conv4_2": generated}) == pytest.approx(expected, rel=1e-5)
