"""The total variation sums over neighbours."""

import numpy as np
import pytest
from keras import ops
from PIL import Image

from neural_style import backend
from neural_style.losses.variation import SmoothnessLoss, TotalVariationLoss
from tests.losses.numerical import evaluate, features


def test_total_variation_sums_over_all_but_the_last_row_and_column():
    image = features(6, 8, 3, seed=3)
    expected = 0.0
    for row in range(5):
        for column in range(7):
            here = image[0, row, column].astype("float64")
            squares = (image[0, row + 1, column] - here) ** 2 + (image[0, row, column + 1] - here) ** 2
            expected += np.sum(squares**1.25)
    assert evaluate(TotalVariationLoss(), {"image": image}) == pytest.approx(expected, rel=1e-5)


def test_the_gradient_of_total_variation_is_finite_on_a_flat_image():
    flat = np.full((1, 4, 5, 3), 77, "float32")
    loss = TotalVariationLoss()
    differentiate = backend.value_and_grad(lambda x: (loss.value(loss.sums({"image": x}, {})), x))
    value, _, gradient = differentiate(ops.convert_to_tensor(flat))
    assert float(value) == 0
    assert np.array_equal(gradient, np.zeros_like(flat))


def test_the_total_variation_of_overlapping_halves_adds_up_to_that_of_the_whole():
    image = features(8, 6, 3, seed=9)
    loss = TotalVariationLoss()
    parts = [loss.sums({"image": image[:, rows]}, {})["variation"] for rows in (slice(0, 4), slice(3, 8))]
    assert float(sum(parts)) == pytest.approx(float(loss.sums({"image": image}, {})["variation"]), rel=1e-5)


def differences(image):
    """Return the differences of all but the last row and column to the right and lower neighbour, (2, …, 3)."""
    image = image[0].astype("float64")
    return np.stack([image[:-1, 1:] - image[:-1, :-1], image[1:, :-1] - image[:-1, :-1]])


def test_smoothness_is_the_mean_squared_difference_of_neighbours():
    image = features(6, 8, 3, seed=3)
    expected = np.sum(differences(image) ** 2) / 255**2 / (3 * 6 * 8)
    assert evaluate(SmoothnessLoss((6, 8), chroma=0), {"image": image}) == pytest.approx(expected, rel=1e-5)


def test_smoothness_of_colours_is_that_of_the_chroma_channels():
    """As Pillow converts them, to what it rounds."""
    image = np.random.default_rng(1).integers(0, 256, (1, 40, 50, 3)).astype("uint8")
    chroma = np.asarray(Image.fromarray(image[0]).convert("YCbCr"))[None, ..., 1:]
    expected = 5 * np.sum(differences(chroma) ** 2) / 255**2 / (3 * 40 * 50)
    plain, coloured = (evaluate(SmoothnessLoss((40, 50), c), {"image": image.astype("float32")}) for c in (0, 5))
    assert coloured - plain == pytest.approx(expected, rel=1e-3)


def test_grays_have_no_colours_to_smooth():
    image = features(6, 8, 1, seed=3).repeat(3, axis=-1)
    plain, coloured = (evaluate(SmoothnessLoss((6, 8), c), {"image": image}) for c in (0, 50))
    assert coloured == pytest.approx(plain, rel=1e-4)
