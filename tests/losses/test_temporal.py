"""A frame's distance from those before, where they can be relied on."""

import numpy as np
import pytest

from neural_style import backend
from neural_style.losses.temporal import TemporalLoss
from tests.losses.numerical import evaluate


@pytest.fixture
def frames():
    """An image (1, 9, 7, 3), an earlier one warped, and where that is reliable."""
    generator = np.random.default_rng(0)
    image, warped = generator.uniform(0, 255, (2, 9, 7, 3)).astype("float32")
    return image[None], warped, generator.uniform(0, 1, (9, 7)).astype("float32")


def test_it_is_the_mean_squared_distance_where_the_earlier_frame_is_reliable(frames):
    image, warped, reliable = frames
    squares = (reliable[..., None] * ((image[0].astype("float64") - warped) / 255) ** 2)[:-1, :-1]
    assert evaluate(TemporalLoss(warped, reliable), {"image": image}) == pytest.approx(
        squares.sum() / (9 * 7 * 3), rel=1e-6
    )


def test_nothing_holds_where_nothing_is_reliable(frames):
    image, warped, reliable = frames
    assert evaluate(TemporalLoss(warped, 0 * reliable), {"image": image}) == 0


def test_its_sums_add_over_tiles_with_a_row_of_the_next(frames):
    image, warped, reliable = frames
    loss = TemporalLoss(warped, reliable)
    guide = loss.guides["image"]
    parts = [
        loss.sums({"image": image[:, rows]}, {"image": guide[:, rows]})["squares"]
        for rows in (slice(0, 5), slice(4, 9))
    ]
    whole = loss.sums({"image": image}, loss.guides)["squares"]
    assert float(sum(parts)) == pytest.approx(float(whole), rel=1e-5)


def test_its_gradient_is_that_of_finite_differences(frames):
    image, warped, reliable = frames
    loss = TemporalLoss(warped, reliable)
    differentiate = backend.value_and_grad(lambda x: (loss.value(loss.sums({"image": x}, loss.guides)), ()))
    _, _, gradient = differentiate(image)
    for position in ((0, 0, 0), (4, 3, 1), (8, 2, 0)):
        step = np.zeros_like(image)
        step[(0, *position)] = 1.0
        change = evaluate(loss, {"image": image + step}) - evaluate(loss, {"image": image - step})
        assert float(gradient[(0, *position)]) == pytest.approx(change / 2, rel=1e-2, abs=1e-9)
