"""Pictures made larger or smaller, sharper, cleaner."""

import math

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

from neural_style.errors import InputError
from neural_style.pictures import color, images

LARGEST_AREA = 2 * Image.MAX_IMAGE_PIXELS
"""Pixels that a result may have: those with more could not be read again."""


def resized(picture, size):
    """Return a Pillow image at the size that `command.parser.picture_size` gave.

    What another aspect ratio has over is cut, if it says so.
    """
    height, width = size_after(images.size(picture), [("size", size)])
    if size[1]:
        return ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def size_after(size, steps):
    """Return the (height, width) that a picture of (height, width) `size` has after the `steps`.

    Raises InputError, naming the step, for a size that is none or too large.
    """
    for name, value in steps:
        if name == "upscale":
            size = tuple(value * side for side in size)
            check_size(*size, f"--upscale {value}")
        elif name == "size":
            size = tuple(math.ceil(side) for side in value[0](*size))
            check_size(*size, "--size")
    return size


def check_size(height, width, flag):
    """Raise InputError, naming the flag, for a size that is none or too large."""
    if min(height, width) < 1 or height * width > LARGEST_AREA:
        raise InputError(
            f"{flag} makes a picture of {height}×{width} pixels (height × width): there must be some, and at most "
            f"{LARGEST_AREA // 10**6} million"
        )


def sharpened(picture, amount):
    """Return a Pillow image with `amount` times the difference to its blur added, in luminance only.

    Differences of two levels or less are taken for grain and stay as they are.
    """
    luminance = picture.convert("L")
    sharp = luminance.filter(ImageFilter.UnsharpMask(radius=2, percent=round(100 * amount), threshold=2))
    # Y of YCbCr changes by what is added to red, green and blue alike; going there and back would round all colours.
    more, less = ImageChops.subtract(sharp, luminance), ImageChops.subtract(luminance, sharp)
    colours = [ImageChops.subtract(ImageChops.add(colour, more), less) for colour in picture.split()]
    return Image.merge("RGB", colours)


def denoised(picture, strength):
    """Return a Pillow image without its noise, by non-local means on luminance and chrominance (Buades et al. 2005).

    At `strength` 1 differences of about 4 levels of luminance and 10 of chrominance are taken for noise.
    """
    from skimage.restoration import denoise_nl_means

    def smooth(channels, level, **settings):
        result = denoise_nl_means(channels, h=level, patch_size=5, patch_distance=6, fast_mode=True, **settings)
        return np.reshape(result, channels.shape)  # It loses dimensions of one pixel.

    ycbcr = images.to_array(picture) @ color.YCBCR.T
    ycbcr[..., 0] = smooth(ycbcr[..., 0], 4 * strength)
    ycbcr[..., 1:] = smooth(ycbcr[..., 1:], 10 * strength, channel_axis=-1)
    return images.to_picture(ycbcr @ np.linalg.inv(color.YCBCR).T)
