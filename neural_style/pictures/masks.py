"""Masks: which positions of an image a style is painted on, at the size of every layer.

A mask is a gray picture, white where it holds. Inside the program it is an 8-bit Pillow image until it has the size it
is used at, then float32 in 0..1.
"""

import numpy as np
from PIL import Image, ImageFilter

from models.layers import size_at
from neural_style.errors import InputError
from neural_style.pictures import images

THRESHOLD = 127
"""Gray above this is white, except for HALF."""

HALF = 128
"""A gray that the original scripts' two comparisons (≤ 127 and > 128) both pass over, so that it stays half a weight.

It is what a border between two pixels becomes when it is resized to half the size.
"""


COLOURED = 32
"""Difference between the red, green and blue of a pixel that is no compression's but a colour's."""


def read(path, say=images.silent):
    """Return the mask in the picture file `path`; `say` is told in a line if it is coloured.

    Raises InputError if it is no picture or white nowhere.
    """
    picture = images.read(path, "black", say)
    mask = picture.convert("L")
    brightest = mask.getextrema()[1]
    coloured = (np.ptp(np.asarray(picture), axis=2) > COLOURED).mean() > 0.01
    if brightest <= THRESHOLD:
        raise InputError(f"the mask {path} is white nowhere{_why_black(path, brightest, coloured)}")
    if coloured:
        say(f"warning: the mask {path} is coloured: only how light it is counts")
    return mask


def _why_black(path, brightest, coloured):
    """Return why a mask may be white nowhere, its lightest gray being `brightest`, and what to do."""
    if brightest == 1:
        return ", for its values are 0 and 1 of 255: multiply them by 255"
    if coloured:
        return f", for its lightest colour is as light as a gray of {brightest}: paint white what it should cover"
    if path != images.STANDARD and not brightest and _is_transparent(path):
        return ", for it is wholly transparent: draw in white"
    if path != images.STANDARD and not brightest and images.read(path).convert("L").getextrema()[1]:
        return ", for it is drawn in black, and what is transparent counts as black too: draw in white"
    return f", its lightest gray {brightest} of 255: paint white, or lighter than half, what it should cover"


def _is_transparent(path):
    """Return whether nothing at all is to be seen in a picture file."""
    try:
        images.read_with_alpha(path)
    except InputError:
        return True
    return False


def refined(mask, threshold=None, feather=0.0):
    """Return a gray Pillow image made black and white at `threshold` (0..1) and softened by `feather` pixels."""
    if threshold is not None:
        mask = mask.point(lambda gray: 255 * (gray >= 255 * threshold))
    if feather:
        mask = mask.filter(ImageFilter.GaussianBlur(feather / 2))
    return mask


def read_for(path, picture_path, picture, feather=0.0, say=images.silent):
    """Return the mask in the file `path` for a Pillow image, float32 (height, width) in 0..1, gray in between.

    With `feather` it is black and white first and its border softened over so many pixels. `say` is told in a line if
    it is stretched to the `picture`, which is that in the file `picture_path`. Otherwise as `read`.
    """
    mask, size = read(path, say), images.size(picture)
    images.warn_of_aspect(path, mask, picture_path, picture, say)
    return at_size(feathered(mask, size, feather, path) if feather else mask, size, soft=True)


def feathered(mask, size, pixels, name="mask"):
    """Return `mask` at the (height, width) `size`, its border softened over about `pixels` to both sides.

    Raises `LostMaskError`, with the mask's `name`, if nothing white is left of it at that size, or that softens all of
    it away.
    """
    height, width = size
    binary = _resized(mask, size).point(lambda gray: 255 * (gray > THRESHOLD))
    if not binary.getextrema()[1]:
        raise LostMaskError(f"the white of {name} is so small that at {height}×{width} pixels nothing of it is left")
    soft = binary.filter(ImageFilter.GaussianBlur(pixels / 2))
    if soft.getextrema()[1] <= THRESHOLD:
        raise LostMaskError(
            f"--mask_feather, which is {round(pixels, 1):g} pixels at {height}×{width}, is wider than what is white in "
            f"{name}",
            "choose a smaller one",
        )
    return soft


def _extended(mask, size, margin):
    """Return `mask` at the (height, width) `size`, extended by its reflection by `margin` pixels on each side."""
    return Image.fromarray(np.pad(np.asarray(_resized(mask, size)), margin, mode="reflect"))


def at_size(mask, size, soft=False):
    """Return `mask` as float32 (height, width) in 0..1 at `size`: black and white, or the gray between if `soft`.

    It is resized as an 8-bit picture with Pillow's bilinear filter. Unless soft, gray is then taken as black or white
    and the whole divided by its maximum, as the Keras scripts have it that this toolkit mirrors (see HALF).
    """
    gray = np.asarray(_resized(mask, size), "float32")
    if soft:
        return gray / np.float32(255)
    values = np.where(gray == HALF, gray, np.where(gray > THRESHOLD, np.float32(255), np.float32(0)))
    return values / max(values.max(), np.float32(1))


class LostMaskError(InputError):
    """Nothing is left of a mask at a size, though there may be at a larger one.

    `what` says so, and `remedy` what else can be done.
    """

    def __init__(self, what, remedy="paint a larger region"):
        super().__init__(f"{what}: {remedy}")
        self.what = what
        self.remedy = remedy


def at_layers(mask, layers, size, soft=False, name="mask", margin=0):
    """Return {layer: float32 (1, h, w, 1)}, `mask` at the size of the features of each layer.

    `size` is the image's (height, width), which with a `margin` is extended by so many pixels on each side. Raises
    `LostMaskError`, with the mask's `name` and the layer, where nothing of the mask is left.
    """
    by_size, result = {}, {}
    if margin:
        mask = _extended(mask, size, margin)
    for layer in layers:
        own_size = size_at(layer, [side + 2 * margin for side in size])
        if own_size not in by_size:
            by_size[own_size] = at_size(mask, own_size, soft)
        if not by_size[own_size].any():
            raise LostMaskError(
                f"the white of {name} is so small that at {size[0]}×{size[1]} pixels (height × width) nothing of it is "
                f"left at layer {layer}"
            )
        result[layer] = by_size[own_size][None, :, :, None]
    return result


def _resized(mask, size):
    return mask if size == images.size(mask) else mask.resize(size[::-1], Image.Resampling.BILINEAR)
