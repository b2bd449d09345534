"""Colours from one picture to another. Pictures are float32 RGB (height, width, 3) in 0..255."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], "float32")
"""The weights of red, green and blue in Y of YCbCr (ITU-R BT.601)."""

_BLUE, _RED = np.eye(3, dtype="float32")[[2, 0]]

YCBCR = np.stack([LUMA, (_BLUE - LUMA) / (2 - 2 * LUMA[2]), (_RED - LUMA) / (2 - 2 * LUMA[0])])
"""The matrix from red, green and blue to Y, Cb and Cr in −127.5..127.5 (ITU-R BT.601)."""

EIGENVALUE_FLOOR = 1.0
"""Least variance, in squares of 0..255 levels, that a picture's colours are taken to have in any direction.

A gray or flat picture has less; without the floor its noise would be blown up into colours.
"""


_STRIP = 128
"""Rows that are converted to L*a*b* and back at once: few enough for the caches, and to share among cores."""


_PIECE = 1 << 16
"""Pixels whose covariance is summed at once."""


def with_chrominance_of(content, painting):
    """Return `painting` with Cb and Cr of `content`, a picture of the same size.

    In YCbCr a colour is Y · (1, 1, 1) plus a linear function of Cb and Cr alone, so putting the painting's Y into the
    content adds the difference of the two Y to each of red, green and blue. The result is not clipped.
    """
    return content + ((painting - content) @ LUMA)[..., None]


def match_linear(picture, reference, inside=None):
    """Return `picture`, its colours mapped linearly to the mean and covariance of those of `reference`.

    Gatys et al. 2016, arXiv 1606.05897, section 4.1, by Cholesky factors: x' = L_r L_p⁻¹ (x − m_p) + m_r. The
    covariances' eigenvalues are raised to EIGENVALUE_FLOOR. The result is clipped to 0..255. With `inside`, booleans
    (height, width) for two pictures of that size, means and covariances are of the pixels where it is true.
    """
    inside = slice(None) if inside is None else inside
    (mean, factor), (reference_mean, reference_factor) = _statistics(picture[inside]), _statistics(reference[inside])
    transform = reference_factor @ np.linalg.inv(factor)
    shift = reference_mean - transform @ mean
    mapped = picture.reshape(-1, 3) @ transform.T.astype("float32") + shift.astype("float32")
    return np.clip(mapped, 0, 255).reshape(picture.shape)


def match_histogram(picture, reference, inside=None):
    """Return `picture`, rounded to 8 bits, the histogram of each of its channels matched to that of `reference`.

    With `inside`, booleans (height, width) for two pictures of that size, the histograms are those where it is true.
    """
    picture, reference = (np.clip(np.rint(a), 0, 255).astype("uint8") for a in (picture, reference))
    inside = slice(None) if inside is None else inside
    channels = range(picture.shape[-1])
    tables = [_matching_table(picture[inside][..., c], reference[inside][..., c]) for c in channels]
    return np.stack([table[picture[..., c]] for c, table in zip(channels, tables, strict=True)], axis=-1)


def _matching_table(values, reference):
    """Return what each of 256 levels becomes, float32 (256,), when uint8 `values` get the histogram of `reference`."""
    shares, reference_shares = (
        np.cumsum(np.bincount(array.ravel(), minlength=256)) / array.size for array in (values, reference)
    )
    present = np.flatnonzero(np.bincount(reference.ravel(), minlength=256))
    return np.interp(shares, reference_shares[present], present).astype("float32")


def transfer(content, generated, method="luminance", space="ycbcr", mask=None):
    """Return `generated` with the colours of `content`, a picture of the same size, clipped to 0..255.

    "luminance" keeps the generated picture's luminance and takes the content's chrominance, in YCbCr or, by CIE 1976,
    in L*a*b*; "histogram" and "linear" map the generated picture's colours to those of the content as `match_histogram`
    and `match_linear` do. A `mask`, (height, width) in 0..1, limits the change to where it is 1, and these two to the
    statistics there.
    """
    if method == "luminance":
        result = {"ycbcr": with_chrominance_of, "lab": _with_lab_chrominance_of}[space](content, generated)
    else:
        inside = None if mask is None else mask >= 0.5
        if inside is not None and not inside.any():
            return generated
        result = MATCHES[method](generated, content, inside)
    np.clip(result, 0, 255, out=result)
    return result if mask is None else generated + mask[..., None] * (result - generated)


def _with_lab_chrominance_of(content, painting):
    """Return `painting` with a* and b* of `content`, both in sRGB, as float32."""
    from skimage.color import lab2rgb, rgb2lab

    def strip(rows):
        lab = rgb2lab(painting[rows] / np.float32(255))
        lab[..., 1:] = rgb2lab(content[rows] / np.float32(255))[..., 1:]
        return lab2rgb(lab) * np.float32(255)

    strips = [slice(top, top + _STRIP) for top in range(0, len(painting), _STRIP)]
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        # Some combinations are no colours of sRGB; what is out of range is clipped.
        warnings.simplefilter("ignore")
        return np.concatenate(list(pool.map(strip, strips)))


MATCHES = {"linear": match_linear, "histogram": match_histogram}
"""The ways to match a picture's colours to another's, by the name --color_match has for them."""


def _statistics(picture):
    """Return the mean colour and the Cholesky factor of the covariance of the colours, in float64."""
    colours = picture.reshape(-1, 3)
    mean = colours.mean(axis=0, dtype="float64")
    # In pieces, so that no copy of the picture in double precision is made.
    pieces = (colours[start : start + _PIECE] - mean for start in range(0, len(colours), _PIECE))
    covariance = sum(piece.T @ piece for piece in pieces) / max(len(colours) - 1, 1)
    values, vectors = np.linalg.eigh(covariance)
    floored = (vectors * np.maximum(values, EIGENVALUE_FLOOR)) @ vectors.T
    return mean, np.linalg.cholesky(floored)
