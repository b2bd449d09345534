"""Colours from one picture to another. Pictures are float32 RGB (height, width, 3) in 0..255."""

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], "float32")
"""The weights of red, green and blue in Y of YCbCr (ITU-R BT.601)."""

EIGENVALUE_FLOOR = 1.0
"""Least variance, in squares of 0..255 levels, that a picture's colours are taken to have in any direction.

A gray or flat picture has less; without the floor its noise would be blown up into colours.
"""


def with_chrominance_of(content, painting):
    """Return `painting` with Cb and Cr of `content`, a picture of the same size.

    In YCbCr a colour is Y · (1, 1, 1) plus a linear function of Cb and Cr alone, so putting the painting's Y into the
    content adds the difference of the two Y to each of red, green and blue. The result is not clipped.
    """
    return content + ((painting - content) @ LUMA)[..., None]


def match_linear(picture, reference):
    """Return `picture`, its colours mapped linearly to the mean and covariance of those of `reference`.

    Gatys et al. 2016, arXiv 1606.05897, section 4.1, by Cholesky factors: x' = L_r L_p⁻¹ (x − m_p) + m_r. The
    covariances' eigenvalues are raised to EIGENVALUE_FLOOR. The result is clipped to 0..255.
    """
    (mean, factor), (reference_mean, reference_factor) = _statistics(picture), _statistics(reference)
    transform = reference_factor @ np.linalg.inv(factor)
    mapped = (picture.reshape(-1, 3) - mean) @ transform.T + reference_mean
    return np.clip(mapped, 0, 255).reshape(picture.shape).astype("float32")


def match_histogram(picture, reference):
    """Return `picture`, the histogram of each of its channels matched to that of `reference`."""
    from skimage.exposure import match_histograms

    return match_histograms(picture, reference, channel_axis=-1).astype("float32")


MATCHES = {"linear": match_linear, "histogram": match_histogram}
"""The ways to match a picture's colours to another's, by the name --color_match has for them."""


def _statistics(picture):
    """Return the mean colour and the Cholesky factor of the covariance of the colours, in float64."""
    colours = picture.reshape(-1, 3).astype("float64")
    values, vectors = np.linalg.eigh(np.cov(colours.T))
    covariance = (vectors * np.maximum(values, EIGENVALUE_FLOOR)) @ vectors.T
    return colours.mean(axis=0), np.linalg.cholesky(covariance)
