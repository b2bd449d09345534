"""Where the pixels of one frame are in another, and where that can be relied on.

The flow is that of dense inverse search (Kroeger et al. 2016, arXiv 1603.03590); where it can be relied on is as Ruder,
Dosovitskiy & Brox 2016, arXiv 1604.08610, section 4.3, have it.
"""

import numpy as np

from neural_style.errors import InputError


def flow(frame, other):
    """Return for each pixel of a `frame` how far away it is in the `other`, float32 (height, width, 2): x, then y.

    Both are uint8 RGB (height, width, 3).
    """
    cv2 = opencv()
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return search.calc(*(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (frame, other)), None)


def warped(array, motion):
    """Return float32 `array` (height, width, …) of another frame as it looks from this one, by this one's `motion`.

    `motion` is `flow(this, other)`. Between pixels it is interpolated (bilinear), beyond the border repeated.
    """
    cv2 = opencv()
    x, y = _targets(motion)
    return cv2.remap(np.asarray(array, "float32"), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def reliable(motion, back):
    """Return where a frame's `motion` to an earlier one can be relied on, bool (height, width).

    `back` is the flow the other way. Not where both do not cancel out, for there the earlier frame shows something else
    (the pixel is disoccluded); not along the borders of what moves; and not where it leads out of the picture.
    """
    height, width = motion.shape[:2]
    x, y = _targets(motion)
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    there = warped(back, motion)
    disoccluded = _square(there + motion) >= 0.01 * (_square(there) + _square(motion)) + 0.5
    across, down = np.gradient(motion, axis=1), np.gradient(motion, axis=0)
    border = _square(across) + _square(down) > 0.01 * _square(motion) + 0.002
    return inside & ~disoccluded & ~border


DIFFERS = 48
"""Of 255, from which on two pixels are not of the same thing, whatever their motion says."""

FADES = 2.0
"""Pixels over which what is known fades to what is not."""


def agree(frame, other):
    """Return where two pictures, (height, width, 3) in 0..255, show the same but for noise, bool (height, width)."""
    difference = np.abs(np.asarray(frame, "float32") - other).max(axis=-1)
    return opencv().GaussianBlur(difference, (0, 0), 1.0) < DIFFERS


def faded(known):
    """Return float32 weights for a bool array (height, width), 1 within what is True, less towards its border."""
    return opencv().GaussianBlur(known.astype("float32"), (0, 0), FADES) * known


def _targets(motion):
    """Return the columns and rows of the other frame that a frame's pixels are at, float32 (height, width) each."""
    height, width = motion.shape[:2]
    columns, rows = np.meshgrid(np.arange(width, dtype="float32"), np.arange(height, dtype="float32"))
    return columns + motion[..., 0], rows + motion[..., 1]


def _square(vectors):
    return np.sum(np.square(vectors), axis=-1)


def opencv():
    """Return OpenCV's module. Raises InputError if it is not installed."""
    try:
        import cv2
    except ImportError as error:
        raise InputError(
            "films need the Python package opencv-python-headless: python -m pip install -r requirements-video.txt"
        ) from error
    return cv2
