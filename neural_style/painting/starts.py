"""What a painting starts from."""

import math
import os

import numpy as np

from neural_style.errors import InputError
from neural_style.pictures import images


def read(path, names, say):
    """Return the picture in the file that --init_image names, as `images.read`. `names` are what else it may be."""
    if path != images.STANDARD and not isinstance(path, images.Held) and not os.path.exists(path):
        raise InputError(f"--init_image {path} is neither {', '.join(names)} nor a picture that is there")
    return images.read(path, say=say)


def start_image(picture, content, noise, size):
    """Return the RGB image of (height, width) `size` that the optimiser starts from.

    It is the `picture` if one is given, a Pillow image, or what `noise()` gives if that is given, else the `content`.
    """
    if picture is not None:
        return images.to_array(picture, size, dtype="uint8")
    return content if noise is None else noise()


def are_gray(*pictures):
    """Return whether no Pillow image among `pictures`, of which some may be None, has colours."""
    return all(images.is_gray(picture) for picture in pictures if picture is not None)


NOISE_SIDE = 8
"""Pixels from one value of the noise that a painting starts from to the next.

No loss takes noise of single pixels out again, for the deep layers do not see it and the shallow ones take it for
brushwork: from there, a painting has six times the grain that it has from the photograph.
"""


def smooth_noise(size, seed, gray):
    """Return noise without grain, an RGB image of (height, width) `size`; without colours if it is to be `gray`."""
    values = tuple(max(2, math.ceil(side / NOISE_SIDE)) for side in size)
    noise = np.random.default_rng(seed).uniform(0, 255, (*values, 1 if gray else 3)).astype("float32")
    return np.broadcast_to(np.clip(images.resized(noise, size), 0, 255), (*size, 3))
