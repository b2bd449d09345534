"""Colours move between pictures as the formulas say."""

import numpy as np
import pytest
from skimage.color import rgb2lab, rgb2ycbcr

from neural_style.pictures import color


def test_the_result_has_the_luma_of_the_painting_and_the_chrominance_of_the_content(random_image):
    content, painting = random_image(12, 16, seed=1) * 0.4 + 70, random_image(12, 16, seed=5) * 0.4 + 70
    result = rgb2ycbcr(color.with_chrominance_of(content, painting) / 255)
    assert np.allclose(result[..., 0], rgb2ycbcr(painting / 255)[..., 0], atol=0.1)
    assert np.allclose(result[..., 1:], rgb2ycbcr(content / 255)[..., 1:], atol=0.1)


def test_a_linear_match_has_the_mean_and_covariance_of_the_reference(random_image):
    picture, reference = random_image(40, 50, seed=1) * 0.3 + 90, random_image(30, 60, seed=9) * 0.2 + 100
    matched = color.match_linear(picture, reference).reshape(-1, 3)
    assert np.allclose(matched.mean(axis=0), reference.reshape(-1, 3).mean(axis=0), atol=0.5)
    assert np.allclose(np.cov(matched.T), np.cov(reference.reshape(-1, 3).T), rtol=0.05, atol=2)


def test_a_gray_picture_does_not_get_its_noise_blown_up_into_colours(random_image):
    gray = np.repeat(random_image(20, 20).mean(axis=2, keepdims=True), 3, axis=2)
    matched = color.match_linear(gray, random_image(20, 20, seed=4))
    assert np.isfinite(matched).all()
    per_level = (
        np.abs(np.diff(matched.reshape(-1, 3), axis=0)).max() / np.abs(np.diff(gray.reshape(-1, 3), axis=0)).max()
    )
    assert per_level < 10


def test_a_histogram_match_has_the_quantiles_of_the_reference(random_image):
    picture, reference = random_image(40, 50, seed=1), random_image(40, 50, seed=9)
    matched = color.match_histogram(picture, reference)
    for channel in range(3):
        wanted = np.quantile(reference[..., channel], [0.1, 0.5, 0.9])
        assert np.quantile(matched[..., channel], [0.1, 0.5, 0.9]) == pytest.approx(wanted, abs=3)


def test_a_picture_of_many_rows_gets_the_chrominance_of_lab_in_all_of_them(random_image):
    content, painting = random_image(300, 8, seed=1) * 0.3 + 90, random_image(300, 8, seed=5) * 0.3 + 90
    result = color.transfer(content, painting, "luminance", "lab", None)
    assert result.shape == painting.shape
    inside = ((result > 1) & (result < 254)).all(axis=-1)
    assert inside[-50:].any()
    lab, lightness, colours = (rgb2lab(picture / 255) for picture in (result, painting, content))
    assert np.allclose(lab[..., 0][inside], lightness[..., 0][inside], atol=0.5)
    assert np.allclose(lab[..., 1:][inside], colours[..., 1:][inside], atol=0.5)


def test_the_covariance_is_that_of_all_of_a_large_picture(random_image):
    """More pixels than are looked at together, and more contrast in the later ones."""
    reference = random_image(300, 300, seed=2) * 0.1 + 110
    reference[150:] = random_image(150, 300, seed=3) * 0.5 + 60
    matched = color.match_linear(random_image(40, 50), reference).reshape(-1, 3)
    assert np.allclose(np.cov(matched.T), np.cov(reference.reshape(-1, 3).T), rtol=0.02, atol=2)
