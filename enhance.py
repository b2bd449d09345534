#!/usr/bin/env python3
"""Make a picture larger, sharper, cleaner: the steps are done in the order they are written."""

import argparse
import re
import sys

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from neural_style import cli, images
from neural_style.errors import InputError

LARGEST_SIDE = 50_000
"""Pixels that a side of a result may have."""


def parse(argv):
    """Return the flags in the list of strings `argv`; `steps` is the list of (name, value) in their order."""
    parser = cli.Parser(prog="enhance.py", description=__doc__)
    flag = parser.add_argument
    flag("picture", metavar="IN", help="the picture; - reads the standard input")
    flag("--upscale", **_STEP, const=4, type=int, choices=[2, 4], help="super-resolution, by 4 or 2")
    size = "1920x1080 (what sticks out is cut off), 1920x, x1080, 1920 (the longer side) or 50%%; Lanczos"
    flag("--size", **(_STEP | {"nargs": None}), type=_size, metavar="SIZE", help=size)
    flag("--sharpen", **_STEP, const=0.5, type=cli.number_from(0, most=10), metavar="AMOUNT", help="unsharp mask")
    flag("--denoise", **_STEP, const=1.0, type=cli.number_from(0, most=10), metavar="STRENGTH", help="non-local means")
    models = "network of --upscale: best, fast (20 times), or no network at all"
    flag("--upscale_model", choices=["best", "fast", "lanczos"], default="best", help=models)
    cli.add_quiet_flag(flag)
    cli.add_output_flag(flag)
    parser.set_defaults(steps=[])
    return parser.parse(argv)


class _Step(argparse.Action):
    """Appends (name, value) to the flags' `steps`."""

    def __call__(self, parser, flags, value, option=None):
        flags.steps = [*flags.steps, (self.dest, value)]


_STEP = {"action": _Step, "nargs": "?", "default": argparse.SUPPRESS}


def _size(text):
    """Return the function from a (height, width) to the one that the value of --size asks for."""
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)%", text):
        factor = float(match[1]) / 100
        wanted = lambda height, width: (height * factor, width * factor)
    elif match := re.fullmatch(r"(\d+)", text):
        wanted = lambda height, width: (
            height * int(match[1]) / max(height, width),
            width * int(match[1]) / max(height, width),
        )
    elif (match := re.fullmatch(r"(\d*)[x×](\d*)", text)) and any(match.groups()):
        columns, rows = (int(side) if side else None for side in match.groups())
        wanted = lambda height, width: (rows or height * columns / width, columns or width * rows / height)
    else:
        raise argparse.ArgumentTypeError(f"'{text}' is no size: write 1920x1080, 1920x, x1080, 1920 or 50%")
    return lambda height, width: tuple(round(side) for side in wanted(height, width))


def resized(picture, size):
    """Return a Pillow image at the size that `size(height, width)` gives; what another aspect ratio has over is cut."""
    height, width = size(picture.height, picture.width)
    if not (1 <= height <= LARGEST_SIDE and 1 <= width <= LARGEST_SIDE):
        raise InputError(f"--size makes a picture of {height}×{width} pixels: choose another")
    return ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)


def sharpened(picture, amount):
    """Return a Pillow image with `amount` times the difference to its blur added, in luminance only."""
    luminance, *chrominance = picture.convert("YCbCr").split()
    luminance = luminance.filter(ImageFilter.UnsharpMask(radius=2, percent=round(100 * amount), threshold=2))
    return Image.merge("YCbCr", (luminance, *chrominance)).convert("RGB")


def denoised(picture, strength):
    """Return a Pillow image without its noise, by non-local means on luminance and chrominance (Buades et al. 2005).

    At `strength` 1 differences of about 4 levels of luminance and 10 of chrominance are taken for noise.
    """
    from skimage.restoration import denoise_nl_means

    ycbcr = np.asarray(picture.convert("YCbCr"), "float32")
    window = {"patch_size": 5, "patch_distance": 6, "fast_mode": True}
    ycbcr[..., 0] = denoise_nl_means(ycbcr[..., 0], h=4 * strength, **window)
    ycbcr[..., 1:] = denoise_nl_means(ycbcr[..., 1:], h=10 * strength, channel_axis=-1, **window)
    return Image.fromarray(np.clip(np.rint(ycbcr), 0, 255).astype("uint8"), "YCbCr").convert("RGB")


def upscaled(picture, factor, model, reporter):
    """Return a Pillow image `factor` times as large on each side, by the network `model` or by Lanczos."""
    if factor * max(picture.size) > LARGEST_SIDE:
        raise InputError(f"--upscale {factor} makes a picture of more than {LARGEST_SIDE} pixels a side")
    target = (factor * picture.height, factor * picture.width)
    if model == "lanczos":
        return picture.resize(target[::-1], Image.Resampling.LANCZOS)
    from neural_style import autodiff

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
    output = cli.output_path(flags.output, flags.picture, "enhanced")
    with cli.Reporter(flags.quiet) as reporter:
        if not flags.steps:
            raise InputError("there is nothing to do: give --upscale, --size, --sharpen or --denoise")
        picture = enhanced(images.read(flags.picture), flags.steps, flags.upscale_model, reporter)
    cli.deliver(output, picture)


if __name__ == "__main__":
    cli.run(main)
