#!/usr/bin/env python3
"""Make a picture larger, sharper, cleaner: the steps are done in the order they are written."""

import argparse
import math
import re
import sys

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

from neural_style import cli, color, images
from neural_style.errors import InputError

LARGEST_AREA = 2 * Image.MAX_IMAGE_PIXELS
"""Pixels that a result may have: those with more could not be read again."""


def parser():
    """Return the script's parser."""
    parser = cli.Parser(prog="enhance.py", description=__doc__)
    flag = parser.add_argument
    flag("picture", metavar="IN", help="the picture; - reads the standard input")
    flag("--upscale", **_STEP, const=4, type=int, choices=[2, 4], help="super-resolution, by 4 or 2")
    size = "1920x1080 (what sticks out is cut off), 1920x, x1080, 1920 (the longer side) or 50%%; Lanczos"
    flag("--size", **(_STEP | {"nargs": None}), type=_size, metavar="SIZE", help=size)
    amount = cli.NumberFrom(0, most=10)
    flag("--sharpen", **_STEP, const=0.5, type=amount, metavar="AMOUNT", help="unsharp mask, 0 to 10; alone: 0.5")
    flag("--denoise", **_STEP, const=1.0, type=amount, metavar="STRENGTH", help="non-local means, 0 to 10; alone: 1")
    models = "network of --upscale: best, about 20 times as fast, or no network at all"
    flag("--upscale_model", choices=["best", "fast", "lanczos"], default="best", help=models)
    cli.add_quiet_flag(flag)
    cli.add_output_flags(flag)
    parser.set_defaults(steps=[])
    return parser


def parse(argv):
    """Return the flags in the list of strings `argv`; `steps` is the list of (name, value) in their order."""
    return parser().parse(argv)


class _Step(argparse.Action):
    """Appends (name, value) to the flags' `steps`."""

    def __call__(self, parser, flags, value, option=None):
        flags.steps = [*flags.steps, (self.dest, value)]


_STEP = {"action": _Step, "nargs": "?", "default": argparse.SUPPRESS}


def _size(text):
    """Return the function from a (height, width) to the one that the value of --size asks for, and whether to cut."""
    number = r"\d{1,6}"
    if match := re.fullmatch(rf"({number}(?:\.\d{{1,6}})?)%", text):
        wanted = lambda height, width: (height * float(match[1]) / 100, width * float(match[1]) / 100)
    elif match := re.fullmatch(f"({number})", text):
        wanted = lambda height, width: tuple(side * int(match[1]) / max(height, width) for side in (height, width))
    elif match := re.fullmatch(f"({number})[xX×]({number})", text):
        return lambda height, width: (int(match[2]), int(match[1])), True
    elif match := re.fullmatch(f"({number})[xX×]", text):
        wanted = lambda height, width: (height * int(match[1]) / width, int(match[1]))
    elif match := re.fullmatch(f"[xX×]({number})", text):
        wanted = lambda height, width: (int(match[1]), width * int(match[1]) / height)
    else:
        raise argparse.ArgumentTypeError(f"'{text}' is no size: write 1920x1080, 1920x, x1080, 1920 or 50%")
    # A long thin picture keeps a pixel of its shorter side.
    return lambda height, width: tuple(max(round(side), min(1, side)) for side in wanted(height, width)), False


def resized(picture, size):
    """Return a Pillow image at the size that `_size` gave; what another aspect ratio has over is cut, if it says so."""
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


def upscaled(picture, factor, model, reporter):
    """Return a Pillow image `factor` times as large on each side, by the network `model` or by Lanczos."""
    target = size_after(images.size(picture), [("upscale", factor)])
    if model == "lanczos":
        return picture.resize(target[::-1], Image.Resampling.LANCZOS)
    from neural_style import autodiff

    with cli.uninterrupted():
        autodiff.start()
    from models import packages, superres

    try:
        content = packages.content(superres.MEMBERS[model], reporter.say, reporter.download)
    except InputError as problem:
        raise InputError(f"{problem}, or use --upscale_model lanczos, which needs no network") from problem
    reporter.close()
    network = superres.network(model, content)
    larger = superres.upscale(images.to_array(picture), network, superres.TILE[model], reporter.tiles)
    reporter.close()
    return images.to_picture(larger, target, "lanczos")


def enhanced(picture, steps, model, reporter):
    """Return a Pillow image after the `steps`, a list of (name, value), in their order."""
    for name, value in steps:
        if name == "upscale":
            picture = upscaled(picture, value, model, reporter)
        else:
            picture = {"size": resized, "sharpen": sharpened, "denoise": denoised}[name](picture, value)
    return picture


def main(argv=None):
    flags = parse(sys.argv[1:] if argv is None else argv)
    output = cli.output_path(flags, flags.picture, "enhanced")
    with cli.Reporter(flags.quiet) as reporter:
        if not flags.steps:
            raise InputError("there is nothing to do: give --upscale, --size, --sharpen or --denoise")
        if flags.upscale_model != "best" and "upscale" not in dict(flags.steps):
            reporter.say("warning: --upscale_model does nothing without --upscale")
        picture = images.read(flags.picture)
        images.check_fits(output, size_after(images.size(picture), flags.steps))  # Before what may take an hour.
        picture = enhanced(picture, flags.steps, flags.upscale_model, reporter)
    cli.deliver(output, picture)


if __name__ == "__main__":
    cli.run(main)
