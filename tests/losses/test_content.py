"""The content loss is a squared distance."""

import numpy as np
import pytest

from neural_style.losses.content import ContentLoss, variance
from tests.losses.numerical import evaluate, features


@pytest.mark.parametrize(
    ("kind", "factor"), [(0, 1.0), (1, 1 / (2 * np.sqrt(4) * np.sqrt(40 * 56))), (2, 1 / (4 * 40 * 56))]
)
def test_content_loss_is_the_squared_distance_by_its_factor(kind, factor):
    target, generated = features(5, 7, 4, seed=1), features(5, 7, 4, seed=2)
    loss = ContentLoss("conv4_2", target, (40, 56), kind)
    expected = factor * np.sum((generated.astype("float64") - target) ** 2)
    assert evaluate(loss, {"conv4_2": generated}) == pytest.approx(expected, rel=1e-5)


def test_the_content_loss_of_means_is_the_same_at_every_size_and_layer():
    """Of features divided by 58, the mean over positions and channels."""
    target, generated = features(5, 7, 4, seed=1), features(5, 7, 4, seed=2)
    expected = np.mean((generated.astype("float64") - target) ** 2) / 58**2
    for repeats, layer, size in (((1, 1, 1, 1), "conv4_2", (40, 56)), ((1, 2, 3, 2), "conv1_1", (10, 21))):
        loss = ContentLoss(layer, np.tile(target, repeats), size, 3)
        assert evaluate(loss, {layer: np.tile(generated, repeats)}) == pytest.approx(expected, rel=1e-5)


def test_the_variance_of_a_photograph_is_that_over_its_positions():
    target = 3 * features(5, 7, 4, seed=1) + np.float32([0, 1000, 0, 5])
    expected = np.var(target.astype("float64"), axis=(0, 1, 2)).mean() / 58**2
    assert variance(target) == pytest.approx(expected, rel=1e-6)
